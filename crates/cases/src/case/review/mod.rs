//! 审核 (H7 S3): what the managing body does before anything goes out.

pub mod consulted;
pub mod rejected_at_review;
pub mod signed;
