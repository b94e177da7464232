//! What a step says of itself in a line. A type without a line of its own goes by its term.

use cases::{
    CaseEvent, Entry,
    case::{Case, intake::merged::MergeSide},
    obligation::ClockChanges,
    people::{Office, Role},
};

use crate::{
    set_up::SetUp,
    words::{in_a_line, minute, term},
};

pub(super) fn office(office: &Office, set_up: &SetUp) -> String {
    match office {
        Office::Centre if set_up.name.is_empty() => "中心".to_owned(),
        Office::Centre => set_up.name.clone(),
        Office::Department(id) => set_up.department(id),
        Office::Government if !set_up.recipients.government.is_empty() => set_up.recipients.government.clone(),
        Office::Government => "同级政府".to_owned(),
        Office::Discipline if !set_up.recipients.discipline.is_empty() => set_up.recipients.discipline.clone(),
        Office::Discipline => "同级纪检监察机关".to_owned(),
        Office::Parent => "上级中心".to_owned(),
        Office::Hotline => "12345热线".to_owned(),
        Office::Public => "诉求人".to_owned(),
        Office::Unit(name) => name.clone(),
    }
}

/// The term, and what of the event a reader asks first.
pub(super) fn what(event: &CaseEvent, set_up: &SetUp) -> String {
    use cases::entry::EventSet as _;
    let term = term(event.type_name());
    let said = match event {
        CaseEvent::Accepted(event) => {
            let historical = if event.historical { "历史件；" } else { "" };
            format!("{historical}{}；{}；{}", event.channel, event.category, event.summary.text())
        }
        CaseEvent::Declined(event) => format!("{}；{}", event.ground, event.reason.text()),
        CaseEvent::AmendmentRequested(event) => event.missing.text().to_owned(),
        CaseEvent::Amended(event) => event.text.text().to_owned(),
        CaseEvent::AttachmentAdded(event) => format!("{}（{}字节）", event.name.text(), event.size_bytes),
        CaseEvent::SuspectedRepeatNoted(event) => event.basis.term().to_owned(),
        CaseEvent::Merged(event) => match event.side {
            MergeSide::Absorbed => format!("并入另一件；{}", event.reason.text()),
            MergeSide::Survivor => format!("另一件并入；{}", event.reason.text()),
        },
        CaseEvent::Split(event) => format!("拆出{}件；{}", event.into.len(), event.reason.text()),
        CaseEvent::Withdrawn(event) => format!("{}；{}", event.how.text(), event.reason.text()),
        CaseEvent::ContinuedExOfficio(event) => event.reason.text().to_owned(),
        CaseEvent::Classified(event) => {
            let ground = event.ground.map_or_else(String::new, |ground| format!("（{ground}）"));
            let departments: Vec<_> = event.departments.iter().map(|id| set_up.department(id)).collect();
            format!(
                "{}{ground}{}{}",
                event.kind,
                if departments.is_empty() { "" } else { "；" },
                departments.join("、")
            )
        }
        CaseEvent::Reclassified(event) => {
            let ground = event.ground.map_or_else(String::new, |ground| format!("（{ground}）"));
            format!("{}{ground}；{}", event.kind, event.reason.text())
        }
        CaseEvent::SettledOnTheSpot(event) => event.result.text().to_owned(),
        CaseEvent::Signed(event) => format!("{}{}", event.role, if event.as_deputy { "（代签）" } else { "" }),
        CaseEvent::RejectedAtReview(event) => event.reason.text().to_owned(),
        CaseEvent::Consulted(event) => {
            format!("牵头：{}；{}", set_up.department(&event.lead), event.minutes.text())
        }
        CaseEvent::Dispatched(event) => {
            let co: Vec<_> = event.co_departments.iter().map(|id| set_up.department(id)).collect();
            let lead = set_up.department(&event.lead);
            if co.is_empty() { lead } else { format!("牵头：{lead}；协办：{}", co.join("、")) }
        }
        CaseEvent::HandlerAssigned(event) => format!("{}：{}", set_up.department(&event.department), event.handler),
        CaseEvent::SignedFor(event) => set_up.department(&event.department),
        CaseEvent::AssignmentDisputed(event) => {
            format!("{}：{}（依据：{}）", set_up.department(&event.department), event.reason.text(), event.basis.text())
        }
        CaseEvent::DisputeDecided(event) => {
            format!("{}；{}", if event.upheld { "成立" } else { "不成立" }, event.reason.text())
        }
        CaseEvent::Reassigned(event) => {
            let (from, to) = (set_up.department(&event.from), set_up.department(&event.to));
            format!("由{from}改派{to}；{}", event.reason.text())
        }
        CaseEvent::Recused(event) => event.reason.text().to_owned(),
        CaseEvent::Referred(event) => format!("{}：{}", event.to, event.request.text()),
        CaseEvent::ComplainantInformed(event) => format!("{}（{}）：{}", event.about, event.how, event.text.text()),
        CaseEvent::ReminderLetterSent(event) => format!("第{}次", event.letter),
        CaseEvent::ReferralAnswered(event) => event.answer.text().to_owned(),
        CaseEvent::LateEntryApproved(event) => {
            format!("第{}步按{}发生计", event.entry, minute(event.occurred_at))
        }
        CaseEvent::LateEntryRefused(event) => format!("第{}步；{}", event.entry, event.reason.text()),
        CaseEvent::ExtensionRequested(event) => format!("至{}；{}", minute(event.to), event.reason.text()),
        CaseEvent::ExtensionGranted(event) => format!("至{}", minute(event.to)),
        CaseEvent::ExtensionRefused(event) => event.reason.text().to_owned(),
        CaseEvent::Paused(event) => format!("{}，至{}；{}", event.reason, minute(event.until), event.note.text()),
        CaseEvent::EntryCorrected(event) => format!("第{}步；{}", event.entry, event.reason.text()),
        CaseEvent::PlanProposed(event) => event.text.text().to_owned(),
        CaseEvent::Promised(event) => format!("{}前出具结果", minute(event.on)),
        CaseEvent::ProgressReported(event) => event.text.text().to_owned(),
        CaseEvent::PartialReplyGiven(event) => event.text.text().to_owned(),
        CaseEvent::InabilityExplained(event) => format!("{}（依据：{}）", event.reason.text(), event.basis.text()),
        CaseEvent::ResultReported(event) => event.text.text().to_owned(),
        CaseEvent::Reminded(event) => format!("{}，{}到期", set_up.owner(&event.to), minute(event.due)),
        CaseEvent::SupervisionIssued(event) => format!("{}：{}", set_up.owner(&event.to), event.trigger),
        CaseEvent::SupervisionAnswered(event) => event.text.text().to_owned(),
        CaseEvent::Circulated(event) => set_up.owner(&event.to),
        CaseEvent::ReportedToGovernment(event) => set_up.owner(&event.about),
        CaseEvent::CopiedToDiscipline(event) => set_up.owner(&event.about),
        CaseEvent::CopyAcknowledged(event) => event.to.term().to_owned(),
        CaseEvent::EscalationWithheld(event) => format!("{}；{}", event.kind, event.reason.text()),
        CaseEvent::EscalationCorrected(event) => event.text.text().to_owned(),
        CaseEvent::ReportedToParent(event) => {
            format!("{}（{}）{}到期", event.kind, set_up.owner(&event.owner), minute(event.due))
        }
        CaseEvent::RoutineCopySent(event) => event.ground.term().to_owned(),
        CaseEvent::QualityChecked(event) => {
            format!("{}；{}", if event.passed { "合格" } else { "不合格" }, event.findings.text())
        }
        CaseEvent::CallBackAttempted(event) => event.outcome.term().to_owned(),
        CaseEvent::UnreachableEstablished(event) => format!("已试{}次", event.attempts),
        CaseEvent::CalledBack(event) => event.opinion.text().to_owned(),
        CaseEvent::Rated(event) => event.rating.term().to_owned(),
        CaseEvent::ReturnedForRework(event) => format!("{}；{}", event.cause, event.reason.text()),
        CaseEvent::FedBack(event) => format!("{}：{}", event.how, event.text.text()),
        CaseEvent::Terminated(event) => format!("{}；{}", event.ground, event.reason.text()),
        CaseEvent::Reopened(event) => format!("{}；{}", event.ground, event.reason.text()),
        CaseEvent::ErasureRequested(event) => event.reason.text().to_owned(),
        CaseEvent::ErasureAgreed(event) => format!("第{}步的请求", event.request),
        CaseEvent::ErasureCompleted(event) => format!("第{}步的请求", event.request),
        CaseEvent::ProcessingRestricted(_) => "已请求删除；依法应当保留，只作保存，不再显示".to_owned(),
        CaseEvent::LegalHoldPlaced(event) => {
            let until = event.until.map_or_else(String::new, |day| format!("，至{day}"));
            format!("{}{until}；{}", event.ground, event.basis.text())
        }
        CaseEvent::LegalHoldLifted(event) => event.reason.text().to_owned(),
        CaseEvent::ContactCorrected(event) => {
            let fields = [("联系人", &event.contact_person), ("电话", &event.telephone), ("地址", &event.address)];
            let given: Vec<_> = fields.iter().filter(|(_, text)| text.is_some()).map(|(field, _)| *field).collect();
            given.join("、")
        }
        CaseEvent::Submitted(event) => event.to.as_ref().map_or_else(String::new, |to| format!("送{to}")),
        CaseEvent::PromiseRevised(event) => {
            format!("由{}改为{}；{}", minute(event.old), minute(event.new), event.reason.text())
        }
        CaseEvent::SupervisionDrafted(event) => event.trigger.term().to_owned(),
        CaseEvent::CirculationDrafted(event) => set_up.owner(&event.to),
        CaseEvent::Closed(event) => match (event.rating, event.unrated) {
            (Some(rating), _) => rating.term().to_owned(),
            (None, Some(reason)) => format!("未评价（{reason}）"),
            (None, None) => String::new(),
        },
        // What moved is said by the lines of the clocks.
        CaseEvent::Resumed(_) | CaseEvent::DeadlineRecomputed(_) => String::new(),
    };
    let said = in_a_line(&said);
    if said.is_empty() { term.to_owned() } else { format!("{term}：{said}") }
}

