//! What a good row holds.

use cases::case::{
    intake::accepted::Category,
    triage::{Ground, Kind},
};
use expect_test::expect;
use import::When;

use crate::support::{GOOD, HEAD, mapping, one, read, with};

#[test]
fn every_field_has_its_place() {
    let row = one(GOOD, &mapping());
    expect![[r#"
        Row {
            line: 2,
            external: External {
                source: "旧系统",
                number: "7",
            },
            complainant: Complainant {
                name: Some(
                    "王某",
                ),
                is_unit: false,
                contact_person: None,
                telephone: None,
                address: None,
                anonymous: false,
            },
            category: Other,
            sub_category: None,
            summary: "开门时间",
            narrative: "请问几点开门",
            raised_at: Some(
                At(
                    2019-02-28T11:25:05+08:00,
                ),
            ),
            accepted_at: Some(
                At(
                    2019-02-28T11:25:05+08:00,
                ),
            ),
            classification: Some(
                Classification {
                    kind: Ordinary,
                    ground: None,
                },
            ),
            department: Some(
                Department {
                    code: DepartmentId(
                        "zhsq",
                    ),
                    name: "综合受理",
                },
            ),
            dispatched_at: None,
            limit_working_days: Some(
                5,
            ),
            reply: Some(
                Reply {
                    text: "九点",
                    at: At(
                        2019-03-04T09:00:00+08:00,
                    ),
                },
            ),
            repeats: None,
            body_hash: 1eab7a53998a6f98d440b8740ba683b8d3141f0db0c292375f2f02dea55a2f8b,
            content_hash: 3bb432be710d76335cc2468307290b53c4faf510b1f0898f1cd989c1d3810036,
        }
    "#]]
    .assert_debug_eq(&row);
}

#[test]
fn a_reply_without_a_time_of_day_says_so() {
    let row = one(&GOOD.replace("2019/3/4 9:00:00", "2019/3/4"), &mapping());
    let at = row.reply.unwrap().at;
    assert!(at.date_only());
    let hours = cases::calendar::OfficeHours::default();
    assert_eq!(at.or_closing(&hours).unwrap().to_string(), "2019-03-04T17:00:00+08:00");
    assert_eq!(at.or_opening(&hours).unwrap().to_string(), "2019-03-04T09:00:00+08:00");
}

#[test]
fn a_reply_on_the_day_of_the_appeal_is_in_order() {
    let row = one(
        &GOOD.replace("2019/2/28 11:25:05", "2019/2/28 18:30").replace("2019/3/4 9:00:00", "2019/2/28"),
        &mapping(),
    );
    assert_eq!(row.reply.unwrap().at.date(), row.raised_at.unwrap().date());
}

#[test]
fn no_reply_is_no_reply() {
    assert_eq!(one("7,王某,主题,2019/2/28,内容, ,\u{a0}\n", &mapping()).reply, None);
    let supplied = with(&[(r#"reply = { column = "答复" }"#, r#"reply = { column = "答复", if_empty = "（未载）" }"#)]);
    assert_eq!(one("7,王某,主题,2019/2/28,内容,,\n", &supplied).reply, None);
    assert_eq!(one("7,王某,主题,2019/2/28,内容,,2019/3/1\n", &supplied).reply.unwrap().text, "（未载）");
}

#[test]
fn without_a_history_a_row_is_a_new_appeal() {
    let text = crate::support::MAPPING;
    let text = text[..text.find("[historical]").unwrap()]
        .lines()
        .filter(|line| !line.starts_with("repl"))
        .collect::<Vec<_>>()
        .join("\n")
        .replace(r#"ignore = ["点赞"]"#, r#"ignore = ["答复", "答复时间"]"#);
    let mapping = import::Mapping::read("new.toml", &text).unwrap();
    let row = one(GOOD, &mapping);
    assert_eq!((row.accepted_at, row.reply), (None, None));
    assert_eq!(row.raised_at.map(When::date_only), Some(false));
}

#[test]
fn the_same_body_again_is_flagged_and_kept() {
    let file = format!(
        "{HEAD}{}{}{}{}",
        "1,甲,一,2019/2/28,请问 几点开门？,,\n",
        "2,乙,二,2019/2/28,\"请问_x000D_\n\t几点\u{a0}开门？\",,\n",
        "3,丙,三,2019/2/28,请问几点关门？,,\n",
        "4,丁,四,2019/2/28,请问几点开门？,,\n",
    );
    let result = read(file, &mapping());
    let repeats: Vec<_> = result.rows.iter().map(|row| row.repeats.as_deref()).collect();
    assert_eq!(repeats, [None, Some("1"), None, Some("1")]);
    assert_eq!(result.rows[0].body_hash, result.rows[1].body_hash);
}

#[test]
fn the_content_hash_tells_what_is_said_and_not_how_it_was_packed() {
    let hash = |body: &str| one(body, &mapping()).content_hash;
    let plain = hash(GOOD);
    assert_eq!(hash(&format!("\n\n{}", GOOD.replace("请问几点开门", "\"\n\t请问几点开门 _x000D_\n\""))), plain);
    assert_eq!(hash(&GOOD.replace("11:25:05", "11:25:05 ")), plain);
    for (old, new) in
        [("王某", "李某"), ("开门时间", "关门时间"), ("11:25:05", "11:25:06"), ("九点", "十点"), ("9:00", "9:01")]
    {
        assert_ne!(hash(&GOOD.replacen(old, new, 1)), plain, "{old} → {new}");
    }
}

#[test]
fn who_complains() {
    let mapping = with(&[
        (
            r#"name = { column = "姓名" }"#,
            "name = { column = \"姓名\" }\nunit = { column = \"单位\" }\ntelephone = { column = \"电话\" }",
        ),
        ("[fields]", "[anonymous]\nnames = [\"匿名\"]\n[fields]"),
    ]);
    let head = HEAD.trim_end().to_owned() + ",单位,电话\n";
    let rows = ["王某,甲公司,", ",甲公司,", "王某,,13800000000", "匿名,,", "匿名,,0375-1234567", ",,"];
    let file: String = rows
        .iter()
        .zip(1..)
        .map(|(row, n)| {
            let [name, unit, telephone] = row.split(',').collect::<Vec<_>>().try_into().unwrap();
            format!("{n},{name},主题,2019/2/28,内容{n},,,{unit},{telephone}\n")
        })
        .collect();
    let result = read(head + &file, &mapping);
    let people: Vec<_> = result
        .rows
        .iter()
        .map(|row| {
            let c = &row.complainant;
            let text = |t: &Option<String>| t.clone().unwrap_or_else(|| "-".to_owned());
            format!(
                "{} {} {} unit={} anonymous={}",
                text(&c.name),
                text(&c.contact_person),
                text(&c.telephone),
                c.is_unit,
                c.anonymous
            )
        })
        .collect();
    expect![[r#"
        甲公司 王某 - unit=true anonymous=false
        甲公司 - - unit=true anonymous=false
        王某 - 13800000000 unit=false anonymous=false
        - - - unit=false anonymous=true
        - - 0375-1234567 unit=false anonymous=false"#]]
    .assert_eq(&people.join("\n"));
    expect!["第7行（编号6）：姓名、电话、地址都为空，无从告知和回访"].assert_eq(&result.rejections[0].to_string());
}

#[test]
fn values_are_looked_up() {
    let mapping = with(&[
        (r#"ignore = ["点赞"]"#, ""),
        (
            r#"category = { fixed = "other" }"#,
            r#"category = { column = "类别", values = { "投诉类" = "complaint" }, as_written = true, otherwise = "other" }"#,
        ),
        (
            r#"kind = { fixed = { kind = "ordinary" } }"#,
            r#"kind = { column = "类别", values = { "投诉类" = { kind = "withheld", ground = "delayed" } }, otherwise = { kind = "ordinary" } }"#,
        ),
        (
            r#"department = { fixed = { code = "zhsq", name = "综合受理" } }"#,
            r#"department = { column = "单位", values = { "住建 局" = { code = "zjj", name = "住房和城乡建设局" } }, as_written = true }"#,
        ),
    ]);
    assert_eq!(mapping.departments().len(), 1);
    let head = HEAD.trim_end().to_owned() + ",类别,单位\n";
    let rows = [("投诉类", "住建 局"), ("建议", "民政局"), ("", "民政局"), ("不详", "民政局")];
    let file: String =
        rows.iter().zip(1..).map(|((c, d), n)| format!("{n},王某,主题,2019/2/28,{n},,,{c},{d}\n")).collect();
    let result = read(head + &file, &mapping);
    let got: Vec<_> = result
        .rows
        .iter()
        .map(|row| {
            let c = row.classification.unwrap();
            (row.category, c.kind, c.ground, row.department.as_ref().unwrap().code.as_str())
        })
        .collect();
    assert_eq!(
        got,
        [
            (Category::Complaint, Kind::Withheld, Some(Ground::Delayed), "zjj"),
            (Category::Suggestion, Kind::Ordinary, None, "民政局"),
            (Category::Other, Kind::Ordinary, None, "民政局"),
            (Category::Other, Kind::Ordinary, None, "民政局"),
        ]
    );
}

#[test]
fn one_of_summary_and_narrative_may_be_missing() {
    let summary = r#"summary = { column = "主题" }"#;
    let mapping = with(&[(summary, ""), (r#"ignore = ["点赞"]"#, r#"ignore = ["主题"]"#)]);
    let long = "一二三四五六七八九十".repeat(8);
    let row = one(&GOOD.replace("请问几点开门", &format!("\"{long}\n第二段\"")), &mapping);
    assert_eq!(row.summary.chars().count(), 61);
    assert!(row.summary.ends_with('…') && row.narrative.ends_with("\n第二段"));
    let mapping = with(&[(r#"narrative = { column = "内容" }"#, ""), (r#"ignore = ["点赞"]"#, r#"ignore = ["内容"]"#)]);
    assert_eq!(one(GOOD, &mapping).narrative, "开门时间");
}

#[test]
fn other_shapes_of_text_files() {
    let tabs = with(&[("[fields]", "[file]\ndelimiter = \"\\t\"\nhead_row = 2\n[fields]")]);
    let text = format!("某某中心留言\n{HEAD}{GOOD}").replace(',', "\t");
    assert_eq!(read(text, &tabs).rows, read(format!("\n{HEAD}{GOOD}"), &mapping()).rows);
    // Rows of nothing but delimiters come from spreadsheets; a last line without a break is no fault.
    let text = format!("{HEAD},,,,,,\n{}\n  ", GOOD.trim_end());
    assert_eq!(read(text, &mapping()).rows.len(), 1);
    let text = format!("{HEAD},,,,,,\n{}", GOOD.trim_end());
    let result = read(text, &mapping());
    assert_eq!((result.rows.len(), result.rejections.len()), (1, 0));
}
