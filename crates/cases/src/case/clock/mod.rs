//! 时限的变动: late entries, extensions, pauses, recomputed deadlines, corrected entries.

pub mod deadline_recomputed;
pub mod entry_corrected;
pub mod extension;
pub mod late_entry;
pub mod pause;
