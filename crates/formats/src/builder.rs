//! Parsed values to Arrow columns.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder, RecordBatch,
    StringBuilder, new_null_array,
};
use arrow::datatypes::{DataType, SchemaRef};
use uplift_core::dataset::{Dataset, Format, Kind};
use uplift_core::error::{Error, Result};

use crate::columns::MONEY_PRECISION;
use crate::value::Value;

/// Collects the values of one column.
pub(crate) enum ColumnBuilder {
    Text(StringBuilder),
    Date(Date32Builder),
    Integer(Int64Builder),
    Number(Float64Builder),
    Money(Decimal128Builder),
    Boolean(BooleanBuilder),
}

impl ColumnBuilder {
    /// A builder for what a field holds.
    fn for_kind(kind: &Kind, rows: usize) -> Self {
        match kind {
            Kind::Text(Format::Date) => Self::Date(Date32Builder::with_capacity(rows)),
            Kind::Text(_) | Kind::Code(_) => {
                Self::Text(StringBuilder::with_capacity(rows, rows * TEXT_BYTES))
            }
            Kind::Integer => Self::Integer(Int64Builder::with_capacity(rows)),
            Kind::Number => Self::Number(Float64Builder::with_capacity(rows)),
            Kind::Money => {
                let money = DataType::Decimal128(MONEY_PRECISION, 2);
                Self::Money(Decimal128Builder::with_capacity(rows).with_data_type(money))
            }
            Kind::Boolean => Self::Boolean(BooleanBuilder::with_capacity(rows)),
        }
    }

    /// Appends a value of the builder's kind, or a null.
    pub(crate) fn push(&mut self, value: Value<'_>) {
        match (self, value) {
            (Self::Text(b), Value::Text(text)) => b.append_value(text),
            (Self::Text(b), Value::Code(code)) => b.append_value(code),
            (Self::Date(b), Value::Date(days)) => b.append_value(days),
            (Self::Integer(b), Value::Integer(n)) => b.append_value(n),
            (Self::Number(b), Value::Number(n)) => b.append_value(n),
            (Self::Money(b), Value::Money(fen)) => b.append_value(fen.into()),
            (Self::Boolean(b), Value::Boolean(yes)) => b.append_value(yes),
            (Self::Text(b), _) => b.append_null(),
            (Self::Date(b), _) => b.append_null(),
            (Self::Integer(b), _) => b.append_null(),
            (Self::Number(b), _) => b.append_null(),
            (Self::Money(b), _) => b.append_null(),
            (Self::Boolean(b), _) => b.append_null(),
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Text(mut b) => Arc::new(b.finish()),
            Self::Date(mut b) => Arc::new(b.finish()),
            Self::Integer(mut b) => Arc::new(b.finish()),
            Self::Number(mut b) => Arc::new(b.finish()),
            Self::Money(mut b) => Arc::new(b.finish()),
            Self::Boolean(mut b) => Arc::new(b.finish()),
        }
    }
}

/// Bytes of an identifier, roughly.
const TEXT_BYTES: usize = 8;

/// A builder for each field of a dataset, with room for rows where so many are expected.
pub(crate) fn builders(dataset: &Dataset, rows: usize) -> Vec<ColumnBuilder> {
    dataset.fields.iter().map(|f| ColumnBuilder::for_kind(&f.kind, rows)).collect()
}

/// The columns of a dataset from its builders. One to which nothing was appended is a column without values.
pub(crate) fn finish(schema: SchemaRef, builders: Vec<ColumnBuilder>, rows: usize) -> Result<RecordBatch> {
    let columns = schema.fields().iter().zip(builders.into_iter().map(ColumnBuilder::finish));
    let arrays = columns.map(|(field, array)| match array.len() {
        0 => new_null_array(field.data_type(), rows),
        _ => array,
    });
    let arrays = arrays.collect();
    RecordBatch::try_new(schema, arrays).map_err(|e| Error::internal("building columns", e))
}
