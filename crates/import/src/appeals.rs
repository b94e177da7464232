//! The passes over a file, and its rows one by one.

use std::{
    collections::BTreeMap,
    io::{Read, Seek, SeekFrom},
};

use cases::ids::FileHash;

use crate::{
    Digest, FileError, FileFault, Format, MAX_FILE_BYTES, MAX_ROWS, Mapping, Reason, Rejection, Row,
    cell::{Cell, Record},
    convert::Convert,
    csv::Records,
    encoding::{self, Decoded},
    heads::Heads,
    workbook,
};

/// What became of one row of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Row(Box<Row>),
    Rejected(Rejection),
}

/// The appeals of one file, in its order. An error ends them; it comes only where the file changed or the disk failed.
pub struct Appeals<'m, R> {
    file: String,
    mapping: &'m Mapping,
    heads: Heads,
    hash: Digest,
    format: Format,
    encoding: Option<&'static str>,
    row_count: u64,
    ends_unmarked: bool,
    records: Source<R>,
    /// Half of each number's hash, to the line that had it first.
    numbers: BTreeMap<[u8; 16], u64>,
    /// Half of each body's hash, to the number that had it first.
    bodies: BTreeMap<[u8; 16], String>,
}

enum Source<R> {
    Text(Box<Records<R>>),
    Workbook(std::vec::IntoIter<Record>),
    Done,
}

/// Looks through the whole file and makes ready to give its rows. `file` is its name in errors. What comes back as an error
/// has given no row.
pub fn read<'m, R: Read + Seek>(file: &str, mut input: R, mapping: &'m Mapping) -> Result<Appeals<'m, R>, FileError> {
    let named = |fault| FileError { file: file.to_owned(), fault: Box::new(fault) };
    let (bytes, format) = look(&mut input, mapping).map_err(named)?;
    match format {
        Format::Csv => read_text(file, input, mapping),
        Format::Xlsx => read_workbook(file, input, bytes, mapping),
    }
    .map_err(named)
}

/// Size and format, by the first bytes; a file's name says little.
fn look(input: &mut (impl Read + Seek), mapping: &Mapping) -> Result<(u64, Format), FileFault> {
    let bytes = input.seek(SeekFrom::End(0))?;
    if bytes > MAX_FILE_BYTES {
        return Err(FileFault::TooLarge(bytes));
    }
    input.seek(SeekFrom::Start(0))?;
    let mut start = Vec::with_capacity(4);
    input.take(4).read_to_end(&mut start)?;
    let found = match start.as_slice() {
        [b'P', b'K', 3 | 5, 4 | 6] => Format::Xlsx,
        [0xd0, 0xcf, 0x11, 0xe0] => return Err(FileFault::OldWorkbook),
        _ => Format::Csv,
    };
    match mapping.file.format {
        Some(expected) if expected != found => {
            Err(FileFault::Format { expected: expected.name(), found: found.name() })
        }
        _ => Ok((bytes, found)),
    }
}

fn read_text<'m, R: Read + Seek>(file: &str, mut input: R, mapping: &'m Mapping) -> Result<Appeals<'m, R>, FileFault> {
    input.seek(SeekFrom::Start(0))?;
    let scanned = encoding::scan(&mut input, mapping.file.encoding)?;
    let encoding = scanned.encoding;
    let (heads, row_count, ends_unmarked) = {
        input.seek(SeekFrom::Start(0))?;
        let mut records = Records::new(Decoded::new(&mut input, encoding), mapping.file.delimiter);
        let heads = Heads::read(&head(&mut records, mapping)?, mapping, Some(encoding.name()))?;
        let mut row_count: u64 = 0;
        let mut last = None;
        while let Some(record) = records.next()? {
            row_count += u64::from(!is_blank(&record));
            if row_count > MAX_ROWS {
                return Err(FileFault::TooManyRows);
            }
            last = Some(record).filter(|record| !is_blank(record));
        }
        let ends_unmarked = last.is_some() && records.last_unended();
        if let Some(last) = last.filter(|_| ends_unmarked) {
            let how = if last.cell_count < heads.count {
                "最后一条记录不足列数，且没有换行"
            } else {
                "最后一条记录之后没有换行，而映射写明文件总以换行结束"
            };
            if last.cell_count < heads.count || mapping.file.ends_with_line_break {
                return Err(FileFault::CutOff { line: last.line, how });
            }
        }
        if records.text().hash() != scanned.hash {
            return Err(FileFault::Changed);
        }
        (heads, row_count, ends_unmarked)
    };
    input.seek(SeekFrom::Start(0))?;
    let mut records = Records::new(Decoded::new(input, encoding), mapping.file.delimiter);
    head(&mut records, mapping)?;
    Ok(Appeals {
        file: file.to_owned(),
        mapping,
        heads,
        hash: scanned.hash,
        format: Format::Csv,
        encoding: Some(encoding.name()),
        row_count,
        ends_unmarked,
        records: Source::Text(Box::new(records)),
        numbers: BTreeMap::new(),
        bodies: BTreeMap::new(),
    })
}

