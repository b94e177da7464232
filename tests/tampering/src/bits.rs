//! Every bit of a file flipped: as it is, and with the last line made anew by somebody who knows how.

use transparency::evidence::Evidence;

use crate::forge::with_digest;
use crate::parties::Keys;
use crate::readers::{Question, Reader, Readers, Verdict};
use crate::run::{Outcome, Plan, drawn};

/// How many files, and how many bits of them.
#[derive(Debug, Clone, Copy)]
pub struct Bits {
    /// Files: the shortest of the histories.
    pub files: usize,
    /// With the digest made anew every so-manieth bit is tried; as it is, all of them.
    pub step: usize,
    /// The program in Python reads every so-manieth.
    pub python_step: usize,
}

/// Files that the program in Python is shown at once.
const BLOCK: usize = 4_000;
const AS_IT_IS: &str = "one bit flipped";
const DIGEST_ANEW: &str = "one bit flipped, the digest made anew";

pub(crate) fn run(
    keys: &Keys,
    readers: &Readers,
    plan: &Plan,
    bits: Bits,
    outcome: &mut Outcome,
) -> anyhow::Result<()> {
    let mut files = Vec::new();
    for seed in (plan.seed..).take(bits.files * 5) {
        let history = drawn(keys, seed, None)?;
        files.push((history.honest_bytes.len(), seed, history.honest, history.shown.kept.map(|(note, _)| note)));
    }
    files.sort_by_key(|(length, seed, ..)| (*length, *seed));
    for (_, seed, honest, kept) in files.into_iter().take(bits.files) {
        let bytes = honest.encode();
        let kept = kept.as_ref();
        let mut sampled: Vec<(&'static str, usize, Vec<u8>, bool)> = Vec::new();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let anew = with_digest(&flipped);
            for (what, file) in [(AS_IT_IS, flipped), (DIGEST_ANEW, anew)] {
                // A bit of the digest itself: made anew, it is the file that it was.
                if file == bytes || (what == DIGEST_ANEW && !bit.is_multiple_of(bits.step)) {
                    continue;
                }
                let verdict = readers.ours(&Question { bytes: &file, kept, reader: Reader::Careful });
                let is_refused = matches!(verdict, Verdict::Refused);
                let is_harmless = match verdict {
                    Verdict::Refused => false,
                    Verdict::Holds(_) => {
                        let is_harmless = what == DIGEST_ANEW && says_the_same(&file, &honest);
                        if !is_harmless {
                            outcome.wrong.push(format!("seed {seed}, bit {bit}: {what}, and it is not seen"));
                        }
                        is_harmless
                    }
                };
                let row = outcome.tally.bits.entry(what).or_default();
                row.tried += 1;
                row.ours += u64::from(is_refused || is_harmless);
                row.unclaimed += u64::from(is_harmless);
                if plan.python && bit.is_multiple_of(bits.python_step) {
                    sampled.push((what, bit, file, is_harmless));
                }
            }
        }
        for block in sampled.chunks(BLOCK) {
            let asked = block.iter().map(|(_, _, bytes, _)| Question { bytes, kept, reader: Reader::Careful });
            let answers = readers.python(asked)?.answers()?;
            for ((what, bit, _, is_harmless), verdict) in block.iter().zip(answers) {
                let row = outcome.tally.bits.entry(what).or_default();
                let is_good = matches!(verdict, Verdict::Holds(_)) == *is_harmless;
                row.python_tried += 1;
                row.python += u64::from(is_good);
                if !is_good {
                    outcome.wrong.push(format!("seed {seed}, bit {bit}: {what}, and Python says {verdict:?}"));
                }
            }
        }
    }
    Ok(())
}

/// Nothing but a signature's line is another, and the witness signed all the same: a line of a key that nobody knows says nothing.
fn says_the_same(file: &[u8], honest: &Evidence) -> bool {
    let Ok(mut read) = Evidence::parse(file) else { return false };
    let texts = |evidence: &Evidence| {
        let earlier = evidence.earlier.as_ref().map(|(note, _)| note.text().to_owned());
        (evidence.checkpoint.text().to_owned(), earlier)
    };
    if texts(&read) != texts(honest) {
        return false;
    }
    read.checkpoint = honest.checkpoint.clone();
    if let (Some((note, _)), Some((true_one, _))) = (read.earlier.as_mut(), &honest.earlier) {
        note.clone_from(true_one);
    }
    read == *honest
}
