//! The mapping: what a file's columns mean, and what a file cannot say. One TOML file for each other system.

mod check;
mod time_format;

use std::collections::BTreeMap;

use cases::{
    case::{
        intake::accepted::{Category, Channel},
        triage::{Ground, Kind},
    },
    ids::{ActorId, DepartmentId},
};
use serde::Deserialize;

pub use time_format::TimeFormat;
pub(crate) use time_format::{NoTime, from_serial};

use crate::MappingError;

/// A checked mapping. Comes from [`Mapping::read`] only.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Mapping {
    /// The other system's name. With the file's number it names the case, so it must not change between imports.
    pub source: String,
    pub channel: Channel,
    /// 办理期限, where the policy leaves it to somebody's decision.
    pub limit_working_days: Option<u32>,
    #[serde(default)]
    pub file: FileShape,
    /// Columns that are known and not wanted. One that a file lacks is no fault.
    #[serde(default)]
    pub ignore: Vec<String>,
    pub fields: Fields,
    #[serde(default)]
    pub anonymous: Anonymous,
    /// There where the rows were handled before this system (domain §8).
    pub historical: Option<Historical>,
}

/// What kind of file it is. Most of it is found out when left unsaid.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct FileShape {
    /// Unsaid: by the file's first bytes.
    pub format: Option<Format>,
    pub encoding: Encoding,
    pub delimiter: char,
    /// Unsaid: the only sheet that is not empty.
    pub sheet: Option<String>,
    /// The row with the column names, from 1; exports often have a title above it. Blank lines of a text file do not count.
    pub head_row: u64,
    /// The other system ends every text with a line break, so one without was cut off. Where it is unsaid, a file cut
    /// off within its last cell cannot be told from one whose program leaves the break out.
    pub ends_with_line_break: bool,
}

impl Default for FileShape {
    fn default() -> Self {
        Self {
            format: None,
            encoding: Encoding::Auto,
            delimiter: ',',
            sheet: None,
            head_row: 1,
            ends_with_line_break: false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Csv,
    Xlsx,
}

impl Format {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Encoding {
    #[serde(rename = "auto")]
    Auto,
    #[serde(rename = "utf-8")]
    Utf8,
    /// GB18030, and with it GBK and GB 2312.
    #[serde(rename = "gb18030")]
    Gb18030,
}

/// Where each field of a row comes from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Fields {
    pub number: TextField,
    /// 姓名. Beside a `unit` it is the unit's contact person, unless that has a column of its own.
    pub name: Option<TextField>,
    /// 单位名称: a row in which it is not empty is a unit's.
    pub unit: Option<TextField>,
    pub contact_person: Option<TextField>,
    pub telephone: Option<TextField>,
    pub address: Option<TextField>,
    /// 主要诉求; unsaid: the beginning of the narrative.
    pub summary: Option<TextField>,
    /// 诉求内容; unsaid: the summary.
    pub narrative: Option<TextField>,
    pub category: Choice<Category>,
    pub sub_category: Option<TextField>,
    pub kind: Option<Choice<Classification>>,
    pub department: Option<Choice<Department>>,
    /// 诉求反映时间
    pub raised_at: Option<TimeField>,
    /// 受理时间, of historical rows.
    pub accepted_at: Option<TimeField>,
    /// 转办时间, of historical rows.
    pub dispatched_at: Option<TimeField>,
    /// 答复意见, of historical rows.
    pub reply: Option<TextField>,
    /// 答复时间, of historical rows.
    pub replied_at: Option<TimeField>,
}

/// A text: a column's, or the same in every row.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TextField {
    pub column: Option<String>,
    pub fixed: Option<String>,
    /// What an empty cell stands for.
    pub if_empty: Option<String>,
}

/// A time in a column.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TimeField {
    pub column: String,
    /// Tried in order; unsaid: `year_first`. A workbook's real dates need none.
    #[serde(default = "TimeFormat::year_first")]
    pub formats: Vec<TimeFormat>,
}

/// A value of a closed list: a column's by a table, or the same in every row.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, bound = "T: Deserialize<'de>")]
#[non_exhaustive]
pub struct Choice<T> {
    pub fixed: Option<T>,
    pub column: Option<String>,
    /// From what stands in the cell to what it means here.
    #[serde(default = "BTreeMap::new")]
    pub values: BTreeMap<String, T>,
    /// What the table lacks is read as this project's own word for it (a department: as its code and name).
    #[serde(default)]
    pub as_written: bool,
    /// What everything else means, an empty cell included. Unsaid: such a row is rejected.
    pub otherwise: Option<T>,
}

/// 诉求分类 and its ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Classification {
    pub kind: Kind,
    pub ground: Option<Ground>,
}

/// A department. A centre that lacks it learns it by the import.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Department {
    pub code: DepartmentId,
    pub name: String,
}

/// Who is anonymous (匿名). A code for a user is a name: the other system can reach its owner.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Anonymous {
    /// Names that name nobody.
    pub names: Vec<String>,
    /// A row with neither name nor telephone nor address is anonymous; unsaid: it is rejected.
    pub without_contact: bool,
}

/// On whose word the past of these rows goes in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Historical {
    pub reason: String,
    pub entered_by: ActorId,
    /// Somebody else.
    pub approved_by: ActorId,
}

impl Mapping {
    /// Reads and checks a mapping; `file` is its name in errors.
    pub fn read(file: &str, text: &str) -> Result<Self, MappingError> {
        let mut mapping: Self = toml::from_str(text).map_err(|error| check::syntax(file, text, &error))?;
        check::check(&mut mapping).map_err(|(place, reason)| MappingError { file: file.to_owned(), place, reason })?;
        Ok(mapping)
    }

    /// Every department that the mapping names, once. With `as_written` a file may name more.
    pub fn departments(&self) -> Vec<&Department> {
        let choice = self.fields.department.as_ref();
        let mut all: Vec<_> =
            choice.into_iter().flat_map(|c| c.fixed.iter().chain(c.values.values()).chain(&c.otherwise)).collect();
        all.sort();
        all.dedup();
        all
    }
}
