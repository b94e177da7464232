//! Random histories: a year of a centre, played by chance, the same for the same seed.
//!
//! [`play`] lets actors of every role look at a case and give the commands that somebody in their place would give, most
//! of them sensible, some of them nonsense, while the clock moves through office hours, nights, weekends and holidays.
//! Every event comes of a command through the decider; nothing is put into the log by hand. Papers are entered late and
//! approved, departments forget what they owe, the sweeps stand still for days, a calendar is published after deadlines
//! were counted without it, the policy changes while cases are open.
//!
//! For property tests: [`play`] gives the story, [`watch`] also the lines that were given and what was refused.
//! [`Distribution`] counts how often each type of event came about, by the rows of the domain's table (§2).

mod after;
mod before;
mod beside;
mod centre;
mod dice;
mod distribution;
mod forgetting;
mod scene;
#[cfg(test)]
mod tests;
mod turn;

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

pub use self::distribution::{Distribution, Share, stage_of};
use self::{
    centre::Setting,
    dice::Dice,
    scene::{Line, Scene, scan},
    turn::{choose, pace},
};
use super::{Story, Told, cast};
use crate::{
    case::{Case, Context, sweep},
    command::CommandLine,
    ids::{CaseId, CentreCode},
    people::Actor,
    policy::SHIPPED,
    refusal::Refusal,
    time::Instant,
};

/// Under which of the shipped policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policies {
    /// `henan-2022-43`, later a second version of it.
    Henan,
    /// `shilong-2023-7`, likewise.
    Shilong,
    /// One of the two, and the other from some day on.
    Both,
}

/// What is played.
#[derive(Debug, Clone)]
pub struct Options {
    /// The centre's code: histories of several centres in one log need several.
    pub centre: CentreCode,
    pub policies: Policies,
    /// Appeals that are registered; splits add to them.
    pub cases: u32,
    /// The first moment.
    pub from: Instant,
    pub days: u32,
    /// Whether the system does what it does by itself. Without, people do some of it by hand.
    pub sweeps: bool,
}

impl Default for Options {
    /// Thirty cases from March 2026 to January 2027, both policies, with sweeps.
    fn default() -> Self {
        Self {
            centre: CentreCode::new("410404").expect("six digits"),
            policies: Policies::Both,
            cases: 30,
            from: "2026-03-02T08:30:00".parse().expect("a time"),
            days: 330,
            sweeps: true,
        }
    }
}

/// A history and how it came about.
#[derive(Debug, Clone)]
pub struct Played {
    pub story: Story,
    /// Every line that was given after the centre was opened and not refused, in order, as `apply` reads it. The steps of
    /// the sweeps are not among them.
    pub lines: Vec<Value>,
    /// How often each refusal was met, by its code.
    pub refusals: BTreeMap<&'static str, u32>,
}

/// Plays one history.
pub fn play(seed: u64, options: &Options) -> Story {
    watch(seed, options).story
}

/// The same, with what was said and refused.
pub fn watch(seed: u64, options: &Options) -> Played {
    let mut dice = Dice::new(seed);
    let (first, second) = centre::policies(options.policies, &mut dice);
    let story = Story::under_text(options.centre.clone(), &first, &options.from.to_string());
    let played = Played { story, lines: Vec::new(), refusals: BTreeMap::new() };
    let until = options.from.plus(TimeDelta::days(i64::from(options.days)));
    let mut player = Player {
        dice,
        played,
        queue: BTreeMap::new(),
        asked: 0,
        sweeps: BTreeMap::new(),
        stands_still_until: options.from,
        is_swept: options.sweeps,
        known: BTreeSet::new(),
        all: Vec::new(),
    };
    player.plan(options, until, &second);
    while let Some(((at, _), due)) = player.queue.pop_first().filter(|((at, _), _)| *at <= until) {
        player.played.story.now = player.played.story.now.max(at);
        player.meet(due, at);
    }
    player.played.story.now = until;
    player.played
}

/// A UUIDv7 as a client would choose it.
fn case_id(now: Instant, dice: &mut Dice) -> CaseId {
    let ms = u128::try_from(now.ms()).unwrap_or(0) << 80;
    let noise = u128::from(dice.next()) << 64 | u128::from(dice.next());
    let fixed = 0xffff_ffff_ffff_f000_c000_0000_0000_0000_u128;
    CaseId(Uuid::from_u128(ms | (noise & !fixed) | 0x7000_8000_0000_0000_0000))
}

/// What waits for its moment.
#[derive(Debug, Clone)]
enum Due {
    /// Somebody comes to the window.
    Appeal,
    /// Somebody looks at the case.
    Look(CaseId),
    /// The system looks at the case.
    Sweep(CaseId),
    /// The sweeps stand still for so many days.
    Downtime(u64),
    /// The centre's set-up changes.
    Setting(Setting),
}

