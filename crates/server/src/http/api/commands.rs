//! `POST /api/v1/commands`: one command, the object that `apply` takes a line of.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use cases::{CommandLine, Refusal, case::CaseCommand};
use event_log::Priority;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    engine::EngineError,
    erasing,
    http::{
        problem::Problem,
        site::{POSITION, Site, position_header},
    },
    wire,
};

use super::attachments;

const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Decides and records it. The answer comes when it is on the disk.
pub(super) async fn submit(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    if !is_json(&headers) {
        let detail = "命令应为 JSON。请写明 Content-Type: application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", detail));
    }
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => Problem::bad_request("body-unreadable", "请求没有收全。请再提交一次"),
    })?;
    let mut value: Value = serde_json::from_slice(&body)
        .map_err(|error| Problem::bad_request("bad-json", format!("这不是有效的 JSON：{error}。请改正后再提交")))?;
    let precondition = expected_version(&headers)?;
    fill_in(&mut value, "id", idempotency_key(&headers)?.map(Value::from))?;
    fill_in(&mut value, "version", precondition.map(Value::from))?;
    let line = CommandLine::from_value(value)?;
    if let CommandLine::Case(line) = &line
        && let CaseCommand::AddAttachment(add) = &line.command
    {
        attachments::is_kept(&site, line, (&wire::log_centre(&line.centre), add)).await?;
    }
    let done = site.engine.submit(&line, Priority::People).await.map_err(|error| match error {
        // The version came as a precondition, so HTTP has a status of its own for it.
        EngineError::Refused(refusal @ Refusal::VersionChanged { .. }) if precondition.is_some() => {
            Problem::from(refusal).with_status(StatusCode::PRECONDITION_FAILED)
        }
        error => error.into(),
    })?;

    if done.events.iter().any(|event| erasing::CARRIED_OUT.contains(&event.kind.as_str())) {
        // On a task of its own: it comes to its end also where the caller goes away.
        let site = Arc::clone(&site);
        let carrying_out = tokio::spawn(async move { erasing::carry_out(&site.engine, &site.views, false).await });
        if let Ok(Err(error)) = carrying_out.await {
            tracing::error!(%error, "an erasure or a restriction is not carried out yet; it is tried again");
        }
    }

    let (centre, log) = (wire::log_centre(line.centre()), site.engine.log());
    let stream = match &line {
        CommandLine::Case(line) => line.case.0,
        CommandLine::Centre(line) => line.centre.stream(),
    };
    let own = done.events.iter().filter(|event| event.stream == stream);
    let version = match own.map(|event| event.version).max() {
        Some(version) => version,
        None => log.stream_head(&centre, stream).await?,
    };
    let position = match done.events.iter().map(|event| event.position).max() {
        Some(position) => position,
        None => log.tail(&centre).now(),
    };
    let headers = [
        (header::ETAG, etag(version)),
        (POSITION.parse().expect("a header's name"), position_header(&centre, position)),
    ];
    Ok((headers, Json(done)).into_response())
}

pub(in crate::http) fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "命令超过1MiB。请精简，长文作为附件提交")
}

/// A stream's version.
pub(super) fn etag(version: u64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).expect("digits are ASCII")
}

fn is_json(headers: &HeaderMap) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    given.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// What a header says, where the body does not; both may say the same.
fn fill_in(command: &mut Value, field: &'static str, said: Option<Value>) -> Result<(), Problem> {
    let (Value::Object(map), Some(said)) = (command, said) else { return Ok(()) };
    match map.get(field) {
        Some(own) if *own != said => {
            let detail = format!("请求头和命令里的 {field} 不一致。请只写一处，或写成一样");
            Err(Problem::bad_request("header-contradicts-body", detail))
        }
        _ => {
            map.insert(field.to_owned(), said);
            Ok(())
        }
    }
}

/// `If-Match: "12"`: the version that the person saw.
fn expected_version(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(given) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let version = given.to_str().ok().and_then(|text| text.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok());
    let detail = "If-Match 读不懂：应如 \"12\"，照抄上次答复里的 ETag";
    version.map(Some).ok_or_else(|| Problem::bad_request("bad-if-match", detail))
}

/// `Idempotency-Key`: a UUID is the command's id itself, anything else names one that always comes out the same.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    const MOST_CHARS: usize = 255;
    let Some(given) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = given.to_str().unwrap_or_default().trim().trim_matches('"');
    if key.is_empty() || key.len() > MOST_CHARS {
        return Err(Problem::bad_request("bad-idempotency-key", "Idempotency-Key 应为1至255个英文字符。请换一个"));
    }
    let id = key.parse().unwrap_or_else(|_| Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("yousu:key:{key}").as_bytes()));
    Ok(Some(id.to_string()))
}
