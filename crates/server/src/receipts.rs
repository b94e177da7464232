//! 受理回执 of a case: made whenever somebody asks, out of the log's own bytes, so that a second one says the same.

use std::path::Path;

use anyhow::Context as _;
use cases::{CaseId, CentreCode};
use projections::Number;
use transparency::{Hash, Header, note::Note, receipt::Receipt};

use crate::{
    engine::Engine,
    keys::{self, Keys},
    wire,
};

/// The signed receipt; `None` if there is no such case.
pub(crate) async fn receipt(
    engine: &Engine,
    data: &Path,
    centre: &CentreCode,
    (case, number): (CaseId, Number),
) -> anyhow::Result<Option<Note>> {
    let name = wire::log_centre(centre);
    // As it is kept: what was sealed is hashed sealed.
    let Some(shown) = engine.log().stream_proof(&name, case.0).await? else { return Ok(None) };
    let first = shown.events.into_iter().next().context("a stream without an event: run `yousu verify`")?;
    let header = Header {
        centre: name.as_str(),
        position: first.position,
        stream: case.0,
        ordinal: shown.ordinal,
        version: first.version,
        recorded_ms: first.recorded_ms,
        kind: &first.kind,
        kind_version: first.kind_version,
        previous: Hash::ZERO,
    };
    let receipt = Receipt {
        origin: keys::origin(centre),
        case: case.0,
        number: number.of(&name),
        position: first.position,
        recorded_ms: first.recorded_ms,
        leaf: header.leaf(Hash::of(&first.body))?,
    };
    Ok(Some(Keys::of(data, &*engine.centre(centre).await?)?.sign_text(receipt.to_string())?))
}
