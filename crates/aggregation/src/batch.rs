//! One batch of records with expressions over its columns, each evaluated once.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::compute::{and_kleene, filter_record_batch, prep_null_mask_filter};
use datafusion::common::Result;

use crate::nodes::{Input, Node, Slot};
use crate::program::Aggregate;

pub(crate) struct Batch<'p> {
    nodes: &'p [Node],
    pub(crate) rows: RecordBatch,
    known: Vec<Option<ArrayRef>>,
    /// The rows that conditions hold for, by those.
    passed: Vec<(&'p [Slot], Option<BooleanArray>)>,
}

/// What an aggregate takes of a batch: its arguments, and which rows pass.
pub(crate) struct Taken {
    pub(crate) arguments: Vec<ArrayRef>,
    pub(crate) passes: Option<BooleanArray>,
}

impl<'p> Batch<'p> {
    pub(crate) fn new(nodes: &'p [Node], rows: RecordBatch) -> Self {
        Self { nodes, rows, known: vec![None; nodes.len()], passed: Vec::new() }
    }

    pub(crate) fn value(&mut self, slot: Slot) -> Result<ArrayRef> {
        if let Some(known) = &self.known[slot] {
            return Ok(known.clone());
        }
        let nodes = self.nodes;
        let input = |input| match input {
            Input::Column(column) => Ok(self.rows.column(column).clone()),
            Input::Slot(slot) => self.value(slot),
        };
        let inputs = nodes[slot].inputs().map(input).collect::<Result<Vec<_>>>()?;
        let value = nodes[slot].evaluate(inputs, self.rows.num_rows())?;
        self.known[slot] = Some(value.clone());
        Ok(value)
    }

    /// The rows that all of some conditions hold for; none where there are no conditions.
    pub(crate) fn passes(&mut self, conditions: &'p [Slot]) -> Result<Option<BooleanArray>> {
        if let Some((_, known)) = self.passed.iter().find(|(known, _)| *known == conditions) {
            return Ok(known.clone());
        }
        let mut passes: Option<BooleanArray> = None;
        for slot in conditions {
            let condition = self.value(*slot)?.as_boolean().clone();
            passes = Some(match passes {
                Some(others) => and_kleene(&others, &condition)?,
                None => condition,
            });
        }
        // What is not known to hold does not.
        let passes = passes.map(|p| if p.null_count() > 0 { prep_null_mask_filter(&p) } else { p });
        self.passed.push((conditions, passes.clone()));
        Ok(passes)
    }

    /// None where no row passes.
    pub(crate) fn taken(&mut self, aggregate: &'p Aggregate) -> Result<Option<Taken>> {
        let passes = self.passes(&aggregate.conditions)?;
        if passes.as_ref().is_some_and(|passes| passes.true_count() == 0) {
            return Ok(None);
        }
        Ok(Some(Taken { arguments: self.values(&aggregate.arguments)?, passes }))
    }

    pub(crate) fn values(&mut self, slots: &[Slot]) -> Result<Vec<ArrayRef>> {
        slots.iter().map(|slot| self.value(*slot)).collect()
    }

    /// The rows of which `keep` is true.
    pub(crate) fn part(&self, keep: &BooleanArray) -> Result<Batch<'p>> {
        Ok(Self::new(self.nodes, filter_record_batch(&self.rows, keep)?))
    }
}
