//! What the people of the demo do next: each looks at the case as it stands, as a person at the screen would.

use cases::{
    Case, CaseCommand, Centre, Instant,
    case::{
        End, Stage,
        clock::pause::{PauseCase, PauseReason},
        closing::{
            call_back::{AttemptCallBack, AttemptOutcome, CallBack, EstablishUnreachable},
            closed::Close,
            fed_back::FeedBack,
            quality_checked::CheckQuality,
            rated::Rating,
            reopened::{Reopen, ReopenGround},
            returned_for_rework::ReturnForRework,
            terminated::{Terminate, TerminationGround},
        },
        dispatch::{
            dispatched::{Contact, Dispatch},
            disputed::{DecideDispute, DisputeAssignment},
            handler_assigned::AssignHandler,
            reassigned::Reassign,
            signed_for::SignFor,
        },
        escalation::{
            DraftKind, DraftState, circulation::Circulate, supervision::IssueSupervision, withheld::WithholdEscalation,
        },
        handling::{
            inability_explained::ExplainInability, partial_reply_given::GivePartialReply,
            progress_reported::ReportProgress, result_reported::ReportResult,
        },
        intake::{
            amended::RequestAmendment,
            declined::{Decline, DeclineGround},
            merged::Merge,
            withdrawn::Withdraw,
        },
        referral::{
            complainant_informed::{InformChannel, InformComplainant},
            referral_answered::RecordReferralAnswer,
            referred::{Addressee, Refer},
        },
        review::{consulted::Consult, signed::Sign},
        triage::{Ground, Kind, classified::Classify, settled_on_the_spot::SettleOnTheSpot, submitted::Submit},
    },
    ids::{ActorId, DepartmentId},
    obligation::{About, ObligationKind},
    people::{Office, Role},
};
use chrono::TimeDelta;

use super::{
    Chance, actor, case_id, matters,
    office::{Act, act_at, clerk, department, handler, head, later, manager, office_time, soon},
    profile::{Pace, Profile},
};

/// Somebody stops after so many refusals: then the case waits for the system.
pub(super) const PATIENCE: u32 = 6;

/// Who does what next, and when; `None` if nobody will.
pub(super) fn next_act(
    case: &Case,
    profile: &mut Profile,
    chance: &mut Chance,
    now: Instant,
    centre: &Centre,
) -> Option<Act> {
    if profile.refused > PATIENCE {
        return None;
    }
    if case.version == 0 {
        return Some(Act { at: now, by: clerk(profile), command: profile.accept.clone().into() });
    }
    let open = |kind: ObligationKind| case.clocks.open_of(kind, None);
    if let Some(Some(About::Inform(about))) =
        open(ObligationKind::Inform).map(|running| running.obligation.about.clone())
    {
        let text = format!("已就{about}告知诉求人");
        return soon(
            clerk(profile),
            InformComplainant { about, how: InformChannel::Telephone, text },
            case,
            now,
            centre,
        );
    }
    if let Some(act) = drafts(case, profile, now, centre) {
        return Some(act);
    }
    match &case.stage {
        Stage::Accepted => triage(case, profile, now, centre),
        Stage::InReview { signatures } => review(case, profile, signatures, now, centre),
        Stage::InHand => handle(case, profile, chance, now, centre),
        // Some units never answer: two letters, then the case is terminated.
        Stage::Referred(referral) if profile.n.is_multiple_of(4) => {
            let ground = TerminationGround::ReferralUnanswered;
            let reason = "两次催复后仍未答复，已告知诉求人向主管单位反映".to_owned();
            let command = Terminate { ground, reason, approved_by: None };
            (referral.letters >= 2).then(|| later(manager(), command, case, 420, now, centre))?
        }
        Stage::Referred(_) => {
            let since = case.entries.values().next_back()?.recorded_at;
            let at = office_time(since, 900, centre)?;
            act_at(clerk(profile), answer(), at, now)
        }
        Stage::Settled | Stage::Answered => close(case, profile, now, centre),
        Stage::Reported => {
            let round = case.round()?;
            if round.fed_back_at.is_none() && !case.is_anonymous() && profile.n.is_multiple_of(2) {
                let command =
                    FeedBack { how: InformChannel::Telephone, text: "已将办理结果告知诉求人".to_owned() };
                return soon(clerk(profile), command, case, now, centre);
            }
            let passed = !(profile.fails_first_check && round.no == 1);
            let findings = if passed { "结果属实，答复规范" } else { "答复过于笼统，未针对诉求" }.to_owned();
            let command = CheckQuality { passed, findings, limit_working_days: None };
            let since = round.answer.as_ref()?.occurred_at;
            // Some results wait for the next day's check.
            let minutes = if profile.n.is_multiple_of(6) { 430 } else { 120 };
            act_at(manager(), command, office_time(since, minutes, centre)?, now)
        }
        Stage::Ended(End::Closed { at, .. }) if profile.comes_back && case.reopened == 0 => {
            let reason = "诉求人来电，问题又出现".to_owned();
            let command = Reopen { ground: ReopenGround::Complaint, reason };
            act_at(manager(), command, office_time(*at, 2100, centre)?, now)
        }
        Stage::Ended(_) | Stage::Unknown => None,
    }
}

