//! What the shim wrote down: every call as it began, and its return, in one order for all threads.

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io::{ErrorKind, Write as _},
    os::unix::fs::{FileExt as _, MetadataExt as _},
    path::Path,
    str::SplitAsciiWhitespace,
};

use anyhow::{Context as _, bail};

/// One line of a record.
#[derive(Debug)]
pub(crate) enum Entry<'a> {
    Begun(Call<'a>),
    /// `inode` only where a file was opened.
    Returned {
        id: u64,
        result: i64,
        inode: u64,
    },
    Spoiled,
}

/// A call as it began.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) id: u64,
    /// As the shim names it; `answer` is bytes to a socket or to standard output.
    pub(crate) name: &'a str,
    /// Of the file, where it was open; the descriptor of an answer.
    pub(crate) inode: u64,
    pub(crate) offset: u64,
    /// How much was to be read or written; the flags of an `open`.
    pub(crate) length: u64,
    /// Relative to the directory.
    pub(crate) file: &'a str,
    pub(crate) payload: &'a [u8],
}

/// Reads a record. One whose program was killed may end in the middle of a line: nothing follows from that line.
pub(crate) fn entries(text: &[u8]) -> anyhow::Result<Vec<Entry<'_>>> {
    parse(text).map(|(entries, _)| entries)
}

/// The entries, and how many bytes of whole lines they are.
fn parse(all: &[u8]) -> anyhow::Result<(Vec<Entry<'_>>, usize)> {
    let (mut entries, mut text, mut whole) = (Vec::new(), all, 0);
    while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
        let (line, rest) = (std::str::from_utf8(&text[..end])?, &text[end + 1..]);
        let mut words = line.split_ascii_whitespace();
        text = rest;
        entries.push(match words.next() {
            Some("b") => {
                let id = number(&mut words)?;
                let name = words.next().context("a call has a name")?;
                let (inode, offset) = (number(&mut words)?, number(&mut words)?);
                let length = number(&mut words)?;
                let (file_bytes, payload_bytes): (usize, usize) = (number(&mut words)?, number(&mut words)?);
                let Some((file, rest)) = text.split_at_checked(file_bytes) else { break };
                let Some((payload, rest)) = rest.split_at_checked(payload_bytes) else { break };
                text = rest;
                Entry::Begun(Call { id, name, inode, offset, length, file: std::str::from_utf8(file)?, payload })
            }
            Some("e") => {
                Entry::Returned { id: number(&mut words)?, result: number(&mut words)?, inode: number(&mut words)? }
            }
            Some("h") => Entry::Spoiled,
            _ => bail!("`{line}` is no line of a record"),
        });
        whole = all.len() - text.len();
    }
    Ok((entries, whole))
}

/// Closes a record after its program has ended: what became of the calls that never returned is looked up in `dir`, so that what the
/// next program does comes after them. Else a write that was under way when the program died could come back, at a power cut long
/// after, over what was written to the same place since. Says which calls these were.
pub(crate) fn settle(record: &Path, dir: &Path) -> anyhow::Result<Vec<String>> {
    let text = std::fs::read(record)?;
    let (entries, whole) = parse(&text)?;
    let mut under_way = BTreeMap::new();
    for entry in &entries {
        match entry {
            Entry::Begun(call) if call.name != "answer" => drop(under_way.insert(call.id, call)),
            Entry::Returned { id, .. } => drop(under_way.remove(id)),
            Entry::Begun(_) | Entry::Spoiled => {}
        }
    }
    let mut file = OpenOptions::new().append(true).open(record)?;
    // What begins in half a line would be taken for its rest.
    file.set_len(whole as u64)?;
    for call in under_way.values() {
        let (result, inode) = outcome(call, dir)?;
        writeln!(file, "e {} {result} {inode}", call.id)?;
    }
    Ok(under_way.values().map(|call| format!("{} of {}", call.name, call.file)).collect())
}

/// What a call that nobody heard the end of did, as its return would have said it: a result, and the inode of a file that was opened.
fn outcome(call: &Call<'_>, dir: &Path) -> anyhow::Result<(i64, u64)> {
    let path = dir.join(call.file);
    let about = match path.metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        about => Some(about?),
    };
    let result = match (call.name, &about) {
        ("unlink" | "rename", None) => 0,
        ("open", Some(_)) => 0,
        ("ftruncate", Some(about)) if about.len() == call.offset => 0,
        ("write" | "pwrite", Some(about)) if about.ino() == call.inode => {
            let mut there = vec![0; call.payload.len()];
            let mut read = 0;
            let file = std::fs::File::open(&path)?;
            while let more @ 1.. = file.read_at(&mut there[read..], call.offset + read as u64)? {
                read += more;
            }
            let same = there[..read].iter().zip(call.payload).take_while(|(there, written)| there == written).count();
            if same == 0 { -1 } else { i64::try_from(same)? }
        }
        // Of a sync that nobody heard of nothing follows.
        _ => -1,
    };
    Ok((result, about.filter(|_| call.name == "open").map_or(0, |about| about.ino())))
}

fn number<T: std::str::FromStr>(words: &mut SplitAsciiWhitespace<'_>) -> anyhow::Result<T> {
    words.next().and_then(|word| word.parse().ok()).context("a number stands here")
}

/// How often each call was made, and how many of them were spoiled.
pub(crate) fn counts(record: &Path) -> anyhow::Result<(BTreeMap<String, u64>, u64)> {
    let text = std::fs::read(record).with_context(|| format!("{} is a record", record.display()))?;
    let (mut counts, mut spoiled) = (BTreeMap::new(), 0);
    for entry in entries(&text)? {
        match entry {
            Entry::Begun(call) if call.name != "answer" => *counts.entry(call.name.to_owned()).or_default() += 1,
            Entry::Spoiled => spoiled += 1,
            _ => {}
        }
    }
    Ok((counts, spoiled))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was under way when a program was killed: a write that came half way, one that never began, an unlink, and half a line.
    #[test]
    fn what_was_under_way_is_looked_up_where_it_should_have_gone() {
        let dir = tempfile::TempDir::new().unwrap();
        std::fs::write(dir.path().join("wal"), b"0123abgh").unwrap();
        let inode = dir.path().join("wal").metadata().unwrap().ino();
        let record = dir.path().join("record");
        let lines = [
            "b 1 unlink 0 0 0 4 0\ngone".to_owned(),
            format!("b 2 pwrite {inode} 0 4 3 4\nwal0123"),
            "e 2 4 0\n".to_owned(),
            format!("b 3 pwrite {inode} 4 4 3 4\nwalabcd"),
            format!("b 4 pwrite {inode} 8 4 3 4\nwalefgh"),
            format!("b 5 fdatasync {inode} 0 0 3 0\nwal"),
            "b 6 answer 1 0 4 0 4\n{}{}".to_owned(),
        ];
        std::fs::write(&record, lines.concat() + "b 7 pwrite 1 0 4000 3 4000\nwal half").unwrap();
        let settled = settle(&record, dir.path()).unwrap();
        assert_eq!(settled, ["unlink of gone", "pwrite of wal", "pwrite of wal", "fdatasync of wal"]);
        let text = std::fs::read_to_string(&record).unwrap();
        assert_eq!(text, lines.concat() + "e 1 0 0\ne 3 2 0\ne 4 -1 0\ne 5 -1 0\n");
        assert!(settle(&record, dir.path()).unwrap().is_empty());
    }
}
