//! A record becomes a row, or says why not.

use cases::{
    case::{
        intake::accepted::{Category, Complainant, External},
        triage::Kind,
    },
    command::MAX_TEXT_CHARS,
    ids::DepartmentId,
};

use crate::{
    Choice, Classification, Department, Digest, Mapping, Reason, Rejection, Reply, Row, TextField, TimeField, When,
    cell::{Cell, Record},
    heads::Heads,
    mapping::{NoTime, from_serial},
    text,
};

const MAX_NUMBER_CHARS: usize = 100;
const MAX_LINE_CHARS: usize = 500;
/// What of a narrative stands in for a summary that the file does not have.
const SUMMARY_CHARS: usize = 60;
/// What an error quotes of a cell.
const QUOTED_CHARS: usize = 40;

/// What is wrong, and in which column.
struct Fault {
    column: Option<String>,
    reason: Reason,
}

impl From<Reason> for Fault {
    fn from(reason: Reason) -> Self {
        Self { column: None, reason }
    }
}

/// One record, with what it takes to read it.
pub(crate) struct Convert<'a> {
    pub(crate) mapping: &'a Mapping,
    pub(crate) heads: &'a Heads,
    pub(crate) record: &'a Record,
}

/// A row or its rejection; beside it the number, as soon as there is one.
pub(crate) struct Converted {
    pub(crate) number: Option<String>,
    pub(crate) row: Result<Row, Rejection>,
}

