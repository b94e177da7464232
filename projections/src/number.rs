//! `<centre>-<year>-<n>`: how people call a case. The number follows from log order and stands in no event.

use cases::{CaseId, Instant};
use chrono::Datelike as _;
use serde::{Deserialize, Serialize};

use crate::fold::Fold;

/// 序号, also the 年第N号 of the work order: per centre and year of acceptance's occurred date, gapless from 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Number {
    pub year: i32,
    pub no: u64,
}

impl Number {
    /// Draws the next one of the year.
    pub(crate) fn draw<R: Clone + Default>(fold: &mut Fold<R>, accepted_at: Instant) -> Self {
        let year = accepted_at.date().year();
        Self { year, no: fold.next(&year.to_string()) }
    }

    /// As people say it: `410404-2026-17`.
    pub fn of(self, centre: &event_log::Centre) -> String {
        format!("{centre}-{}-{}", self.year, self.no)
    }

    /// The year and number of `<centre>-<year>-<n>`, if that is what the text is.
    pub fn read(text: &str) -> Option<(event_log::Centre, Self)> {
        let mut parts = text.trim().rsplitn(3, '-');
        let (no, year, centre) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?);
        Some((event_log::Centre::new(centre).ok()?, Self { year, no }))
    }
}

/// A case's row key.
pub(crate) fn key(case: CaseId) -> String {
    // Every view asks for it with every event: so it is written by hand rather than by a format.
    case.0.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()).to_owned()
}
