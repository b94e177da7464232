//! Appeals that another system kept: a CSV or XLSX file goes in, checked and typed rows come out.
//!
//! **What it does not know.** No log, no database, no clock, no network: bytes come from a reader that the caller opened, and
//! the caller turns rows into commands. Of the domain it knows the words only, so that a row holds a
//! [`cases::case::intake::accepted::Complainant`] and not a bag of strings.
//!
//! **The mapping** ([`Mapping`], a TOML file) says what the columns mean. Nothing about a file is guessed that a person could
//! have said: a column that the mapping names and the file lacks, or one that it neither names nor lists under `ignore`, stops
//! the import before the first row. What a file cannot say (kind, department, that it is history and on whose word) stands in
//! the mapping as well.
//!
//! **Two kinds of fault.** A [`FileError`] means the file as a whole cannot be trusted (wrong columns, wrong encoding, cut
//! off): [`read`] finds these in passes of its own, so that nothing has gone in by then. A [`Rejection`] is one row's:
//! line, column and reason, in Chinese for whoever mends the file; the other rows go on. Every row of the file is one or the
//! other, and [`Appeals::row_count`] says beforehand how many there will be.
//!
//! **How a text file is read**, each pass with bounded memory: (1) hash the file, and find its encoding by decoding all of it;
//! (2) split it into records, check the head, and see whether it ends where a record ends; (3) rows, one at a time, hashing
//! once more, so that a file changed between the passes is noticed. A workbook is inflated once and held; its size is
//! asked of its directory first.
//!
//! **What is kept.** The text itself. Only its packing is undone ([`text::clean`]): white space that a web page or a
//! spreadsheet put around it, `_x000D_`, blank lines.
//!
//! **One appeal twice.** The same number in one file is a rejection. The same body under another number is *not*: the row
//! says which number had it first ([`Row::repeats`]), and a person decides. [`Row::body_hash`] finds it across files,
//! [`Row::content_hash`] tells whether a number came again with something else in it.

mod appeals;
mod cell;
mod convert;
mod csv;
mod digest;
mod encoding;
mod error;
mod heads;
mod mapping;
mod row;
pub mod text;
mod when;
mod workbook;

pub use appeals::{Appeals, Outcome, read};
pub use digest::Digest;
pub use error::{FileError, FileFault, MappingError, Reason, Rejection};
pub use mapping::{
    Anonymous, Choice, Classification, Department, Encoding, Fields, FileShape, Format, Historical, Mapping, TextField,
    TimeField, TimeFormat,
};
pub use row::{Reply, Row};
pub use when::When;

/// The largest file that is read.
pub const MAX_FILE_BYTES: u64 = 512 << 20;
/// The largest workbook, as it lies on the disk. It is held in memory, unlike a text file.
pub const MAX_WORKBOOK_BYTES: u64 = 64 << 20;
/// What a workbook's parts may come to when inflated.
pub const MAX_WORKBOOK_INFLATED_BYTES: u64 = 1 << 30;
/// The most rows in one file: what a spreadsheet holds.
pub const MAX_ROWS: u64 = 1_048_576;
/// The most columns in one file.
pub const MAX_COLUMNS: usize = 256;
/// The most bytes of one cell that are kept while it is read; what is longer is no text of an appeal.
pub const MAX_CELL_BYTES: usize = 512 << 10;
