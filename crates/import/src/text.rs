//! Undoing the packing of a text, and the form in which two texts are compared.

use std::borrow::Cow;

/// What spreadsheets write for a carriage return that XML cannot hold; exports leave it standing.
const ESCAPED_RETURN: &str = "_x000D_";

/// The text without its packing: each line without the white space around it, no blank lines, NBSP and tabs as spaces,
/// runs of spaces as one, invisible marks of web pages gone. Full-width spaces within a line stay; they part paragraphs.
pub fn clean(raw: &str) -> String {
    let raw: Cow<'_, str> =
        if raw.contains(ESCAPED_RETURN) { raw.replace(ESCAPED_RETURN, "\n").into() } else { raw.into() };
    let mut text = String::with_capacity(raw.len());
    for line in raw.split(ends_line) {
        let start = text.len();
        if start > 0 {
            text.push('\n');
        }
        let before = text.len();
        for c in line.trim_matches(is_packing).chars().filter(|c| !is_invisible(*c)) {
            match c {
                '\t' | '\u{a0}' | ' ' if text.ends_with(' ') => {}
                '\t' | '\u{a0}' => text.push(' '),
                c => text.push(c),
            }
        }
        if text.len() == before {
            text.truncate(start);
        }
    }
    text
}

/// The same on one line: for names, numbers and times.
pub fn clean_line(raw: &str) -> String {
    clean(raw).replace('\n', " ")
}

/// The text without any white space. Two appeals with the same normal form are suspected repeats.
pub fn normal_form(text: &str) -> String {
    text.replace(ESCAPED_RETURN, "").chars().filter(|c| !c.is_whitespace() && !is_invisible(*c)).collect()
}

fn ends_line(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_packing(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

/// Zero-width space, byte-order mark, and control characters, which no form prints. U+0000 never comes here: it is a sign
/// of a damaged file, and the row is rejected.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') || (c.is_control() && !c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::{clean, clean_line, normal_form};

    #[test]
    fn packing_goes_and_the_text_stays() {
        for (raw, expected) in [
            ("\n\t\t\t\n\t\t　　您好！\u{a0}\u{a0}请问\t几点开门？ \n\t\t\n", "您好！ 请问 几点开门？"),
            ("一_x000D_\n二\r\n三\r四\u{2028}五", "一\n二\n三\n四\n五"),
            ("　　第一段。　　第二段。", "第一段。　　第二段。"),
            ("看\u{200b}不\u{7}见", "看不见"),
            (" \t\u{a0}　_x000D_\n", ""),
        ] {
            assert_eq!(clean(raw), expected);
        }
        assert_eq!(clean_line("A1 \n 2"), "A1 2");
    }

    #[test]
    fn cleaning_changes_no_normal_form() {
        for raw in ["a \n b", "_x000D_a_x000D_", "\u{200b}一　二\u{a0}", "\u{1}x\u{c}y"] {
            assert_eq!(normal_form(raw), normal_form(&clean(raw)));
            assert_eq!(clean(raw), clean(&clean(raw)), "cleaning twice is cleaning once");
        }
    }
}
