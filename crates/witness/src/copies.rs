//! Commands about the copies that are kept: whether they are sound, what is in them, and evidence out of them.

use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use transparency::evidence::{Evidence, EvidenceError};
use uuid::Uuid;
use witness::error::StoreError;
use witness::mirror::{self, Mirror};
use witness::store::Memory;

/// The copy of a log, and what the witness remembers.
pub(crate) fn of(data: &Path, origin: &str) -> anyhow::Result<(Memory, Mirror)> {
    let memory = Memory::read(data)?;
    let mirror = memory.mirrors().remove(origin).with_context(|| {
        format!("no leaves of `{origin}` are kept here: see `yousu-witness seen`, and docs/witnesses.md for how to keep them")
    })??;
    Ok((memory, mirror))
}

/// Whether every copy is what was cosigned; says what is wrong.
pub(crate) fn check(data: &Path) -> anyhow::Result<bool> {
    let memory = Memory::read(data)?;
    let mut is_sound = true;
    for (origin, mirror) in memory.mirrors() {
        let seen = memory.seen(&origin);
        let checked = match mirror.and_then(|mirror| mirror::check(&mirror, &origin, seen.as_ref())) {
            Ok(checked) => checked,
            Err(error @ (StoreError::Copy { .. } | StoreError::Damaged { .. })) => {
                println!("{origin}: {error}");
                is_sound = false;
                continue;
            }
            Err(error) => return Err(error).with_context(|| format!("the copy of `{origin}`")),
        };
        let (proven, faults) = (checked.checkpoint.unwrap_or(0), checked.altered.len() + checked.unsound.len());
        println!("{origin}: {} leaves, {faults} faults, complete to the checkpoint of {proven}", checked.held);
        checked.altered.iter().for_each(|altered| println!("  {altered}"));
        if checked.altered.is_empty() && checked.unsound.iter().any(|unsound| unsound.position <= proven) {
            println!("  what follows was so when it came: the centre signed a log that is not sound, tell the auditor");
        }
        checked.unsound.iter().for_each(|unsound| println!("  {unsound}"));
        if checked.held > proven {
            println!("  the last {} leaves are of no checkpoint yet that is complete here", checked.held - proven);
        }
        is_sound &= faults == 0;
    }
    Ok(is_sound)
}

/// Prints each leaf as a line of JSON.
pub(crate) fn print(mirror: &Mirror) -> anyhow::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for (position, leaf) in (1_u64..).zip(mirror.leaves()) {
        let leaf = leaf?;
        let Ok(header) = leaf.header() else {
            // A centre may have signed what is no event.
            let [header, body] = [&leaf.header, &leaf.body].map(|bytes| STANDARD.encode(bytes));
            writeln!(out, "{}", json!({"position": position, "header": header, "body": body}))?;
            continue;
        };
        let body = serde_json::from_slice(&leaf.body).unwrap_or_else(|_| Value::String(STANDARD.encode(&leaf.body)));
        let line = json!({
            "position": header.position, "stream": header.stream.to_string(), "version": header.version,
            "recorded_ms": header.recorded_ms, "kind": header.kind, "kind_version": header.kind_version,
            "leaf": leaf.hash().to_string(), "body": body,
        });
        writeln!(out, "{line}")?;
    }
    Ok(out.flush()?)
}

/// Writes the evidence of a case, once it was seen to hold.
pub(crate) fn prove(data: &Path, origin: &str, stream: Uuid, output: &Path) -> anyhow::Result<()> {
    let (memory, mirror) = of(data, origin)?;
    let mut evidence = mirror::evidence(&mirror, stream)?;
    let keys = memory.keys_for(origin);
    // What somebody outside will do with the file, done first.
    let verify = |evidence: &Evidence| {
        Evidence::parse(&evidence.encode()).map_err(anyhow::Error::from).and_then(|read| Ok(read.verify(&keys)?))
    };
    let mut verified = verify(&evidence);
    if verified.as_ref().is_err_and(|error| matches!(error.downcast_ref(), Some(EvidenceError::Head(_)))) {
        println!(
            "the log's last word about its cases is false: the centre signed it, tell the auditor; the case is shown without it"
        );
        evidence.head = None;
        verified = verify(&evidence);
    }
    let verified =
        verified.context("nothing was written, because the evidence would not hold: run `yousu-witness check`")?;
    let bytes = evidence.encode();
    let mut file = std::fs::File::create_new(output)
        .with_context(|| format!("{} cannot be made: give a file that is not there yet", output.display()))?;
    file.write_all(&bytes).with_context(|| format!("{} cannot be written", output.display()))?;
    println!("{} bytes in {}: {} events", bytes.len(), output.display(), evidence.events.len());
    if verified.complete_to.is_none() {
        println!("it does not show that nothing came after: the log said nothing of this case since its last event");
    }
    Ok(())
}
