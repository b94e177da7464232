//! 催复函: a receiving unit that does not answer gets two letters (*default*); then the case may be terminated.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, Fact, Stage, Step, guards},
    entry::Moment,
    obligation::ObligationKind,
    people::Role,
    refusal::Refusal,
};

/// Sends the next letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendReminderLetter {}

impl Step for SendReminderLetter {
    const NAME: &'static str = "send_reminder_letter";
    const ROLES: &'static [Role] = guards::MANAGERS_OR_SYSTEM;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let Stage::Referred(referral) = &case.stage else { return Err(Refusal::NoReferral {}) };
        let policy = ctx.policy(case)?;
        if referral.letters >= policy.escalation.reminder_letters {
            return Err(Refusal::LettersExhausted { most: policy.escalation.reminder_letters });
        }
        let answer = case.clocks.open_of(ObligationKind::ReferralAnswer, None).ok_or(Refusal::NoReferral {})?;
        let not_before = match referral.last_letter_at {
            None => answer.obligation.due,
            Some(last) => ctx.after(last, policy.escalation.reminder_letter_every_days)?.due,
        };
        if ctx.now <= not_before {
            return Err(Refusal::LetterTooEarly { not_before });
        }
        Ok(vec![ReminderLetterSent { obligation: answer.obligation.no, letter: referral.letters + 1 }.into()])
    }
}

/// 催复函. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReminderLetterSent {
    pub obligation: u32,
    /// The first or the second.
    pub letter: u32,
}

impl Fact for ReminderLetterSent {
    const TYPE: &'static str = "reminder_letter_sent";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        if let Stage::Referred(referral) = &mut case.stage {
            referral.letters = self.letter;
            referral.last_letter_at = Some(at.at);
        }
    }
}
