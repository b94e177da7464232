//! `/api/v1`: the same values as `--format json` of the command line.

mod attachments;
mod commands;
mod reads;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};

use super::site::Site;
pub(super) use attachments::{LIMIT_BYTES as ATTACHMENT_LIMIT_BYTES, too_large as attachment_too_large};
pub(super) use commands::too_large as command_too_large;
pub(super) use reads::{cursor, no_such_recipient, place, write_cursor};

/// The largest command: more than any may hold.
pub(super) const COMMAND_LIMIT_BYTES: usize = 1 << 20;

pub(super) fn router() -> Router<Arc<Site>> {
    Router::new()
        .route("/centres", get(reads::centres))
        .route("/centres/{code}/ledger", get(reads::ledger))
        .route("/centres/{code}/overdue", get(reads::overdue))
        .route("/centres/{code}/feeds/{recipient}", get(reads::feed))
        .route("/centres/{code}/cases/{case}", get(reads::case))
        .route("/centres/{code}/cases/{case}/timeline", get(reads::timeline))
        .route("/centres/{code}/cases/{case}/receipt", get(reads::receipt))
        .route(
            "/centres/{code}/cases/{case}/attachments",
            post(attachments::keep).layer(DefaultBodyLimit::max(attachments::LIMIT_BYTES)),
        )
        .route("/centres/{code}/cases/{case}/attachments/{sm3}", get(attachments::show))
        .route("/commands", post(commands::submit).layer(DefaultBodyLimit::max(COMMAND_LIMIT_BYTES)))
}
