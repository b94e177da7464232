//! 开通: the first event of a centre's log. It says for ever whether the log is simulated.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Centre, CentreEvent, SET_UP, calendar_published::CalendarPublished, policy_adopted};
use crate::{
    calendar::{WorkCalendar, shipped},
    case::{Context, Fact, Step},
    entry::Moment,
    ids::CentreCode,
    people::Role,
    refusal::Refusal,
    terms::terms,
};

terms!(
    /// 层级 (GB/T 2260).
    Level {
        Province = "省",
        City = "市",
        County = "县",
        Town = "乡",
    }
);

/// Opens a centre: with its first policy, and the calendars that the program knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenCentre {
    pub name: String,
    pub level: Level,
    /// The centre above, which may be outside the installation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<CentreCode>,
    /// The policy file's text.
    pub policy_text: String,
    /// 演示.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub simulated: bool,
}

impl Step<Centre> for OpenCentre {
    const NAME: &'static str = "open_centre";
    const ROLES: &'static [Role] = SET_UP;

    fn decide(&self, centre: &Centre, _: &Context<'_>) -> Result<Vec<CentreEvent>, Refusal> {
        if centre.version > 0 {
            return Err(Refusal::CentreAlreadyOpen {});
        }
        if self.name.trim().is_empty() {
            return Err(Refusal::TextEmpty { field: "中心名称" });
        }
        let opened = CentreOpened {
            name: self.name.trim().to_owned(),
            level: self.level,
            parent: self.parent.clone(),
            simulated: self.simulated,
        };
        let adopted = policy_adopted::adopted(&self.policy_text)?;
        let newest = WorkCalendar::new(shipped().iter().cloned());
        let calendars =
            shipped().iter().filter(|year| newest.year(year.year).is_some_and(|known| known.id() == year.id()));
        let published = calendars.map(|calendar| CalendarPublished { calendar: calendar.clone() }.into());
        Ok([opened.into(), adopted.into()].into_iter().chain(published).collect())
    }
}

/// 开通. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CentreOpened {
    pub name: String,
    pub level: Level,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<CentreCode>,
    pub simulated: bool,
}

impl Fact<Centre> for CentreOpened {
    const TYPE: &'static str = "centre_opened";

    fn evolve(&self, centre: &mut Centre, at: &Moment<'_>) {
        centre.name.clone_from(&self.name);
        centre.level = self.level;
        centre.parent.clone_from(&self.parent);
        centre.simulated = self.simulated;
        centre.opened_at = Some(at.occurred_at);
    }
}
