//! The two files of `../shared/data`, through the mappings that ship. They are for local use: where they are absent, this
//! test says so and passes. What must come out is counted by `tests/outside/count_messages.py`, which uses none of our code.

use std::{
    env,
    fs::{self, File},
    io::{Cursor, Read, Seek},
    path::{Path, PathBuf},
    process::Command,
};

use import::{Mapping, Outcome, Row, When};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn data(name: &str) -> Option<PathBuf> {
    let shared = env::var_os("YOUSU_SHARED_DATA").map_or_else(|| workspace().join("../shared/data"), PathBuf::from);
    let path = shared.join("messages").join(name);
    if path.is_file() {
        return Some(path);
    }
    // Allowed also under YOUSU_REQUIRE_ALL: nobody may hand these files on.
    println!("SKIPPED: needs ../shared/data, {} is not there (YOUSU_SHARED_DATA names another place)", path.display());
    None
}

struct Seen {
    rows: Vec<Row>,
    rejected: usize,
}

fn import(file: impl Read + Seek, mapping: &str) -> Seen {
    let text = fs::read_to_string(workspace().join("schemas/mappings").join(mapping)).unwrap();
    let mapping = Mapping::read(mapping, &text).unwrap();
    let appeals = import::read("messages", file, &mapping).unwrap();
    let announced = appeals.row_count();
    let mut seen = Seen { rows: Vec::new(), rejected: 0 };
    for outcome in appeals {
        match outcome.unwrap() {
            Outcome::Row(row) => seen.rows.push(*row),
            Outcome::Rejected(rejection) => {
                println!("{}: {:?}", rejection.line, rejection.reason);
                seen.rejected += 1;
            }
        }
    }
    assert_eq!(announced, (seen.rows.len() + seen.rejected) as u64, "every row is one or the other");
    seen
}

/// The keys that the Python program prints, in our count.
fn summary(seen: &Seen) -> String {
    let replies: Vec<_> = seen.rows.iter().filter_map(|row| row.reply.as_ref()).collect();
    format!(
        r#"{{"rows": {}, "repeats": {}, "replied": {}, "dateonly": {}, "first": "{}", "last": "{}"}}"#,
        seen.rows.len() + seen.rejected,
        seen.rows.iter().filter(|row| row.repeats.is_some()).count(),
        replies.len(),
        replies.iter().filter(|reply| reply.at.date_only()).count(),
        seen.rows.first().map_or("", |row| &row.external.number),
        seen.rows.last().map_or("", |row| &row.external.number),
    )
}

fn agree(seen: &Seen, path: &Path) {
    let ours = summary(seen);
    println!("ours:    {ours}");
    let program = workspace().join("tests/outside/count_messages.py");
    match Command::new("python3").arg(program).arg(path).output() {
        Ok(output) if output.status.success() => {
            let theirs = String::from_utf8(output.stdout).unwrap();
            println!("outside: {}", theirs.trim());
            assert_eq!(ours, theirs.trim());
        }
        other => {
            println!("SKIPPED: count_messages.py did not run: {other:?}");
            assert!(env::var_os("YOUSU_REQUIRE_ALL").is_none(), "YOUSU_REQUIRE_ALL: python3 is needed");
        }
    }
}

/// The file's cells as they are, in a workbook.
fn as_workbook(path: &Path) -> Vec<u8> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(path).unwrap();
    for (record, line) in reader.records().zip(0..) {
        for (cell, column) in record.unwrap().iter().zip(0..) {
            sheet.write_string(line, column, cell).unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

#[test]
fn a_workbook_of_the_same_cells_gives_the_same_rows() {
    let Some(path) = data("messages_with_replies.csv") else { return };
    let by_csv = import(File::open(&path).unwrap(), "messages_with_replies.toml");
    let by_xlsx = import(Cursor::new(as_workbook(&path)), "messages_with_replies.toml");
    assert_eq!((by_xlsx.rows.len(), by_xlsx.rejected), (2816, 0));
    let hashes = |seen: &Seen| seen.rows.iter().map(|row| row.content_hash).collect::<Vec<_>>();
    assert_eq!(hashes(&by_csv), hashes(&by_xlsx));
}

#[test]
fn messages() {
    let Some(path) = data("messages.csv") else { return };
    let seen = import(File::open(&path).unwrap(), "messages.toml");
    assert_eq!((seen.rows.len(), seen.rejected), (4326, 0));
    assert_eq!(seen.rows.iter().filter(|row| row.repeats.is_some()).count(), 109);
    assert!(seen.rows.iter().all(|row| row.reply.is_none() && row.accepted_at.is_some() && row.raised_at.is_some()));
    agree(&seen, &path);
}

#[test]
fn messages_with_replies() {
    let Some(path) = data("messages_with_replies.csv") else { return };
    let seen = import(File::open(&path).unwrap(), "messages_with_replies.toml");
    assert_eq!((seen.rows.len(), seen.rejected), (2816, 0));
    assert_eq!(seen.rows.iter().filter(|row| row.repeats.is_some()).count(), 37);
    let texts = || seen.rows.iter().flat_map(|row| [&row.narrative, &row.reply.as_ref().unwrap().text]);
    assert!(texts().all(|text| !text.contains("_x000D_") && !text.contains('\t') && !text.contains('\u{a0}')));
    let days = |row: &Row| match (row.raised_at, row.reply.as_ref().map(|reply| reply.at)) {
        (Some(When::At(raised)), Some(When::At(replied))) => Some((*replied - *raised).num_days()),
        _ => None,
    };
    let days = || seen.rows.iter().filter_map(days);
    assert_eq!((days().min(), days().max()), (Some(0), Some(1160)));
    agree(&seen, &path);
}
