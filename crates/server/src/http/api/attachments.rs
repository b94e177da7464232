//! Attachments (附件): their bytes come first and are kept sealed; the command `add_attachment` then names them in the case.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State, rejection::BytesRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use cases::{
    Refusal,
    case::intake::attachment_added::{AddAttachment, MAX_ATTACHMENT_BYTES},
    command::CaseCommandLine,
};
use event_log::{Centre, Hash, LogError};
use persons::Kept;
use serde_json::json;

use crate::{
    http::{
        problem::{Problem, no_such_case},
        site::{Here, Site},
    },
    sealing::Sealing,
};

/// The largest file.
pub(in crate::http) const LIMIT_BYTES: usize = 32 << 20;
const _: () = assert!(LIMIT_BYTES as u64 == MAX_ATTACHMENT_BYTES);
const LIMIT_MIB: usize = LIMIT_BYTES >> 20;

/// So much of a file's name goes into a header: clients take headers of some kilobytes only.
const NAME_CHARS: usize = 200;

/// `POST …/cases/CASE/attachments`: keeps a file of the case, sealed under its complainant's key. Nothing is recorded by that: the answer
/// has what `add_attachment` asks for. Sent twice it is kept twice, and one of the two is never named.
pub(super) async fn keep(
    State(site): State<Arc<Site>>,
    Path((code, name)): Path<(String, String)>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    if !is_a_file(&headers) {
        let detail = "附件应写明类型。请写明 Content-Type，如 image/jpeg；不能判断的写 application/octet-stream";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-a-file", detail));
    }
    let (here, case) = case(&site, (&code, &name), &headers).await?;
    if case.is_restricted() {
        return Err(Refusal::ProcessingRestricted {}.into());
    }
    let bytes = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => Problem::bad_request("body-unreadable", "附件没有收全。请再上传一次"),
    })?;
    if bytes.is_empty() {
        return Err(Problem::bad_request("empty-file", "附件是空的。请核对文件后再上传"));
    }
    let size = bytes.len();
    let log = &sealing(&site)?.log;
    let kept = log.put_sealed(&here.log, case.id.0, case.id.complainant().0, bytes.into()).await;
    let hash = kept.map_err(|error| match error {
        LogError::NoRoom { .. } | LogError::TooLittleRoom { .. } => {
            tracing::error!(%error, "an attachment was not taken");
            let detail = "磁盘快满了，附件没有收下。请系统管理员腾出空间，再上传一次";
            Problem::new(StatusCode::INSUFFICIENT_STORAGE, "disk-full", detail)
        }
        error => error.into(),
    })?;
    Ok((StatusCode::CREATED, Json(json!({"sm3": hash.to_string(), "size_bytes": size}))).into_response())
}

