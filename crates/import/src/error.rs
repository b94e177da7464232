//! What can be wrong: with the mapping, with the file as a whole, with one row of it.

use std::{error::Error, fmt, io};

use crate::{MAX_CELL_BYTES, MAX_COLUMNS, MAX_FILE_BYTES, MAX_ROWS, MAX_WORKBOOK_BYTES, MAX_WORKBOOK_INFLATED_BYTES};

const MIB: u64 = 1 << 20;

/// Why a mapping was refused: file, place, reason. For operators who write mappings, hence in English like a policy's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("mapping {file}: {place}: {reason}")]
pub struct MappingError {
    /// The file as it was named.
    pub file: String,
    /// The key, dotted; `line N` where the text could not be read.
    pub place: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

/// Why a file cannot go in at all; what the system below said is in [`Error::source`]. Found before the first row, except [`FileFault::Changed`] and a reader that fails late.
#[derive(Debug)]
pub struct FileError {
    /// The file as it was named.
    pub file: String,
    pub fault: Box<FileFault>,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "文件 {}：{}", self.file, self.fault)
    }
}

/// The fault stands in the text already, so the chain goes on behind it.
impl Error for FileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.fault.source()
    }
}

/// What is wrong with the file, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    #[error("读取失败")]
    Io(#[from] io::Error),
    #[error("文件为 {0} 字节，超过上限 {limit} MiB；请分成几个文件导入", limit = MAX_FILE_BYTES / MIB)]
    TooLarge(u64),
    #[error("工作簿为 {0} 字节，超过上限 {limit} MiB；请另存为 CSV 或分成几个文件", limit = MAX_WORKBOOK_BYTES / MIB)]
    WorkbookTooLarge(u64),
    #[error("工作簿解压后超过上限 {limit} MiB，未读取；请另存为 CSV", limit = MAX_WORKBOOK_INFLATED_BYTES / MIB)]
    WorkbookInflates,
    #[error("超过 {MAX_ROWS} 行；请分成几个文件导入")]
    TooManyRows,
    #[error("列数 {0} 超过上限 {MAX_COLUMNS}；请检查分隔符")]
    TooManyColumns(usize),
    #[error("映射写明格式为 {expected}，文件却是 {found}；请换文件，或在映射的 file.format 中改正")]
    Format { expected: &'static str, found: &'static str },
    #[error("是旧版 xls 或加了密码的工作簿，无法读取；请去掉密码并另存为 xlsx 或 CSV（UTF-8）")]
    OldWorkbook,
    #[error("工作簿不完整或已损坏（可能在传输中被截断），请重新取得文件")]
    Workbook(#[source] calamine::XlsxError),
    #[error("工作簿不完整或已损坏（可能在传输中被截断），请重新取得文件")]
    Archive(#[source] zip::result::ZipError),
    #[error("没有名为“{wanted}”的工作表；文件中有：{found}")]
    NoSheet { wanted: String, found: String },
    #[error("有几个不空的工作表：{found}；请在映射的 file.sheet 中写明读哪一个")]
    WhichSheet { found: String },
    #[error("是 UTF-16 编码，无法读取；请另存为 UTF-8 或 GB18030")]
    Utf16,
    #[error("第{line}行（第{byte}字节）起不是有效的 {encoding} 文字；{remedy}")]
    Encoding { encoding: &'static str, line: u64, byte: u64, remedy: &'static str },
    #[error("在第{line}行开始的记录中断：{how}。文件可能被截断，一行也没有导入；请重新取得完整的文件")]
    CutOff { line: u64, how: &'static str },
    #[error("第{head_row}行应为列名，文件却没有这一行")]
    NoHead { head_row: u64 },
    #[error("{0}；一行也没有导入")]
    Columns(ColumnFaults),
    #[error("读取期间内容有变化：导入的各行与文件的哈希值不符；请勿在导入时改动文件，核对后重新导入")]
    Changed,
}

/// How the head differs from the mapping: all of it at once, so that one look mends it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnFaults {
    /// Named by the mapping, not in the file.
    pub missing: Vec<String>,
    /// In the file, neither mapped nor ignored.
    pub unknown: Vec<String>,
    /// In the file more than once.
    pub twice: Vec<String>,
    /// How the text was read, which a head of strange signs may explain.
    pub encoding: Option<&'static str>,
}

impl ColumnFaults {
    pub(crate) fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.unknown.is_empty() && self.twice.is_empty()
    }
}

impl fmt::Display for ColumnFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |names: &[String]| names.iter().map(|name| format!("“{name}”")).collect::<Vec<_>>().join("、");
        let mut parts = Vec::new();
        if !self.missing.is_empty() {
            parts.push(format!("缺少映射所写的列{}", list(&self.missing)));
        }
        if !self.unknown.is_empty() {
            parts.push(format!("列{}既不在映射中也不在 ignore 中", list(&self.unknown)));
        }
        if !self.twice.is_empty() {
            parts.push(format!("列名{}重复", list(&self.twice)));
        }
        if let Some(encoding) = self.encoding {
            parts.push(format!("文件按 {encoding} 读取"));
        }
        f.write_str(&parts.join("；"))
    }
}

