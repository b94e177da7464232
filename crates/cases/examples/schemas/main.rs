//! Writes `schemas/events/`, `schemas/commands/` and the golden files that are missing.
//!
//! `cargo run -p cases --features story --example schemas`
//!
//! A schema is written anew each time. A golden file is written once: it stands for every event of its type and version
//! that any log holds, so it is never overwritten; its hash is added to `schemas/golden/SM3SUMS`. An event's shape that
//! differs from the file's is not written either: it needs a new `VERSION` and an upcast (`docs/adding-an-event.md`).
//! While no log was ever written with the type, the old files and their line in SM3SUMS may be deleted instead.
//!
//! `… --example schemas -- story` prints the story of the golden files instead, as lines for `yousu apply`.

mod golden;
mod golden_story;
mod script;
mod shape;

use std::{fs, io, path::Path, process::ExitCode};

use serde_json::Value;

fn main() -> Result<ExitCode, io::Error> {
    if std::env::args().nth(1).as_deref() == Some("story") {
        golden::story().iter().for_each(|line| println!("{line}"));
        return Ok(ExitCode::SUCCESS);
    }
    let schemas = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas"));
    let mut refused = 0;
    for (path, schema) in shape::all() {
        let file = schemas.join(&path);
        let known = fs::read_to_string(&file).ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
        let changed = known.is_some_and(|known| shape::bare(known) != shape::bare(schema.clone()));
        if path.starts_with("events/") && changed {
            eprintln!("{path}: the shape of this event changed. Raise its VERSION and write an upcast");
            refused += 1;
            continue;
        }
        write(&file, &schema)?;
    }
    let sums = schemas.join("golden/SM3SUMS");
    let mut lines: Vec<String> = fs::read_to_string(&sums).unwrap_or_default().lines().map(str::to_owned).collect();
    for (path, example) in golden::all() {
        let file = schemas.join("golden").join(&path);
        if !file.exists() {
            let is_event = path.starts_with("events/");
            assert!(!is_event || golden::parts(&example).is_some(), "{path} does not read back");
            write(&file, &example)?;
            lines.push(format!("{}  {path}", cases::command::hash(&fs::read(&file)?)));
        }
    }
    for path in golden::wanted().iter().filter(|path| !schemas.join("golden").join(path).exists()) {
        eprintln!(
            "golden/{path}: there is none. Let somebody do it in crates/cases/examples/schemas/golden_story.rs, then run this again"
        );
        refused += 1;
    }
    lines.sort_by(|a, b| a.split("  ").last().cmp(&b.split("  ").last()));
    fs::write(&sums, lines.join("\n") + "\n")?;
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Pretty, keys sorted, one line feed at the end: a change shows as a line in a review.
fn write(file: &Path, value: &Value) -> io::Result<()> {
    file.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(file, format!("{value:#}\n"))
}