impl Convert<'_> {
    pub(crate) fn run(&self) -> Converted {
        let line = self.record.line;
        let number = self.fits().and_then(|()| self.number());
        let row = match &number {
            Ok(number) => self.row(number),
            Err(Fault { column, reason }) => Err(Fault { column: column.clone(), reason: reason.clone() }),
        };
        let number = number.ok();
        let reject =
            |fault: Fault| Rejection { line, number: number.clone(), column: fault.column, reason: fault.reason };
        Converted { row: row.map_err(reject), number }
    }

    /// A text file's record has as many cells as the head; a workbook leaves out empty ones at the end.
    fn fits(&self) -> Result<(), Fault> {
        let Self { heads, record, .. } = self;
        let beyond = || (heads.count..record.cells.len()).chain(heads.nameless.iter().copied());
        let filled = |n: &usize| record.cells.get(*n).is_some_and(|cell| !cell.is_blank());
        if record.cell_count != heads.count && !record.may_be_ragged {
            return Err(Reason::CellCount { expected: heads.count, found: record.cell_count }.into());
        }
        beyond().find(filled).map_or(Ok(()), |n| Err(Reason::Headless(n + 1).into()))
    }

    fn number(&self) -> Result<String, Fault> {
        let number = self.line(Some(&self.mapping.fields.number), MAX_NUMBER_CHARS, true)?;
        number.ok_or_else(|| at(self.mapping.fields.number.column.as_deref(), Reason::Empty))
    }

    fn row(&self, number: &str) -> Result<Row, Fault> {
        let Mapping { fields, source, historical, limit_working_days, .. } = self.mapping;
        let (summary, narrative) = self.said()?;
        let raised_at = self.time(fields.raised_at.as_ref(), None)?;
        let accepted_at = match (self.time(fields.accepted_at.as_ref(), None)?, raised_at) {
            _ if historical.is_none() => None,
            (Some(accepted_at), _) => Some(accepted_at),
            (None, Some(raised_at)) => Some(raised_at),
            (None, None) => {
                let column = fields.accepted_at.as_ref().or(fields.raised_at.as_ref()).map(|f| f.column.as_str());
                return Err(at(column, Reason::Empty));
            }
        };
        let dispatched_at = self.time(fields.dispatched_at.as_ref(), accepted_at)?;
        let reply = self.reply(accepted_at)?;
        in_order(&[
            ("反映时间", raised_at),
            ("受理时间", accepted_at),
            ("转办时间", dispatched_at),
            ("答复时间", reply.as_ref().map(|reply| reply.at)),
        ])?;
        let named_kind = |text: &str| Kind::read(text).filter(|kind| kind.grounds().is_empty());
        let row = Row {
            line: self.record.line,
            external: External { source: source.clone(), number: number.to_owned() },
            complainant: self.complainant()?,
            category: self.choice(&fields.category, |text| {
                Category::read(text).ok_or_else(|| Reason::UnknownValue(quoted(text)))
            })?,
            sub_category: self.line(fields.sub_category.as_ref(), MAX_LINE_CHARS, false)?,
            summary,
            narrative,
            raised_at,
            accepted_at,
            classification: fields
                .kind
                .as_ref()
                .map(|choice| {
                    self.choice(choice, |text| {
                        let unknown = || Reason::UnknownValue(quoted(text));
                        named_kind(text).map(|kind| Classification { kind, ground: None }).ok_or_else(unknown)
                    })
                })
                .transpose()?,
            department: fields.department.as_ref().map(|choice| self.choice(choice, department)).transpose()?,
            dispatched_at,
            limit_working_days: *limit_working_days,
            reply,
            repeats: None,
            body_hash: Digest::of(b""),
            content_hash: Digest::of(b""),
        };
        Ok(row.seal())
    }

    /// Summary and narrative. One that has no column is made from the other; one whose cell is empty is a fault.
    fn said(&self) -> Result<(String, String), Fault> {
        let fields = &self.mapping.fields;
        let needed =
            |field: &TextField, read: Option<String>| read.ok_or_else(|| at(field.column.as_deref(), Reason::Empty));
        let summary = match &fields.summary {
            Some(field) => Some(needed(field, self.line(Some(field), MAX_LINE_CHARS, false)?)?),
            None => None,
        };
        let narrative = match &fields.narrative {
            Some(field) => Some(needed(field, self.text(Some(field), MAX_TEXT_CHARS)?)?),
            None => None,
        };
        let narrative = narrative.or_else(|| summary.clone()).unwrap_or_default();
        let summary = summary.unwrap_or_else(|| shortened(&narrative, SUMMARY_CHARS));
        Ok((summary, narrative))
    }

    fn complainant(&self) -> Result<Complainant, Fault> {
        let Mapping { fields, anonymous, .. } = self.mapping;
        let line = |field: &Option<TextField>| self.line(field.as_ref(), MAX_LINE_CHARS, false);
        let digits = |field: &Option<TextField>| self.line(field.as_ref(), MAX_LINE_CHARS, true);
        let name = line(&fields.name)?.filter(|name| !anonymous.names.contains(name));
        let contact_person = line(&fields.contact_person)?;
        let (telephone, address) = (digits(&fields.telephone)?, line(&fields.address)?);
        let person = match line(&fields.unit)? {
            Some(unit) => Complainant {
                name: Some(unit),
                is_unit: true,
                contact_person: contact_person.or(name),
                telephone,
                address,
                anonymous: false,
            },
            // 单位联系人 is for units only (附件 2, note 1): beside a person's own name it is not kept.
            None => Complainant {
                name: name.or(contact_person),
                is_unit: false,
                contact_person: None,
                telephone,
                address,
                anonymous: false,
            },
        };
        let reachable = person.name.is_some() || person.telephone.is_some() || person.address.is_some();
        if !reachable && !self.may_be_anonymous()? {
            return Err(Reason::NoContact.into());
        }
        Ok(Complainant { anonymous: !reachable, ..person })
    }

    fn may_be_anonymous(&self) -> Result<bool, Fault> {
        let Mapping { fields, anonymous, .. } = self.mapping;
        let named = self.line(fields.name.as_ref(), MAX_LINE_CHARS, false)?;
        Ok(anonymous.without_contact || named.is_some_and(|name| anonymous.names.contains(&name)))
    }

    fn reply(&self, accepted: Option<When>) -> Result<Option<Reply>, Fault> {
        let fields = &self.mapping.fields;
        let (Some(text), Some(time)) = (&fields.reply, &fields.replied_at) else { return Ok(None) };
        let replied_at = self.time(Some(time), accepted)?;
        // A text that the mapping supplies tells of no reply; the time does.
        let written = self.cell_text(text)?.is_some();
        match (replied_at, self.text(Some(text), MAX_TEXT_CHARS)?) {
            (None, _) if written => Err(at(Some(&time.column), Reason::ReplyWithoutTime)),
            (None, _) => Ok(None),
            (Some(replied_at), Some(text)) => Ok(Some(Reply { text, at: replied_at })),
            (Some(_), None) => Err(at(text.column.as_deref(), Reason::TimeWithoutReply)),
        }
    }

    /// A text of one line.
    fn line(&self, field: Option<&TextField>, most: usize, digits: bool) -> Result<Option<String>, Fault> {
        let line = self.text(field, most)?.map(|text| text::clean_line(&text));
        match (&line, field) {
            (Some(line), Some(field)) if digits && is_scientific(line) => {
                Err(at(field.column.as_deref(), Reason::Scientific(quoted(line))))
            }
            _ => Ok(line),
        }
    }

    /// A cleaned text, or what the mapping puts in its place; `None` where both are empty.
    fn text(&self, field: Option<&TextField>, most: usize) -> Result<Option<String>, Fault> {
        let Some(field) = field else { return Ok(None) };
        let text = self.cell_text(field)?.or_else(|| field.fixed.clone()).or_else(|| field.if_empty.clone());
        match text {
            Some(text) if text.len() > most && text.chars().count() > most => {
                Err(at(field.column.as_deref(), Reason::TooLong { most }))
            }
            text => Ok(text),
        }
    }

    fn cell_text(&self, field: &TextField) -> Result<Option<String>, Fault> {
        let Some(column) = &field.column else { return Ok(None) };
        let cleaned = self.plain(column)?;
        Ok(Some(cleaned).filter(|text| !text.is_empty()))
    }

    /// The cell as cleaned text, whatever kind of cell it is.
    fn plain(&self, column: &str) -> Result<String, Fault> {
        let fault = |reason| at(Some(column), reason);
        match self.heads.cell(self.record, column) {
            Cell::Text(text) if text.contains('\0') => Err(fault(Reason::Nul)),
            Cell::Text(text) => Ok(text::clean(text)),
            Cell::Number(number) => plain_number(*number).map_err(fault),
            Cell::Date(serial) => from_serial(*serial)
                .map(|when| when.to_string())
                .map_err(|_| fault(Reason::NoSuchTime(serial.to_string()))),
            Cell::TooLong => Err(fault(Reason::TooLarge)),
            Cell::Error(error) => Err(fault(Reason::CellError(error.clone()))),
        }
    }

    fn time(&self, field: Option<&TimeField>, accepted: Option<When>) -> Result<Option<When>, Fault> {
        let Some(TimeField { column, formats }) = field else { return Ok(None) };
        let fault = |no_time, text: &str| {
            let reason = match no_time {
                NoTime::DoesNotExist => Reason::NoSuchTime(quoted(text)),
                NoTime::StrangeYear => Reason::StrangeYear(quoted(text)),
                NoTime::Unreadable => Reason::UnknownTime {
                    text: quoted(text),
                    formats: formats.iter().map(ToString::to_string).collect::<Vec<_>>().join("、"),
                },
            };
            at(Some(column), reason)
        };
        match self.heads.cell(self.record, column) {
            Cell::Date(serial) => {
                return from_serial(*serial).map(Some).map_err(|no_time| fault(no_time, &serial.to_string()));
            }
            Cell::Number(serial) if formats.iter().any(crate::TimeFormat::is_excel) => {
                return from_serial(*serial).map(Some).map_err(|no_time| fault(no_time, &serial.to_string()));
            }
            _ => {}
        }
        let text = self.plain(column)?.replace('\n', " ");
        if text.is_empty() {
            return Ok(None);
        }
        let mut worst = NoTime::Unreadable;
        for format in formats {
            match format.parse(&text, accepted) {
                Ok(when) => return Ok(Some(when)),
                Err(no_time) => worst = worst.max(no_time),
            }
        }
        Err(fault(worst, &text))
    }

    fn choice<T: Clone>(&self, choice: &Choice<T>, read: impl Fn(&str) -> Result<T, Reason>) -> Result<T, Fault> {
        let Choice { fixed, column, values, as_written, otherwise } = choice;
        let Some(column) = column else {
            return fixed.clone().ok_or_else(|| Reason::Empty.into());
        };
        let text = self.plain(column)?.replace('\n', " ");
        let known = values.get(&text).cloned();
        let read = || if *as_written && !text.is_empty() { read(&text) } else { Err(unlisted(&text)) };
        known.map_or_else(read, Ok).or_else(|reason| otherwise.clone().ok_or_else(|| at(Some(column), reason)))
    }
}

