//! What makes a measure an aggregate of the query engine: grouped, parallel, mergeable.
//!
//! Arguments are doubles, then texts; a row with a missing double is left out, a missing text is empty.
//! What a measure has seen travels between partitions as bytes, so that it merges across processes too.

mod functions;
mod rows;
mod sum;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, LargeBinaryArray, StringArray};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};

use crate::distribution::Refused;

/// The functions of numbers, and those that make a measure of a distribution that was gathered.
pub use functions::{DIFFERENCE, DISTRIBUTION, ESTIMATE, check, is_measure};

/// The aggregate functions, for a query session to register.
pub fn functions() -> Vec<datafusion::logical_expr::AggregateUDF> {
    let mut functions = vec![sum::function(), functions::distribution()];
    functions.extend(functions::measures());
    functions
}

/// The scalar functions, for a query session to register.
pub fn scalar_functions() -> Vec<datafusion::logical_expr::ScalarUDF> {
    functions::of_gathered()
}

/// What an aggregate has seen of one group.
pub trait State: Default + std::fmt::Debug + Send + Sync + 'static {
    /// Takes a row in.
    fn add(&mut self, numbers: &[f64], texts: &[&str]) -> std::result::Result<(), Refused>;
    /// Takes in what another has seen.
    fn merge(&mut self, other: Self) -> std::result::Result<(), Refused>;
    /// As bytes.
    fn to_bytes(&self) -> Vec<u8>;
    /// Back from bytes; `None` if they are not from [`State::to_bytes`].
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
    /// Bytes of memory.
    fn size(&self) -> usize;
}

/// What is made of a state in the end.
pub trait Finish<S>: std::fmt::Debug + Send + Sync + 'static {
    /// One value; a null where it is not defined, as over no rows.
    fn finish(&self, seen: &S) -> Result<ScalarValue>;
    /// Of which type.
    fn returns(&self) -> DataType;
}

/// What an ungrouped query has seen.
#[derive(Debug)]
pub(crate) struct One<S, F> {
    seen: S,
    finish: F,
}

impl<S: State, F> One<S, F> {
    pub(crate) fn new(finish: F) -> Self {
        Self { seen: S::default(), finish }
    }
}

impl<S: State, F: Finish<S>> Accumulator for One<S, F> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        each_row(values, None, |_, numbers, texts| self.seen.add(numbers, texts))
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.finish.finish(&self.seen)
    }

    fn size(&self) -> usize {
        self.seen.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::LargeBinary(Some(self.seen.to_bytes()))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        each_state(states, |_, seen| self.seen.merge(seen))
    }
}

/// What a grouped query has seen, by group.
pub(crate) struct Groups<S, F> {
    seen: Vec<S>,
    finish: F,
}

impl<S: State, F> Groups<S, F> {
    pub(crate) fn new(finish: F) -> Self {
        Self { seen: Vec::new(), finish }
    }

    fn grow(&mut self, groups: usize) {
        if self.seen.len() < groups {
            self.seen.resize_with(groups, S::default);
        }
    }
}

impl<S: State, F: Finish<S>> GroupsAccumulator for Groups<S, F> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.grow(total);
        each_row(values, filter, |row, numbers, texts| self.seen[groups[row]].add(numbers, texts))
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let seen = emit.take_needed(&mut self.seen);
        if seen.is_empty() {
            return Ok(arrow::array::new_empty_array(&self.finish.returns()));
        }
        let values = seen.iter().map(|seen| self.finish.finish(seen)).collect::<Result<Vec<_>>>()?;
        ScalarValue::iter_to_array(values)
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let seen = emit.take_needed(&mut self.seen);
        Ok(vec![Arc::new(LargeBinaryArray::from_iter_values(seen.iter().map(State::to_bytes)))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.grow(total);
        each_state(states, |row, seen| self.seen[groups[row]].merge(seen))
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let rows = values.first().map_or(0, |column| column.len());
        let mut states: Vec<Option<Vec<u8>>> = vec![None; rows];
        each_row(values, filter, |row, numbers, texts| {
            let mut seen = S::default();
            seen.add(numbers, texts)?;
            states[row] = Some(seen.to_bytes());
            Ok(())
        })?;
        Ok(vec![Arc::new(states.into_iter().collect::<LargeBinaryArray>())])
    }

    fn size(&self) -> usize {
        self.seen.iter().map(State::size).sum()
    }
}

/// Calls with each row that passes the filter and has every number.
fn each_row(
    values: &[ArrayRef],
    filter: Option<&BooleanArray>,
    mut take: impl FnMut(usize, &[f64], &[&str]) -> std::result::Result<(), Refused>,
) -> Result<()> {
    let numbers: Vec<_> = values.iter().filter_map(|c| c.as_primitive_opt::<Float64Type>()).collect();
    let texts: Vec<&StringArray> = values.iter().filter_map(|c| c.as_string_opt::<i32>()).collect();
    let mut number = vec![0.0; numbers.len()];
    let mut text = vec![""; texts.len()];
    for row in 0..values.first().map_or(0, |column| column.len()) {
        let passes = filter.is_none_or(|f| f.is_valid(row) && f.value(row));
        if !passes || numbers.iter().any(|column| column.is_null(row)) {
            continue;
        }
        for (number, column) in number.iter_mut().zip(&numbers) {
            *number = column.value(row);
        }
        for (text, column) in text.iter_mut().zip(&texts) {
            *text = if column.is_null(row) { "" } else { column.value(row) };
        }
        take(row, &number, &text).map_err(refused)?;
    }
    Ok(())
}

fn each_state<S: State>(
    states: &[ArrayRef],
    mut take: impl FnMut(usize, S) -> std::result::Result<(), Refused>,
) -> Result<()> {
    let states = states[0].as_binary::<i64>();
    for row in (0..states.len()).filter(|row| states.is_valid(*row)) {
        let seen = S::from_bytes(states.value(row));
        let seen = seen.ok_or_else(|| DataFusionError::Execution("a partial measure was damaged".into()))?;
        take(row, seen).map_err(refused)?;
    }
    Ok(())
}

/// What cannot be measured is a fault of the data or the question, not of the engine.
pub(crate) fn refused(refused: Refused) -> DataFusionError {
    DataFusionError::Execution(refused.message)
}
