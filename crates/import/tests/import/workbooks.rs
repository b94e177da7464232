//! Workbooks, written by another library than the one that reads them.

use std::io::Cursor;

use expect_test::expect;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};

use crate::support::{GOOD, HEAD, mapping, read, refused, with};

const RAISED_AT: u16 = 3;

/// A sheet with the head and these rows of text.
fn sheet(workbook: &mut Workbook, name: &str, rows: &[&str]) {
    let sheet = workbook.add_worksheet();
    sheet.set_name(name).unwrap();
    for (row, line) in [HEAD].iter().chain(rows).zip(0..) {
        for (cell, column) in row.trim_end().split(',').zip(0..) {
            if !cell.is_empty() {
                sheet.write_string(line, column, cell).unwrap();
            }
        }
    }
}

fn saved(mut workbook: Workbook) -> Vec<u8> {
    workbook.save_to_buffer().unwrap()
}

#[test]
fn the_same_mapping_reads_the_same_rows() {
    let cells = [
        ["7", "王某", "开门_x000D_时间", "2019/2/28 11:25:05", "\n\t请问\u{a0}几点_x000D_\n开门", "九点", "2019/3/4"],
        ["8", "李某", "=1+1", "2019/3/28 00:00:01", "+86 说“@我”", "", ""],
    ];
    let mut csv = csv::Writer::from_writer(Vec::new());
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let head: Vec<_> = HEAD.trim_end().split(',').collect();
    csv.write_record(&head).unwrap();
    for (name, column) in head.iter().zip(0..) {
        sheet.write_string(0, column, *name).unwrap();
    }
    for (row, line) in cells.iter().zip(1..) {
        csv.write_record(row).unwrap();
        for (cell, column) in row.iter().zip(0..) {
            sheet.write_string(line, column, *cell).unwrap();
        }
    }
    let by_csv = read(csv.into_inner().unwrap(), &mapping());
    let mut by_xlsx = read(saved(workbook), &mapping());
    assert_eq!(by_csv.rows.len(), 2);
    // Only the place differs: the first row's cell spans lines of the text file.
    by_xlsx.rows.iter_mut().zip(&by_csv.rows).for_each(|(xlsx, csv)| xlsx.line = csv.line);
    assert_eq!(by_csv.rows, by_xlsx.rows);
}

#[test]
fn numbers_and_dates_are_read_for_what_they_mean() {
    let date = Format::new().set_num_format("yyyy/m/d h:mm:ss");
    let mut workbook = Workbook::new();
    sheet(&mut workbook, "留言", &[GOOD, "8,王某,主题,,内容8,,", "9,王某,主题,,内容9,,"]);
    let page = workbook.worksheet_from_index(0).unwrap();
    page.write_number(1, 0, 193_822).unwrap();
    let at = ExcelDateTime::from_ymd(2019, 2, 28).unwrap().and_hms(11, 25, 5).unwrap();
    page.write_datetime_with_format(1, RAISED_AT, &at, &date).unwrap();
    page.write_datetime_with_format(2, RAISED_AT, ExcelDateTime::from_ymd(2019, 3, 1).unwrap(), &date).unwrap();
    page.write_number(3, RAISED_AT, 43524.5).unwrap();
    let result = read(saved(workbook), &mapping());
    let times: Vec<_> = result.rows.iter().map(|row| row.raised_at.unwrap().to_string()).collect();
    assert_eq!(result.rows[0].external.number, "193822");
    assert_eq!(times, ["2019-02-28T11:25:05+08:00", "2019-03-01"]);
    expect!["第4行（编号9），列“时间”：看不懂的日期或时间“43524.5”；映射接受的格式：year_first（年在前，如 2019/2/28 11:25:05）"].assert_eq(&result.rejections[0].to_string());
}

