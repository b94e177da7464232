//! 保留: what must be kept for a proceeding, or for as long as the law says, is not erased (默认: the notices are silent; 个人信息保护法 47).

use std::collections::BTreeSet;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::erasure::ProcessingRestricted;
use crate::{
    case::{Case, CaseEvent, Context, Fact, Step, guards},
    entry::Moment,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
    terms::terms,
};

terms!(
    /// 保留的理由.
    HoldGround {
        Proceeding = "诉讼、复议或调查",
        Retention = "法定保存期限未届满",
    }
);

/// Forbids to erase anything of this case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceLegalHold {
    pub ground: HoldGround,
    /// Which proceeding, or which rule.
    pub basis: String,
    /// The last day of it, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDate>,
}

impl Step for PlaceLegalHold {
    const NAME: &'static str = "place_legal_hold";
    const ROLES: &'static [Role] = &[Role::CentreManager, Role::DisciplineLiaison, Role::SecurityAdministrator];

    fn decide(&self, case: &Case, _: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        guards::said(&self.basis, "保留的依据")?;
        let Self { ground, until, .. } = *self;
        if case.hold == Some(Hold { ground, until }) {
            return Ok(Vec::new());
        }
        // Who asked before the hold came, and was not agreed to, cannot be erased now either.
        let waiting = case.erasures.iter().filter(|erasure| !erasure.agreed).map(|erasure| erasure.person);
        let waiting: BTreeSet<_> = waiting.filter(|person| !case.restricted.contains(person)).collect();
        let placed = LegalHoldPlaced { ground, basis: case.sealed(&self.basis), until };
        let restricted = waiting.into_iter().map(|person| ProcessingRestricted { person }.into());
        Ok(std::iter::once(placed.into()).chain(restricted).collect())
    }
}

/// A hold that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Hold {
    pub ground: HoldGround,
    pub until: Option<NaiveDate>,
}

/// 保留. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LegalHoldPlaced {
    pub ground: HoldGround,
    pub basis: Sealed,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDate>,
}

impl Fact for LegalHoldPlaced {
    const TYPE: &'static str = "legal_hold_placed";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        case.hold = Some(Hold { ground: self.ground, until: self.until });
    }
}

/// Lifts the hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LiftLegalHold {
    pub reason: String,
}

impl Step for LiftLegalHold {
    const NAME: &'static str = "lift_legal_hold";
    const ROLES: &'static [Role] = &[Role::CentreManager, Role::DisciplineLiaison, Role::SecurityAdministrator];

    fn decide(&self, case: &Case, _: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        guards::said(&self.reason, "解除保留的理由")?;
        if case.hold.is_none() {
            return Ok(Vec::new());
        }
        Ok(vec![LegalHoldLifted { reason: case.sealed(&self.reason) }.into()])
    }
}

/// 解除保留. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LegalHoldLifted {
    pub reason: Sealed,
}

impl Fact for LegalHoldLifted {
    const TYPE: &'static str = "legal_hold_lifted";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        case.hold = None;
        // What was restricted because of it may be asked for again.
        case.restricted.clear();
    }
}

impl Case {
    /// Whether a hold forbids to erase anything now.
    pub(crate) fn is_held(&self, ctx: &Context<'_>) -> bool {
        self.hold.is_some_and(|hold| hold.until.is_none_or(|until| ctx.now.date() <= until))
    }
}
