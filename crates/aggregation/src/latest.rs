//! The latest value of each group by an order: `last_value(value ORDER BY …)`.
//!
//! Rows are compared by their bytes in the order, and stay in their batches until they are asked for, so that a group
//! takes eight bytes, however long its value is.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, UInt64Array, new_empty_array, new_null_array};
use arrow::compute::{interleave, take};
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, Rows, SortField};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;

/// Batches hold this many times more rows than there are groups before the others are let go.
const SLACK: usize = 4;
const LEAST: usize = 65_536;

pub(crate) struct Latest {
    order: RowConverter,
    /// Types of the value, and of what it is ordered by.
    types: Vec<DataType>,
    batches: Vec<Batch>,
    rows: usize,
    /// Batch and row; none of a group without rows.
    of_group: Vec<Option<(u32, u32)>>,
}

struct Batch {
    columns: Vec<ArrayRef>,
    order: Rows,
}

impl Latest {
    /// Of a call of the engine's function; none of any other.
    pub(crate) fn of(function: &AggregateFunctionExpr) -> Result<Option<Self>> {
        let plain = !function.is_distinct() && !function.ignore_nulls() && !function.order_bys().is_empty();
        if function.fun().name() != "last_value" || !plain {
            return Ok(None);
        }
        // The engine tells the types of its own state: the value, and what it is ordered by.
        let state = function.state_fields()?;
        let types: Vec<DataType> = state.iter().map(|field| field.data_type().clone()).collect();
        let ordered = types[1..].iter().zip(function.order_bys());
        let fields: Vec<SortField> =
            ordered.map(|(kind, sort)| SortField::new_with_options(kind.clone(), sort.options)).collect();
        let types = types[..=fields.len()].to_vec();
        let order = RowConverter::new(fields)?;
        Ok(Some(Self { order, types, batches: Vec::new(), rows: 0, of_group: Vec::new() }))
    }

    fn add(
        &mut self,
        columns: &[ArrayRef],
        groups: &[usize],
        passes: impl Fn(usize) -> bool,
        all: usize,
    ) -> Result<()> {
        self.of_group.resize(all, None);
        if groups.is_empty() {
            return Ok(());
        }
        self.batches
            .push(Batch { order: self.order.convert_columns(&columns[1..])?, columns: columns.to_vec() });
        self.rows += groups.len();
        let batch = self.batches.len() - 1;
        let order = &self.batches[batch].order;
        for (row, group) in groups.iter().enumerate().filter(|(row, _)| passes(*row)) {
            let known = &mut self.of_group[*group];
            let is_later = match *known {
                Some((b, r)) => order.row(row) >= self.batches[b as usize].order.row(r as usize),
                None => true,
            };
            if is_later {
                *known = Some((batch as u32, row as u32));
            }
        }
        if self.rows > LEAST + SLACK * self.of_group.len() { self.let_go() } else { Ok(()) }
    }

    /// Keeps only the rows that are the latest so far.
    fn let_go(&mut self) -> Result<()> {
        let met: Vec<usize> = (0..self.of_group.len()).filter(|g| self.of_group[*g].is_some()).collect();
        let columns = self.gathered(&self.of_group)?;
        let of_met = UInt64Array::from_iter_values(met.iter().map(|g| *g as u64));
        let columns = columns.iter().map(|column| take(column, &of_met, None));
        let columns = columns.collect::<std::result::Result<Vec<_>, _>>()?;
        self.batches = vec![Batch { order: self.order.convert_columns(&columns[1..])?, columns }];
        self.rows = met.len();
        (0..).zip(met).for_each(|(row, group)| self.of_group[group] = Some((0, row)));
        Ok(())
    }

    /// The value and what it is ordered by, of each group.
    fn gathered(&self, groups: &[Option<(u32, u32)>]) -> Result<Vec<ArrayRef>> {
        let columns = self.types.iter().enumerate().map(|(n, kind)| {
            if groups.is_empty() {
                return Ok(new_empty_array(kind));
            }
            // The first is of the groups that have none.
            let none = new_null_array(kind, 1);
            let parts = std::iter::once(&none).chain(self.batches.iter().map(|batch| &batch.columns[n]));
            let parts: Vec<&dyn Array> = parts.map(AsRef::as_ref).collect();
            let place = |row: &Option<(u32, u32)>| match row {
                Some((batch, row)) => (*batch as usize + 1, *row as usize),
                None => (0, 0),
            };
            interleave(&parts, &groups.iter().map(place).collect::<Vec<_>>())
        });
        Ok(columns.collect::<std::result::Result<_, _>>()?)
    }

    fn taken(&mut self, emit: EmitTo) -> Vec<Option<(u32, u32)>> {
        match emit {
            EmitTo::All => std::mem::take(&mut self.of_group),
            EmitTo::First(n) => self.of_group.drain(..n).collect(),
        }
    }
}

