//! Bad input: each a clear error that names the place and the remedy, the agreed exit status, nothing lost, nothing half done.

use std::fs;

use serde_json::json;

use crate::program::Yousu;

const MAPPING: &str = r#"
source = "试验"
channel = "online"
[fields]
number = { column = "编号" }
name = { column = "姓名" }
summary = { column = "主题" }
narrative = { column = "详情" }
raised_at = { column = "时间", formats = ["%Y/%m/%d %H:%M:%S"] }
category = { fixed = "other" }
kind = { fixed = { kind = "ordinary" } }
department = { fixed = { code = "zh", name = "综合" } }
[historical]
reason = "移入"
entered_by = "a"
approved_by = "b"
"#;

const HEAD: &str = "编号,姓名,主题,详情,时间\n";
const GOOD: &str = "1,张三,主题一,详情一,2026/3/2 10:00:00\n";

/// Imports this file; answers what was said and how many events the log holds.
fn import(file: &[u8], mapping: &str) -> (crate::program::Said, u64) {
    let yousu = Yousu::real();
    let (csv, map) = (yousu.dir().join("in.csv"), yousu.dir().join("map.toml"));
    fs::write(&csv, file).expect("written");
    fs::write(&map, mapping).expect("written");
    let before = events(&yousu);
    let args =
        ["import", csv.to_str().expect("a path"), "--centre", "410404", "--mapping", map.to_str().expect("a path")];
    let said = yousu.run(args.into_iter().chain(["--format", "json"]));
    (said, events(&yousu) - before)
}

fn events(yousu: &Yousu) -> u64 {
    let out = yousu.run(["verify", "--format", "json"]).ok();
    serde_json::from_str::<serde_json::Value>(&out).expect("one document")["events"].as_u64().expect("a number")
}

#[test]
fn a_file_that_does_not_fit_the_mapping_brings_nothing_in() {
    for (file, words) in [
        ("编号,姓名,主题,时间\n1,张三,主题,2026/3/2 10:00:00\n".as_bytes().to_vec(), "详情"),
        ("编号,姓名,主题,详情,时间,点赞\n1,张三,主题,详情,2026/3/2 10:00:00,0\n".as_bytes().to_vec(), "点赞"),
        (format!("{HEAD}{GOOD}2,李四,主题,\"详情没有结束").into_bytes(), "in.csv"),
        ([HEAD.as_bytes(), b"1,\xff\xfe\xfd,a,b,2026/3/2 10:00:00\n"].concat(), "in.csv"),
    ] {
        let (said, entered) = import(&file, MAPPING);
        said.failed(1, &[words]);
        assert_eq!(entered, 0);
    }
    let (said, entered) = import(format!("{HEAD}{GOOD}").as_bytes(), &MAPPING.replace("channel", "chanel"));
    said.failed(1, &["map.toml", "chanel"]);
    assert_eq!(entered, 0);
}

#[test]
fn bad_rows_are_named_and_good_ones_go_in() {
    let huge = "长".repeat(10 << 20);
    let rows = format!(
        "{HEAD}{GOOD}2,李四,主题,详情,2026/2/30 10:00:00\n1,王五,主题,详情,2026/3/2 10:00:00\n3,赵六,主题,{huge},2026/3/2 10:00:00\n4,钱七,主题,详\0情,2026/3/2 10:00:00\n5,孙八,主题,详情,2026/3/3 10:00:00\n"
    );
    let (said, _) = import(rows.as_bytes(), MAPPING);
    let report: serde_json::Value = serde_json::from_str(&said.ok()).expect("one document");
    assert_eq!((&report["read"], &report["accepted"]), (&json!(6), &json!(2)));
    let lines: Vec<_> = report["rejected"].as_array().expect("a list").iter().map(|no| no["line"].as_u64()).collect();
    assert_eq!(lines, [Some(3), Some(4), Some(5), Some(6)]);
}

#[test]
fn gb18030_is_recognised_and_a_second_run_adds_nothing() {
    let yousu = Yousu::real();
    let (csv, map) = (yousu.dir().join("in.csv"), yousu.dir().join("map.toml"));
    // “编号,姓名,主题,详情,时间” and a row, as Python's gb18030 codec writes them.
    let head = b"\xb1\xe0\xba\xc5,\xd0\xd5\xc3\xfb,\xd6\xf7\xcc\xe2,\xcf\xea\xc7\xe9,\xca\xb1\xbc\xe4\n";
    let row = b"1,\xd5\xc5\xc8\xfd,\xd6\xf7\xcc\xe2,\xcf\xea\xc7\xe9,2026/3/2 10:00:00\n";
    fs::write(&csv, [&head[..], &row[..]].concat()).expect("written");
    fs::write(&map, MAPPING).expect("written");
    let args = ["import", csv.to_str().expect("a path"), "--mapping", map.to_str().expect("a path")];
    yousu.run(args).ok();
    assert_eq!(yousu.lines(["ledger"])[0]["姓名或单位名称"], "张三");
    let before = events(&yousu);
    let again = yousu.run(args).ok();
    assert!(again.contains("already there 1"), "{again}");
    assert_eq!(events(&yousu), before);
}

