//! A witness (见证): a small program that the discipline body, the auditor or the archive runs on a machine of its own.
//!
//! It remembers, for each centre's log, the largest tree that it has seen, and puts its name under a larger one only if that one
//! begins with what it remembers. So a centre that rewrites its history, or shows one history here and another there, needs
//! every witness to forget, and they are not the centre's to command. It learns nothing of any case: it sees sizes and hashes, unless it
//! keeps copies.
//!
//! ```text
//!  a log ── old size · consistency proof · signed checkpoint ──► request ─► judge ─► remembered on the disk ─► cosignature
//!                                                                            └─► refused, and kept as evidence
//! ```
//!
//! The protocol is C2SP's (<https://c2sp.org/tlog-witness>), over SM3 trees: a stock witness, which hashes by SHA-256, can read these
//! checkpoints and not check them.
//!
//! # What holds
//!
//! - **It judges from its own memory** and never from what a log says that it once cosigned.
//! - **Looking and remembering is one step**: two requests for a log wait for each other, and a cosignature is handed out only
//!   once what it is for is on the disk. Whatever moment it is killed in, it never signs two trees that are not one history.
//! - **A refusal that shows something is kept**: a log's own signature under a tree that does not follow from the one remembered.
//!   Two trees of one size with different roots, both signed, prove the fork to anybody.
//! - A time in a cosignature is the witness's own. It says that the log was at least so far by then.
//!
//! With `--mirror` it keeps a copy of the logs as well ([`mirror`]), for the day on which a centre's own is gone or is not shown: then it
//! holds every event, with what belongs to persons sealed, and makes evidence of any case without the centre.
//!
//! `DIR/witness.secret` holds its keys; `DIR/logs/<log>/` the pinned `keys` of a log, the checkpoint `seen` last, and what was
//! `refused`, and `leaves`, the copy. Whoever restores an older copy of this directory makes it forget: the logs see that it did.

pub mod error;
pub mod http;
pub mod judge;
pub mod mirror;
pub mod store;
