//! How one appeal of the demo will go: who complains, of what, and how everybody works.

use cases::case::{
    closing::rated::Rating,
    intake::accepted::{Accept, Channel, Complainant},
    triage::Kind,
};

use super::{Chance, matters};

/// How one appeal will go, drawn once.
pub(super) struct Profile {
    pub(super) n: usize,
    pub(super) matter: &'static matters::Matter,
    pub(super) accept: Accept,
    pub(super) co_department: Option<&'static str>,
    /// How the department works.
    pub(super) pace: Pace,
    pub(super) fails_first_check: bool,
    /// One verdict a round.
    pub(super) verdicts: Vec<Rating>,
    pub(super) settles: bool,
    pub(super) declines: bool,
    pub(super) withdraws: bool,
    pub(super) unreachable: bool,
    /// The manager signs drafts, or leaves them lying.
    pub(super) signs_drafts: bool,
    pub(super) refused: u32,
    /// The department says that it is not its own.
    pub(super) disputes: bool,
    pub(super) pauses: bool,
    /// It repeats the appeal before it.
    pub(super) repeats: bool,
    /// The complainant comes back after the end.
    pub(super) comes_back: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    Prompt,
    JustInTime,
    Late,
    OnlyWhenCirculated,
}

impl Profile {
    pub(super) fn draw(chance: &mut Chance, n: usize) -> Self {
        let matter = chance.pick(matters::MATTERS);
        let anonymous = chance.percent(3);
        let unit = chance.percent(18);
        let person = format!("{}{}", chance.pick(matters::SURNAMES), chance.pick(matters::GIVEN));
        let telephone = format!("1380375{:04}", chance.below(10_000));
        let complainant = if anonymous {
            Complainant { anonymous: true, ..Complainant::default() }
        } else if unit {
            let name = Some((*chance.pick(matters::UNITS)).to_owned());
            Complainant {
                name,
                is_unit: true,
                contact_person: Some(person),
                telephone: Some(telephone),
                ..Complainant::default()
            }
        } else {
            let address = chance.percent(30).then(|| format!("石龙区人民路{}号", 1 + chance.below(200)));
            let telephone = (address.is_none() || chance.percent(60)).then_some(telephone);
            Complainant { name: Some(person), telephone, address, ..Complainant::default() }
        };
        let channel =
            *chance.pick(&[Channel::Window, Channel::Window, Channel::Window, Channel::Hotline, Channel::Online]);
        let accept = Accept {
            channel,
            external: None,
            complainant,
            category: matter.category,
            sub_category: None,
            summary: matter.summary.to_owned(),
            narrative: matter.narrative.to_owned(),
            raised_at: None,
            complained_about: Vec::new(),
            lookup_code_hash: None,
            historical: false,
        };
        let pace = match chance.below(100) {
            0..=64 => Pace::Prompt,
            65..=81 => Pace::JustInTime,
            82..=94 => Pace::Late,
            _ => Pace::OnlyWhenCirculated,
        };
        let good = [Rating::VerySatisfied, Rating::VerySatisfied, Rating::Satisfied, Rating::BasicallySatisfied];
        let bad = [Rating::Dissatisfied, Rating::VeryDissatisfied];
        let first = if chance.percent(12) { *chance.pick(&bad) } else { *chance.pick(&good) };
        let second = if chance.percent(20) { *chance.pick(&bad) } else { *chance.pick(&good) };
        let others: Vec<&'static str> =
            matters::DEPARTMENTS.iter().map(|(id, _)| *id).filter(|id| *id != matter.department).collect();
        let several = matter.kind == Kind::HardToDo && chance.percent(30);
        Self {
            n,
            matter,
            accept,
            co_department: several.then(|| *chance.pick(&others)),
            pace,
            fails_first_check: chance.percent(5),
            verdicts: vec![first, second, Rating::Satisfied],
            settles: matter.kind == Kind::Ordinary && chance.percent(70),
            declines: chance.percent(2),
            withdraws: chance.percent(3),
            unreachable: chance.percent(4),
            signs_drafts: chance.percent(75),
            refused: 0,
            disputes: n % 37 == 20,
            pauses: n % 41 == 13,
            repeats: n % 58 == 29,
            comes_back: n % 67 == 40,
        }
    }
}