struct Player {
    dice: Dice,
    played: Played,
    queue: BTreeMap<(Instant, u64), Due>,
    /// Of queue entries and commands so far.
    asked: u64,
    /// When the system next looks at each case; what else stands in the queue is stale.
    sweeps: BTreeMap<CaseId, Instant>,
    stands_still_until: Instant,
    is_swept: bool,
    known: BTreeSet<CaseId>,
    all: Vec<CaseId>,
}

impl Player {
    fn put(&mut self, at: Instant, due: Due) {
        self.asked += 1;
        self.queue.insert((at, self.asked), due);
    }

    fn plan(&mut self, options: &Options, until: Instant, second_policy: &str) {
        for (at, setting) in centre::settings(options, until, second_policy, &mut self.dice) {
            self.put(at, Due::Setting(setting));
        }
        let seconds = u64::from(options.days) * 86_400;
        for _ in 0..options.cases {
            // Half of them crowd together before long holidays and the turn of the year, where counting is hard.
            let crowd = centre::crowds(options.from, until);
            let at = if !crowd.is_empty() && self.dice.percent(50) {
                self.dice.pick(&crowd).plus(-hours(self.dice.below(12 * 24)))
            } else {
                options.from.plus(TimeDelta::seconds(i64::try_from(self.dice.below(seconds)).unwrap_or(0)))
            };
            let at = self.in_office(at.max(options.from));
            self.put(at, Due::Appeal);
        }
        if options.sweeps {
            for _ in 0..options.days / 80 {
                let at = options.from.plus(hours(self.dice.below(u64::from(options.days) * 24)));
                let days = self.dice.between(1, 9);
                self.put(at, Due::Downtime(days));
            }
        }
    }

    fn meet(&mut self, due: Due, at: Instant) {
        match due {
            Due::Appeal if self.dice.percent(4) => self.historical_appeal(),
            Due::Appeal => {
                let id = case_id(at, &mut self.dice);
                let unborn = Case::new(id);
                let scene = Scene { story: &self.played.story, case: &unborn, all: &self.all };
                let line = before::accept(&scene, &mut self.dice);
                self.act(Some(id), line);
            }
            Due::Look(id) => self.look(id),
            Due::Sweep(id) if self.sweeps.get(&id) == Some(&at) => {
                let before = self.played.story.log.len();
                if at >= self.stands_still_until {
                    self.played.story.sweep_case(id);
                }
                self.after(before);
                self.expect_sweep(id);
            }
            Due::Sweep(_) => {}
            Due::Downtime(days) => {
                self.stands_still_until = self.played.story.now.plus(TimeDelta::days(i64::try_from(days).unwrap_or(0)));
            }
            Due::Setting(setting) => {
                if let Some(line) = setting.line(&self.played.story) {
                    self.act(None, line);
                    self.all.clone().into_iter().for_each(|id| self.expect_sweep(id));
                }
            }
        }
    }

    /// Somebody looks at the case, does one thing or nothing, and comes back later.
    fn look(&mut self, id: CaseId) {
        let scene = Scene { story: &self.played.story, case: &self.played.story.cases[&id], all: &self.all };
        let line = choose(&scene, &mut self.dice);
        let done = line.is_some_and(|line| self.act(Some(id), line));
        let pace = pace(&self.played.story.cases[&id], done, &mut self.dice);
        let at = self.played.story.now.plus(pace);
        let at = if self.dice.percent(92) { self.in_office(at) } else { at };
        self.put(at, Due::Look(id));
    }

    /// Gives a command; whether it was taken. Now and then it is entered late, or sent twice.
    fn act(&mut self, case: Option<CaseId>, line: Line) -> bool {
        let (who, fields) = line;
        let story = &self.played.story;
        self.asked += 1;
        let command = Uuid::from_u128(u128::from(self.dice.next()) << 64 | u128::from(self.asked));
        let mut full = json!({"id": command, "centre": story.centre.code, "by": cast(&who), "recorded_at": story.now});
        if let (Value::Object(full), Value::Object(fields)) = (&mut full, fields) {
            full.extend(fields);
        }
        if let Some(id) = case {
            full["case"] = json!(id);
            let intake = story.cases.get(&id).and_then(|case| case.intake.as_ref());
            let earliest = intake.map_or(story.now.plus(-TimeDelta::days(2)), |intake| intake.accepted_at);
            if full.get("occurred_at").is_none() && self.dice.percent(6) {
                let back = story.now.plus(-TimeDelta::minutes(i64::try_from(self.dice.between(5, 6_000)).unwrap_or(0)));
                full["occurred_at"] = json!(back.max(earliest));
                if self.dice.percent(85) {
                    full["late"] = json!({"reason": "纸质单当时未能录入", "evidence": scan(&mut self.dice)});
                }
            }
        }
        let taken = self.submit(&full);
        if taken && self.dice.percent(1) {
            // A retry of the same is answered and does nothing; the same id with other words is refused.
            if self.dice.percent(30) {
                full["occurred_at"] = json!("2026-01-01");
            }
            self.submit(&full);
        }
        taken
    }