/// The rule by which the system took a step.
pub(super) fn rule(entry: &Entry<CaseEvent>) -> Option<&'static str> {
    if entry.note.by.role != Role::System {
        return None;
    }
    Some(match &entry.event {
        CaseEvent::Reminded(_) => "H9 对即将到期的事项进行催办",
        CaseEvent::SupervisionDrafted(_) | CaseEvent::SupervisionIssued(_) => "H9 对逾期未反馈结果的事项进行督办",
        CaseEvent::CirculationDrafted(_)
        | CaseEvent::Circulated(_)
        | CaseEvent::ReportedToGovernment(_)
        | CaseEvent::CopiedToDiscipline(_) => {
            "H9 督办后仍未按督办要求办理的，予以通报，并向同级政府报告、抄送同级纪委监委"
        }
        CaseEvent::RoutineCopySent(_) => "H-三(三) 常态化抄送",
        CaseEvent::ReportedToParent(_) => "管理机构自身逾期，报上级（默认）",
        CaseEvent::ReminderLetterSent(_) => "H-三(一) 跟踪函转的处理情况",
        CaseEvent::ExtensionRefused(_) => "延期逾期未决定视为不批准（默认）",
        CaseEvent::DisputeDecided(_) => "异议逾期未决定视为不成立（默认）",
        CaseEvent::Resumed(_) => "中止期满自行恢复（默认）",
        CaseEvent::DeadlineRecomputed(_) => "日历公布后重算暂定的期限",
        CaseEvent::SuspectedRepeatNoted(_) => "内容相同的诉求标出疑似重复",
        _ => "按规则",
    })
}

/// What began, ended and moved.
pub(super) fn clocks(changes: &ClockChanges, after: &Case, set_up: &SetUp) -> Vec<String> {
    let name = |no: u32| {
        let owed = after.clocks.get(no).map(|running| &running.obligation);
        owed.map_or_else(|| format!("第{no}项"), |owed| format!("{}（{}）", owed.kind, set_up.owner(&owed.owner)))
    };
    let ended = changes.ended.iter().map(|ended| format!("{}：{}", name(ended.no), ended.outcome));
    let moved = changes
        .moved
        .iter()
        .map(|moved| format!("{}：期限由{}改为{}", name(moved.no), minute(moved.old), minute(moved.new)));
    let set = changes.set.iter().map(|set| {
        let provisional = if set.provisional { "（暂定）" } else { "" };
        format!("{}：{}止{provisional}（{}，{}）", name(set.no), minute(set.due), set.limit, set.rule)
    });
    ended.chain(moved).chain(set).collect()
}
