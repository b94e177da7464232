//! Cases that were lately written, so that the next command on one needs no query.

use std::{collections::BTreeMap, sync::Arc};

use cases::{Case, CaseId};

/// Cases as of their last event, the least lately written thrown out first. Safe because every append names the version
/// that it was decided on: a stale case costs a second try, never a wrong event.
#[derive(Default)]
pub(crate) struct Cache {
    cases: BTreeMap<CaseId, (u64, Arc<Case>)>,
    by_age: BTreeMap<u64, CaseId>,
    age: u64,
}

impl Cache {
    const MOST: usize = 10_000;

    pub(crate) fn get(&self, id: CaseId) -> Option<Arc<Case>> {
        self.cases.get(&id).map(|(_, case)| Arc::clone(case))
    }

    pub(crate) fn put(&mut self, case: Arc<Case>) {
        self.age += 1;
        self.forget(case.id);
        self.by_age.insert(self.age, case.id);
        self.cases.insert(case.id, (self.age, case));
        if self.cases.len() > Self::MOST
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.cases.remove(&oldest);
        }
    }

    pub(crate) fn forget(&mut self, id: CaseId) {
        if let Some((age, _)) = self.cases.remove(&id) {
            self.by_age.remove(&age);
        }
    }
}
