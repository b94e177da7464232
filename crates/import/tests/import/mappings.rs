//! Mappings: the shipped ones, and everything that can be wrong with one.

use std::{fs, path::Path};

use expect_test::{Expect, expect};
use import::Mapping;

use crate::support::MAPPING;

/// The mapping with one piece replaced is refused.
fn check(old: &str, new: &str, expected: &Expect) {
    assert!(MAPPING.contains(old), "{old}");
    let error = Mapping::read("test.toml", &MAPPING.replacen(old, new, 1)).expect_err(new);
    expected.assert_eq(&error.to_string());
}

#[test]
fn shipped_mappings_are_sound() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/mappings");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        let mapping = Mapping::read(&path.display().to_string(), &fs::read_to_string(&path).unwrap());
        assert!(mapping.unwrap().historical.is_some());
        count += 1;
    }
    assert_eq!(count, 2);
}

#[test]
fn keys_and_values() {
    check(
        "source =",
        "sauce =",
        &expect![
            "mapping test.toml: line 2: unknown field `sauce`, expected one of `source`, `channel`, `limit_working_days`, `file`, `ignore`, `fields`, `anonymous`, `historical`"
        ],
    );
    check(
        "channel = \"online\"",
        "channel = \"fax\"",
        &expect![
            "mapping test.toml: line 3: unknown variant `fax`, expected one of `window`, `hotline`, `online`, `telephone`, `letter`, `other_system`"
        ],
    );
    check(
        "name = {",
        "nam = {",
        &expect![
            "mapping test.toml: line 9: unknown field `nam`, expected one of `number`, `name`, `unit`, `contact_person`, `telephone`, `address`, `summary`, `narrative`, `category`, `sub_category`, `kind`, `department`, `raised_at`, `accepted_at`, `dispatched_at`, `reply`, `replied_at`"
        ],
    );
    check("[historical]", "[historical", &expect!["mapping test.toml: line 19: unclosed table, expected `]`"]);
    check(
        "source = \"旧系统\"",
        "source = \"a:b\"",
        &expect!["mapping test.toml: source: name the other system, without colon or white space around"],
    );
    check(
        "limit_working_days = 5",
        "limit_working_days = 0",
        &expect!["mapping test.toml: limit_working_days: must lie between 1 and 250"],
    );
    check(
        "[fields]",
        "[file]\ndelimiter = \"，\"\n[fields]",
        &expect!["mapping test.toml: file.delimiter: must be one ASCII character, not a quote or a line break"],
    );
    check(
        "[fields]",
        "[file]\nhead_row = 0\n[fields]",
        &expect!["mapping test.toml: file.head_row: counts from 1, to 100 at most"],
    );
}

#[test]
fn fields() {
    check(
        "number = { column = \"编号\" }",
        "number = { fixed = \"1\" }",
        &expect!["mapping test.toml: fields.number: needs a column: it tells rows apart"],
    );
    check(
        "name = { column = \"姓名\" }",
        "name = {}",
        &expect![[r#"mapping test.toml: fields.name: give either column = "…" or fixed = "…""#]],
    );
    check(
        "name = { column = \"姓名\" }",
        "name = { column = \"\" }",
        &expect!["mapping test.toml: fields.name.column: is empty"],
    );
    check(
        "name = { column = \"姓名\" }",
        "",
        &expect![
            "mapping test.toml: fields: needs name, unit, telephone or address, or anonymous.without_contact = true"
        ],
    );
    check(
        "ignore = [\"点赞\"]",
        "ignore = [\"姓名\"]",
        &expect!["mapping test.toml: ignore: “姓名” is mapped as well; it can only be one of the two"],
    );
    check(
        "category = { fixed = \"other\" }",
        "category = { column = \"类\" }",
        &expect!["mapping test.toml: fields.category: give values = { … }, or as_written = true"],
    );
    check(
        "category = { fixed = \"other\" }",
        "category = { fixed = \"other\", as_written = true }",
        &expect!["mapping test.toml: fields.category: give either fixed alone, or column with values or as_written"],
    );
    check(
        "{ kind = \"ordinary\" }",
        "{ kind = \"withheld\" }",
        &expect!["mapping test.toml: fields.kind: kind withheld takes ground = one of refused, delayed"],
    );
    check(
        "{ kind = \"ordinary\" }",
        "{ kind = \"ordinary\", ground = \"delayed\" }",
        &expect!["mapping test.toml: fields.kind: kind ordinary takes no ground"],
    );
    check(
        "{ kind = \"ordinary\" }",
        "{ kind = \"out_of_scope\" }",
        &expect![
            "mapping test.toml: fields.kind: out_of_scope is referred, never dispatched: it cannot be read as history"
        ],
    );
    check(
        "code = \"zhsq\"",
        "code = \"a b\"",
        &expect!["mapping test.toml: line 17: 部门代码“a b”不合规定：1至40字，不含空白和冒号"],
    );
    check(
        "name = \"综合受理\"",
        "name = \" \"",
        &expect!["mapping test.toml: fields.department: a department needs a name"],
    );
}

#[test]
fn times() {
    let formats = |text: &str| format!(r#"column = "时间", formats = [{text}]"#);
    let said = |text: &str| {
        let error = Mapping::read("test.toml", &MAPPING.replacen("column = \"时间\"", &formats(text), 1));
        error.expect_err(text).to_string()
    };
    for pattern in ["YYYY/MM/DD", "%Y/%m", "%H:%M", "%Y/%m/%d %H", "%Y/%m/%d %Q", "year-first"] {
        let start = format!("mapping test.toml: line 12: “{pattern}” is no time format: write a strftime pattern");
        assert!(said(&format!("\"{pattern}\"")).starts_with(&start), "{pattern}");
    }
    expect![
        "mapping test.toml: fields.raised_at.formats: name at least one, or leave the key out for year-first dates"
    ]
    .assert_eq(&said(""));
    expect!["mapping test.toml: fields.raised_at.formats: a time after acceptance fits dispatched_at and replied_at"]
        .assert_eq(&said("\"hours_after\""));
}

#[test]
fn history() {
    check(
        "approved_by = \"manager\"",
        "approved_by = \"clerk\"",
        &expect!["mapping test.toml: historical.approved_by: must be another person than entered_by"],
    );
    check(
        "reason = \"移入旧系统数据\"",
        "reason = \" \"",
        &expect!["mapping test.toml: historical.reason: say why the past goes in late"],
    );
    check("reply = { column = \"答复\" }", "", &expect!["mapping test.toml: fields: reply and replied_at go together"]);
    check(
        "raised_at = { column = \"时间\" }",
        "",
        &expect!["mapping test.toml: fields: historical rows need accepted_at or raised_at"],
    );
    check(
        "kind = { fixed = { kind = \"ordinary\" } }",
        "",
        &expect!["mapping test.toml: fields: historical rows need kind and department"],
    );
    let without = &MAPPING[..MAPPING.find("[historical]").unwrap()];
    let error = Mapping::read("test.toml", without).unwrap_err();
    expect!["mapping test.toml: fields.replied_at: tells of the past: that needs [historical] with reason, entered_by and approved_by"].assert_eq(&error.to_string());
}
