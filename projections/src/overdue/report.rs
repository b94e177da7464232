//! The report: one page of what is overdue, due soon or ended late, and the counts of all of it.
//!
//! Every obligation is judged, for what is counted is the whole; only those of the page are read in full and measured in
//! working time.

use std::{cmp::Ordering, collections::BTreeMap};

use cases::{
    CaseId, Instant,
    calendar::WorkingTime,
    ids::DepartmentId,
    obligation::{ObligationKind, Outcome, Owner},
};
use chrono::NaiveDate;
use event_log::{Centre, EventLog};
use serde::{Serialize, de::Error as _};

use super::{
    LATE_SINCE, OPEN_BY, Overdue,
    brief::{self, Case, Obligation, Rest, Unread},
    place::{Key, Order, Place},
};
use crate::{
    Number, ViewError, Views, When, clocks,
    fold::View as _,
    past,
    set_up::{Counting, Prepared, SetUp},
};

/// How an obligation stands or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// 已超期
    Overdue,
    /// 即将到期: 催办 has gone out, or would have.
    DueSoon,
    /// 超期完成
    MetLate,
    /// 超期未完成
    Breached,
}

impl Standing {
    const ALL: [Self; 4] = [Self::Overdue, Self::DueSoon, Self::MetLate, Self::Breached];

    /// The term.
    pub fn term(self) -> &'static str {
        match self {
            Self::Overdue => "已超期",
            Self::DueSoon => "即将到期",
            Self::MetLate => Outcome::MetLate.term(),
            Self::Breached => Outcome::Breached.term(),
        }
    }
}

/// One obligation of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    pub standing: Standing,
    pub case: CaseId,
    pub number: Number,
    pub kind: ObligationKind,
    pub owner: Owner,
    /// Who owes it, by name.
    pub owner_name: String,
    /// The department, if one owes it.
    pub department: Option<DepartmentId>,
    /// Its number within the case.
    pub obligation: u32,
    pub round: u32,
    pub from: Instant,
    pub due: Instant,
    /// When it ended, if it did.
    pub ended_at: Option<Instant>,
    /// Working time past the due time, or left until it; `None` beyond the years that are counted.
    pub working_time: Option<WorkingTime>,
    /// 暂定
    pub provisional: bool,
    /// 历史件: listed, and never reminded or supervised.
    pub historical: bool,
}

/// How many of them, by who owes what; provisional ones counted apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Count {
    pub owner_name: String,
    pub kind: ObligationKind,
    pub standing: Standing,
    pub count: usize,
    pub provisional: usize,
    /// Of `count`, 历史件.
    pub historical: usize,
}

/// What of the report is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    pub asked: Asked,
    /// Of one who owes, by name; the counts are of all nevertheless.
    pub owner_name: Option<String>,
    pub order: Order,
    /// Only after this place (pages).
    pub after: Option<Place>,
    pub limit: Option<u32>,
    pub when: When,
}

/// Which obligations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Open ones that are overdue or due soon.
    Open,
    /// Those that ended late, met or not, from the first day to the last.
    Ended { first: NaiveDate, last: NaiveDate },
}

impl Query {
    /// All of it.
    pub fn all(asked: Asked, when: When) -> Self {
        Self { asked, owner_name: None, order: Order::ByOwner, after: None, limit: None, when }
    }
}

/// What was wanted, as far as it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Of everything, whatever the page.
    pub counts: Vec<Count>,
    pub items: Vec<Item>,
    /// How many stand before the first item.
    pub before: usize,
    /// How many there are on all pages.
    pub total: usize,
    /// After which place the page before this one begins, as far as it does not begin with the first item.
    pub previous: Option<Place>,
    /// After which place the next page begins, if there is one.
    pub next: Option<Place>,
}

