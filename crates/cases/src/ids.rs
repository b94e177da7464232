//! Names of things. Each is checked where it enters, so that no later code meets an empty or endless one.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a piece of text is no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}“{text}”不合规定：{rule}")]
pub struct BadName {
    what: &'static str,
    text: String,
    rule: &'static str,
}

macro_rules! text_id {
    ($(#[$meta:meta])* $name:ident, $what:literal, $rule:literal, $ok:expr) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(with = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks the text.
            pub fn new(text: impl Into<String>) -> Result<Self, BadName> {
                let text = text.into();
                let ok: fn(&str) -> bool = $ok;
                if ok(&text) {
                    Ok(Self(text))
                } else {
                    Err(BadName { what: $what, text: text.chars().take(80).collect(), rule: $rule })
                }
            }

            /// The text itself.
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl TryFrom<String> for $name {
            type Error = BadName;
            fn try_from(text: String) -> Result<Self, BadName> { Self::new(text) }
        }
        impl From<$name> for String {
            fn from(id: $name) -> String { id.0 }
        }
        impl std::str::FromStr for $name {
            type Err = BadName;
            fn from_str(text: &str) -> Result<Self, BadName> { Self::new(text) }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
    };
}

/// Printable, without white space at the ends or control characters inside.
fn is_label(text: &str, most: usize) -> bool {
    !text.is_empty() && text.trim() == text && text.chars().count() <= most && !text.chars().any(char::is_control)
}

text_id!(
    /// 区划代码 (GB/T 2260, 6 digits; a town's has 9 or 12): it names the centre (政务服务中心 / 便民服务中心) of that division.
    CentreCode, "中心代码", "应为6、9或12位数字",
    |t| matches!(t.len(), 6 | 9 | 12) && t.bytes().all(|b| b.is_ascii_digit())
);
text_id!(
    /// A department (政务服务部门, 窗口科室) of a centre, by the centre's own short name for it.
    DepartmentId, "部门代码", "1至40字，不含空白和冒号",
    |t| is_label(t, 40) && !t.contains([':', '；', '、']) && !t.contains(char::is_whitespace)
);
text_id!(
    /// Somebody who acts: an account's id, never a person's name.
    ActorId, "人员代号", "1至64字，首尾无空白",
    |t| is_label(t, 64)
);
text_id!(
    /// A policy, as in `henan-2022-43`.
    PolicyId, "政策代号", "小写字母、数字和连字符，1至64位",
    |t| is_label(t, 64) && t.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
);
text_id!(
    /// A file's SM3 hash in lower-case hexadecimal (64 digits).
    FileHash, "文件哈希", "应为64位十六进制SM3值",
    |t| t.len() == 64 && t.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
);

macro_rules! uuid_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> { text.parse().map(Self) }
        }
    };
}

uuid_id!(
    /// A case (诉求件): also the name of its stream in the log.
    CaseId
);
uuid_id!(
    /// A command's own id, chosen by whoever sends it: the key of idempotency.
    CommandId
);
uuid_id!(
    /// A person whose data stands sealed in events. One complainant of one case is one person, so that erasing
    /// one appeal does not depend on guessing who else might be the same human being.
    PersonId
);

impl CaseId {
    /// The case of an appeal that another system numbered: the same number never makes two cases (H-三(二)).
    pub fn of_external(centre: &CentreCode, source: &str, number: &str) -> Self {
        Self(Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("yousu:case:{centre}:{source}:{number}").as_bytes()))
    }

    /// The complainant (诉求人) of this case.
    pub fn complainant(self) -> PersonId {
        PersonId(Uuid::new_v5(&self.0, b"complainant"))
    }

    /// The `n`th member of staff whom this appeal complains about, counted from 0.
    pub fn complained_about(self, n: usize) -> PersonId {
        PersonId(Uuid::new_v5(&self.0, format!("complained-about:{n}").as_bytes()))
    }

    /// The id of a command that a rule gives rise to: the same cause always gives the same id, on any node.
    pub fn rule_command(self, cause: &str) -> CommandId {
        CommandId(Uuid::new_v5(&self.0, format!("rule:{cause}").as_bytes()))
    }
}

impl CentreCode {
    /// The stream that holds the centre's own events.
    pub fn stream(&self) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("yousu:centre:{self}").as_bytes())
    }
}
