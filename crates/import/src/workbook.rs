//! Records of a workbook. It is inflated once and held, so its size is asked first.

use std::io::{Read, Seek, SeekFrom};

use calamine::{DataRef, Reader as _, Xlsx};
use sm3::{Digest as _, Sm3};

use crate::{
    Digest, FileFault, MAX_COLUMNS, MAX_ROWS, MAX_WORKBOOK_BYTES, MAX_WORKBOOK_INFLATED_BYTES,
    cell::{Cell, Record},
};

/// Workbooks from old Macintoshes count their days from 1904.
const DAYS_1900_TO_1904: f64 = 1462.0;

/// The rows of the sheet that are not blank, and the file's hash.
pub(crate) fn read(
    input: &mut (impl Read + Seek),
    file_bytes: u64,
    sheet: Option<&str>,
) -> Result<(Vec<Record>, Digest), FileFault> {
    if file_bytes > MAX_WORKBOOK_BYTES {
        return Err(FileFault::WorkbookTooLarge(file_bytes));
    }
    input.seek(SeekFrom::Start(0))?;
    let mut bytes = Vec::new();
    input.take(MAX_WORKBOOK_BYTES + 1).read_to_end(&mut bytes)?;
    let hash = Digest::finish(Sm3::new_with_prefix(&bytes));
    check_inflated_size(&bytes)?;
    let mut workbook: Xlsx<_> = Xlsx::new(std::io::Cursor::new(bytes.as_slice())).map_err(FileFault::Workbook)?;
    let sheets = workbook.sheet_names();
    let chosen = match sheet {
        Some(wanted) if sheets.iter().any(|name| name == wanted) => wanted.to_owned(),
        Some(wanted) => return Err(FileFault::NoSheet { wanted: wanted.to_owned(), found: sheets.join("、") }),
        None => only_sheet(&mut workbook, sheets)?,
    };
    Ok((records(&mut workbook, &chosen)?, hash))
}

/// A few kilobytes can inflate to gigabytes.
fn check_inflated_size(bytes: &[u8]) -> Result<(), FileFault> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).map_err(FileFault::Archive)?;
    let mut inflated: u64 = 0;
    for n in 0..archive.len() {
        inflated = inflated.saturating_add(archive.by_index_raw(n).map_err(FileFault::Archive)?.size());
    }
    if inflated > MAX_WORKBOOK_INFLATED_BYTES { Err(FileFault::WorkbookInflates) } else { Ok(()) }
}

/// Old programs give every workbook three sheets, two of them empty.
fn only_sheet(workbook: &mut Xlsx<impl Read + Seek>, mut sheets: Vec<String>) -> Result<String, FileFault> {
    if sheets.len() > 1 {
        let mut filled = Vec::new();
        for name in &sheets {
            let mut cells = workbook.worksheet_cells_reader(name).map_err(FileFault::Workbook)?;
            while let Some(cell) = cells.next_cell().map_err(FileFault::Workbook)? {
                if !matches!(cell.get_value(), DataRef::Empty) {
                    filled.push(name.clone());
                    break;
                }
            }
        }
        sheets = filled;
    }
    match sheets.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(FileFault::NoHead { head_row: 1 }),
        several => Err(FileFault::WhichSheet { found: several.join("、") }),
    }
}

fn records(workbook: &mut Xlsx<impl Read + Seek>, sheet: &str) -> Result<Vec<Record>, FileFault> {
    let epoch = if workbook.has_1904_epoch() { DAYS_1900_TO_1904 } else { 0.0 };
    let mut cells = workbook.worksheet_cells_reader(sheet).map_err(FileFault::Workbook)?;
    let mut records: Vec<Record> = Vec::new();
    while let Some(cell) = cells.next_cell().map_err(FileFault::Workbook)? {
        let (row, column) = cell.get_position();
        let (line, column) = (u64::from(row) + 1, column as usize);
        let value = cell_of(cell.get_value(), epoch);
        if value.is_blank() {
            continue;
        }
        if column >= MAX_COLUMNS {
            return Err(FileFault::TooManyColumns(column + 1));
        }
        if records.last().is_none_or(|record| record.line != line) {
            records.push(Record { line, cells: Vec::new(), cell_count: 0, may_be_ragged: true });
        }
        if records.len() as u64 > MAX_ROWS + 100 {
            return Err(FileFault::TooManyRows);
        }
        if let Some(record) = records.last_mut() {
            record.cells.resize(record.cells.len().max(column + 1), Cell::EMPTY);
            record.cells[column] = value;
            record.cell_count = record.cells.len();
        }
    }
    Ok(records)
}

fn cell_of(value: &DataRef<'_>, epoch: f64) -> Cell {
    match value {
        DataRef::Empty => Cell::EMPTY,
        DataRef::Int(number) => Cell::Text(number.to_string()),
        DataRef::Float(number) => Cell::Number(*number),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Cell::text(text),
        DataRef::SharedString(text) => Cell::text(text),
        DataRef::Bool(yes) => Cell::Text(if *yes { "TRUE" } else { "FALSE" }.to_owned()),
        // A length of time is no date.
        DataRef::DateTime(time) if time.is_duration() => Cell::Number(time.as_f64()),
        DataRef::DateTime(time) => Cell::Date(time.as_f64() + epoch),
        DataRef::Error(error) => Cell::Error(error.to_string()),
    }
}