/// What is asked for.
///
/// # Errors
/// If the view's file, or for a past moment the log, cannot be read.
pub async fn report(views: &Views, log: &dyn EventLog, centre: &Centre, query: &Query) -> Result<Report, ViewError> {
    if query.when.is_past() {
        let fold = past::fold::<Overdue>(log, centre, query.when).await?;
        let lines = fold.rows().filter_map(|(key, row)| {
            let obligations = match query.asked {
                Asked::Open => brief::obligations(row.clocks.open()),
                Asked::Ended { .. } => {
                    brief::obligations(row.clocks.all().iter().filter(|owed| owed.ended_late().is_some()))
                }
            };
            Some(format!("{key} {};{}", brief::head(row), obligations?))
        });
        let text = lines.collect::<Vec<_>>().join("|");
        let unread = |unread| ViewError::Unwritable(serde_json::Error::custom(unread));
        let set_up = Prepared::from(fold.set_up);
        return Judged::of(&text, &set_up, query).and_then(|judged| judged.report(query)).map_err(unread);
    }
    let file = views.file(Overdue::NAME).await?;
    let set_up = file.set_up(centre).await?;
    let select = match query.asked {
        Asked::Open => {
            let horizon = set_up.counting().horizon(query.when.moment());
            sqlx::query(OPEN_BY).bind(centre.as_str()).bind(horizon.ms())
        }
        Asked::Ended { first, .. } => {
            // A date alone reads as its first moment.
            let first_ms = first.to_string().parse().map_or(i64::MIN, Instant::ms);
            sqlx::query(LATE_SINCE).bind(centre.as_str()).bind(first_ms)
        }
    };
    let text = file.keyed_rows::<()>(select).await?.pop().map(|(text, ())| text).unwrap_or_default();
    let report = Judged::of(&text, &set_up, query).and_then(|judged| judged.report(query));
    report.map_err(|unread| file.bad_row(serde_json::Error::custom(unread)))
}

/// Kind and owner, which many obligations have in common.
struct Group {
    kind: ObligationKind,
    owner: Owner,
    owner_name: String,
    is_wanted: bool,
    /// In the order of [`Standing::ALL`].
    counts: [Tally; Standing::ALL.len()],
}

#[derive(Clone, Copy, Default)]
struct Tally {
    certain: usize,
    provisional: usize,
    historical: usize,
}

/// An obligation of the report, before it is read in full.
#[derive(Clone, Copy)]
struct Light<'t> {
    standing: Standing,
    group: usize,
    number: Number,
    case: &'t str,
    historical: bool,
    owed: Obligation<'t>,
}

struct Judged<'t> {
    counting: Counting<'t>,
    groups: Vec<Group>,
    lights: Vec<Light<'t>>,
}

impl<'t> Judged<'t> {
    /// Judges and counts every obligation of the lines, and keeps those that are wanted.
    fn of(text: &'t str, set_up: &'t Prepared, query: &Query) -> Result<Self, Unread> {
        let mut judged = Self { counting: set_up.counting(), groups: Vec::new(), lights: Vec::new() };
        let (mut known, mut soon) = (BTreeMap::new(), BTreeMap::new());
        let now = query.when.moment();
        for line in text.split(brief::BETWEEN).filter(|line| !line.is_empty()) {
            let line = Case::read(line).ok_or(Unread)?;
            let (case, head) = (line.case, &line.head);
            let Some(number) = head.number else { continue };
            for owed in line.obligations() {
                let owed = owed.ok_or(Unread)?;
                let group = match known.get(owed.what) {
                    Some(group) => *group,
                    None => {
                        let (kind, owner) = brief::what(owed.what).ok_or(Unread)?;
                        judged.groups.push(Group::new(kind, owner, set_up, query));
                        known.insert(owed.what, judged.groups.len() - 1);
                        judged.groups.len() - 1
                    }
                };
                let kind = judged.groups[group].kind;
                let standing = match query.asked {
                    Asked::Open if !clocks::runs(kind, head.paused) => continue,
                    Asked::Open if now > owed.due => Standing::Overdue,
                    Asked::Open => {
                        let of_day = soon
                            .entry((owed.due.date(), head.policy))
                            .or_insert_with(|| judged.counting.soon_from(owed.due, head.policy));
                        if of_day.is_none_or(|soon| soon > now) {
                            continue;
                        }
                        Standing::DueSoon
                    }
                    Asked::Ended { first, last } => {
                        let end = owed.rest().ok_or(Unread)?.end.ok_or(Unread)?;
                        if !(first..=last).contains(&end.at.date()) {
                            continue;
                        }
                        if end.outcome == Outcome::MetLate { Standing::MetLate } else { Standing::Breached }
                    }
                };
                let historical = head.historical;
                judged.groups[group].count(standing, owed.provisional, historical);
                if judged.groups[group].is_wanted {
                    judged.lights.push(Light { standing, group, number, case, historical, owed });
                }
            }
        }
        Ok(judged)
    }

