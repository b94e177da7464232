//! A copy of a log (存证副本): every leaf that was cosigned here, as it was hashed.
//!
//! ```text
//! leaves/00000000     the first 4,096 leaves, one after the other, as transparency::leaves writes them; 00000001 the next …
//! leaves/reached      how many bytes of the last of these files count, and the tree over all leaves
//! leaves/checkpoint   the last cosigned checkpoint of which every leaf is here
//! ```
//!
//! A leaf is taken only if it belongs to a tree that this witness cosigned. What is written is on the disk before `reached` says that
//! it is there; what lies beyond was cut off by a crash, and is written again.

mod check;
mod evidence;

use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use transparency::Checkpoint;
use transparency::leaves::{Leaf, LeavesError, Upload};
use transparency::note::{Note, VerifierKey};
use transparency::tree::Frontier;

use crate::error::StoreError;
use crate::store::{cosigned, failed, replace, sync};

pub use check::{Altered, Checked, Unsound, What, check};
pub use evidence::{Unproven, evidence};

/// Leaves in one file.
const FILE_LEAVES: u64 = 4_096;

/// The largest length of a header or a body that is believed when a file is read.
const PART_LIMIT_BYTES: u64 = 16 << 20;

/// A log's copy.
#[derive(Debug)]
pub struct Mirror {
    directory: PathBuf,
    tree: Frontier,
    /// So many bytes of the last file count.
    offset: u64,
    checkpoint: Option<(Note, Checkpoint)>,
}

/// How far a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// How many leaves are held.
    pub held: u64,
    /// The size that was cosigned last; 0 if none was.
    pub seen: u64,
}

/// Why leaves are not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// No copy of this log is kept.
    #[error("no copy of this log is kept here")]
    NoCopy,
    /// What is held is not what was written.
    #[error("the copy that is kept here is damaged: whoever runs this witness has to run `yousu-witness check`")]
    Damaged,
    /// What is left of the disk is kept for cosigning.
    #[error(
        "the witness's disk is nearly full, and what is left of it is kept for cosigning: whoever runs the witness has to make room"
    )]
    NoRoom,
    /// They do not follow what is held, or are of another tree than the one that was cosigned last.
    #[error("{} leaves are held here, of a tree of {}", .0.held, .0.seen)]
    Elsewhere(Held),
    /// They are not what was cosigned.
    #[error(transparent)]
    Other(#[from] LeavesError),
}

