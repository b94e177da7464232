//! The program itself: how soon it serves, what it takes to stand idle, how much it answers. It runs as a process of its own and
//! shares the machine's cores with what asks it.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

use crate::{append::CENTRE, installation::Installation, reading::Readings, sizes};

/// Connections that ask at once.
const CONNECTIONS: u64 = 8;
/// A server that is not up by then is not slow but stuck.
const START_LIMIT: Duration = Duration::from_secs(300);

/// The program as it was built beside this one.
pub(crate) fn program(named: Option<&PathBuf>) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let beside = own.parent().map(|folder| folder.join("yousu"));
    named.cloned().or(beside).filter(|path| path.is_file()).context(
        "there is no `yousu` beside this program: `cargo build --release -p server` first, or name one with --yousu",
    )
}

/// A server that ends with this value.
struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It only reads: there is nothing that it would have to finish.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts it; returns once `/readyz` says yes.
    async fn start(yousu: &Path, dir: &Path) -> anyhow::Result<Self> {
        // A port that is free now; whoever else took it meanwhile shows in the program's own error.
        let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let mut command = Command::new(yousu);
        command.arg("--data").arg(dir).args(["serve", "--listen", &address]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().context("yousu starts")?;
        let mut server = Self { child, address };
        let mut ticks = tokio::time::interval(Duration::from_millis(1));
        let started = Instant::now();
        loop {
            ticks.tick().await;
            if let Some(status) = server.child.try_wait()? {
                anyhow::bail!("yousu ended: {status}");
            }
            anyhow::ensure!(started.elapsed() < START_LIMIT, "yousu is not ready after {} s", START_LIMIT.as_secs());
            if let Ok(mut client) = Client::connect(&server.address).await
                && client.get("/readyz").await? == 200
            {
                return Ok(server);
            }
        }
    }

    /// What it holds of memory now.
    fn memory_mb(&self) -> anyhow::Result<f64> {
        memory_mb(&format!("/proc/{}/status", self.child.id()), "VmRSS:")
    }
}

/// A line of `/proc/…/status`, in MB.
pub(crate) fn memory_mb(file: &str, line: &str) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(file)?;
    let kb = status.lines().find_map(|told| told.strip_prefix(line)).and_then(|told| told.trim().split(' ').next());
    Ok(kb.with_context(|| format!("{file} has no {line}"))?.parse::<f64>()? / 1024.0)
}

pub(crate) async fn start_up(yousu: &Path, installation: &Installation, readings: &mut Readings) -> anyhow::Result<()> {
    for _ in 0..3 {
        let started = Instant::now();
        let server = Server::start(yousu, installation.path()).await?;
        readings.time(format!("start-up of serve, {} events", installation.events), "yousu", started.elapsed());
        let measure = format!("memory of serve, idle, {} events", installation.events);
        readings.note(measure, "yousu", "MB", server.memory_mb()?);
    }
    Ok(())
}

pub(crate) async fn reads(
    yousu: &Path,
    installation: &Installation,
    seconds: u64,
    readings: &mut Readings,
) -> anyhow::Result<()> {
    let server = Server::start(yousu, installation.path()).await?;
    let cases = installation.cases;
    let ids: Vec<String> = (0..10_000).map(|n| installation.some_case(n).to_string()).collect();
    let case = move |n: u64| {
        let id = &ids[usize::try_from(n).unwrap_or(0) % ids.len()];
        format!("/api/v1/centres/{CENTRE}/cases/{id}")
    };
    let page = move |n: u64| {
        let after = sizes::scatter(n) % cases.saturating_sub(50).max(1);
        format!("/api/v1/centres/{CENTRE}/ledger?limit=50&year=2026&after=2026-{after}")
    };
    let waits = drive(&server, seconds, case).await?;
    note(readings, &format!("single cases over HTTP, {cases} cases"), waits, seconds);
    let waits = drive(&server, seconds, page).await?;
    note(readings, &format!("ledger pages of 50 over HTTP, {cases} cases"), waits, seconds);
    readings.note(format!("memory of serve after these reads, {cases} cases"), "yousu", "MB", server.memory_mb()?);
    Ok(())
}

fn note(readings: &mut Readings, measure: &str, waits: Vec<Duration>, seconds: u64) {
    readings.rate(measure, "yousu", waits.len() as u64, Duration::from_secs(seconds));
    readings.waits(measure, "yousu", waits);
}

async fn drive<A>(server: &Server, seconds: u64, path: A) -> anyhow::Result<Vec<Duration>>
where
    A: Fn(u64) -> String + Clone + Send + 'static,
{
    let (started, until) = (Instant::now(), Duration::from_secs(seconds));
    let caller = |caller: u64| {
        let (address, path) = (server.address.clone(), path.clone());
        tokio::spawn(async move {
            let (mut client, mut waits) = (Client::connect(&address).await?, Vec::new());
            for n in 0_u64.. {
                if started.elapsed() >= until {
                    break;
                }
                let (path, asked) = (path(n * CONNECTIONS + caller), Instant::now());
                let status = client.get(&path).await?;
                waits.push(asked.elapsed());
                anyhow::ensure!(status == 200, "{path}: {status}");
            }
            Ok::<_, anyhow::Error>(waits)
        })
    };
    let mut waits = Vec::new();
    for caller in (0..CONNECTIONS).map(caller).collect::<Vec<_>>() {
        waits.extend(caller.await??);
    }
    Ok(waits)
}

/// Just enough HTTP for one caller that keeps its connection.
struct Client {
    address: String,
    stream: BufReader<TcpStream>,
    body: Vec<u8>,
}

impl Client {
    async fn connect(address: &str) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { address: address.to_owned(), stream: BufReader::new(stream), body: Vec::new() })
    }

    /// The status; the body is read to its end and not looked at.
    async fn get(&mut self, path: &str) -> anyhow::Result<u16> {
        let head = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.address);
        self.stream.get_mut().write_all(head.as_bytes()).await?;
        let (mut status, mut length, mut line) = (None, 0, String::new());
        loop {
            line.clear();
            anyhow::ensure!(self.stream.read_line(&mut line).await? > 0, "the server hung up");
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            match (status, line.split_once(": ")) {
                (None, _) => status = line.split(' ').nth(1).and_then(|status| status.parse().ok()),
                (_, Some((name, value))) if name.eq_ignore_ascii_case("content-length") => length = value.parse()?,
                _ => {}
            }
        }
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body).await?;
        status.context("an answer without a status")
    }
}
