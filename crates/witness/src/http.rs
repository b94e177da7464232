//! The one call of the protocol, and one that says whether it lives.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use transparency::request::{REQUEST_LIMIT_BYTES, Request, SIZE_TYPE};

use crate::judge::Refusal;
use crate::store::Witness;

/// Who signs, and the time in seconds since 1970.
type Serving = (Arc<Witness>, fn() -> u64);

/// The service. `now` is the time in seconds since 1970.
pub fn router(witness: Arc<Witness>, now: fn() -> u64) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/healthz", get(|| async { "ok\n" }))
        .layer(DefaultBodyLimit::max(REQUEST_LIMIT_BYTES))
        .with_state((witness, now))
}

async fn add_checkpoint(State((witness, now)): State<Serving>, body: Bytes) -> Response {
    let request = match Request::parse(&body) {
        Ok(request) => request,
        Err(error) => return (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
    };
    let (origin, size) = (request.checkpoint.origin.clone(), request.checkpoint.size);
    // It waits for the disk.
    let judged = tokio::task::spawn_blocking(move || witness.add_checkpoint(&request, now())).await;
    match judged {
        Ok(Ok(Ok(lines))) => {
            tracing::info!(origin, size, "cosigned");
            lines.into_response()
        }
        Ok(Ok(Err(refusal))) => {
            if refusal.is_evidence() {
                tracing::error!(origin, size, %refusal, "NOT cosigned: kept as evidence, tell the discipline body and the auditor");
            } else {
                tracing::info!(origin, size, %refusal, "not cosigned");
            }
            refused(&refusal)
        }
        Ok(Err(error)) => {
            tracing::error!(origin, size, %error, "not cosigned: it could not be remembered");
            (StatusCode::INTERNAL_SERVER_ERROR, "the witness could not write it down; try again later\n")
                .into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn refused(refusal: &Refusal) -> Response {
    let status = match refusal {
        Refusal::UnknownOrigin => StatusCode::NOT_FOUND,
        Refusal::Unsigned => StatusCode::FORBIDDEN,
        Refusal::OldBeyond => StatusCode::BAD_REQUEST,
        Refusal::OtherSize { size } => {
            return (StatusCode::CONFLICT, [(header::CONTENT_TYPE, SIZE_TYPE)], format!("{size}\n")).into_response();
        }
        Refusal::Fork => StatusCode::CONFLICT,
        Refusal::NotConsistent(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    (status, format!("{refusal}\n")).into_response()
}
