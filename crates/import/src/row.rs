//! One appeal of the file, checked.

use cases::case::{
    intake::accepted::{Category, Complainant, External},
    triage::{Ground, Kind},
};

use crate::{Classification, Department, Digest, When, digest::Fields, text};

/// An appeal, and what happened to it as far as the file and the mapping say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The line of the file on which it begins, from 1; a workbook's row.
    pub line: u64,
    /// The mapping's `source` and the file's number: together they name the case.
    pub external: External,
    pub complainant: Complainant,
    pub category: Category,
    pub sub_category: Option<String>,
    pub summary: String,
    pub narrative: String,
    pub raised_at: Option<When>,
    /// Only of historical rows, and of all of them: where the file has no such time, the one at which it was raised.
    pub accepted_at: Option<When>,
    /// Kind and ground; always there in historical rows.
    pub classification: Option<Classification>,
    /// Always there in historical rows.
    pub department: Option<Department>,
    /// `None`: at acceptance (domain §8).
    pub dispatched_at: Option<When>,
    /// A limit that somebody decided; from the mapping.
    pub limit_working_days: Option<u32>,
    pub reply: Option<Reply>,
    /// The number of the first row of this file with the same body: a suspected repeat, for a person to judge.
    pub repeats: Option<String>,
    /// Of the narrative in its normal form: the same in every appeal that says the same.
    pub body_hash: Digest,
    /// Of all that the row says, however the file was packed: the same number with another hash is another appeal.
    pub content_hash: Digest,
}

/// 答复
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub text: String,
    pub at: When,
}

impl Row {
    pub(crate) fn seal(mut self) -> Self {
        self.body_hash = Digest::of(text::normal_form(&self.narrative).as_bytes());
        self.content_hash = self.content();
        self
    }

    fn content(&self) -> Digest {
        let when = |at: &Option<When>| at.map(|at| at.to_string());
        let person = &self.complainant;
        let mut fields = Fields::default();
        fields.add("source", Some(&self.external.source));
        fields.add("number", Some(&self.external.number));
        fields.add("name", person.name.as_deref());
        fields.add("unit", person.is_unit.then_some("yes"));
        fields.add("contact_person", person.contact_person.as_deref());
        fields.add("telephone", person.telephone.as_deref());
        fields.add("address", person.address.as_deref());
        fields.add("anonymous", person.anonymous.then_some("yes"));
        fields.add("category", Some(&self.category.name()));
        fields.add("sub_category", self.sub_category.as_deref());
        fields.add("summary", Some(&self.summary));
        fields.add("narrative", Some(&self.narrative));
        fields.add("raised_at", when(&self.raised_at).as_deref());
        fields.add("accepted_at", when(&self.accepted_at).as_deref());
        fields.add("kind", self.classification.map(|c| Kind::name(c.kind)).as_deref());
        fields.add("ground", self.classification.and_then(|c| c.ground).map(Ground::name).as_deref());
        fields.add("department", self.department.as_ref().map(|d| d.code.as_str()));
        fields.add("dispatched_at", when(&self.dispatched_at).as_deref());
        fields.add("limit_working_days", self.limit_working_days.map(|days| days.to_string()).as_deref());
        fields.add("reply", self.reply.as_ref().map(|reply| reply.text.as_str()));
        fields.add("replied_at", self.reply.as_ref().map(|reply| reply.at.to_string()).as_deref());
        fields.digest()
    }
}
