//! 换钥声明: what a log says when its keys change, as the text of a note, for whoever pinned the old ones.
//!
//! ```text
//! yousu-keys/v1
//! yousu/410404                   the log's origin
//! after 7747                     how large the log was: the old keys count up to there and no further
//! why rotated
//! new yousu/410404+1f…+…         one line a key
//! old yousu/410404+9c…+…
//! ```
//!
//! # Why, and who signs
//!
//! | why | what happened | signed by |
//! |---|---|---|
//! | `rotated` 更换 | the keys had served long enough | all new and all old ones |
//! | `succeeded` 移交 | another body took the log over, and made keys of its own; the old ones end | all new and all old ones |
//! | `lost` 遗失 | nobody has the old keys any more; what they signed stays what it was | all new ones |
//! | `revoked` 作废 | somebody else may have the old keys; whatever they signed, of any size, means nothing any more | all new ones |
//!
//! The new keys sign so that nobody can name keys that he does not have. The old ones sign so that a reader who pinned them can follow
//! without meeting anybody — as long as nobody else has them. Where they do not sign, a statement is believed because a person brought it, as
//! the first keys were.
//!
//! Whoever stole keys that still count can make a statement of his own. One honest witness follows only one of the two, for it ends the old keys by that; so
//! a reader who cannot meet anybody wants the statement cosigned. No checkpoint begins like it (its second line is a number), so neither can be
//! shown for the other.

use std::fmt;

use crate::evidence::ORIGIN;
use crate::note::{KeyError, Note, NoteError, VerifierKey};
use crate::tree::SIZE_LIMIT;

const FIRST_LINE: &str = "yousu-keys/v1";
/// More keys than any log has at once.
const KEYS_LIMIT: usize = 16;

/// What a log says of its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChange {
    /// Which log.
    pub origin: String,
    /// How large it was.
    pub after: u64,
    /// For what reason.
    pub why: Why,
    /// The keys that count from now on, which nobody had before.
    pub new: Vec<VerifierKey>,
    /// Those that end.
    pub old: Vec<VerifierKey>,
}

/// Why the keys of a log change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// 更换: they had served long enough.
    Rotated,
    /// 遗失: nobody has them any more.
    Lost,
    /// 作废: somebody else may have them.
    Revoked,
    /// 移交: another body took the log over.
    Succeeded,
}

/// Why a statement is none, or is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyChangeError {
    /// It says something else.
    #[error("line {line} is not what should stand there: {wanted} is wanted")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What should stand there.
        wanted: &'static str,
    },
    /// It is no signed note.
    #[error("it is no signed statement: {0}")]
    Note(#[from] NoteError),
    /// A key is wrong, or a signature does not hold.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A key that has to sign did not.
    #[error("the key {0} has to sign it, and did not")]
    Unsigned(String),
    /// It does not begin with the keys that are pinned.
    #[error(
        "it does not go on from the keys that are pinned of `{0}`: one that came before it is missing, another one was followed instead, or somebody else made it"
    )]
    NotFromHere(String),
    /// Only a person can say so.
    #[error(
        "the old keys of `{0}` did not sign it, so anybody could have written it. Ask the centre by another way whether it is its own, and only then take it over by hand"
    )]
    ByHand(String),
    /// Too few witnesses follow it.
    #[error("{wanted} cosignatures of witnesses are wanted, and it has {found}")]
    Quorum {
        /// So many.
        wanted: usize,
        /// So many it has.
        found: usize,
    },
}

impl Why {
    const ALL: [Self; 4] = [Self::Rotated, Self::Lost, Self::Revoked, Self::Succeeded];

    /// As it stands in a statement.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rotated => "rotated",
            Self::Lost => "lost",
            Self::Revoked => "revoked",
            Self::Succeeded => "succeeded",
        }
    }

    /// What stands in a statement as that word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.word() == word)
    }

    /// Whether what the old keys signed is still worth something.
    pub fn keeps_old(self) -> bool {
        self != Self::Revoked
    }

    /// Whether the old keys have to sign that they end.
    pub fn is_signed_by_old(self) -> bool {
        matches!(self, Self::Rotated | Self::Succeeded)
    }
}

impl fmt::Display for KeyChange {
    /// The text to sign.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, after, why, new, old } = self;
        writeln!(f, "{FIRST_LINE}\n{origin}\nafter {after}\nwhy {}", why.word())?;
        new.iter().try_for_each(|key| writeln!(f, "new {key}"))?;
        old.iter().try_for_each(|key| writeln!(f, "old {key}"))
    }
}