#[test]
fn commands_that_do_not_fit_are_refused_by_code() {
    let mut yousu = Yousu::simulated("henan-2022-43", "2026-03-02T08:00");
    let case = "0195a000-0000-7000-8000-000000000001";
    let accept = json!({"command": "accept", "case": case, "channel": "window", "category": "complaint",
        "complainant": {"name": "张三", "telephone": "13812345678"}, "summary": "事", "narrative": "情"});
    let at = "2026-03-02T09:00";
    let code = |result: serde_json::Value| result["refusal"]["code"].as_str().unwrap_or("done").to_owned();
    assert_eq!(code(yousu.tell("window_clerk", at, json!({"command": "submit", "case": case}))), "no-such-case");
    assert_eq!(code(yousu.tell("window_clerk", at, accept.clone())), "done");
    let classify = json!({"command": "classify", "case": case, "kind": "ordinary"});
    let mut with = |fields: serde_json::Value, who: &str| {
        let mut line = classify.clone();
        line.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
        code(yousu.tell(who, at, line))
    };
    assert_eq!(with(json!({"version": 7}), "window_clerk"), "version-changed");
    assert_eq!(with(json!({}), "auditor"), "wrong-role");
    assert_eq!(with(json!({"kindd": "ordinary"}), "window_clerk"), "unreadable");
    assert_eq!(with(json!({"id": "00000000-0000-0000-0000-000000000002"}), "window_clerk"), "command-id-reused");
    assert_eq!(with(json!({"kind": "hard_to_do", "ground": "refused"}), "window_clerk"), "ground-does-not-fit");
    assert_eq!(with(json!({}), "window_clerk"), "done");
    assert_eq!(code(yousu.tell("window_clerk", at, json!({"command": "submit", "case": case}))), "done");
    assert_eq!(
        code(yousu.tell("centre_manager", at, json!({"command": "dispatch", "case": case, "lead": "scj"}))),
        "done"
    );
    assert_eq!(code(yousu.tell("handler:zjj", at, json!({"command": "sign_for", "case": case}))), "not-assigned");
    let apply = yousu.run(["apply", "/nowhere.jsonl"]);
    apply.failed(1, &["/nowhere.jsonl"]);
}

#[test]
fn a_policy_with_an_unknown_key_is_named_by_file_and_line() {
    let yousu = Yousu::empty();
    let file = yousu.dir().join("third.toml");
    let text =
        fs::read_to_string(crate::program::root().join("crates/cases/policies/henan-2022-43.toml")).expect("it ships");
    fs::write(&file, text.replace("[dispute]\n", "[dispute]\nwithin_hours = 3\n")).expect("written");
    let open =
        ["centre", "open", "410404", "--name", "n", "--level", "county", "--policy", file.to_str().expect("a path")];
    yousu.run(open).failed(1, &["third.toml", "within_hours"]);
}

#[test]
fn usage_is_status_two_and_a_fault_is_status_three() {
    let yousu = Yousu::real();
    yousu.run(["ledgre"]).failed(2, &["ledgre"]);
    yousu.run(["due", "--policy", "henan-2022-43", "--kind", "odd", "--received", "2026-03-02"]).failed(2, &["odd"]);
    yousu.run(["tick", "--at", "2026-03-02T09:00"]).failed(1, &["--at", "simulated"]);
    tamper(
        &yousu,
        "DROP TRIGGER IF EXISTS events_no_update; UPDATE events SET body = replace(body, '中心', '中亡') WHERE position = 1",
    );
    let said = yousu.run(["verify"]).failed(3, &["altered"]);
    assert!(said.out.contains("410404@1"), "the place is named: {}", said.out);
}

/// Alters the log as somebody with the file would, past the triggers.
pub(crate) fn tamper(yousu: &Yousu, sql: &'static str) {
    use sqlx::{Connection as _, Executor as _, Row as _};
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    runtime.block_on(async {
        let url = format!("sqlite:{}", yousu.dir().join("log.sqlite").display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.expect("it opens");
        let triggers =
            connection.fetch_all("SELECT name FROM sqlite_schema WHERE type = 'trigger'").await.expect("read");
        for trigger in triggers {
            let drop = format!("DROP TRIGGER {}", trigger.get::<String, _>(0));
            connection.execute(sqlx::AssertSqlSafe(drop)).await.expect("dropped");
        }
        let update = sql.split(';').next_back().expect("a statement");
        connection.execute(sqlx::AssertSqlSafe(update.to_owned())).await.expect("altered");
    });
}

#[test]
fn a_second_writer_is_refused_with_the_first_ones_name_and_readers_are_not() {
    let yousu = Yousu::real();
    let mut writer = yousu.writer();
    let pid = writer.id().to_string();
    yousu.run(["tick"]).failed(1, &["log.sqlite", "yousu", &pid]);
    yousu.run(["ledger"]).ok();
    yousu.run(["verify"]).ok();
    drop(writer.stdin.take());
    writer.wait().expect("it ends");
    yousu.run(["tick"]).ok();
}

#[test]
fn a_directory_of_a_newer_format_is_refused() {
    let yousu = Yousu::real();
    tamper(&yousu, "UPDATE format SET number = 99");
    yousu.run(["ledger"]).failed(1, &["format 99", "newer release"]);
    yousu.run(["tick"]).failed(1, &["format 99"]);
}
