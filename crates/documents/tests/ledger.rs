//! The ledger's workbook, read back by another library than the one that wrote it, and its parts as they lie in the file.

use std::io::{Cursor, Read};

use calamine::{Data, Range, Reader, Xlsx};
use documents::{DocumentError, LEDGER_HEADS, LedgerRow, LedgerSheet, ledger_xlsx};

fn row(serial: u64, cells: [&str; 16]) -> LedgerRow {
    LedgerRow { serial, cells: cells.map(str::to_owned), own: Vec::new() }
}

fn sheet() -> LedgerSheet {
    let mut cells = [""; 16];
    cells[0] = "王某";
    cells[2] = "03751234567";
    cells[6] = "2026-02-13 09:30\n2026-02-16 10:00";
    LedgerSheet {
        centre: "某某区政务服务中心".to_owned(),
        year: Some(2026),
        as_of: "截至 2026-02-28 17:00".to_owned(),
        rows: vec![
            row(1, cells),
            row(2, ["=1+1", "+86", "-5", "@SUM(A1)", "'x", "\t=2", "0012", "1e5", "", "", "", "", "", "", "", "末"]),
        ],
        ..LedgerSheet::default()
    }
}

#[allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]
fn table(bytes: &[u8], name: &str) -> Range<Data> {
    Xlsx::new(Cursor::new(bytes)).unwrap().worksheet_range(name).unwrap()
}

/// A part of the file as text.
#[allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]
fn part(bytes: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn one_head_row_and_the_cells_as_they_were_given() {
    let sheet = sheet();
    let table = table(&ledger_xlsx(&sheet).unwrap(), "台账");
    assert_eq!((table.start(), table.get_size()), (Some((0, 0)), (3, 17)));
    let heads: Vec<_> = table.rows().next().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(heads, LEDGER_HEADS);
    for (row, read) in sheet.rows.iter().zip(table.rows().skip(1)) {
        assert_eq!(read[0], Data::Float(row.serial as f64));
        for (cell, read) in row.cells.iter().zip(&read[1..]) {
            // Whatever it begins with, it is a text, and what looks like a number keeps its zeros.
            let expected = if cell.is_empty() { Data::Empty } else { Data::String(cell.clone()) };
            assert_eq!(*read, expected);
        }
    }
}

#[test]
fn no_cell_is_a_formula() {
    let bytes = ledger_xlsx(&sheet()).unwrap();
    assert!(!part(&bytes, "xl/worksheets/sheet1.xml").contains("<f>"));
}

#[test]
fn it_prints_as_a_ledger() {
    let bytes = ledger_xlsx(&LedgerSheet { simulated: true, centre: "甲&乙".to_owned(), ..sheet() }).unwrap();
    let page = part(&bytes, "xl/worksheets/sheet1.xml");
    for piece in [
        r#"<pane xSplit="2" ySplit="1""#,
        r#"paperSize="8""#,
        r#"orientation="landscape""#,
        r#"fitToHeight="0""#,
        "第 &amp;P 页 / 共 &amp;N 页",
        "演示",
        "甲&amp;&amp;乙",
        "截至 2026-02-28 17:00",
        "政务服务中心、便民服务中心“有诉即办”问题工作台账",
    ] {
        assert!(page.contains(piece), "{piece} is missing in {page}");
    }
    let names = part(&bytes, "xl/workbook.xml");
    assert!(names.contains("_xlnm.Print_Titles") && names.contains("$1:$1"), "{names}");
}

#[test]
fn the_notes_stand_on_a_sheet_of_their_own() {
    let text = |simulated| {
        let table = table(&ledger_xlsx(&LedgerSheet { simulated, ..sheet() }).unwrap(), "说明");
        table.rows().map(|row| row[0].to_string() + "\n").collect::<String>()
    };
    for note in ["“单位联系人”栏仅适用于反映人为单位的情形", "需明确牵头部门", "“备注”栏标明“是否超期及超期时间”等"]
    {
        assert!(text(false).contains(note), "{note}");
    }
    assert!(text(true).contains("演示") && !text(false).contains("演示"));
}

#[test]
fn own_columns_stand_to_the_right() {
    let mut sheet = LedgerSheet { own_heads: vec!["案件编号".to_owned()], ..sheet() };
    let error = ledger_xlsx(&sheet).unwrap_err();
    assert!(matches!(error, DocumentError::OwnCells { row: 2, expected: 1, found: 0 }), "{error}");
    sheet.rows.iter_mut().for_each(|row| row.own = vec![format!("410404-2026-{}", row.serial)]);
    let table = table(&ledger_xlsx(&sheet).unwrap(), "台账");
    assert_eq!(table.get((0, 17)), Some(&Data::String("案件编号".to_owned())));
    assert_eq!(table.get((2, 17)), Some(&Data::String("410404-2026-2".to_owned())));
}

#[test]
fn what_a_cell_cannot_hold_is_an_error_and_not_cut_off() {
    let mut sheet = sheet();
    sheet.rows[1].cells[12] = "长".repeat(32_768);
    let error = ledger_xlsx(&sheet).unwrap_err();
    assert_eq!(error.to_string(), "台账第3行“办理情况”超过单元格上限 32767 字，无法写入工作簿；请改用 CSV 导出");
    sheet.rows[1].cells[12] = "长".repeat(32_767);
    assert!(ledger_xlsx(&sheet).is_ok());
}

#[test]
fn the_same_values_give_the_same_bytes() {
    assert_eq!(ledger_xlsx(&sheet()).unwrap(), ledger_xlsx(&sheet()).unwrap());
    let empty = ledger_xlsx(&LedgerSheet::default()).unwrap();
    assert_eq!(table(&empty, "台账").get_size(), (1, 17));
}
