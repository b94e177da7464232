//! Cases as of their last event, so that a command need not read its case's whole stream.

use std::{collections::BTreeMap, sync::Arc};

use cases::{CaseId, case::Case};

/// The least lately written are thrown out first, those under way and those that ended each among themselves: what ended is
/// hardly ever written again, and must not push out what is. Safe because every append names the version that it was decided
/// on: a stale case costs a second try, never a wrong event.
#[derive(Default)]
pub(crate) struct Cache {
    cases: BTreeMap<CaseId, Kept>,
    under_way: BTreeMap<u64, CaseId>,
    ended: BTreeMap<u64, CaseId>,
    age: u64,
}

struct Kept {
    age: u64,
    case: Arc<Case>,
}

impl Cache {
    /// A case of six events takes some 7 KiB. Beyond these every command on a case that waited long reads it anew.
    const MOST_UNDER_WAY: usize = 25_000;
    /// What ends within a minute, after which the sweep looks at it a last time.
    const MOST_ENDED: usize = 5_000;

    pub(crate) fn get(&self, id: CaseId) -> Option<Arc<Case>> {
        self.cases.get(&id).map(|kept| Arc::clone(&kept.case))
    }

    pub(crate) fn put(&mut self, case: Arc<Case>) {
        self.put_among(case, Self::MOST_UNDER_WAY, Self::MOST_ENDED);
    }

    fn put_among(&mut self, case: Arc<Case>, most_under_way: usize, most_ended: usize) {
        self.forget(case.id);
        self.age += 1;
        let (by_age, most) =
            if case.is_ended() { (&mut self.ended, most_ended) } else { (&mut self.under_way, most_under_way) };
        by_age.insert(self.age, case.id);
        self.cases.insert(case.id, Kept { age: self.age, case });
        if by_age.len() > most
            && let Some((_, oldest)) = by_age.pop_first()
        {
            self.cases.remove(&oldest);
        }
    }

    pub(crate) fn forget(&mut self, id: CaseId) {
        if let Some(Kept { age, case }) = self.cases.remove(&id) {
            let by_age = if case.is_ended() { &mut self.ended } else { &mut self.under_way };
            by_age.remove(&age);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use cases::{
        CaseId, Instant,
        case::{Case, End, Stage},
    };
    use uuid::Uuid;

    use super::Cache;

    fn id(n: u128) -> CaseId {
        CaseId(Uuid::from_u128(n))
    }

    #[test]
    fn what_ended_pushes_out_nothing_that_is_under_way() {
        let mut cache = Cache::default();
        let mut put = |n: u128, ended: bool| {
            let mut case = Case::new(id(n));
            if ended {
                case.stage = Stage::Ended(End::Merged { at: Instant::from_ms(0).unwrap(), into: id(99) });
            }
            cache.put_among(Arc::new(case), 3, 2);
            (1..=9).filter(|n| cache.get(id(*n)).is_some()).collect::<Vec<_>>()
        };
        for n in 1..=3 {
            put(n, false);
        }
        put(4, true);
        put(5, true);
        assert_eq!(put(6, true), [1, 2, 3, 5, 6]);
        put(1, false);
        assert_eq!(put(7, false), [1, 3, 5, 6, 7], "the least lately written goes");
        assert_eq!(put(3, true), [1, 3, 6, 7], "one that ends makes room");
        assert_eq!(put(8, false), [1, 3, 6, 7, 8]);
        cache.forget(id(3));
        assert!(cache.get(id(3)).is_none());
        assert_eq!((cache.cases.len(), cache.under_way.len(), cache.ended.len()), (4, 3, 1));
    }
}
