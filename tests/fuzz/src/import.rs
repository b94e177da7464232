//! A mapping and a file.

use std::io::Cursor;

use import::{Appeals, FileError, Mapping, Outcome};

/// More than this says nothing new and takes long.
const MOST_BYTES: usize = 64 << 10;

/// A mapping's text, a zero byte, and the file that it is to be read by.
pub fn import(bytes: &[u8]) -> bool {
    let Some(zero) = bytes.iter().position(|byte| *byte == 0).filter(|_| bytes.len() <= MOST_BYTES) else {
        return false;
    };
    let (mapping, file) = (&bytes[..zero], &bytes[zero + 1..]);
    let Ok(mapping) = std::str::from_utf8(mapping) else { return false };
    let mapping = match Mapping::read("map.toml", mapping) {
        Ok(mapping) => mapping,
        Err(error) => {
            assert!(error.to_string().contains("map.toml"), "which file? {error}");
            return false;
        }
    };
    let (first, again) = (read(file, &mapping), read(file, &mapping));
    let (Some((first, outcomes)), Some((_, again))) = (&first, &again) else {
        assert_eq!(first.is_none(), again.is_none(), "the same file fits once and once not");
        return false;
    };
    // What is told beforehand is what comes: an operator adds up read = accepted + already there + rejected.
    assert_eq!(first.row_count(), outcomes.len() as u64, "rows told, and rows given");
    assert_eq!(outcomes, again, "the same file, read again");
    let mut line = 0;
    for outcome in outcomes {
        let at = match outcome {
            Outcome::Row(row) => {
                assert!(!row.external.number.is_empty(), "a row without its key: {row:?}");
                row.line
            }
            Outcome::Rejected(rejection) => {
                assert!(!rejection.to_string().is_empty(), "{rejection:?}");
                rejection.line
            }
        };
        assert!(line < at, "line {at} after line {line}");
        line = at;
    }
    true
}

type Read<'m, 'f> = Option<(Appeals<'m, Cursor<&'f [u8]>>, Vec<Outcome>)>;

/// None where the file as a whole cannot be trusted; then it says so by its name.
fn read<'m, 'f>(file: &'f [u8], mapping: &'m Mapping) -> Read<'m, 'f> {
    let named = |error: FileError| assert!(error.to_string().contains("in.csv"), "which file? {error}");
    let mut appeals = import::read("in.csv", Cursor::new(file), mapping).map_err(named).ok()?;
    // A file that does not change while it is read has no fault that was not found before its first row.
    let outcomes = appeals.by_ref().map(|outcome| outcome.expect("found before the first row")).collect();
    Some((appeals, outcomes))
}
