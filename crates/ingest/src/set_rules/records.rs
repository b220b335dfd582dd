//! The records that rules are decided over: what is there and what comes, each with what it is here.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch};
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::Int64Type;
use uplift_core::error::{Error, Result};

use super::compiled::{CompiledRules, ROW_INDEX};
use super::joins::JoinedRows;
use crate::keys::key_rows;

/// What records are here.
#[derive(Debug, Clone)]
pub(super) enum Standing {
    /// They are there, and stay as they are.
    There,
    /// They are taken away, and are looked at as if they came.
    TakenAway,
    /// They come, or come again: whether each is new.
    Coming(Vec<bool>),
}

impl CompiledRules {
    /// Records as rules see them: with what they are here, and what is joined to them.
    pub(super) fn records(
        &self,
        parts: &[(&RecordBatch, Standing)],
        others: &JoinedRows,
    ) -> Result<RecordBatch> {
        let own: Vec<_> = parts.iter().map(|(batch, _)| *batch).collect();
        let own = concat_batches(&self.read, own).map_err(|e| Error::internal("building records", e))?;
        let mut columns = own.columns().to_vec();
        for join in &self.joins {
            let Some(table) = others.get(&join.joined.name) else {
                return Err(Error::internal("joining records", format!("{} was not read", join.joined.name)));
            };
            columns.extend(join.columns(&own, table)?);
        }
        let mut is_new = Vec::with_capacity(own.num_rows());
        let mut indexes = Vec::with_capacity(own.num_rows());
        for (batch, standing) in parts {
            let rows = batch.num_rows();
            match standing {
                Standing::There => is_new.extend(std::iter::repeat_n(false, rows)),
                Standing::TakenAway => is_new.extend(std::iter::repeat_n(true, rows)),
                Standing::Coming(each) => is_new.extend(each),
            }
            let comes = matches!(standing, Standing::Coming(_));
            indexes.extend((0..rows as i64).map(|index| comes.then_some(index)));
        }
        columns.extend([
            Arc::new(BooleanArray::from(is_new)) as ArrayRef,
            Arc::new(Int64Array::from(indexes)) as ArrayRef,
        ]);
        RecordBatch::try_new(self.columns.clone(), columns)
            .map_err(|e| Error::internal("building records", e))
    }
}

/// The index of each record among those that come; null of one that is there.
pub(super) fn row_indexes(records: &RecordBatch) -> &Int64Array {
    // Every batch of records has it last: `CompiledRules::columns`.
    debug_assert_eq!(records.schema().fields().last().map(|c| c.name().as_str()), Some(ROW_INDEX));
    records.column(records.num_columns() - 1).as_primitive::<Int64Type>()
}

/// Records that are kept, by their index.
pub(super) fn retain(records: &RecordBatch, keep: impl Fn(usize) -> bool) -> Result<RecordBatch> {
    let keep: BooleanArray = (0..records.num_rows()).map(|row| Some(keep(row))).collect();
    filter_record_batch(records, &keep).map_err(|e| Error::internal("filtering records", e))
}

/// Values of some columns, of several records.
#[derive(Debug, Default)]
pub(super) struct ValueSet(HashSet<Box<[u8]>>);

impl ValueSet {
    pub(super) fn of(columns: &[ArrayRef]) -> Result<Self> {
        Ok(Self(key_rows(columns)?.iter().map(|row| row.data().into()).collect()))
    }

    /// Whether each of some records has values of it.
    pub(super) fn contains(&self, columns: &[ArrayRef]) -> Result<Vec<bool>> {
        Ok(key_rows(columns)?.iter().map(|row| self.0.contains(row.data())).collect())
    }
}
