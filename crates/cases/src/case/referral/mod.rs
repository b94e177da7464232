//! 函转 (H-三(一) H6 H7): it leaves the house and stays on the ledger.

pub mod complainant_informed;
pub mod referral_answered;
pub mod referred;
pub mod reminder_letter_sent;
