//! Accumulators that make a measure an aggregate of the query engine: grouped, parallel, mergeable.
//!
//! Arguments are doubles; a row that lacks one is left out.
//! States travel between partitions as bytes, so that they merge across processes too.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, LargeBinaryArray};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};

use crate::error::Error;

/// The state of an aggregate over one group.
pub(super) trait State: Default + std::fmt::Debug + Send + Sync + 'static {
    /// Adds a row.
    fn add(&mut self, numbers: &[f64]) -> std::result::Result<(), Error>;
    /// Adds the rows of another state.
    fn merge(&mut self, other: Self) -> std::result::Result<(), Error>;
    /// Encodes the state.
    fn to_bytes(&self) -> Vec<u8>;
    /// Decodes a state; `None` if the bytes are not from [`State::to_bytes`].
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
    /// Memory in bytes.
    fn size(&self) -> usize;
}

/// The final value of a state.
pub(super) trait Output<S>: std::fmt::Debug + Send + Sync + 'static {
    /// The value; null where it is undefined, as for no rows.
    fn value(&self, state: &S) -> Result<ScalarValue>;
    /// Its type.
    fn data_type(&self) -> DataType;
}

/// Accumulator of an ungrouped query.
#[derive(Debug)]
pub(super) struct SingleAccumulator<S, O> {
    state: S,
    output: O,
}

impl<S: State, O> SingleAccumulator<S, O> {
    pub(super) fn new(output: O) -> Self {
        Self { state: S::default(), output }
    }
}

impl<S: State, O: Output<S>> Accumulator for SingleAccumulator<S, O> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        each_row(values, None, |_, numbers| self.state.add(numbers))
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.output.value(&self.state)
    }

    fn size(&self) -> usize {
        self.state.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::LargeBinary(Some(self.state.to_bytes()))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        each_state(states, |_, other| self.state.merge(other))
    }
}

/// Accumulator of a grouped query.
pub(super) struct GroupedAccumulator<S, O> {
    states: Vec<S>,
    output: O,
}

impl<S: State, O> GroupedAccumulator<S, O> {
    pub(super) fn new(output: O) -> Self {
        Self { states: Vec::new(), output }
    }

    fn grow(&mut self, groups: usize) {
        if self.states.len() < groups {
            self.states.resize_with(groups, S::default);
        }
    }
}

impl<S: State, O: Output<S>> GroupsAccumulator for GroupedAccumulator<S, O> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.grow(total);
        each_row(values, filter, |row, numbers| self.states[groups[row]].add(numbers))
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let states = emit.take_needed(&mut self.states);
        if states.is_empty() {
            return Ok(arrow::array::new_empty_array(&self.output.data_type()));
        }
        let values = states.iter().map(|state| self.output.value(state)).collect::<Result<Vec<_>>>()?;
        ScalarValue::iter_to_array(values)
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let states = emit.take_needed(&mut self.states);
        Ok(vec![Arc::new(LargeBinaryArray::from_iter_values(states.iter().map(State::to_bytes)))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.grow(total);
        each_state(states, |row, other| self.states[groups[row]].merge(other))
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let rows = values.first().map_or(0, |column| column.len());
        let mut states: Vec<Option<Vec<u8>>> = vec![None; rows];
        each_row(values, filter, |row, numbers| {
            let mut state = S::default();
            state.add(numbers)?;
            states[row] = Some(state.to_bytes());
            Ok(())
        })?;
        Ok(vec![Arc::new(states.into_iter().collect::<LargeBinaryArray>())])
    }

    fn size(&self) -> usize {
        self.states.iter().map(State::size).sum()
    }
}

/// Calls with each row that passes the filter and has every number.
fn each_row(
    values: &[ArrayRef],
    filter: Option<&BooleanArray>,
    mut take: impl FnMut(usize, &[f64]) -> std::result::Result<(), Error>,
) -> Result<()> {
    let numbers: Vec<_> = values.iter().filter_map(|c| c.as_primitive_opt::<Float64Type>()).collect();
    let mut number = vec![0.0; numbers.len()];
    for row in 0..values.first().map_or(0, |column| column.len()) {
        let passes = filter.is_none_or(|f| f.is_valid(row) && f.value(row));
        if !passes || numbers.iter().any(|column| column.is_null(row)) {
            continue;
        }
        for (number, column) in number.iter_mut().zip(&numbers) {
            *number = column.value(row);
        }
        take(row, &number).map_err(engine_error)?;
    }
    Ok(())
}

fn each_state<S: State>(
    states: &[ArrayRef],
    mut take: impl FnMut(usize, S) -> std::result::Result<(), Error>,
) -> Result<()> {
    let states = states[0].as_binary::<i64>();
    for row in (0..states.len()).filter(|row| states.is_valid(*row)) {
        let state = S::from_bytes(states.value(row));
        let state = state.ok_or_else(|| DataFusionError::Execution("a partial measure is damaged".into()))?;
        take(row, state).map_err(engine_error)?;
    }
    Ok(())
}

/// What cannot be measured is an error of the data or the query, not of the engine.
pub(super) fn engine_error(error: Error) -> DataFusionError {
    DataFusionError::Execution(error.message)
}