impl Mirror {
    /// The copy of this origin's log in this directory, which need not be there yet. Its checkpoint is believed by the signatures of the
    /// witness's own keys.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read, or is not what was written.
    pub fn open(directory: &Path, origin: &str, own: &[VerifierKey]) -> Result<Self, StoreError> {
        let directory = directory.to_owned();
        // First, for a service may go on beside this: what it says is held then.
        let checkpoint = cosigned(&directory.join("checkpoint"), origin, own)?;
        let path = directory.join("reached");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return if checkpoint.is_some() || directory.join(file_name(0)).exists() {
                    Err(damaged(&path, "it is gone, and leaves are there"))
                } else {
                    Ok(Self { directory, tree: Frontier::default(), offset: 0, checkpoint })
                };
            }
            Err(error) => return Err(failed(&path, "read")(error)),
        };
        let reached = text.split_once('\n').and_then(|(offset, tree)| {
            let tree = Frontier::decode(&STANDARD.decode(tree.trim_end()).ok()?).ok()?;
            Some((offset.parse().ok()?, tree))
        });
        let Some((offset, tree)) = reached else {
            return Err(damaged(&path, "an offset and a tree are wanted"));
        };
        let mirror = Self { directory, tree, offset, checkpoint };
        if mirror.checkpoint().is_some_and(|(_, said)| said.size == mirror.held() && said.root != mirror.tree.root()) {
            return Err(damaged(&path, "its tree is not that of the checkpoint"));
        }
        Ok(mirror)
    }

    /// How many leaves are held.
    pub fn held(&self) -> u64 {
        self.tree.size()
    }

    /// The last cosigned checkpoint of which every leaf is held.
    pub fn checkpoint(&self) -> Option<&(Note, Checkpoint)> {
        self.checkpoint.as_ref()
    }

    /// Sees that leaves can be put behind what is held: every file is there, and the last one ends where it did.
    ///
    /// # Errors
    /// [`StoreError::Copy`] if not.
    pub fn can_go_on(&self) -> Result<(), StoreError> {
        let Some(last) = self.held().checked_sub(1) else { return Ok(()) };
        let last = last / FILE_LEAVES;
        let mut earlier = (0..last).map(|number| self.directory.join(file_name(number)));
        if let Some(path) = earlier.find(|path| !path.exists()) {
            return Err(damaged(&path, "it is gone"));
        }
        let end = self.leaves_from(last).map(|leaf| leaf.map(|leaf| leaf.encoded_len())).sum::<Result<u64, _>>()?;
        let path = self.directory.join(file_name(last));
        if end == self.offset { Ok(()) } else { Err(damaged(&path, "it does not end where it did")) }
    }

    /// Takes leaves of the tree that was cosigned last. They are on the disk once this returns.
    ///
    /// # Errors
    /// [`StoreError`]: then it has to be opened again, for nobody knows how far it came.
    pub fn take(&mut self, upload: &Upload, seen: &Checkpoint) -> Result<Result<(), NotTaken>, StoreError> {
        if (upload.from, upload.size) != (self.held(), seen.size) {
            return Ok(Err(NotTaken::Elsewhere(Held { held: self.held(), seen: seen.size })));
        }
        let tree = match upload.grown(&self.tree, seen) {
            Ok(tree) => tree,
            Err(error) => return Ok(Err(error.into())),
        };
        if !upload.leaves.is_empty() {
            self.begin()?;
            let offset = self.write(&upload.leaves)?;
            self.reach(tree, offset)?;
        }
        Ok(Ok(()))
    }

    /// Makes the directory, and says in it that it holds nothing yet: leaves without a word of how far they go are damage.
    fn begin(&mut self) -> Result<(), StoreError> {
        if is_kept(&self.directory) {
            return Ok(());
        }
        fs::create_dir_all(&self.directory).map_err(failed(&self.directory, "made"))?;
        sync(self.directory.parent().unwrap_or(&self.directory))?;
        self.reach(Frontier::default(), 0)
    }

    fn reach(&mut self, tree: Frontier, offset: u64) -> Result<(), StoreError> {
        let reached = format!("{offset}\n{}\n", STANDARD.encode(tree.encode()));
        replace(&self.directory.join("reached"), reached.as_bytes())?;
        (self.tree, self.offset) = (tree, offset);
        Ok(())
    }

    /// Writes leaves behind those that are held, and answers where the last file ends then.
    fn write(&self, leaves: &[Leaf]) -> Result<u64, StoreError> {
        let (mut held, mut rest, mut end) = (self.held(), leaves, self.offset);
        while !rest.is_empty() {
            let (number, room) = (held / FILE_LEAVES, FILE_LEAVES - held % FILE_LEAVES);
            let (here, after) = rest.split_at(usize::try_from(room).unwrap_or(usize::MAX).min(rest.len()));
            let start = if held.is_multiple_of(FILE_LEAVES) { 0 } else { end };
            let mut bytes = Vec::new();
            here.iter().for_each(|leaf| leaf.encode_into(&mut bytes));
            let path = self.directory.join(file_name(number));
            append(&path, start, &bytes).map_err(failed(&path, "written"))?;
            end = start + bytes.len() as u64;
            (held, rest) = (held + here.len() as u64, after);
        }
        sync(&self.directory)?;
        Ok(end)
    }

    /// Keeps this checkpoint, if every leaf of its tree is held and the one that is kept is another.
    pub(crate) fn keep(&mut self, note: Note, seen: &Checkpoint) -> Result<(), StoreError> {
        if (self.held(), self.tree.root()) != (seen.size, seen.root) {
            return Err(damaged(&self.directory, "its leaves are not those of the checkpoint that was cosigned"));
        }
        self.begin()?;
        replace(&self.directory.join("checkpoint"), note.to_string().as_bytes())?;
        self.checkpoint = Some((note, seen.clone()));
        Ok(())
    }

    /// The leaves from the first on. One that cannot be read is the last.
    pub fn leaves(&self) -> impl Iterator<Item = Result<Leaf, StoreError>> {
        self.leaves_from(0)
    }

    /// Those from this file on.
    fn leaves_from(&self, number: u64) -> impl Iterator<Item = Result<Leaf, StoreError>> {
        let (mut next, mut open, mut has_failed) = (number * FILE_LEAVES, None, false);
        std::iter::from_fn(move || {
            if next == self.held() || has_failed {
                return None;
            }
            let path = self.directory.join(file_name(next / FILE_LEAVES));
            let mut read = || {
                if next.is_multiple_of(FILE_LEAVES) {
                    open = Some(BufReader::new(File::open(&path)?));
                }
                next += 1;
                open.as_mut().map_or_else(|| Err(ErrorKind::NotFound.into()), read_leaf)
            };
            let leaf = read().map_err(|error| match error.kind() {
                ErrorKind::UnexpectedEof | ErrorKind::InvalidData | ErrorKind::NotFound => {
                    damaged(&path, "leaves that were kept in it are not there")
                }
                _ => failed(&path, "read")(error),
            });
            has_failed = leaf.is_err();
            Some(leaf)
        })
    }

    /// Whether the file with the leaf at this position, the last in it or of all, ends after so many bytes, as it should.
    fn ends(&self, position: u64, bytes: u64) -> Result<bool, StoreError> {
        if position == self.held() {
            // What lies behind was being written when the process was killed.
            return Ok(bytes == self.offset);
        }
        let path = self.directory.join(file_name((position - 1) / FILE_LEAVES));
        Ok(fs::metadata(&path).map_err(failed(&path, "read"))?.len() == bytes)
    }
}

