//! Histories by the block: what was forged of each, before every reader.

use std::path::PathBuf;

use transparency::note::Note;

use crate::bits::{self, Bits};
use crate::forge::{self, Kind, unseen};
use crate::history::{self, History};
use crate::parties::Keys;
use crate::readers::{Asked, Plant, Question, Reader, Readers, Verdict};
use crate::tally::{Row, Tally};
use chance::Chance;

/// Histories that the program in Python is shown at once.
const BLOCK: u64 = 25;

/// What is to be done.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The first seed.
    pub seed: u64,
    /// How many.
    pub histories: u64,
    /// Whether the program in Python reads along.
    pub python: bool,
    /// `yousu-verify`; nothing if it is not to be asked.
    pub program: Option<PathBuf>,
    /// Every how many files it is asked.
    pub sample: u64,
    /// Files of which bits are flipped.
    pub bits: Option<Bits>,
    /// A bug that is put in on purpose.
    pub plant: Option<Plant>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// In numbers.
    pub tally: Tally,
    /// Forgeries that nobody saw.
    pub unseen: Vec<Unseen>,
    /// What should not be, and is no forgery: then nothing is proved.
    pub wrong: Vec<String>,
}

/// A forgery that passed.
#[derive(Debug)]
pub struct Unseen {
    /// The seed that makes it again.
    pub seed: u64,
    /// Its kind.
    pub kind: Kind,
    /// What it was, and who took it.
    pub what: String,
}

enum Wanted {
    Honest,
    Seen { kind: Kind, what: String, withheld: Option<u64> },
    Passing(&'static str),
}

/// A file, what is expected of it and for whom.
struct Case {
    seed: u64,
    wanted: Wanted,
    bytes: Vec<u8>,
    kept: Option<Note>,
    reader: Reader,
}

impl Case {
    fn question(&self) -> Question<'_> {
        Question { bytes: &self.bytes, kept: self.kept.as_ref(), reader: self.reader }
    }
}

#[derive(Clone, Copy)]
enum Who {
    Ours,
    Program,
    Python,
}

impl Outcome {
    fn judged(&mut self, case: &Case, who: Who, verdict: Verdict) {
        let row: &mut Row = match &case.wanted {
            Wanted::Honest => &mut self.tally.honest,
            Wanted::Seen { kind, .. } => self.tally.kinds.entry(*kind).or_default(),
            Wanted::Passing(what) => self.tally.unseen.entry(what).or_default(),
        };
        let is_good = match (&case.wanted, verdict) {
            (Wanted::Seen { .. }, Verdict::Refused) | (Wanted::Honest | Wanted::Passing(_), Verdict::Holds(_)) => true,
            (Wanted::Seen { withheld: Some(first), .. }, Verdict::Holds(complete)) => {
                complete.is_none_or(|complete| complete < *first)
            }
            _ => false,
        };
        let is_taken = matches!(verdict, Verdict::Holds(_));
        let (name, tried, good) = match who {
            Who::Ours => {
                row.unclaimed += u64::from(is_taken && is_good && matches!(case.wanted, Wanted::Seen { .. }));
                ("Rust", &mut row.tried, &mut row.ours)
            }
            Who::Program => ("yousu-verify", &mut row.program_tried, &mut row.program),
            Who::Python => ("Python", &mut row.python_tried, &mut row.python),
        };
        *tried += 1;
        *good += u64::from(is_good);
        if is_good {
            return;
        }
        let seed = case.seed;
        match &case.wanted {
            Wanted::Honest => self.wrong.push(format!("seed {seed}: honest evidence is refused ({name})")),
            Wanted::Passing(what) => {
                self.wrong.push(format!(
                    "seed {seed}: docs/SECURITY.md says that this passes, and it is seen ({name}): {what}"
                ));
            }
            Wanted::Seen { kind, what, .. } => {
                self.unseen.push(Unseen { seed, kind: *kind, what: format!("{what} ({name})") });
            }
        }
    }

    /// Adds up.
    pub fn add(&mut self, other: Self) {
        self.tally.add(&other.tally);
        self.unseen.extend(other.unseen);
        self.wrong.extend(other.wrong);
    }

    /// Whether all was seen that can be, and the rest is as it should be.
    pub fn is_clean(&self) -> bool {
        self.unseen.is_empty() && self.wrong.is_empty()
    }
}

