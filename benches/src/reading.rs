//! Readings: every one is kept, and what is printed of them is a median and a ratio.

use std::{collections::BTreeMap, io::Write as _, path::Path, time::Duration};

use serde::Serialize;

/// One reading.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Reading {
    /// What was measured, as in `append/16`.
    pub(crate) measure: String,
    /// Of what: `yousu`, `sqlx`, `c-api`.
    pub(crate) of: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) value: f64,
}

/// All readings of a run.
#[derive(Debug, Default)]
pub(crate) struct Readings(Vec<Reading>);

impl Readings {
    pub(crate) fn note(&mut self, measure: impl Into<String>, of: &'static str, unit: &'static str, value: f64) {
        self.0.push(Reading { measure: measure.into(), of, unit, value });
    }

    /// How many a second.
    pub(crate) fn rate(&mut self, measure: impl Into<String>, of: &'static str, count: u64, took: Duration) {
        self.note(measure, of, "/s", count as f64 / took.as_secs_f64());
    }

    /// What callers waited, as percentiles in milliseconds.
    pub(crate) fn waits(&mut self, measure: &str, of: &'static str, mut waits: Vec<Duration>) {
        waits.sort_unstable();
        for (name, share) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)] {
            let at = ((waits.len() as f64 * share) as usize).min(waits.len().saturating_sub(1));
            if let Some(wait) = waits.get(at) {
                self.note(format!("{measure} {name}"), of, "ms", wait.as_secs_f64() * 1e3);
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
        let mut table =
            "| measure | unit | yousu | limit: sqlx | ratio | limit: C API | ratio |\n|---|---|---|---|---|---|---|\n"
                .to_owned();
        for (measure, unit) in measures {
            let of = |of| by_name.get(&(measure, of)).map(|values| median(values));
            let ours = of("yousu");
            table += &format!("| {measure} | {unit} | {} |", shown(ours));
            for limit in [of("sqlx"), of("c-api")] {
                let ratio = ours.zip(limit).map_or_else(String::new, |(ours, limit)| format!("{:.2}", ours / limit));
                table += &format!(" {} | {ratio} |", shown(limit));
            }
            table.push('\n');
        }
        table
    }
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

fn shown(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| if value < 100.0 { format!("{value:.2}") } else { format!("{value:.0}") })
}
