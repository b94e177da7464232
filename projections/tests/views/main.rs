//! The views from outside, over a real log in a temporary file: laws over random histories, ledgers written by hand, what
//! the driver does with what it cannot take, and the matrix of events and views.

#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, and does not see that helpers of tests are tests"
)]

mod by_hand;
mod details;
mod driver;
mod laws;
mod matrix;
mod overdue;
mod past;
mod queries;
mod reports;
mod support;
mod texts;
