//! A mapping to start from, and what most tests ask.

use std::io::Cursor;

use import::{Mapping, Outcome, Rejection, Row};

/// Number, name, subject, time and text, with a reply: the shape of most exports.
pub(crate) const MAPPING: &str = r#"
source = "旧系统"
channel = "online"
limit_working_days = 5
ignore = ["点赞"]

[fields]
number = { column = "编号" }
name = { column = "姓名" }
summary = { column = "主题" }
narrative = { column = "内容" }
raised_at = { column = "时间" }
reply = { column = "答复" }
replied_at = { column = "答复时间" }
category = { fixed = "other" }
kind = { fixed = { kind = "ordinary" } }
department = { fixed = { code = "zhsq", name = "综合受理" } }

[historical]
reason = "移入旧系统数据"
entered_by = "clerk"
approved_by = "manager"
"#;

pub(crate) const HEAD: &str = "编号,姓名,主题,时间,内容,答复,答复时间\n";

/// A row that has nothing wrong with it.
pub(crate) const GOOD: &str = "7,王某,开门时间,2019/2/28 11:25:05,请问几点开门,九点,2019/3/4 9:00:00\n";

pub(crate) fn mapping() -> Mapping {
    with(&[])
}

/// The mapping with pieces of its text replaced.
pub(crate) fn with(changes: &[(&str, &str)]) -> Mapping {
    let text = changes.iter().fold(MAPPING.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "{old} is not in the mapping");
        text.replace(old, new)
    });
    Mapping::read("test.toml", &text).unwrap()
}

#[derive(Debug, Default)]
pub(crate) struct Result {
    pub(crate) rows: Vec<Row>,
    pub(crate) rejections: Vec<Rejection>,
}

/// Reads a file that fits the mapping.
pub(crate) fn read(bytes: impl AsRef<[u8]>, mapping: &Mapping) -> Result {
    let appeals = import::read("appeals.csv", Cursor::new(bytes), mapping).unwrap();
    let announced = appeals.row_count();
    let mut result = Result::default();
    for outcome in appeals {
        match outcome.unwrap() {
            Outcome::Row(row) => result.rows.push(*row),
            Outcome::Rejected(rejection) => result.rejections.push(rejection),
        }
    }
    assert_eq!(announced, (result.rows.len() + result.rejections.len()) as u64, "every row is one or the other");
    result
}

/// The one row of a file that fits.
pub(crate) fn one(body: &str, mapping: &Mapping) -> Row {
    let Result { mut rows, rejections } = read(format!("{HEAD}{body}"), mapping);
    assert_eq!((rows.len(), rejections.as_slice()), (1, [].as_slice()));
    rows.remove(0)
}

/// Why a file does not go in.
pub(crate) fn refused(bytes: impl AsRef<[u8]>, mapping: &Mapping) -> String {
    import::read("appeals.csv", Cursor::new(bytes), mapping).err().expect("a file that does not fit").to_string()
}

/// What the rows of a file were rejected for, a line each; beside them every row that is good goes in.
pub(crate) fn rejected(body: &str, mapping: &Mapping) -> String {
    let result = read(format!("{HEAD}{body}"), mapping);
    result.rejections.iter().map(|rejection| format!("{rejection}\n")).collect()
}
