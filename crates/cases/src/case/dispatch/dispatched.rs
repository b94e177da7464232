//! 转办.
//!
//! > H7 ……对《工作单》进行审核确定，明确办理期限，将《工作单》发送给相关政务服务部门；涉及多个政务服务部门的，要明确牵头部门，
//! > 同时转办各相关部门。
//! > S3 ……审核签字，转发至相关窗口部门，并安排专人督促办理。

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{
        Case, CaseEvent, Context, Fact, Stage, Step, guards,
        round::{Assignment, Delivery},
        triage::Kind,
    },
    entry::Moment,
    ids::{ActorId, DepartmentId},
    people::Role,
    policy::Policy,
    refusal::Refusal,
};

/// 工作单联系人: whom the departments call. An office's contact, not a private person's data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    pub name: String,
    pub telephone: String,
}

/// Sends the work order to the departments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dispatch {
    /// 牵头部门, or the one department.
    pub lead: DepartmentId,
    /// 协办部门
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub co_departments: Vec<DepartmentId>,
    /// 办理期限 in working days, where the dispatch names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_working_days: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// 专人督促: who urges it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urged_by: Option<ActorId>,
}

impl Step for Dispatch {
    const NAME: &'static str = "dispatch";
    const ROLES: &'static [Role] = guards::MANAGERS;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let policy = ctx.policy(case)?;
        let signed: Vec<Role> = match &case.stage {
            Stage::InReview { signatures } => signatures.iter().map(|(role, _)| *role).collect(),
            // 历史件: no signatures, conferences or submission are asked for.
            Stage::Accepted if case.historical => Vec::new(),
            // A dispute was upheld: the work order was signed, only its addressee was wrong.
            Stage::InHand if case.is_back_in_review() => policy.review.signatures.clone(),
            _ => return case.wrong_stage("审核中"),
        };
        case.require_conferred(Some(&self.lead))?;
        let kind = case.kind().ok_or(Refusal::NotClassified {})?;
        if kind == Kind::OutOfScope {
            return Err(Refusal::OutOfScope {});
        }
        let departments = self.departments();
        guards::known_departments(&departments, ctx)?;
        if self.urged_by.as_ref().is_some_and(|urger| case.concerns(urger)) {
            return Err(Refusal::HandlerComplainedAbout {});
        }
        if !case.historical {
            self.require_review(case, policy, &signed)?;
        }
        let several = departments.len() > 1 || case.is_several();
        let limit_working_days = policy.form(kind, several).agree_on(self.limit_working_days)?;
        let Self { lead, co_departments, contact, urged_by, .. } = self.clone();
        Ok(vec![Dispatched { lead, co_departments, limit_working_days, contact, urged_by }.into()])
    }
}

impl Dispatch {
    fn departments(&self) -> Vec<DepartmentId> {
        std::iter::once(&self.lead).chain(&self.co_departments).cloned().collect()
    }

    fn require_review(&self, case: &Case, policy: &Policy, signed: &[Role]) -> Result<(), Refusal> {
        let missing: Vec<_> =
            policy.review.signatures.iter().filter(|role| !signed.contains(role)).map(|role| role.term()).collect();
        if !missing.is_empty() {
            return Err(Refusal::SignatureMissing { missing: missing.join("、") });
        }
        if policy.review.named_urger && self.urged_by.is_none() {
            return Err(Refusal::UrgerMissing {});
        }
        let several = !self.co_departments.is_empty() || case.is_several_departments();
        let agreed = case.consultations.last().map(|(_, lead)| lead);
        if policy.review.consultation_when_several && several && agreed.is_none() {
            return Err(Refusal::ConsultationMissing {});
        }
        Ok(())
    }
}

/// 转办. Its occurred time is the delivery, one for all departments. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dispatched {
    pub lead: DepartmentId,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub co_departments: Vec<DepartmentId>,
    /// The limit that counts, where it is not the article's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_working_days: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urged_by: Option<ActorId>,
}

impl Fact for Dispatched {
    const TYPE: &'static str = "dispatched";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        case.stage = Stage::InHand;
        let Some(round) = case.round_mut() else { return };
        round.assignments.iter_mut().for_each(|assignment| assignment.released = true);
        let departments = std::iter::once((&self.lead, true)).chain(self.co_departments.iter().map(|co| (co, false)));
        round.assignments.extend(departments.map(|(department, lead)| Assignment::new(department, lead, at.at)));
        round.delivery = Some(Delivery {
            version: at.version,
            at: at.at,
            limit_working_days: self.limit_working_days,
            contact: self.contact.clone(),
            urged_by: self.urged_by.clone(),
        });
        round.plan = None;
        round.promises.clear();
        round.partial_replies.clear();
        round.answer = None;
        round.checked = None;
    }
}
