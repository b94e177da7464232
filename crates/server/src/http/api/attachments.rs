//! Attachments (附件): their bytes come first and are kept sealed; the command `add_attachment` then names them in the case.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State, rejection::BytesRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use cases::{CaseId, case::intake::attachment_added::AddAttachment, ids::FileHash};
use event_log::{Centre, EventLog as _, Hash, LogError};
use persons::KeyError;
use serde_json::json;

use crate::{
    http::{
        problem::{Problem, no_such_case},
        site::Site,
    },
    sealing::Sealing,
};

/// The largest file.
pub(in crate::http) const LIMIT_BYTES: usize = 32 << 20;
const LIMIT_MIB: usize = LIMIT_BYTES >> 20;

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
    let (here, case, _) = site.named(&code, &name, &headers).await?;
    if site.engine.case_to_decide(&here.centre.code, case).await?.version == 0 {
        return Err(no_such_case());
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
    let hash = log.put_sealed(&here.log, case.0, case.complainant().0, bytes.into()).await?;
    Ok((StatusCode::CREATED, Json(json!({"sm3": hash.to_string(), "size_bytes": size}))).into_response())
}

/// `GET …/cases/CASE/attachments/SM3`: the file, as it was given.
pub(super) async fn show(
    State(site): State<Arc<Site>>,
    Path((code, name, sm3)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (here, id, _) = site.named(&code, &name, &headers).await?;
    let case = site.engine.case_to_decide(&here.centre.code, id).await?;
    let named = case.intake.iter().flat_map(|intake| &intake.attachments).find(|file| file.sm3.as_str() == sm3);
    let none = || Problem::not_found("no-such-attachment", "本案没有这个附件。请从时间轴核对哈希");
    let file = named.ok_or_else(none)?;
    let Some(kept) = opened(sealing(&site)?, (&here.log, id), &file.sm3).await? else {
        let detail = "附件登记了名称和哈希，内容不在本系统。请向登记的人索取";
        return Err(Problem::not_found("attachment-not-kept", detail));
    };
    let Some(bytes) = kept else {
        let detail = "当事人的个人信息已依法删除，附件内容不再可读";
        return Err(Problem::new(StatusCode::GONE, "person-erased", detail));
    };
    let kind = HeaderValue::try_from(&file.media_type);
    let kind = kind.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let saved = HeaderValue::try_from(format!("attachment; filename*=UTF-8''{}", percent(file.name.text())));
    let saved = saved.unwrap_or(HeaderValue::from_static("attachment"));
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, saved)], bytes).into_response())
}

/// What `add_attachment` names has to be there, of that case and that size: else the record would rest on nothing.
pub(super) async fn is_kept(site: &Site, of: (&Centre, CaseId), add: &AddAttachment) -> Result<(), Problem> {
    let refused = |code, detail| Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail));
    match opened(sealing(site)?, of, &add.sm3).await? {
        None => refused(
            "attachment-not-kept",
            "附件内容还没有上传到本案。请先 POST …/attachments，再照抄答复里的 sm3 和 size_bytes",
        ),
        Some(Some(bytes)) if bytes.len() as u64 != add.size_bytes => {
            refused("attachment-size", "附件大小与上传的不一致。请照抄上传答复里的 size_bytes")
        }
        // Erased meanwhile: the decision says so.
        Some(_) => Ok(()),
    }
}

/// `None` where nothing is kept by that name for this case; within it `None` where the person's data was erased.
async fn opened(
    sealing: &Sealing,
    (centre, case): (&Centre, CaseId),
    sm3: &FileHash,
) -> Result<Option<Option<Vec<u8>>>, Problem> {
    let Ok(hash) = sm3.as_str().parse::<Hash>() else { return Ok(None) };
    if sealing.log.get_attachment(hash).await?.is_none() {
        return Ok(None);
    }
    match sealing.log.get_sealed(centre, case.0, case.complainant().0, hash).await {
        Ok(opened) => Ok(Some(opened)),
        // Another case's.
        Err(LogError::Sealed { source, .. })
            if matches!(source.downcast_ref(), Some(KeyError::Field { .. } | KeyError::Unknown { .. })) =>
        {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn sealing(site: &Site) -> Result<&Sealing, Problem> {
    let none = || Problem::not_found("attachment-not-kept", "这个日志不加密保存个人信息，因此不收附件");
    site.engine.sealing().ok_or_else(none)
}

fn too_large() -> Problem {
    let detail = format!("附件超过{LIMIT_MIB}MiB。请压缩或拆成几个再上传");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "attachment-too-large", detail)
}

/// Some type, and none that a form has: whoever posts one of those did not send the file itself.
fn is_a_file(headers: &HeaderMap) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let of_forms = ["application/x-www-form-urlencoded", "multipart/form-data"];
    kind.contains('/') && !of_forms.contains(&&*kind)
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
