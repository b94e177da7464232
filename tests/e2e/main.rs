//! The program as a user runs it: one binary, directories of its own, nothing mocked.

mod backup;
mod bad_input;
mod checkpoints;
mod due;
mod erasing;
mod evidence;
mod kept;
mod log_keys;
mod mirror;
mod program;
mod real_data;
mod receipts;
mod walkthrough;
mod witnesses;