/// Why one row did not go in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The line of the file on which the row begins, from 1; a workbook's row.
    pub line: u64,
    /// The appeal's number, where it could be read.
    pub number: Option<String>,
    /// The column's name, where one column is at fault.
    pub column: Option<String>,
    pub reason: Reason,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "第{}行", self.line)?;
        if let Some(number) = &self.number {
            write!(f, "（编号{number}）")?;
        }
        if let Some(column) = &self.column {
            write!(f, "，列“{column}”")?;
        }
        write!(f, "：{}", self.reason)
    }
}

/// What is wrong with a row. Cells are quoted in part only: what is shown on a screen need not hold a whole appeal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error("为空，必须填写")]
    Empty,
    #[error("超过{most}字")]
    TooLong { most: usize },
    #[error("内容过大（超过{limit} KiB）", limit = MAX_CELL_BYTES >> 10)]
    TooLarge,
    #[error("含有字符 U+0000，文件可能已损坏")]
    Nul,
    #[error("单元格是错误值 {0}")]
    CellError(String),
    #[error("“{0}”被表格软件改成了科学计数法，原来的数字已丢失；请在原系统中按文本导出")]
    Scientific(String),
    #[error("数字“{0}”超过15位，表格软件已把末几位改为0；请在原系统中按文本导出")]
    DigitsLost(String),
    #[error("日期或时间不存在：{0}")]
    NoSuchTime(String),
    #[error("看不懂的日期或时间“{text}”；映射接受的格式：{formats}")]
    UnknownTime { text: String, formats: String },
    #[error("年份不合理：{0}")]
    StrangeYear(String),
    #[error("“{0}”不在映射的对照表（values）中")]
    UnknownValue(String),
    #[error("“{0}”不能作部门代码：应为1至40字，不含空白、冒号、分号、顿号；请在映射的 values 中写明")]
    BadDepartment(String),
    #[error("编号与第{line}行相同；同一编号只能有一件")]
    DuplicateNumber { line: u64 },
    #[error("应有{expected}列，实有{found}列；可能少了引号，或本行不完整")]
    CellCount { expected: usize, found: usize },
    #[error("第{0}列没有列名，却有内容")]
    Headless(usize),
    #[error("姓名、电话、地址都为空，无从告知和回访")]
    NoContact,
    #[error("{later}（{later_at}）早于{earlier}（{earlier_at}）")]
    Order { later: &'static str, later_at: String, earlier: &'static str, earlier_at: String },
    #[error("有答复意见而没有答复时间")]
    ReplyWithoutTime,
    #[error("有答复时间而没有答复意见")]
    TimeWithoutReply,
}
