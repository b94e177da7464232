//! What an actor sees before choosing: the case, the centre, the time. Every act is a function from a scene to a
//! command, or to nothing where it would be pointless there.

use chrono::{Datelike, NaiveDate, TimeDelta};
use serde_json::{Value, json};

use super::dice::Dice;
use crate::{
    case::{Case, escalation::DraftState, round::Round},
    ids::{ActorId, CaseId, DepartmentId},
    obligation::{About, InformAbout, ObligationKind, Running},
    policy::Policy,
    story::Story,
};

/// Who says it, and the command's fields.
pub(super) type Line = (String, Value);

/// Something that may be done.
pub(super) type Act = for<'a> fn(&Scene<'a>, &mut Dice) -> Option<Line>;

/// One case at one moment.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) story: &'a Story,
    pub(super) case: &'a Case,
    /// Every case so far, in the order of their acceptance.
    pub(super) all: &'a [CaseId],
}

impl<'a> Scene<'a> {
    pub(super) fn policy(&self) -> Option<&'a Policy> {
        let centre = &self.story.centre;
        self.case.policy.as_ref().map_or(centre.current_policy(), |reference| centre.policy(reference))
    }

    pub(super) fn today(&self) -> NaiveDate {
        self.story.now.date()
    }

    pub(super) fn day(&self, in_days: u64) -> NaiveDate {
        self.story.now.plus(TimeDelta::days(i64::try_from(in_days).unwrap_or(0))).date()
    }

    pub(super) fn round(&self) -> Option<&'a Round> {
        self.case.round()
    }

    pub(super) fn lead(&self) -> Option<&'a DepartmentId> {
        self.round()?.lead().map(|lead| &lead.department)
    }

    /// Open obligations that the test holds for.
    pub(super) fn owed(&self, test: impl Fn(&Running) -> bool) -> Vec<&'a Running> {
        self.case.clocks.open().filter(|running| test(running)).collect()
    }

    pub(super) fn is_owed(&self, kind: ObligationKind) -> bool {
        self.case.clocks.open_of(kind, None).is_some()
    }

    /// What the complainant waits to be told.
    pub(super) fn untold(&self) -> Option<InformAbout> {
        self.case.clocks.open().find_map(|running| match running.obligation.about {
            Some(About::Inform(about)) => Some(about),
            _ => None,
        })
    }

    pub(super) fn waiting_drafts(&self) -> impl Iterator<Item = &'a crate::case::state::Draft> {
        self.case.drafts.iter().filter(|draft| draft.state == DraftState::Waiting)
    }

    /// Whether the office is open now.
    pub(super) fn is_open(&self) -> bool {
        let centre = &self.story.centre;
        centre.calendar.is_open(self.story.now, &centre.hours)
    }

    pub(super) fn is_rated_below(&self) -> bool {
        let rating = self.round().and_then(|round| round.rating);
        let Some((rating, policy)) = rating.zip(self.policy()) else { return false };
        !rating.0.is_satisfied(policy)
    }

    /// A department of the centre, among those not named here.
    pub(super) fn department(&self, dice: &mut Dice, but: &[&DepartmentId]) -> Option<&'a DepartmentId> {
        let known: Vec<_> = self.story.centre.departments.keys().filter(|id| !but.contains(id)).collect();
        (!known.is_empty()).then(|| dice.pick(&known))
    }

    /// A department that has work on the case.
    pub(super) fn assigned(&self, dice: &mut Dice) -> Option<&'a DepartmentId> {
        let active: Vec<_> = self.round()?.active().map(|assignment| &assignment.department).collect();
        (!active.is_empty()).then(|| dice.pick(&active))
    }

    /// Somebody of a department; now and then somebody who must not act here.
    pub(super) fn staff(&self, department: &DepartmentId, dice: &mut Dice) -> String {
        let handler = ActorId::new(format!("handler-{department}"));
        let concerned = handler.is_ok_and(|handler| self.case.concerns(&handler)) && !dice.percent(5);
        format!("{}:{department}", if concerned || dice.percent(30) { "head" } else { "handler" })
    }

    /// Another case of the centre.
    pub(super) fn other(&self, dice: &mut Dice) -> Option<CaseId> {
        let recent = &self.all[self.all.len().saturating_sub(12)..];
        (!recent.is_empty()).then(|| dice.pick(recent)).filter(|id| *id != self.case.id)
    }
}

pub(super) fn line(who: impl Into<String>, fields: Value) -> Option<Line> {
    Some((who.into(), fields))
}

pub(super) fn clerk(dice: &mut Dice) -> &'static str {
    dice.pick(&["clerk", "clerk", "clerk2", "officer"])
}

pub(super) fn manager(dice: &mut Dice) -> &'static str {
    dice.pick(&["manager", "manager", "manager2", "leader"])
}

/// One sentence of many, as somebody might write it. All invented.
pub(super) fn words(dice: &mut Dice, of: &[&str]) -> String {
    let tail = dice.pick(&["", "，请按规定办理", "，已当面说明", "，材料附后", "，电话里说过一次"]);
    format!("{}{tail}", dice.pick(of))
}

/// SM3 of a scan that nobody made.
pub(super) fn scan(dice: &mut Dice) -> crate::ids::FileHash {
    crate::command::hash(&dice.next().to_be_bytes())
}

/// `13800138000` and its neighbours: a number that no subscriber has in such a row.
pub(super) fn telephone(dice: &mut Dice) -> String {
    format!("1380000{:04}", dice.below(10_000))
}

/// A 2027 calendar as a notice might have it; the true one is not published yet.
pub(super) fn calendar_of(year: i32, version: u32) -> Value {
    let day = |month: u32, day: u32, name: &str| json!({"date": format!("{year}-{month:02}-{day:02}"), "name": name});
    let weekday = NaiveDate::from_ymd_opt(year, 1, 1).map_or(0, |date| date.weekday().num_days_from_monday());
    // The first Sunday after the holidays makes up for one of them.
    let makeup = 1 + (6 + 7 - weekday) % 7 + if weekday + 3 > 6 { 7 } else { 0 };
    json!({"year": year, "version": version, "status": "published",
        "notices": [{"number": format!("模拟通知〔{}〕{version}号", year - 1)}],
        "holidays": [day(1, 1, "元旦"), day(1, 2, "元旦"), day(1, 3, "元旦"), day(2, 5, "春节"), day(2, 6, "春节"),
            day(2, 7, "春节"), day(2, 8, "春节"), day(2, 9, "春节"), day(2, 10, "春节"), day(2, 11, "春节"),
            day(4, 5, "清明节"), day(5, 1, "劳动节"), day(5, 3, "劳动节"), day(6, 9, "端午节"), day(9, 15, "中秋节"),
            day(10, 1, "国庆节"), day(10, 4, "国庆节"), day(10, 5, "国庆节"), day(10, 6, "国庆节")],
        "makeup_workdays": [day(1, makeup, "元旦")]})
}