/// Whether a log has a copy here, or what is left of one.
pub(crate) fn is_kept(directory: &Path) -> bool {
    ["reached", "checkpoint", &file_name(0)].iter().any(|name| directory.join(name).exists())
}

/// Number of a file: easy to sort.
fn file_name(number: u64) -> String {
    format!("{number:08}")
}

/// Puts bytes at this place of a file, which ends with them then.
fn append(path: &Path, start: u64, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::options().create(true).truncate(false).write(true).open(path)?;
    if file.metadata()?.len() < start {
        return Err(io::Error::other("it is shorter than it was: put it back as it was"));
    }
    // What lies beyond was being written when the process was killed.
    file.set_len(start)?;
    file.seek(SeekFrom::Start(start))?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn read_leaf(from: &mut BufReader<File>) -> io::Result<Leaf> {
    let mut part = || -> io::Result<Vec<u8>> {
        let mut length = [0; 4];
        from.read_exact(&mut length)?;
        let length = u64::from(u32::from_be_bytes(length));
        if length > PART_LIMIT_BYTES {
            return Err(ErrorKind::InvalidData.into());
        }
        let mut bytes = Vec::new();
        let read = from.take(length).read_to_end(&mut bytes)?;
        if read as u64 == length { Ok(bytes) } else { Err(ErrorKind::UnexpectedEof.into()) }
    };
    Ok(Leaf { header: part()?, body: part()? })
}

fn damaged(path: &Path, why: &str) -> StoreError {
    StoreError::Copy { path: path.to_owned(), why: why.to_owned() }
}
