//! What is said of a receipt (受理回执), alone and beside what else the log signed.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use transparency::evidence::signed_checkpoint;
use transparency::note::{Note, VerifierKey};
use transparency::receipt::{Beside, Conflict, Receipt};

use crate::story::{minute, plain};

/// The receipt in these bytes, if the log signed it.
pub(crate) fn signed(bytes: &[u8], keys: &[VerifierKey]) -> Result<Receipt, String> {
    let note = Note::parse(bytes).map_err(|error| format!("回执不完整或被改动（{error}）"))?;
    Receipt::signed(&note, keys).map_err(|error| format!("回执无效（{error}）"))
}

/// Without evidence: what it says, and whether a checkpoint that somebody kept can be of the same log.
pub(crate) fn alone(
    receipt: &Receipt,
    kept: Option<(&Path, &[u8])>,
    keys: &[VerifierKey],
) -> anyhow::Result<Result<String, String>> {
    let Some((path, bytes)) = kept else { return Ok(Ok(told(receipt))) };
    let told = || format!("{} is no checkpoint", path.display());
    let note = Note::parse(bytes).with_context(told)?;
    Ok(match signed_checkpoint(&note, keys) {
        Ok((checkpoint, signers)) => beside(receipt, receipt.beside_checkpoint(&checkpoint, &signers)),
        Err(error) => Err(format!("检查点无效（{error}）")),
    })
}

/// What it comes to beside something else.
pub(crate) fn beside(receipt: &Receipt, beside: Beside) -> Result<String, String> {
    const PROVES: &str =
        "两者都有中心的签名，不可能同属一份日志：这证明中心签署过两份不同的历史。请把两份文件原样交给纪检监察机关";
    let conflict = |what: &str| Err(format!("回执与此冲突：{what}。{PROVES}"));
    let (number, position) = (plain(&receipt.number), receipt.position);
    let more = match beside {
        Beside::Agrees => "回执与证据相符：日志在该处就是这条受理记录。",
        Beside::Earlier => "注意：所给文件早于回执，说明不了这件诉求是否仍在日志中。请索取更新的检查点或证据。",
        Beside::Silent => "注意：所给文件没有涉及这件诉求。请向中心索取本案的证据（yousu evidence）再核对。",
        Beside::OtherLog => return Err("回执与所给文件不属于同一个中心的日志".to_owned()),
        Beside::Conflicts(Conflict::OtherLeaf) => {
            return conflict(&format!("日志第{position}条是另一条记录，不是{number}的受理"));
        }
        Beside::Conflicts(Conflict::OtherPlace { position: other }) => {
            return conflict(&format!("{number}在日志中从第{other}条开始，不是第{position}条"));
        }
        Beside::Conflicts(Conflict::Gone { seconds }) => {
            let seen =
                minute(i64::try_from(seconds).ok().and_then(|seconds| seconds.checked_mul(1_000)).unwrap_or(i64::MAX));
            let recorded = minute(receipt.recorded_ms);
            return conflict(&format!("{recorded}已记录为第{position}条的受理，在{seen}经见证的日志中还没有"));
        }
    };
    Ok(told(receipt) + more + "\n")
}

fn told(receipt: &Receipt) -> String {
    let Receipt { origin, case, number, position, recorded_ms, .. } = receipt;
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "回执有效：{}的日志于{}受理诉求 {}（案件 {case}），记为第{position}条，有中心的签名。",
        plain(origin),
        minute(*recorded_ms),
        plain(number)
    );
    text
}
