//! Whole paths of a case, as scripts. The sweeps run all the time; whatever the system does by itself, and when, stands in
//! the script, and so do the due times, by hand.

#[path = "../common/mod.rs"]
mod common;

mod calendar;
mod disputes;
mod endings;
mod equality;
mod escalation;
mod forgotten;
mod late;
mod longest;
mod records;
mod referral;
mod settled;
mod time;
