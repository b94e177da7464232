//! 问题工作台账 as a workbook.
//!
//! > H 附件3　政务服务中心、便民服务中心“有诉即办”问题工作台账
//! > 注：1. “单位联系人”栏仅适用于反映人为单位的情形。2. 仅涉及多个政务服务部门的需明确牵头部门。
//! > 3. “备注”栏标明“是否超期及超期时间”等。
//!
//! The first row is the head, and there is no other above it: whoever sorts, filters or reads the file by machine finds the
//! seventeen names where they look for them. Title and notes stand where paper has them, in the page's header and footer and
//! on a sheet of their own.

use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

use crate::DocumentError;

/// The columns of 附件 3, in its order.
pub const LEDGER_HEADS: [&str; 17] = [
    "序号",
    "姓名或单位名称",
    "单位联系人",
    "联系方式",
    "主要诉求",
    "诉求类别",
    "政务服务责任部门及牵头部门",
    "分办转办时间",
    "要求办理期限",
    "是否催办及时间",
    "是否督办及时间",
    "是否退回重办及时间",
    "实际办结时间",
    "办理情况",
    "回访时间",
    "办理结果满意度",
    "备注",
];

const NOTES: [&str; 3] = [
    "1. “单位联系人”栏仅适用于反映人为单位的情形。",
    "2. 仅涉及多个政务服务部门的需明确牵头部门。",
    "3. “备注”栏标明“是否超期及超期时间”等。",
];

const TITLE: &str = "政务服务中心、便民服务中心“有诉即办”问题工作台账";
const SIMULATED: &str = "演示";

/// The ledger as it is to stand on paper.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerSheet {
    /// The centre's name, for the page's header.
    pub centre: String,
    /// The ledger's year; none where it holds several.
    pub year: Option<i32>,
    /// What state it shows, as in `截至 2026-02-13 17:00`; empty: nothing is said.
    pub as_of: String,
    /// Marked 演示 on every page.
    pub simulated: bool,
    /// Heads of the centre's own columns, right of the seventeen.
    pub own_heads: Vec<String>,
    pub rows: Vec<LedgerRow>,
}

/// One appeal. A cell with several times has each on its own line (`\n`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerRow {
    /// 序号
    pub serial: u64,
    /// The second to the seventeenth column.
    pub cells: [String; 16],
    /// One for each of the own heads.
    pub own: Vec<String>,
}

/// Width in characters of half a Chinese sign; together they fill an A3 page on its side.
const WIDTHS: [f64; 17] =
    [5.5, 12.0, 9.0, 12.5, 28.0, 6.5, 16.0, 14.5, 14.5, 14.5, 14.5, 14.5, 14.5, 20.0, 14.5, 9.5, 19.0];
const OWN_WIDTH: f64 = 15.0;
const MOST_CELL_CHARS: usize = 32_767;
const MOST_ROWS: usize = 1_048_575;
const A3: u8 = 8;
const FONT: &str = "宋体";
const FONT_POINTS: f64 = 9.0;
const LINE_POINTS: f64 = 13.0;
/// Excel's own limit.
const MOST_ROW_POINTS: f64 = 409.0;

/// The workbook's bytes.
pub fn ledger_xlsx(sheet: &LedgerSheet) -> Result<Vec<u8>, DocumentError> {
    if sheet.rows.len() > MOST_ROWS {
        return Err(DocumentError::TooManyRows { rows: sheet.rows.len(), most: MOST_ROWS });
    }
    for (n, row) in sheet.rows.iter().enumerate() {
        check(sheet, n + 2, row)?;
    }
    let mut workbook = Workbook::new();
    // Without this the clock would be read.
    let created = ExcelDateTime::from_ymd(2022, 9, 30)?;
    workbook.set_properties(&DocProperties::new().set_title(TITLE).set_creation_datetime(&created));
    write_ledger(workbook.add_worksheet(), sheet)?;
    write_notes(workbook.add_worksheet(), sheet)?;
    Ok(workbook.save_to_buffer()?)
}

fn check(sheet: &LedgerSheet, line: usize, row: &LedgerRow) -> Result<(), DocumentError> {
    let (expected, found) = (sheet.own_heads.len(), row.own.len());
    if expected != found {
        return Err(DocumentError::OwnCells { row: line, expected, found });
    }
    let heads = LEDGER_HEADS[1..].iter().map(|head| (*head).to_owned()).chain(sheet.own_heads.iter().cloned());
    for (cell, head) in row.cells.iter().chain(&row.own).zip(heads) {
        if cell.encode_utf16().count() > MOST_CELL_CHARS {
            return Err(DocumentError::CellTooLong { row: line, head, most: MOST_CELL_CHARS });
        }
    }
    Ok(())
}

