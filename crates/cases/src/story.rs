//! A centre in memory: commands in, events out, a clock that is told the time. Tests of every package tell their given,
//! when, then with it; nothing in it decides anything.

pub mod random;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    case::{self, Case, CaseEvent, Context, sweep},
    centre::{self, Centre, CentreEvent},
    command::{CaseCommandLine, CommandLine},
    entry::{Entry, EventSet},
    ids::{CaseId, CentreCode},
    people::Actor,
    policy::SHIPPED,
    refusal::Refusal,
    time::Instant,
};

/// One entry of the story's log, in order.
#[derive(Debug, Clone)]
pub enum Told {
    Case(CaseId, Entry<CaseEvent>),
    Centre(Entry<CentreEvent>),
}

/// A centre and its cases.
#[derive(Debug, Clone)]
pub struct Story {
    pub centre: Centre,
    pub cases: BTreeMap<CaseId, Case>,
    /// Every entry so far, as one log would hold it.
    pub log: Vec<Told>,
    pub now: Instant,
    commands: u128,
}

/// The departments of every story.
pub const DEPARTMENTS: [(&str, &str); 4] =
    [("scj", "市场监管局"), ("zjj", "住建局"), ("rsj", "人社局"), ("gaj", "公安分局")];

impl Story {
    /// A simulated centre 410404, opened with four departments under a shipped policy.
    pub fn under(policy: &str, at: &str) -> Self {
        let code = CentreCode::new("410404").expect("six digits");
        let (_, text) =
            SHIPPED.iter().find(|(file, _)| file.trim_end_matches(".toml") == policy).expect("a shipped policy");
        Self::under_text(code, text, at)
    }

    /// The same under any policy's text.
    pub fn under_text(code: CentreCode, text: &str, at: &str) -> Self {
        let now = at.parse().expect("a time");
        let mut story = Self { centre: Centre::new(code), cases: BTreeMap::new(), log: Vec::new(), now, commands: 0 };
        let open = json!({"command": "open_centre", "name": "石龙区政务服务中心", "level": "county", "parent": "410400",
            "policy_text": text, "simulated": true});
        story.tell("admin", open).expect("a centre opens once");
        for (id, name) in DEPARTMENTS {
            story
                .tell("admin", json!({"command": "record_department", "department": id, "name": name}))
                .expect("a name");
        }
        let recipients = json!({"government": "石龙区人民政府", "discipline": "石龙区纪委监委"});
        story.tell("admin", json!({"command": "record_recipients", "recipients": recipients})).expect("two names");
        story
    }

    /// Moves the clock.
    pub fn at(&mut self, at: &str) -> &mut Self {
        self.now = at.parse().expect("a time");
        self
    }

