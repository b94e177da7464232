//! The domain of 有诉即办: what happens to an appeal, by whom, by when.
//!
//! This crate is pure. It opens no file, knows no database and no clock: `now` is an argument. A command and a case's
//! events go in, new events or a refusal come out ([`case::decide`]); [`case::evolve`] folds events back into a case.
//!
//! **Where things stand.** [`case`] holds the aggregate, one file a step, in folders by stage of the domain's table of
//! actions. [`centre`] is the same for a centre's set-up. [`obligation`] is the heart: every wait has an owner, a due time
//! and an end, and [`obligation::table`] says which event starts and ends which. [`policy`] and [`calendar`] are the data it
//! counts by. [`case::sweep`] says what the system does by itself, and when.
//!
//! **What is decided once stays decided.** An event carries its clocks: the obligations it set with their due times and
//! reasons, the ones it ended and how. Replaying reads them; a changed rule or calendar changes nothing that was.
//!
//! **Words.** English names follow the field's usage; the Chinese term stands in each type's doc comment. Articles are
//! cited as H (豫审信〔2022〕43号) and S (平龙政服领办〔2023〕7号); “默认” marks custom where both are silent. Texts for users are
//! Chinese, for operators of the command line English. Times are Asia/Shanghai, to the millisecond.

pub mod calendar;
pub mod case;
pub mod centre;
pub mod command;
pub mod entry;
pub mod ids;
pub mod obligation;
pub mod people;
pub mod policy;
pub mod refusal;
pub mod sealed;
#[cfg(feature = "story")]
pub mod story;
pub mod terms;
pub mod time;

mod catalogue;
mod words;

pub use case::{Case, CaseCommand, CaseEvent, Context};
pub use centre::{Centre, CentreCommand, CentreEvent};
pub use command::CommandLine;
pub use entry::{Entry, EventSet, Note};
pub use ids::{CaseId, CentreCode};
pub use refusal::Refusal;
pub use time::Instant;
pub use words::term;
