//! 换钥声明: the keys to pin from now on, or why the statement is not followed.

use transparency::key_change::{KeyChange, KeyChangeError};
use transparency::note::{Note, VerifierKey};

/// The pinned keys after a statement, one a line.
pub(crate) fn followed(bytes: &[u8], keys: &[VerifierKey], quorum: usize, by_hand: bool) -> Result<String, String> {
    let note = Note::parse(bytes).map_err(KeyChangeError::from);
    let followed = note.and_then(|note| KeyChange::followed(&note, keys, quorum, by_hand));
    followed.map(|keys| keys.iter().map(|key| format!("{key}\n")).collect()).map_err(|why| said(&why))
}

fn said(why: &KeyChangeError) -> String {
    match why {
        KeyChangeError::Line { .. } | KeyChangeError::Note(_) | KeyChangeError::Key(_) => {
            format!("换钥声明不完整或被改动（{why}）")
        }
        KeyChangeError::Unsigned(key) => format!("换钥声明缺少应有的签名：{key}"),
        KeyChangeError::NotFromHere(origin) => format!(
            "您所存的{origin}的密钥，与此声明接不上：中间少了一份声明，或已接续另一份，或此声明出自他人；请向中心索取全部换钥声明，逐份接续"
        ),
        KeyChangeError::ByHand(origin) => {
            format!("此声明没有{origin}旧密钥的签名，任何人都能写出：请另以其他途径向中心核实，属实再加 --by-hand")
        }
        KeyChangeError::Quorum { wanted, found } => format!("需要{wanted}个见证方签名，只有{found}个"),
    }
}
