//! Which files may have records that a condition holds for, by what the log tells of their columns.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::SchemaRef;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, Result, ScalarValue};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use serde_json::Value;
use uplift_store::DataFile;

/// The numbers of the files that may have such records.
pub(crate) fn relevant(
    files: &[Arc<DataFile>],
    condition: Arc<dyn PhysicalExpr>,
    columns: &SchemaRef,
) -> Result<Vec<usize>> {
    let predicate = PruningPredicateBuilder::new().with_file_schema(columns.clone()).try_build(condition)?;
    let keep = predicate.prune(&Files { files, columns })?;
    Ok(keep.into_iter().enumerate().filter_map(|(n, keep)| keep.then_some(n)).collect())
}

struct Files<'a> {
    files: &'a [Arc<DataFile>],
    columns: &'a SchemaRef,
}

impl Files<'_> {
    /// An end of the range of a column in each file; unknown where the log does not tell.
    fn ends(&self, column: &Column, end: impl Fn(&DataFile) -> Option<&Value>) -> Option<ArrayRef> {
        let kind = self.columns.field_with_name(&column.name).ok()?.data_type();
        let text = |file: &Arc<DataFile>| match end(file)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let texts: StringArray = self.files.iter().map(text).collect();
        cast(&texts, kind).ok()
    }
}

impl PruningStatistics for Files<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.ends(column, |file| file.range(&column.name).map(|range| range.0))
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.ends(column, |file| file.range(&column.name).map(|range| range.1))
    }

    fn num_containers(&self) -> usize {
        self.files.len()
    }

    fn null_counts(&self, _: &Column) -> Option<ArrayRef> {
        None
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        None
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
