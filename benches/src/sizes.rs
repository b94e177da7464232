//! How large events are. The lengths follow 4,326 real messages and 2,816 real replies (quantiles in steps of five per cent,
//! bytes of UTF-8); what stands around a text is what an event of that type takes in a centre of the demo.

/// Message texts.
const NARRATIVE: [usize; 21] =
    [56, 182, 232, 283, 323, 358, 400, 446, 496, 554, 619, 696, 791, 889, 1012, 1183, 1378, 1721, 2256, 3324, 20650];
/// Reply texts.
const REPLY: [usize; 21] =
    [9, 85, 137, 226, 314, 393, 476, 549, 623, 688, 768, 841, 927, 1012, 1121, 1239, 1428, 1663, 1955, 2595, 22793];

/// The events of a case that takes ten: type, and bytes beside a text.
const CASE: [(&str, usize, Option<&[usize; 21]>); 10] = [
    ("accepted", 860, Some(&NARRATIVE)),
    ("classified", 420, None),
    ("submitted", 681, None),
    ("dispatched", 1025, None),
    ("signed_for", 412, None),
    ("result_reported", 600, Some(&REPLY)),
    ("quality_checked", 836, None),
    ("called_back", 618, None),
    ("fed_back", 627, None),
    ("closed", 400, None),
];

pub(crate) const EVENTS_A_CASE: u64 = CASE.len() as u64;

/// A small deterministic source of chance (SplitMix64).
pub(crate) fn scatter(n: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The `n`th event of the `case`th case: its type and its bytes, the same in every run.
pub(crate) fn event(case: u64, n: u64) -> (&'static str, Vec<u8>) {
    let (kind, around, text) = parts(case, n);
    (kind, body(around + text.unwrap_or(0)))
}

/// Its type, the bytes around its text, and those of the text, where it has one.
pub(crate) fn parts(case: u64, n: u64) -> (&'static str, usize, Option<usize>) {
    let (kind, around, text) = CASE[usize::try_from(n % EVENTS_A_CASE).unwrap_or(0)];
    (kind, around, text.map(|quantiles| quantile(quantiles, scatter(case))))
}

/// Bytes of the `n`th message's text.
pub(crate) fn narrative_bytes(n: u64) -> usize {
    quantile(&NARRATIVE, scatter(n))
}

/// Bytes of the `n`th reply's text.
pub(crate) fn reply_bytes(n: u64) -> usize {
    quantile(&REPLY, scatter(n))
}

/// Between two quantiles, linearly.
fn quantile(quantiles: &[usize; 21], chance: u64) -> usize {
    let (step, share) =
        (usize::try_from(chance % 20).unwrap_or(0), usize::try_from((chance >> 32) % 1_000).unwrap_or(0));
    let (low, high) = (quantiles[step], quantiles[step + 1]);
    low + (high - low) * share / 1_000
}

/// A body of about so many bytes that the log takes: public part and no sealed field.
pub(crate) fn body(bytes: usize) -> Vec<u8> {
    const FRAME: usize = r#"{"public":{"text":""},"sealed":[]}"#.len();
    let text: String = std::iter::repeat_n("诉求已转办。", bytes.saturating_sub(FRAME) / 18 + 1).collect();
    format!(r#"{{"public":{{"text":"{text}"}},"sealed":[]}}"#).into_bytes()
}
