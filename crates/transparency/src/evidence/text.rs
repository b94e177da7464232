//! Evidence as text: lines that say what follows, in one order, each value in one spelling. Canonical: what is read is written
//! again as the same bytes, and the last line holds the hash of all before it.

use std::fmt::Write as _;
use std::str::{FromStr, Lines};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Attachment, Disclosed, Evidence, HeadProof, Proven};
use crate::Hash;
use crate::note::{Note, NoteError};
use crate::seal::FieldSecret;

const FIRST_LINE: &str = "yousu-evidence/v1";

/// The most bytes of a file that is read.
pub const LIMIT_BYTES: usize = 256 << 20;

/// Why bytes are no evidence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Larger than anything that is read.
    #[error("the file takes {0} bytes, and {LIMIT_BYTES} are the most that is read")]
    TooLarge(usize),
    /// Something else, or of another version.
    #[error("this is no evidence: its first line is not `{FIRST_LINE}`")]
    NotEvidence,
    /// A line that is not what should stand there.
    #[error("line {line} is not what should stand there: {wanted} is wanted")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What should stand there.
        wanted: &'static str,
    },
    /// A checkpoint in it is no note.
    #[error("a checkpoint in it is none: {0}")]
    Note(#[from] NoteError),
    /// It was altered, or cut.
    #[error("it was altered or cut: its last line is not the hash of what stands before it")]
    Digest,
    /// The same could be written otherwise.
    #[error("it is not written in the one form that evidence has")]
    Form,
}

