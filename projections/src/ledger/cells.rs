//! The seventeen cells, as 附件3 names them and domain §7 fills them.

use cases::{CaseId, Instant, case::closing::closed::UnratedReason};
use event_log::Centre;

use super::{Intake, Line, Row, Stage, StepKind};
use crate::{
    clocks::Owed,
    set_up::{Counting, SetUp},
    words::{in_a_line, minute},
};

/// 附件3, one head row.
pub const HEADINGS: [&str; 17] = [
    "序号",
    "姓名或单位名称",
    "单位联系人",
    "联系方式",
    "主要诉求",
    "诉求类别",
    "政务服务责任部门及牵头部门",
    "分办转办时间",
    "要求办理期限",
    "是否催办及时间",
    "是否督办及时间",
    "是否退回重办及时间",
    "实际办结时间",
    "办理情况",
    "回访时间",
    "办理结果满意度",
    "备注",
];

/// The centre's own columns, to the right.
pub const OWN_HEADINGS: [&str; 3] = ["编号", "渠道", "反映时间"];

impl Row {
    /// The line as it is shown; `None` for a case whose acceptance is not known at that moment.
    pub(super) fn line(&self, case: CaseId, centre: &Centre, counting: &Counting<'_>, now: Instant) -> Option<Line> {
        let (number, intake) = (self.number?, self.intake.as_ref()?);
        let cells = [
            number.no.to_string(),
            name(intake),
            intake.contact_person.as_deref().filter(|_| intake.is_unit).map_or_else(String::new, in_a_line),
            intake.telephone.as_ref().or(intake.address.as_ref()).map_or_else(String::new, |text| in_a_line(text)),
            in_a_line(&intake.summary),
            intake.category.term().to_owned(),
            self.departments(counting.set_up),
            self.times(&[StepKind::Sent, StepKind::Returned]),
            self.due_times(),
            self.whether(StepKind::Reminded),
            self.whether(StepKind::Supervised),
            self.whether(StepKind::Returned),
            self.results.last().map_or_else(String::new, |result| minute(result.at)),
            self.standing(),
            self.times(&[StepKind::CalledBack]),
            self.satisfaction(),
            self.remarks(counting, now),
        ];
        let own = [number.of(centre), intake.channel.term().to_owned(), minute(intake.raised_at)];
        let (historical, provisional) = (self.historical, self.is_provisional());
        Some(Line { case, number, historical, provisional, cells, own })
    }

    /// “7: 牵头：甲；协办：乙, or the one name (lead named only with several).”
    fn departments(&self, set_up: &SetUp) -> String {
        let Some(lead) = &self.lead else { return String::new() };
        let lead = set_up.department(lead);
        if self.co.is_empty() {
            return lead;
        }
        let co: Vec<_> = self.co.iter().map(|co| set_up.department(co)).collect();
        format!("牵头：{lead}；协办：{}", co.join("、"))
    }

    fn times(&self, of: &[StepKind]) -> String {
        let times: Vec<_> =
            self.steps.iter().filter(|step| of.contains(&step.what)).map(|step| minute(step.at)).collect();
        times.join("；")
    }

    /// “10–12: 否, or 是 with every time.”
    fn whether(&self, what: StepKind) -> String {
        let times = self.times(&[what]);
        if times.is_empty() { "否".to_owned() } else { format!("是 {times}") }
    }

    /// “9: due time of the running answer, plan or result, earlier ones after it.”
    fn due_times(&self) -> String {
        let newest_first = || self.clocks.all().iter().rev().filter(|owed| owed.is_leads());
        let (open, ended): (Vec<_>, Vec<_>) = newest_first().partition(|owed| owed.end.is_none());
        let current = |owed: &Owed| minute(owed.due) + if owed.provisional { "（暂定）" } else { "" };
        let running = open.iter().map(|owed| current(owed));
        // Of one that was moved, where it had been before; of ended ones all that they ever were.
        let moved = open.iter().flat_map(|owed| owed.earlier.iter().rev().map(|due| minute(*due)));
        let over = ended
            .iter()
            .flat_map(|owed| std::iter::once(current(owed)).chain(owed.earlier.iter().rev().map(|due| minute(*due))));
        running.chain(moved).chain(over).collect::<Vec<_>>().join("；")
    }

