//! Formats of time.

use crate::support::{GOOD, HEAD, one, read, with};

/// The reply's time, read by these formats (TOML) from this cell; or what was said against it. Raised 2019-02-28 11:25:05.
fn check(formats: &str, cell: &str, expected: &str) {
    let field = format!(r#"replied_at = {{ column = "答复时间"{formats} }}"#);
    let mapping = with(&[(r#"replied_at = { column = "答复时间" }"#, field.as_str())]);
    let result = read(format!("{HEAD}{}", GOOD.replace("2019/3/4 9:00:00", cell)), &mapping);
    let got = match result.rejections.first() {
        Some(rejection) => rejection.reason.to_string(),
        None => result.rows[0].reply.as_ref().unwrap().at.to_string(),
    };
    assert_eq!(got, expected, "{cell} by {formats}");
}

#[test]
fn year_first_needs_no_format() {
    for cell in [
        "2019/3/4 9:05:00",
        "2019/03/04 09:05",
        "2019-3-4  9:05",
        "2019-03-04T09:05:00",
        "2019-03-04T01:05:00Z",
        "2019-03-04 09:05:00.000",
        "2019.03.04 09:05",
        "2019年3月4日 9:05",
        "2019年03月04日 9时5分",
        "2019年03月04日 09时05分00秒",
        "20190304090500",
        "\u{a0}2019/3/4\u{a0}9:05\t",
    ] {
        check("", cell, "2019-03-04T09:05:00+08:00");
    }
    for cell in ["2019/3/4", "2019-03-04", "2019.3.4", "2019年3月4日", "20190304"] {
        check("", cell, "2019-03-04");
    }
}

#[test]
fn other_formats_are_named() {
    check(r#", formats = ["%d/%m/%Y %H:%M"]"#, "4/3/2019 9:05", "2019-03-04T09:05:00+08:00");
    check(r#", formats = ["%m/%d/%Y %I:%M:%S %p"]"#, "03/04/2019 09:05:00 PM", "2019-03-04T21:05:00+08:00");
    check(r#", formats = ["%Y/%m/%d %p %I:%M"]"#, "2019/3/4 下午 9:05", "2019-03-04T21:05:00+08:00");
    check(r#", formats = ["%Y-%m-%d %H:%M %z"]"#, "2019-03-04 01:05 +0000", "2019-03-04T09:05:00+08:00");
    check(r#", formats = ["unix_seconds"]"#, "1551661500", "2019-03-04T09:05:00+08:00");
    check(r#", formats = ["unix_milliseconds"]"#, "1551661500000", "2019-03-04T09:05:00+08:00");
    check(r#", formats = ["excel"]"#, "43528.3784722222", "2019-03-04T09:05:00+08:00");
    check(r#", formats = ["excel"]"#, "43528", "2019-03-04");
    check(r#", formats = ["hours_after"]"#, "48.5", "2019-03-02T11:55:05+08:00");
    check(r#", formats = ["minutes_after"]"#, "0", "2019-02-28T11:25:05+08:00");
    check(r#", formats = ["days_after"]"#, "3", "2019-03-03T11:25:05+08:00");
    check(r#", formats = ["%d/%m/%Y", "%Y-%m-%d"]"#, "2019-03-04", "2019-03-04");
}

#[test]
fn a_format_reads_nothing_else() {
    check(r#", formats = ["%d/%m/%Y"]"#, "3/14/2019", "日期或时间不存在：3/14/2019");
    check(r#", formats = ["%d/%m/%Y"]"#, "2019-03-04", "看不懂的日期或时间“2019-03-04”；映射接受的格式：%d/%m/%Y");
    check(r#", formats = ["hours_after"]"#, "三天", "看不懂的日期或时间“三天”；映射接受的格式：hours_after");
    check(r#", formats = ["hours_after"]"#, "inf", "年份不合理：inf");
    check(r#", formats = ["excel"]"#, "-3", "年份不合理：-3");
    check(r#", formats = ["unix_seconds"]"#, "99999999999", "年份不合理：99999999999");
}

#[test]
fn a_length_of_time_after_a_day_is_a_day() {
    let field = r#"replied_at = { column = "答复时间", formats = ["days_after"] }"#;
    let mapping = with(&[(r#"replied_at = { column = "答复时间" }"#, field)]);
    let row = one(&GOOD.replace("2019/2/28 11:25:05", "2019/2/28").replace("2019/3/4 9:00:00", "4"), &mapping);
    assert_eq!(row.reply.unwrap().at.to_string(), "2019-03-04");
}
