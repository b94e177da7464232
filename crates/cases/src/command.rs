//! 命令: one JSON object a line, as `apply` and the HTTP API take them.
//!
//! A line is the envelope (`command`, `id`, `centre`, `case`, `version`, `by`, `occurred_at`, `recorded_at`, `late`)
//! and the command's own fields side by side. What a command does not know is refused by name: a misspelt field is
//! never silently dropped.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sm3::{Digest, Sm3};

use crate::{
    case::CaseCommand,
    centre::CentreCommand,
    entry::Cause,
    ids::{CaseId, CentreCode, CommandId, FileHash},
    people::Actor,
    refusal::Refusal,
    time::Instant,
};

/// The most characters of one text in a command. Longer papers come as attachments.
pub const MAX_TEXT_CHARS: usize = 20_000;

/// What every command line says.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Envelope {
    /// The command's name.
    pub command: String,
    /// The command's own id: sent again, it is answered again and not done twice.
    pub id: CommandId,
    pub centre: CentreCode,
    /// The case; for `accept` a UUIDv7 that the client chose. Absent for commands on the centre itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
    /// The version that the person saw; given, anything newer refuses the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    pub by: Actor,
    /// When it happened, if not now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Instant>,
    /// Simulated directories only: when it is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<Instant>,
    /// 补录: reason and evidence of a late entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<LateFields>,
}

/// 补录: why an entry comes late, and what shows that it is true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LateFields {
    pub reason: String,
    /// SM3 of the scan, or of the imported file.
    pub evidence: FileHash,
    /// 历史件 only: the second person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<Actor>,
}

/// A command on a case, read.
#[derive(Debug, Clone)]
pub struct CaseCommandLine {
    pub case: CaseId,
    pub centre: CentreCode,
    pub version: Option<u64>,
    pub by: Actor,
    pub occurred_at: Option<Instant>,
    pub recorded_at: Option<Instant>,
    pub late: Option<LateFields>,
    pub cause: Cause,
    pub command: CaseCommand,
}

/// A command on the centre itself, read.
#[derive(Debug, Clone)]
pub struct CentreCommandLine {
    pub centre: CentreCode,
    pub version: Option<u64>,
    pub by: Actor,
    pub occurred_at: Option<Instant>,
    pub recorded_at: Option<Instant>,
    pub cause: Cause,
    pub command: CentreCommand,
}

/// Either.
#[derive(Debug, Clone)]
pub enum CommandLine {
    Case(Box<CaseCommandLine>),
    Centre(Box<CentreCommandLine>),
}

/// Envelope fields: everything else belongs to the command itself.
const ENVELOPE: [&str; 9] = ["command", "id", "centre", "case", "version", "by", "occurred_at", "recorded_at", "late"];

impl CommandLine {
    /// Reads one line.
    pub fn read(line: &str) -> Result<Self, Refusal> {
        let value: Value = serde_json::from_str(line).map_err(unreadable)?;
        Self::from_value(value)
    }

    /// The same from parsed JSON.
    pub fn from_value(value: Value) -> Result<Self, Refusal> {
        check_texts(&value, "")?;
        let Value::Object(map) = value else {
            return Err(Refusal::Unreadable { reason: "应为一个JSON对象".to_owned() });
        };
        let digest = digest(&map);
        let (envelope, fields): (Map<_, _>, Map<_, _>) =
            map.into_iter().partition(|(key, _)| ENVELOPE.contains(&key.as_str()));
        let envelope: Envelope = serde_json::from_value(Value::Object(envelope)).map_err(unreadable)?;
        let Envelope { command, id, centre, case, version, by, occurred_at, recorded_at, late } = envelope;
        let fields = Value::Object(fields);
        let cause = Cause { id, digest };
        if let Some(read) = CaseCommand::read(&command, fields.clone()) {
            let command = read.map_err(unreadable)?;
            let case = case.ok_or_else(|| Refusal::Unreadable { reason: "缺少 case".to_owned() })?;
            let line = CaseCommandLine { case, centre, version, by, occurred_at, recorded_at, late, cause, command };
            return Ok(Self::Case(Box::new(line)));
        }
        match CentreCommand::read(&command, fields) {
            Some(read) => {
                let command = read.map_err(unreadable)?;
                if case.is_some() || late.is_some() {
                    return Err(Refusal::Unreadable { reason: "中心的命令不带 case 和 late".to_owned() });
                }
                let line = CentreCommandLine { centre, version, by, occurred_at, recorded_at, cause, command };
                Ok(Self::Centre(Box::new(line)))
            }
            None => Err(Refusal::Unreadable { reason: format!("没有名为 {command} 的命令") }),
        }
    }

