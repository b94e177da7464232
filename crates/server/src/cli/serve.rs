//! `yousu serve`: API, pages, and what goes on while nobody asks.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use projections::Views;
use serde_json::json;
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::watch,
};

use super::{Format, Status};
use crate::{
    demo,
    engine::Engine,
    http::{self, Site},
    installation::Place,
};

#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    /// Where to listen: a loopback address, for there are no accounts yet
    #[arg(long, default_value = "127.0.0.1:8404", value_name = "ADDR")]
    listen: SocketAddr,
    /// Fill an empty data directory with the simulated centre 410404 first
    #[arg(long)]
    demo: bool,
    /// How often each log says where all its cases stand, if anything came since
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    heads_every: u64,
    /// How often each log's checkpoint is shown to the witnesses that DIR/witnesses.toml names, if it names any
    #[arg(long, default_value_t = 300, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    checkpoint_every: u64,
}

/// How long the views may take to reach the log's end before the address is printed all the same.
const VIEWS_LIMIT: Duration = Duration::from_secs(20);

/// How long requests under way may take to end once the server was told to stop.
const STOP_LIMIT: Duration = Duration::from_secs(10);

pub(super) async fn run(place: &Place, format: Format, args: &ServeArgs) -> anyhow::Result<Status> {
    anyhow::ensure!(
        args.listen.ip().is_loopback(),
        "--listen {}: there are no accounts yet, so whoever reached that address could read and write everything: \
         listen on 127.0.0.1 or [::1], and reach it from elsewhere through a tunnel of your own",
        args.listen
    );
    let listener = listen(args.listen).with_context(|| {
        format!("cannot listen on {}: stop the program that does, or give another address with --listen", args.listen)
    })?;
    let engine = place.write().await?;
    let done = serve(place, format, args, &engine, listener).await;
    // Whatever happened, what was acknowledged is on the disk and the lock is let go.
    engine.log().close().await;
    done.map(|()| Status::Done)
}

/// Connections that may wait to be taken up: a whole centre may call in one moment. The usual 128 would have the system
/// reset some of them, with no answer.
const BACKLOG: u32 = 1_024;

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Else an address that was in use a moment ago is refused for a minute.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn serve(
    place: &Place,
    format: Format,
    args: &ServeArgs,
    engine: &Engine,
    listener: TcpListener,
) -> anyhow::Result<()> {
    if args.demo {
        fill(place, engine).await?;
    }
    let views = Views::open(place.data()).await?;
    let site = Site::new(engine.clone(), views, place.data().to_owned());
    let (stop, mut stopping) = watch::channel(false);
    let mut follower = tokio::spawn(http::follow(Arc::clone(&site), stopping.clone()));
    let sweeps = tokio::spawn(http::sweep_by_the_clock(engine.clone()));
    let heads = tokio::spawn(http::commit_to_heads(engine.clone(), Duration::from_secs(args.heads_every)));
    let every = Duration::from_secs(args.checkpoint_every);
    let checkpoints = tokio::spawn(http::show_checkpoints(Arc::clone(&site), every));
    let erasures = tokio::spawn(http::erase_what_was_agreed(Arc::clone(&site)));
    let audits = tokio::spawn(http::audit_every_night(Arc::clone(&site)));
    let address = listener.local_addr()?;
    let serving = axum::serve(listener, http::router(Arc::clone(&site)))
        .with_graceful_shutdown(async move { stopping.wait_for(|stop| *stop).await.map_or((), |_| ()) });
    let mut serving = tokio::spawn(serving.into_future());

    if tokio::time::timeout(VIEWS_LIMIT, site.is_up()).await.is_err() {
        eprintln!("yousu: the views are still being brought up to the log; /readyz says when they are there");
    }
    let stopped = stop_signal()?;
    announce(&site, format, address).await?;
    stopped.await;
    stop.send_replace(true);
    if tokio::time::timeout(STOP_LIMIT, &mut serving).await.is_err() {
        eprintln!("yousu: some requests did not end within {} seconds and were dropped", STOP_LIMIT.as_secs());
        serving.abort();
    }
    sweeps.abort();
    audits.abort();
    heads.abort();
    checkpoints.abort();
    erasures.abort();
    // It ends between two batches: one that is dropped half-way may keep its connection, and closing would wait for it.
    if tokio::time::timeout(STOP_LIMIT, &mut follower).await.is_err() {
        follower.abort();
    }
    // An audit that was dropped half-way may keep a connection too. The views can be built anew at any time.
    if tokio::time::timeout(STOP_LIMIT, site.views.close()).await.is_err() {
        eprintln!("yousu: a view's file was left open; nothing is lost");
    }
    Ok(())
}

/// The demo goes into an empty directory. One that holds a demo already is served as it is; one that holds real cases is
/// refused, for whoever asks for a demo does not expect to work on them. So is half a demo.
async fn fill(place: &Place, engine: &Engine) -> anyhow::Result<()> {
    let unfinished = place.data().join("demo.unfinished");
    anyhow::ensure!(
        !unfinished.exists(),
        "--demo: the demo in {} was interrupted before it was whole: delete that directory, or give another with --data",
        place.data().display()
    );
    match engine.is_simulated().await? {
        None => {
            let told = |doing: &str| format!("{} cannot be {doing}", unfinished.display());
            std::fs::write(&unfinished, "").with_context(|| told("written"))?;
            let made = demo::fill(engine).await?;
            std::fs::remove_file(&unfinished).with_context(|| told("removed"))?;
            eprintln!(
                "yousu: the demo has {} cases, {} events, {} commands were refused; its clock says {}",
                made.cases, made.events, made.refused, made.now
            );
        }
        Some(true) => {
            eprintln!("yousu: the data directory is not empty: the simulated centre in it is served as it is");
        }
        Some(false) => anyhow::bail!(
            "--demo: the data directory holds a real centre: serve it without --demo, or give an empty one with --data"
        ),
    }
    Ok(())
}

async fn announce(site: &Site, format: Format, address: SocketAddr) -> anyhow::Result<()> {
    let centres = site.centres().await?;
    if format == Format::Json {
        let centre = |centre: &Arc<cases::Centre>| json!({"code": centre.code, "name": centre.name, "simulated": centre.simulated});
        let centres: Vec<_> = centres.iter().map(centre).collect();
        return super::print(
            format!("{}\n", json!({"address": format!("http://{address}"), "centres": centres})).as_bytes(),
        );
    }
    let mut text = format!("http://{address}/\n");
    for centre in &centres {
        let simulated = if centre.simulated { " · 演示: simulated, every page says so" } else { "" };
        text += &format!("centre {} {}{simulated}\n", centre.code, centre.name);
    }
    if centres.is_empty() {
        text += "no centre yet: stop this and run `yousu centre open`, or send open_centre to /api/v1/commands\n";
    }
    super::print(text.as_bytes())
}

/// Ctrl-C, or what a service manager sends; heard from the call on, not from the first wait.
#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without a way to hear it there is only the process's own end.
        let _ = tokio::signal::ctrl_c().await;
    })
}