fn write_ledger(page: &mut Worksheet, sheet: &LedgerSheet) -> Result<(), XlsxError> {
    page.set_name("台账")?;
    let head = base().set_bold().set_align(FormatAlign::Center).set_background_color(Color::RGB(0x00ED_EDED));
    let centred = base().set_align(FormatAlign::Center);
    // `@`: a cell that somebody edits later stays text as well, leading zeros and all.
    let text = base().set_num_format("@");
    let mut column: u16 = 0;
    for (name, width) in LEDGER_HEADS.iter().zip(WIDTHS) {
        page.write_string_with_format(0, column, *name, &head)?;
        page.set_column_width(column, width)?;
        column += 1;
    }
    for name in &sheet.own_heads {
        page.write_string_with_format(0, column, name, &head)?;
        page.set_column_width(column, OWN_WIDTH)?;
        column += 1;
    }
    page.set_row_height(0, 3.0 * LINE_POINTS)?;
    let mut line: u32 = 0;
    for row in &sheet.rows {
        line += 1;
        #[expect(clippy::cast_precision_loss, reason = "a sheet holds a million rows")]
        page.write_number_with_format(line, 0, row.serial as f64, &centred)?;
        // `write_string` writes a string whatever it begins with: =, +, - and @ start no formula.
        for (cell, column) in row.cells.iter().chain(&row.own).zip(1..) {
            page.write_string_with_format(line, column, cell, &text)?;
        }
        page.set_row_height(line, row_points(row))?;
    }
    page.set_freeze_panes(1, 2)?;
    page.autofilter(0, 0, line, column - 1)?;
    print_setup(page, sheet)?;
    page.set_repeat_rows(0, 0)?;
    page.set_print_area(0, 0, line, column - 1)?;
    Ok(())
}

fn write_notes(page: &mut Worksheet, sheet: &LedgerSheet) -> Result<(), XlsxError> {
    page.set_name("说明")?;
    page.set_column_width(0, 90)?;
    let plain = Format::new().set_font_name(FONT).set_font_size(11).set_text_wrap();
    page.write_string_with_format(0, 0, TITLE, &plain.clone().set_bold().set_font_size(14))?;
    let mut about = vec![sheet.centre.clone(), year(sheet), sheet.as_of.clone()];
    if sheet.simulated {
        about.push(format!("{SIMULATED}：本台账由演示数据生成，不反映真实诉求。"));
    }
    about.push("注：".to_owned());
    about.extend(NOTES.map(str::to_owned));
    if !sheet.own_heads.is_empty() {
        about.push("第十八栏起为本中心自设栏目，不在附件3之内。".to_owned());
    }
    for (text, line) in about.iter().filter(|text| !text.is_empty()).zip(1..) {
        page.write_string_with_format(line, 0, text, &plain)?;
    }
    print_setup(page, sheet)
}

fn print_setup(page: &mut Worksheet, sheet: &LedgerSheet) -> Result<(), XlsxError> {
    // `&` begins a code in headers and footers; the whole of one is held to 255 signs, longer ones are dropped.
    const MOST_SIDE_CHARS: usize = 40;
    let escaped = |text: &str| text.chars().take(MOST_SIDE_CHARS).collect::<String>().replace('&', "&&");
    let mark = if sheet.simulated { SIMULATED } else { "" };
    let right: Vec<_> = [year(sheet), sheet.as_of.clone()].into_iter().filter(|text| !text.is_empty()).collect();
    page.set_landscape();
    page.set_paper_size(A3);
    page.set_margins(0.4, 0.4, 0.75, 0.75, 0.3, 0.3);
    page.set_print_fit_to_pages(1, 0);
    // The size stands before the font: a text that begins with a digit would make it another size.
    page.set_header(format!(
        "&L&10&\"{FONT}\"{}&C&14&\"{FONT},Bold\"{TITLE}{}&R&10&\"{FONT}\"{}",
        escaped(&sheet.centre),
        if sheet.simulated { "（演示）" } else { "" },
        escaped(&right.join("　")),
    ));
    page.set_footer(format!("&L&9&\"{FONT}\"{mark}&C&9&\"{FONT}\"第 &P 页 / 共 &N 页&R&9&\"{FONT}\"{mark}"));
    Ok(())
}

fn year(sheet: &LedgerSheet) -> String {
    sheet.year.map(|year| format!("{year}年")).unwrap_or_default()
}

fn base() -> Format {
    Format::new()
        .set_font_name(FONT)
        .set_font_size(FONT_POINTS)
        .set_text_wrap()
        .set_align(FormatAlign::VerticalCenter)
        .set_border(FormatBorder::Thin)
}

/// Room for the row's longest cell: programs disagree on whether they find it themselves.
fn row_points(row: &LedgerRow) -> f64 {
    let widths = WIDTHS[1..].iter().copied().chain(std::iter::repeat(OWN_WIDTH));
    let lines = row.cells.iter().chain(&row.own).zip(widths).map(|(cell, width)| lines(cell, width)).max();
    #[expect(clippy::cast_precision_loss, reason = "a cell holds some thousand lines at most")]
    let points = (lines.unwrap_or(1).max(1) as f64).mul_add(LINE_POINTS, 5.0);
    points.min(MOST_ROW_POINTS)
}

/// Over how many lines the text runs in a column of this width; Chinese signs are two wide.
fn lines(cell: &str, width: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "widths are small and positive")]
    let room = ((width * 10.5 / FONT_POINTS) as usize).max(2);
    let signs = |line: &str| line.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<usize>();
    cell.split('\n').map(|line| signs(line).div_ceil(room).max(1)).sum()
}
