//! 疑似重复: flagged, never dropped. Only a person merges (并单).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, Fact, Step},
    entry::Moment,
    ids::CaseId,
    people::Role,
    refusal::Refusal,
    terms::terms,
};

terms!(
    /// Why two appeals look like one.
    RepeatBasis {
        SameText = "内容相同",
        SameComplainantAndMatter = "同一人同一事",
        SameMatter = "同一事项",
    }
);

/// Notes that this appeal may repeat another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteSuspectedRepeat {
    pub of: CaseId,
    pub basis: RepeatBasis,
}

impl Step for NoteSuspectedRepeat {
    const NAME: &'static str = "note_suspected_repeat";
    const ROLES: &'static [Role] =
        &[Role::WindowClerk, Role::DutyOfficer, Role::DutyLeader, Role::CentreManager, Role::System];

    fn decide(&self, case: &Case, _: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        if self.of == case.id {
            return Err(Refusal::SameCase {});
        }
        let noted = case.intake.as_ref().is_some_and(|intake| intake.suspected_repeats.contains(&self.of));
        if noted { Ok(Vec::new()) } else { Ok(vec![SuspectedRepeatNoted { of: self.of, basis: self.basis }.into()]) }
    }
}

/// 疑似重复. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuspectedRepeatNoted {
    pub of: CaseId,
    pub basis: RepeatBasis,
}

impl Fact for SuspectedRepeatNoted {
    const TYPE: &'static str = "suspected_repeat_noted";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        if let Some(intake) = &mut case.intake {
            intake.suspected_repeats.push(self.of);
        }
    }
}
