//! Good inputs, from the files that the project has anyway.

use std::{fs, path::Path};

use cases::policy::SHIPPED;

/// Rows of nobody, for the heads of every shipped mapping.
const ROW: &str = "1,王某,开门时间,2019/2/28 11:25:05,请问几点开门,0,0\n";
const HEAD: &str = "留言编号,留言用户,留言主题,留言时间,留言详情,反对数,点赞数\n";
const REPLIED: &str = "留言编号,留言用户,留言主题,留言时间,留言详情,答复意见,答复时间\n2,李某,路灯,2019/3/1 8:00:00,路灯不亮,已修好,2019/3/4 9:00:00\n";

/// One of many kinds of column, file and time.
const MAPPING: &str = r#"
source = "旧系统"
channel = "window"
ignore = ["备注"]
[file]
delimiter = ";"
head_row = 2
[fields]
number = { column = "号" }
unit = { column = "单位" }
contact_person = { column = "联系人", if_empty = "无" }
telephone = { column = "电话" }
narrative = { column = "内容" }
category = { column = "类", values = { "投诉" = "complaint" }, otherwise = "other" }
raised_at = { column = "时", formats = ["%Y-%m-%d", "%Y年%m月%d日", "excel"] }
reply = { column = "答" }
replied_at = { column = "答时", formats = ["%Y-%m-%dT%H:%M:%S"] }
kind = { fixed = { kind = "ordinary" } }
department = { fixed = { code = "zh", name = "综合" } }
[anonymous]
names = ["匿名"]
[historical]
reason = "移入"
entered_by = "a"
approved_by = "b"
"#;
const ROWS: &str = "附件;;;;;;;;\n号;单位;联系人;电话;内容;类;时;答;答时;备注\n7;商行;;0375-1;\"不收;\n件\";投诉;2019-02-28;好;2019-03-01T08:00:00;x\n8;匿名;;;内容;咨询;2019年3月1日;;;\n";

pub(crate) fn imports() -> Vec<Vec<u8>> {
    let mapping = |name: &str| text(&format!("schemas/mappings/{name}.toml"));
    let of = |mapping: &str, file: &str| [mapping.as_bytes(), &[0], file.as_bytes()].concat();
    let second = ROW.replace("1,王某", "\"2\",\"李\"\"某\"");
    vec![
        of(&mapping("messages"), &format!("\u{feff}{HEAD}{ROW}{second}{ROW}")),
        of(&mapping("messages_with_replies"), REPLIED),
        of(MAPPING, ROWS),
        of(MAPPING, &ROWS.replace('\n', "\r\n")),
    ]
}

pub(crate) fn commands() -> Vec<Vec<u8>> {
    let mut lines: Vec<_> = golden("commands").into_iter().map(|(_, text)| text.into_bytes()).collect();
    lines.extend(text("docs/first-case.jsonl").lines().map(|line| line.as_bytes().to_vec()));
    lines
}

pub(crate) fn events() -> Vec<Vec<u8>> {
    let with_type = |(name, text): (String, String)| {
        let (kind, version) = name.split_once(".v").expect("type.vN");
        format!("{kind} {version}\n{text}").into_bytes()
    };
    golden("events").into_iter().map(with_type).collect()
}

pub(crate) fn policies() -> Vec<Vec<u8>> {
    SHIPPED.iter().map(|(_, text)| text.as_bytes().to_vec()).collect()
}

/// The golden files of a folder, by their names without the ending, in order.
fn golden(folder: &str) -> Vec<(String, String)> {
    let entries =
        fs::read_dir(root().join("schemas/golden").join(folder)).expect("the golden files are where they were");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let name = |path: &Path| path.file_stem().expect("a name").to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), fs::read_to_string(path).expect("a golden file is text"))).collect()
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
