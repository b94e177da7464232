//! What of an event is hashed, byte for byte, so that somebody who trusts neither the centre nor this program can
//! recompute it.
//!
//! Every event of a log becomes one **leaf**:
//!
//! ```text
//! leaf = SM3( 0x00 ‖ header ‖ SM3(body) )
//! ```
//!
//! The `0x00` marks a leaf, as in RFC 6962, so that no inner node of a tree can pass for one. The body goes in
//! by its hash: whoever may see an event's header but not its text can still recompute the leaf.
//!
//! # Header, format 1
//!
//! The writer of the log fills it in; the caller of an append has no say in it. All numbers are big-endian.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 2 | format, 1 |
//! | 2 | 8 | position in the centre's log, from 1 |
//! | 10 | 8 | version in the stream, from 1 |
//! | 18 | 16 | stream, the UUID's bytes |
//! | 34 | 8 | ordinal of the stream: how many streams began before it in this log |
//! | 42 | 8 | recorded, milliseconds since 1970-01-01T00:00:00Z, signed |
//! | 50 | 2 | version of the event's type |
//! | 52 | 32 | leaf of the stream's previous event; zeros for version 1 |
//! | 84 | 1 + c | centre: length, then UTF-8 |
//! | 85 + c | 1 + k | type: length, then UTF-8 |
//!
//! Both names carry their length, so no two headers have the same bytes, and none is a beginning of another. The header is not
//! kept: every field of it stands in a column of its own beside the body, and a changed column shows as a leaf that
//! no longer follows. `previous` chains the events of a stream, which is what shows a reordered or missing one even
//! before there are trees.
//!
//! # Body
//!
//! The caller's bytes, hashed as they are and never encoded again: compact JSON,
//!
//! ```text
//! {"public":{…},"sealed":[{"person":"<uuid>","field":"<where in public it belongs>","bytes":"<base64>"},…]}
//! ```
//!
//! with `public`'s keys sorted. What belongs to a person stands in `sealed`; its bytes are what `persons` sealed ([`seal`]);
//! sealing changes no shape. Data of format 0, which was for trials, is not read.
//!
//! This crate is pure, but for the files of [`note::secrets`]. It knows neither what an event means, nor where it is kept, nor what
//! time it is.

mod body;
mod checkpoint;
pub mod evidence;
mod hash;
pub mod heads;
pub mod key_change;
mod leaf;
pub mod leaves;
pub mod note;
pub mod receipt;
pub mod request;
pub mod seal;
pub mod tree;

pub use body::{Body, BodyError, SealedField};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use hash::{Hash, HashError, Hasher};
pub use leaf::{FORMAT, Header, HeaderError, NAME_LIMIT_BYTES, NameTooLong};
