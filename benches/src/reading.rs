//! Readings: every one is kept, and what is printed of them is a median and a ratio.

use std::{collections::BTreeMap, io::Write as _, path::Path, time::Duration};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// One reading.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Reading {
    /// What was measured, as in `durable appends, 16 writers`.
    pub(crate) measure: String,
    /// Of what: `yousu`, the limits `sqlx` and `c-api`, or a peer.
    pub(crate) of: String,
    pub(crate) unit: String,
    pub(crate) value: f64,
}

/// All readings of a run.
#[derive(Debug, Default)]
pub(crate) struct Readings(Vec<Reading>);

/// What stands in columns of its own; everybody else is a peer.
const OURS_AND_LIMITS: [&str; 3] = ["yousu", "sqlx", "c-api"];

impl Readings {
    pub(crate) fn note(&mut self, measure: impl Into<String>, of: &str, unit: &str, value: f64) {
        self.0.push(Reading { measure: measure.into(), of: of.to_owned(), unit: unit.to_owned(), value });
    }

    /// How many a second.
    pub(crate) fn rate(&mut self, measure: impl Into<String>, of: &str, count: u64, took: Duration) {
        self.note(measure, of, "/s", count as f64 / took.as_secs_f64());
    }

    /// How long it took, in milliseconds.
    pub(crate) fn time(&mut self, measure: impl Into<String>, of: &str, took: Duration) {
        self.note(measure, of, "ms", took.as_secs_f64() * 1e3);
    }

    /// What callers waited, as percentiles in milliseconds.
    pub(crate) fn waits(&mut self, measure: &str, of: &str, mut waits: Vec<Duration>) {
        waits.sort_unstable();
        for (name, share) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999)] {
            if let Some(wait) = percentile(&waits, share) {
                self.time(format!("{measure} {name}"), of, wait);
            }
        }
    }

    /// Adds them to a file, a line of JSON each.
    pub(crate) fn keep(&self, file: &Path) -> anyhow::Result<()> {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(file)?;
        for reading in &self.0 {
            writeln!(file, "{}", serde_json::to_string(reading)?)?;
        }
        Ok(())
    }

    /// What was kept, added to these.
    pub(crate) fn read(&mut self, file: &Path) -> anyhow::Result<()> {
        let shown = file.display();
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {shown}"))?;
        for (n, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            self.0.push(serde_json::from_str(line).with_context(|| format!("{shown}, line {n}: no reading"))?);
        }
        Ok(())
    }

    /// The median of a measure that begins and ends so, and its unit. Where several sizes were measured, of the largest.
    pub(crate) fn median(&self, begins: &str, ends: &str, of: &str) -> Option<(f64, &str)> {
        let asked = |reading: &&Reading| {
            reading.of == of && reading.measure.starts_with(begins) && reading.measure.ends_with(ends)
        };
        let largest = self.0.iter().filter(asked).max_by_key(|reading| size(&reading.measure))?;
        let same = self.0.iter().filter(|reading| reading.of == of && reading.measure == largest.measure);
        Some((median(&same.map(|reading| reading.value).collect::<Vec<_>>()), &largest.unit))
    }

    /// Who else was measured.
    pub(crate) fn peers(&self) -> Vec<&str> {
        let mut peers: Vec<&str> = Vec::new();
        for reading in self.0.iter().filter(|reading| !OURS_AND_LIMITS.contains(&reading.of.as_str())) {
            if !peers.contains(&reading.of.as_str()) {
                peers.push(&reading.of);
            }
        }
        peers
    }

    /// A line a measure: the median of each, and ours as a multiple of the others'.
    pub(crate) fn table(&self) -> String {
        let mut measures: Vec<(&str, &str)> = Vec::new();
        let mut by_name: BTreeMap<(&str, &str), Vec<f64>> = BTreeMap::new();
        for Reading { measure, of, unit, value } in &self.0 {
            if !measures.contains(&(measure, unit)) {
                measures.push((measure, unit));
            }
            by_name.entry((measure, of)).or_default().push(*value);
        }
        let peers = self.peers();
        let mut table = "| measure | unit | yousu | limit: sqlx | ratio | limit: C API | ratio |".to_owned();
        table.extend(peers.iter().map(|peer| format!(" {peer} | ratio |")));
        table += &format!("\n|{}\n", "---|".repeat(7 + 2 * peers.len()));
        for (measure, unit) in measures {
            let of = |of| by_name.get(&(measure, of)).map(|values| median(values));
            let ours = of("yousu");
            table += &format!("| {measure} | {unit} | {} |", ours.map_or_else(String::new, shown));
            for other in ["sqlx", "c-api"].iter().chain(&peers).map(|name| of(name)) {
                let ratio = ours.zip(other).map_or_else(String::new, |(ours, other)| format!("{:.2}", ours / other));
                table += &format!(" {} | {ratio} |", other.map_or_else(String::new, shown));
            }
            table.push('\n');
        }
        table
    }
}

/// The largest number in a measure's name: how much was measured.
fn size(measure: &str) -> u64 {
    measure.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).max().unwrap_or(0)
}

/// The wait, of sorted ones, that this share did not exceed.
pub(crate) fn percentile(sorted: &[Duration], share: f64) -> Option<Duration> {
    let at = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied()
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

/// Three digits of what is small.
pub(crate) fn shown(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 0.1 => format!("{value:.2}"),
        value => format!("{value:.4}"),
    }
}
