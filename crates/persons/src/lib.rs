//! Keys of persons: what seals their data in the log, and what is destroyed when they are to be forgotten.
//!
//! A log that nobody can rewrite and a person's right to be forgotten (个人信息保护法 47) do not exclude each other: what belongs to
//! a person is encrypted under a key of that person's **before** it is hashed and kept. Who destroys the key destroys the text,
//! and every hash, proof and signature stays as it was. `transparency::seal` lays down the bytes; here the keys live.
//!
//! ```text
//!  an append ──► find or draw keys ──► seal ──► the log's queue ──► commit ──► acknowledge
//!                       │                             ▲
//!                       └──► keys are written in ─────┘  the writer waits until the keys that an append
//!                            groups of their own         rests on are on the disk
//! ```
//!
//! # What holds
//!
//! - **A key is on the disk before what it sealed is.** Else a crash could leave a text that nobody can read again.
//! - **Persons' keys are wrapped by a master key** ([`MasterKey`]), which stands elsewhere. The store without the master key
//!   opens nothing, and the master key without the store opens nothing either.
//! - **Erasing destroys copies, too**: a new epoch of the master key begins, all that is left is wrapped anew, and the old epoch
//!   is destroyed, so that a copy of the store from before opens nothing. What a copy of *both* from before opens, no
//!   program can take back.
//! - **What is restricted is kept and not shown**: 限制处理; whoever reads the log reads a word in its place, and the key stays.
//! - **An erased person stays erased**: never gets another key, and nothing more can be recorded of that person.
//! - **A missing key is not an erased one.** Whoever reads is told by name, and to put the store back.
//! - Whom a telephone number belongs to is found by a keyed hash, which goes with the key.
//!
//! [`SealedLog`] is the log with all this around it; whatever works on a log works on it.

mod attachments;
mod erasing;
mod error;
mod held;
mod keys;
mod master;
mod sealed_log;
mod store;
mod writer;

pub use attachments::Kept;
pub use error::KeyError;
pub use held::Found;
pub use keys::{MASTER_NAME, PersonKeys, STORE_NAME};
pub use master::{MasterFile, MasterKey};
pub use sealed_log::SealedLog;
pub use store::{Intent, Of};

/// What a person may be found by, out of a field's name and its text; `None` for most fields.
pub type Handle = fn(field: &str, text: &[u8]) -> Option<String>;
