//! The Arrow columns of a dataset, and typed columns of a record batch by name.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field as Column, Int64Type, Schema, SchemaRef};
use uplift_core::dataset::{Dataset, Field, Format, Kind};
use uplift_core::error::{Error, Result};

/// Digits of money: 18 before the point hold any budget.
pub(crate) const MONEY_PRECISION: u8 = 20;

/// The columns of a dataset's own fields.
pub fn columns(dataset: &Dataset) -> SchemaRef {
    Arc::new(Schema::new(dataset.fields.iter().map(column).collect::<Vec<_>>()))
}

/// The column of a field. All are nullable in the table, so that a later version of a dataset can
/// require more without rewriting history; required fields are checked when records arrive.
pub fn column(field: &Field) -> Column {
    let data_type = match &field.kind {
        Kind::Text(Format::Date) => DataType::Date32,
        Kind::Text(_) | Kind::Code(_) => DataType::Utf8,
        Kind::Integer => DataType::Int64,
        Kind::Number => DataType::Float64,
        Kind::Money => DataType::Decimal128(MONEY_PRECISION, 2),
        Kind::Boolean => DataType::Boolean,
    };
    Column::new(field.column(), data_type, true)
}

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