impl GroupsAccumulator for Latest {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        passes: Option<&BooleanArray>,
        all: usize,
    ) -> Result<()> {
        match passes {
            Some(passes) => self.add(values, groups, |row| passes.is_valid(row) && passes.value(row), all),
            None => self.add(values, groups, |_| true, all),
        }
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let groups = self.taken(emit);
        let mut columns = self.gathered(&groups)?;
        Ok(columns.swap_remove(0))
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let groups = self.taken(emit);
        let mut state = self.gathered(&groups)?;
        let met: BooleanArray = groups.iter().map(|row| Some(row.is_some())).collect();
        state.push(Arc::new(met));
        Ok(state)
    }

    fn merge_batch(&mut self, state: &[ArrayRef], groups: &[usize], all: usize) -> Result<()> {
        let Some((met, columns)) = state.split_last() else {
            return Err(DataFusionError::Internal("the state of the latest is empty".into()));
        };
        let met = met.as_boolean();
        self.add(columns, groups, |row| met.value(row), all)
    }

    fn convert_to_state(&self, values: &[ArrayRef], passes: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let rows = values.first().map_or(0, |column| column.len());
        let met =
            (0..rows).map(|row| Some(passes.is_none_or(|passes| passes.is_valid(row) && passes.value(row))));
        let met: BooleanArray = met.collect();
        Ok(values.iter().cloned().chain([Arc::new(met) as ArrayRef]).collect())
    }

    fn size(&self) -> usize {
        let bytes = |batch: &Batch| {
            let columns = batch.columns.iter().map(|column| column.get_array_memory_size()).sum::<usize>();
            columns + batch.order.size()
        };
        self.batches.iter().map(bytes).sum::<usize>()
            + self.of_group.capacity() * size_of::<Option<(u32, u32)>>()
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, StringArray};
    use arrow::compute::SortOptions;
    use arrow::datatypes::{Field, Schema};
    use datafusion::functions_aggregate::first_last::last_value_udaf;
    use datafusion::physical_expr::PhysicalSortExpr;
    use datafusion::physical_expr::aggregate::AggregateExprBuilder;
    use datafusion::physical_expr::expressions::col;
    use proptest::prelude::*;

    use super::*;

    fn latest() -> Latest {
        let (text, number) = (DataType::Utf8, DataType::Int64);
        let schema = Arc::new(Schema::new(vec![Field::new("v", text, true), Field::new("t", number, true)]));
        let last = SortOptions { descending: false, nulls_first: false };
        let sort = |name: &str| PhysicalSortExpr { expr: col(name, &schema).unwrap(), options: last };
        let function = AggregateExprBuilder::new(last_value_udaf(), vec![col("v", &schema).unwrap()])
            .schema(schema.clone())
            .order_by(vec![sort("t"), sort("v")])
            .alias("latest")
            .build()
            .unwrap();
        Latest::of(&function).unwrap().unwrap()
    }

    type Row = (usize, Option<i64>, Option<u8>, bool);

    fn columns(rows: &[Row]) -> (Vec<ArrayRef>, Vec<usize>, BooleanArray) {
        let values: ArrayRef =
            Arc::new(StringArray::from_iter(rows.iter().map(|r| r.2.map(|v| v.to_string()))));
        let times: ArrayRef = Arc::new(Int64Array::from_iter(rows.iter().map(|r| r.1)));
        let passes = rows.iter().map(|r| Some(r.3)).collect();
        (vec![values.clone(), times, values], rows.iter().map(|r| r.0).collect(), passes)
    }

    const GROUPS: usize = 4;

    proptest! {
        /// Against a search through all rows; what is empty comes last, as the engine orders it.
        #[test]
        fn batches_and_parts_give_the_latest(parts in prop::collection::vec(prop::collection::vec((0..GROUPS, prop::option::of(0i64..5), prop::option::of(0u8..200), any::<bool>()), 0..12), 1..5), let_go in any::<bool>()) {
            let mut whole = latest();
            for rows in &parts {
                let mut part = latest();
                let (values, groups, passes) = columns(rows);
                part.update_batch(&values, &groups, Some(&passes), GROUPS).unwrap();
                if let_go {
                    part.let_go().unwrap();
                }
                let state = part.state(EmitTo::All).unwrap();
                whole.merge_batch(&state, &(0..GROUPS).collect::<Vec<_>>(), GROUPS).unwrap();
            }
            let found = whole.evaluate(EmitTo::All).unwrap();
            let order = |row: &&Row| {
                let text = row.2.map(|v| v.to_string());
                (row.1.is_none(), row.1, text.is_none(), text)
            };
            for group in 0..GROUPS {
                let rows = parts.iter().flatten().filter(|row| row.0 == group && row.3);
                let expected = rows.max_by_key(order).and_then(|row| row.2.map(|v| v.to_string()));
                let found = found.as_string::<i32>();
                prop_assert_eq!(found.is_valid(group).then(|| found.value(group).to_owned()), expected);
            }
        }
    }
}
