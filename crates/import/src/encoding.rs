//! Which encoding a text is in, found by decoding all of it; and reading it decoded.

use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder, DecoderResult, GB18030, UTF_8};
use sm3::{Digest as _, Sm3};

use crate::{Digest, Encoding, FileFault};

const CHUNK_BYTES: usize = 64 << 10;

/// Proof that a text is UTF-8 although it breaks further on: so many signs of three bytes do not come about by chance.
/// Otherwise a damaged UTF-8 file would go in as GB18030, in which almost any bytes are *some* text.
const ENOUGH_WIDE_SIGNS: u64 = 4;

const MEND_ENCODING: &str = "请用原系统重新导出，或另存为 UTF-8；编码已知时在映射的 file.encoding 中写明";
const CUT_OFF: &str = "文件在一个字的中间结束，可能被截断；请重新取得完整的文件";

/// What one pass over the file's bytes tells.
pub(crate) struct Scanned {
    pub(crate) hash: Digest,
    pub(crate) encoding: &'static encoding_rs::Encoding,
}

/// Hashes the file and settles its encoding. Nothing is kept of it.
pub(crate) fn scan(mut input: impl Read, wanted: Encoding) -> Result<Scanned, FileFault> {
    let mut hasher = Sm3::new();
    let mut trials = [Trial::new(UTF_8), Trial::new(GB18030)];
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut start = Vec::with_capacity(3);
    loop {
        let read = read_some(&mut input, &mut buffer)?;
        let bytes = &buffer[..read];
        start.extend(bytes.iter().take(3 - start.len().min(3)));
        hasher.update(bytes);
        trials.iter_mut().for_each(|trial| trial.feed(bytes, read == 0));
        if read == 0 {
            break;
        }
    }
    let encoding = settle(&start, &trials, wanted)?;
    Ok(Scanned { hash: Digest::finish(hasher), encoding })
}

fn settle(
    start: &[u8],
    [utf8, gb]: &[Trial; 2],
    wanted: Encoding,
) -> Result<&'static encoding_rs::Encoding, FileFault> {
    if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
        return Err(FileFault::Utf16);
    }
    let marked = start == [0xef, 0xbb, 0xbf];
    match (wanted, &utf8.fault, &gb.fault) {
        (Encoding::Auto | Encoding::Utf8, None, _) => Ok(UTF_8),
        (Encoding::Gb18030, _, None) => Ok(GB18030),
        (Encoding::Gb18030, _, Some(fault)) => Err(fault.named("GB18030", gb.fed)),
        (Encoding::Utf8, Some(fault), _) => Err(fault.named("UTF-8", utf8.fed)),
        (Encoding::Auto, Some(fault), _) if marked || utf8.wide_signs >= ENOUGH_WIDE_SIGNS => {
            Err(fault.named("UTF-8", utf8.fed))
        }
        (Encoding::Auto, Some(_), None) => Ok(GB18030),
        (Encoding::Auto, Some(_), Some(fault)) => Err(fault.named("UTF-8 或 GB18030", gb.fed)),
    }
}

/// One encoding tried on the file.
struct Trial {
    decoder: Decoder,
    decoded: Vec<u8>,
    fed: u64,
    lines: u64,
    wide_signs: u64,
    fault: Option<EncodingFault>,
}

struct EncodingFault {
    byte: u64,
    length: u64,
    line: u64,
}

impl EncodingFault {
    fn named(&self, encoding: &'static str, file_bytes: u64) -> FileFault {
        let remedy = if self.byte + self.length >= file_bytes { CUT_OFF } else { MEND_ENCODING };
        FileFault::Encoding { encoding, line: self.line, byte: self.byte + 1, remedy }
    }
}

impl Trial {
    fn new(encoding: &'static encoding_rs::Encoding) -> Self {
        let decoder = encoding.new_decoder_without_bom_handling();
        Self { decoder, decoded: vec![0; CHUNK_BYTES], fed: 0, lines: 1, wide_signs: 0, fault: None }
    }

    fn feed(&mut self, mut bytes: &[u8], last: bool) {
        while self.fault.is_none() {
            let (result, read, written) =
                self.decoder.decode_to_utf8_without_replacement(bytes, &mut self.decoded, last);
            let (done, rest) = bytes.split_at(read);
            let lines_before = self.lines;
            self.lines += count(done, |b| b == b'\n');
            self.wide_signs += count(&self.decoded[..written], |b| b & 0xf0 == 0xe0);
            let consumed = self.fed + read as u64;
            if let DecoderResult::Malformed(length, after) = result {
                let byte = consumed.saturating_sub(u64::from(length) + u64::from(after));
                let within = usize::try_from(byte.saturating_sub(self.fed)).unwrap_or(0).min(done.len());
                let line = lines_before + count(&done[..within], |b| b == b'\n');
                self.fault = Some(EncodingFault { byte, length: length.into(), line });
            }
            self.fed = consumed;
            bytes = rest;
            if matches!(result, DecoderResult::InputEmpty) {
                return;
            }
        }
        // The rest only tells how long the file is.
        self.fed += bytes.len() as u64;
    }
}

fn count(bytes: &[u8], what: impl Fn(u8) -> bool) -> u64 {
    bytes.iter().filter(|b| what(**b)).count() as u64
}

fn read_some(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// The file's text as UTF-8, without a byte-order mark, hashed as it passes.
pub(crate) struct Decoded<R> {
    input: R,
    decoder: Decoder,
    raw: Vec<u8>,
    text: Vec<u8>,
    hasher: Sm3,
    ended: bool,
}

impl<R: Read> Decoded<R> {
    pub(crate) fn new(input: R, encoding: &'static encoding_rs::Encoding) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        // A sign of two bytes becomes three at most; the decoder asks for a little more.
        let most = decoder.max_utf8_buffer_length(CHUNK_BYTES).unwrap_or(4 * CHUNK_BYTES);
        Self { input, decoder, raw: vec![0; CHUNK_BYTES], text: vec![0; most], hasher: Sm3::new(), ended: false }
    }

    /// The next piece; empty at the end.
    pub(crate) fn piece(&mut self) -> io::Result<&[u8]> {
        while !self.ended {
            let read = read_some(&mut self.input, &mut self.raw)?;
            let bytes = &self.raw[..read];
            self.hasher.update(bytes);
            self.ended = read == 0;
            let (result, _, written, _) = self.decoder.decode_to_utf8(bytes, &mut self.text, self.ended);
            debug_assert_eq!(result, CoderResult::InputEmpty, "the buffer holds the longest outcome");
            if written > 0 {
                return Ok(&self.text[..written]);
            }
        }
        Ok(&[])
    }

    /// The hash of all that was read.
    pub(crate) fn hash(&self) -> Digest {
        Digest::finish(self.hasher.clone())
    }
}
