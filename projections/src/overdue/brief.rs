//! Obligations as a line of text, so that twenty thousand of them are read in milliseconds.
//!
//! ```text
//! a case      CASE NUMBER POLICY MARKS;OBLIGATION;…      0195a…1 2026-17 henan-2022-43@1 p;…
//! obligation  KIND/OWNER NO DUE MARKS ROUND FROM [OUTCOME ENDED_AT]      plan/department:scjg 4 1772848800000 - 1 1772416800000
//! ```
//!
//! Whatever somebody named himself is escaped: nothing that separates, and nothing that JSON would escape, stands in a name.

use std::fmt;

use cases::{
    Instant,
    obligation::{ObligationKind, Outcome, Owner},
    policy::PolicyRef,
};
use serde::{Serialize, de::DeserializeOwned, de::value::StrDeserializer};

use super::Row;
use crate::{
    Number,
    clocks::{Ended, Owed},
};

/// Between cases, where many stand in a row.
pub(super) const BETWEEN: char = '|';
const NONE: &str = "-";

/// A text that is none of these.
#[derive(Debug, thiserror::Error)]
#[error("obligations that this release does not write")]
pub(super) struct Unread;

/// What is said of a case before its obligations.
pub(super) fn head(row: &Row) -> String {
    let number = row.number.map_or_else(|| NONE.to_owned(), |Number { year, no }| format!("{year}-{no}"));
    let policy = row.policy.as_ref().map_or_else(|| NONE.to_owned(), ToString::to_string);
    let marks = match (row.historical, row.paused) {
        (false, false) => NONE,
        (true, false) => "h",
        (false, true) => "p",
        (true, true) => "hp",
    };
    format!("{number} {policy} {marks}")
}

/// Obligations end to end; nothing where there are none.
pub(super) fn obligations<'a>(all: impl Iterator<Item = &'a Owed>) -> Option<String> {
    use fmt::Write as _;
    let mut text = String::new();
    for owed in all {
        if !text.is_empty() {
            text.push(';');
        }
        let marks = if owed.provisional { "p" } else { NONE };
        let (no, round, from, due) = (owed.no, owed.round, owed.from.ms(), owed.due.ms());
        // It cannot fail: a text takes whatever is written.
        let _ = write!(text, "{}/{} {no} {due} {marks} {round} {from}", Wire(owed.kind), Name(&owed.owner));
        if let Some(end) = &owed.end {
            let _ = write!(text, " {} {}", Wire(end.outcome), end.at.ms());
        }
    }
    (!text.is_empty()).then_some(text)
}

/// A case of the text and its obligations, read no further than is needed.
pub(super) struct Case<'t> {
    pub(super) case: &'t str,
    pub(super) head: Head<'t>,
    obligations: &'t str,
}

/// What stands before the obligations.
pub(super) struct Head<'t> {
    pub(super) number: Option<Number>,
    /// As [`PolicyRef`] is shown.
    pub(super) policy: Option<&'t str>,
    pub(super) historical: bool,
    pub(super) paused: bool,
}

impl<'t> Case<'t> {
    pub(super) fn read(text: &'t str) -> Option<Self> {
        let (before, obligations) = text.split_once(';')?;
        let (case, head) = before.split_once(' ')?;
        Some(Self { case, head: Head::read(head)?, obligations })
    }

    pub(super) fn obligations(&self) -> impl Iterator<Item = Option<Obligation<'t>>> + use<'t> {
        self.obligations.split(';').map(Obligation::read)
    }
}

impl<'t> Head<'t> {
    pub(super) fn read(text: &'t str) -> Option<Self> {
        let mut fields = Fields(text);
        let (number, policy, marks) = (fields.next()?, fields.next()?, fields.next()?);
        Some(Self {
            number: if number == NONE { None } else { Some(self::number(number)?) },
            policy: (policy != NONE).then_some(policy),
            historical: marks.contains('h'),
            paused: marks.contains('p'),
        })
    }
}

/// One obligation: what it is judged by, and the rest unread.
#[derive(Clone, Copy)]
pub(super) struct Obligation<'t> {
    /// Kind and owner, which many have in common: read by [`what`].
    pub(super) what: &'t str,
    pub(super) no: u32,
    pub(super) due: Instant,
    pub(super) provisional: bool,
    rest: &'t str,
}

/// What is not asked of all.
pub(super) struct Rest {
    pub(super) round: u32,
    pub(super) from: Instant,
    pub(super) end: Option<Ended>,
}

impl<'t> Obligation<'t> {
    fn read(text: &'t str) -> Option<Self> {
        let mut fields = Fields(text);
        let (what, no) = (fields.next()?, fields.next()?.parse().ok()?);
        let (due, provisional) = (instant(fields.next()?)?, fields.next()? == "p");
        Some(Self { what, no, due, provisional, rest: fields.0 })
    }

