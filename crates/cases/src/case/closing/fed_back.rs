//! 反馈.
//!
//! > H10 ……或向企业和群众反馈办理结果。
//! > S5 ……应及时将受理单送至“有诉即应”窗口，窗口工作人员负责向群众反馈办理结果。

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, Fact, Stage, Step, guards, referral::complainant_informed::InformChannel},
    entry::Moment,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// Tells the complainant the result; before or after the call-back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FeedBack {
    pub how: InformChannel,
    pub text: String,
}

impl Step for FeedBack {
    const NAME: &'static str = "feed_back";
    const ROLES: &'static [Role] = guards::WINDOW;

    fn decide(&self, case: &Case, _: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        if !matches!(case.stage, Stage::Reported | Stage::Answered) {
            return case.wrong_stage("待质检、回访反馈中");
        }
        if case.is_anonymous() {
            return Err(Refusal::NoContactToCall {});
        }
        guards::said(&self.text, "反馈的内容")?;
        Ok(vec![FedBack { how: self.how, text: case.sealed(&self.text) }.into()])
    }
}

/// 反馈. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FedBack {
    pub how: InformChannel,
    pub text: Sealed,
}

impl Fact for FedBack {
    const TYPE: &'static str = "fed_back";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        if let Some(round) = case.round_mut() {
            round.fed_back_at = Some(at.occurred_at);
        }
    }
}
