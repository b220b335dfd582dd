//! One batch of records with the expressions of a program, each evaluated once.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::compute::{and_kleene, filter_record_batch, prep_null_mask_filter};
use datafusion::common::Result;

use crate::program::{Aggregate, Program, Slot};

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
        Self { program, rows, known: vec![None; program.expressions.len()] }
    }

    pub(crate) fn value(&mut self, slot: Slot) -> Result<ArrayRef> {
        if let Some(known) = &self.known[slot] {
            return Ok(known.clone());
        }
        let value = self.program.expressions[slot].evaluate(&self.rows)?.into_array(self.rows.num_rows())?;
        self.known[slot] = Some(value.clone());
        Ok(value)
    }

    pub(crate) fn taken(&mut self, aggregate: &Aggregate) -> Result<Taken> {
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
        let arguments = aggregate.arguments.iter().map(|slot| self.value(*slot)).collect::<Result<_>>()?;
        Ok(Taken { arguments, passes })
    }

    /// The rows of which `keep` is true.
    pub(crate) fn part(&self, keep: &BooleanArray) -> Result<Batch<'p>> {
        Ok(Self::new(self.program, filter_record_batch(&self.rows, keep)?))
    }
}
