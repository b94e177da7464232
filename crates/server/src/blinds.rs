//! What stands for a command's digest in the log.
//!
//! The digest tells a command that is sent twice from another one with the same id. It is a hash of all that was said, telephone
//! numbers among it, and those have so few digits that somebody who knows the rest could find one by trying all: so what is kept is
//! a hash of it under the key of the case's complainant, and goes with that key.

use std::collections::{BTreeMap, BTreeSet};

use cases::{CaseId, CentreCode, command::CaseCommandLine, ids::FileHash};
use persons::{Found, KeyError, Of, PersonKeys};

/// The keys under which the digests of some cases' commands are kept.
#[derive(Default)]
pub(crate) struct Blinds {
    /// None where nothing is sealed: then a digest stands for itself.
    keys: Option<BTreeMap<CaseId, Found>>,
}

impl Blinds {
    pub(crate) async fn of(
        keys: &PersonKeys,
        centre: &CentreCode,
        cases: impl IntoIterator<Item = CaseId>,
    ) -> Result<Self, KeyError> {
        let mut found = BTreeMap::new();
        let cases: BTreeSet<CaseId> = cases.into_iter().collect();
        let known = keys.find(&cases.iter().map(|case| case.complainant().0).collect()).await?;
        for case in cases {
            let person = case.complainant().0;
            let one = match known.get(&person) {
                Some(known) => Some(known.clone()),
                None => {
                    let of = Of { centre: centre.as_str().to_owned(), stream: case.0 };
                    keys.find_or_draw(&BTreeSet::from([person]), &of).await?.remove(&person)
                }
            };
            found.extend(one.map(|one| (case, one)));
        }
        Ok(Self { keys: Some(found) })
    }

    /// What is kept in place of this digest of a command to this case.
    pub(crate) fn digest(&self, case: CaseId, digest: &FileHash) -> FileHash {
        let Some(keys) = &self.keys else { return digest.clone() };
        match keys.get(&case).and_then(Found::key) {
            Some(key) => cases::command::in_hex(&key.blind("digest", digest.as_str().as_bytes())),
            // The person was erased: nothing of what is said may stay, and nothing can be told apart any more.
            None => cases::command::hash(b""),
        }
    }

    /// The command with what is kept in place of its digest.
    pub(crate) fn line(&self, line: &CaseCommandLine) -> CaseCommandLine {
        let mut line = line.clone();
        line.cause.digest = self.digest(line.case, &line.cause.digest);
        line
    }
}
