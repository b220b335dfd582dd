//! Areas by code, with the name that each had in a period: what a breakdown lists, and what figures are titled with.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Date32Type;
use chrono::NaiveDate;
use quick_cache::sync::Cache;
use uplift_core::error::{Error, Result};
use uplift_core::language::Bilingual;
use uplift_core::period::Period;
use uplift_engine::error::query_failed;
use uplift_formats::columns::{text, text_at};

use crate::snapshots::SnapshotSet;

/// The records of areas.
#[derive(Debug, Default)]
pub(crate) struct AreasByCode {
    /// The records of each code, the earliest first.
    records: HashMap<String, Vec<AreaRecord>>,
    /// Codes in order, by their number of digits: there are many villages to a county.
    by_digits: BTreeMap<usize, Vec<String>>,
}

/// An area as it was for a time.
#[derive(Debug)]
struct AreaRecord {
    from: NaiveDate,
    /// Last day; none while it holds.
    to: Option<NaiveDate>,
    name: Bilingual,
}

impl AreasByCode {
    /// The name that an area had at the end of a period; for a period before its first record, that of the first.
    pub(crate) fn name(&self, code: &str, period: Period) -> Option<&Bilingual> {
        let records = self.records.get(code)?;
        let then = records.iter().rev().find(|record| record.from <= period.last_day());
        then.or(records.first()).map(|record| &record.name)
    }

    /// Codes of so many digits within an area that there were in a period; none is any.
    pub(crate) fn within(
        &self,
        area: &str,
        digits: usize,
        period: Option<Period>,
    ) -> impl Iterator<Item = &String> {
        let codes = self.by_digits.get(&digits).map(Vec::as_slice).unwrap_or_default();
        let first = codes.partition_point(|code| code.as_str() < area);
        let inside = codes[first..].iter().take_while(move |code| code.starts_with(area));
        let was_there = move |code: &str, period: Period| {
            let ended = |r: &AreaRecord| r.to.is_some_and(|to| to < period.first_day());
            let mut records = self.records.get(code).into_iter().flatten();
            records.any(|r| r.from <= period.last_day() && !ended(r))
        };
        inside.filter(move |code| period.is_none_or(|period| was_there(code, period)))
    }

    fn sort(&mut self) {
        self.records.values_mut().for_each(|records| records.sort_by_key(|record| record.from));
        for code in self.records.keys() {
            self.by_digits.entry(code.len()).or_default().push(code.clone());
        }
        self.by_digits.values_mut().for_each(|codes| codes.sort_unstable());
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let (code, en, zh) = (text(batch, "area_code")?, text(batch, "name_en")?, text(batch, "name_zh")?);
        let day = |name: &str, row: usize| -> Result<Option<NaiveDate>> {
            let column = batch.column_by_name(name).and_then(|c| c.as_primitive_opt::<Date32Type>());
            let column =
                column.ok_or_else(|| Error::internal("reading areas", format!("no dates in {name}")))?;
            Ok(column.is_valid(row).then(|| Date32Type::to_naive_date_opt(column.value(row))).flatten())
        };
        for row in 0..batch.num_rows() {
            let name = Bilingual::new(text_at(&en, row), text_at(&zh, row));
            let from = day("valid_from", row)?.unwrap_or_default();
            let record = AreaRecord { from, to: day("valid_to", row)?, name };
            self.records.entry(text_at(&code, row)).or_default().push(record);
        }
        Ok(())
    }
}

/// Reads areas, once for each version of their table.
#[derive(Debug)]
pub(crate) struct AreaNames {
    cache: Cache<i64, Arc<AreasByCode>>,
}

impl Default for AreaNames {
    fn default() -> Self {
        Self { cache: Cache::new(4) }
    }
}

impl AreaNames {
    /// The areas at the version of an answer.
    pub(crate) async fn at(&self, snapshots: &SnapshotSet) -> Result<Arc<AreasByCode>> {
        let Some(snapshot) = snapshots.snapshot("area").await? else { return Ok(Arc::default()) };
        if let Some(areas) = self.cache.get(&snapshot.version()) {
            return Ok(areas);
        }
        let failed = |e| query_failed("reading areas", e);
        let mut areas = AreasByCode::default();
        for batch in snapshot.rows().await?.collect().await.map_err(failed)? {
            areas.add(&batch)?;
        }
        areas.sort();
        let areas = Arc::new(areas);
        self.cache.insert(snapshot.version(), areas.clone());
        Ok(areas)
    }
}