fn answer() -> RecordReferralAnswer {
    RecordReferralAnswer {
        answer: "已联系当事人，由主管单位依法调处，并书面答复。".to_owned(), linked: None
    }
}

fn triage(case: &Case, profile: &Profile, now: Instant, centre: &Centre) -> Option<Act> {
    let by = clerk(profile);
    if profile.declines && !case.is_anonymous() {
        let asked = case.intake.as_ref().is_some_and(|intake| intake.amendment_requests > 0);
        if !asked {
            return soon(
                by,
                RequestAmendment { missing: "请说明具体事项、时间和办理窗口".to_owned() },
                case,
                now,
                centre,
            );
        }
        let reason = "补正后仍没有明确的事项".to_owned();
        let command = Decline { ground: DeclineGround::NoDiscernibleMatter, reason, approved_by: Some(manager()) };
        return later(by, command, case, 90, now, centre);
    }
    if case.classification.is_none() {
        let kind = profile.matter.kind;
        let ground = match kind {
            Kind::CannotBeDone => Some(Ground::AgainstLaw),
            Kind::HardToDo => Some(Ground::LegacyMatter),
            Kind::Withheld => Some(Ground::Refused),
            Kind::Ordinary | Kind::OutOfScope => None,
        };
        let departments = profile.co_department.map(|co| vec![department(profile.matter.department), department(co)]);
        let command = Classify { kind, ground, departments: departments.unwrap_or_default(), several_levels: false };
        return soon(by, command, case, now, centre);
    }
    if profile.settles {
        let rating = (!profile.n.is_multiple_of(3)).then(|| profile.verdicts[0]);
        return later(by, SettleOnTheSpot { result: "已当场讲明并协助办理".to_owned(), rating }, case, 25, now, centre);
    }
    if profile.repeats && profile.refused == 0 {
        let reason = "与前一件为同一人同一事".to_owned();
        return soon(by, Merge { into: case_id(profile.n - 1), reason }, case, now, centre);
    }
    // One in thirty is left lying over night: the report has to show something.
    let minutes = if profile.n % 30 == 7 { 500 } else { 15 };
    later(by, Submit { to: None }, case, minutes, now, centre)
}

fn review(
    case: &Case,
    profile: &Profile,
    signatures: &[(Role, ActorId)],
    now: Instant,
    centre: &Centre,
) -> Option<Act> {
    let roster = centre.roster.get(&now.date());
    let signed = |role: Role| signatures.iter().any(|(by, _)| *by == role);
    if profile.matter.kind == Kind::OutOfScope && case.kind() == Some(Kind::OutOfScope) {
        let to = Addressee::Unit("区住建和城管部门".to_owned());
        let command =
            Refer {
                to, request: "不属于政务服务范围，请依法处理并函复".to_owned(), reply_working_days: None
            };
        return later(manager(), command, case, 40, now, centre);
    }
    if case.is_several() && case.consultations.is_empty() {
        let (lead, co) = (department(profile.matter.department), department(profile.co_department?));
        let command = Consult {
            convenor: manager().id,
            attendees: vec![head(&lead).id, head(&co).id],
            minutes: "由主管部门牵头，另一部门提供资料并出具意见。".to_owned(),
            lead: lead.clone(),
            departments: vec![lead, co],
        };
        return later(manager(), command, case, 120, now, centre);
    }
    if !signed(Role::DutyOfficer) {
        let id = roster.and_then(|roster| roster.officers.first()).map_or(matters::OFFICERS[0], ActorId::as_str);
        return later(actor(id, Role::DutyOfficer, Office::Centre), Sign { as_deputy: false }, case, 20, now, centre);
    }
    if !signed(Role::DutyLeader) {
        let id = roster.map_or(matters::LEADERS[0], |roster| roster.leader.as_str());
        // Some wait for a leader who is out.
        let minutes = if profile.n % 25 == 3 { 1000 } else { 30 };
        let since = case.entries.values().next_back()?.recorded_at;
        let at = office_time(since, minutes, centre)?;
        return act_at(actor(id, Role::DutyLeader, Office::Centre), Sign { as_deputy: false }, at, now);
    }
    let command = Dispatch {
        lead: department(profile.matter.department),
        co_departments: profile.co_department.map(department).into_iter().collect(),
        limit_working_days: None,
        contact: Some(Contact { name: "陈华".to_owned(), telephone: "0375-2520000".to_owned() }),
        urged_by: Some(actor(matters::CLERKS[profile.n % 3], Role::WindowClerk, Office::Centre).id),
    };
    soon(manager(), command, case, now, centre)
}