/// Runs it.
///
/// # Errors
/// If something cannot be run or written.
pub fn run(plan: &Plan) -> anyhow::Result<Outcome> {
    let keys = Keys::new()?;
    let readers = Readers::new(&keys, plan.program.clone(), plan.plant)?;
    let (mut outcome, mut waiting): (_, Option<(Vec<Case>, Asked)>) = (Outcome::default(), None);
    let (mut done, mut files) = (0, 0_u64);
    while done < plan.histories {
        let mut cases = Vec::new();
        for seed in (plan.seed + done..plan.seed + plan.histories).take(usize::try_from(BLOCK)?) {
            cases.extend(made(&keys, seed, plan.plant, &mut outcome)?);
            done += 1;
        }
        // While this goes on, the program in Python reads the block before.
        for case in &cases {
            let verdict = readers.ours(&case.question());
            outcome.judged(case, Who::Ours, verdict);
            files += 1;
            if files.is_multiple_of(plan.sample.max(1))
                && let Some(said) = readers.program(&case.question())?
            {
                outcome.judged(case, Who::Program, said);
                if said != verdict {
                    outcome
                        .wrong
                        .push(format!("seed {}: yousu-verify says {said:?}, its own code {verdict:?}", case.seed));
                }
            }
        }
        if let Some((cases, asked)) = waiting.take() {
            answered(&mut outcome, &cases, asked)?;
        }
        if plan.python {
            let asked = readers.python(cases.iter().map(Case::question))?;
            waiting = Some((cases, asked));
        }
    }
    if let Some((cases, asked)) = waiting {
        answered(&mut outcome, &cases, asked)?;
    }
    if let Some(bits) = plan.bits {
        bits::run(&keys, &readers, plan, bits, &mut outcome)?;
    }
    Ok(outcome)
}

fn answered(outcome: &mut Outcome, cases: &[Case], asked: Asked) -> anyhow::Result<()> {
    for (case, verdict) in cases.iter().zip(asked.answers()?) {
        outcome.judged(case, Who::Python, verdict);
    }
    Ok(())
}

/// The history of a seed.
pub(crate) fn drawn(keys: &Keys, seed: u64, plant: Option<Plant>) -> anyhow::Result<History<'_>> {
    history::drawn(keys, &mut Chance::new(seed, 1), plant == Some(Plant::BlindWitness))
}

/// A history of this seed, and all that is made of it.
fn made(keys: &Keys, seed: u64, plant: Option<Plant>, outcome: &mut Outcome) -> anyhow::Result<Vec<Case>> {
    let history = drawn(keys, seed, plant)?;
    let kept = history.shown.kept.as_ref().map(|(note, _)| note.clone());
    let honest =
        Case { seed, wanted: Wanted::Honest, bytes: history.honest_bytes.clone(), kept, reader: Reader::Careful };
    let mut cases = vec![honest];
    for forgery in forge::all(&history, &mut Chance::new(seed, 2))? {
        let what = format!("{}: {}", forgery.how, forgery.shown);
        if forgery.bytes == history.honest_bytes {
            outcome.wrong.push(format!("seed {seed}: nothing was forged ({}, {what})", forgery.kind));
        }
        let wanted = Wanted::Seen { kind: forgery.kind, what, withheld: forgery.withheld };
        cases.push(Case { seed, wanted, bytes: forgery.bytes, kept: forgery.kept, reader: Reader::Careful });
    }
    for kind in Kind::ALL {
        let is_there = |case: &Case| matches!(case.wanted, Wanted::Seen { kind: of, .. } if of == kind);
        if !cases.iter().any(is_there) {
            outcome.wrong.push(format!("seed {seed}: nothing was forged ({kind})"));
        }
    }
    let (asked, refused) = (history.watch.asked.get(), history.watch.refused.get());
    if asked != refused {
        let cosigned = asked - refused;
        outcome.wrong.push(format!("seed {seed}: the witness cosigned {cosigned} of {asked} forged checkpoints"));
    }
    outcome.tally.histories += 1;
    outcome.tally.asked += asked;
    outcome.tally.refused += refused;
    outcome.tally.forks += history.watch.forks_kept()?;
    // Now and then: that these pass is no matter of luck.
    if !seed.is_multiple_of(4) {
        return Ok(cases);
    }
    for passing in unseen::all(&history, &mut Chance::new(seed, 3))? {
        let wanted = Wanted::Passing(passing.what);
        cases.push(Case { seed, wanted, bytes: passing.bytes, kept: passing.kept, reader: passing.reader });
    }
    Ok(cases)
}
