//! `/healthz`: do log and views serve. `/readyz`: have the views seen the log since the start.

use std::sync::{Arc, PoisonError};

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::site::{Site, Upkeep};
use crate::checkpoints::Summary;

/// 200 while log and views serve; 503 names the view that does not, and why, or the witness that saw another history. What came of the
/// last checkpoint that was shown stands there in any case: a witness that is away is no reason to serve nobody.
pub(super) async fn healthz(State(site): State<Arc<Site>>) -> Response {
    let mut wrong = Vec::new();
    let mut centres = Vec::new();
    let shown: Vec<_> = site.shown.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
    wrong.extend(
        shown
            .iter()
            .filter(|shown| shown.is_alarming)
            .map(|Summary { centre, said, .. }| json!({"what": "witnesses", "centre": centre, "why": said.join("; ")})),
    );
    if let Upkeep::Troubled(why) = &*site.upkeep.borrow() {
        wrong.push(json!({"what": "views", "why": why}));
    }
    match site.engine.log().centres().await {
        Err(error) => wrong.push(json!({"what": "log", "why": error.to_string()})),
        Ok(all) => {
            for (centre, position) in all {
                match site.views.status(site.engine.log(), &centre).await {
                    Err(error) => {
                        wrong.push(json!({"what": "views", "centre": centre.as_str(), "why": error.to_string()}));
                    }
                    Ok(views) => {
                        wrong.extend(views.iter().filter_map(|view| {
                            let why = view.stopped.as_ref()?;
                            Some(json!({"what": view.view, "centre": centre.as_str(), "why": why}))
                        }));
                        centres.push(json!({"centre": centre.as_str(), "position": position, "views": views}));
                    }
                }
            }
        }
    }
    let (status, word) =
        if wrong.is_empty() { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "troubled") };
    (status, Json(json!({"status": word, "wrong": wrong, "centres": centres, "checkpoints": shown}))).into_response()
}

/// 200 once the views reached the log's end; before that, whoever asks would read less than was recorded.
pub(super) async fn readyz(State(site): State<Arc<Site>>) -> Response {
    let ready = *site.upkeep.borrow() != Upkeep::Starting;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({"ready": ready}))).into_response()
}