impl Evidence {
    /// The file.
    pub fn encode(&self) -> Vec<u8> {
        let mut text = format!("{FIRST_LINE}\ncase {}\n", self.stream);
        lines(&mut text, "checkpoint", &self.checkpoint);
        if let Some((note, proof)) = &self.earlier {
            lines(&mut text, "earlier", note);
            hashes(&mut text, "proof", proof);
        }
        for event in &self.events {
            proven(&mut text, "event", event);
        }
        if let Some(HeadProof { event, previous, proof }) = &self.head {
            proven(&mut text, "heads", event);
            hashes(&mut text, "previous", &[*previous]);
            hashes(&mut text, "head", proof);
        }
        for Disclosed { version, person, field, secret } in &self.disclosed {
            let (field, secret) = (STANDARD.encode(field), STANDARD.encode(secret.bytes()));
            // Writing to a String cannot fail, here and below.
            let _ = writeln!(text, "disclose {version} {person} {field} {secret}");
        }
        for Attachment { version, person, secret, sealed } in &self.attachments {
            let secret = STANDARD.encode(secret.bytes());
            let _ = write!(text, "attachment {version} {person} {secret} ");
            STANDARD.encode_string(sealed, &mut text);
            text.push('\n');
        }
        let digest = Hash::of(text.as_bytes());
        let _ = writeln!(text, "digest {digest}");
        text.into_bytes()
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`TextError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, TextError> {
        if bytes.len() > LIMIT_BYTES {
            return Err(TextError::TooLarge(bytes.len()));
        }
        let text = str::from_utf8(bytes).map_err(|_| TextError::NotEvidence)?;
        let body =
            text.strip_prefix(FIRST_LINE).and_then(|rest| rest.strip_prefix('\n')).ok_or(TextError::NotEvidence)?;
        let digest = text.rfind("\ndigest ").map(|at| at + 1).ok_or(TextError::Digest)?;
        let (said, of) = (&text[digest + "digest ".len()..], Hash::of(&bytes[..digest]));
        if said.strip_suffix('\n').and_then(|said| said.parse().ok()) != Some(of) {
            return Err(TextError::Digest);
        }
        let read = Reader { lines: body.lines(), line: 1, ahead: None }.evidence()?;
        if read.encode() == bytes { Ok(read) } else { Err(TextError::Form) }
    }
}

fn lines(text: &mut String, what: &str, note: &Note) {
    let note = note.to_string();
    let _ = writeln!(text, "{what} {}", note.lines().count());
    text.push_str(&note);
}

fn hashes(text: &mut String, what: &str, hashes: &[Hash]) {
    let _ = writeln!(text, "{what} {}", hashes.len());
    hashes.iter().for_each(|hash| text.extend([STANDARD.encode(hash.0).as_str(), "\n"]));
}

fn proven(text: &mut String, what: &str, event: &Proven) {
    let Proven { position, ordinal, version, recorded_ms, kind, kind_version, body, proof } = event;
    let body = STANDARD.encode(body);
    let _ = writeln!(text, "{what} {position} {ordinal} {version} {recorded_ms} {kind_version} {kind} {body}");
    hashes(text, "proof", proof);
}

struct Reader<'a> {
    lines: Lines<'a>,
    /// The one that was read last, from 1.
    line: usize,
    ahead: Option<&'a str>,
}

impl<'a> Reader<'a> {
    fn evidence(mut self) -> Result<Evidence, TextError> {
        let stream = self.wanted("case ", "`case ID`")?;
        let stream = self.value(stream, "a case's ID")?;
        let checkpoint = self.note("checkpoint ", "`checkpoint LINES`")?;
        let earlier = match self.taken("earlier ") {
            Some(count) => Some((self.note_of(count)?, self.hashes("proof ")?)),
            None => None,
        };
        let mut events = Vec::new();
        while let Some(rest) = self.taken("event ") {
            events.push(self.proven(rest)?);
        }
        let head = match self.taken("heads ") {
            Some(rest) => {
                let event = self.proven(rest)?;
                let previous = self.hashes("previous ")?;
                let [previous] = previous.as_slice() else { return Err(self.fault("one hash")) };
                Some(HeadProof { event, previous: *previous, proof: self.hashes("head ")? })
            }
            None => None,
        };
        let mut disclosed = Vec::new();
        while let Some(rest) = self.taken("disclose ") {
            let parts: Vec<&str> = rest.split(' ').collect();
            let [version, person, field, secret] = parts.as_slice() else { return Err(self.fault("four values")) };
            let field = STANDARD.decode(field).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            disclosed.push(Disclosed {
                version: self.value(version, "a version")?,
                person: self.value(person, "a person's ID")?,
                field: field.ok_or_else(|| self.fault("a field in base64"))?,
                secret: FieldSecret::new(self.bytes(secret)?),
            });
        }
        let mut attachments = Vec::new();
        while let Some(rest) = self.taken("attachment ") {
            let parts: Vec<&str> = rest.split(' ').collect();
            let [version, person, secret, sealed] = parts.as_slice() else { return Err(self.fault("four values")) };
            attachments.push(Attachment {
                version: self.value(version, "a version")?,
                person: self.value(person, "a person's ID")?,
                secret: FieldSecret::new(self.bytes(secret)?),
                sealed: STANDARD.decode(sealed).map_err(|_| self.fault("an attachment's bytes in base64"))?,
            });
        }
        self.wanted("digest ", "another part, or `digest HASH`")?;
        if self.next().is_some() {
            return Err(self.fault("nothing more"));
        }
        Ok(Evidence { stream, checkpoint, earlier, events, head, disclosed, attachments })
    }

    fn next(&mut self) -> Option<&'a str> {
        self.line += 1;
        self.ahead.take().or_else(|| self.lines.next())
    }

    /// What follows these words, if the next line begins with them.
    fn taken(&mut self, words: &str) -> Option<&'a str> {
        let line = self.next()?;
        let rest = line.strip_prefix(words);
        if rest.is_none() {
            (self.ahead, self.line) = (Some(line), self.line - 1);
        }
        rest
    }

    fn wanted(&mut self, words: &str, wanted: &'static str) -> Result<&'a str, TextError> {
        self.taken(words).ok_or(TextError::Line { line: self.line + 1, wanted })
    }

    fn fault(&self, wanted: &'static str) -> TextError {
        TextError::Line { line: self.line, wanted }
    }

    fn value<T: FromStr>(&self, text: &str, wanted: &'static str) -> Result<T, TextError> {
        text.parse().map_err(|_| self.fault(wanted))
    }

    fn bytes(&self, text: &str) -> Result<[u8; 32], TextError> {
        let bytes = STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.ok_or_else(|| self.fault("32 bytes in base64"))
    }

    fn note(&mut self, words: &str, wanted: &'static str) -> Result<Note, TextError> {
        let count = self.wanted(words, wanted)?;
        self.note_of(count)
    }

    fn note_of(&mut self, count: &str) -> Result<Note, TextError> {
        let count: usize = self.value(count, "a number of lines")?;
        let mut text = String::new();
        for _ in 0..count {
            let line = self.next().ok_or_else(|| self.fault("a line of a checkpoint"))?;
            text.extend([line, "\n"]);
        }
        Ok(Note::parse(text.as_bytes())?)
    }

    fn hashes(&mut self, words: &str) -> Result<Vec<Hash>, TextError> {
        let count = self.wanted(words, "a number of hashes")?;
        let count: usize = self.value(count, "a number of hashes")?;
        let mut hashes = Vec::new();
        for _ in 0..count {
            let line = self.next().ok_or_else(|| self.fault("a hash"))?;
            hashes.push(Hash(self.bytes(line)?));
        }
        Ok(hashes)
    }

    fn proven(&mut self, rest: &str) -> Result<Proven, TextError> {
        let parts: Vec<&str> = rest.split(' ').collect();
        let [position, ordinal, version, recorded_ms, kind_version, kind, body] = parts.as_slice() else {
            return Err(self.fault("seven values"));
        };
        let body = STANDARD.decode(body).map_err(|_| self.fault("an event's bytes in base64"))?;
        Ok(Proven {
            position: self.value(position, "a position")?,
            ordinal: self.value(ordinal, "an ordinal")?,
            version: self.value(version, "a version")?,
            recorded_ms: self.value(recorded_ms, "a time in milliseconds")?,
            kind_version: self.value(kind_version, "a type's version")?,
            kind: (*kind).to_owned(),
            body,
            proof: self.hashes("proof ")?,
        })
    }
}
