//! The head of the file against the mapping: which cell of a record is which field.

use std::collections::BTreeMap;

use crate::{
    FileFault, MAX_COLUMNS, Mapping,
    cell::{Cell, Record},
    error::ColumnFaults,
    text,
};

/// Where the columns are.
#[derive(Debug, Clone)]
pub(crate) struct Heads {
    at: BTreeMap<String, usize>,
    /// How many columns the head has.
    pub(crate) count: usize,
    /// Columns without a name, which may hold nothing.
    pub(crate) nameless: Vec<usize>,
}

impl Heads {
    pub(crate) fn read(record: &Record, mapping: &Mapping, encoding: Option<&'static str>) -> Result<Self, FileFault> {
        if record.cell_count > MAX_COLUMNS {
            return Err(FileFault::TooManyColumns(record.cell_count));
        }
        let wanted = named(mapping);
        let mut faults = ColumnFaults { encoding, ..ColumnFaults::default() };
        let mut heads = Self { at: BTreeMap::new(), count: record.cell_count, nameless: Vec::new() };
        for (n, cell) in record.cells.iter().enumerate() {
            let name = match cell {
                Cell::Text(name) => text::clean_line(name),
                Cell::Number(number) | Cell::Date(number) => number.to_string(),
                Cell::TooLong | Cell::Error(_) => "（无法读取的列名）".to_owned(),
            };
            if name.is_empty() {
                heads.nameless.push(n);
            } else if !wanted.contains(&name.as_str()) {
                // Two columns of one name do no harm where neither is read.
                if !mapping.ignore.contains(&name) {
                    faults.unknown.push(name.chars().take(40).collect());
                }
            } else if heads.at.insert(name.clone(), n).is_some() {
                faults.twice.push(name);
            }
        }
        for name in wanted {
            if !heads.at.contains_key(name) && !faults.missing.iter().any(|missing| missing == name) {
                faults.missing.push(name.to_owned());
            }
        }
        if faults.is_empty() { Ok(heads) } else { Err(FileFault::Columns(faults)) }
    }

    /// The record's cell in this column, which the mapping names.
    pub(crate) fn cell<'r>(&self, record: &'r Record, column: &str) -> &'r Cell {
        const NONE: &Cell = &Cell::EMPTY;
        self.at.get(column).and_then(|n| record.cells.get(*n)).unwrap_or(NONE)
    }
}

/// Every column that the mapping reads.
fn named(mapping: &Mapping) -> Vec<&str> {
    let fields = &mapping.fields;
    let texts = [
        &fields.name,
        &fields.unit,
        &fields.contact_person,
        &fields.telephone,
        &fields.address,
        &fields.summary,
        &fields.narrative,
        &fields.sub_category,
        &fields.reply,
    ];
    let times = [&fields.raised_at, &fields.accepted_at, &fields.dispatched_at, &fields.replied_at];
    std::iter::once(&fields.number)
        .chain(texts.into_iter().flatten())
        .filter_map(|field| field.column.as_deref())
        .chain(times.into_iter().flatten().map(|field| field.column.as_str()))
        .chain(fields.category.column.as_deref())
        .chain(fields.kind.iter().filter_map(|choice| choice.column.as_deref()))
        .chain(fields.department.iter().filter_map(|choice| choice.column.as_deref()))
        .collect()
}
