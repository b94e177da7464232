//! 函转.
//!
//! > H-三(一) 不属于……政务服务业务的，……应当在受理后即函转有关部门和单位，并跟踪后续处理情况，同时告知企业和群众办理渠道。
//! > H7 涉及跨层级的，函转至相关政务服务中心、便民服务中心管理机构协调办理。

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, Fact, Stage, Step, guards, state::Referral},
    entry::Moment,
    ids::{CaseId, CentreCode},
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// To whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Addressee {
    /// A unit outside.
    Unit(String),
    /// Another centre; `case` is the new case there, where that centre is part of the installation.
    Centre {
        code: CentreCode,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<CaseId>,
    },
}

impl std::fmt::Display for Addressee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unit(name) => f.write_str(name),
            Self::Centre { code, .. } => code.fmt(f),
        }
    }
}

/// Refers the case, with what is asked and by when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refer {
    pub to: Addressee,
    /// What is asked.
    pub request: String,
    /// Working days for the reply; the policy's unless named shorter or longer here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_working_days: Option<u32>,
}

impl Step for Refer {
    const NAME: &'static str = "refer";
    const ROLES: &'static [Role] = guards::MANAGERS;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        if !matches!(case.stage, Stage::InReview { .. }) && !case.is_back_in_review() {
            return case.wrong_stage("审核中");
        }
        case.require_conferred(None)?;
        let empty = match &self.to {
            Addressee::Unit(name) => name.trim().is_empty(),
            Addressee::Centre { code, .. } => *code == ctx.centre.code,
        };
        if empty {
            return Err(Refusal::AddresseeEmpty {});
        }
        guards::said(&self.request, "函转的事由")?;
        if self.reply_working_days == Some(0) {
            return Err(Refusal::LimitZero {});
        }
        let Self { to, reply_working_days, .. } = self.clone();
        Ok(vec![Referred { to, request: case.sealed(&self.request), reply_working_days }.into()])
    }
}

/// 函转. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Referred {
    pub to: Addressee,
    pub request: Sealed,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_working_days: Option<u32>,
}

impl Fact for Referred {
    const TYPE: &'static str = "referred";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        case.stage = Stage::Referred(Referral { to: self.to.clone(), letters: 0, last_letter_at: None });
        if let Some(round) = case.round_mut() {
            round.assignments.iter_mut().for_each(|assignment| assignment.released = true);
        }
    }
}