    pub(super) fn rest(&self) -> Option<Rest> {
        let mut fields = Fields(self.rest);
        let (round, from) = (fields.next()?.parse().ok()?, instant(fields.next()?)?);
        let end = match fields.next() {
            Some(outcome) => Some(Ended { outcome: wire::<Outcome>(outcome)?, at: instant(fields.next()?)? }),
            None => None,
        };
        Some(Rest { round, from, end })
    }

    /// All of it; what its due times were before is not kept.
    fn owed(&self) -> Option<Owed> {
        let (kind, owner) = what(self.what)?;
        let Self { no, due, provisional, .. } = *self;
        let Rest { round, from, end } = self.rest()?;
        Some(Owed { no, kind, owner, round, from, due, earlier: Vec::new(), provisional, end })
    }
}

/// Between blanks. They are short: looking at each byte is faster than a search that is made for long texts.
struct Fields<'t>(&'t str);

impl<'t> Fields<'t> {
    fn next(&mut self) -> Option<&'t str> {
        let text = self.0;
        let blank = text.bytes().position(|byte| byte == b' ');
        let (field, rest) = blank.map_or((text, ""), |at| (&text[..at], &text[at + 1..]));
        self.0 = rest;
        (!field.is_empty()).then_some(field)
    }
}

/// The obligations of one text.
pub(super) fn read_all(text: &str) -> Option<Vec<Owed>> {
    text.split(';').map(|one| Obligation::read(one)?.owed()).collect()
}

/// Kind and owner.
pub(super) fn what(text: &str) -> Option<(ObligationKind, Owner)> {
    let (kind, owner) = text.split_once('/')?;
    Some((wire(kind)?, read_owner(owner)?))
}

pub(super) fn number(text: &str) -> Option<Number> {
    let (year, no) = text.rsplit_once('-')?;
    Some(Number { year: year.parse().ok()?, no: no.parse().ok()? })
}

pub(super) fn policy(text: &str) -> Option<PolicyRef> {
    let (id, version) = text.rsplit_once('@')?;
    Some(PolicyRef { id: id.parse().ok()?, version: version.parse().ok()? })
}

pub(super) fn instant(ms: &str) -> Option<Instant> {
    Instant::from_ms(ms.parse().ok()?)
}

/// A term by its name on the wire.
pub(super) struct Wire<T>(pub(super) T);

impl<T: Serialize> fmt::Display for Wire<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.serialize(f)
    }
}

pub(super) fn wire<T: DeserializeOwned>(name: &str) -> Option<T> {
    T::deserialize(StrDeserializer::<serde::de::value::Error>::new(name)).ok()
}

/// An owner in letters, digits and `_-~:` alone, so that it can stand in an address too.
pub(super) struct Name<'a>(pub(super) &'a Owner);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (of, name) = match self.0 {
            Owner::Window => return f.write_str("window"),
            Owner::Centre => return f.write_str("centre"),
            Owner::Manager => return f.write_str("manager"),
            Owner::Department(id) => ("department", id.as_str()),
            Owner::Unit(name) => ("unit", name.as_str()),
        };
        write!(f, "{of}:")?;
        name.bytes().try_for_each(|byte| match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'-' => write!(f, "{}", char::from(byte)),
            other => write!(f, "~{other:02X}"),
        })
    }
}

pub(super) fn read_owner(text: &str) -> Option<Owner> {
    Some(match text.split_once(':') {
        None if text == "window" => Owner::Window,
        None if text == "centre" => Owner::Centre,
        None if text == "manager" => Owner::Manager,
        Some(("department", name)) => Owner::Department(unescaped(name)?.parse().ok()?),
        Some(("unit", name)) => Owner::Unit(unescaped(name)?),
        _ => return None,
    })
}

fn unescaped(text: &str) -> Option<String> {
    let mut parts = text.split('~');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (byte, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(byte, 16).ok()?);
        bytes.extend(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use cases::{ids::DepartmentId, obligation::Owner};

    use super::{Name, read_owner};

    #[test]
    fn any_name_goes_through_and_nothing_in_it_separates() {
        let department = |name: &str| Owner::Department(DepartmentId::new(name).unwrap());
        let unit = |name: &str| Owner::Unit(name.to_owned());
        let names = ["", "~", "~41", "a|b;c d/e", "\"\\\u{1}", "县:住建局", "a.b-c_d"];
        let all = [Owner::Window, Owner::Centre, Owner::Manager, department("scjg"), department("住建|局~\"")];
        for owner in all.into_iter().chain(names.map(unit)) {
            let text = Name(&owner).to_string();
            assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-~:".contains(&byte)), "{text}");
            assert_eq!(read_owner(&text), Some(owner));
        }
        for text in ["", "nobody", "unit", "unit:~", "unit:~4", "unit:~zz", "unit:~FF", "department:", "window:x"] {
            assert_eq!(read_owner(text), None, "{text}");
        }
    }
}
