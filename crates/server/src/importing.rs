//! From rows of a file to commands (domain §8).
//!
//! Into a real directory a row of history becomes late entries that the mapping's two persons vouch for: acceptance,
//! classification, dispatch, and the reply as the result. A row that is no history becomes an appeal like any other. Into a
//! simulated directory the same rows are played in the order of time, and the escalation plays itself out between them.
//!
//! Every command's id follows from the case and the step, and its digest from the row's content: a second run finds
//! everything done, a run that was cut off is completed, and a number that comes again with other content is refused.

use std::{
    collections::VecDeque,
    io::{Read, Seek},
};

use cases::{
    CaseCommand, CaseId, CentreCode, CommandLine, Instant, Refusal,
    case::{
        dispatch::dispatched::Dispatch,
        handling::{inability_explained::ExplainInability, result_reported::ReportResult},
        intake::{
            accepted::Accept,
            suspected_repeat_noted::{NoteSuspectedRepeat, RepeatBasis},
        },
        review::signed::Sign,
        triage::{Kind, classified::Classify, submitted::Submit},
    },
    centre::department_recorded::RecordDepartment,
    command::{CaseCommandLine, CentreCommandLine, LateFields, hash},
    ids::{ActorId, CommandId, FileHash},
    people::{Actor, Office, Role},
};
use event_log::Priority;
use import::{Appeals, Mapping, Outcome, Row};
use uuid::Uuid;

use crate::{
    engine::{Begun, Engine, EngineError},
    player::Player,
};

/// What an import is given.
pub struct Import<'a> {
    pub engine: &'a Engine,
    pub centre: CentreCode,
    pub mapping: &'a Mapping,
    /// The file's hash: it takes the scan's place.
    pub evidence: FileHash,
    /// Who runs it.
    pub by: Actor,
}

/// What became of the rows.
#[derive(Debug, Default)]
pub struct Imported {
    pub read: u64,
    pub accepted: u64,
    pub already: u64,
    pub suspected_repeats: u64,
    pub rejections: Vec<Rejected>,
}

/// A row that did not go in.
#[derive(Debug)]
pub struct Rejected {
    pub line: u64,
    pub number: Option<String>,
    pub column: Option<String>,
    pub reason: String,
}

impl std::fmt::Display for Rejected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "第{}行", self.line)?;
        if let Some(number) = &self.number {
            write!(f, "（编号{number}）")?;
        }
        if let Some(column) = &self.column {
            write!(f, "，列“{column}”")?;
        }
        write!(f, "：{}", self.reason)
    }
}

/// How many appends are on their way to the disk at once.
const WINDOW: usize = 512;

/// Brings the rows in. `tick` is called once a row.
///
/// # Errors
/// If the file or the log cannot be read or written; a row that does not go in is no error.
pub async fn run<R: Read + Seek>(
    import: &Import<'_>,
    appeals: Appeals<'_, R>,
    tick: &mut dyn FnMut(),
) -> anyhow::Result<Imported> {
    let centre = import.engine.centre(&import.centre).await?;
    import.departments().await?;
    let mut done = Imported::default();
    let mut simulated: Vec<Box<Row>> = Vec::new();
    let mut on_their_way: VecDeque<Begun> = VecDeque::new();
    for outcome in appeals {
        done.read += 1;
        tick();
        let row = match outcome? {
            Outcome::Rejected(no) => {
                let reason = no.reason.to_string();
                done.rejections.push(Rejected { line: no.line, number: no.number, column: no.column, reason });
                continue;
            }
            Outcome::Row(row) => row,
        };
        done.suspected_repeats += u64::from(row.repeats.is_some());
        if centre.simulated {
            simulated.push(row);
            continue;
        }
        import.enter(&row, &mut done, &mut on_their_way).await?;
        while on_their_way.len() > WINDOW {
            wait_for_one(import.engine, &mut on_their_way).await?;
        }
    }
    while !on_their_way.is_empty() {
        wait_for_one(import.engine, &mut on_their_way).await?;
    }
    if centre.simulated {
        import.play(&simulated, &mut done).await?;
    }
    Ok(done)
}

async fn wait_for_one(engine: &Engine, on_their_way: &mut VecDeque<Begun>) -> Result<(), EngineError> {
    let Some(begun) = on_their_way.pop_front() else { return Ok(()) };
    let done = begun.done().await;
    if done.is_err() {
        engine.forget_cases();
    }
    done.map(|_| ())
}

/// One thing that a row says happened.
struct Step {
    name: &'static str,
    by: Actor,
    at: Instant,
    command: CaseCommand,
}

