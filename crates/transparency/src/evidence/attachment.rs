//! Attachments (附件) that are shown with a case: the bytes as they are kept, sealed, and the secret that opens them.
//!
//! An event names an attachment by the hash of its sealed bytes. So whoever has these sees that they are the ones that were named, and
//! whoever has the secret as well sees that no other bytes were ever in them: what is sealed commits to its secret.

use uuid::Uuid;

use super::{EvidenceError, Proven};
use crate::body::decode_exactly;
use crate::seal::{FieldSecret, OpenError, Place, attachment_field};
use crate::{Body, Hash};

/// The type of an event that names an attachment, and its version.
const NAMES_ONE: (&str, u16) = ("attachment_added", 1);

/// How such an event names it; 64 hexadecimal digits and a quotation mark follow.
const MEMBER: &str = r#""sm3":""#;

/// One attachment.
#[derive(Clone)]
pub struct Attachment {
    /// The version of the event that names it.
    pub version: u64,
    /// Under whose key it was sealed.
    pub person: Uuid,
    /// What opens it, and nothing else.
    pub secret: FieldSecret,
    /// Its bytes, sealed.
    pub sealed: Vec<u8>,
}

/// An attachment that was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedAttachment {
    /// The version of the event that names it.
    pub version: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Attachment {
    /// Its bytes, if they are what that event names.
    pub(super) fn open(
        &self,
        centre: &str,
        stream: Uuid,
        events: &[Proven],
    ) -> Result<OpenedAttachment, EvidenceError> {
        let version = self.version;
        let fault = |why: String| EvidenceError::Attachment { version, why };
        let event = events.iter().find(|event| event.version == version);
        let event = event.ok_or_else(|| fault("there is no such event".to_owned()))?;
        if (event.kind.as_str(), event.kind_version) != NAMES_ONE {
            return Err(fault("that event names none".to_owned()));
        }
        let body = decode_exactly(&event.body).map_err(|error| fault(error.to_string()))?;
        if !names(&body, Hash::of(&self.sealed)) {
            return Err(fault("that event names other bytes".to_owned()));
        }
        let opened = self.opened(centre, stream).map_err(|error| fault(error.to_string()))?;
        Ok(OpenedAttachment { version, bytes: opened })
    }

    fn opened(&self, centre: &str, stream: Uuid) -> Result<Vec<u8>, OpenError> {
        let field = attachment_field(FieldSecret::nonce(&self.sealed).ok_or(OpenError::Short)?);
        let place = Place { centre, stream, version: 0, person: self.person, field: &field };
        self.secret.open(&place, &self.sealed)
    }
}

/// Whether the public part has one member `sm3`, wherever it stands, and it is this hash. By its text alone, so that nobody has to settle
/// which of two members counts: a quotation mark within a JSON text has a backslash before it.
fn names(body: &Body, hash: Hash) -> bool {
    let public = body.public_json();
    let mut found = public.match_indices(MEMBER);
    let (Some((at, _)), None) = (found.next(), found.next()) else { return false };
    public[..at].ends_with(['{', ',']) && public[at + MEMBER.len()..].starts_with(&format!("{hash}\""))
}

impl PartialEq for Attachment {
    fn eq(&self, other: &Self) -> bool {
        let of = |one: &Self| (one.version, one.person, *one.secret.bytes());
        of(self) == of(other) && self.sealed == other.sealed
    }
}

impl std::fmt::Debug for Attachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attachment").field("version", &self.version).finish_non_exhaustive()
    }
}
