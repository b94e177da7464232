//! 质检、回访、反馈、销号 (H10 S5).

pub mod call_back;
pub mod closed;
pub mod fed_back;
pub mod quality_checked;
pub mod rated;
pub mod reopened;
pub mod returned_for_rework;
pub mod terminated;
