//! One row is at fault: it is named with line, column and reason, and the others go in.

use expect_test::{Expect, expect};

use crate::support::{GOOD, HEAD, mapping, read, rejected, with};

/// The row stands on line 3, after a good one, before another.
fn check(row: &str, expected: &Expect) {
    let after = GOOD.replacen("7,", "8,", 1);
    let result = read(format!("{HEAD}{GOOD}{row}\n{after}"), &mapping());
    let numbers: Vec<_> = result.rows.iter().map(|row| row.external.number.as_str()).collect();
    assert_eq!(numbers, ["7", "8"], "good rows go on");
    let said: Vec<_> = result.rejections.iter().map(ToString::to_string).collect();
    expected.assert_eq(&said.join("\n"));
}

#[test]
fn what_must_be_said_is_missing() {
    check(" ,王某,主题,2019/2/28,内容,,", &expect!["第3行，列“编号”：为空，必须填写"]);
    check("9,王某,\u{a0},2019/2/28,内容,,", &expect!["第3行（编号9），列“主题”：为空，必须填写"]);
    check("9,王某,主题,2019/2/28,\"\n\t\n\",,", &expect!["第3行（编号9），列“内容”：为空，必须填写"]);
    check("9,王某,主题,,内容,,", &expect!["第3行（编号9），列“时间”：为空，必须填写"]);
    check("9,,主题,2019/2/28,内容,,", &expect!["第3行（编号9）：姓名、电话、地址都为空，无从告知和回访"]);
}

#[test]
fn a_time_that_is_none() {
    check("9,王某,主题,2019/2/30,内容,,", &expect!["第3行（编号9），列“时间”：日期或时间不存在：2019/2/30"]);
    check(
        "9,王某,主题,2019/2/28 24:10,内容,,",
        &expect!["第3行（编号9），列“时间”：日期或时间不存在：2019/2/28 24:10"],
    );
    check(
        "9,王某,主题,2019/2/28 23:59:60,内容,,",
        &expect!["第3行（编号9），列“时间”：日期或时间不存在：2019/2/28 23:59:60"],
    );
    check("9,王某,主题,0019/2/28,内容,,", &expect!["第3行（编号9），列“时间”：年份不合理：0019/2/28"]);
    check(
        "9,王某,主题,43524,内容,,",
        &expect![
            "第3行（编号9），列“时间”：看不懂的日期或时间“43524”；映射接受的格式：year_first（年在前，如 2019/2/28 11:25:05）"
        ],
    );
    check(
        "9,王某,主题,昨天,内容,,",
        &expect![
            "第3行（编号9），列“时间”：看不懂的日期或时间“昨天”；映射接受的格式：year_first（年在前，如 2019/2/28 11:25:05）"
        ],
    );
}

#[test]
fn an_order_of_times_that_cannot_be() {
    check(
        "9,王某,主题,2019/2/28 11:00,内容,答,2019/2/28 10:59",
        &expect!["第3行（编号9）：答复时间（2019-02-28T10:59:00+08:00）早于受理时间（2019-02-28T11:00:00+08:00）"],
    );
    check(
        "9,王某,主题,2019/2/28 11:00,内容,答,2019/2/27",
        &expect!["第3行（编号9）：答复时间（2019-02-27）早于受理时间（2019-02-28T11:00:00+08:00）"],
    );
    check("9,王某,主题,2019/2/28,内容,答,", &expect!["第3行（编号9），列“答复时间”：有答复意见而没有答复时间"]);
    check("9,王某,主题,2019/2/28,内容,,2019/3/1", &expect!["第3行（编号9），列“答复”：有答复时间而没有答复意见"]);
}

#[test]
fn cells_that_hold_too_much_or_nothing_readable() {
    let most = "长".repeat(20_000);
    assert_eq!(rejected(&format!("9,王某,主题,2019/2/28,{most},,\n"), &mapping()), "");
    check(&format!("9,王某,主题,2019/2/28,{most}长,,"), &expect!["第3行（编号9），列“内容”：超过20000字"]);
    let ten_mb = "x".repeat(10 << 20);
    check(
        &format!("9,王某,主题,2019/2/28,\"{ten_mb}\",,"),
        &expect!["第3行（编号9），列“内容”：内容过大（超过512 KiB）"],
    );
    check(&format!("{ten_mb},王某,主题,2019/2/28,内容,,"), &expect!["第3行，列“编号”：内容过大（超过512 KiB）"]);
    check("9,王某,主题,2019/2/28,内\0容,,", &expect!["第3行（编号9），列“内容”：含有字符 U+0000，文件可能已损坏"]);
    check(
        "1.93822E+05,王某,主题,2019/2/28,内容,,",
        &expect!["第3行，列“编号”：“1.93822E+05”被表格软件改成了科学计数法，原来的数字已丢失；请在原系统中按文本导出"],
    );
}

