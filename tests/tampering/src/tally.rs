//! What was tried and what was seen, in numbers.

use std::collections::BTreeMap;
use std::fmt;

use crate::forge::Kind;

/// One row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Row {
    /// Files that were shown.
    pub tried: u64,
    /// Of these, seen here.
    pub ours: u64,
    /// Shown to `yousu-verify` itself.
    pub program_tried: u64,
    /// Of these, seen by it.
    pub program: u64,
    /// Shown to the program in Python.
    pub python_tried: u64,
    /// Of these, seen by it.
    pub python: u64,
    /// Held, and did not say that they were complete. Counted as seen.
    pub unclaimed: u64,
}

/// All rows, and what the witness did.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Histories that were drawn.
    pub histories: u64,
    /// Honest files, of which `ours` and so on are those that were taken.
    pub honest: Row,
    /// Forgeries by kind.
    pub kinds: BTreeMap<Kind, Row>,
    /// What cannot be seen: taken, as docs/SECURITY.md says.
    pub unseen: BTreeMap<&'static str, Row>,
    /// Flipped bits, as they are and with the last line made anew.
    pub bits: BTreeMap<&'static str, Row>,
    /// What the witness was asked to sign and should not have.
    pub asked: u64,
    /// How often it refused.
    pub refused: u64,
    /// Forks that it kept as evidence.
    pub forks: u64,
}

impl Tally {
    /// Adds up.
    pub fn add(&mut self, other: &Self) {
        self.histories += other.histories;
        self.honest.add(&other.honest);
        let add_all = |own: &mut BTreeMap<&'static str, Row>, other: &BTreeMap<&'static str, Row>| {
            other.iter().for_each(|(what, row)| own.entry(what).or_default().add(row));
        };
        add_all(&mut self.unseen, &other.unseen);
        add_all(&mut self.bits, &other.bits);
        other.kinds.iter().for_each(|(kind, row)| self.kinds.entry(*kind).or_default().add(row));
        self.asked += other.asked;
        self.refused += other.refused;
        self.forks += other.forks;
    }
}

impl Row {
    fn add(&mut self, other: &Self) {
        self.tried += other.tried;
        self.ours += other.ours;
        self.program_tried += other.program_tried;
        self.program += other.program;
        self.python_tried += other.python_tried;
        self.python += other.python;
        self.unclaimed += other.unclaimed;
    }

    fn line(&self, f: &mut fmt::Formatter<'_>, name: &dyn fmt::Display) -> fmt::Result {
        let of = |seen: u64, tried: u64| if tried == 0 { "–".to_owned() } else { format!("{seen}/{tried}") };
        let (ours, program) = (of(self.ours, self.tried), of(self.program, self.program_tried));
        let python = of(self.python, self.python_tried);
        write!(f, "{:>9}  {ours:>17}  {program:>13}  {python:>17}  {name}", self.tried)?;
        let note = if self.unclaimed > 0 {
            format!(" ({} held, claiming nothing false)", self.unclaimed)
        } else {
            String::new()
        };
        writeln!(f, "{note}")
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading = |f: &mut fmt::Formatter<'_>, verb: &str, what: &str| {
            writeln!(
                f,
                "{:>9}  {:>17}  {:>13}  {:>17}  {what}",
                "files",
                format!("{verb}: Rust"),
                "yousu-verify",
                "Python"
            )
        };
        heading(f, "seen", "forgeries")?;
        self.kinds.iter().try_for_each(|(kind, row)| row.line(f, kind))?;
        self.bits.iter().try_for_each(|(what, row)| row.line(f, what))?;
        heading(f, "taken", "honest")?;
        self.honest.line(f, &"evidence of the same histories")?;
        heading(f, "taken", "cannot be seen (docs/SECURITY.md)")?;
        self.unseen.iter().try_for_each(|(what, row)| row.line(f, what))?;
        let Self { histories, asked, refused, forks, .. } = self;
        writeln!(
            f,
            "the witness was asked for {asked} cosignatures that it must refuse, refused {refused}, and kept {forks} forks"
        )?;
        writeln!(f, "{histories} histories")
    }
}