    /// “14: stage and result in a line.”
    fn standing(&self) -> String {
        let mut text = self.stage.term().to_owned();
        match &self.stage {
            Stage::Referred(to) => text += &format!("（{to}）"),
            Stage::Terminated(ground) => text += &format!("（{ground}）"),
            Stage::Declined(ground) => text += &format!("（{ground}）"),
            _ if self.paused => text += "（中止）",
            _ => {}
        }
        match self.results.last() {
            Some(result) => format!("{text}：{}", in_a_line(&result.text)),
            None => text,
        }
    }

    /// “16: the level, 未评价（匿名/联系不上） or 不适用.”
    fn satisfaction(&self) -> String {
        match (&self.stage, self.rating, self.unrated()) {
            (Stage::Withdrawn | Stage::Declined(_) | Stage::Merged, ..) => "不适用".to_owned(),
            (Stage::Closed(_), _, Some(reason)) => unrated(reason),
            (_, Some(rating), _) => rating.term().to_owned(),
            (_, None, Some(reason)) => unrated(reason),
            (Stage::Terminated(_), None, None) => "不适用".to_owned(),
            _ => String::new(),
        }
    }

    /// “17: 未超期, or each late obligation with working days and hours; 延期 中止 暂定 补录.”
    fn remarks(&self, counting: &Counting<'_>, now: Instant) -> String {
        let late: Vec<_> = self.clocks.all().iter().filter_map(|owed| self.lateness(owed, counting, now)).collect();
        let mut remarks = if late.is_empty() { vec!["未超期".to_owned()] } else { late };
        remarks.extend(self.extended.iter().map(|to| format!("延期至{}", minute(*to))));
        remarks.extend(
            self.pauses
                .iter()
                .map(|pause| format!("中止（{}）{}至{}", pause.reason, minute(pause.from), minute(pause.to))),
        );
        let mut mark = |holds: bool, text: &str| {
            if holds {
                remarks.push(text.to_owned());
            }
        };
        mark(self.is_provisional(), "暂定");
        mark(self.late.iter().any(|late| late.approved == Some(true)), "补录");
        mark(self.late.iter().any(|late| late.approved.is_none()), "补录待审批");
        mark(self.late.iter().any(|late| late.approved == Some(false)), "补录未获准");
        mark(self.historical, "历史件");
        mark(self.ex_officio, "依职权续办");
        let returned = self.steps.iter().filter(|step| step.what == StepKind::Returned).count();
        mark(returned > 0, &format!("退回重办{returned}次"));
        mark(self.reopened > 0, &format!("重开{}次", self.reopened));
        remarks.extend(self.linked.iter().cloned());
        remarks.join("；")
    }

    fn lateness(&self, owed: &Owed, counting: &Counting<'_>, now: Instant) -> Option<String> {
        let (until, unfinished) = match owed.ended_late() {
            Some(end) => (end.at, ""),
            None if owed.is_overdue(now, self.paused) => (now, "，尚未完成"),
            None => return None,
        };
        let amount = counting.between(owed.due, until).map_or_else(String::new, |time| time.to_string());
        Some(format!("{}（{}）超期{amount}{unfinished}", owed.kind, counting.set_up.owner(&owed.owner)))
    }

    fn is_provisional(&self) -> bool {
        self.clocks.open().any(|owed| owed.provisional)
    }
}

impl Stage {
    /// The case's own word for it.
    pub(super) fn term(&self) -> &'static str {
        match self {
            Self::Unknown => "未登记",
            Self::Accepted => "已受理",
            Self::InReview => "审核中",
            Self::InHand => "办理中",
            Self::Referred(_) => "已函转",
            Self::Settled => "当场办结",
            Self::Reported => "待质检",
            Self::Answered => "回访反馈中",
            Self::Closed(_) => "已销号",
            Self::Terminated(_) => "终止办理",
            Self::Declined(_) => "不予受理",
            Self::Withdrawn => "已撤回",
            Self::Merged => "已并单",
        }
    }
}

fn name(intake: &Intake) -> String {
    match &intake.name {
        Some(name) => in_a_line(name),
        None if intake.anonymous => "匿名".to_owned(),
        None => String::new(),
    }
}

fn unrated(reason: UnratedReason) -> String {
    format!("未评价（{reason}）")
}
