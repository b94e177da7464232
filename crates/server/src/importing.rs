//! From rows of a file to commands (domain §8).
//!
//! Into a real directory a row of history becomes late entries that the mapping's two persons vouch for: acceptance,
//! classification, dispatch, and the reply as the result. A row that is no history becomes an appeal like any other. Into a
//! simulated directory the same rows are played in the order of time, and the escalation plays itself out between them.
//!
//! Every command's id follows from the case and the step, and its digest from the row's content: a second run finds
//! everything done, a run that was cut off is completed, and a number that comes again with other content is refused.

mod entering;
mod rows;
#[cfg(test)]
mod tests;

use std::{
    io::{Read, Seek},
    sync::Arc,
};

use cases::{
    CaseCommand, CentreCode, CommandLine, Instant, Refusal,
    case::{review::signed::Sign, triage::submitted::Submit},
    centre::department_recorded::RecordDepartment,
    command::CentreCommandLine,
    ids::{ActorId, CommandId, FileHash},
    people::{Actor, Office, Role},
};
use event_log::Priority;
use import::{Appeals, Mapping, Outcome, Row};
use uuid::Uuid;

use self::{entering::Entering, rows::Rows};
use crate::{
    engine::{Engine, EngineError},
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

/// Brings the rows in. `tick` is called once a row.
///
/// # Errors
/// If the file or the log cannot be read or written; a row that does not go in is no error.
pub async fn run<R: Read + Seek>(
    import: &Import<'_>,
    appeals: Appeals<'_, R>,
    tick: &mut dyn FnMut(),
) -> anyhow::Result<Imported> {
    import.departments().await?;
    let centre = import.engine.centre(&import.centre).await?;
    let simulated = centre.simulated;
    let rows = Arc::new(Rows {
        centre,
        mapping: import.mapping.clone(),
        evidence: import.evidence.clone(),
        by: import.by.clone(),
    });
    let mut done = Imported::default();
    let mut kept: Vec<Box<Row>> = Vec::new();
    let mut entering = Entering::new(import.engine, Arc::clone(&rows));
    for outcome in appeals {
        done.read += 1;
        tick();
        let outcome = outcome?;
        if let Outcome::Row(row) = &outcome {
            done.suspected_repeats += u64::from(row.repeats.is_some());
        }
        match outcome {
            Outcome::Row(row) if simulated => kept.push(row),
            outcome => entering.take(outcome, &mut done).await?,
        }
    }
    entering.finish(&mut done).await?;
    if simulated {
        import.play(&rows, &kept, &mut done).await?;
    }
    Ok(done)
}

/// One thing that a row says happened.
struct Step {
    name: &'static str,
    by: Actor,
    at: Instant,
    command: CaseCommand,
}

impl Import<'_> {
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

    /// Plays the rows in the order of time, with everybody in the role that the policy asks for.
    async fn play(&self, rows: &Rows, kept: &[Box<Row>], done: &mut Imported) -> anyhow::Result<()> {
        let mut steps = Vec::new();
        for (n, row) in kept.iter().enumerate() {
            match rows.steps(row) {
                Ok(said) => {
                    for step in said {
                        for act in self.acted(step).await? {
                            steps.push((act.at, n, steps.len(), act));
                        }
                    }
                }
                Err(refusal) => done.rejections.push(rejected(row, &refusal)),
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
            let row = &kept[n];
            let is_accept = step.name == "accept";
            let mut line = rows.line(row, step);
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

fn someone(id: &str, role: Role) -> Actor {
    Actor { id: ActorId::new(id).expect("a short name"), role, office: Office::Centre }
}

fn rejected(row: &Row, refusal: &Refusal) -> Rejected {
    Rejected { line: row.line, number: Some(row.external.number.clone()), column: None, reason: refusal.to_string() }
}
