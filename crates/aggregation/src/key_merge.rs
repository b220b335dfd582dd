//! What files have of the same keys put together: a record for each key.

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use datafusion::common::Result;
use datafusion::logical_expr::EmitTo;
use rayon::prelude::*;

use crate::addition::{AddedColumns, Addition};
use crate::families::all_keys;
use crate::key_pass::KeyStates;
use crate::keys::{Numbers, Share};
use crate::state::Content;

/// Keys of a share: their numbers fit the caches of a core.
const KEYS: usize = 1 << 17;

/// Shares of the keys of some files, each with about as many as fit.
pub(crate) fn shares(parts: &[KeyStates]) -> impl IndexedParallelIterator<Item = Share> + use<> {
    let bits = Share::bits(all_keys(parts), KEYS);
    (0..1usize << bits).into_par_iter().map(move |number| Share { number, bits })
}

/// The records of a share of the keys, in the columns that are wanted.
pub(crate) fn merged(
    addition: &Addition,
    wanted: &AddedColumns,
    parts: &[KeyStates],
    share: Share,
) -> Result<RecordBatch> {
    let ranges: Vec<_> = parts.iter().map(|part| share.range(&part.keys)).collect();
    // Most keys are in two files or more.
    let keys: usize = ranges.iter().map(ExactSizeIterator::len).sum();
    let mut numbers = Numbers::with_capacity(keys * 3 / 5);
    let numbered: Vec<Vec<usize>> = parts
        .iter()
        .zip(&ranges)
        .map(|(part, range)| part.keys[range.clone()].iter().map(|key| numbers.number(*key)).collect())
        .collect();
    if numbers.len() == 0 {
        return Ok(RecordBatch::new_empty(wanted.columns.clone()));
    }
    let column = |(n, aggregate): (usize, &usize)| -> Result<ArrayRef> {
        let Some(merging) = addition.aggregates[*aggregate].accumulator() else {
            return Ok(new_null_array(wanted.of_aggregates.field(n).data_type(), numbers.len()));
        };
        let mut merging = merging?;
        addition.aggregates[*aggregate].tell_groups(&addition.nodes, merging.as_mut(), numbers.len())?;
        for ((part, range), numbered) in parts.iter().zip(&ranges).zip(&numbered) {
            let Content::Engine(state) = &part.states[n].content else { continue };
            if range.is_empty() {
                continue;
            }
            let state: Vec<ArrayRef> = state.iter().map(|c| c.slice(range.start, range.len())).collect();
            merging.merge_batch(&state, numbered, numbers.len())?;
        }
        merging.evaluate(EmitTo::All)
    };
    let arrays = wanted.aggregates.iter().enumerate().map(column).collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(numbers.len()));
    wanted.computed(&RecordBatch::try_new_with_options(wanted.of_aggregates.clone(), arrays, &options)?)
}