fn at(column: Option<&str>, reason: Reason) -> Fault {
    Fault { column: column.map(str::to_owned), reason }
}

fn unlisted(text: &str) -> Reason {
    if text.is_empty() { Reason::Empty } else { Reason::UnknownValue(quoted(text)) }
}

fn quoted(text: &str) -> String {
    shortened(text, QUOTED_CHARS)
}

fn shortened(text: &str, most: usize) -> String {
    let line = text.replace('\n', " ");
    if line.chars().count() <= most { line } else { line.chars().take(most).chain(['…']).collect() }
}

fn department(text: &str) -> Result<Department, Reason> {
    let code = DepartmentId::new(text).map_err(|_| Reason::BadDepartment(quoted(text)))?;
    Ok(Department { code, name: text.to_owned() })
}

/// A number as somebody typed it. Beyond fifteen digits a spreadsheet has replaced the last ones by zeros.
fn plain_number(number: f64) -> Result<String, Reason> {
    const EXACT: f64 = 1e15;
    if number.abs() >= EXACT { Err(Reason::DigitsLost(number.to_string())) } else { Ok(number.to_string()) }
}

/// As in 1.93822E+05: what a spreadsheet leaves of a long number when it saves as CSV.
fn is_scientific(text: &str) -> bool {
    text.split_once(['E', 'e']).is_some_and(|(mantissa, exponent)| {
        exponent.starts_with('+')
            && mantissa.contains('.')
            && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'E' | b'e' | b'+'))
    })
}

/// Each after the one before it, as far as the file's times can tell.
fn in_order(times: &[(&'static str, Option<When>)]) -> Result<(), Fault> {
    let mut latest: Option<(&'static str, When)> = None;
    for (name, when) in times {
        let Some(when) = *when else { continue };
        if let Some((earlier, earlier_at)) = latest.filter(|(_, before)| when.surely_before(*before)) {
            let (later_at, earlier_at) = (when.to_string(), earlier_at.to_string());
            return Err(Reason::Order { later: name, later_at, earlier, earlier_at }.into());
        }
        latest = Some((name, when));
    }
    Ok(())
}
