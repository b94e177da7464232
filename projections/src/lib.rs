//! The views: what people read, made of what was recorded.
//!
//! A view is a fold. It keeps rows, and for every event of a centre's log it says how the event changes them; nothing else
//! ever changes a row. So a view can be thrown away: built anew from the log it is the same again, to the byte.
//!
//! ```text
//!                    decoded once                 project: row + event = row
//!  log ── a batch ────────────────► ledger  ──────────────────────────────────► ledger.sqlite    rows, set-up and
//!         of one centre             overdue ──────────────────────────────────► overdue.sqlite   checkpoint in one
//!                                   feeds   ──────────────────────────────────► feeds.sqlite     transaction
//! ```
//!
//! # What holds
//!
//! - **No rule stands here.** Stages, verdicts and due times stand in the events, decided once; a projector copies them.
//!   What is overdue, and by how much, is asked of the centre's calendar when somebody looks, because only then is it known.
//! - **A row is its own accumulator**: row and event give the next row. No view looks back into the log, so memory is bounded
//!   by a batch, however long the log.
//! - **Twice is once.** Rows and checkpoint are written together, and what lies before the checkpoint is passed over.
//! - **Centres do not meet.** Every row, number and checkpoint is one centre's, so how the logs of two centres were
//!   interleaved leaves no trace.
//! - **A view stops rather than guess.** At an event of a type that neither it nor the domain knows it stops, names
//!   `centre@position` and waits there; the other views and centres go on.
//! - **Numbers follow from log order** (序号, feed numbers) and are the same after every rebuild.
//!
//! `tests/views/laws.rs` asks these of random histories, `tests/views/matrix.txt` shows which view reads which event.
//!
//! # Where things stand
//!
//! One file a view, with the article that it serves, its table, its row, how events change it, and its queries: [`ledger`]
//! 台账, [`overdue`] 时限情况, [`feeds`] 督查信息; a line each in [`registry`]. [`timeline`] 办理过程 and [`work_order`] 工作单
//! are functions of one case's stream and keep nothing. [`Views`] is the driver: it opens, catches up, builds anew. Past moments
//! ([`When`]) go through the same `project` functions over part of the log; what `at` and `known_at` mean is said in `past.rs`.
//!
//! To add a view: implement `fold::View` in a new file, add its line to the registry, and look at the matrix.
//!
//! # Whose text is kept
//!
//! A log may seal what belongs to persons, and hands it out opened; [`ledger`] and [`feeds`] keep it plain. [`registry::Kept::texts`] says
//! what each of them reads, so that nothing else is opened for it, and its file is built anew when a person's data was erased.

pub mod feeds;
pub mod ledger;
pub mod overdue;
pub mod registry;
pub mod timeline;
pub mod work_order;

mod advance;
mod apply;
mod audit;
mod build;
mod clocks;
mod error;
mod file;
mod fold;
mod hand;
mod number;
mod past;
mod recorded;
mod set_up;
mod views;
mod words;

pub use audit::Audited;
pub use build::Room;
pub use error::{Stop, ViewError};
pub use fold::Use;
pub use number::Number;
pub use past::When;
pub use recorded::{Reader, Recorded, Unreadable, What, entry, entry_for};
pub use views::{Rebuilt, Status, Views};
pub use words::term;
