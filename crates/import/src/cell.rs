//! A cell, before anybody asked what it means.

use crate::MAX_CELL_BYTES;

/// What stood in one cell of the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Text(String),
    /// A workbook's number: also an id, a telephone number or a date that nobody formatted as one.
    Number(f64),
    /// A workbook's date: days since 1899-12-30, on the wall in Shanghai.
    Date(f64),
    /// More than [`crate::MAX_CELL_BYTES`], of which nothing was kept.
    TooLong,
    /// A workbook's own complaint, as in `#N/A`.
    Error(String),
}

impl Cell {
    pub(crate) const EMPTY: Self = Self::Text(String::new());

    pub(crate) fn text(text: &str) -> Self {
        if text.len() > MAX_CELL_BYTES { Self::TooLong } else { Self::Text(text.to_owned()) }
    }

    pub(crate) fn is_blank(&self) -> bool {
        matches!(self, Self::Text(text) if !text.contains('\0') && crate::text::clean(text).is_empty())
    }
}

/// A line of the file, split.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) line: u64,
    pub(crate) cells: Vec<Cell>,
    /// How many cells there were, kept or not.
    pub(crate) cell_count: usize,
    /// A workbook leaves out empty cells; a text file does not.
    pub(crate) may_be_ragged: bool,
}
