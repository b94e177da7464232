//! 删除: one person requests it, another agrees, and what is kept of the person is destroyed. Under a hold, processing is restricted
//! instead. The history stays; what was said by or of the person is gone from it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Erasure;
use crate::{
    case::{Case, CaseEvent, Context, Fact, Step, guards},
    entry::Moment,
    ids::PersonId,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// Requests that all that is kept of a person of this case be erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestErasure {
    pub person: PersonId,
    pub reason: String,
}

impl Step for RequestErasure {
    const NAME: &'static str = "request_erasure";
    const ROLES: &'static [Role] = &[
        Role::WindowClerk,
        Role::DutyOfficer,
        Role::DutyLeader,
        Role::CentreManager,
        Role::SecurityAdministrator,
        Role::Complainant,
    ];

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        if !case.has_person(self.person) {
            return Err(Refusal::NoSuchPerson {});
        }
        let asked = case.erasure_of(self.person);
        if asked.is_some_and(|asked| asked.agreed || !case.is_held(ctx)) {
            return Ok(Vec::new());
        }
        guards::said(&self.reason, "删除的理由")?;
        if !case.is_over(ctx)? {
            return Err(Refusal::ErasureWhileOpen {});
        }
        if case.is_held(ctx) {
            let already = case.restricted.contains(&self.person);
            let restricted = ProcessingRestricted { person: self.person };
            return Ok(if already { Vec::new() } else { vec![restricted.into()] });
        }
        let reason = Sealed::new(self.person, self.reason.as_str());
        Ok(vec![ErasureRequested { person: self.person, reason }.into()])
    }
}

/// 请求删除. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureRequested {
    pub person: PersonId,
    pub reason: Sealed,
}

impl Fact for ErasureRequested {
    const TYPE: &'static str = "erasure_requested";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        case.erasures.push(Erasure {
            request: at.version,
            person: self.person,
            requested_by: at.by.id.clone(),
            agreed: false,
            completed: false,
        });
    }
}

/// 限制处理. It was asked for and may not be done yet: from here on what is kept of the person is kept, and shown to nobody in pages,
/// ledgers, feeds and histories; no step of the case is taken but those about holds and erasures. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProcessingRestricted {
    pub person: PersonId,
}

impl Fact for ProcessingRestricted {
    const TYPE: &'static str = "processing_restricted";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        case.restricted.push(self.person);
    }
}

/// Agrees to an erasure. From here on it is carried out, whatever comes between.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreeErasure {
    /// The version of the entry that requested it.
    pub request: u64,
}

impl Step for AgreeErasure {
    const NAME: &'static str = "agree_erasure";
    const ROLES: &'static [Role] = &[Role::CentreManager, Role::SecurityAdministrator];

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let erasure = case.erasures.iter().find(|erasure| erasure.request == self.request);
        let erasure = erasure.ok_or(Refusal::NoErasureRequest { request: self.request })?;
        if erasure.agreed {
            return Ok(Vec::new());
        }
        if erasure.requested_by == ctx.by.id {
            return Err(Refusal::NeedsSecondPerson { step: "删除个人信息" });
        }
        if !case.is_over(ctx)? {
            return Err(Refusal::ErasureWhileOpen {});
        }
        if case.is_held(ctx) {
            return Err(Refusal::UnderLegalHold {});
        }
        Ok(vec![ErasureAgreed { request: self.request, person: erasure.person }.into()])
    }
}

/// 同意删除. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureAgreed {
    pub request: u64,
    pub person: PersonId,
}

impl Fact for ErasureAgreed {
    const TYPE: &'static str = "erasure_agreed";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        of_request(case, self.request).for_each(|erasure| erasure.agreed = true);
        case.restricted.retain(|person| *person != self.person);
    }
}

/// Says that an erasure was carried out: the key is destroyed, and every view that held plain text was built anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteErasure {
    pub request: u64,
}

impl Step for CompleteErasure {
    const NAME: &'static str = "complete_erasure";
    const ROLES: &'static [Role] = &[Role::System];

    fn decide(&self, case: &Case, _: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let erasure = case.erasures.iter().find(|erasure| erasure.request == self.request && erasure.agreed);
        let erasure = erasure.ok_or(Refusal::NoErasureRequest { request: self.request })?;
        if erasure.completed {
            return Ok(Vec::new());
        }
        Ok(vec![ErasureCompleted { request: self.request, person: erasure.person }.into()])
    }
}

/// 已删除. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureCompleted {
    pub request: u64,
    pub person: PersonId,
}

impl Fact for ErasureCompleted {
    const TYPE: &'static str = "erasure_completed";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        of_request(case, self.request).for_each(|erasure| erasure.completed = true);
    }
}

fn of_request(case: &mut Case, request: u64) -> impl Iterator<Item = &mut Erasure> {
    case.erasures.iter_mut().filter(move |erasure| erasure.request == request)
}