impl KeyChange {
    /// Reads a text that was signed. Only the one spelling is read.
    ///
    /// # Errors
    /// [`KeyChangeError::Line`], [`KeyChangeError::Key`].
    pub fn parse(text: &str) -> Result<Self, KeyChangeError> {
        let wrong = |line, wanted| KeyChangeError::Line { line, wanted };
        let mut lines = text.lines().zip(1..);
        let mut next = |line, prefix: &str, wanted| {
            let text = lines.next().and_then(|(text, _)| text.strip_prefix(prefix));
            text.ok_or(wrong(line, wanted))
        };
        next(1, FIRST_LINE, "`yousu-keys/v1`")?;
        let origin = next(2, ORIGIN, "the origin of a centre's log")?;
        let size = next(3, "after ", "`after` and a size")?;
        let word = next(4, "why ", "`why` and a reason")?;
        let (mut new, mut old) = (Vec::new(), Vec::new());
        for (text, line) in lines {
            let (keys, key) = match (text.strip_prefix("new "), text.strip_prefix("old ")) {
                (Some(key), _) if old.is_empty() => (&mut new, key),
                (_, Some(key)) => (&mut old, key),
                _ => return Err(wrong(line, "`new` and a key, or, behind all of these, `old` and a key")),
            };
            keys.push(VerifierKey::parse(key)?);
        }
        let size = size.parse().ok().filter(|size| *size <= SIZE_LIMIT);
        let read = Self {
            origin: format!("{ORIGIN}{origin}"),
            after: size.ok_or(wrong(3, "a size of a log"))?,
            why: Why::named(word).ok_or(wrong(4, "one of the known reasons"))?,
            new,
            old,
        };
        let all = || read.new.iter().chain(&read.old);
        let is_own = |key: &VerifierKey| key.name() == read.origin && key.until().is_none();
        let is_there = !read.new.is_empty() && !read.old.is_empty() && all().count() <= KEYS_LIMIT;
        let is_once = all().enumerate().all(|(n, key)| !all().take(n).any(|other| other.is_same_key(key)));
        if !is_there || !is_once || !all().all(is_own) {
            return Err(wrong(5, "one or more new keys of the log and one or more old ones, each once"));
        }
        // Whatever else is spelt otherwise, or stands behind it.
        if read.to_string() == text { Ok(read) } else { Err(wrong(1, "a statement in its one spelling")) }
    }

    /// The statement in a note that all signed who have to.
    ///
    /// # Errors
    /// [`KeyChangeError`].
    pub fn signed(note: &Note) -> Result<Self, KeyChangeError> {
        let said = Self::parse(note.text())?;
        let ending = if said.why.is_signed_by_old() { said.old.as_slice() } else { &[] };
        for key in said.new.iter().chain(ending) {
            if note.verified_by(said.after, [key])?.is_empty() {
                return Err(KeyChangeError::Unsigned(key.to_string()));
            }
        }
        Ok(said)
    }

    /// What is pinned after it: the new keys, the old ones up to where they end, or not at all where they were revoked, and all others as they
    /// were. Who follows it already gets what is pinned, unchanged. `quorum` witnesses among the pinned must have cosigned it; `by_hand` says that
    /// a person vouches for it.
    ///
    /// # Errors
    /// [`KeyChangeError`]: then nothing is to be changed.
    pub fn followed(
        note: &Note,
        pinned: &[VerifierKey],
        quorum: usize,
        by_hand: bool,
    ) -> Result<Vec<VerifierKey>, KeyChangeError> {
        let said = Self::signed(note)?;
        if !said.why.is_signed_by_old() && !by_hand {
            return Err(KeyChangeError::ByHand(said.origin));
        }
        let witnesses = pinned.iter().filter(|key| key.name() != said.origin && key.until().is_none());
        let mut names: Vec<_> =
            note.verified_by(said.after, witnesses)?.into_iter().map(|(key, _)| key.name()).collect();
        names.sort_unstable();
        names.dedup();
        if names.len() < quorum {
            return Err(KeyChangeError::Quorum { wanted: quorum, found: names.len() });
        }
        let (own, others): (Vec<_>, Vec<_>) = pinned.iter().cloned().partition(|key| key.name() == said.origin);
        if said.is_followed_by(&own) {
            return Ok(pinned.to_vec());
        }
        if !said.goes_on_from(&own) {
            return Err(KeyChangeError::NotFromHere(said.origin));
        }
        let ended = own.into_iter().filter_map(|key| match is_in(&said.old, &key) {
            true if !said.why.keeps_old() => None,
            true => Some(key.ended(said.after)),
            false => Some(key),
        });
        let ended: Vec<_> = ended.collect();
        Ok(said.new.into_iter().chain(ended).chain(others).collect())
    }

    /// Whether these are what it leads to: all its new keys count, and its old ones ended by it.
    fn is_followed_by(&self, own: &[VerifierKey]) -> bool {
        let mut old = own.iter().filter(|key| is_in(&self.old, key));
        let has_ended = if self.why.keeps_old() {
            let ends: Vec<_> = old.map(|key| key.until().unwrap_or(u64::MAX)).collect();
            ends.iter().max() == Some(&self.after)
        } else {
            old.next().is_none()
        };
        has_ended && self.new.iter().all(|new| own.contains(new))
    }

    /// Whether it is the next statement after whatever led to these keys of its origin: it ends all that count, else somebody's keys would
    /// go on beside the new ones; it names none that was there before; and the log was not smaller than it was.
    fn goes_on_from(&self, own: &[VerifierKey]) -> bool {
        let mut today = own.iter().filter(|key| key.until().is_none()).peekable();
        today.peek().is_some()
            && today.all(|key| is_in(&self.old, key))
            && !own.iter().any(|key| is_in(&self.new, key))
            && own.iter().filter_map(VerifierKey::until).all(|until| until <= self.after)
    }
}

fn is_in(keys: &[VerifierKey], key: &VerifierKey) -> bool {
    keys.iter().any(|one| one.is_same_key(key))
}

#[cfg(test)]
mod tests;