impl Import<'_> {
    fn case(&self, number: &str) -> CaseId {
        CaseId::of_external(&self.centre, &self.mapping.source, number)
    }

    /// "A department of the mapping that the centre lacks is recorded by the import."
    async fn departments(&self) -> Result<(), EngineError> {
        let centre = self.engine.centre(&self.centre).await?;
        for department in self.mapping.departments() {
            if centre.departments.contains_key(&department.code) {
                continue;
            }
            let id = CommandId(Uuid::new_v5(
                &self.centre.stream(),
                format!("import:department:{}", department.code).as_bytes(),
            ));
            let record = RecordDepartment { department: department.code.clone(), name: department.name.clone() };
            let by = Actor { role: Role::SystemAdministrator, ..self.by.clone() };
            let line = CentreCommandLine::new(self.centre.clone(), by, id, None, record.into());
            self.engine.submit(&CommandLine::Centre(Box::new(line)), Priority::Import).await?;
        }
        Ok(())
    }

    /// A row into a real directory.
    async fn enter(
        &self,
        row: &Row,
        done: &mut Imported,
        on_their_way: &mut VecDeque<Begun>,
    ) -> Result<(), EngineError> {
        let steps = match self.steps(row).await {
            Ok(steps) => steps,
            Err(EngineError::Refused(refusal)) => {
                done.rejections.push(rejected(row, &refusal));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        for (n, step) in steps.into_iter().enumerate() {
            let line = self.line(row, step);
            match self.engine.begin(&line, Priority::Import).await {
                Ok(begun) => {
                    if n == 0 {
                        *(if begun.is_some() { &mut done.accepted } else { &mut done.already }) += 1;
                    }
                    on_their_way.extend(begun);
                }
                Err(EngineError::Refused(refusal)) => {
                    done.rejections.push(rejected(row, &refusal));
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn line(&self, row: &Row, step: Step) -> CaseCommandLine {
        let case = self.case(&row.external.number);
        let id = case.rule_command(&format!("import:{}", step.name));
        let mut line = CaseCommandLine::new(case, self.centre.clone(), step.by, id, step.command);
        // What the row says, not what the file around it is: a longer file with the same row is the same row.
        line.cause.digest = hash(format!("{}:{}", step.name, row.content_hash).as_bytes());
        if let Some(history) = &self.mapping.historical {
            let approved_by = Some(person(&history.approved_by, Role::CentreManager, Office::Centre));
            line.occurred_at = Some(step.at);
            line.late =
                Some(LateFields { reason: history.reason.clone(), evidence: self.evidence.clone(), approved_by });
        }
        line
    }

    /// What a row says, in order. Acceptance is when it was accepted, else when it was raised; dispatch, where the source
    /// has no time for it, at acceptance.
    async fn steps(&self, row: &Row) -> Result<Vec<Step>, EngineError> {
        let history = self.mapping.historical.as_ref();
        let hours = self.engine.centre(&self.centre).await?.hours.clone();
        let uncounted = |fault: cases::calendar::CalendarError| Refusal::CannotCount { reason: fault.to_string() };
        let raised_at = row.raised_at.map(|when| when.or_opening(&hours)).transpose().map_err(uncounted)?;
        let accepted_at = row.accepted_at.map(|when| when.or_opening(&hours)).transpose().map_err(uncounted)?;
        let accept = Accept {
            channel: self.mapping.channel,
            external: Some(row.external.clone()),
            complainant: row.complainant.clone(),
            category: row.category,
            sub_category: row.sub_category.clone(),
            summary: row.summary.clone(),
            narrative: row.narrative.clone(),
            raised_at: raised_at.or(accepted_at),
            complained_about: Vec::new(),
            lookup_code_hash: None,
            historical: history.is_some(),
        };
        let at = accepted_at.or(raised_at).unwrap_or_else(crate::clock::now);
        let enters = |office: Office| match history {
            Some(history) => person(&history.entered_by, Role::SystemAdministrator, office),
            None => self.by.clone(),
        };
        let step = |name, by, at, command: CaseCommand| Step { name, by, at, command };
        let mut steps = vec![step("accept", enters(Office::Centre), at, accept.into())];
        if let Some(number) = &row.repeats {
            let note = NoteSuspectedRepeat { of: self.case(number), basis: RepeatBasis::SameText };
            let by = if history.is_some() { enters(Office::Centre) } else { Actor::system() };
            steps.push(step("repeat", by, at, note.into()));
        }
        // Without history the kind and the department are for people to find.
        let (Some(found), Some(department), true) = (row.classification, &row.department, history.is_some()) else {
            return Ok(steps);
        };
        let classify = Classify { kind: found.kind, ground: found.ground, departments: vec![], several_levels: false };
        steps.push(step("classify", enters(Office::Centre), at, classify.into()));
        let dispatched_at = row.dispatched_at.map(|when| when.or_opening(&hours)).transpose().map_err(uncounted)?;
        let dispatched_at = dispatched_at.unwrap_or(at).max(at);
        let dispatch = Dispatch {
            lead: department.code.clone(),
            co_departments: vec![],
            limit_working_days: row.limit_working_days.or(self.mapping.limit_working_days),
            contact: None,
            urged_by: None,
        };
        steps.push(step("dispatch", enters(Office::Centre), dispatched_at, dispatch.into()));
        if let Some(reply) = &row.reply {
            // A date without a time counts as closing time; answered "that day" is not answered before it was raised.
            let replied_at = reply.at.or_closing(&hours).map_err(uncounted)?.max(dispatched_at);
            let office = Office::Department(department.code.clone());
            let command: CaseCommand = if found.kind == Kind::CannotBeDone {
                ExplainInability { reason: reply.text.clone(), basis: "见答复原文".to_owned() }.into()
            } else {
                ReportResult { text: reply.text.clone() }.into()
            };
            steps.push(step("reply", enters(office), replied_at, command));
        }
        Ok(steps)
    }

    /// Plays the rows in the order of time, with everybody in the role that the policy asks for.
    async fn play(&self, rows: &[Box<Row>], done: &mut Imported) -> anyhow::Result<()> {
        let mut steps = Vec::new();
        for (n, row) in rows.iter().enumerate() {
            match self.steps(row).await {
                Ok(said) => {
                    for step in said {
                        for act in self.acted(step).await? {
                            steps.push((act.at, n, steps.len(), act));
                        }
                    }
                }
                Err(EngineError::Refused(refusal)) => done.rejections.push(rejected(row, &refusal)),
                Err(error) => return Err(error.into()),
            }
        }
        steps.sort_by_key(|(at, row, order, _)| (*at, *row, *order));
        let mut player = Player::new(self.engine, self.centre.clone()).await?;
        let known = crate::sweeps::all_cases(self.engine, &self.centre).await?;
        player.take_up(known).await?;
        if let Some((first, ..)) = steps.first() {
            let (first, last) = (*first, player.now());
            tracing::debug!(%first, %last, "plays the file in the order of time");
        }
        for (at, n, _, step) in steps {
            let row = &rows[n];
            let is_accept = step.name == "accept";
            let mut line = self.line(row, step);
            (line.late, line.occurred_at) = (None, None);
            match player.give(line, at).await {
                Ok(kinds) if is_accept => *(if kinds.is_empty() { &mut done.already } else { &mut done.accepted }) += 1,
                Ok(_) => {}
                Err(EngineError::Refused(refusal)) => done.rejections.push(rejected(row, &refusal)),
                Err(error) => return Err(error.into()),
            }
        }
        player.flush().await?;
        Ok(())
    }

    /// The same step as people of the simulated centre take it: submission and signatures where the policy has them.
    async fn acted(&self, step: Step) -> Result<Vec<Step>, EngineError> {
        let centre = self.engine.centre(&self.centre).await?;
        let policy = centre.current_policy().ok_or(Refusal::PolicyNotAdopted {})?;
        let (at, clerk, manager) =
            (step.at, someone("clerk", Role::WindowClerk), someone("manager", Role::CentreManager));
        let act = |name, by: &Actor, command: CaseCommand| Step { name, by: by.clone(), at, command };
        Ok(match step.command {
            CaseCommand::Accept(mut accept) => {
                accept.historical = false;
                vec![act("accept", &clerk, CaseCommand::Accept(accept))]
            }
            CaseCommand::NoteSuspectedRepeat(note) => {
                vec![act("repeat", &Actor::system(), CaseCommand::NoteSuspectedRepeat(note))]
            }
            CaseCommand::Classify(classify) => {
                vec![
                    act("classify", &clerk, CaseCommand::Classify(classify)),
                    act("submit", &clerk, Submit { to: None }.into()),
                ]
            }
            CaseCommand::Dispatch(mut dispatch) => {
                let mut acts = Vec::new();
                for role in &policy.review.signatures {
                    let name = if *role == Role::DutyLeader { "sign-leader" } else { "sign-officer" };
                    acts.push(act(name, &someone(&format!("{name}-1"), *role), Sign { as_deputy: true }.into()));
                }
                dispatch.urged_by = policy.review.named_urger.then(|| clerk.id.clone());
                acts.push(act("dispatch", &manager, CaseCommand::Dispatch(dispatch)));
                acts
            }
            command => {
                let by =
                    Actor { id: someone("handler", Role::Handler).id, role: Role::Handler, office: step.by.office };
                vec![Step { name: step.name, by, at, command }]
            }
        })
    }
}

fn person(id: &ActorId, role: Role, office: Office) -> Actor {
    Actor { id: id.clone(), role, office }
}

fn someone(id: &str, role: Role) -> Actor {
    Actor { id: ActorId::new(id).expect("a short name"), role, office: Office::Centre }
}

fn rejected(row: &Row, refusal: &Refusal) -> Rejected {
    Rejected { line: row.line, number: Some(row.external.number.clone()), column: None, reason: refusal.to_string() }
}
