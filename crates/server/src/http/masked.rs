//! 遮挡: persons' data as a page may show it while nobody has signed in: 张**, 138****5678.
//!
//! What a page shows as free text may hold the same data again, so a case's own names and addresses are hidden wherever
//! they stand, and so is every number long enough to be a telephone's or an identity card's. Units are no persons.

use cases::{
    case::state::Intake,
    sealed::{ERASED, RESTRICTED},
};

/// What of one case must not be read on a page.
#[derive(Default)]
pub(super) struct Mask {
    /// A text, and what stands in its place; longer ones first.
    hidden: Vec<(String, String)>,
}

impl Mask {
    pub(super) fn of(intake: Option<&Intake>) -> Self {
        let Some(intake) = intake else { return Self::default() };
        let name = intake.name.as_ref().filter(|_| !intake.is_unit);
        let staff = intake.complained_about.iter().map(|about| &about.staff);
        let names = name.into_iter().chain(&intake.contact_person).chain(staff);
        let mut hidden: Vec<_> = names.map(|text| (text.text().to_owned(), person(text.text()))).collect();
        hidden.extend(intake.address.iter().map(|text| (text.text().to_owned(), address(text.text()))));
        hidden.extend(intake.telephone.iter().map(|text| (text.text().to_owned(), numbers(text.text()))));
        Self::hiding(hidden)
    }

    fn hiding(mut hidden: Vec<(String, String)>) -> Self {
        // A single character is a word before it is a name.
        hidden.retain(|(text, _)| text.trim().chars().count() > 1 && !is_in_place(text));
        hidden.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        Self { hidden }
    }

    /// A text with what must not be read left out.
    pub(super) fn text(&self, text: &str) -> String {
        let named = self.hidden.iter().fold(text.to_owned(), |text, (hidden, shown)| text.replace(hidden, shown));
        numbers(&named)
    }
}

/// A person's name: 张**.
pub(super) fn person(name: &str) -> String {
    let name = name.trim();
    if is_in_place(name) {
        return name.to_owned();
    }
    name.chars().next().map_or_else(String::new, |first| format!("{first}**"))
}

/// What stands in the place of a text says nothing of it.
fn is_in_place(text: &str) -> bool {
    [ERASED, RESTRICTED].contains(&text)
}

/// An address: its first few characters, never the house.
fn address(text: &str) -> String {
    let (text, shown) = (text.trim(), 6);
    let shown = shown.min(text.chars().count() / 2);
    text.chars().take(shown).chain("**".chars()).collect()
}

/// Every telephone or longer number in a text: 138****5678.
pub(super) fn numbers(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut run: Vec<char> = Vec::new();
    for c in text.chars().map(Some).chain([None]) {
        match c {
            Some(c) if is_digit(c) || (is_separator(c) && run.last().is_some_and(|last| is_digit(*last))) => {
                run.push(c);
            }
            c => {
                shown.extend(hide(&run));
                run.clear();
                shown.extend(c);
            }
        }
    }
    shown
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || ('０'..='９').contains(&c)
}

fn is_separator(c: char) -> bool {
    matches!(c, '-' | ' ' | '－' | '\u{a0}')
}

/// Digits with single separators between them. Dates and times stay: no group of theirs has more than four digits, and
/// the groups are not those of `138 0375 1234`.
fn hide(run: &[char]) -> Vec<char> {
    const TELEPHONE_DIGITS: usize = 7;
    let groups: Vec<&[char]> = run.split(|c| is_separator(*c)).collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let mut run = run.to_vec();
    let mut start = 0;
    for length in &lengths {
        if *length >= TELEPHONE_DIGITS {
            let (front, back) = if *length >= 11 { (3, 4) } else { (2, 2) };
            run[start + front..start + length - back].fill('*');
        }
        start += length + 1;
    }
    // A mobile number as people space it.
    if let [3, 4, 4, ..] = lengths.as_slice() {
        run[4..8].fill('*');
    }
    run
}

#[cfg(test)]
mod tests {
    use super::{ERASED, Mask, address, numbers, person};

    #[track_caller]
    fn check(text: &str, shown: &str) {
        assert_eq!(numbers(text), shown);
    }

    #[test]
    fn telephones_and_longer_numbers_are_hidden() {
        check("13803751234", "138****1234");
        check("电话138-0375-1234，谢谢", "电话138-****-1234，谢谢");
        check("138 0375 1234", "138 **** 1234");
        check("0375-1234567", "0375-12***67");
        check("身份证41040419900101123X", "身份证410**********1123X");
        check("１３８０３７５１２３４", "１３８****１２３４");
    }

    #[test]
    fn dates_and_case_numbers_stay() {
        for text in ["2026-03-04 10:02", "410404-2026-17", "2003年", "第12号", "3 - 5", ""] {
            check(text, text);
        }
    }

    #[test]
    fn names_and_addresses_keep_their_beginning() {
        assert_eq!((person("张建国"), person("欧阳娜娜"), person("")), ("张**".into(), "欧**".into(), String::new()));
        // A name that only looks like what stands in the place of one is a name.
        assert_eq!((person("〔限制处理〕"), person("〔张建国〕")), ("〔限制处理〕".into(), "〔**".into()));
        let hidden = ["〔东〕巷9号", ERASED].map(|text| (text.to_owned(), "**".to_owned()));
        assert_eq!(Mask::hiding(hidden.into()).text("住〔东〕巷9号，〔已删除〕"), "住**，〔已删除〕");
        assert_eq!(address("石龙区人民路12号3单元"), "石龙区人民路**");
        assert_eq!(address("人民路"), "人**");
    }
}
