//! The package from outside: bytes and a mapping in, rows and rejections out. Every file here is written by hand.

#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, and does not see that helpers of tests are tests"
)]

mod bad_files;
mod bad_rows;
mod encodings;
mod mappings;
mod properties;
mod real_messages;
mod rows;
mod support;
mod times;
mod workbooks;
