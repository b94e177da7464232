//! 拆单: several matters in one appeal become cases of their own, each with its own clocks and persons from now on. Who was recused stays so.

use std::iter;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::accepted::{Accept, Category, Complainant, NamedStaff};
use crate::{
    case::{Case, CaseEvent, Context, Fact, Stage, Step, dispatch::recused::Recused, guards},
    entry::Moment,
    ids::{ActorId, CaseId},
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// The most cases that one appeal is split into at a time.
const MOST_PARTS: usize = 10;

/// One matter that becomes a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// A UUIDv7 that the client chose.
    pub case: CaseId,
    pub category: Category,
    pub summary: String,
    pub narrative: String,
}

/// Splits matters off; what is left stays in this case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitCase {
    pub parts: Vec<Part>,
    pub reason: String,
}

impl Step for SplitCase {
    const NAME: &'static str = "split";
    const ROLES: &'static [Role] = guards::WINDOW;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        if !matches!(case.stage, Stage::Accepted | Stage::InReview { .. }) {
            return case.wrong_stage("已受理、审核中");
        }
        guards::said(&self.reason, "拆单的理由")?;
        if self.parts.is_empty() || self.parts.len() > MOST_PARTS {
            return Err(Refusal::Unreadable { reason: format!("parts 应有1至{MOST_PARTS}件") });
        }
        for (i, part) in self.parts.iter().enumerate() {
            guards::said(&part.summary, "主要诉求")?;
            guards::said(&part.narrative, "诉求内容")?;
            let twice = part.case == case.id || self.parts[..i].iter().any(|other| other.case == part.case);
            if twice || ctx.others.get(&part.case).is_some_and(|other| other.version > 0) {
                return Err(Refusal::AlreadyAccepted { case: part.case });
            }
        }
        let into = self.parts.iter().map(|part| part.case).collect();
        Ok(vec![Split { into, reason: case.sealed(&self.reason) }.into()])
    }

    fn decide_elsewhere(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<(CaseId, CaseEvent)>, Refusal> {
        let Some(intake) = &case.intake else { return Ok(Vec::new()) };
        let text = |sealed: &Option<Sealed>| sealed.as_ref().map(|sealed| sealed.text().to_owned());
        let complainant = Complainant {
            name: text(&intake.name),
            is_unit: intake.is_unit,
            contact_person: text(&intake.contact_person),
            telephone: text(&intake.telephone),
            address: text(&intake.address),
            anonymous: intake.anonymous,
        };
        // Persons of the new case's own: what is kept of them there is held and erased with that case alone.
        let about = intake.complained_about.iter().filter(|about| !case.forgets(about.staff.person()));
        let about = about.filter_map(|about| {
            Some(NamedStaff { staff: ActorId::new(about.staff.text()).ok()?, department: about.department.clone() })
        });
        let about: Vec<_> = about.collect();
        let parts = self.parts.iter().flat_map(|part| {
            let accept = Accept {
                channel: intake.channel,
                external: None,
                complainant: complainant.clone(),
                category: part.category,
                sub_category: None,
                summary: part.summary.clone(),
                narrative: part.narrative.clone(),
                raised_at: Some(intake.raised_at),
                complained_about: about.clone(),
                lookup_code_hash: None,
                historical: false,
            };
            let begun = Case::new(part.case);
            let recused = case.recused.iter().map(move |who| Recused::taken_over(&begun, who).into());
            let accepted = accept.accepted(part.case, Some(case.id), ctx).into();
            iter::once(accepted).chain(recused).map(|event| (part.case, event))
        });
        Ok(parts.collect())
    }

    fn others(&self) -> Vec<CaseId> {
        self.parts.iter().map(|part| part.case).collect()
    }
}

/// 拆单. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Split {
    pub into: Vec<CaseId>,
    pub reason: Sealed,
}

impl Fact for Split {
    const TYPE: &'static str = "split";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        if let Some(intake) = &mut case.intake {
            intake.split_into.extend(&self.into);
        }
    }
}
