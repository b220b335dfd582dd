//! States merged into an answer: a row for each place, a column for each output.

mod bytes;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::array::{new_empty_array, new_null_array};
use arrow::compute::{concat, nullif, take};
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::EmitTo;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use rayon::prelude::*;
use uplift_engine::error::is_not_computable;
use uplift_measures::engine::estimates;

pub use crate::places::Group;

use crate::estimates::estimates_of_places;
use crate::kept::Kept;
use crate::partial::Partial;
use crate::places::{Extent, Places};
use crate::program::{Kind, Planned, Program, accumulator};
use crate::state::Content;

/// What a program computed.
#[derive(Debug)]
pub struct Answer {
    /// The place of each row.
    pub groups: Vec<Group>,
    /// A column for each output of the program: `a0`, `a1`, …
    pub columns: RecordBatch,
}

impl Answer {
    /// Memory in bytes, about.
    pub(crate) fn size(&self) -> usize {
        self.groups.len() * 64 + self.columns.get_array_memory_size()
    }

    pub(crate) fn new(
        program: &Program,
        partials: &[Partial],
        extent: Extent<'_>,
        kept: &Kept,
    ) -> Result<Self> {
        let places = Places::new(partials, &kept.groups, extent);
        let mut estimated = estimates_of_places(program, partials, &places, extent.area, kept).into_iter();
        let by_engine = |planned: &Planned| match planned {
            Planned::Engine(aggregate) => Some(merged(program, partials, &places, *aggregate)),
            _ => None,
        };
        let by_engine: Vec<Option<Result<ArrayRef>>> = program.outputs.par_iter().map(by_engine).collect();
        let columns = by_engine.into_iter().map(|column| match column {
            Some(column) => column,
            None => estimates(&estimated.next().unwrap_or_default()),
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let rows = RecordBatchOptions::new().with_row_count(Some(places.rows.len()));
        let columns = RecordBatch::try_new_with_options(Arc::new(program.schema()), columns, &rows)?;
        Ok(Self { groups: places.rows, columns })
    }
}

/// A function of the engine over the states of each place.
fn merged(program: &Program, partials: &[Partial], places: &Places, aggregate: usize) -> Result<ArrayRef> {
    let Kind::Engine(function) = &program.aggregates[aggregate].kind else {
        return Ok(new_null_array(&DataType::Null, places.rows.len()));
    };
    let all = 0..places.rows.len();
    let values =
        match evaluated(program, function, partials, places, aggregate, &|place| Some(place), all.len()) {
            Err(e) if is_not_computable(&e) => {
                // One place cannot be computed: the others are, each by itself.
                let alone = |place| {
                    let only = move |other| (other == place).then_some(0);
                    match evaluated(program, function, partials, places, aggregate, &only, 1) {
                        Err(e) if is_not_computable(&e) => {
                            Ok(new_null_array(function.field().data_type(), 1))
                        }
                        value => value,
                    }
                };
                let values = all.clone().map(alone).collect::<Result<Vec<_>>>()?;
                let values: Vec<&dyn Array> = values.iter().map(AsRef::as_ref).collect();
                concat(&values)?
            }
            values => values?,
        };
    let failed = |place: usize| {
        let mut parts = places.parts(place);
        parts.any(|(source, group)| partials[source].states[aggregate].failed.contains(&group))
    };
    let failed: BooleanArray = all.map(|place| Some(failed(place))).collect();
    if failed.true_count() == 0 { Ok(values) } else { Ok(nullif(&values, &failed)?) }
}

/// Merges the states of all places that have a number, and evaluates them by that.
fn evaluated(
    program: &Program,
    function: &Arc<AggregateFunctionExpr>,
    partials: &[Partial],
    places: &Places,
    aggregate: usize,
    number: &dyn Fn(usize) -> Option<usize>,
    numbers: usize,
) -> Result<ArrayRef> {
    if numbers == 0 {
        return Ok(new_empty_array(function.field().data_type()));
    }
    let mut merging = accumulator(function)?;
    program.aggregates[aggregate].tell_groups(&program.nodes, merging.as_mut(), numbers)?;
    for (source, partial) in partials.iter().enumerate() {
        let Content::Engine(state) = &partial.states[aggregate].content else { continue };
        for kind in 0..2 {
            let numbered = places.group_of[source].iter().enumerate();
            let numbered = numbered.filter_map(|(group, whole)| {
                let row = places.rows_of[(*whole)?][kind]?;
                Some((group as u32, number(row)?))
            });
            let (groups, numbered): (Vec<u32>, Vec<usize>) = numbered.unzip();
            if groups.is_empty() {
                continue;
            }
            let groups = UInt32Array::from(groups);
            let part = state.iter().map(|column| take(column, &groups, None));
            merging.merge_batch(&part.collect::<std::result::Result<Vec<_>, _>>()?, &numbered, numbers)?;
        }
    }
    merging.evaluate(EmitTo::All)
}
