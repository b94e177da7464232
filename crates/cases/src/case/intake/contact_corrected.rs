//! 更正联系方式: so that the call-back (H10) reaches the person.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::accepted::check_telephone;
use crate::{
    case::{Case, CaseEvent, Context, Fact, Step, guards},
    entry::Moment,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// Replaces what is given and leaves the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectContact {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_person: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telephone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl Step for CorrectContact {
    const NAME: &'static str = "correct_contact";
    const ROLES: &'static [Role] = guards::WINDOW;

    fn decide(&self, case: &Case, _: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        case.require_open()?;
        let given = [&self.contact_person, &self.telephone, &self.address];
        if given.iter().all(|text| text.as_deref().is_none_or(|text| text.trim().is_empty())) {
            return Err(Refusal::TextEmpty { field: "新的联系方式" });
        }
        if let Some(telephone) = &self.telephone {
            check_telephone(telephone)?;
        }
        let seal = |text: &Option<String>| text.as_deref().map(|text| case.sealed(text.trim()));
        let corrected = ContactCorrected {
            contact_person: seal(&self.contact_person),
            telephone: seal(&self.telephone),
            address: seal(&self.address),
        };
        Ok(vec![corrected.into()])
    }
}

/// 更正联系方式. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactCorrected {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_person: Option<Sealed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telephone: Option<Sealed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Sealed>,
}

impl Fact for ContactCorrected {
    const TYPE: &'static str = "contact_corrected";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        let Some(intake) = &mut case.intake else { return };
        let put = |field: &mut Option<Sealed>, new: &Option<Sealed>| {
            if new.is_some() {
                field.clone_from(new);
            }
        };
        put(&mut intake.contact_person, &self.contact_person);
        put(&mut intake.telephone, &self.telephone);
        put(&mut intake.address, &self.address);
        intake.anonymous = false;
    }
}
