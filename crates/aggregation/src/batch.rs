//! One batch of records with the expressions of a program, each evaluated once.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::compute::{and_kleene, filter_record_batch, prep_null_mask_filter};
use datafusion::common::Result;

use crate::nodes::{Input, Slot};
use crate::program::{Aggregate, Program};

pub(crate) struct Batch<'p> {
    program: &'p Program,
    pub(crate) rows: RecordBatch,
    known: Vec<Option<ArrayRef>>,
}

/// What an aggregate takes of a batch: its arguments, and which rows pass.
pub(crate) struct Taken {
    pub(crate) arguments: Vec<ArrayRef>,
    pub(crate) passes: Option<BooleanArray>,
}

impl<'p> Batch<'p> {
    pub(crate) fn new(program: &'p Program, rows: RecordBatch) -> Self {
        Self { program, rows, known: vec![None; program.nodes.len()] }
    }

    pub(crate) fn value(&mut self, slot: Slot) -> Result<ArrayRef> {
        if let Some(known) = &self.known[slot] {
            return Ok(known.clone());
        }
        let program = self.program;
        let input = |input| match input {
            Input::Column(column) => Ok(self.rows.column(column).clone()),
            Input::Slot(slot) => self.value(slot),
        };
        let inputs = program.nodes[slot].inputs().map(input).collect::<Result<Vec<_>>>()?;
        let value = program.nodes[slot].evaluate(inputs, self.rows.num_rows())?;
        self.known[slot] = Some(value.clone());
        Ok(value)
    }

    /// None where no row passes.
    pub(crate) fn taken(&mut self, aggregate: &Aggregate) -> Result<Option<Taken>> {
        let mut passes: Option<BooleanArray> = None;
        for slot in &aggregate.conditions {
            let condition = self.value(*slot)?.as_boolean().clone();
            passes = Some(match passes {
                Some(others) => and_kleene(&others, &condition)?,
                None => condition,
            });
        }
        // What is not known to hold does not.
        let passes = passes.map(|p| if p.null_count() > 0 { prep_null_mask_filter(&p) } else { p });
        if passes.as_ref().is_some_and(|passes| passes.true_count() == 0) {
            return Ok(None);
        }
        let arguments = aggregate.arguments.iter().map(|slot| self.value(*slot)).collect::<Result<_>>()?;
        Ok(Some(Taken { arguments, passes }))
    }

    /// The rows of which `keep` is true.
    pub(crate) fn part(&self, keep: &BooleanArray) -> Result<Batch<'p>> {
        Ok(Self::new(self.program, filter_record_batch(&self.rows, keep)?))
    }
}
