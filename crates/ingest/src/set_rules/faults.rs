//! Which of the records that come are at fault when a rule is broken.

use std::collections::BTreeMap;

use arrow::array::{Array, RecordBatch};
use arrow::util::display::array_value_to_string;
use uplift_core::error::Result;

use super::compiled::{CompiledRule, Decision};
use super::records::row_indexes;

/// The records that break each rule, by its number: their keys, and what is shown of them.
pub(super) type Breaches = BTreeMap<usize, BTreeMap<String, String>>;

/// What breaks a rule, and who is at fault.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// Rows that come, by their index, and what the rule shows of them.
    pub(super) rows: BTreeMap<usize, String>,
    /// Records that are there and break the rule although no row that comes is at fault.
    pub(super) others: BTreeMap<String, String>,
}

/// The keys of records.
pub(super) fn key(records: &RecordBatch, names: &[String], row: usize) -> String {
    let columns = names.iter().filter_map(|name| records.column_by_name(name));
    columns.map(|column| array_value_to_string(column, row).unwrap_or_default()).collect::<Vec<_>>().join(" ")
}

/// What broke one rule, of those records that are there.
pub(super) fn breaches(
    rule: &CompiledRule,
    records: &RecordBatch,
    names: &[String],
) -> Result<BTreeMap<String, String>> {
    let Decision { groups, holds, .. } = rule.decide(records)?;
    if holds.true_count() == holds.len() {
        return Ok(BTreeMap::new());
    }
    let shown = rule.shown(records, &groups)?;
    let broken = (0..records.num_rows()).filter(|row| !holds.value(*row));
    let text = |row| shown.as_ref().and_then(|s| array_value_to_string(s, row).ok()).unwrap_or_default();
    Ok(broken.map(|row| (key(records, names, row), text(row))).collect())
}

/// Whether a record that is there breaks a rule.
pub(super) fn breaks_there(records: &RecordBatch, decision: &Decision) -> bool {
    let indexes = row_indexes(records);
    (0..records.num_rows()).any(|row| !decision.holds.value(row) && indexes.is_null(row))
}

/// In each group the first record in order that breaks the rule tells who is at fault: itself, if it comes; the last row that
/// comes before it and that the rule is about, if it is there already, as of a withdrawal that is dated back. Where a rule has
/// no order, all that come and break it are; where `all` is asked for, all that it is about. `before` has the keys of records
/// that broke it before.
pub(super) fn faults(
    rule: &CompiledRule,
    (records, names): (&RecordBatch, &[String]),
    decision: &Decision,
    before: Option<&BTreeMap<String, String>>,
    all: bool,
) -> Result<Faults> {
    let Decision { groups, about, holds } = decision;
    let indexes = row_indexes(records);
    let shown = rule.shown(records, groups)?;
    let text =
        |row: usize| shown.as_ref().and_then(|s| array_value_to_string(s, row).ok()).unwrap_or_default();
    let index = |row: usize| indexes.is_valid(row).then(|| indexes.value(row) as usize);
    let is_old = |row: usize| {
        index(row).is_none() && before.is_some_and(|before| before.contains_key(&key(records, names, row)))
    };
    let mut faults = Faults::default();
    for range in &groups.ranges {
        let group: Vec<_> = groups.order[range.clone()].iter().map(|row| *row as usize).collect();
        let Some(first) = group.iter().position(|row| !holds.value(*row) && !is_old(*row)) else { continue };
        let shown = text(group[first]);
        let at_fault = |rows: &mut dyn Iterator<Item = &usize>, most: usize| -> BTreeMap<usize, String> {
            let coming = rows.filter(|row| about.value(**row)).filter_map(|row| index(*row));
            coming.take(most).map(|index| (index, shown.clone())).collect()
        };
        let own = match () {
            () if all => at_fault(&mut group.iter(), usize::MAX),
            () if rule.rule.order.is_empty() => {
                let broken = group.iter().filter(|row| !holds.value(**row));
                broken.filter_map(|row| Some((index(*row)?, text(*row)))).collect()
            }
            () => at_fault(&mut group[..=first].iter().rev(), 1),
        };
        if own.is_empty() {
            faults.others.insert(key(records, names, group[first]), text(group[first]));
        }
        faults.rows.extend(own);
    }
    Ok(faults)
}
