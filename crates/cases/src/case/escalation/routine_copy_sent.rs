//! 常态化抄送.
//!
//! > H-三(三) ……主动加强与同级纪检监察机关的沟通，就政务服务“有诉即办”诉求响应工作建立常态化的联络、抄送等机制。

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{RecipientKind, circulation};
use crate::{
    case::{Case, CaseEvent, Context, Fact, Step, guards, round::RoundCause, triage::Kind},
    entry::Moment,
    people::Role,
    policy::RoutineCopies,
    refusal::Refusal,
    terms::terms,
};

terms!(
    /// 抄送事由.
    CopyGround {
        WithheldConfirmed = "认定不给办",
        ReturnedRepeatedly = "多次退回重办",
        SameMatterRepeated = "同一事项多次反映",
    }
);

/// Sends a copy of the case by routine, once per ground.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendRoutineCopy {
    pub ground: CopyGround,
}

impl Step for SendRoutineCopy {
    const NAME: &'static str = "send_routine_copy";
    const ROLES: &'static [Role] = guards::MANAGERS_OR_SYSTEM;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        if case.historical {
            return Err(Refusal::HistoricalCase {});
        }
        let due = due_copies(case, &ctx.policy(case)?.routine_copies).any(|ground| ground == self.ground);
        Ok(if due { vec![RoutineCopySent { ground: self.ground }.into()] } else { Vec::new() })
    }
}

/// The grounds that hold and for which no copy went out yet.
pub(crate) fn due_copies<'a>(case: &'a Case, policy: &'a RoutineCopies) -> impl Iterator<Item = CopyGround> + 'a {
    // Confirmed: the managing body let it stand when it dispatched the case, or settled it itself.
    let acted_on = case.rounds.iter().any(|round| round.delivery.is_some() || round.answer.is_some());
    let confirmed = case.kind() == Some(Kind::Withheld) && acted_on;
    let returned =
        case.rounds.iter().filter(|r| matches!(r.began_by, RoundCause::FailedCheck | RoundCause::Unsatisfied));
    let returned = u32::try_from(returned.count()).unwrap_or(u32::MAX);
    // A suspected repeat that was merged in the end is one case, not two.
    let others = case.intake.iter().flat_map(|intake| intake.suspected_repeats.iter().chain(&intake.absorbed));
    let same = others.collect::<std::collections::BTreeSet<_>>().len();
    let same = u32::try_from(same).unwrap_or(u32::MAX).saturating_add(1);
    let reached = |times: u32, limit: u32| limit > 0 && times >= limit;
    [
        (CopyGround::WithheldConfirmed, policy.withheld_confirmed && confirmed),
        (CopyGround::ReturnedRepeatedly, reached(returned, policy.returned_times)),
        (CopyGround::SameMatterRepeated, reached(same, policy.same_matter_times)),
    ]
    .into_iter()
    .filter(|(ground, holds)| *holds && !case.routine_copies.contains(ground))
    .map(|(ground, _)| ground)
}

/// 常态化抄送. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoutineCopySent {
    pub ground: CopyGround,
}

impl Fact for RoutineCopySent {
    const TYPE: &'static str = "routine_copy_sent";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        case.routine_copies.push(self.ground);
        circulation::copy(case, RecipientKind::Discipline, at);
    }
}