/// `GET …/cases/CASE/attachments/SM3`: the file, as it was given.
pub(super) async fn show(
    State(site): State<Arc<Site>>,
    Path((code, name, sm3)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (here, case) = case(&site, (&code, &name), &headers).await?;
    let named = case.intake.iter().flat_map(|intake| &intake.attachments).find(|file| file.sm3.as_str() == sm3);
    let none = || Problem::not_found("no-such-attachment", "本案没有这个附件。请从时间轴核对哈希");
    let not_kept = || {
        let detail = "附件登记了名称和哈希，内容不在本系统。请向登记的人索取";
        Problem::not_found("attachment-not-kept", detail)
    };
    let gone = || {
        let detail = "当事人的个人信息已依法删除，附件内容不再可读";
        Problem::new(StatusCode::GONE, "person-erased", detail)
    };
    let file = named.ok_or_else(none)?;
    let hash = file.sm3.as_str().parse::<Hash>().map_err(|_| none())?;
    let (log, person) = (&sealing(&site)?.log, case.id.complainant().0);
    let restricted = || {
        let detail = "当事人已请求删除，附件依法只作保存，不再提供（限制处理）。确因诉讼、复议、调查需要的，请系统管理员出具证据文件";
        Problem::new(StatusCode::FORBIDDEN, "person-restricted", detail)
    };
    let bytes = match log.is_sealed(&here.log, case.id.0, person, hash).await? {
        None => return Err(not_kept()),
        Some(Kept::Erased) => return Err(gone()),
        Some(Kept::Restricted) => return Err(restricted()),
        Some(Kept::Opens { .. }) => log.get_sealed(&here.log, case.id.0, person, hash).await?,
    };
    // It was there a moment ago, and somebody came between.
    let Some(bytes) = bytes else {
        let now = log.is_sealed(&here.log, case.id.0, person, hash).await?;
        return Err(if now == Some(Kept::Erased) { gone() } else { restricted() });
    };
    let saved: String = file.name.text().chars().take(NAME_CHARS).collect();
    let saved = HeaderValue::try_from(format!("attachment; filename*=UTF-8''{}", percent(&saved)));
    let saved = saved.unwrap_or(HeaderValue::from_static("attachment"));
    Ok(([(header::CONTENT_TYPE, kind(&file.media_type)), (header::CONTENT_DISPOSITION, saved)], bytes).into_response())
}

/// What `add_attachment` names has to be there, of that case and that size: else the record would rest on nothing. Where the decision
/// will not record it anyway, it says why.
pub(super) async fn is_kept(
    site: &Site,
    line: &CaseCommandLine,
    (centre, add): (&Centre, &AddAttachment),
) -> Result<(), Problem> {
    let case = site.engine.case_to_decide(&line.centre, line.case).await?;
    let mut there = case.intake.iter().flat_map(|intake| &intake.attachments);
    let is_decided = case.version == 0 || case.commands.contains_key(&line.cause.id);
    if is_decided || there.any(|file| file.sm3 == add.sm3) {
        return Ok(());
    }
    let refused = |code, detail| Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail));
    let not_kept = "附件内容还没有上传到本案。请先 POST …/attachments，再照抄答复里的 sm3 和 size_bytes";
    let Ok(hash) = add.sm3.as_str().parse::<Hash>() else { return refused("attachment-not-kept", not_kept) };
    match sealing(site)?.log.is_sealed(centre, case.id.0, case.id.complainant().0, hash).await? {
        None => refused("attachment-not-kept", not_kept),
        Some(Kept::Opens { bytes }) if bytes != add.size_bytes => {
            refused("attachment-size", "附件大小与上传的不一致。请照抄上传答复里的 size_bytes")
        }
        // Erased meanwhile: the decision says so.
        Some(_) => Ok(()),
    }
}

/// The case that an address names, which is one of that centre.
async fn case(
    site: &Site,
    (code, name): (&str, &str),
    headers: &HeaderMap,
) -> Result<(Here, Arc<cases::case::Case>), Problem> {
    let (here, id, _) = site.named(code, name, headers).await?;
    // The cache knows cases by their ids alone.
    if site.engine.log().stream_head(&here.log, id.0).await? == 0 {
        return Err(no_such_case());
    }
    let case = site.engine.case_to_decide(&here.centre.code, id).await?;
    Ok((here, case))
}

fn sealing(site: &Site) -> Result<&Sealing, Problem> {
    let none = || Problem::not_found("attachment-not-kept", "这个日志不加密保存个人信息，因此不收附件");
    site.engine.sealing().ok_or_else(none)
}

pub(in crate::http) fn too_large() -> Problem {
    let detail = format!("附件超过{LIMIT_MIB}MiB。请压缩或拆成几个再上传");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "attachment-too-large", detail)
}

/// Some type, and none that a form can have: a page from elsewhere can post those without asking first. A text is sent as
/// `application/octet-stream`; how it is named in the case is the command's business.
fn is_a_file(headers: &HeaderMap) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let of_forms = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];
    kind.contains('/') && !of_forms.contains(&&*kind)
}

/// A type as the case has it, where it is one.
fn kind(media_type: &str) -> HeaderValue {
    const LONGEST: usize = 127;
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    let is_type = media_type.split_once('/').is_some_and(|(kind, sub)| is_part(kind) && is_part(sub));
    let given = HeaderValue::try_from(media_type).ok().filter(|_| is_type && media_type.len() <= LONGEST);
    given.unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

/// A file's name as RFC 8187 writes it in a header.
fn percent(name: &str) -> String {
    name.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}
