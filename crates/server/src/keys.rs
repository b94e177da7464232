//! The keys that sign a centre's checkpoints: `DIR/keys/<centre>.secret`, one line a key, for nobody's eyes but this program's.
//!
//! They are no part of the log and of no backup of it. Whoever has them can sign in the centre's name; so what they sign proves
//! something only beside the cosignatures of those whom the centre does not command.

use std::path::Path;

use anyhow::Context as _;
use cases::CentreCode;
use event_log::Centre;
use transparency::{
    Checkpoint,
    note::{
        Note, Scheme, SigningKey, VerifierKey,
        secrets::{self, SecretsError},
    },
};

use crate::clock;

/// What the name of every log's checkpoints begins with; its centre's code follows.
const ORIGIN: &str = "yousu/";

/// SM2 for those who check by GM/T, Ed25519 for stock tools.
const SCHEMES: [Scheme; 2] = [Scheme::Sm2, Scheme::Ed25519];

/// The directory of keys in a data directory.
pub(crate) const DIRECTORY: &str = "keys";

/// A centre's signing keys.
pub(crate) struct Keys(Vec<SigningKey>);

impl Keys {
    /// Reads the centre's keys, and makes them the first time.
    pub(crate) fn of(data: &Path, centre: &CentreCode) -> anyhow::Result<Self> {
        let path = data.join(DIRECTORY).join(format!("{centre}.secret"));
        if let Some(keys) = secrets::read(&path)? {
            return Ok(Self(keys));
        }
        let directory = data.join(DIRECTORY);
        std::fs::create_dir_all(&directory).with_context(|| format!("{} cannot be made", directory.display()))?;
        let draw = |bytes: &mut [u8; 32]| getrandom::fill(bytes).map_err(std::io::Error::other);
        match secrets::make(&path, &origin(centre), &SCHEMES, draw) {
            // Another process was faster: its keys are the ones.
            Err(SecretsError::File { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => {
                Ok(Self(secrets::read(&path)?.with_context(|| format!("{} is gone again", path.display()))?))
            }
            made => Ok(Self(made?)),
        }
    }

    /// The public keys, a line each, to be pinned by whoever checks.
    pub(crate) fn public(&self) -> Vec<String> {
        self.verifiers().iter().map(ToString::to_string).collect()
    }

    /// What checks that these keys signed.
    pub(crate) fn verifiers(&self) -> Vec<VerifierKey> {
        self.0.iter().map(SigningKey::verifier).collect()
    }

    /// The checkpoint as a note with a line by each key.
    pub(crate) fn sign(&self, checkpoint: &Checkpoint) -> anyhow::Result<Note> {
        self.sign_text(checkpoint.text())
    }

    /// Any text as such a note. What the texts that are signed begin with tells them apart.
    pub(crate) fn sign_text(&self, text: String) -> anyhow::Result<Note> {
        let now = u64::try_from(clock::now().ms() / 1_000).unwrap_or(0);
        let signatures: Vec<_> = self.0.iter().map(|key| key.sign(&text, now)).collect();
        let mut note = Note::new(text)?;
        signatures.into_iter().for_each(|signature| note.add(signature));
        Ok(note)
    }
}

/// The name of a centre's log in checkpoints.
pub(crate) fn origin(centre: &CentreCode) -> String {
    format!("{ORIGIN}{centre}")
}

/// Whose log a checkpoint is of.
pub(crate) fn centre_of(checkpoint: &Checkpoint) -> anyhow::Result<Centre> {
    let code = checkpoint.origin.strip_prefix(ORIGIN);
    let centre = code.and_then(|code| Centre::new(code).ok());
    centre
        .with_context(|| format!("`{}` is the origin of no centre's log: `{ORIGIN}CODE` is wanted", checkpoint.origin))
}

/// The public keys in a file, one a line.
pub(crate) fn pinned(path: &Path) -> anyhow::Result<Vec<VerifierKey>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys = lines.map(VerifierKey::parse).collect::<Result<Vec<_>, _>>();
    let keys =
        keys.with_context(|| format!("{}: a line of it is no public key as `yousu keys` writes it", path.display()))?;
    anyhow::ensure!(!keys.is_empty(), "{} holds no key", path.display());
    Ok(keys)
}
