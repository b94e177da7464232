//! Laws over files that nobody would write by hand.

use std::io::Cursor;

use import::{Outcome, text};
use proptest::{prelude::*, test_runner::TestCaseError};

use crate::support::{HEAD, mapping, read};

/// Quotes, delimiters, every kind of line break and of packing, and signs of one to four bytes.
fn nasty() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "\"", "\"\"", ",", "\n", "\r", "\r\n", "\t", " ", "\u{a0}", "　", "_x000D_", "\u{feff}", "\u{200b}", ";", "'",
        "=", "字", "𠮷", "é", "a", "0", "\\", "\u{2028}", "\u{7}", "\u{85}",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn written(rows: &[(String, String, String)], terminator: csv::Terminator) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(terminator).from_writer(Vec::new());
    writer.write_record(HEAD.trim_end().split(',')).unwrap();
    for ((name, summary, narrative), n) in rows.iter().zip(0..) {
        let number = format!("n{n}");
        writer.write_record([&number, name, summary, "2019/2/28", narrative, "", ""]).unwrap();
    }
    writer.into_inner().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// What another library wrote comes back, cell by cell, in either encoding and with any line break.
    #[test]
    fn any_text_reads_back(
        rows in prop::collection::vec((nasty(), nasty(), nasty()), 0..8),
        crlf in any::<bool>(),
        gb in any::<bool>(),
    ) {
        let terminator = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let bytes = written(&rows, terminator);
        let text = String::from_utf8(bytes).unwrap();
        let bytes = if gb { encoding_rs::GB18030.encode(&text).0.into_owned() } else { text.clone().into_bytes() };
        let result = read(bytes, &mapping());
        let mut came = result.rows.iter();
        let mut refused = result.rejections.iter();
        for ((name, summary, narrative), n) in rows.iter().zip(0..) {
            let cleaned = [text::clean_line(name), text::clean_line(summary), text::clean(narrative)];
            if cleaned.iter().any(String::is_empty) {
                prop_assert_eq!(refused.next().unwrap().number.clone().unwrap(), format!("n{n}"));
                continue;
            }
            let row = came.next().unwrap();
            let got = [row.complainant.name.clone().unwrap(), row.summary.clone(), row.narrative.clone()];
            prop_assert_eq!(got, cleaned);
            prop_assert_eq!(&row.external.number, &format!("n{n}"));
            let at = text.lines().nth(usize::try_from(row.line).unwrap() - 1);
            // `lines` does not know a CR alone, so the place is compared where there is none.
            if !text.replace("\r\n", "").contains('\r') {
                let start = format!("n{n},");
                prop_assert!(at.is_some_and(|line| line.starts_with(&start)), "line {} is {:?}", row.line, at);
            }
        }
        prop_assert!(came.next().is_none() && refused.next().is_none());
    }

    /// Any bytes at all: an error, or as many outcomes as were announced; never a panic.
    #[test]
    fn any_bytes_end_well(bytes in prop::collection::vec(any::<u8>(), 0..400), head in any::<bool>()) {
        let mut file = if head { HEAD.as_bytes().to_vec() } else { Vec::new() };
        file.extend(bytes);
        let mapping = mapping();
        if let Ok(appeals) = import::read("any", Cursor::new(file), &mapping) {
            let announced = appeals.row_count();
            let outcomes: Result<Vec<Outcome>, _> = appeals.collect();
            let outcomes = outcomes.map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(announced, outcomes.len() as u64);
        }
    }

    #[test]
    fn cleaning_twice_is_cleaning_once(raw in nasty()) {
        let once = text::clean(&raw);
        prop_assert_eq!(text::clean(&once), once.clone());
        prop_assert_eq!(text::normal_form(&once), text::normal_form(&raw));
    }
}
