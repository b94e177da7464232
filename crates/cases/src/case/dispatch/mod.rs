//! 转办 (H7 S3 S4): who has the work, and whether it is theirs.

pub mod dispatched;
pub mod disputed;
pub mod handler_assigned;
pub mod reassigned;
pub mod recused;
pub mod signed_for;
