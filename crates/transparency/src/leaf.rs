//! Header and leaf: the bytes that the crate's front page lays down.

use uuid::Uuid;

use crate::Hash;

/// The format that this build writes and reads.
pub const FORMAT: u16 = 1;

/// The most that a centre's or a type's name may take in a header, because its length stands in one byte.
pub const NAME_LIMIT_BYTES: usize = u8::MAX as usize;

/// First byte of what is hashed for a leaf.
const LEAF: [u8; 1] = [0x00];

/// What the log says about an event, apart from what the event says itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// Whose log it is.
    pub centre: &'a str,
    /// Place in the centre's log, gapless from 1.
    pub position: u64,
    /// What the event is about: a case, or the centre itself.
    pub stream: Uuid,
    /// How many streams began before it in the centre's log: its place in the tree of case heads.
    pub ordinal: u64,
    /// Place in the stream, gapless from 1.
    pub version: u64,
    /// When it was recorded: milliseconds since 1970-01-01T00:00:00Z.
    pub recorded_ms: i64,
    /// The event's type.
    pub kind: &'a str,
    /// The version of that type.
    pub kind_version: u16,
    /// Leaf of the stream's previous event; [`Hash::ZERO`](crate::Hash::ZERO) for version 1.
    pub previous: Hash,
}

/// A name that a header cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the {what} of an event may take {NAME_LIMIT_BYTES} bytes in its header; this one takes {bytes}: use a shorter name"
)]
pub struct NameTooLong {
    what: &'static str,
    bytes: usize,
}

/// Why bytes are no header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// It is of another format.
    #[error("a header of format {0}, and this program reads {FORMAT}: use the version that the log's centre uses")]
    Format(u16),
    /// It is shorter or longer than it says, or a name in it is no text.
    #[error("its bytes are not those of a header")]
    Bytes,
}

impl<'a> Header<'a> {
    /// Reads what [`encode`](Self::encode) wrote. Nothing may follow.
    ///
    /// # Errors
    /// [`HeaderError`].
    pub fn decode(bytes: &'a [u8]) -> Result<Self, HeaderError> {
        let mut rest = bytes;
        let format = u16::from_be_bytes(take(&mut rest)?);
        if format != FORMAT {
            return Err(HeaderError::Format(format));
        }
        let (position, version) = (u64::from_be_bytes(take(&mut rest)?), u64::from_be_bytes(take(&mut rest)?));
        let stream = Uuid::from_bytes(take(&mut rest)?);
        let (ordinal, recorded_ms) = (u64::from_be_bytes(take(&mut rest)?), i64::from_be_bytes(take(&mut rest)?));
        let (kind_version, previous) = (u16::from_be_bytes(take(&mut rest)?), Hash(take(&mut rest)?));
        let (centre, kind) = (name(&mut rest)?, name(&mut rest)?);
        if !rest.is_empty() {
            return Err(HeaderError::Bytes);
        }
        Ok(Self { centre, position, stream, ordinal, version, recorded_ms, kind, kind_version, previous })
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], HeaderError> {
    let (taken, after) = rest.split_first_chunk::<N>().ok_or(HeaderError::Bytes)?;
    *rest = after;
    Ok(*taken)
}

fn name<'a>(rest: &mut &'a [u8]) -> Result<&'a str, HeaderError> {
    let [length] = take(rest)?;
    let (name, after) = rest.split_at_checked(usize::from(length)).ok_or(HeaderError::Bytes)?;
    *rest = after;
    str::from_utf8(name).map_err(|_| HeaderError::Bytes)
}

impl Header<'_> {
    /// The header's bytes.
    ///
    /// # Errors
    /// [`NameTooLong`] if centre or type take more than [`NAME_LIMIT_BYTES`].
    pub fn encode(&self) -> Result<Vec<u8>, NameTooLong> {
        let mut bytes = Vec::with_capacity(128);
        bytes.extend(FORMAT.to_be_bytes());
        bytes.extend(self.position.to_be_bytes());
        bytes.extend(self.version.to_be_bytes());
        bytes.extend(self.stream.as_bytes());
        bytes.extend(self.ordinal.to_be_bytes());
        bytes.extend(self.recorded_ms.to_be_bytes());
        bytes.extend(self.kind_version.to_be_bytes());
        bytes.extend(self.previous.0);
        for (what, name) in [("centre", self.centre), ("type", self.kind)] {
            let length = u8::try_from(name.len()).map_err(|_| NameTooLong { what, bytes: name.len() })?;
            bytes.push(length);
            bytes.extend(name.as_bytes());
        }
        Ok(bytes)
    }

    /// The leaf of the event with this header and a body of this hash.
    ///
    /// # Errors
    /// [`NameTooLong`] as for [`encode`](Self::encode).
    pub fn leaf(&self, body: Hash) -> Result<Hash, NameTooLong> {
        Ok(of_bytes(&self.encode()?, body))
    }
}

/// The leaf of a header's bytes and a body's hash.
pub(crate) fn of_bytes(header: &[u8], body: Hash) -> Hash {
    Hash::of_parts(&[&LEAF, header, &body.0])
}
