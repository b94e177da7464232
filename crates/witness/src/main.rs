//! `yousu-witness`: cosigns the checkpoints of centres' logs, for a body that the centres do not command.

mod copies;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use uuid::Uuid;
use witness::http::router;
use witness::store::{self, Memory, Witness};

/// 见证: remembers how large each log was, and signs only what follows from that.
#[derive(Debug, Parser)]
#[command(name = "yousu-witness", version, disable_help_subcommand = true)]
struct Args {
    /// Directory that holds everything of a witness
    #[arg(long, env = "YOUSU_WITNESS_DATA", default_value = "./yousu-witness-data", global = true, value_name = "DIR")]
    data: PathBuf,
    /// Where to listen, without a subcommand
    #[arg(long, default_value = "127.0.0.1:8405", value_name = "ADDR")]
    listen: SocketAddr,
    /// Keep a copy of every leaf of the logs that send them, without a subcommand
    #[arg(long)]
    mirror: bool,
    /// Take no leaves while less than this is free on the disk, in MiB: it is kept for cosigning
    #[arg(long, default_value_t = 256, requires = "mirror", value_name = "MIB")]
    reserve: u64,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the directory and its keys, and print the public ones
    Init {
        /// The name under each cosignature, without blanks and `+`: example.gov/jiwei
        #[arg(long)]
        name: String,
    },
    /// Pin the keys of a log, as `yousu keys` wrote them and somebody brought them here
    Trust { keys: PathBuf },
    /// Follow a statement by which the keys of a log change, as `yousu keys change` wrote it, and print it cosigned
    Follow {
        statement: PathBuf,
        /// It revokes the old keys, and you asked the centre by another way whether it is its own
        #[arg(long)]
        by_hand: bool,
    },
    /// Print the public keys, for logs and verifiers to pin
    Keys,
    /// Print what is remembered of each log, and how many leaves of it are kept if any are
    Seen,
    /// Hash every leaf that is kept again, and compare with the checkpoints
    Check,
    /// Print the leaves that are kept of a log, one JSON object a line; what is sealed in them stays so
    Leaves {
        /// The log's origin, as `seen` prints it
        origin: String,
    },
    /// Write the evidence of a case out of the leaves that are kept, as `yousu evidence` does where the centre's log is
    Evidence {
        /// The log's origin, as `seen` prints it
        origin: String,
        /// The case's stream, as `leaves` prints it
        stream: Uuid,
        /// Where to: a file that is not there yet
        #[arg(short, value_name = "FILE")]
        output: PathBuf,
    },
}

/// What a command comes to when it finds that something was altered.
const FAULT: u8 = 3;

fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(Args::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("yousu-witness: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(Args { data, listen, mirror, reserve, command }: Args) -> anyhow::Result<ExitCode> {
    match command {
        Some(Command::Init { name }) => store::init(&data, &name)?.iter().for_each(|key| println!("{key}")),
        Some(Command::Trust { keys }) => println!("{}", store::trust(&data, &keys)?),
        Some(Command::Follow { statement, by_hand }) => {
            print!("{}", store::follow(&data, &statement, by_hand, now())?);
        }
        Some(Command::Keys) => Memory::read(&data)?.public().iter().for_each(|key| println!("{key}")),
        Some(Command::Seen) => {
            let memory = Memory::read(&data)?;
            let mirrors = memory.mirrors();
            for (origin, size) in memory.remembered() {
                let held = mirrors.get(&origin).map_or_else(String::new, |mirror| match mirror {
                    Ok(mirror) => format!(" {}", mirror.held()),
                    Err(error) => format!(" ({error})"),
                });
                println!("{origin} {size}{held}");
            }
        }
        Some(Command::Check) => return check(&data),
        Some(Command::Leaves { origin }) => copies::print(&copies::of(&data, &origin)?.1)?,
        Some(Command::Evidence { origin, stream, output }) => copies::prove(&data, &origin, stream, &output)?,
        None => {
            let witness = Witness::open(&data)?;
            let (witness, damaged) =
                if mirror { witness.keeping_copies(reserve.saturating_mul(1 << 20)) } else { (witness, Vec::new()) };
            for error in damaged {
                tracing::error!("leaves of one log are NOT taken, checkpoints are cosigned as ever: {error}");
            }
            serve(witness, listen)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn check(data: &Path) -> anyhow::Result<ExitCode> {
    if copies::check(data)? { Ok(ExitCode::SUCCESS) } else { Ok(ExitCode::from(FAULT)) }
}

#[tokio::main]
async fn serve(witness: Witness, listen: SocketAddr) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind(listen).await.with_context(|| {
        format!("cannot listen on {listen}: stop the program that does, or give another address with --listen")
    })?;
    println!("http://{}/", listener.local_addr()?);
    let stopped = async {
        // Without a way to hear it there is only the process's own end.
        let _ = tokio::signal::ctrl_c().await;
    };
    Ok(axum::serve(listener, router(Arc::new(witness), now)).with_graceful_shutdown(stopped).await?)
}

/// Seconds since 1970, as the machine has them: a witness's time is its own.
#[allow(clippy::disallowed_methods, reason = "the one clock of this program")]
fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
