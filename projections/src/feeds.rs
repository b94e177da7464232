//! 督查信息: what went to each recipient, numbered, so that nothing can be left out of it unseen.
//!
//! > H9 ……督办后仍未按督办要求办理的，予以通报，并向同级政府报告、抄送同级纪委监委。
//! > H-三(三) ……就政务服务“有诉即办”诉求响应工作建立常态化的联络、抄送等机制。
//!
//! | recipient | receives |
//! |---|---|
//! | `discipline` 同级纪检监察机关 | 抄送 (`copied_to_discipline`) · 暂缓 (`escalation_withheld`) · 常态化抄送 (`routine_copy_sent`, `monthly_digest_sent`) |
//! | `government` 同级政府 | 报告 (`reported_to_government`) |
//! | `department:ID` 部门 | 催办 (`reminded`) · 督办 (`supervision_issued`) · 通报 (`circulated`), each of what that department owes |
//! | `parent` 上级 | 报上级 (`reported_to_parent`) |
//!
//! A correction (`escalation_corrected`) goes to whoever received what it corrects: the department of a 督办; of a 通报 the
//! department, the government and the discipline body, because one decision sent all three. Entries are numbered per
//! centre and recipient, gapless from 1, in log order. 历史件 enter none: nothing is ever sent for them.

mod project;
mod recipient;

use std::{collections::BTreeMap, sync::Arc};

use cases::{
    CaseId, Instant,
    case::escalation::routine_copy_sent::CopyGround,
    centre::digest_sent::MonthlyDigestSent,
    obligation::{ObligationKind, Owner},
    people::Actor,
};
use event_log::{Centre, EventLog};
use serde::{Deserialize, Serialize};

pub use recipient::{BadRecipient, Recipient};

use crate::{
    Number, Recorded, ViewError, Views, When,
    fold::{Fold, Use, View},
    past,
    set_up::{Prepared, SetUp},
};

/// The feeds as a view.
pub(crate) struct Feeds;

/// One entry of a feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub recipient: Recipient,
    /// By name, as the centre has it when the feed is read.
    #[serde(default)]
    pub recipient_name: String,
    /// Gapless from 1 per centre and recipient.
    pub number: u64,
    /// The event's place in the centre's log.
    pub position: u64,
    /// The event's type.
    pub kind: String,
    /// Its Chinese term.
    pub term: String,
    pub occurred_at: Instant,
    pub recorded_at: Instant,
    pub by: Actor,
    /// The case, and the version that an acknowledgement names; neither for the monthly digest.
    pub case: Option<CaseId>,
    pub case_number: Option<Number>,
    pub version: u64,
    /// Who owed what, by when.
    pub about: Option<Owner>,
    #[serde(default)]
    pub about_name: Option<String>,
    pub obligation: Option<ObligationKind>,
    pub due: Option<Instant>,
    /// Versions of the case's events that came after the limit had passed and are stated in the letter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub since: Vec<u64>,
    pub ground: Option<CopyGround>,
    /// The version of the case's event that is corrected.
    pub corrects: Option<u64>,
    /// The reason, requirement or correction, in words.
    pub text: Option<String>,
    pub digest: Option<MonthlyDigestSent>,
    pub acknowledged: Option<Acknowledged>,
}

/// 签收抄送.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    pub at: Instant,
    pub by: Actor,
}

/// An entry, or what has to be known of a case to write its entries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Row {
    Entry(Box<Entry>),
    Case(Known),
}

impl Default for Row {
    fn default() -> Self {
        Self::Case(Known::default())
    }
}

/// What a later event of the case refers to by number.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Known {
    number: Option<Number>,
    /// What each obligation is.
    owed: BTreeMap<u32, ObligationKind>,
    /// Who received what can be corrected, by version.
    sent: BTreeMap<u64, Vec<Recipient>>,
}

impl View for Feeds {
    type Row = Row;

    const NAME: &'static str = "feeds";
    const VERSION: u32 = 2;
    const TEXTS: &'static [(&'static str, &'static str)] = &project::TEXTS;
    const DDL: &'static str = "
        CREATE TABLE rows (
            centre TEXT NOT NULL,
            key TEXT NOT NULL,               -- the case, or what sent the entry and to whom
            state TEXT NOT NULL,
            recipient TEXT AS (state ->> '$.entry.recipient') STORED,
            number INTEGER AS (state ->> '$.entry.number') STORED,
            PRIMARY KEY (centre, key)
        ) STRICT;";
    const INDEXES: &'static str = "
        CREATE UNIQUE INDEX by_number ON rows (centre, recipient, number) WHERE number IS NOT NULL;";

    fn uses(kind: &str) -> Use {
        SetUp::uses(kind, &project::CONSUMES)
    }

    fn keys(fact: &Recorded) -> Vec<String> {
        project::keys(fact)
    }

    fn project(fold: &mut Fold<Row>, fact: &Recorded) -> bool {
        project::project(fold, fact)
    }
}

/// A recipient's feed after a number, in order.
///
/// # Errors
/// If the view's file, or for a past moment the log, cannot be read.
pub async fn entries(
    views: &Views,
    log: &dyn EventLog,
    centre: &Centre,
    recipient: &Recipient,
    after: u64,
    limit: Option<u32>,
    when: When,
) -> Result<Vec<Entry>, ViewError> {
    let (rows, set_up): (Vec<Row>, Arc<Prepared>) = if when.is_past() {
        let fold = past::fold::<Feeds>(log, centre, when).await?;
        (fold.rows().map(|(_, row)| row.clone()).collect(), Arc::new(fold.set_up.into()))
    } else {
        let file = views.file(Feeds::NAME).await?;
        let select = sqlx::query(SELECT).bind(centre.as_str()).bind(recipient.to_string());
        let select = select.bind(i64::try_from(after).unwrap_or(i64::MAX)).bind(limit.map_or(-1, i64::from));
        (file.rows::<Row>(select).await?, file.set_up(centre).await?)
    };
    let mut entries: Vec<Entry> = rows.into_iter().filter_map(Row::into_entry).collect();
    entries.retain(|entry| entry.recipient == *recipient && entry.number > after);
    entries.sort_by_key(|entry| entry.number);
    entries.truncate(limit.map_or(usize::MAX, |limit| limit as usize));
    for entry in &mut entries {
        entry.recipient_name = recipient.name(&set_up);
        entry.about_name = entry.about.as_ref().map(|owner| set_up.owner(owner));
    }
    Ok(entries)
}

const SELECT: &str = "SELECT state FROM rows
    WHERE centre = $1 AND recipient = $2 AND number > $3 ORDER BY number LIMIT $4 + 0";

/// Every recipient that has an entry.
///
/// # Errors
/// If the view's file cannot be read.
pub async fn recipients(views: &Views, centre: &Centre) -> Result<Vec<Recipient>, ViewError> {
    let file = views.file(Feeds::NAME).await?;
    let select = "SELECT DISTINCT json_quote(recipient) FROM rows WHERE centre = $1 AND number IS NOT NULL ORDER BY 1";
    file.rows(sqlx::query(select).bind(centre.as_str())).await
}

impl Row {
    fn into_entry(self) -> Option<Entry> {
        match self {
            Self::Entry(entry) => Some(*entry),
            Self::Case(_) => None,
        }
    }
}
