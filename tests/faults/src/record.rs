//! What the shim wrote down: every call as it began, and its return, in one order for all threads.

use std::{collections::BTreeMap, path::Path, str::SplitAsciiWhitespace};

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
pub(crate) fn entries(mut text: &[u8]) -> anyhow::Result<Vec<Entry<'_>>> {
    let mut entries = Vec::new();
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
    }
    Ok(entries)
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