    fn report(mut self, query: &Query) -> Result<Report, Unread> {
        let limit = query.limit.map_or(usize::MAX, |limit| limit as usize);
        let lights = std::mem::take(&mut self.lights);
        let total = lights.len();
        let after = query.after.as_ref().map(Place::key);
        let (mut before, mut page): (Vec<_>, Vec<_>) = match after {
            None => (Vec::new(), lights),
            Some(after) => {
                lights.into_iter().partition(|light| query.order.compare(&self.key(light), &after) != Ordering::Greater)
            }
        };
        let compare = |a: &Light<'_>, b: &Light<'_>| query.order.compare(&self.key(a), &self.key(b));
        let previous = before.len().checked_sub(limit).and_then(|at| at.checked_sub(1)).map(|at| {
            let (_, light, _) = before.select_nth_unstable_by(at, compare);
            self.place(light)
        });
        let more = page.len() > limit;
        if more {
            page.select_nth_unstable_by(limit, compare);
            page.truncate(limit);
        }
        page.sort_unstable_by(compare);
        Ok(Report {
            counts: counts(&self.groups),
            next: page.last().filter(|_| more).map(|light| self.place(light)),
            items: page.iter().map(|light| self.item(light, query.when.moment())).collect::<Result<_, _>>()?,
            before: before.len(),
            total,
            previous,
        })
    }

    fn key(&self, light: &Light<'_>) -> Key<'_> {
        let Group { kind, owner, .. } = &self.groups[light.group];
        Key {
            standing: light.standing,
            owner,
            kind: *kind,
            due: light.owed.due,
            number: light.number,
            obligation: light.owed.no,
        }
    }

    fn place(&self, light: &Light<'_>) -> Place {
        let Key { standing, owner, kind, due, number, obligation } = self.key(light);
        Place { standing, owner: owner.clone(), kind, due, number, obligation }
    }

    fn item(&self, light: &Light<'_>, now: Instant) -> Result<Item, Unread> {
        let Light { standing, number, historical, owed, .. } = *light;
        let Group { kind, owner, owner_name, .. } = &self.groups[light.group];
        let Rest { round, from: since, end } = owed.rest().ok_or(Unread)?;
        let ended_at = end.map(|end| end.at);
        let (from, to) = match standing {
            Standing::DueSoon => (now, owed.due),
            _ => (owed.due, ended_at.unwrap_or(now)),
        };
        Ok(Item {
            standing,
            case: light.case.parse().map_err(|_| Unread)?,
            number,
            kind: *kind,
            owner: owner.clone(),
            owner_name: owner_name.clone(),
            department: match owner {
                Owner::Department(id) => Some(id.clone()),
                _ => None,
            },
            obligation: owed.no,
            round,
            from: since,
            due: owed.due,
            ended_at,
            working_time: self.counting.between(from, to),
            provisional: owed.provisional,
            historical,
        })
    }
}

impl Group {
    fn new(kind: ObligationKind, owner: Owner, set_up: &SetUp, query: &Query) -> Self {
        let owner_name = set_up.owner(&owner);
        let is_wanted = query.owner_name.as_ref().is_none_or(|wanted| *wanted == owner_name);
        Self { kind, owner, owner_name, is_wanted, counts: Default::default() }
    }

    fn count(&mut self, standing: Standing, provisional: bool, historical: bool) {
        let tally = &mut self.counts[standing as usize];
        if provisional {
            tally.provisional += 1;
        } else {
            tally.certain += 1;
            tally.historical += usize::from(historical);
        }
    }
}

/// By name, kind and standing: two who go by one name are counted together.
fn counts(groups: &[Group]) -> Vec<Count> {
    let mut counts: BTreeMap<(&str, ObligationKind, Standing), Count> = BTreeMap::new();
    for group in groups {
        for (standing, tally) in Standing::ALL.into_iter().zip(group.counts) {
            if tally.certain + tally.provisional == 0 {
                continue;
            }
            let count = counts.entry((&group.owner_name, group.kind, standing)).or_insert_with(|| Count {
                owner_name: group.owner_name.clone(),
                kind: group.kind,
                standing,
                count: 0,
                provisional: 0,
                historical: 0,
            });
            count.count += tally.certain;
            count.provisional += tally.provisional;
            count.historical += tally.historical;
        }
    }
    counts.into_values().collect()
}
