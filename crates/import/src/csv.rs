//! Records of a text file: `csv-core` splits, a field at a time, so that a cell of any length takes bounded memory.
//!
//! What the splitter does not tell is told here: on which line a record begins, and whether the text ends within quotes.

use std::io::{self, Read};

use csv_core::ReadFieldResult;

use crate::{
    FileFault, MAX_CELL_BYTES, MAX_COLUMNS,
    cell::{Cell, Record},
    encoding::Decoded,
};

pub(crate) struct Records<R> {
    text: Decoded<R>,
    /// What was decoded and not yet split.
    piece: Vec<u8>,
    at: usize,
    splitter: csv_core::Reader,
    lines: Lines,
    ended: bool,
    /// The text ended in this record, without a line break after it.
    last_unended: bool,
}

impl<R: Read> Records<R> {
    pub(crate) fn new(text: Decoded<R>, delimiter: char) -> Self {
        let delimiter = u8::try_from(delimiter).unwrap_or(b',');
        let splitter = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
        let lines = Lines { line: 1, after_return: false };
        Self { text, piece: Vec::new(), at: 0, splitter, lines, ended: false, last_unended: false }
    }

    pub(crate) fn text(&self) -> &Decoded<R> {
        &self.text
    }

    /// Whether the newest record was ended by the end of the text alone.
    pub(crate) fn last_unended(&self) -> bool {
        self.last_unended
    }

    /// The next record. Blank lines are none.
    pub(crate) fn next(&mut self) -> Result<Option<Record>, FileFault> {
        if !self.skip_blank_lines()? {
            return Ok(None);
        }
        let mut record = Record { line: self.lines.line, cells: Vec::new(), cell_count: 0, may_be_ragged: false };
        let mut field = Field::default();
        let mut output = [0; 4096];
        loop {
            let more = self.fill()?;
            if !more {
                // A line break ends a record, unless quotes are open.
                let (result, _, _) = self.splitter.read_field(b"\n", &mut output);
                if !matches!(result, ReadFieldResult::Field { .. }) {
                    return Err(FileFault::CutOff { line: record.line, how: "文件在引号之内结束" });
                }
                self.last_unended = true;
                record.push(field.take());
                return Ok(Some(record));
            }
            let (result, read, written) = self.splitter.read_field(&self.piece[self.at..], &mut output);
            self.lines.pass(&self.piece[self.at..self.at + read]);
            self.at += read;
            field.add(&output[..written]);
            if let ReadFieldResult::Field { record_end } = result {
                record.push(field.take());
                if record_end {
                    return Ok(Some(record));
                }
            }
        }
    }

    /// Passes line breaks, so that the line counted next is the record's own.
    fn skip_blank_lines(&mut self) -> io::Result<bool> {
        while self.fill()? {
            let rest = &self.piece[self.at..];
            let breaks = rest.iter().take_while(|b| matches!(b, b'\n' | b'\r')).count();
            self.lines.pass(&rest[..breaks]);
            self.at += breaks;
            if breaks < rest.len() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn fill(&mut self) -> io::Result<bool> {
        if self.at == self.piece.len() && !self.ended {
            let piece = self.text.piece()?;
            self.piece.clear();
            self.piece.extend_from_slice(piece);
            self.at = 0;
            self.ended = piece.is_empty();
        }
        Ok(!self.ended)
    }
}

impl Record {
    fn push(&mut self, cell: Cell) {
        self.cell_count += 1;
        if self.cells.len() <= MAX_COLUMNS {
            self.cells.push(cell);
        }
    }
}

#[derive(Default)]
struct Field {
    bytes: Vec<u8>,
    too_long: bool,
}

impl Field {
    fn add(&mut self, bytes: &[u8]) {
        if self.bytes.len() + bytes.len() > MAX_CELL_BYTES {
            self.too_long = true;
            self.bytes.clear();
        }
        if !self.too_long {
            self.bytes.extend_from_slice(bytes);
        }
    }

    fn take(&mut self) -> Cell {
        let Self { bytes, too_long } = std::mem::take(self);
        if too_long {
            return Cell::TooLong;
        }
        // The decoder writes nothing but UTF-8.
        Cell::Text(String::from_utf8(bytes).unwrap_or_else(|odd| String::from_utf8_lossy(odd.as_bytes()).into_owned()))
    }
}

/// Counts lines as an editor does: LF, CR LF and a CR alone each end one.
struct Lines {
    line: u64,
    after_return: bool,
}

impl Lines {
    fn pass(&mut self, bytes: &[u8]) {
        for b in bytes {
            let second_half = *b == b'\n' && self.after_return;
            if matches!(b, b'\n' | b'\r') && !second_half {
                self.line += 1;
            }
            self.after_return = *b == b'\r';
        }
    }
}
