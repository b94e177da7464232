//! Secret keys in a file, a line each: the one place of this crate that touches a disk, because the log and those who watch it
//! have to do it alike.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::{KeyError, Scheme, SigningKey};

/// What is written above them, for whoever opens the file by hand.
const WARNING: &str =
    "# Secret: whoever reads these lines can sign in this name. Never in a mail, never in a copy of the log.\n";

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The file cannot be read or made.
    #[error("{} cannot be {action}: see that the directory exists and belongs to the user who runs this program", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What was tried, as in "read".
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Others may have read it.
    #[error("{} can be read by others (mode {mode:o}): run `chmod 600` on it, and if somebody may have read it, replace the keys", path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A line is no key, or there is none.
    #[error("{} holds no secret keys, or a line that is none: put back a copy", path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// What is wrong with the line.
        source: Option<KeyError>,
    },
}

/// Reads the keys; none if there is no such file.
///
/// # Errors
/// [`SecretsError`], which never holds anything of a secret.
pub fn read(path: &Path) -> Result<Option<Vec<SigningKey>>, SecretsError> {
    let failed = |source| SecretsError::File { path: path.to_owned(), action: "read", source };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mode = mode(&file).map_err(failed)?;
    if mode & 0o077 != 0 {
        return Err(SecretsError::Open { path: path.to_owned(), mode });
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(failed)?;
    let content = |source| SecretsError::Content { path: path.to_owned(), source };
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys = lines.map(SigningKey::parse_secret).collect::<Result<Vec<_>, _>>();
    let keys = keys.map_err(|error| content(Some(error)))?;
    if keys.is_empty() { Err(content(None)) } else { Ok(Some(keys)) }
}

/// Makes keys of these kinds and a file for them, whole or not at all. `draw` fills bytes at random.
///
/// # Errors
/// [`SecretsError::File`]; also if the file is there already, or `draw` fails.
pub fn make(
    path: &Path,
    name: &str,
    schemes: &[Scheme],
    mut draw: impl FnMut(&mut [u8; 32]) -> io::Result<()>,
) -> Result<Vec<SigningKey>, SecretsError> {
    let failed = |source| SecretsError::File { path: path.to_owned(), action: "made", source };
    let mut keys = Vec::with_capacity(schemes.len());
    for scheme in schemes {
        let mut secret = [0; 32];
        draw(&mut secret).map_err(failed)?;
        let key = SigningKey::new(name, *scheme, &secret);
        keys.push(key.map_err(|source| SecretsError::Content { path: path.to_owned(), source: Some(source) })?);
    }
    let lines: String = keys.iter().map(|key| key.secret_text() + "\n").collect();
    // Under its own name only once it is whole: half a file would be taken for lost keys. By a link, which never takes the place
    // of keys that another process made meanwhile.
    let half = path.with_extension(format!("{}.new", std::process::id()));
    let write = || {
        match std::fs::remove_file(&half) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = create_private(&half)?;
        file.write_all(WARNING.as_bytes())?;
        file.write_all(lines.as_bytes())?;
        file.sync_all()?;
        let linked = std::fs::hard_link(&half, path);
        std::fs::remove_file(&half)?;
        linked?;
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
    };
    write().map_err(failed)?;
    Ok(keys)
}

/// Makes a file that only its owner may read; an error if it is there.
///
/// # Errors
/// What the system says.
#[cfg(unix)]
pub fn create_private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

/// Makes a file, as private as its directory; an error if it is there.
///
/// # Errors
/// What the system says.
#[cfg(not(unix))]
pub fn create_private(path: &Path) -> io::Result<File> {
    File::create_new(path)
}

/// Who may do what with a file, as `chmod` has it.
///
/// # Errors
/// What the system says.
#[cfg(unix)]
pub fn mode(file: &File) -> io::Result<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(file.metadata()?.permissions().mode() & 0o777)
}

/// Elsewhere the directory's own permissions have to do.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn mode(_: &File) -> io::Result<u32> {
    Ok(0o600)
}
