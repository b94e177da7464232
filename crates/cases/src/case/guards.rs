//! Questions that many steps ask before their own rule.

use super::{Case, CaseCommand, Context, End, Stage, round::Assignment, round::Round};
use crate::{
    ids::{ActorId, DepartmentId, PersonId},
    obligation::ObligationKind,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// The frame of every command: existence, role, recusal, time.
pub(super) fn frame(command: &CaseCommand, case: &Case, ctx: &Context<'_>) -> Result<(), Refusal> {
    let creates = matches!(command, CaseCommand::Accept(_));
    let history = case.historical || matches!(command, CaseCommand::Accept(accept) if accept.historical);
    if case.version == 0 && !creates {
        return Err(Refusal::NoSuchCase { case: case.id });
    }
    let about_persons = matches!(
        command,
        CaseCommand::RequestErasure(_) | CaseCommand::AgreeErasure(_) | CaseCommand::CompleteErasure(_)
    );
    if case.is_erased() && !about_persons {
        return Err(Refusal::PersonErased {});
    }
    let about_holds = matches!(command, CaseCommand::PlaceLegalHold(_) | CaseCommand::LiftLegalHold(_));
    if case.is_restricted() && !about_persons && !about_holds {
        return Err(Refusal::ProcessingRestricted {});
    }
    let role = ctx.by.role;
    // 历史件: the import writes down what others did, under the names that stand in its mapping.
    let importing = ctx.approved_late && role == Role::SystemAdministrator;
    if !importing && !command.roles().contains(&role) {
        let may = command.roles().iter().filter(|may| **may != Role::System).map(|may| may.term()).collect::<Vec<_>>();
        return Err(Refusal::WrongRole { role, may: may.join("、") });
    }
    if role != Role::Complainant && case.concerns(&ctx.by.id) {
        return Err(Refusal::Recused {});
    }
    if ctx.occurred_at > ctx.now {
        return Err(Refusal::OccurredInFuture { occurred_at: ctx.occurred_at, now: ctx.now });
    }
    if let Some(intake) = case.intake.as_ref().filter(|intake| ctx.occurred_at < intake.accepted_at) {
        return Err(Refusal::OccurredBeforeAcceptance {
            occurred_at: ctx.occurred_at,
            accepted_at: intake.accepted_at,
        });
    }
    if ctx.approved_late && !(importing && history) {
        return Err(Refusal::LateClaimNotAllowed {});
    }
    // Nothing is ever due of a 历史件: only an import makes one.
    if creates && history && !importing {
        return Err(Refusal::WrongRole { role, may: "系统管理员在导入时".to_owned() });
    }
    Ok(())
}

impl Case {
    /// Whether this person is complained about, or was recused: neither handles nor sees the case (五个一样, 回避).
    pub fn concerns(&self, who: &ActorId) -> bool {
        let complained = self.intake.iter().flat_map(|intake| &intake.complained_about);
        self.recused.contains(who) || complained.into_iter().any(|about| about.staff.text() == who.as_str())
    }

    pub(crate) fn require_open(&self) -> Result<(), Refusal> {
        match &self.stage {
            Stage::Ended(end) => Err(Refusal::CaseEnded { how: end.term() }),
            _ => Ok(()),
        }
    }

    pub(crate) fn wrong_stage<T>(&self, needs: &'static str) -> Result<T, Refusal> {
        self.require_open()?;
        Err(Refusal::WrongStage { stage: self.stage.term(), needs })
    }

    pub(crate) fn require_in_hand(&self) -> Result<&Round, Refusal> {
        match (&self.stage, self.round()) {
            (Stage::InHand, Some(round)) => Ok(round),
            _ => self.wrong_stage("办理中"),
        }
    }

    /// With departments, but before the managing body again: a dispute was upheld (§5 review).
    pub(crate) fn is_back_in_review(&self) -> bool {
        matches!(self.stage, Stage::InHand) && self.clocks.open_of(ObligationKind::Review, None).is_some()
    }

    /// A second dispute waits for its 会商.
    pub(crate) fn awaits_consultation(&self) -> bool {
        self.disputes.iter().any(|dispute| dispute.needs_consultation && dispute.upheld.is_none())
            && self.clocks.open_of(ObligationKind::Consultation, None).is_some()
    }

    /// "A second dispute in the case: only 会商 is accepted next, and its decision is final."
    pub(crate) fn require_conferred(&self, lead: Option<&DepartmentId>) -> Result<(), Refusal> {
        let decided = self.disputes.iter().any(|dispute| dispute.needs_consultation && dispute.upheld == Some(true));
        let agreed = self.consultations.last().filter(|_| decided).map(|(_, lead)| lead);
        let departs = agreed.zip(lead).is_some_and(|(agreed, lead)| agreed != lead);
        if self.awaits_consultation() || departs { Err(Refusal::ConsultationOnly {}) } else { Ok(()) }
    }

    /// The department for which the person acts, which must have work on this case.
    pub(crate) fn require_assigned<'a>(&'a self, ctx: &Context<'_>) -> Result<&'a Assignment, Refusal> {
        let round = self.require_in_hand()?;
        let Some(department) = ctx.by.department() else {
            return Err(Refusal::WrongOffice { needs: "承办部门".to_owned() });
        };
        round.of(department).ok_or_else(|| Refusal::NotAssigned { department: department.clone() })
    }

    /// The same, and it must be the lead (or the only) department.
    pub(crate) fn require_lead<'a>(&'a self, ctx: &Context<'_>) -> Result<&'a Assignment, Refusal> {
        let assignment = self.require_assigned(ctx)?;
        if assignment.lead {
            return Ok(assignment);
        }
        let lead = self.round().and_then(Round::lead).map_or_else(String::new, |lead| lead.department.to_string());
        Err(Refusal::NotLead { lead })
    }

    pub(crate) fn end(&mut self, end: End) {
        let before = std::mem::replace(&mut self.stage, Stage::Ended(end));
        self.ended_from = Some(Box::new(before));
    }

    pub(crate) fn sealed(&self, text: &str) -> Sealed {
        Sealed::new(self.complainant(), text)
    }

    pub(crate) fn complainant(&self) -> PersonId {
        self.id.complainant()
    }
}

/// A department that the centre has.
pub(super) fn known_department(department: &DepartmentId, ctx: &Context<'_>) -> Result<(), Refusal> {
    if ctx.centre.departments.contains_key(department) {
        Ok(())
    } else {
        Err(Refusal::UnknownDepartment { department: department.clone() })
    }
}

/// Departments that the centre has, none of them twice.
pub(super) fn known_departments(departments: &[DepartmentId], ctx: &Context<'_>) -> Result<(), Refusal> {
    for (i, department) in departments.iter().enumerate() {
        known_department(department, ctx)?;
        if departments[..i].contains(department) {
            return Err(Refusal::DepartmentTwice { department: department.clone() });
        }
    }
    Ok(())
}

/// A text that must say something.
pub(super) fn said(text: &str, field: &'static str) -> Result<(), Refusal> {
    if text.trim().is_empty() { Err(Refusal::TextEmpty { field }) } else { Ok(()) }
}

/// An approval by the managing body, from somebody other than who gives the command.
pub(super) fn approved_by_manager(
    case: &Case,
    approver: Option<&crate::people::Actor>,
    step: &'static str,
    ctx: &Context<'_>,
) -> Result<(), Refusal> {
    match approver {
        None if ctx.by.role == Role::CentreManager => Ok(()),
        None => Err(Refusal::NeedsApproval { step }),
        Some(approver) if approver.role != Role::CentreManager => Err(Refusal::NeedsApproval { step }),
        Some(approver) if case.concerns(&approver.id) => Err(Refusal::HandlerComplainedAbout {}),
        Some(approver) if approver.id == ctx.by.id => Err(Refusal::NeedsSecondPerson { step }),
        Some(_) => Ok(()),
    }
}

/// 窗口
pub(super) const WINDOW: &[Role] = &[Role::WindowClerk, Role::DutyOfficer, Role::DutyLeader, Role::CentreManager];
/// 管理机构, or the leader who has its duty that day (S1 转交当天带班领导处理)
pub(super) const MANAGERS: &[Role] = &[Role::CentreManager, Role::DutyLeader];
/// The managing body, or the system by rule
pub(super) const MANAGERS_OR_SYSTEM: &[Role] = &[Role::CentreManager, Role::DutyLeader, Role::System];
/// 部门
pub(super) const DEPARTMENT: &[Role] = &[Role::DepartmentHead, Role::Handler];