    fn submit(&mut self, full: &Value) -> bool {
        let before = self.played.story.log.len();
        let answer = CommandLine::from_value(full.clone()).and_then(|line| self.played.story.submit(&line));
        match answer {
            Ok(_) => {
                self.played.lines.push(full.clone());
                self.after(before);
                true
            }
            Err(refusal) => {
                self.refused(&refusal);
                false
            }
        }
    }

    fn refused(&mut self, refusal: &Refusal) {
        *self.played.refusals.entry(refusal.code()).or_default() += 1;
    }

    /// New cases get their turn, and the system looks anew at whatever changed.
    fn after(&mut self, before: usize) {
        let story = &self.played.story;
        let touched: BTreeSet<CaseId> = story.log[before..]
            .iter()
            .filter_map(|told| if let Told::Case(id, _) = told { Some(*id) } else { None })
            .collect();
        for id in touched {
            if self.known.insert(id) {
                self.all.push(id);
                let minutes = TimeDelta::minutes(i64::try_from(self.dice.between(2, 90)).unwrap_or(0));
                let at = self.in_office(self.played.story.now.plus(minutes));
                self.put(at, Due::Look(id));
            }
            self.expect_sweep(id);
        }
    }

    fn expect_sweep(&mut self, id: CaseId) {
        if !self.is_swept {
            return;
        }
        let story = &self.played.story;
        let system = Actor::system();
        let ctx = Context::of_sweep(&story.centre, &system, story.now);
        let agenda = sweep::agenda(&story.cases[&id], &ctx).expect("the history stays within the calendar");
        // A reminder whose day it is waits for the office to open again.
        let half_an_hour = story.now.plus(TimeDelta::minutes(30));
        let when = |step: &sweep::Foreseen| {
            if step.at > story.now || sweep::is_due(step, &ctx) { step.at.max(story.now) } else { half_an_hour }
        };
        let next = agenda.iter().map(when).min();
        match next.map(|next| next.max(self.stands_still_until)) {
            Some(next) if self.sweeps.insert(id, next) != Some(next) || next <= self.played.story.now => {
                self.put(next, Due::Sweep(id));
            }
            Some(_) => {}
            None => {
                self.sweeps.remove(&id);
            }
        }
    }

    /// The moment itself, or some time after the next opening.
    fn in_office(&mut self, at: Instant) -> Instant {
        let centre = &self.played.story.centre;
        if centre.calendar.is_open(at, &centre.hours) {
            return at;
        }
        let opens = centre.calendar.next_opening(at, &centre.hours).unwrap_or(at);
        opens.plus(TimeDelta::seconds(i64::try_from(self.dice.below(3 * 3_600)).unwrap_or(0)))
    }

    /// 历史件: what an import writes, as late entries approved in the mapping.
    fn historical_appeal(&mut self) {
        let now = self.played.story.now;
        let id = case_id(now, &mut self.dice);
        let mut day = self.dice.between(20, 400);
        let scene = Scene { story: &self.played.story, case: &Case::new(id), all: &self.all };
        let (_, mut accept) = before::accept(&scene, &mut self.dice);
        accept["historical"] = true.into();
        let late = json!({"reason": "历史件导入", "evidence": scan(&mut self.dice), "approved_by": cast("manager")});
        let steps = [
            ("admin", accept),
            (
                "admin",
                json!({"command": "classify", "kind": "hard_to_do", "ground": "legacy_matter", "departments": ["zjj"]}),
            ),
            ("admin", json!({"command": "dispatch", "lead": "zjj"})),
            ("system_administrator:department:zjj", json!({"command": "report_result", "text": "已答复"})),
        ];
        for (who, mut fields) in steps {
            fields["occurred_at"] = json!(now.plus(-hours(day * 24)));
            fields["late"] = late.clone();
            self.act(Some(id), (who.to_owned(), fields));
            day = day.saturating_sub(self.dice.below(8));
        }
    }
}

fn hours(hours: u64) -> TimeDelta {
    TimeDelta::hours(i64::try_from(hours).unwrap_or(0))
}
