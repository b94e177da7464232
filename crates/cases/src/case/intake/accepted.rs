//! 受理.
//!
//! > H5 一窗受理。……应详尽、准确记录诉求的内容、个人信息等，认真填写《工作单》和《工作台账》。
//! > H-三(一) ……做到群众诉求“事事有受理、件件有回应、结果有回访”。

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{
        Case, CaseEvent, Context, Fact, Stage, Step, guards,
        round::{Round, RoundCause},
        state::Intake,
    },
    entry::Moment,
    ids::{ActorId, CaseId, DepartmentId, FileHash},
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
    terms::terms,
    time::Instant,
};

terms!(
    /// 渠道.
    Channel {
        Window = "窗口",
        Hotline = "12345热线",
        Online = "网上",
        Telephone = "电话",
        Letter = "信件",
        OtherSystem = "其他系统",
    }
);

terms!(
    /// 诉求反映类别 (附件 2): not the kind, which decides the limits.
    Category {
        Complaint = "投诉",
        Consultation = "咨询",
        Opinion = "意见",
        Suggestion = "建议",
        Help = "求助",
        Praise = "表扬",
        Other = "其他",
    }
);

/// The number that another system gave the appeal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct External {
    /// Which system, as in `12345`.
    pub source: String,
    pub number: String,
}

/// Who complains, as it was said. No order, limit or escalation ever reads it (H2 五个一样).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Complainant {
    /// 姓名或单位名称
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A unit (单位), not a person.
    #[serde(default)]
    pub is_unit: bool,
    /// 单位联系人: units only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_person: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telephone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// 匿名: nobody can be told or called back.
    #[serde(default)]
    pub anonymous: bool,
}

/// A member of staff whom the appeal names, by account where it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedStaff {
    pub staff: ActorId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<DepartmentId>,
}

/// Registers an appeal. Nothing is asked of its merit: accepting is the rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Accept {
    pub channel: Channel,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<External>,
    pub complainant: Complainant,
    pub category: Category,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_category: Option<String>,
    /// 主要诉求, as the ledger's fifth column shows it.
    pub summary: String,
    /// 诉求内容, in full.
    pub narrative: String,
    /// 诉求反映时间, where it was raised before it was registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raised_at: Option<Instant>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub complained_about: Vec<NamedStaff>,
    /// 查询码: only its hash is ever kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookup_code_hash: Option<FileHash>,
    /// 历史件: it was handled before this system (domain §8).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub historical: bool,
}

impl Step for Accept {
    const NAME: &'static str = "accept";
    const ROLES: &'static [Role] =
        &[Role::WindowClerk, Role::DutyOfficer, Role::DutyLeader, Role::CentreManager, Role::Hotline];

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        if let Some(intake) = &case.intake {
            // The hotline delivers the same appeal twice: told apart by the number, not by the text.
            let same = self.external.is_some() && intake.source == self.external;
            return if same { Ok(Vec::new()) } else { Err(Refusal::AlreadyAccepted { case: case.id }) };
        }
        guards::said(&self.summary, "主要诉求")?;
        guards::said(&self.narrative, "诉求内容")?;
        let person = &self.complainant;
        let reachable =
            [&person.name, &person.telephone, &person.address].into_iter().flatten().any(|t| !t.trim().is_empty());
        if !person.anonymous && !reachable {
            return Err(Refusal::NoContact {});
        }
        if let Some(telephone) = person.telephone.as_deref().filter(|_| !self.historical) {
            check_telephone(telephone)?;
        }
        if let Some(raised_at) = self.raised_at.filter(|raised_at| *raised_at > ctx.now) {
            return Err(Refusal::OccurredInFuture { occurred_at: raised_at, now: ctx.now });
        }
        for department in self.complained_about.iter().filter_map(|about| about.department.as_ref()) {
            guards::known_department(department, ctx)?;
        }
        ctx.policy(case)?;
        Ok(vec![self.accepted(case.id, None, ctx).into()])
    }
}

