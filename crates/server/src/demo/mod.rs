//! 演示中心: a year of a district centre, made by commands alone.
//!
//! Nothing is written behind the program's back: every event is the answer to a command that a person's role may give, and
//! every reminder, supervision and circulation is the system's own. The people are invented, the days are the calendar's.

mod behaviour;
mod matters;
mod office;
mod profile;

use std::collections::BTreeSet;

use cases::{
    CaseId, CentreCode, CommandLine, Instant, Refusal,
    calendar::{OfficeHours, WorkCalendar},
    case::Stage,
    centre::{
        department_recorded::RecordDepartment,
        opened::{Level, OpenCentre},
        recipients_recorded::{Recipients, RecordRecipients},
        roster_recorded::{RecordRoster, Roster},
    },
    command::{CaseCommandLine, CentreCommandLine},
    ids::{ActorId, CommandId, DepartmentId, PolicyId},
    people::{Actor, Office, Role},
    policy::Policy,
};
use chrono::{Datelike, NaiveDate, TimeDelta, Weekday};
use uuid::Uuid;

use crate::{
    engine::{Engine, EngineError},
    player::Player,
};
use behaviour::next_act;
use profile::Profile;

/// The simulated centre's code: 石龙区.
pub(crate) const CENTRE: &str = "410404";
const POLICY: &str = "shilong-2023-7";
const FIRST_DAY: (i32, u32, u32) = (2025, 10, 9);
const LAST_DAY: (i32, u32, u32) = (2026, 10, 15);
const CASES: u64 = 560;
const LAST_AFTERNOON: usize = 20;

/// What the demo made.
pub(crate) struct Made {
    pub(crate) cases: u64,
    pub(crate) events: u64,
    pub(crate) refused: u64,
    /// The centre's clock at the end.
    pub(crate) now: Instant,
}

/// A small deterministic source of chance (SplitMix64): the demo is the same on every machine.
pub(super) struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }

    /// Once in so many per cent.
    pub(super) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.below(from.len() as u64)).unwrap_or(0)]
    }
}

fn day((year, month, day): (i32, u32, u32)) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a date of the calendar")
}

/// Somebody of the centre's cast.
pub(super) fn actor(id: &str, role: Role, office: Office) -> Actor {
    Actor { id: ActorId::new(id).expect("the cast have short names"), role, office }
}

/// Fills an empty directory.
pub(crate) async fn fill(engine: &Engine) -> Result<Made, EngineError> {
    let code = CentreCode::new(CENTRE).expect("six digits");
    let calendar = WorkCalendar::shipped();
    let hours = OfficeHours::default();
    let opening = hours.opening(day(FIRST_DAY)).map_err(uncounted)?;
    set_up(engine, &code, opening.plus(TimeDelta::hours(-1)), calendar).await?;

    let mut chance = Chance(0x0410_0404);
    let mut player = Player::new(engine, code.clone()).await?;
    let last = hours.closing(day(LAST_DAY)).map_err(uncounted)?;
    let arrivals = arrivals(&mut chance, calendar, &hours)?;
    let mut profiles: Vec<Profile> = arrivals.iter().enumerate().map(|(n, _)| Profile::draw(&mut chance, n)).collect();
    let mut turns: BTreeSet<(Instant, usize)> = arrivals.iter().enumerate().map(|(n, at)| (*at, n)).collect();
    let (mut refused, mut commands) = (0, 0_u64);
    while let Some((at, n)) = turns.pop_first().filter(|(at, _)| *at <= last) {
        player.advance(at).await?;
        let case = player.case(case_id(n)).await?;
        let centre = player.centre().await?;
        let Some(act) = next_act(&case, &mut profiles[n], &mut chance, at, &centre) else {
            // Nobody has anything to do: somebody looks again tomorrow, for the system may have acted.
            if !matches!(case.stage, Stage::Ended(_)) && profiles[n].refused <= behaviour::PATIENCE {
                turns.insert((at.plus(TimeDelta::days(1)), n));
            }
            continue;
        };
        if act.at > at {
            turns.insert((act.at, n));
            continue;
        }
        drop(case);
        commands += 1;
        let id = CommandId(Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("demo:{commands}").as_bytes()));
        let line = CaseCommandLine::new(case_id(n), code.clone(), act.by, id, act.command);
        match player.give(line, at).await {
            Ok(_) => {}
            // People try things; the decider says no. The demo shows what remains.
            Err(EngineError::Refused(refusal)) => {
                tracing::debug!(code = refusal.code(), %refusal, "refused in the demo");
                refused += 1;
                profiles[n].refused += 1;
            }
            Err(error) => return Err(error),
        }
        turns.insert((at.plus(TimeDelta::minutes(5)), n));
    }
    player.advance(last).await?;
    player.flush().await?;
    Ok(Made { cases: CASES, events: player.events, refused, now: player.now() })
}

