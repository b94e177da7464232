//! 并单: both cases say so, in one append; the absorbed one's clocks end, its look-up leads on, and who was recused from it is from the other.

use std::iter;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, End, Fact, Step, dispatch::recused::Recused, guards},
    entry::Moment,
    ids::CaseId,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// Merges this case into another that is still open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    pub into: CaseId,
    pub reason: String,
}

impl Step for Merge {
    const NAME: &'static str = "merge";
    const ROLES: &'static [Role] = guards::WINDOW;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        case.require_open()?;
        if self.into == case.id {
            return Err(Refusal::SameCase {});
        }
        guards::said(&self.reason, "并单的理由")?;
        let survivor = ctx.others.get(&self.into).filter(|other| other.version > 0);
        let survivor = survivor.ok_or(Refusal::OtherCaseMissing { case: self.into })?;
        survivor.require_open()?;
        if survivor.concerns(&ctx.by.id) {
            return Err(Refusal::Recused {});
        }
        let reason = case.sealed(&self.reason);
        Ok(vec![Merged { with: self.into, side: MergeSide::Absorbed, reason }.into()])
    }

    fn decide_elsewhere(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<(CaseId, CaseEvent)>, Refusal> {
        let Some(survivor) = ctx.others.get(&self.into) else { return Ok(Vec::new()) };
        let reason = survivor.sealed(&self.reason);
        let merged = Merged { with: case.id, side: MergeSide::Survivor, reason };
        let recused = case.recused.iter().filter(|who| !survivor.recused.contains(who));
        let recused = recused.map(|who| Recused::taken_over(survivor, who).into());
        Ok(iter::once(merged.into()).chain(recused).map(|event| (self.into, event)).collect())
    }

    fn others(&self) -> Vec<CaseId> {
        vec![self.into]
    }
}

/// Which of the two cases this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MergeSide {
    /// 被并入: it ends here.
    Absorbed,
    /// 并入: it goes on for both.
    Survivor,
}

/// 并单. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Merged {
    pub with: CaseId,
    pub side: MergeSide,
    pub reason: Sealed,
}

impl Fact for Merged {
    const TYPE: &'static str = "merged";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        match self.side {
            MergeSide::Absorbed => case.end(End::Merged { at: at.occurred_at, into: self.with }),
            MergeSide::Survivor => case.intake.iter_mut().for_each(|intake| intake.absorbed.push(self.with)),
        }
    }
}
