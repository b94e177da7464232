//! The keys that sign a centre's checkpoints: `DIR/keys/<centre>.secret`, one line a key, for nobody's eyes but this program's.
//!
//! They are no part of the log and of no backup of it. Whoever has them can sign in the centre's name; so what they sign proves
//! something only beside the cosignatures of those whom the centre does not command.
//!
//! They change by an event (`crate::key_changes`); from then on the log itself says which keys sign it.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

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

use crate::{checkpoints, clock, key_changes};

/// What the name of every log's checkpoints begins with; its centre's code follows.
const ORIGIN: &str = "yousu/";

/// SM2 for those who check by GM/T, Ed25519 for stock tools.
const SCHEMES: [Scheme; 2] = [Scheme::Sm2, Scheme::Ed25519];

/// The directory of keys in a data directory.
pub(crate) const DIRECTORY: &str = "keys";

/// A centre's signing keys.
pub(crate) struct Keys {
    signing: Vec<SigningKey>,
    /// Keys that were replaced, each with the size up to which it counts.
    ended: Vec<VerifierKey>,
}

impl Keys {
    /// Reads the centre's keys, and makes them the first time. Since a change of keys they have to be those that the log says.
    pub(crate) fn of(data: &Path, centre: &cases::Centre) -> anyhow::Result<Self> {
        let path = path(data, &centre.code);
        let ended = key_changes::ended(centre)?;
        if centre.log_keys.is_empty() {
            return Ok(Self { signing: first(&path, &centre.code)?, ended });
        }
        let is_theirs = |keys: &Vec<SigningKey>| texts(keys) == centre.log_keys;
        if let Some(signing) = secrets::read(&path)?.filter(is_theirs) {
            return Ok(Self { signing, ended });
        }
        // A change that was recorded, and interrupted before the new keys stood under their name.
        for next in nexts(data, &centre.code)? {
            if let Some(signing) = secrets::read(&next)?.filter(is_theirs) {
                match std::fs::rename(&next, &path) {
                    // Another process put them in place meanwhile.
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    renamed => renamed.with_context(|| format!("{} cannot be renamed", next.display()))?,
                }
                let directory = data.join(DIRECTORY);
                let synced = std::fs::File::open(&directory).and_then(|directory| directory.sync_all());
                synced.with_context(|| format!("{} cannot be synced", directory.display()))?;
                return Ok(Self { signing, ended });
            }
        }
        // Another process may have put them in place between the two looks.
        let signing = secrets::read(&path)?.filter(is_theirs).with_context(|| {
            format!(
                "{} does not hold the keys that the log says sign it: unless they are being changed just now (then try again), put back a copy of the right ones; if there is none, `yousu keys change lost`, with --old for what others pinned",
                path.display()
            )
        })?;
        Ok(Self { signing, ended })
    }

    /// New ones, beside those that count: they take their place once the log says so ([`Keys::of`], which has to have been called before: it
    /// leaves none behind that the log names).
    pub(crate) fn draw_next(data: &Path, centre: &CentreCode) -> anyhow::Result<Vec<SigningKey>> {
        for old in nexts(data, centre)? {
            std::fs::remove_file(&old).with_context(|| format!("{} cannot be removed", old.display()))?;
        }
        // A name of its own, so that nobody who found an earlier one puts this in place of it.
        let next = data.join(DIRECTORY).join(format!("{centre}.{}.next", uuid::Uuid::new_v4().simple()));
        Ok(secrets::make(&next, &origin(centre), &SCHEMES, draw)?)
    }

    /// Those that sign now.
    pub(crate) fn into_signing(self) -> Vec<SigningKey> {
        self.signing
    }

    /// The public keys, a line each, to be pinned by whoever checks: those that sign now, and those that ended.
    pub(crate) fn public(&self) -> Vec<String> {
        self.verifiers().iter().map(ToString::to_string).collect()
    }

    /// What checks that these keys signed, or the ones before them what they signed then.
    pub(crate) fn verifiers(&self) -> Vec<VerifierKey> {
        self.signing.iter().map(SigningKey::verifier).chain(self.ended.iter().cloned()).collect()
    }

    /// The checkpoint as a note with a line by each key.
    pub(crate) fn sign(&self, checkpoint: &Checkpoint) -> anyhow::Result<Note> {
        self.sign_text(checkpoint.text())
    }

    /// Any text as such a note. What the texts that are signed begin with tells them apart.
    pub(crate) fn sign_text(&self, text: String) -> anyhow::Result<Note> {
        signed(text, &self.signing)
    }
}

/// A text with a line by each of these keys.
pub(crate) fn signed<'k>(text: String, keys: impl IntoIterator<Item = &'k SigningKey>) -> anyhow::Result<Note> {
    let now = u64::try_from(clock::now().ms() / 1_000).unwrap_or(0);
    let signatures: Vec<_> = keys.into_iter().map(|key| key.sign(&text, now)).collect();
    let mut note = Note::new(text)?;
    signatures.into_iter().for_each(|signature| note.add(signature));
    Ok(note)
}

fn draw(bytes: &mut [u8; 32]) -> std::io::Result<()> {
    getrandom::fill(bytes).map_err(std::io::Error::other)
}

/// The keys of a log that never changed any.
fn first(path: &Path, centre: &CentreCode) -> anyhow::Result<Vec<SigningKey>> {
    if let Some(keys) = secrets::read(path)? {
        return Ok(keys);
    }
    let directory = path.parent().unwrap_or(Path::new("."));
    // What witnesses signed was signed by the log before them.
    let seen = directory.with_file_name(checkpoints::DIRECTORY).join(centre.as_str());
    anyhow::ensure!(
        !seen.exists(),
        "{} is gone, and this log was signed before ({}): put back a copy of it; if there is none, `yousu keys change lost --old FILE`, with the public keys that others pinned",
        path.display(),
        seen.display()
    );
    std::fs::create_dir_all(directory).with_context(|| format!("{} cannot be made", directory.display()))?;
    match secrets::make(path, &origin(centre), &SCHEMES, draw) {
        // Another process was faster: its keys are the ones.
        Err(SecretsError::File { source, .. }) if source.kind() == ErrorKind::AlreadyExists => {
            Ok(secrets::read(path)?.with_context(|| format!("{} is gone again", path.display()))?)
        }
        made => Ok(made?),
    }
}

/// Where a centre's keys stand.
pub(crate) fn path(data: &Path, centre: &CentreCode) -> PathBuf {
    data.join(DIRECTORY).join(format!("{centre}.secret"))
}

/// Where keys stand that were drawn for a change.
fn nexts(data: &Path, centre: &CentreCode) -> anyhow::Result<Vec<PathBuf>> {
    let directory = data.join(DIRECTORY);
    let entries = match std::fs::read_dir(&directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(|| format!("{} cannot be read", directory.display()))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("{} cannot be read", directory.display()))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.strip_prefix(centre.as_str()).is_some_and(|rest| rest.starts_with('.') && rest.ends_with(".next")) {
            found.push(path);
        }
    }
    Ok(found)
}

/// As the log keeps them.
pub(crate) fn texts(keys: &[SigningKey]) -> Vec<String> {
    keys.iter().map(|key| key.verifier().to_string()).collect()
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
