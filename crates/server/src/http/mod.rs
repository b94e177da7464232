//! HTTP: JSON under `/api/v1`, pages for people, `/healthz` and `/readyz`; on the loopback address only, for there are no
//! accounts yet.
//!
//! Nothing is decided here, and only files are kept: a command may name one once its bytes are there. A read asks the views (or, for one case, its stream); a command goes
//! through the engine like one from a file. [`problem`] is the one error; [`guard`] holds for every request;
//! [`background`] brings the views up and sweeps. Pages mask persons' data ([`masked`]), the API shows it as it stands.

mod api;
mod ask;
mod background;
mod guard;
mod health;
mod masked;
mod pages;
mod problem;
mod site;

use std::sync::Arc;

use axum::{
    Router,
    http::{StatusCode, Uri},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};

pub(crate) use background::{
    audit_every_night, commit_to_heads, erase_what_was_agreed, follow, show_checkpoints, sweep_by_the_clock,
};
pub(crate) use site::Site;

use problem::Problem;

/// Everything that is served.
pub(crate) fn router(site: Arc<Site>) -> Router {
    Router::new()
        .merge(pages::router())
        .nest("/api/v1", api::router())
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .fallback(nothing_here)
        .method_not_allowed_fallback(no_such_method)
        .with_state(site)
        .layer(middleware::from_fn_with_state(guard::Door::new(), guard::guard))
}

async fn nothing_here(uri: Uri) -> Response {
    let problem = Problem::not_found("no-such-address", "没有这个地址。请从首页进入");
    if uri.path().starts_with("/api/") {
        problem.into_response()
    } else {
        pages::PageError::from(problem).into_response()
    }
}

async fn no_such_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "no-such-method",
        "这个地址不接受这种请求。读用 GET，命令用 POST /api/v1/commands",
    )
}
