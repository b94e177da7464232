//! 签收抄送: the recipient confirms an entry of its own feed (H-三(三)).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Copy, RecipientKind};
use crate::{
    case::{Case, CaseEvent, Context, Fact, Step},
    entry::Moment,
    people::{Office, Role},
    refusal::Refusal,
};

/// Confirms that a copy arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgeCopy {
    /// The case's version that sent it.
    pub copy: u64,
}

impl Step for AcknowledgeCopy {
    const NAME: &'static str = "acknowledge_copy";
    const ROLES: &'static [Role] =
        &[Role::DisciplineLiaison, Role::DepartmentHead, Role::Handler, Role::CentreManager, Role::Auditor];

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let to = match &ctx.by.office {
            Office::Discipline => RecipientKind::Discipline,
            Office::Government => RecipientKind::Government,
            Office::Parent => RecipientKind::Parent,
            Office::Department(_) => RecipientKind::Department,
            _ => return Err(Refusal::WrongOffice { needs: "收件单位".to_owned() }),
        };
        let mine = |copy: &&Copy| copy.to == to && copy.department.as_ref() == ctx.by.department();
        let found = case.copies.iter().filter(mine).find(|copy| copy.version == self.copy);
        let copy = found.ok_or(Refusal::NoSuchCopy { version: self.copy })?;
        if copy.acknowledged.is_some() {
            return Ok(Vec::new());
        }
        Ok(vec![CopyAcknowledged { copy: self.copy, to }.into()])
    }
}

/// 签收抄送. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CopyAcknowledged {
    pub copy: u64,
    pub to: RecipientKind,
}

impl Fact for CopyAcknowledged {
    const TYPE: &'static str = "copy_acknowledged";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        for copy in case.copies.iter_mut().filter(|copy| copy.version == self.copy && copy.to == self.to) {
            copy.acknowledged = Some(at.occurred_at);
        }
    }
}