fn head<R: Read>(records: &mut Records<R>, mapping: &Mapping) -> Result<Record, FileFault> {
    let head_row = mapping.file.head_row;
    for _ in 1..head_row {
        records.next()?;
    }
    records.next()?.ok_or(FileFault::NoHead { head_row })
}

fn read_workbook<'m, R: Read + Seek>(
    file: &str,
    mut input: R,
    bytes: u64,
    mapping: &'m Mapping,
) -> Result<Appeals<'m, R>, FileFault> {
    let (mut records, hash) = workbook::read(&mut input, bytes, mapping.file.sheet.as_deref())?;
    let head_row = mapping.file.head_row;
    let at = records.iter().position(|record| record.line == head_row).ok_or(FileFault::NoHead { head_row })?;
    let rows = records.split_off(at + 1);
    let head = records.pop().ok_or(FileFault::NoHead { head_row })?;
    let heads = Heads::read(&head, mapping, None)?;
    Ok(Appeals {
        file: file.to_owned(),
        mapping,
        heads,
        hash,
        format: Format::Xlsx,
        encoding: None,
        row_count: rows.len() as u64,
        ends_unmarked: false,
        records: Source::Workbook(rows.into_iter()),
        numbers: BTreeMap::new(),
        bodies: BTreeMap::new(),
    })
}

/// A line of nothing but delimiters is what a spreadsheet makes of an empty row.
fn is_blank(record: &Record) -> bool {
    record.cells.iter().all(Cell::is_blank)
}

impl<R: Read> Appeals<'_, R> {
    /// The SM3 hash of the whole file: it takes the scan's place as evidence (domain §8).
    pub fn file_hash(&self) -> FileHash {
        FileHash::new(self.hash.to_string()).expect("an SM3 value in hexadecimal")
    }

    /// How many rows there are, rejected ones included.
    pub fn row_count(&self) -> u64 {
        self.row_count
    }

    /// What the file turned out to be.
    pub fn format(&self) -> Format {
        self.format
    }

    /// How its text was read; none for a workbook.
    pub fn encoding(&self) -> Option<&'static str> {
        self.encoding
    }

    /// Whether the last record has no line break after it, which the mapping did not forbid. Many programs leave it out; if
    /// this one writes it, the file was cut off within the last cell, which nothing else can show.
    pub fn ends_without_line_break(&self) -> bool {
        self.ends_unmarked
    }

    fn record(&mut self) -> Result<Option<Record>, FileFault> {
        loop {
            let record = match &mut self.records {
                Source::Text(records) => records.next()?,
                Source::Workbook(records) => records.next(),
                Source::Done => return Ok(None),
            };
            match record {
                Some(record) if is_blank(&record) => {}
                None if matches!(&self.records, Source::Text(records) if records.text().hash() != self.hash) => {
                    return Err(FileFault::Changed);
                }
                record => return Ok(record),
            }
        }
    }

    fn outcome(&mut self, record: &Record) -> Outcome {
        let converted = Convert { mapping: self.mapping, heads: &self.heads, record }.run();
        // A rejected row claims its number all the same: once mended it would meet the other one.
        if let Some(number) = &converted.number {
            let first = *self.numbers.entry(Digest::of(number.as_bytes()).short()).or_insert(record.line);
            if first != record.line {
                let column = self.mapping.fields.number.column.clone();
                let reason = Reason::DuplicateNumber { line: first };
                return Outcome::Rejected(Rejection { line: record.line, number: converted.number, column, reason });
            }
        }
        match converted.row {
            Ok(mut row) => {
                let known = self.bodies.get(&row.body_hash.short()).cloned();
                if known.is_none() {
                    self.bodies.insert(row.body_hash.short(), row.external.number.clone());
                }
                row.repeats = known;
                Outcome::Row(Box::new(row))
            }
            Err(rejection) => Outcome::Rejected(rejection),
        }
    }
}

impl<R: Read> Iterator for Appeals<'_, R> {
    type Item = Result<Outcome, FileError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.record() {
            Ok(Some(record)) => Some(Ok(self.outcome(&record))),
            Ok(None) => {
                self.records = Source::Done;
                None
            }
            Err(fault) => {
                self.records = Source::Done;
                Some(Err(FileError { file: self.file.clone(), fault: Box::new(fault) }))
            }
        }
    }
}
