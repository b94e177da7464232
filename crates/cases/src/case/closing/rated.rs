//! 满意度: five ranks; the first three count as satisfied (*default*).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, Fact, Stage, Step},
    entry::Moment,
    people::Role,
    policy::Policy,
    refusal::Refusal,
    terms::terms,
};

terms!(
    /// 满意度评价.
    Rating {
        VerySatisfied = "非常满意",
        Satisfied = "满意",
        BasicallySatisfied = "基本满意",
        Dissatisfied = "不满意",
        VeryDissatisfied = "非常不满意",
    }
);

impl Rating {
    /// Whether it lies among the policy's first ranks.
    pub fn is_satisfied(self, policy: &Policy) -> bool {
        Self::ALL.iter().take(policy.closing.satisfied_ranks).any(|rank| *rank == self)
    }
}

terms!(
    /// 评价方式.
    RatedBy {
        AtTheWindow = "当场",
        OnCallBack = "回访",
        Complainant = "诉求人自评",
    }
);

/// Rates the newest result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    pub rating: Rating,
}

impl Step for Rate {
    const NAME: &'static str = "rate";
    const ROLES: &'static [Role] =
        &[Role::Complainant, Role::WindowClerk, Role::DutyOfficer, Role::DutyLeader, Role::CentreManager];

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        if !matches!(case.stage, Stage::Answered | Stage::Settled) {
            return case.wrong_stage("回访反馈中、当场办结");
        }
        if case.round().and_then(|round| round.rating).is_some_and(|(rating, _)| rating == self.rating) {
            return Ok(Vec::new());
        }
        let by = if ctx.by.role == Role::Complainant { RatedBy::Complainant } else { RatedBy::OnCallBack };
        Ok(vec![Rated::decided(self.rating, by, case, ctx)?])
    }
}

/// 满意度. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rated {
    pub rating: Rating,
    pub by: RatedBy,
    /// Among the policy's satisfied ranks.
    pub satisfied: bool,
}

impl Rated {
    /// The verdict on what it means is the policy's.
    pub(crate) fn decided(rating: Rating, by: RatedBy, case: &Case, ctx: &Context<'_>) -> Result<CaseEvent, Refusal> {
        Ok(Self { rating, by, satisfied: rating.is_satisfied(ctx.policy(case)?) }.into())
    }
}

impl Fact for Rated {
    const TYPE: &'static str = "rated";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        case.declined_to_rate = false;
        case.newest_rating = Some(self.rating);
        // "Settled on the spot … unsatisfied → in review."
        if !self.satisfied && matches!(case.stage, Stage::Settled) {
            case.stage = Stage::InReview { signatures: Vec::new() };
        }
        if let Some(round) = case.round_mut() {
            round.rating = Some((self.rating, at.occurred_at));
        }
    }
}
