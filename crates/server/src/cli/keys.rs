//! `yousu keys`: the public keys of a centre's log, for whoever is to check it; and how they change.

use std::path::PathBuf;

use anyhow::Context as _;
use cases::{
    Centre, CentreCode, Instant,
    centre::log_keys_changed::{ChangeLogKeys, KeyChangeReason, LogKeysChanged},
    command::CentreCommandLine,
    ids::CommandId,
};
use clap::Subcommand;
use event_log::Priority;
use serde_json::json;
use transparency::{
    key_change::{KeyChange, Why},
    note::{SigningKey, VerifierKey},
};
use uuid::Uuid;

use super::{By, Format, Status};
use crate::{
    engine::Engine,
    installation::{Place, the_centre},
    key_changes,
    keys::{self, Keys},
    wire,
};

#[derive(Debug, clap::Args)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    step: Option<Step>,
    /// Whose [default: the only centre there is]
    #[arg(long, global = true, value_name = "CODE")]
    centre: Option<CentreCode>,
    /// Where to [default: standard output]
    #[arg(short, global = true, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Replace the keys that sign the log, and write the statement (换钥声明) by which whoever pinned the old ones follows to the new ones
    Change {
        /// rotated: they served long enough; succeeded: another body took the log over; lost: nobody has the old ones any more; revoked:
        /// somebody else may have them, and whatever they signed means nothing any more, receipts among it
        #[arg(value_parser = reason)]
        reason: KeyChangeReason,
        /// With `lost` and `revoked`: public keys that end besides those that the log names, as somebody pinned them
        #[arg(long, value_name = "FILE")]
        old: Option<PathBuf>,
        /// Simulated directories only: when it is recorded
        #[arg(long, value_name = "TIME")]
        at: Option<Instant>,
        #[command(flatten)]
        by: By,
    },
    /// Write a statement that was made before
    Statement {
        /// Which, from 1 [default: the last]
        number: Option<usize>,
    },
}

fn reason(text: &str) -> Result<KeyChangeReason, String> {
    KeyChangeReason::read(text).ok_or_else(|| "one of rotated, succeeded, lost, revoked".to_owned())
}

pub(super) async fn run(place: &Place, format: Format, args: KeysArgs) -> anyhow::Result<Status> {
    let KeysArgs { step, centre, output } = args;
    let engine = place.read().await?;
    let code = the_centre(&engine, centre.as_ref()).await?;
    let centre = engine.centre(&code).await?;
    engine.log().close().await;
    let text = match step {
        None => {
            let keys = Keys::of(place.data(), &centre)?.public();
            if format == Format::Json {
                format!("{}\n", json!({"centre": code, "keys": keys}))
            } else {
                keys.iter().map(|key| format!("{key}\n")).collect()
            }
        }
        Some(Step::Statement { number }) => {
            let all = &centre.log_key_changes;
            let which = number.unwrap_or(all.len()).checked_sub(1).and_then(|at| all.get(at));
            let which = which.with_context(|| format!("centre {code} has {} statements about its keys", all.len()))?;
            said(format, &code, &which.statement)
        }
        Some(Step::Change { reason, old, at, by }) => {
            let engine = place.write().await?;
            let statement = change(place, &engine, &code, reason, old, (by, at)).await;
            engine.log().close().await;
            said(format, &code, &statement?)
        }
    };
    write(output.as_deref(), &text)?;
    Ok(Status::Done)
}

fn said(format: Format, code: &CentreCode, statement: &str) -> String {
    if format == Format::Json {
        return format!("{}\n", json!({"centre": code, "statement": statement}));
    }
    statement.to_owned()
}

