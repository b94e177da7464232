//! Every row of the obligations table (domain §5), each way in which it can end.
//!
//! Owner, due time and outcome stand here by hand, from the domain's table and the State Council's calendar of 2026 (Monday
//! 03-02 to Friday 03-13 are plain weeks; 02-15 to 02-23 is the Spring Festival, 02-14 and 02-28 are make-up workdays). No
//! sweep runs between the lines: what the system does at its times stands in `tests/paths`.
//!
//! **Seventeen kinds × {met, met late, breached, cancelled}: three of the 68 cannot occur, four more not under Shilong.**
//! - `inform` breached, cancelled: the complainant is owed the word even after the case ended, and only the word ends it.
//! - `sign_draft` cancelled: "a later result, termination or reassignment does not cancel it"; signing, withholding or the
//!   rule ends it, so that unsigned it is either met or breached.
//! - under Shilong all four of `plan`: S4 asks for a result in five days and knows no plan (the four occur under Henan).
//!
//! `sign_draft` under Henan exists for the circulation only; its 督办 goes out by itself.

#[path = "../common/mod.rs"]
mod common;

mod centre;
mod closing;
mod decisions;
mod departments;
mod handling;
mod letters;
mod window;
