//! `yousu apply FILE.jsonl`: commands, one JSON object a line, one result a line.

use std::{
    io::{BufRead, BufReader, Read},
    path::PathBuf,
};

use anyhow::Context as _;
use cases::{CommandLine, Refusal};
use event_log::Priority;
use serde_json::{Value, json};

use super::{Format, Status};
use crate::{
    engine::{Done, Engine, EngineError},
    installation::Place,
};

#[derive(Debug, clap::Args)]
pub(crate) struct ApplyArgs {
    /// The file; `-` reads standard input
    file: PathBuf,
}

/// The longest line that is read: more than any command may hold.
const MAX_LINE_BYTES: usize = 1 << 20;

pub(super) async fn run(place: &Place, format: Format, args: &ApplyArgs) -> anyhow::Result<Status> {
    let input: Box<dyn Read + Send> = if args.file.as_os_str() == "-" {
        Box::new(std::io::stdin())
    } else {
        let named = || format!("cannot open {}: give a file of commands, one JSON object a line", args.file.display());
        Box::new(std::fs::File::open(&args.file).with_context(named)?)
    };
    let engine = place.write().await?;
    let status = all(&engine, format, args, input).await;
    // Also where a line stopped it: what was acknowledged before stands, and may be about somebody who is to be forgotten.
    let carried_out = place.carry_out(&engine, status.is_ok()).await;
    engine.log().close().await;
    let status = status?;
    carried_out.map(|_| status)
}

async fn all(engine: &Engine, format: Format, args: &ApplyArgs, input: Box<dyn Read + Send>) -> anyhow::Result<Status> {
    let mut status = Status::Done;
    let mut input = BufReader::new(input);
    let mut number = 0_usize;
    while let Some(line) = next_line(&mut input)? {
        number += 1;
        if line.trim().is_empty() {
            continue;
        }
        let value: Result<Value, _> = serde_json::from_str(&line);
        let id = value.as_ref().ok().and_then(|value| value.get("id").cloned()).unwrap_or(Value::Null);
        let read = value
            .map_err(|error| Refusal::Unreadable { reason: error.to_string() })
            .and_then(CommandLine::from_value)
            .map_err(EngineError::from);
        let result = match read {
            Ok(command) => engine.submit(&command, Priority::People).await,
            Err(error) => Err(error),
        };
        match result {
            Ok(done) => super::print(format!("{}\n", said(format, number, &id, &done)).as_bytes())?,
            Err(EngineError::Refused(refusal)) => {
                status = Status::Refused;
                super::print(format!("{}\n", refused(format, number, &id, &refusal)).as_bytes())?;
            }
            // Anything else stops here: what follows may rest on it. What was acknowledged stands.
            Err(error) => {
                return Err(anyhow::Error::new(error).context(format!("line {number} of {}", args.file.display())));
            }
        }
    }
    Ok(status)
}

/// A line without its end; an endless one is an error, not memory.
fn next_line(input: &mut impl BufRead) -> anyhow::Result<Option<String>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_LINE_BYTES + 1)?;
    input.take(limit).read_until(b'\n', &mut bytes).context("the input cannot be read")?;
    if bytes.is_empty() {
        return Ok(None);
    }
    anyhow::ensure!(bytes.len() <= MAX_LINE_BYTES, "a line is longer than {MAX_LINE_BYTES} bytes: one command a line");
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

fn said(format: Format, line: usize, id: &Value, done: &Done) -> String {
    if format == Format::Json {
        return json!({"line": line, "id": id, "ok": true, "already": done.already, "events": done.events}).to_string();
    }
    let events: Vec<_> = done.events.iter().map(|event| format!("{}@{}", event.kind, event.position)).collect();
    let already = if done.already { " (already so)" } else { "" };
    format!("{line}: ok{already} {}", events.join(" ")).trim_end().to_owned()
}

fn refused(format: Format, line: usize, id: &Value, refusal: &Refusal) -> String {
    let (code, article, message) = (refusal.code(), refusal.article(), refusal.to_string());
    if format == Format::Json {
        let refusal = json!({"code": code, "article": article, "message": message});
        return json!({"line": line, "id": id, "ok": false, "refusal": refusal}).to_string();
    }
    format!("{line}: refused {code} ({article}) {message}")
}
