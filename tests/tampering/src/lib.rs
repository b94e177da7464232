//! Histories that were tampered with by whoever holds the log's file and both of its signing keys, before both verifiers and one honest
//! witness.
//!
//! ```text
//!  seed ─► history ─► what each kind makes of it ─► files ─► the code of yousu-verify, the program, docs/verify/evidence.py
//!             │                     └─► the forged log's own checkpoint ─► the witness: must refuse
//!             └─► checkpoints, cosigned by the real witness's code; one of them kept by the reader
//! ```
//!
//! A seed draws a log of one case to four, with the log's word about its streams now and then, checkpoints, and perhaps a tail that no
//! witness saw. Then the attacker makes, of each [`Kind`], the best that the kind allows **within what the witness saw**: everything behind
//! it is computed again, in the tree, in the words about streams, in the proofs; the new checkpoint bears the log's real signatures, and
//! the witness is asked for its own with every proof there is; else the old note, the honest proofs or the witness's lines are put where
//! they might pass.
//!
//! A forgery is **seen** if a reader who has the keys, wants one witness, and names the checkpoint that was kept (where one was) ends with
//! a refusal. Where events were withheld a file may hold, if it does not say that it is complete up to them. Honest evidence
//! of the same history must be taken, and no forgery may be the honest file: else nothing is proved.
//!
//! What cannot be seen is made as well, and must pass: docs/SECURITY.md says so, and this is what keeps it true. With a bug that was put
//! in on purpose ([`Plant`]) forgeries pass, so the harness can fail.
//!
//! Long form: `cargo run --release -p tampering -- --histories 10000 --python`; `tests/short.rs` runs some thirty.
//!
//! What it does not show: a witness that is broken or in league with the operator, and signatures or hashes that can be forged.

mod bits;
mod forge;
mod history;
mod log;
mod parties;
mod readers;
mod run;
mod tally;

pub use bits::Bits;
pub use forge::Kind;
pub use readers::{Plant, built, has_python};
pub use run::{Outcome, Plan, Unseen, run};
pub use tally::{Row, Tally};