/// Draws new keys, records that they count from here on, and puts them in place.
async fn change(
    place: &Place,
    engine: &Engine,
    code: &CentreCode,
    reason: KeyChangeReason,
    old: Option<PathBuf>,
    (by, at): (By, Option<Instant>),
) -> anyhow::Result<String> {
    let centre = engine.centre(code).await?;
    let (signers, ended) = ending(place, &centre, reason, old)?;
    let new = Keys::draw_next(place.data(), code)?;
    let after = engine.log().head(&wire::log_centre(code)).await?.position;
    let (verifiers, why) = (new.iter().map(SigningKey::verifier).collect(), Why::named(&reason.name()));
    let why = why.context("a reason that statements do not know")?;
    let said = KeyChange { origin: keys::origin(code), after, why, new: verifiers, old: ended };
    let statement = keys::signed(said.to_string(), new.iter().chain(&signers))?.to_string();
    let command = ChangeLogKeys { reason, after, keys: keys::texts(&new), statement: statement.clone() };
    // What readers would not follow is not recorded.
    let next = LogKeysChanged { reason, after, keys: command.keys.clone(), statement: statement.clone() };
    let all: Vec<_> = centre.log_key_changes.iter().cloned().chain([next]).collect();
    key_changes::followed(code, &all).map_err(anyhow::Error::msg)?;
    let line = CentreCommandLine::new(code.clone(), by.actor()?, CommandId(Uuid::new_v4()), at, command.into());
    engine.record_centre(&line, Priority::People).await?;
    Keys::of(place.data(), &*engine.centre(code).await?)?;
    said.old.iter().for_each(|key| eprintln!("yousu: ends: {key}"));
    eprintln!(
        "yousu: the log has new keys: bring the statement to every witness (`yousu-witness follow`) before the next checkpoint, and to everybody who pinned the old ones (`yousu-verify --follow`){}",
        if why.is_signed_by_old() {
            ""
        } else {
            "; the old keys did not sign it, so they will ask you by another way whether it is yours"
        }
    );
    Ok(statement)
}

/// The keys that sign that they end, and the public halves of all that do.
fn ending(
    place: &Place,
    centre: &Centre,
    reason: KeyChangeReason,
    old: Option<PathBuf>,
) -> anyhow::Result<(Vec<SigningKey>, Vec<VerifierKey>)> {
    // Keys made here and now would be ended in place of those that are gone.
    let is_there = !centre.log_keys.is_empty() || keys::path(place.data(), &centre.code).exists();
    let own = is_there.then(|| Keys::of(place.data(), centre));
    if matches!(reason, KeyChangeReason::Rotated | KeyChangeReason::Succeeded) {
        anyhow::ensure!(old.is_none(), "--old is for `lost` and `revoked`: other changes are signed by the old keys");
        let signers = own.unwrap_or_else(|| Keys::of(place.data(), centre))?.into_signing();
        let ended = signers.iter().map(SigningKey::verifier).collect();
        return Ok((signers, ended));
    }
    let mut ended: Vec<VerifierKey> =
        centre.log_keys.iter().map(|key| VerifierKey::parse(key)).collect::<Result<_, _>>()?;
    // Where the log names none yet, those that are there.
    if let (true, Some(Ok(own))) = (ended.is_empty(), own) {
        ended = own.into_signing().iter().map(SigningKey::verifier).collect();
    }
    if let Some(path) = old {
        let origin = keys::origin(&centre.code);
        let named: Vec<_> = keys::pinned(&path)?.into_iter().filter(|key| key.name() == origin).collect();
        anyhow::ensure!(!named.is_empty(), "{} holds no key of `{origin}`", path.display());
        for key in named {
            if !ended.iter().any(|one| one.is_same_key(&key)) {
                ended.push(key.endless());
            }
        }
    }
    anyhow::ensure!(
        !ended.is_empty(),
        "no old keys are known here: give the public keys that others pinned with --old"
    );
    Ok((Vec::new(), ended))
}

/// To a file, or to standard output.
pub(super) fn write(to: Option<&std::path::Path>, text: &str) -> anyhow::Result<()> {
    match to {
        Some(path) => std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display())),
        None => super::print(text.as_bytes()),
    }
}
