//! 办理 (H8 S4): what departments do with the work.

pub mod inability_explained;
pub mod partial_reply_given;
pub mod plan_proposed;
pub mod progress_reported;
pub mod promised;
pub mod result_reported;