fn on_leap_day(second: u32) -> String {
    format!("2020-02-29T{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

#[test]
fn every_second_of_a_day_survives_the_spreadsheet() {
    let date = Format::new().set_num_format("yyyy/m/d h:mm:ss");
    let mut workbook = Workbook::new();
    sheet(&mut workbook, "留言", &[]);
    let page = workbook.worksheet_from_index(0).unwrap();
    let seconds: Vec<u32> = (1..86_400).step_by(37).collect();
    for (second, line) in seconds.iter().zip(1..) {
        let at = ExcelDateTime::parse_from_str(&on_leap_day(*second)).unwrap();
        page.write_number(line, 0, line).unwrap();
        for (text, column) in [("王某", 1), ("主题", 2), ("内容", 4)] {
            page.write_string(line, column, text).unwrap();
        }
        page.write_datetime_with_format(line, RAISED_AT, &at, &date).unwrap();
    }
    let result = read(saved(workbook), &mapping());
    assert_eq!(result.rows.len(), seconds.len());
    for (row, second) in result.rows.iter().zip(seconds) {
        assert_eq!(row.raised_at.unwrap().to_string(), format!("{}+08:00", on_leap_day(second)));
    }
}

#[test]
fn rows_that_cannot_be_read_are_named() {
    let mut workbook = Workbook::new();
    let good = |n: usize| GOOD.replacen('7', &n.to_string(), 1);
    sheet(&mut workbook, "留言", &[&good(1), &good(2), &good(3), "", &good(5)]);
    let page = workbook.worksheet_from_index(0).unwrap();
    page.write_number(1, 0, 4.104_040_000_123_456e18).unwrap();
    page.write_formula(2, 4, Formula::new("=NA()").set_result("#N/A")).unwrap();
    page.write_string(3, 9, "出格").unwrap();
    let result = read(saved(workbook), &mapping());
    let said: String = result.rejections.iter().map(|r| format!("{r}\n")).collect();
    expect![[r#"
        第2行，列“编号”：数字“4104040000123456000”超过15位，表格软件已把末几位改为0；请在原系统中按文本导出
        第3行（编号2），列“内容”：单元格是错误值 #N/A
        第4行：第10列没有列名，却有内容
    "#]]
    .assert_eq(&said);
    assert_eq!(result.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [6]);
}

#[test]
fn which_sheet() {
    let mut workbook = Workbook::new();
    workbook.add_worksheet().set_name("空表").unwrap();
    sheet(&mut workbook, "留言", &[GOOD]);
    let one_filled = saved(workbook);
    assert_eq!(read(&one_filled, &mapping()).rows.len(), 1);

    let mut workbook = Workbook::new();
    sheet(&mut workbook, "一月", &[GOOD]);
    sheet(&mut workbook, "二月", &[GOOD]);
    let two_filled = saved(workbook);
    expect!["文件 appeals.csv：有几个不空的工作表：一月、二月；请在映射的 file.sheet 中写明读哪一个"]
        .assert_eq(&refused(&two_filled, &mapping()));
    let second = with(&[("[fields]", "[file]\nsheet = \"二月\"\n[fields]")]);
    assert_eq!(read(&two_filled, &second).rows.len(), 1);
    let none = with(&[("[fields]", "[file]\nsheet = \"三月\"\n[fields]")]);
    expect!["文件 appeals.csv：没有名为“三月”的工作表；文件中有：一月、二月"].assert_eq(&refused(&two_filled, &none));
    let mut workbook = Workbook::new();
    workbook.add_worksheet();
    expect!["文件 appeals.csv：第1行应为列名，文件却没有这一行"].assert_eq(&refused(saved(workbook), &mapping()));
}

#[test]
fn wherever_a_workbook_is_cut_it_does_not_go_in() {
    let mut workbook = Workbook::new();
    sheet(&mut workbook, "留言", &[GOOD]);
    let whole = saved(workbook);
    let mapping = mapping();
    for end in (4..whole.len() - 1).step_by(97).chain([whole.len() - 1]) {
        assert!(
            import::read("cut.xlsx", Cursor::new(&whole[..end]), &mapping).is_err(),
            "cut at {end} of {}",
            whole.len()
        );
    }
    expect!["文件 appeals.csv：工作簿不完整或已损坏（可能在传输中被截断），请重新取得文件"]
        .assert_eq(&refused(&whole[..whole.len() / 2], &mapping));
}

#[test]
fn a_workbook_that_would_swell_is_not_inflated() {
    const CENTRAL_ENTRY: &[u8] = b"PK\x01\x02";
    const INFLATED_SIZE_AT: usize = 24;
    let mut workbook = Workbook::new();
    sheet(&mut workbook, "留言", &[GOOD]);
    let mut bytes = saved(workbook);
    let entry = bytes.windows(4).position(|four| four == CENTRAL_ENTRY).unwrap() + INFLATED_SIZE_AT;
    bytes[entry..entry + 4].copy_from_slice(&0x7fff_ffff_u32.to_le_bytes());
    expect!["文件 appeals.csv：工作簿解压后超过上限 1024 MiB，未读取；请另存为 CSV"]
        .assert_eq(&refused(bytes, &mapping()));
}
