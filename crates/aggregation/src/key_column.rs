//! The value of a part of the key, of each key: that of the first row that has it, since all have the same.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, UInt32Array, new_empty_array};
use arrow::compute::{concat, take};
use arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

/// Keys are numbered in the order in which they are met.
pub(crate) struct KeyColumn {
    data_type: DataType,
    parts: Vec<ArrayRef>,
    met: usize,
}

impl KeyColumn {
    pub(crate) fn new(data_type: &DataType) -> Self {
        Self { data_type: data_type.clone(), parts: Vec::new(), met: 0 }
    }

    fn add(&mut self, values: &[ArrayRef], keys: &[usize]) -> Result<()> {
        let [values] = values else {
            return Err(DataFusionError::Internal("a part of a key is one column".into()));
        };
        let mut first = Vec::new();
        for (row, key) in (0u32..).zip(keys) {
            if *key == self.met {
                first.push(row);
                self.met += 1;
            }
        }
        let part = match first.len() {
            0 => return Ok(()),
            all if all == values.len() => Arc::clone(values),
            _ => take(values, &UInt32Array::from(first), None)?,
        };
        self.parts.push(part);
        Ok(())
    }
}

impl GroupsAccumulator for KeyColumn {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        keys: &[usize],
        _: Option<&BooleanArray>,
        _: usize,
    ) -> Result<()> {
        self.add(values, keys)
    }

    fn merge_batch(&mut self, values: &[ArrayRef], keys: &[usize], _: usize) -> Result<()> {
        self.add(values, keys)
    }

    fn evaluate(&mut self, _: EmitTo) -> Result<ArrayRef> {
        let parts: Vec<&dyn Array> = self.parts.iter().map(AsRef::as_ref).collect();
        if parts.is_empty() { Ok(new_empty_array(&self.data_type)) } else { Ok(concat(&parts)?) }
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.evaluate(emit)?])
    }

    fn convert_to_state(&self, values: &[ArrayRef], _: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        Ok(values.to_vec())
    }

    fn size(&self) -> usize {
        self.parts.iter().map(|part| part.get_array_memory_size()).sum()
    }
}