    /// The `n`th case of the story.
    pub fn id(n: u128) -> CaseId {
        CaseId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + n))
    }

    /// The case itself.
    pub fn case(&self, id: CaseId) -> &Case {
        &self.cases[&id]
    }

    /// Somebody gives a command; `fields` may set anything of the envelope. Answers the types of the events.
    pub fn tell(&mut self, who: &str, fields: Value) -> Result<Vec<&'static str>, Refusal> {
        self.commands += 1;
        let mut line = json!({"id": Uuid::from_u128(self.commands), "centre": self.centre.code, "by": cast(who)});
        if let (Value::Object(line), Value::Object(fields)) = (&mut line, fields) {
            line.extend(fields);
        }
        self.submit(&CommandLine::from_value(line)?)
    }

    /// The same for a command that was read. In a story a recorded time that a command brings moves the clock.
    pub fn submit(&mut self, line: &CommandLine) -> Result<Vec<&'static str>, Refusal> {
        if let Some(recorded_at) = line.times().1 {
            self.now = recorded_at;
        }
        match line {
            CommandLine::Centre(line) => {
                let ctx = Context::of_centre(&self.centre, line, self.now);
                let entries = centre::decide(line, &self.centre, &ctx)?;
                let types = entries.iter().map(|entry| entry.event.type_name()).collect();
                for entry in entries {
                    centre::evolve(&mut self.centre, &entry);
                    self.log.push(Told::Centre(entry));
                }
                Ok(types)
            }
            CommandLine::Case(line) => {
                let others = line.command.others().into_iter();
                let others = others.filter_map(|id| Some((id, self.cases.get(&id)?.clone()))).collect();
                let unborn = Case::new(line.case);
                let case = self.cases.get(&line.case).unwrap_or(&unborn);
                let ctx = Context::of_case(&self.centre, line, self.now, &others);
                let (decided, grown) = case::grow(line, case.clone(), &ctx)?;
                let types = decided.iter().map(|(_, entry)| entry.event.type_name()).collect();
                for (id, entry) in decided {
                    case::evolve(self.cases.entry(id).or_insert_with(|| Case::new(id)), &entry);
                    self.log.push(Told::Case(id, entry));
                }
                for (id, case) in &grown {
                    let folded = self.cases.get(id).unwrap_or(&unborn);
                    assert_eq!(case, folded, "what a decision grows is what its events fold into");
                }
                Ok(types)
            }
        }
    }

    /// One sweep, now, over every case, until nothing is due. Answers the types of the events.
    pub fn sweep(&mut self) -> Vec<&'static str> {
        let ids: Vec<CaseId> = self.cases.keys().copied().collect();
        ids.into_iter().flat_map(|id| self.sweep_case(id)).collect()
    }

    fn sweep_case(&mut self, id: CaseId) -> Vec<&'static str> {
        let mut types = Vec::new();
        loop {
            let system = Actor::system();
            let ctx = Context::of_sweep(&self.centre, &system, self.now);
            let agenda = sweep::agenda(&self.cases[&id], &ctx).expect("the story stays within the calendar");
            let Some(step) = agenda.into_iter().find(|step| sweep::is_due(step, &ctx)) else { return types };
            let line = CaseCommandLine::new(id, self.centre.code.clone(), system.clone(), step.id, step.command);
            let done = self.submit(&CommandLine::Case(Box::new(line))).expect("what is foreseen is not refused");
            assert!(!done.is_empty(), "a foreseen step that decides nothing would be foreseen for ever");
            types.extend(done);
        }
    }

    /// Lets time pass: everything that the system does until then happens at its own moment.
    pub fn run_until(&mut self, until: &str) -> Vec<&'static str> {
        let until: Instant = until.parse().expect("a time");
        let mut types = Vec::new();
        loop {
            let system = Actor::system();
            let ctx = Context::of_sweep(&self.centre, &system, self.now);
            let foreseen = self.cases.values().flat_map(|case| sweep::agenda(case, &ctx).unwrap_or_default());
            let Some(next) = foreseen.map(|step| step.at.max(self.now)).min().filter(|next| *next <= until) else {
                break;
            };
            self.now = next;
            let done = self.sweep();
            assert!(!done.is_empty(), "the clock stands at {next} and nothing happens");
            types.extend(done);
        }
        self.now = until;
        types
    }
}

/// Who is who: `clerk`, `officer`, `leader`, `manager`, `manager2`, `head:DEPT`, `handler:DEPT`, `liaison`,
/// `complainant`, `hotline`, `admin`, `system`.
pub fn cast(who: &str) -> Value {
    let (role, office) = match who.split_once(':') {
        Some(("head", department)) => ("department_head", format!("department:{department}")),
        Some(("handler", department)) => ("handler", format!("department:{department}")),
        Some((role, office)) => (role, office.to_owned()),
        None => match who.trim_end_matches(|c: char| c.is_ascii_digit()) {
            "clerk" => ("window_clerk", "centre".to_owned()),
            "officer" => ("duty_officer", "centre".to_owned()),
            "leader" => ("duty_leader", "centre".to_owned()),
            "manager" => ("centre_manager", "centre".to_owned()),
            "liaison" => ("discipline_liaison", "discipline".to_owned()),
            "complainant" => ("complainant", "public".to_owned()),
            "hotline" => ("hotline", "hotline".to_owned()),
            "system" => ("system", "centre".to_owned()),
            _ => ("system_administrator", "centre".to_owned()),
        },
    };
    json!({"id": who.replace(':', "-"), "role": role, "office": office})
}
