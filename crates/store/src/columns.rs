//! Reading typed columns out of query results by name.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use uplift_core::error::{Error, Result};

/// A text column, whatever text type the engine chose.
pub fn text(batch: &RecordBatch, name: &str) -> Result<StringArray> {
    Ok(as_type(batch, name, &DataType::Utf8)?.as_string::<i32>().clone())
}

/// A whole-number column, whatever its width.
pub fn integer(batch: &RecordBatch, name: &str) -> Result<Int64Array> {
    Ok(as_type(batch, name, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
}

/// A yes-or-no column.
pub fn boolean(batch: &RecordBatch, name: &str) -> Result<BooleanArray> {
    Ok(as_type(batch, name, &DataType::Boolean)?.as_boolean().clone())
}

/// The text at a row; empty where there is none.
pub fn text_at(column: &StringArray, row: usize) -> String {
    if column.is_null(row) { String::new() } else { column.value(row).to_owned() }
}

fn as_type(batch: &RecordBatch, name: &str, wanted: &DataType) -> Result<ArrayRef> {
    let column = batch.column_by_name(name).ok_or_else(|| {
        Error::internal(format!("reading column {name}"), "the query returned no such column")
    })?;
    cast(column, wanted).map_err(|e| Error::internal(format!("reading column {name}"), e))
}