#[test]
fn a_column_that_is_ignored_may_hold_anything() {
    let head = HEAD.trim_end().to_owned() + ",点赞\n";
    let result = read(format!("{head}9,王某,主题,2019/2/28,内容,,,{}\n", "赞\0".repeat(1 << 20)), &mapping());
    assert_eq!((result.rows.len(), result.rejections.len()), (1, 0));
}

#[test]
fn records_of_the_wrong_length() {
    check("9,王某,主题,2019/2/28,内容,", &expect!["第3行：应有7列，实有6列；可能少了引号，或本行不完整"]);
    check("9,王某,主题,2019/2/28,内容,,,", &expect!["第3行：应有7列，实有8列；可能少了引号，或本行不完整"]);
    check(&format!("9{}", ",".repeat(5000)), &expect!["第3行：应有7列，实有5001列；可能少了引号，或本行不完整"]);
    let mapping = mapping();
    let head = HEAD.trim_end().to_owned() + ",\n";
    let result = read(format!("{head}9,王某,主题,2019/2/28,内容,,,\n10,王某,主题,2019/2/28,内容,,,多\n"), &mapping);
    assert_eq!(result.rows.len(), 1, "a nameless column that is empty does no harm");
    expect!["第3行：第8列没有列名，却有内容"].assert_eq(&result.rejections[0].to_string());
}

#[test]
fn a_number_twice() {
    // The first claims it even where it was rejected for something else.
    let bad_first = "9,王某,主题,2019/2/30,内容,,\n9,王某,主题,2019/2/28,内容,,\n";
    expect![[r#"
        第2行（编号9），列“时间”：日期或时间不存在：2019/2/30
        第3行（编号9），列“编号”：编号与第2行相同；同一编号只能有一件
    "#]]
    .assert_eq(&rejected(bad_first, &mapping()));
    expect![[r#"
        第3行（编号7），列“编号”：编号与第2行相同；同一编号只能有一件
    "#]]
    .assert_eq(&rejected(&format!("{GOOD}{}", GOOD.replacen('7', " 7\u{a0}", 1)), &mapping()));
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    let body = "1,王某,主题,2019/2/28,\"一\r\n二\r三\n四\",,\r\n\r\n\n2,王某,主题,2019/2/30,内容,,\r\n";
    expect![[r#"
        第8行（编号2），列“时间”：日期或时间不存在：2019/2/30
    "#]]
    .assert_eq(&rejected(body, &mapping()));
}

#[test]
fn values_that_the_mapping_does_not_know() {
    let mapping = with(&[
        (r#"category = { fixed = "other" }"#, r#"category = { column = "点赞", values = { "投诉类" = "complaint" } }"#),
        (r#"ignore = ["点赞"]"#, ""),
        (
            r#"department = { fixed = { code = "zhsq", name = "综合受理" } }"#,
            r#"department = { column = "姓名", as_written = true }"#,
        ),
    ]);
    let head = HEAD.trim_end().to_owned() + ",点赞\n";
    let row = |name: &str, category: &str| format!("{},{name},主题,2019/2/28,内容,,,{category}\n", name.len());
    let file =
        head + &row("住建局", "投诉类") + &row("民政一局", "表扬类") + &row("城 管", "投诉类") + &row("民政 局和", "");
    let result = read(file, &mapping);
    assert_eq!(result.rows.len(), 1);
    assert_eq!(result.rows[0].department.as_ref().unwrap().name, "住建局");
    let said: String = result.rejections.iter().map(|r| format!("{r}\n")).collect();
    expect![[r#"
        第3行（编号12），列“点赞”：“表扬类”不在映射的对照表（values）中
        第4行（编号7），列“姓名”：“城 管”不能作部门代码：应为1至40字，不含空白、冒号、分号、顿号；请在映射的 values 中写明
        第5行（编号13），列“点赞”：为空，必须填写
    "#]].assert_eq(&said);
}
