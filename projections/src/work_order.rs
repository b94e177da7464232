//! 工作单.
//!
//! > H 附件2：年第　号　姓名或单位名称　单位联系人　联系电话　诉求反映时间　诉求反映类别　联系地址　诉求主要内容　政务服务责任部门及牵头部门
//! > 完成时限　工作单联系人　联系电话　备注。注：1.公民个人反映问题的可不填写“单位联系人”。2.仅涉及多个政务服务部门的需明确牵头部门。
//! > S3 区行政服务中心当天值班人员及带班领导在受理单上审核签字。
//!
//! It is filled in with the ledger (H5), so its number is the ledger's. All else is read from the case's own stream.

use cases::{
    CaseEvent, CaseId, Instant,
    case::{
        self, Case,
        dispatch::dispatched::Contact,
        intake::accepted::{Category, Channel},
    },
    people::Role,
    sealed::Sealed,
};
use event_log::{Centre, EventLog};
use serde::Serialize;

use crate::{
    Number, ViewError, Views, ledger,
    set_up::SetUp,
    timeline::{self, Until},
};

/// The form's fields, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkOrder {
    pub case: CaseId,
    pub centre_name: String,
    /// 年第　号; `None` while the ledger has not seen the case yet.
    pub number: Option<Number>,
    /// 姓名或单位名称
    pub name: String,
    /// 单位联系人: units only.
    pub contact_person: String,
    /// 联系电话
    pub telephone: String,
    /// 诉求反映时间
    pub raised_at: Instant,
    /// 诉求反映类别
    pub category: Category,
    pub sub_category: Option<String>,
    /// 联系地址
    pub address: String,
    /// 诉求主要内容: as told, with what was added since.
    pub narrative: String,
    /// 政务服务责任部门及牵头部门
    pub departments: String,
    /// 完成时限: of the running answer, plan or result.
    pub due: Vec<Instant>,
    /// 工作单联系人 and its 联系电话
    pub contact: Option<Contact>,
    /// 备注: kind and ground, who urges it.
    pub remarks: String,
    pub channel: Channel,
    /// 审核签字 (S3).
    pub signatures: Vec<Signature>,
    /// 办理结果, or why it cannot be done and by which rule (S4).
    pub result: Option<String>,
}

/// A signature on a 受理单.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signature {
    pub role: Role,
    pub by: String,
    pub at: Instant,
    pub as_deputy: bool,
}

/// The work order of a case, as it would be printed now.
///
/// # Errors
/// [`ViewError::NoSuchCase`], and what reading log and ledger can bring.
pub async fn work_order(
    views: &Views,
    log: &dyn EventLog,
    centre: &Centre,
    case: CaseId,
) -> Result<WorkOrder, ViewError> {
    let facts = timeline::facts(log, centre, case, Until::default()).await?;
    let set_up = timeline::set_up(log, centre).await?;
    let number = ledger::number_of(views, centre, case).await?;
    let entries = || facts.iter().filter_map(|fact| fact.case().map(|(_, entry)| entry));
    let after = case::replay(case, entries());
    let intake = after.intake.as_ref().ok_or(ViewError::NoSuchCase(case))?;
    let text = |sealed: &Option<Sealed>| sealed.as_ref().map_or_else(String::new, |sealed| sealed.text().to_owned());
    let signatures = entries().filter_map(|entry| match &entry.event {
        CaseEvent::Signed(event) => Some(Signature {
            role: event.role,
            by: entry.note.by.id.to_string(),
            at: entry.note.occurred_at,
            as_deputy: event.as_deputy,
        }),
        _ => None,
    });
    // The newest.
    let mut results = entries().rev().filter_map(|entry| match &entry.event {
        CaseEvent::ResultReported(event) => Some(event.text.text().to_owned()),
        CaseEvent::SettledOnTheSpot(event) => Some(event.result.text().to_owned()),
        CaseEvent::ReferralAnswered(event) => Some(event.answer.text().to_owned()),
        CaseEvent::InabilityExplained(event) => {
            Some(format!("{}（依据：{}）", event.reason.text(), event.basis.text()))
        }
        _ => None,
    });
    let narrative = std::iter::once(&intake.narrative).chain(&intake.amendments).map(Sealed::text);
    Ok(WorkOrder {
        case,
        centre_name: set_up.name.clone(),
        number,
        name: if intake.name.is_none() && intake.anonymous { "匿名".to_owned() } else { text(&intake.name) },
        contact_person: if intake.is_unit { text(&intake.contact_person) } else { String::new() },
        telephone: text(&intake.telephone),
        raised_at: intake.raised_at,
        category: intake.category,
        sub_category: intake.sub_category.clone(),
        address: text(&intake.address),
        narrative: narrative.collect::<Vec<_>>().join("\n"),
        departments: departments(&after, &set_up),
        due: due(&after),
        contact: after.rounds.iter().rev().find_map(|round| round.delivery.as_ref()?.contact.clone()),
        remarks: remarks(&after),
        channel: intake.channel,
        signatures: signatures.collect(),
        result: results.next(),
    })
}

fn departments(case: &Case, set_up: &SetUp) -> String {
    let Some(round) = case.rounds.iter().rev().find(|round| round.lead().is_some()) else { return String::new() };
    let lead = round.lead().map_or_else(String::new, |lead| set_up.department(&lead.department));
    let co: Vec<_> = round.active().filter(|a| !a.lead).map(|a| set_up.department(&a.department)).collect();
    if co.is_empty() { lead } else { format!("牵头：{lead}；协办：{}", co.join("、")) }
}

fn due(case: &Case) -> Vec<Instant> {
    case.clocks.open().filter(|running| running.obligation.kind.is_supervised()).map(|r| r.obligation.due).collect()
}

fn remarks(case: &Case) -> String {
    let found = case.classification.as_ref();
    let kind = found.map(|found| {
        let ground = found.ground.map_or_else(String::new, |ground| format!("（{ground}）"));
        format!("{}{ground}", found.kind)
    });
    let urged = case.round().and_then(|round| round.delivery.as_ref()?.urged_by.as_ref());
    let urged = urged.map(|who| format!("督促专人：{who}"));
    kind.into_iter().chain(urged).collect::<Vec<_>>().join("；")
}