    /// For which centre.
    pub fn centre(&self) -> &CentreCode {
        match self {
            Self::Case(line) => &line.centre,
            Self::Centre(line) => &line.centre,
        }
    }

    /// When it happened and when it is to be recorded, as far as it says.
    pub fn times(&self) -> (Option<Instant>, Option<Instant>) {
        match self {
            Self::Case(line) => (line.occurred_at, line.recorded_at),
            Self::Centre(line) => (line.occurred_at, line.recorded_at),
        }
    }
}

impl CaseCommandLine {
    /// A command made inside the program (sweeps, import, demo): the digest comes from the same canonical form.
    pub fn new(case: CaseId, centre: CentreCode, by: Actor, id: CommandId, command: CaseCommand) -> Self {
        let mut map = said(command.name(), command.fields(), id, &centre, &by);
        map.insert("case".to_owned(), case.to_string().into());
        let cause = Cause { id, digest: digest(&map) };
        Self { case, centre, version: None, by, occurred_at: None, recorded_at: None, late: None, cause, command }
    }
}

impl CentreCommandLine {
    /// A command made inside the program (command line, import, demo).
    pub fn new(
        centre: CentreCode,
        by: Actor,
        id: CommandId,
        recorded_at: Option<Instant>,
        command: CentreCommand,
    ) -> Self {
        let cause = Cause { id, digest: digest(&said(command.name(), command.fields(), id, &centre, &by)) };
        Self { centre, version: None, by, occurred_at: None, recorded_at, cause, command }
    }
}

/// The line that `apply` would have read for a command made inside the program.
fn said(command: &str, fields: Value, id: CommandId, centre: &CentreCode, by: &Actor) -> Map<String, Value> {
    let mut map = match fields {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    map.insert("command".to_owned(), command.into());
    map.insert("id".to_owned(), id.to_string().into());
    map.insert("centre".to_owned(), centre.as_str().into());
    map.insert("by".to_owned(), serde_json::to_value(by).unwrap_or_default());
    map
}

/// What a command says, apart from what a retry may change: the version seen and the time of recording.
fn digest(map: &Map<String, Value>) -> FileHash {
    let said: Map<String, Value> = map
        .iter()
        .filter(|(key, _)| !["version", "recorded_at"].contains(&key.as_str()))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    hash(Value::Object(said).to_string().as_bytes())
}

/// SM3 in lower-case hexadecimal.
pub fn hash(bytes: &[u8]) -> FileHash {
    in_hex(&Sm3::digest(bytes).into())
}

/// A hash's 32 bytes in lower-case hexadecimal.
pub fn in_hex(hash: &[u8; 32]) -> FileHash {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    // By hand: several a command, and a formatter called for each byte cost more than the hash.
    let digit = |four_bits: u8| char::from(DIGITS[usize::from(four_bits)]);
    let hex: String = hash.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
    FileHash::new(hex).expect("64 hexadecimal digits are a hash")
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unreadable(error: serde_json::Error) -> Refusal {
    Refusal::Unreadable { reason: error.to_string() }
}

/// Bounds every text of a command before anything else looks at it.
fn check_texts(value: &Value, field: &str) -> Result<(), Refusal> {
    match value {
        Value::String(text) if text.contains('\0') => Err(Refusal::TextUnreadable { field: field.to_owned() }),
        Value::String(text) if text.len() > MAX_TEXT_CHARS && text.chars().count() > MAX_TEXT_CHARS => {
            Err(Refusal::TextTooLong { field: field.to_owned(), most: MAX_TEXT_CHARS })
        }
        Value::Array(list) => list.iter().try_for_each(|item| check_texts(item, field)),
        // A policy's text is a file, bounded where files are read.
        Value::Object(map) => {
            map.iter().filter(|(key, _)| *key != "policy_text").try_for_each(|(key, item)| check_texts(item, key))
        }
        _ => Ok(()),
    }
}
