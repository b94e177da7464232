//! 提交.
//!
//! > H6 ……受理后第一时间提交政务服务中心、便民服务中心管理机构处理。
//! > S1 受理单第一时间转交区行政服务中心当天带班领导处理。

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, Fact, Stage, Step, guards},
    entry::Moment,
    ids::ActorId,
    people::Role,
    refusal::Refusal,
};

/// Hands a classified appeal to the managing body for review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Submit {
    /// To whom, where it goes to a person (S1 当天带班领导).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<ActorId>,
}

impl Step for Submit {
    const NAME: &'static str = "submit";
    const ROLES: &'static [Role] = guards::WINDOW;

    fn decide(&self, case: &Case, _: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        match case.stage {
            Stage::InReview { .. } => Ok(Vec::new()),
            Stage::Accepted if case.classification.is_none() => Err(Refusal::NotClassified {}),
            Stage::Accepted => Ok(vec![Submitted { to: self.to.clone() }.into()]),
            _ => case.wrong_stage("已受理"),
        }
    }
}

/// 提交. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Submitted {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<ActorId>,
}

impl Fact for Submitted {
    const TYPE: &'static str = "submitted";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        case.stage = Stage::InReview { signatures: Vec::new() };
    }
}
