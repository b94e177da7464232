//! 受理: what happens before anybody judges the matter, and what ends it early (H3 H5 S1).

pub mod accepted;
pub mod amended;
pub mod attachment_added;
pub mod contact_corrected;
pub mod declined;
pub mod merged;
pub mod split;
pub mod suspected_repeat_noted;
pub mod withdrawn;