fn handle(case: &Case, profile: &Profile, chance: &mut Chance, now: Instant, centre: &Centre) -> Option<Act> {
    let round = case.round()?;
    let delivered = round.delivery.as_ref()?.at;
    if profile.withdraws && round.no == 1 {
        let at = office_time(delivered, 600, centre)?;
        let command = Withdraw { how: "电话".to_owned(), reason: "问题已自行解决".to_owned() };
        if at <= now {
            return act_at(clerk(profile), command, at, now);
        }
    }
    // After a rework everybody is quicker.
    let pace = if round.no > 1 && profile.pace != Pace::OnlyWhenCirculated { Pace::Prompt } else { profile.pace };
    let due = case.clocks.open().find(|r| r.obligation.kind.is_supervised()).map(|r| r.obligation.due)?;
    let sign_at = match pace {
        Pace::Prompt => office_time(delivered, 60, centre)?,
        Pace::JustInTime => office_time(delivered, 380, centre)?,
        Pace::Late => office_time(delivered, 900, centre)?,
        Pace::OnlyWhenCirculated => office_time(circulated_at(case)?, 60, centre)?,
    };
    // Everybody acts in the order of time; whoever never signs waits for the circulation.
    if let Some(waiting) = round.active().find(|assignment| assignment.signed_for_at.is_none()) {
        let head = head(&waiting.department);
        if waiting.handler.is_none() {
            return act_at(head, AssignHandler { handler: handler(&waiting.department).id }, sign_at, now);
        }
        return act_at(handler(&waiting.department), SignFor {}, sign_at, now);
    }
    let lead = round.lead()?.department.clone();
    if let Some(act) = detour(case, profile, &lead, delivered, now, centre) {
        return Some(act);
    }
    if let Some(co) = round.missing_co_replies().next() {
        let at = office_time(delivered, if pace == Pace::Prompt { 700 } else { 1500 }, centre)?;
        if at < due {
            let command = GivePartialReply { text: "已提供本部门留存资料，无不同意见。".to_owned() };
            return act_at(handler(co), command, at, now);
        }
    }
    let report_at = match pace {
        Pace::Prompt => office_time(delivered, 300 + i64::try_from(chance.below(10)).ok()?, centre)?.min(due),
        Pace::JustInTime => due.plus(TimeDelta::minutes(-35)),
        Pace::Late => office_time(due, 600, centre)?,
        Pace::OnlyWhenCirculated => office_time(circulated_at(case)?, 700, centre)?,
    };
    let reported = case.entries.values().any(|entry| entry.kind == "progress_reported");
    if profile.n % 5 == 1 && !reported && now < report_at && pace != Pace::OnlyWhenCirculated {
        let at = office_time(delivered, 200, centre)?;
        return act_at(handler(&lead), ReportProgress { text: "已联系诉求人，正在核对资料。".to_owned() }, at, now);
    }
    let command: CaseCommand = if case.kind() == Some(Kind::CannotBeDone) {
        let reason = "不符合法定条件，不能办理；已建议可行的替代途径。".to_owned();
        ExplainInability { reason, basis: "相关法律法规和现行政策规定".to_owned() }.into()
    } else {
        ReportResult { text: "已办结，诉求人所需手续已经办好。".to_owned() }.into()
    };
    act_at(handler(&lead), command, report_at, now)
}

