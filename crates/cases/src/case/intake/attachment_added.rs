//! 附件: name, type, size and hash are in the event; the bytes stand in a store of their own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, Fact, Step, guards},
    entry::Moment,
    ids::FileHash,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// The largest attachment, in bytes (32 MiB).
pub const MAX_ATTACHMENT_BYTES: u64 = 32 << 20;

/// Adds a file whose bytes are in the store already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddAttachment {
    /// The file's name as given: it may hold a person's name.
    pub name: String,
    pub media_type: String,
    /// Of the file as it was given.
    pub size_bytes: u64,
    /// SM3 of the bytes as they are kept: sealed. A hash of the file itself would tell, for ever, whoever has such a file that it was
    /// this one.
    pub sm3: FileHash,
}

impl Step for AddAttachment {
    const NAME: &'static str = "add_attachment";
    const ROLES: &'static [Role] = &[
        Role::WindowClerk,
        Role::DutyOfficer,
        Role::DutyLeader,
        Role::CentreManager,
        Role::DepartmentHead,
        Role::Handler,
        Role::Hotline,
        Role::Complainant,
    ];

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        case.require_open()?;
        if ctx.by.department().is_some() {
            case.require_assigned(ctx)?;
        }
        guards::said(&self.name, "附件名称")?;
        if self.size_bytes > MAX_ATTACHMENT_BYTES {
            return Err(Refusal::AttachmentTooLarge { most_mib: MAX_ATTACHMENT_BYTES >> 20 });
        }
        let there = case.intake.iter().flat_map(|intake| &intake.attachments).any(|file| file.sm3 == self.sm3);
        if there {
            return Ok(Vec::new());
        }
        let Self { media_type, size_bytes, sm3, .. } = self.clone();
        Ok(vec![AttachmentAdded { name: case.sealed(&self.name), media_type, size_bytes, sm3 }.into()])
    }
}

/// 附件. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachmentAdded {
    pub name: Sealed,
    pub media_type: String,
    pub size_bytes: u64,
    pub sm3: FileHash,
}

impl Fact for AttachmentAdded {
    const TYPE: &'static str = "attachment_added";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        if let Some(intake) = &mut case.intake {
            intake.attachments.push(self.clone());
        }
    }
}
