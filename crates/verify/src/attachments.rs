//! Attachments (附件) of the case: what is said of those that were shown, and where they are put.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use cases::CaseEvent;
use cases::case::intake::attachment_added::AttachmentAdded;
use transparency::Hash;
use transparency::evidence::{Evidence, OpenedAttachment, Proven, Verified};

use crate::story::{WITHHELD, plain, read};

/// So many bytes of a name go into a file's: systems take 255.
const NAME_BYTES: usize = 200;

/// Puts what was shown into this directory, which is made if it is not there, and says where; a file that is there already is left alone.
pub(crate) fn keep(dir: &Path, evidence: &Evidence, verified: &Verified) -> anyhow::Result<BTreeMap<u64, PathBuf>> {
    std::fs::create_dir_all(dir).with_context(|| format!("{} cannot be made", dir.display()))?;
    let mut kept = BTreeMap::new();
    for OpenedAttachment { version, bytes } in &verified.attachments {
        if kept.contains_key(version) {
            continue;
        }
        let event = evidence.events.iter().find(|event| event.version == *version);
        let named = event.and_then(|event| named(event, verified));
        let path = dir.join(file_name(*version, named.as_ref().map(|named| named.name.text())));
        let mut file = std::fs::File::create_new(&path).with_context(|| {
            format!("{} cannot be made: if it is there already, give another directory", path.display())
        })?;
        file.write_all(bytes).with_context(|| format!("{} cannot be written", path.display()))?;
        kept.insert(*version, path);
    }
    Ok(kept)
}

/// What is said of the attachment that this event names, if it names one.
pub(crate) fn told(event: &Proven, verified: &Verified, kept: &BTreeMap<u64, PathBuf>) -> String {
    let mut text = String::new();
    let named = named(event, verified);
    let Some(OpenedAttachment { bytes, .. }) =
        verified.attachments.iter().find(|opened| opened.version == event.version)
    else {
        return if named.is_some() { format!("      附件内容：{WITHHELD}\n") } else { text };
    };
    let put = kept
        .get(&event.version)
        .map_or_else(|| "，可用 --attachments 目录 取出".to_owned(), |path| format!("，已存为 {}", path.display()));
    let (size, hash) = (bytes.len(), Hash::of(bytes));
    // Writing to a String cannot fail.
    let _ = writeln!(text, "      附件内容：与登记的哈希一致，{size}字节，原件SM3 {hash}{put}");
    if let Some(AttachmentAdded { size_bytes, .. }) = named.filter(|named| named.size_bytes != bytes.len() as u64) {
        let _ = writeln!(text, "      注意：登记的大小是{size_bytes}字节，与内容不符。");
    }
    text
}

fn named(event: &Proven, verified: &Verified) -> Option<AttachmentAdded> {
    match read(event, verified).ok()?.event {
        CaseEvent::AttachmentAdded(named) => Some(*named),
        _ => None,
    }
}

/// A name that leads nowhere else and hides nothing: the step's number first, and of the name as given what is a letter, a digit, or one of
/// `-`, `_` and `.`.
fn file_name(version: u64, name: Option<&str>) -> String {
    let name = name.filter(|name| *name != WITHHELD).map(plain).unwrap_or_default();
    let safe = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let name: String = name.chars().map(safe).collect();
    // The end, where a longer one is cut: it says of what type the file is.
    let kept = name.char_indices().map(|(at, _)| at).find(|at| name.len() - at <= NAME_BYTES);
    let name = &name[kept.unwrap_or(name.len())..];
    if name.is_empty() { version.to_string() } else { format!("{version}-{name}") }
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn a_name_leads_nowhere_else() {
        for (name, wanted) in [
            (Some("现场照片.jpg"), "3-现场照片.jpg"),
            (Some("../../etc/passwd"), "3-.._.._etc_passwd"),
            (Some("a\u{202e}gpj.exe\n"), "3-a_gpj.exe_"),
            (Some(""), "3"),
            (Some("（未出示）"), "3"),
            (None, "3"),
        ] {
            assert_eq!(file_name(3, name), wanted, "{name:?}");
        }
        let long = file_name(12, Some(&format!("{}.pdf", "长".repeat(200))));
        assert_eq!((long.len(), long.ends_with("长.pdf")), ("12-".len() + 199, true));
    }
}
