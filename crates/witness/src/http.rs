//! The call of the protocol, one that takes leaves, and one that says whether it lives.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::sync::Semaphore;

use transparency::leaves::{HELD_TYPE, UPLOAD_LIMIT_BYTES, Upload, UploadError};
use transparency::request::{REQUEST_LIMIT_BYTES, Request, SIZE_TYPE};

use crate::judge::Refusal;
use crate::mirror::{Held, NotTaken};
use crate::store::Witness;

/// Uploads that are read and judged at once. Each may be eight mebibytes, and nobody has to log in to send one.
const UPLOADS_AT_ONCE: usize = 4;

/// How long one may take with its wait for that: whoever sends nothing gives the turn to others then.
const UPLOAD_TIME: Duration = Duration::from_secs(60);

/// Who signs, and the time in seconds since 1970.
type Serving = (Arc<Witness>, fn() -> u64);

/// The service. `now` is the time in seconds since 1970.
pub fn router(witness: Arc<Witness>, now: fn() -> u64) -> Router {
    let mut router = Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/healthz", get(|| async { "ok\n" }))
        .layer(DefaultBodyLimit::max(REQUEST_LIMIT_BYTES));
    if witness.keeps_copies() {
        let limited = post(add_leaves).layer(DefaultBodyLimit::max(UPLOAD_LIMIT_BYTES));
        let turns = Arc::new(Semaphore::new(UPLOADS_AT_ONCE));
        router = router.route("/add-leaves", limited.layer(from_fn_with_state(turns, in_turn)));
    }
    router.with_state((witness, now))
}

/// Waits for its turn before anything of an upload is read.
async fn in_turn(State(turns): State<Arc<Semaphore>>, request: axum::extract::Request, next: Next) -> Response {
    let answered = async {
        let _turn = turns.acquire().await;
        next.run(request).await
    };
    let late = |_| (StatusCode::SERVICE_UNAVAILABLE, "the witness is busy; try again later\n").into_response();
    tokio::time::timeout(UPLOAD_TIME, answered).await.unwrap_or_else(late)
}

async fn add_checkpoint(State((witness, now)): State<Serving>, body: Bytes) -> Response {
    let request = match Request::parse(&body) {
        Ok(request) => request,
        Err(error) => return bad(&error),
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
            not_written()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn add_leaves(State((witness, _)): State<Serving>, body: Bytes) -> Response {
    let taken = tokio::task::spawn_blocking(move || {
        let upload = Upload::parse(&body)?;
        let taken = witness.add_leaves(&upload);
        let misplaced = matches!(taken, Ok(Ok(_))).then(|| upload.misplaced()).flatten();
        Ok::<_, UploadError>((upload.origin, upload.leaves.len(), misplaced, taken))
    });
    let (origin, count, misplaced, taken) = match taken.await {
        Ok(Ok(taken)) => taken,
        Ok(Err(error)) => return bad(&error),
        Err(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    };
    match taken {
        Ok(Ok(Held { held, seen })) => {
            tracing::info!(origin, count, held, seen, "leaves taken");
            if let Some(position) = misplaced {
                tracing::error!(
                    origin,
                    position,
                    "the centre signed a leaf that is no event of its log at its place: tell the auditor, and run `yousu-witness check`"
                );
            }
            sizes(StatusCode::OK, held, seen)
        }
        Ok(Err(NotTaken::Elsewhere(Held { held, seen }))) => sizes(StatusCode::CONFLICT, held, seen),
        Ok(Err(NotTaken::Other(why))) => {
            // Anybody can send such. The centre, if it was the one, hears it and raises the alarm.
            tracing::warn!(origin, %why, "leaves not taken: they are not those that were signed, or what is held here is not");
            (StatusCode::UNPROCESSABLE_ENTITY, format!("{why}\n")).into_response()
        }
        Ok(Err(why @ NotTaken::NoRoom)) => {
            tracing::error!(origin, "leaves not taken, checkpoints are cosigned as ever: {why}");
            (StatusCode::INSUFFICIENT_STORAGE, format!("{why}\n")).into_response()
        }
        Ok(Err(why @ NotTaken::NoCopy)) => (StatusCode::NOT_FOUND, format!("{why}\n")).into_response(),
        Ok(Err(why @ NotTaken::Damaged)) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{why}\n")).into_response(),
        Err(error) => {
            tracing::error!(origin, %error, "leaves not taken: they could not be written");
            not_written()
        }
    }
}

fn sizes(status: StatusCode, held: u64, seen: u64) -> Response {
    (status, [(header::CONTENT_TYPE, HELD_TYPE)], format!("{held} {seen}\n")).into_response()
}

fn bad(error: &dyn std::error::Error) -> Response {
    (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response()
}

fn not_written() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, "the witness could not write it down; try again later\n").into_response()
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