fn case_id(n: usize) -> CaseId {
    CaseId::of_external(&CentreCode::new(CENTRE).expect("six digits"), "demo", &n.to_string())
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn uncounted(error: cases::calendar::CalendarError) -> EngineError {
    Refusal::CannotCount { reason: error.to_string() }.into()
}

/// When people come: on working days, more on the days after a holiday and on Mondays.
fn arrivals(chance: &mut Chance, calendar: &WorkCalendar, hours: &OfficeHours) -> Result<Vec<Instant>, EngineError> {
    let working: Vec<NaiveDate> = day(FIRST_DAY)
        .iter_days()
        .take_while(|date| *date < day(LAST_DAY))
        .filter(|date| calendar.is_working_day(*date))
        .collect();
    let mut arrivals = Vec::new();
    while (arrivals.len() as u64) < CASES {
        let date = *chance.pick(&working);
        let quiet = date.weekday() != Weekday::Mon && chance.percent(25);
        if quiet {
            continue;
        }
        let opening = hours.opening(date).map_err(uncounted)?;
        let minutes = i64::try_from(chance.below(420)).unwrap_or(0);
        let at = opening.plus(TimeDelta::minutes(minutes + if minutes >= 170 { 60 } else { 0 }));
        arrivals.push(at);
    }
    // On the last afternoon some more, so that every stage has its cases when the clock stops.
    let noon = hours.opening(day(LAST_DAY)).map_err(uncounted)?.plus(TimeDelta::minutes(300));
    arrivals.truncate(arrivals.len() - LAST_AFTERNOON);
    arrivals.extend((0_i64..).take(LAST_AFTERNOON).map(|n| noon.plus(TimeDelta::minutes(9 * n))));
    arrivals.sort_unstable();
    Ok(arrivals)
}

async fn set_up(engine: &Engine, code: &CentreCode, at: Instant, calendar: &WorkCalendar) -> Result<(), EngineError> {
    let admin = actor("admin", Role::SystemAdministrator, Office::Centre);
    let policy = PolicyId::new(POLICY).ok().and_then(|id| Policy::shipped(&id)).expect("it comes with the program");
    let mut commands: Vec<cases::CentreCommand> = vec![
        OpenCentre {
            name: "石龙区政务服务中心（演示）".to_owned(),
            level: Level::County,
            parent: CentreCode::new("410400").ok(),
            policy_text: policy.1.to_owned(),
            simulated: true,
        }
        .into(),
        RecordRecipients {
            recipients: Recipients {
                government: "石龙区人民政府".to_owned(), discipline: "石龙区纪委监委".to_owned()
            },
        }
        .into(),
    ];
    for (id, name) in matters::DEPARTMENTS {
        let department = DepartmentId::new(*id).expect("short names");
        commands.push(RecordDepartment { department, name: (*name).to_owned() }.into());
    }
    for (n, date) in day(FIRST_DAY).iter_days().take_while(|date| *date <= day(LAST_DAY)).enumerate() {
        if calendar.is_working_day(date) {
            let person = |id: &str| ActorId::new(id).expect("the cast have short names");
            let officers = vec![person(matters::OFFICERS[n % matters::OFFICERS.len()])];
            let roster = Roster {
                date,
                officers,
                leader: person(matters::LEADERS[n % matters::LEADERS.len()]),
                deputies: vec![],
            };
            commands.push(RecordRoster { roster }.into());
        }
    }
    for (n, command) in commands.into_iter().enumerate() {
        let id = CommandId(Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("demo:set-up:{n}").as_bytes()));
        let line = CentreCommandLine::new(code.clone(), admin.clone(), id, Some(at), command);
        engine.submit(&CommandLine::Centre(Box::new(line)), event_log::Priority::People).await?;
    }
    Ok(())
}