impl Accept {
    pub(super) fn accepted(&self, id: CaseId, split_from: Option<CaseId>, ctx: &Context<'_>) -> Accepted {
        let seal = |text: &Option<String>| {
            text.as_deref()
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(|text| Sealed::new(id.complainant(), text))
        };
        let person = &self.complainant;
        Accepted {
            channel: self.channel,
            external: self.external.clone(),
            name: seal(&person.name),
            is_unit: person.is_unit,
            contact_person: seal(&person.contact_person),
            telephone: seal(&person.telephone),
            address: seal(&person.address),
            anonymous: person.anonymous,
            category: self.category,
            sub_category: self.sub_category.clone(),
            summary: Sealed::new(id.complainant(), self.summary.trim()),
            narrative: Sealed::new(id.complainant(), self.narrative.as_str()),
            raised_at: self.raised_at.unwrap_or(ctx.occurred_at),
            complained_about: self
                .complained_about
                .iter()
                .enumerate()
                .map(|(n, about)| ComplainedAbout {
                    staff: Sealed::new(id.complained_about(n), about.staff.as_str()),
                    department: about.department.clone(),
                })
                .collect(),
            lookup_code_hash: self.lookup_code_hash.clone(),
            historical: self.historical,
            split_from,
        }
    }
}

/// 11-digit mobile number, or a land line with its area code.
pub(super) fn check_telephone(text: &str) -> Result<(), Refusal> {
    let digits: String = text.chars().filter(|c| !matches!(c, '-' | ' ' | '(' | ')' | '（' | '）')).collect();
    let numeric = digits.bytes().all(|b| b.is_ascii_digit());
    let mobile = digits.len() == 11 && digits.starts_with('1');
    let land_line = (10..=12).contains(&digits.len()) && digits.starts_with('0');
    // 400 and 95 numbers of companies, and the short numbers of services.
    let service = (5..=10).contains(&digits.len())
        && (digits.starts_with('4') || digits.starts_with('9') || digits.starts_with('1'));
    if numeric && (mobile || land_line || service) { Ok(()) } else { Err(Refusal::BadTelephone {}) }
}

/// A member of staff whom the appeal names: sealed under that person's own key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComplainedAbout {
    pub staff: Sealed,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<DepartmentId>,
}

/// 受理. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    pub channel: Channel,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<External>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Sealed>,
    pub is_unit: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_person: Option<Sealed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telephone: Option<Sealed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Sealed>,
    pub anonymous: bool,
    pub category: Category,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_category: Option<String>,
    pub summary: Sealed,
    pub narrative: Sealed,
    pub raised_at: Instant,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub complained_about: Vec<ComplainedAbout>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookup_code_hash: Option<FileHash>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub historical: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_from: Option<CaseId>,
}

impl Fact for Accepted {
    const TYPE: &'static str = "accepted";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        case.historical = self.historical;
        case.stage = Stage::Accepted;
        case.rounds = vec![Round::new(1, at.at, RoundCause::Accepted)];
        case.intake = Some(Intake {
            accepted_at: at.occurred_at,
            raised_at: self.raised_at,
            channel: self.channel,
            source: self.external.clone(),
            anonymous: self.anonymous,
            is_unit: self.is_unit,
            name: self.name.clone(),
            contact_person: self.contact_person.clone(),
            telephone: self.telephone.clone(),
            address: self.address.clone(),
            category: self.category,
            sub_category: self.sub_category.clone(),
            summary: self.summary.clone(),
            narrative: self.narrative.clone(),
            complained_about: self.complained_about.clone(),
            attachments: Vec::new(),
            amendments: Vec::new(),
            amendment_awaited: false,
            amendment_requests: 0,
            split_from: self.split_from,
            split_into: Vec::new(),
            absorbed: Vec::new(),
            suspected_repeats: Vec::new(),
        });
    }
}
