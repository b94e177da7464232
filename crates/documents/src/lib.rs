//! Papers: plain values in, bytes out.
//!
//! For now the one paper is the ledger's workbook ([`ledger_xlsx`]): 附件 3 of 豫审信〔2022〕43号 as a spreadsheet that prints.
//! Work orders, notices and letters come beside it, a file each.
//!
//! **What it does not know.** No database, no HTTP, no event, no rule. A caller hands over texts as they are to stand in the
//! cells; nothing is looked up, counted or decided here, and the same values give the same bytes: the workbook carries a
//! fixed date of creation, for a clock would make every export another file.

mod ledger;

pub use ledger::{LEDGER_HEADS, LedgerRow, LedgerSheet, ledger_xlsx};

/// Why no paper came out.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// A spreadsheet holds no more; nothing is cut off in silence.
    #[error("台账第{row}行“{head}”超过单元格上限 {most} 字，无法写入工作簿；请改用 CSV 导出")]
    CellTooLong { row: usize, head: String, most: usize },
    #[error("台账共{rows}行，超过工作簿上限 {most} 行；请按年度导出")]
    TooManyRows { rows: usize, most: usize },
    #[error("台账第{row}行有{found}个附加栏，应为{expected}个")]
    OwnCells { row: usize, expected: usize, found: usize },
    #[error("工作簿无法生成")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
}
