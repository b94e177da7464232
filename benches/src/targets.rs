//! What was to be reached, and whether it is: one row a target, ours beside the limits and the peers of the same run.

use crate::reading::{Readings, shown};

/// One thing that a reading has to be. It is named as far as it does not depend on how much was measured.
struct Target {
    what: &'static str,
    begins: &'static str,
    ends: &'static str,
    must: &'static [Must],
}

enum Must {
    /// In the reading's own unit.
    AtLeast(f64),
    AtMost(f64),
    /// So many times what somebody else reached in the same run.
    Times(f64, &'static str),
    /// So many times what whole commands reach, 256 in flight.
    TimesCommands(f64),
}

use Must::{AtLeast, AtMost, Times, TimesCommands};

const TARGETS: &[Target] = &[
    target("durable append, 1 writer", "durable appends, 1 writers", "writers", &[Times(0.85, "sqlx")]),
    target(
        "durable append, 16 writers",
        "durable appends, 16 writers",
        "writers",
        &[Times(0.85, "sqlx"), Times(5.0, "cqrs-es"), Times(5.0, "evento")],
    ),
    target(
        "durable append, 256 writers",
        "durable appends, 256 writers",
        "writers",
        &[Times(0.85, "sqlx"), Times(18.0, "cqrs-es"), Times(18.0, "evento")],
    ),
    target("stretch: the C API, 256 writers", "durable appends, 256 writers", "writers", &[Times(0.95, "c-api")]),
    target("stretch: tephra, 256 writers", "durable appends, 256 writers", "writers", &[Times(1.0, "tephra")]),
    target("acknowledgement, 16 writers, p50", "durable appends, 16 writers", "p50", &[AtMost(2.0)]),
    target("acknowledgement, 16 writers, p99", "durable appends, 16 writers", "p99", &[AtMost(8.0)]),
    target("pause of 16 writers in a checkpoint, p99.9", "durable appends, 16 writers", "p99.9", &[AtMost(50.0)]),
    target("acknowledgement, 256 writers, p50", "durable appends, 256 writers", "p50", &[AtMost(8.0)]),
    target("acknowledgement, 256 writers, p99", "durable appends, 256 writers", "p99", &[AtMost(20.0)]),
    target("pause of 256 writers in a checkpoint, p99.9", "durable appends, 256 writers", "p99.9", &[AtMost(50.0)]),
    target(
        "sealed, one new person in fifteen, 1 writer",
        "durable appends of persons' texts, 1 writers",
        "writers",
        &[Times(0.75, "unsealed"), Times(0.75, "sqlx")],
    ),
    target(
        "sealed, one new person in fifteen, 256 writers",
        "durable appends of persons' texts, 256 writers",
        "writers",
        &[Times(0.75, "unsealed"), Times(0.75, "sqlx")],
    ),
    target("whole commands, 256 in flight", "whole commands, 256 in flight", "flight", &[AtLeast(10_000.0)]),
    target("load a case, from the log", "load and fold a case of eleven events from the log", "p50", &[AtMost(0.140)]),
    target(
        "load a case, from the cache",
        "load and fold a case of eleven events from the cache",
        "p50",
        &[AtMost(0.005)],
    ),
    target("replay, parse and fold", "replay, parse and fold", "events", &[Times(0.5, "c-api")]),
    target("rebuild of all views", "rebuild of all views", "events", &[AtLeast(150_000.0)]),
    target("the projector's pace", "rebuild of all views", "events", &[TimesCommands(3.0)]),
    target("memory of a rebuild", "memory at its peak, rebuild of all views", "events", &[AtMost(300.0)]),
    target("memory of a rebuild, a year", "memory at its peak, rebuild of a year's views", "events", &[AtMost(300.0)]),
    target("ledger page of 50, p95", "ledger page of 50,", "cases p95", &[AtMost(5.0)]),
    target("single cases over HTTP", "single cases over HTTP", "cases", &[AtLeast(5_000.0)]),
    target("ledger pages over HTTP", "ledger pages of 50 over HTTP", "cases", &[AtLeast(300.0)]),
    target("one case's replay from a large log, p95", "one case's replay from a log", "p95", &[AtMost(2.0)]),
    target("verify", "verify", "events", &[AtLeast(150_000.0)]),
    target(
        "verify with 10,000 checkpoints",
        "verify, 1000000 events with 10000 checkpoints",
        "checkpoints",
        &[AtMost(6_600.0)],
    ),
    target(
        "its memory",
        "memory at its peak, verify, 1000000 events with 10000 checkpoints",
        "checkpoints",
        &[AtMost(200.0)],
    ),
    target("a checkpoint, 1,000 of 10^6 cases changed, p95", "a checkpoint of 1000000 cases,", "p95", &[AtMost(100.0)]),
    target("start-up of serve", "start-up of serve", "events", &[AtMost(1_000.0)]),
    target("sweep with nothing due, p99", "sweep with nothing due", "p99", &[AtMost(50.0)]),
    target("import", "import", "rows", &[AtLeast(5_000.0)]),
    target(
        "bytes on disk per event, beyond its body",
        "bytes an event beyond its body",
        "16 writers",
        &[AtMost(200.0)],
    ),
    target("memory of serve, idle", "memory of serve, idle", "events", &[AtMost(60.0)]),
];

const fn target(what: &'static str, begins: &'static str, ends: &'static str, must: &'static [Must]) -> Target {
    Target { what, begins, ends, must }
}

/// Every target that something was measured for.
pub(crate) fn table(readings: &Readings) -> String {
    let mut table =
        "| target | wanted | yousu | limit: sqlx | limit: C API | peers | met |\n|---|---|---|---|---|---|---|\n"
            .to_owned();
    for target in TARGETS {
        let of = |name: &str| readings.median(target.begins, target.ends, name);
        let Some((ours, unit)) = of("yousu") else { continue };
        let (mut wanted, mut met) = (Vec::new(), Vec::new());
        for must in target.must {
            let (text, holds) = judge(must, readings, (ours, unit), of);
            wanted.push(text);
            met.push(holds);
        }
        let others = |name: &str| of(name).map_or_else(String::new, |(value, _)| beside(ours, value));
        let peers = readings.peers();
        let peers = peers.iter().filter_map(|peer| Some(format!("{peer} {}", beside(ours, of(peer)?.0))));
        table += &format!(
            "| {} | {} | {} {unit} | {} | {} | {} | {} |\n",
            target.what,
            wanted.join("; "),
            shown(ours),
            others("sqlx"),
            others("c-api"),
            peers.collect::<Vec<_>>().join(" · "),
            verdict(&met)
        );
    }
    table
}

/// Somebody else's reading, and how many times that ours is.
fn beside(ours: f64, value: f64) -> String {
    format!("{} (×{:.2})", shown(value), ours / value)
}

/// What is wanted in words, and whether it holds; `None` where what it is compared with was not measured.
fn judge<'a>(
    must: &Must,
    readings: &Readings,
    (ours, unit): (f64, &str),
    of: impl Fn(&str) -> Option<(f64, &'a str)>,
) -> (String, Option<bool>) {
    match must {
        AtLeast(least) => (format!("≥ {least} {unit}"), Some(ours >= *least)),
        AtMost(most) => (format!("≤ {most} {unit}"), Some(ours <= *most)),
        Times(times, name) => (format!("≥ {times} × {name}"), of(name).map(|(value, _)| ours >= times * value)),
        TimesCommands(times) => {
            let commands = readings.median("whole commands, 256 in flight", "flight", "yousu");
            (format!("≥ {times} × whole commands"), commands.map(|(value, _)| ours >= times * value))
        }
    }
}

fn verdict(met: &[Option<bool>]) -> &'static str {
    if met.contains(&Some(false)) {
        "**no**"
    } else if met.contains(&None) {
        "not all measured"
    } else {
        "yes"
    }
}
