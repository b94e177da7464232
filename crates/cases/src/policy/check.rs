//! Checks that a type cannot make: a policy that would leave somebody without a limit is refused at the door.

use super::{HandlingForm, Limit, Policy, ResultLimit};

/// Why a policy file was refused: file, key, reason. For operators, hence in English.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("policy {file}: {key}: {reason}")]
pub struct PolicyError {
    /// The file as it was named.
    pub file: String,
    /// The key, dotted; `line N` where the text could not be read.
    pub key: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl PolicyError {
    pub(super) fn syntax(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
        Self { file: file.to_owned(), key: format!("line {line}"), reason: error.message().to_owned() }
    }
}

/// No notice orders anything that takes longer than a working year.
const MOST_DAYS: u32 = 250;

impl Policy {
    pub(super) fn check(&self, file: &str) -> Result<(), PolicyError> {
        let fault = |key: &str, reason: &str| {
            Err(PolicyError { file: file.to_owned(), key: key.to_owned(), reason: reason.to_owned() })
        };
        if self.version == 0 {
            return fault("version", "counts from 1");
        }
        for (key, limit) in self.named_limits() {
            let days = match limit {
                Limit { days: Some(days), same_day: false, .. } => *days,
                Limit { days: None, same_day: true, .. } => continue,
                _ => return fault(key, "give either days = N or same_day = true"),
            };
            if days == 0 || days > MOST_DAYS {
                return fault(key, "days must lie between 1 and 250");
            }
        }
        let forms = [
            ("kinds.ordinary", &self.kinds.ordinary),
            ("kinds.cannot_be_done", &self.kinds.cannot_be_done),
            ("kinds.hard_to_do", &self.kinds.hard_to_do),
            ("kinds.withheld", &self.kinds.withheld),
            ("several", &self.several),
        ];
        for (key, form) in forms {
            if let Some(reason) = form_fault(form) {
                return fault(key, reason);
            }
        }
        if self.kinds.out_of_scope != (HandlingForm { answer: None, plan: None, result: None }) {
            return fault("kinds.out_of_scope", "is referred, never handled here: leave it empty");
        }
        if !(1..=5).contains(&self.closing.satisfied_ranks) {
            return fault("closing.satisfied_ranks", "there are five ranks: give 1 to 5");
        }
        if self.closing.unreachable_days > self.closing.unreachable_attempts || self.closing.unreachable_attempts == 0 {
            return fault("closing.unreachable_attempts", "must be at least 1 and at least unreachable_days");
        }
        if self.escalation.draft_issues_itself_after_days == 0 {
            return fault("escalation.draft_issues_itself_after_days", "must leave at least one working day to sign");
        }
        Ok(())
    }

    fn named_limits(&self) -> [(&'static str, &Limit); 12] {
        let l = &self.limits;
        [
            ("limits.triage", &l.triage),
            ("limits.review", &l.review),
            ("limits.consultation", &l.consultation),
            ("limits.sign_for", &l.sign_for),
            ("limits.supervision", &l.supervision),
            ("limits.quality_check", &l.quality_check),
            ("limits.call_back", &l.call_back),
            ("limits.feedback", &l.feedback),
            ("limits.inform", &l.inform),
            ("limits.referral_answer", &l.referral_answer),
            ("limits.decision", &l.decision),
            ("limits.sign_draft", &l.sign_draft),
        ]
    }
}

fn form_fault(form: &HandlingForm) -> Option<&'static str> {
    let out_of_range = |days: u32| days == 0 || days > MOST_DAYS;
    if [&form.answer, &form.plan].into_iter().flatten().any(|limit| out_of_range(limit.days)) {
        return Some("days must lie between 1 and 250");
    }
    match (&form.answer, &form.plan, &form.result) {
        (None, None, None) => Some("nothing is owed: give answer, plan or result"),
        (Some(_), Some(_), _) => Some("answer and plan exclude each other"),
        (_, None, Some(ResultLimit::Promise { .. })) => Some("a result by promise needs a plan that promises"),
        (_, _, Some(ResultLimit::Delivery { days, .. })) if out_of_range(*days) => {
            Some("days must lie between 1 and 250")
        }
        (_, _, Some(ResultLimit::Dispatch { default_days, cap_days, .. }))
            if [default_days, cap_days].into_iter().flatten().any(|days| out_of_range(*days)) =>
        {
            Some("days must lie between 1 and 250")
        }
        _ => None,
    }
}
