//! Who acts: an id, a role, an office (domain §1).

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    ids::{ActorId, BadName, DepartmentId},
    terms::terms,
};

terms!(
    /// 角色.
    Role {
        WindowClerk = "窗口工作人员",
        DutyOfficer = "值班人员",
        DutyLeader = "带班领导",
        CentreManager = "管理机构",
        DepartmentHead = "部门负责人",
        Handler = "经办人",
        DisciplineLiaison = "纪检监察联络员",
        Auditor = "审计员",
        GuidanceReviewer = "政务服务和大数据管理部门",
        Hotline = "12345热线",
        Complainant = "诉求人",
        SystemAdministrator = "系统管理员",
        SecurityAdministrator = "安全管理员",
        AuditAdministrator = "审计管理员",
        System = "系统",
    }
);

/// For whom somebody acts. On the wire `centre`, `department:ID`, `government`, `discipline`, `parent`, `hotline`,
/// `public`, or `unit:NAME`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum Office {
    /// 政务服务中心（便民服务中心）管理机构及其窗口
    Centre,
    /// 政务服务部门
    Department(DepartmentId),
    /// 同级政府
    Government,
    /// 同级纪检监察机关
    Discipline,
    /// 上级中心
    Parent,
    /// 12345 热线
    Hotline,
    /// 诉求人
    Public,
    /// 其他单位
    Unit(String),
}

impl fmt::Display for Office {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Centre => f.write_str("centre"),
            Self::Department(id) => write!(f, "department:{id}"),
            Self::Government => f.write_str("government"),
            Self::Discipline => f.write_str("discipline"),
            Self::Parent => f.write_str("parent"),
            Self::Hotline => f.write_str("hotline"),
            Self::Public => f.write_str("public"),
            Self::Unit(name) => write!(f, "unit:{name}"),
        }
    }
}
impl From<Office> for String {
    fn from(office: Office) -> Self {
        office.to_string()
    }
}
/// An office that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadOffice {
    /// Not one of the forms above.
    #[error(
        "办公机构“{0}”认不出：应为 centre、department:代码、government、discipline、parent、hotline、public 或 unit:名称"
    )]
    Unknown(String),
    /// `department:` with a bad id behind it.
    #[error(transparent)]
    Name(#[from] BadName),
}
impl TryFrom<String> for Office {
    type Error = BadOffice;
    fn try_from(text: String) -> Result<Self, BadOffice> {
        text.parse()
    }
}
impl std::str::FromStr for Office {
    type Err = BadOffice;
    fn from_str(text: &str) -> Result<Self, BadOffice> {
        Ok(match text.split_once(':') {
            Some(("department", id)) => Self::Department(DepartmentId::new(id)?),
            Some(("unit", name)) if !name.trim().is_empty() && name.chars().count() <= 100 => {
                Self::Unit(name.to_owned())
            }
            None if text == "centre" => Self::Centre,
            None if text == "government" => Self::Government,
            None if text == "discipline" => Self::Discipline,
            None if text == "parent" => Self::Parent,
            None if text == "hotline" => Self::Hotline,
            None if text == "public" => Self::Public,
            _ => return Err(BadOffice::Unknown(text.chars().take(60).collect())),
        })
    }
}

/// Who did something, in which role, for which office.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// The account.
    pub id: ActorId,
    /// In which role.
    pub role: Role,
    /// For which office.
    pub office: Office,
}

impl Actor {
    /// 系统: the sweeps.
    pub fn system() -> Self {
        let id = ActorId::new("system").expect("a plain word is an id");
        Self { id, role: Role::System, office: Office::Centre }
    }

    /// The department for which this person acts, if for one.
    pub fn department(&self) -> Option<&DepartmentId> {
        match &self.office {
            Office::Department(id) => Some(id),
            _ => None,
        }
    }
}
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}（{}）", self.id, self.role)
    }
}
