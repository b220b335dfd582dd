//! Columns of batches: those that rules read, of the types that they are declared with.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{Field as Column, SchemaRef};
use datafusion::logical_expr::ident;
use datafusion::prelude::DataFrame;
use uplift_core::error::{Error, Result};
use uplift_engine::error::query_failed;

/// The columns of a batch that rules read, of the types that they are declared with.
pub(super) fn read_columns(batch: &RecordBatch, read: &SchemaRef) -> Result<RecordBatch> {
    let failed = |e| Error::internal("reading columns", e);
    let column = |column: &Arc<Column>| {
        let array = batch.column_by_name(column.name());
        let array =
            array.ok_or_else(|| Error::internal("reading columns", format!("no {}", column.name())))?;
        if array.data_type() == column.data_type() {
            return Ok(array.clone());
        }
        cast(array, column.data_type()).map_err(failed)
    };
    let columns: Vec<ArrayRef> = read.fields().iter().map(column).collect::<Result<_>>()?;
    RecordBatch::try_new(read.clone(), columns).map_err(failed)
}

/// The same of the rows of a table.
pub(super) async fn read_rows(rows: DataFrame, read: &SchemaRef) -> Result<Vec<RecordBatch>> {
    let failed = |e| query_failed("reading records of a group", e);
    let columns: Vec<_> = read.fields().iter().map(|column| ident(column.name())).collect();
    let batches = rows.select(columns).map_err(failed)?.collect().await.map_err(failed)?;
    batches.iter().map(|batch| read_columns(batch, read)).collect()
}

/// Columns by their names.
pub(super) fn named(batch: &RecordBatch, names: &[String]) -> Vec<ArrayRef> {
    names.iter().filter_map(|name| batch.column_by_name(name)).cloned().collect()
}
