//! `yousu-verify`: an evidence file and pinned keys in, a verdict and the case's history out. No network, no database, nothing else.
//!
//! Whoever runs it has the keys of the log from before, brought by a person, and need not trust the centre, its database or the
//! program that runs there. What is checked stands in `transparency`; what is said about it stands here.

mod attachments;
mod key_change;
mod receipt;
mod story;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use transparency::Checkpoint;
use transparency::evidence::{Earlier, Evidence};
use transparency::note::{Note, VerifierKey};
use transparency::receipt::Receipt;

/// 验证：一份证据文件证明了什么。
#[derive(Debug, Parser)]
#[command(name = "yousu-verify", version)]
struct Args {
    /// The evidence, as `yousu evidence` wrote it; may be left out with --receipt or --follow
    #[arg(required_unless_present_any = ["receipt", "follow"])]
    file: Option<PathBuf>,
    /// The pinned public keys: those of the log, and those of witnesses
    #[arg(long, value_name = "FILE")]
    keys: PathBuf,
    /// An earlier checkpoint that you kept: the evidence must go on from it; with a receipt alone, whether both can be of one log
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// The receipt (受理回执) that you were given when the appeal was accepted: the evidence must agree with it
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
    /// Puts the attachments (附件) that the evidence shows, opened, into this directory
    #[arg(long, value_name = "DIRECTORY", requires = "file")]
    attachments: Option<PathBuf>,
    /// So many cosignatures of witnesses are wanted
    #[arg(long, value_name = "N", default_value_t = 0)]
    quorum: usize,
    /// A statement (换钥声明) by which the log's keys change: prints the keys that are to be pinned from now on. With --quorum, so many witnesses
    /// must have cosigned it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["file", "receipt", "checkpoint", "attachments"])]
    follow: Option<PathBuf>,
    /// The statement revokes the old keys, and you asked the centre by another way whether it is its own
    #[arg(long, requires = "follow")]
    by_hand: bool,
}

/// What became of it.
enum Verdict {
    Proved(String),
    Not(String),
}

fn main() -> ExitCode {
    let args = Args::parse();
    match judge(&args) {
        Ok(Verdict::Proved(said)) => {
            print(&said);
            ExitCode::SUCCESS
        }
        Ok(Verdict::Not(why)) => {
            print(&format!("不成立：{}\n", story::plain(&why)));
            ExitCode::from(3)
        }
        Err(error) => {
            eprintln!("yousu-verify: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn print(text: &str) {
    use std::io::Write as _;
    // Whoever closed it early has seen enough.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

fn judge(args: &Args) -> anyhow::Result<Verdict> {
    let keys = String::from_utf8(read(&args.keys)?).context("the file of keys is no text")?;
    let lines = keys.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys = lines.map(VerifierKey::parse).collect::<Result<Vec<_>, _>>();
    let keys = keys.with_context(|| format!("{}: one public key a line is wanted", args.keys.display()))?;
    if let Some(path) = &args.follow {
        let followed = key_change::followed(&read(path)?, &keys, args.quorum, args.by_hand);
        return Ok(followed.map_or_else(Verdict::Not, Verdict::Proved));
    }
    let receipt = match &args.receipt {
        Some(path) => match receipt::signed(&read(path)?, &keys) {
            Ok(receipt) => Some(receipt),
            Err(why) => return Ok(Verdict::Not(why)),
        },
        None => None,
    };
    match (&args.file, receipt) {
        (Some(file), receipt) => of_evidence(args, file, &keys, receipt.as_ref()),
        (None, Some(receipt)) => {
            let kept =
                args.checkpoint.as_deref().map(|path| Ok::<_, anyhow::Error>((path, read(path)?))).transpose()?;
            let kept = kept.as_ref().map(|(path, bytes)| (*path, bytes.as_slice()));
            Ok(receipt::alone(&receipt, kept, &keys)?.map_or_else(Verdict::Not, Verdict::Proved))
        }
        (None, None) => anyhow::bail!("give an evidence file, or a receipt with --receipt"),
    }
}

fn of_evidence(args: &Args, file: &Path, keys: &[VerifierKey], receipt: Option<&Receipt>) -> anyhow::Result<Verdict> {
    let evidence = match Evidence::parse(&read(file)?) {
        Ok(evidence) => evidence,
        Err(error) => return Ok(Verdict::Not(format!("证据文件不完整或被改动（{error}）"))),
    };
    let mut verified = match evidence.verify(keys) {
        Ok(verified) => verified,
        Err(error) => return Ok(Verdict::Not(error.to_string())),
    };
    let cosigned = verified.witnesses().len();
    if cosigned < args.quorum {
        return Ok(Verdict::Not(format!("需要{}个见证方签名，只有{cosigned}个", args.quorum)));
    }
    if let Some(path) = &args.checkpoint {
        match goes_on_from(&evidence, path, keys)? {
            // What witnesses said to the reader counts before what the centre chose to show of them.
            Ok(kept) => verified.earlier = kept.or(verified.earlier.take()),
            Err(why) => return Ok(Verdict::Not(why)),
        }
    }
    let agrees = match receipt.map(|receipt| receipt::beside(receipt, receipt.beside(&evidence, &verified))) {
        Some(Err(why)) => return Ok(Verdict::Not(why)),
        agrees => agrees.and_then(Result::ok).unwrap_or_default(),
    };
    let kept = match &args.attachments {
        Some(dir) => attachments::keep(dir, &evidence, &verified).inspect_err(|_| {
            // What was proved is proved, wherever its files could not be put.
            print(&(agrees.clone() + &story::told(&evidence, &verified, &BTreeMap::new())));
        })?,
        None => BTreeMap::new(),
    };
    Ok(Verdict::Proved(agrees + &story::told(&evidence, &verified, &kept)))
}

/// Whether the evidence holds the proof that its checkpoint goes on from this one; and who signed this one, where that can be seen. It
/// was kept by whoever runs this, so it need not be signed at all.
fn goes_on_from(
    evidence: &Evidence,
    path: &Path,
    keys: &[VerifierKey],
) -> anyhow::Result<Result<Option<Earlier>, String>> {
    let told = || format!("{} is no checkpoint", path.display());
    let note = Note::parse(&read(path)?).with_context(told)?;
    let kept = Checkpoint::parse(note.text()).with_context(told)?;
    Ok(if evidence.shows(&kept) {
        let signers = note.verified_by(kept.size, keys).unwrap_or_default();
        let signers: Vec<_> = signers.into_iter().map(|(key, time)| (key.name().to_owned(), time)).collect();
        let is_timed =
            signers.iter().any(|(_, time)| time.is_some()) && signers.iter().any(|(name, _)| *name == kept.origin);
        Ok(is_timed.then_some(Earlier { size: kept.size, signers }))
    } else {
        Err(format!(
            "证据没有证明它接续您所存的检查点（{}条）：请让中心用 yousu evidence --since 您的检查点 重新出具；若仍不成立，日志已被改写",
            kept.size
        ))
    })
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}
