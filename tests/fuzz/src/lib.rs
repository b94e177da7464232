//! What must hold of any bytes whatever: a target is a function of bytes that panics if it does not.
//!
//! The same functions run in three places: `tests/replay.rs` gives each its seeds, the inputs that once broke it
//! (`fuzz/corpus`), and some thousands of mutations, always the same; `fuzz/` lets libFuzzer look for more, for as
//! long as one likes (its README says how); whoever finds something adds the input to the corpus.
//!
//! | target | bytes | beyond "no panic" |
//! |---|---|---|
//! | [`import`] | a mapping, a zero byte, a file | every row counted beforehand is a row or a rejection; read again it says the same |
//! | [`command`] | a command line | spelling does not matter; what is decided is readable; sent again it decides nothing |
//! | [`event`] | `type version`, a line's end, a body | written again and read again it is the same; `evolve` takes it |
//! | [`policy`] | a policy's text | one that is accepted can be adopted and worked under |
//! | [`evidence`] | an evidence file | written again it is the same bytes; what holds says what the honest one says |
//! | [`receipt`] | a signed receipt | written again it is the same bytes; only the honest one holds |
//! | [`leaves`] | leaves for a witness's copy | written again it is the same bytes; only the log's own are taken |
//! | [`note`] | a signed note, a request to a witness, a key | written again it is the same bytes; no signature holds of another text |

mod command;
mod event;
mod evidence;
mod import;
mod leaves;
mod mutate;
mod note;
mod policy;
mod receipt;
mod seeds;

pub use self::{
    command::command, event::event, evidence::evidence, import::import, leaves::leaves, mutate::Mutations, note::note,
    policy::policy, receipt::receipt,
};

/// One decoder and what must hold of it.
pub struct Target {
    pub name: &'static str,
    /// Answers whether the bytes were good enough to say something about.
    pub run: fn(&[u8]) -> bool,
    /// Good inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every target.
pub const TARGETS: [Target; 8] = [
    Target { name: "import", run: import, seeds: seeds::imports },
    Target { name: "command", run: command, seeds: seeds::commands },
    Target { name: "event", run: event, seeds: seeds::events },
    Target { name: "policy", run: policy, seeds: seeds::policies },
    Target { name: "note", run: note, seeds: note::seeds },
    Target { name: "leaves", run: leaves, seeds: leaves::seeds },
    Target { name: "evidence", run: evidence, seeds: evidence::seeds },
    Target { name: "receipt", run: receipt, seeds: receipt::seeds },
];
