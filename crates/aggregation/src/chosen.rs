//! Rows of a batch that pass a condition and have a value and a weight.

use arrow::array::{Array, BooleanArray, Float64Array};
use arrow::buffer::{BooleanBuffer, NullBuffer};

/// The rows, by their number in the batch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chosen {
    rows: usize,
    /// None where all pass.
    passes: Option<BooleanBuffer>,
    /// None where all have both.
    whole: Option<NullBuffer>,
}

impl Chosen {
    pub(crate) fn new(values: &Float64Array, weights: &Float64Array, passes: Option<&BooleanArray>) -> Self {
        let whole = NullBuffer::union(values.nulls(), weights.nulls()).filter(|nulls| nulls.null_count() > 0);
        Self { rows: values.len(), passes: passes.map(|passes| passes.values().clone()), whole }
    }

    #[inline]
    pub(crate) fn each(&self, mut take: impl FnMut(usize)) {
        let taken = self.try_each(|row| {
            take(row);
            Ok::<(), std::convert::Infallible>(())
        });
        let Ok(()) = taken;
    }

    #[inline]
    pub(crate) fn try_each<E>(&self, mut take: impl FnMut(usize) -> Result<(), E>) -> Result<(), E> {
        let mut take = |row: usize| match &self.whole {
            Some(whole) if whole.is_null(row) => Ok(()),
            _ => take(row),
        };
        match &self.passes {
            None => (0..self.rows).try_for_each(&mut take),
            Some(passes) => passes.set_indices().try_for_each(&mut take),
        }
    }
}