/// A dispute that is upheld, a pause for an expert's opinion.
fn detour(
    case: &Case,
    profile: &Profile,
    lead: &DepartmentId,
    delivered: Instant,
    now: Instant,
    centre: &Centre,
) -> Option<Act> {
    let at = office_time(delivered, 150, centre)?;
    if profile.disputes && case.round_no() == 1 {
        let to = department(if lead.as_str() == "zjj" { "zrzy" } else { "zjj" });
        match case.disputes.first() {
            None => {
                let (reason, basis) = ("不属于本部门职责".to_owned(), "“三定”规定".to_owned());
                let command = DisputeAssignment { reason, basis, suggested: Some(to) };
                return act_at(handler(lead), command, at, now);
            }
            Some(dispute) if dispute.upheld.is_none() => {
                let reason = "理由成立，改派".to_owned();
                let command = DecideDispute { dispute: dispute.no, upheld: true, reason };
                return later(manager(), command, case, 90, now, centre);
            }
            Some(dispute) if dispute.department == *lead => {
                let reason = "按职责改派".to_owned();
                let command = Reassign { from: lead.clone(), to, reason, limit_working_days: None };
                return soon(manager(), command, case, now, centre);
            }
            Some(_) => {}
        }
    }
    let paused = case.entries.values().any(|entry| entry.kind == "paused");
    if profile.pauses && !paused {
        let until = centre.calendar.due_after(now, 3, &centre.hours).ok()?.due.date();
        let (reason, note) = (PauseReason::ExpertReview, "须专家现场查勘".to_owned());
        return act_at(manager(), PauseCase { reason, until, note, approved_by: None }, at, now);
    }
    None
}

fn circulated_at(case: &Case) -> Option<Instant> {
    case.entries.values().rev().find(|entry| entry.kind == "circulated").map(|entry| entry.recorded_at)
}

fn drafts(case: &Case, profile: &Profile, now: Instant, centre: &Centre) -> Option<Act> {
    let draft = case.drafts.iter().find(|draft| draft.state == DraftState::Waiting)?;
    if !profile.signs_drafts {
        return None;
    }
    let at = office_time(draft.drafted_at, 150, centre)?;
    let command: CaseCommand = match draft.kind {
        DraftKind::Supervision if profile.n % 17 == 5 => {
            let reason = "部门已书面说明，正在出具结果，暂缓一日".to_owned();
            WithholdEscalation { draft: draft.no, reason }.into()
        }
        DraftKind::Supervision => {
            IssueSupervision { obligation: draft.obligation, draft: Some(draft.no), requirement: None }.into()
        }
        DraftKind::Circulation => Circulate { draft: draft.no, wording: None }.into(),
    };
    act_at(manager(), command, at, now).filter(|_| now >= draft.drafted_at)
}

fn close(case: &Case, profile: &Profile, now: Instant, centre: &Centre) -> Option<Act> {
    let round = case.round()?;
    let by = clerk(profile);
    let settled = matches!(case.stage, Stage::Settled);
    if case.is_anonymous() {
        return later(by, Close {}, case, 30, now, centre);
    }
    if !settled && round.fed_back_at.is_none() {
        let command = FeedBack { how: InformChannel::Telephone, text: "已将办理结果告知诉求人".to_owned() };
        return later(by, command, case, 45, now, centre);
    }
    if profile.unreachable && round.rating.is_none() && !case.unreachable {
        let attempts = case.call_back_attempts.len();
        if attempts >= 3 {
            return soon(by, EstablishUnreachable {}, case, now, centre);
        }
        let since = case.entries.values().next_back()?.recorded_at;
        let at = office_time(since, 300, centre)?;
        return act_at(by, AttemptCallBack { outcome: AttemptOutcome::NoAnswer }, at, now);
    }
    if round.rating.is_none() && !case.unreachable {
        let verdict = *profile.verdicts.get(usize::try_from(round.no).ok()? - 1).unwrap_or(&Rating::Satisfied);
        let command =
            CallBack { opinion: format!("诉求人表示{verdict}"), rating: Some(verdict), declined_to_rate: false };
        let since = round.answer.as_ref()?.occurred_at;
        // Some call-backs slip: the centre itself is late then, and its parent sees it.
        let minutes = if profile.n % 40 == 9 { 1700 } else { 200 };
        return act_at(by, command, office_time(since, minutes, centre)?, now);
    }
    let satisfied = round
        .rating
        .is_none_or(|(rating, _)| centre.current_policy().is_some_and(|policy| rating.is_satisfied(policy)));
    if satisfied {
        return later(by, Close {}, case, 20, now, centre);
    }
    if case.kind() == Some(Kind::CannotBeDone) || round.no > 2 {
        let reason = "结果合法合规，已说明理由和依据".to_owned();
        let command = Terminate { ground: TerminationGround::LawfulButUnsatisfied, reason, approved_by: None };
        return later(manager(), command, case, 60, now, centre);
    }
    let command = ReturnForRework {
        reason: "诉求人不满意，请针对其意见重新办理".to_owned(), limit_working_days: None
    };
    later(manager(), command, case, 60, now, centre)
}
