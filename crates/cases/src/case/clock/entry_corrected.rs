//! 更正: the only mending of a wrong entry. The wrong one stays in the log; views show the mended value.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{
        Case, CaseEvent, Context, Fact, Stage, Step,
        closing::rated::{Rated, RatedBy, Rating},
        guards,
        intake::accepted::{Category, Channel},
    },
    entry::Moment,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
    time::Instant,
};

/// What can be mended: things written down, never things decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "field", content = "value", rename_all = "snake_case", deny_unknown_fields)]
pub enum Mending<T> {
    Summary(T),
    Narrative(T),
    Name(T),
    Category(Category),
    SubCategory(String),
    Channel(Channel),
    RaisedAt(Instant),
    /// The rating of the present round, as the person really gave it.
    Rating(Rating),
}

/// Mends an entry, with the reason and what was wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectEntry {
    /// The case's version that the wrong entry made.
    pub entry: u64,
    pub mending: Mending<String>,
    pub reason: String,
}

impl Step for CorrectEntry {
    const NAME: &'static str = "correct_entry";
    const ROLES: &'static [Role] = guards::WINDOW;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let entry = case.entries.get(&self.entry).ok_or(Refusal::NoSuchEntry { version: self.entry })?;
        guards::said(&self.reason, "更正的理由")?;
        let fits = match &self.mending {
            // The newest only: earlier verdicts had their consequences.
            Mending::Rating(_) => {
                let newest = case.entries.iter().rfind(|(_, entry)| entry.kind == "rated").map(|(version, _)| *version);
                newest == Some(self.entry) && case.round().is_some_and(|round| round.rating.is_some())
            }
            _ => entry.kind == "accepted",
        };
        if !fits {
            return Err(Refusal::NoSuchEntry { version: self.entry });
        }
        // Mending a verdict changes how the case may end: a second pair of eyes.
        if matches!(self.mending, Mending::Rating(_)) {
            case.require_open()?;
            if entry.by.id == ctx.by.id {
                return Err(Refusal::NeedsSecondPerson { step: "更正满意度" });
            }
        }
        let mending = match &self.mending {
            Mending::Summary(text) => Mending::Summary(case.sealed(text)),
            Mending::Narrative(text) => Mending::Narrative(case.sealed(text)),
            Mending::Name(text) => Mending::Name(case.sealed(text)),
            Mending::Category(category) => Mending::Category(*category),
            Mending::SubCategory(text) => Mending::SubCategory(text.clone()),
            Mending::Channel(channel) => Mending::Channel(*channel),
            Mending::RaisedAt(at) => Mending::RaisedAt(*at),
            Mending::Rating(rating) => Mending::Rating(*rating),
        };
        let corrected = EntryCorrected { entry: self.entry, mending, reason: case.sealed(&self.reason) };
        Ok(std::iter::once(corrected.into()).chain(self.other_verdict(case, ctx)?).collect())
    }
}

impl CorrectEntry {
    /// A verdict that turns round has all the consequences of a rating.
    fn other_verdict(&self, case: &Case, ctx: &Context<'_>) -> Result<Option<CaseEvent>, Refusal> {
        let Mending::Rating(rating) = self.mending else { return Ok(None) };
        let by = match case.stage {
            Stage::Answered => RatedBy::OnCallBack,
            Stage::Settled => RatedBy::AtTheWindow,
            _ => return Ok(None),
        };
        let policy = ctx.policy(case)?;
        let before = case.round().and_then(|round| round.rating);
        let turned = before.is_some_and(|(before, _)| before.is_satisfied(policy) != rating.is_satisfied(policy));
        turned.then(|| Rated::decided(rating, by, case, ctx)).transpose()
    }
}

/// 更正. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryCorrected {
    pub entry: u64,
    pub mending: Mending<Sealed>,
    pub reason: Sealed,
}

impl Fact for EntryCorrected {
    const TYPE: &'static str = "entry_corrected";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        case.corrections += 1;
        if let Mending::Rating(rating) = &self.mending {
            case.newest_rating = Some(*rating);
        }
        if let (Mending::Rating(rating), Some(round)) = (&self.mending, case.round_mut()) {
            round.rating = round.rating.map(|(_, at)| (*rating, at));
        }
        let Some(intake) = &mut case.intake else { return };
        match &self.mending {
            Mending::Summary(text) => intake.summary = text.clone(),
            Mending::Narrative(text) => intake.narrative = text.clone(),
            Mending::Name(text) => intake.name = Some(text.clone()),
            Mending::Category(category) => intake.category = *category,
            Mending::SubCategory(text) => intake.sub_category = Some(text.clone()),
            Mending::Channel(channel) => intake.channel = *channel,
            Mending::RaisedAt(at) => intake.raised_at = *at,
            Mending::Rating(_) => {}
        }
    }
}
