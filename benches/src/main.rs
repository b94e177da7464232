//! Our log and views beside the limit of the machine, measured in turn in one run: `cargo run --release -p benches`.
//!
//! Figures of different runs or machines say little, for a disk's `fdatasync` moves by a third from hour to hour; ratios of
//! one run do. Every reading is kept with `--keep FILE`; what is printed are medians over the rounds. The directory must
//! lie on the disk that is meant: the system's temporary one may be memory.

#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "readings are rounded anyway"
)]

mod append;
mod backups;
mod chart;
mod commands;
mod drive;
mod fairness;
mod fold;
mod heads;
mod imports;
mod installation;
mod limit;
mod lives;
mod queries;
mod reading;
mod reads;
mod rebuilds;
mod sealing;
mod served;
mod sizes;
mod sweep;
mod targets;

use std::path::PathBuf;

use cases::{Entry, entry::EventSet};
use clap::{Parser, Subcommand, ValueEnum};
use event_log::{Body, NewEvent, SealedField};
use installation::Installation;
use reading::Readings;
use uuid::Uuid;

#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: Run,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Prints the readings that were kept: of this program, of the peers, of several runs
    Table {
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Draws them too
        #[arg(long, value_name = "FILE.svg")]
        chart: Option<PathBuf>,
    },
    /// Builds a directory's views: what `views` has done beside it
    #[command(hide = true)]
    Rebuild { dir: PathBuf, names: Vec<String> },
}

#[derive(Debug, clap::Args)]
struct Run {
    /// What to measure; all of it if nothing is named
    measures: Vec<Measure>,
    /// How often, in turn
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// How long each kind of append, command and HTTP read goes on, in seconds
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// How many events the logs hold that are read whole
    #[arg(long, default_value_t = 200_000)]
    events: u64,
    /// How many cases the installation holds that is asked: twelve events each; 16 GB a million, three times that for `backup`
    #[arg(long, default_value_t = 20_000)]
    cases: u64,
    /// How many obligations are open in the log that is swept: two a case
    #[arg(long, default_value_t = 20_000)]
    obligations: u64,
    /// How many rows are imported
    #[arg(long, default_value_t = 5_000)]
    rows: u64,
    /// Where the logs are made
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// The program [default: beside this one]
    #[arg(long)]
    yousu: Option<PathBuf>,
    /// Adds every reading to this file, a line of JSON each
    #[arg(long)]
    keep: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Measure {
    /// Durable appends by 1, 16 and 256 callers
    Append,
    /// The same of texts that belong to persons, sealed and not
    Sealing,
    /// A case, the whole log, `verify`
    Read,
    /// The views made anew
    Views,
    /// Whole commands, 1, 16 and 256 in flight
    Commands,
    /// A case loaded and folded, from memory and from the log
    Load,
    /// The whole log replayed into cases
    Fold,
    /// What a log's word about its streams costs
    Heads,
    /// Rows of a CSV file
    Import,
    /// Open obligations of which none is due
    Sweep,
    /// Pages of ledger, overdue report and feeds
    Queries,
    /// One case out of the installation's log
    OneCase,
    /// `serve` until it is ready, and its memory
    StartUp,
    /// Cases and ledger pages over HTTP
    Http,
    /// The installation's log copied, and put back
    Backup,
    /// What one centre waits while another is flooded
    Fairness,
}

/// These ask an installation, which is made once.
const OF_AN_INSTALLATION: [Measure; 5] =
    [Measure::Queries, Measure::OneCase, Measure::StartUp, Measure::Http, Measure::Backup];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let mut readings = Readings::default();
    match args.command {
        Some(Command::Rebuild { dir, names }) => return rebuilds::run(&dir, &names).await,
        Some(Command::Table { files, chart }) => {
            files.iter().try_for_each(|file| readings.read(file))?;
            if let Some(chart) = chart {
                std::fs::write(chart, chart::draw(&readings))?;
            }
        }
        None => {
            let run = args.run;
            measure(&run, &mut readings).await?;
            if let Some(file) = &run.keep {
                readings.keep(file)?;
            }
        }
    }
    print!("{}\n{}", readings.table(), targets::table(&readings));
    Ok(())
}

async fn measure(run: &Run, readings: &mut Readings) -> anyhow::Result<()> {
    let wanted = |measure| run.measures.is_empty() || run.measures.contains(&measure);
    let dir = &run.dir;
    let yousu = if [Measure::StartUp, Measure::Http, Measure::Backup].into_iter().any(wanted) {
        Some(served::program(run.yousu.as_ref())?)
    } else {
        None
    };
    for round in 1..=run.rounds {
        eprintln!("round {round} of {}", run.rounds);
        if wanted(Measure::Append) {
            append::run(dir, run.seconds, readings).await?;
        }
        if wanted(Measure::Sealing) {
            sealing::run(dir, run.seconds, readings).await?;
        }
        if wanted(Measure::Fairness) {
            fairness::run(dir, run.seconds, readings).await?;
        }
        if wanted(Measure::Read) {
            reads::run(dir, run.events, readings).await?;
        }
        if wanted(Measure::Views) {
            reads::views(dir, run.events, readings).await?;
        }
        if wanted(Measure::Commands) {
            commands::run(dir, run.seconds, readings).await?;
        }
        if wanted(Measure::Load) {
            commands::load(dir, readings).await?;
        }
        if wanted(Measure::Fold) {
            fold::run(dir, run.events, readings).await?;
        }
        if wanted(Measure::Heads) {
            heads::run(dir, run.events, run.cases, readings).await?;
        }
        if wanted(Measure::Import) {
            imports::run(dir, run.rows, readings).await?;
        }
        if wanted(Measure::Sweep) {
            sweep::run(dir, run.obligations, readings).await?;
        }
    }
    if !OF_AN_INSTALLATION.into_iter().any(wanted) {
        return Ok(());
    }
    let installation = Installation::year(dir, run.cases).await?.with_views(readings)?;
    for round in 1..=run.rounds {
        eprintln!("round {round} of {}, the installation", run.rounds);
        if wanted(Measure::Queries) {
            queries::views(&installation, readings).await?;
        }
        if wanted(Measure::OneCase) {
            queries::one_case(&installation, readings).await?;
        }
        if let Some(yousu) = yousu.as_ref().filter(|_| wanted(Measure::StartUp)) {
            served::start_up(yousu, &installation, readings).await?;
        }
        if let Some(yousu) = yousu.as_ref().filter(|_| wanted(Measure::Http)) {
            served::reads(yousu, &installation, run.seconds, readings).await?;
        }
        if let Some(yousu) = yousu.as_ref().filter(|_| wanted(Measure::Backup)) {
            backups::run(yousu, dir, &installation, readings)?;
        }
    }
    Ok(())
}

/// An entry as the log keeps it.
fn encode<E: EventSet>(stream: Uuid, entry: &Entry<E>) -> anyhow::Result<NewEvent> {
    let (public, texts) = entry.to_wire();
    let sealed = texts.into_iter().map(|text| SealedField {
        person: text.person.0,
        field: text.field,
        bytes: text.text.map(String::into_bytes),
    });
    let body = Body::new(&public, sealed.collect())?.encode()?;
    Ok(NewEvent { stream, kind: entry.event.type_name().to_owned(), kind_version: entry.event.type_version(), body })
}
