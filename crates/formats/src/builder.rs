//! Parsed values to Arrow columns.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder, RecordBatch,
    StringBuilder,
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
    pub(crate) fn for_kind(kind: &Kind) -> Self {
        match kind {
            Kind::Text(Format::Date) => Self::Date(Date32Builder::new()),
            Kind::Text(_) | Kind::Code(_) => Self::Text(StringBuilder::new()),
            Kind::Integer => Self::Integer(Int64Builder::new()),
            Kind::Number => Self::Number(Float64Builder::new()),
            Kind::Money => {
                let money = DataType::Decimal128(MONEY_PRECISION, 2);
                Self::Money(Decimal128Builder::new().with_data_type(money))
            }
            Kind::Boolean => Self::Boolean(BooleanBuilder::new()),
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

/// A builder for each field of a dataset.
pub(crate) fn builders(dataset: &Dataset) -> Vec<ColumnBuilder> {
    dataset.fields.iter().map(|f| ColumnBuilder::for_kind(&f.kind)).collect()
}

/// The columns of a dataset from its builders.
pub(crate) fn finish(schema: SchemaRef, builders: Vec<ColumnBuilder>) -> Result<RecordBatch> {
    let arrays = builders.into_iter().map(ColumnBuilder::finish).collect();
    RecordBatch::try_new(schema, arrays).map_err(|e| Error::internal("building columns", e))
}
