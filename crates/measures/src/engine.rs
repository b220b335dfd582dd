//! What makes a measure an aggregate of the query engine: grouped, parallel, mergeable.
//!
//! Every argument is a double; a row with a missing argument is left out. What a measure has seen
//! travels between partitions as bytes, so that it merges across processes too.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Float64Array};
use arrow::datatypes::Float64Type;
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};

/// What a measure has seen of one group.
pub trait State: Default + std::fmt::Debug + Send + Sync + 'static {
    /// Takes a row in.
    fn add(&mut self, arguments: &[f64]);
    /// Takes in what another has seen.
    fn merge(&mut self, other: Self);
    /// As bytes.
    fn to_bytes(&self) -> Vec<u8>;
    /// Back from bytes; `None` if they are not from [`State::to_bytes`].
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
    /// The measure; `None` where it is not defined, as over no rows.
    fn value(&self) -> Option<f64>;
    /// Bytes of memory.
    fn size(&self) -> usize;
}

/// What an ungrouped query has seen.
#[derive(Debug)]
pub(crate) struct One<S>(pub(crate) S);

impl<S: State> Accumulator for One<S> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        each_row(values, None, |_, arguments| self.0.add(arguments));
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Float64(self.0.value()))
    }

    fn size(&self) -> usize {
        self.0.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(Some(self.0.to_bytes()))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        each_state(states, |_, seen| {
            self.0.merge(seen);
        })
    }
}

/// What a grouped query has seen, by group.
pub(crate) struct Groups<S>(Vec<S>);

impl<S> Default for Groups<S> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<S: State> Groups<S> {
    fn grow(&mut self, groups: usize) {
        if self.0.len() < groups {
            self.0.resize_with(groups, S::default);
        }
    }
}

impl<S: State> GroupsAccumulator for Groups<S> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.grow(total);
        each_row(values, filter, |row, arguments| self.0[groups[row]].add(arguments));
        Ok(())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let states = emit.take_needed(&mut self.0);
        Ok(Arc::new(states.iter().map(State::value).collect::<Float64Array>()))
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let states = emit.take_needed(&mut self.0);
        Ok(vec![Arc::new(BinaryArray::from_iter_values(states.iter().map(State::to_bytes)))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.grow(total);
        each_state(states, |row, seen| self.0[groups[row]].merge(seen))
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let rows = values.first().map_or(0, |column| column.len());
        let mut states: Vec<Option<Vec<u8>>> = vec![None; rows];
        each_row(values, filter, |row, arguments| {
            let mut seen = S::default();
            seen.add(arguments);
            states[row] = Some(seen.to_bytes());
        });
        Ok(vec![Arc::new(states.into_iter().collect::<BinaryArray>())])
    }

    fn size(&self) -> usize {
        self.0.iter().map(State::size).sum()
    }
}

/// Calls with each row that passes the filter and has every argument.
fn each_row(values: &[ArrayRef], filter: Option<&BooleanArray>, mut take: impl FnMut(usize, &[f64])) {
    let columns: Vec<_> = values.iter().map(|column| column.as_primitive::<Float64Type>()).collect();
    let mut arguments = vec![0.0; columns.len()];
    for row in 0..columns.first().map_or(0, |column| column.len()) {
        let passes = filter.is_none_or(|f| f.is_valid(row) && f.value(row));
        if !passes || columns.iter().any(|column| column.is_null(row)) {
            continue;
        }
        for (argument, column) in arguments.iter_mut().zip(&columns) {
            *argument = column.value(row);
        }
        take(row, &arguments);
    }
}

fn each_state<S: State>(states: &[ArrayRef], mut take: impl FnMut(usize, S)) -> Result<()> {
    let states = states[0].as_binary::<i32>();
    for row in (0..states.len()).filter(|row| states.is_valid(*row)) {
        let seen = S::from_bytes(states.value(row));
        take(row, seen.ok_or_else(|| DataFusionError::Execution("a partial measure was damaged".into()))?);
    }
    Ok(())
}
