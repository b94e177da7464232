//! `yousu erase …`: a person asks to be forgotten; one requests it, another agrees, and the key is destroyed.

use anyhow::Context as _;
use cases::{
    CaseCommand, CaseId, CentreCode, CommandLine,
    case::persons::erasure::{AgreeErasure, RequestErasure},
    command::CaseCommandLine,
    ids::{CommandId, PersonId},
};
use clap::Subcommand;
use event_log::Priority;
use persons::Of;
use serde_json::json;
use uuid::Uuid;

use super::{By, Format, Status};
use crate::{
    engine::Engine,
    installation::Place,
    sealing::{Sealing, digits},
};

#[derive(Debug, clap::Args)]
pub(crate) struct EraseArgs {
    #[command(subcommand)]
    step: Step,
    #[command(flatten)]
    by: By,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// List the persons with a telephone number, and their cases
    Find { telephone: String },
    /// Request that everything kept of a person be erased
    Request {
        /// The person's UUID, as `erase find` prints it; --role must be one that may, as window_clerk or centre_manager
        person: Uuid,
        #[arg(long)]
        reason: String,
    },
    /// Agree to a request, as somebody else than who made it and in the role of centre_manager: the person's key is destroyed at once
    Agree {
        /// As `erase request` printed it: PERSON/VERSION
        request: String,
    },
    /// Carry out what was agreed to and interrupted, or may be undone by a restore
    CarryOut,
}

pub(super) async fn run(place: &Place, format: Format, args: EraseArgs) -> anyhow::Result<Status> {
    let EraseArgs { step, by } = args;
    if let Step::Find { telephone } = step {
        return find(place, format, &telephone).await;
    }
    let engine = place.write().await?;
    let sealing = engine.sealing().context("nothing is sealed here")?;
    match step {
        Step::Find { .. } => {}
        // What could not be while the log was opened says why.
        Step::CarryOut => drop(place.carry_out(&engine, true).await?),
        Step::Request { person, reason } => {
            let command = RequestErasure { person: PersonId(person), reason };
            submit(&engine, sealing, (format, &by, person), command.into()).await?;
            // Where a hold stands, processing is restricted instead.
            place.carry_out(&engine, true).await?;
        }
        Step::Agree { request } => {
            let (person, version) =
                request.split_once('/').context("a request is PERSON/VERSION, as `erase request` printed it")?;
            let (person, request): (Uuid, u64) = (person.parse()?, version.parse()?);
            let of = sealing.keys.of(person).await?;
            let (Of { centre, stream }, _) = of.with_context(|| format!("no person {person} is known here"))?;
            let case = engine.case(&CentreCode::new(&centre)?, CaseId(stream)).await?;
            anyhow::ensure!(
                case.erasures.iter().any(|erasure| erasure.request == request && erasure.person == PersonId(person)),
                "step {request} of case {} does not request the erasure of {person}",
                case.id
            );
            submit(&engine, sealing, (format, &by, person), AgreeErasure { request }.into()).await?;
            place.carry_out(&engine, true).await?;
        }
    }
    engine.log().close().await;
    Ok(Status::Done)
}

async fn submit(
    engine: &Engine,
    sealing: &Sealing,
    (format, by, person): (Format, &By, Uuid),
    command: CaseCommand,
) -> anyhow::Result<()> {
    let of = sealing.keys.of(person).await?;
    let (Of { centre, stream }, _) =
        of.with_context(|| format!("no person {person} is known here: see `yousu erase find`"))?;
    let (centre, case) = (CentreCode::new(&centre)?, CaseId(stream));
    let line = CaseCommandLine::new(case, centre.clone(), by.actor()?, CommandId(Uuid::new_v4()), command);
    let done = engine.submit(&CommandLine::Case(Box::new(line)), Priority::People).await?;
    if format == Format::Json {
        println!(
            "{}",
            json!({"centre": centre, "case": case, "person": person, "already": done.already, "events": done.events})
        );
        return Ok(());
    }
    if done.already {
        println!("{case}: already so");
    }
    for event in &done.events {
        println!("{case}: {}@{}", event.kind, event.position);
        if event.kind == "erasure_requested" {
            println!("{person}/{}", event.version);
        }
    }
    Ok(())
}

async fn find(place: &Place, format: Format, telephone: &str) -> anyhow::Result<Status> {
    let engine = place.read().await?;
    let found = match engine.sealing() {
        Some(sealing) => sealing.keys.by_handle(&digits(telephone)).await?,
        None => Vec::new(),
    };
    engine.log().close().await;
    if format == Format::Json {
        let found: Vec<_> = found
            .iter()
            .map(|(person, of)| json!({"person": person, "centre": of.centre, "case": of.stream}))
            .collect();
        println!("{}", json!(found));
    } else {
        found.iter().for_each(|(person, of)| println!("{person} · centre {} · case {}", of.centre, of.stream));
    }
    if found.is_empty() {
        eprintln!("yousu: nobody with this telephone number is known here");
        return Ok(Status::Refused);
    }
    Ok(Status::Done)
}
