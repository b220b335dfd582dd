//! Wire bytes to columns, without a message per record: a table made once from the dataset says
//! which field number goes to which column.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder, RecordBatch,
    StringBuilder,
};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use chrono::NaiveDate;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use uplift_core::dataset::{Code, Dataset, Format, Kind};
use uplift_core::error::{Error, FieldViolation, Result};
use uplift_proto::rows::Rows;
use uplift_store::schema::{MONEY_PRECISION, column};

use crate::fault::{Fault, Rule};

/// Records as columns, and what was wrong with them on the way. A faulty row keeps its place, so
/// that row numbers stay those of the sender.
#[derive(Debug)]
pub struct Decoded {
    /// One row for each record sent.
    pub batch: RecordBatch,
    /// Records that do not fit the dataset.
    pub faults: Vec<Fault>,
}

/// Decodes the records of one dataset.
#[derive(Debug)]
pub struct Decoder {
    dataset: &'static Dataset,
    schema: SchemaRef,
    /// Column of each field number; numbers are small and dense.
    columns: Vec<Option<usize>>,
}

impl Decoder {
    /// A decoder for a dataset.
    pub fn new(dataset: &'static Dataset) -> Self {
        let last = dataset.fields.iter().map(|f| f.number).max().unwrap_or_default();
        let mut columns = vec![None; last as usize + 1];
        for (index, field) in dataset.fields.iter().enumerate() {
            columns[field.number as usize] = Some(index);
        }
        let schema = Arc::new(Schema::new(dataset.fields.iter().map(column).collect::<Vec<_>>()));
        Self { dataset, schema, columns }
    }

    /// Decodes all records. Entries of another dataset's list are the request's fault, not a row's.
    pub fn decode(&self, rows: Rows) -> Result<Decoded> {
        let mut records = Vec::new();
        for entry in rows.entries() {
            let entry = entry.map_err(|e| Error::invalid_field("rows", format!("cannot be decoded: {e}")))?;
            match entry.record {
                Some(record) if entry.field == self.dataset.rows_number => records.push(record),
                _ => return Err(self.other_list(entry.field)),
            }
        }
        let mut builders: Vec<_> = self.dataset.fields.iter().map(|f| Builder::new(&f.kind)).collect();
        let mut cells = Vec::new();
        let mut faults = Vec::new();
        for (row, record) in records.iter().enumerate() {
            cells.clear();
            cells.resize(builders.len(), Cell::Absent);
            if let Err(fault) = self.record(row, record, &mut cells) {
                cells.fill(Cell::Absent);
                faults.push(fault);
            }
            for ((builder, cell), field) in builders.iter_mut().zip(&cells).zip(&self.dataset.fields) {
                if let Err((rule, value, message)) = builder.append(cell) {
                    faults.push(Fault::new(row, &field.name, rule, &value, message));
                }
            }
        }
        let arrays: Vec<ArrayRef> = builders.into_iter().map(Builder::finish).collect();
        let batch = RecordBatch::try_new(self.schema.clone(), arrays);
        Ok(Decoded { batch: batch.map_err(|e| Error::internal("building columns", e))?, faults })
    }

    /// Puts a record's values into cells. A later value of a field wins, as protobuf has it.
    fn record<'a>(&self, row: usize, record: &'a [u8], cells: &mut [Cell<'a>]) -> Result<(), Fault> {
        let garbled = |e: prost::DecodeError| {
            Fault::new(row, "", Rule::Format, "", format!("the record cannot be decoded: {e}"))
        };
        let mut rest = record;
        while !rest.is_empty() {
            let (number, wire_type) = decode_key(&mut rest).map_err(garbled)?;
            let Some(column) = self.columns.get(number as usize).copied().flatten() else {
                let message = format!(
                    "{} has no field number {number}; GetDataset lists its fields",
                    self.dataset.name
                );
                return Err(Fault::new(row, &number.to_string(), Rule::UnknownField, "", message));
            };
            cells[column] = match wire_type {
                WireType::Varint => Cell::Varint(decode_varint(&mut rest).map_err(garbled)?),
                WireType::SixtyFourBit if rest.len() >= 8 => {
                    let (bits, after) = rest.split_at(8);
                    rest = after;
                    Cell::Bits(u64::from_le_bytes(bits.try_into().unwrap_or_default()))
                }
                WireType::LengthDelimited => {
                    let length = decode_varint(&mut rest).map_err(garbled)? as usize;
                    let Some((bytes, after)) = rest.split_at_checked(length) else {
                        return Err(Fault::new(row, "", Rule::Format, "", "the record ends inside a field"));
                    };
                    rest = after;
                    Cell::Bytes(bytes)
                }
                other => {
                    skip_field(other, number, &mut rest, DecodeContext::default()).map_err(garbled)?;
                    Cell::Other
                }
            };
        }
        Ok(())
    }

    fn other_list(&self, number: u32) -> Error {
        let name = uplift_proto::dataset::all().iter().find(|d| d.rows_number == number);
        let field = name.map_or_else(|| format!("rows.{number}"), |d| format!("rows.{}", d.rows_field));
        let wanted = &self.dataset.rows_field;
        Error::invalid(vec![FieldViolation::new(
            field,
            format!("does not belong to dataset {}; fill rows.{wanted} alone", self.dataset.name),
        )])
    }
}

/// One value as it stood on the wire.
#[derive(Clone, Copy)]
enum Cell<'a> {
    Absent,
    Varint(u64),
    Bits(u64),
    Bytes(&'a [u8]),
    /// A wire type that no field of a dataset uses.
    Other,
}

enum Builder<'d> {
    Text(StringBuilder),
    Date(Date32Builder),
    Integer(Int64Builder),
    Number(Float64Builder),
    Money(Decimal128Builder),
    Boolean(BooleanBuilder),
    Code(StringBuilder, &'d [Code]),
}

type Unfit = (Rule, String, String);

impl<'d> Builder<'d> {
    fn new(kind: &'d Kind) -> Self {
        match kind {
            Kind::Text(Format::Date) => Self::Date(Date32Builder::new()),
            Kind::Text(_) => Self::Text(StringBuilder::new()),
            Kind::Integer => Self::Integer(Int64Builder::new()),
            Kind::Number => Self::Number(Float64Builder::new()),
            Kind::Money => {
                let money = DataType::Decimal128(MONEY_PRECISION, 2);
                Self::Money(Decimal128Builder::new().with_data_type(money))
            }
            Kind::Boolean => Self::Boolean(BooleanBuilder::new()),
            Kind::Code(codes) => Self::Code(StringBuilder::new(), codes),
        }
    }

    /// Appends one value, or nothing and the reason. Empty text and code 0 are absent values.
    fn append(&mut self, cell: &Cell<'_>) -> Result<(), Unfit> {
        let fault = match (&mut *self, cell) {
            (_, Cell::Absent) | (Self::Text(_) | Self::Date(_), Cell::Bytes([])) => None,
            (Self::Text(builder), Cell::Bytes(bytes)) => match std::str::from_utf8(bytes) {
                Ok(text) => {
                    builder.append_value(text);
                    return Ok(());
                }
                Err(_) => Some((
                    Rule::Format,
                    String::from_utf8_lossy(bytes).into_owned(),
                    "is not UTF-8 text".to_owned(),
                )),
            },
            (Self::Date(builder), Cell::Bytes(bytes)) => {
                let text = String::from_utf8_lossy(bytes);
                match NaiveDate::parse_from_str(&text, "%Y-%m-%d") {
                    Ok(date) => {
                        builder.append_value(days(date));
                        return Ok(());
                    }
                    Err(_) => Some((
                        Rule::Format,
                        text.into_owned(),
                        "is no date; write it as 2011-10-17".to_owned(),
                    )),
                }
            }
            (Self::Integer(builder), Cell::Varint(n)) => {
                builder.append_value(*n as i64);
                return Ok(());
            }
            (Self::Money(builder), Cell::Varint(fen)) => {
                builder.append_value(i128::from(*fen as i64));
                return Ok(());
            }
            (Self::Boolean(builder), Cell::Varint(n)) => {
                builder.append_value(*n != 0);
                return Ok(());
            }
            (Self::Number(builder), Cell::Bits(bits)) => {
                let number = f64::from_bits(*bits);
                if number.is_finite() {
                    builder.append_value(number);
                    return Ok(());
                }
                Some((Rule::Format, number.to_string(), "is not a finite number".to_owned()))
            }
            (Self::Code(_, _), Cell::Varint(0)) => None,
            (Self::Code(builder, codes), Cell::Varint(n)) => {
                match codes.iter().find(|c| u64::try_from(c.number).is_ok_and(|m| m == *n)) {
                    Some(code) => {
                        builder.append_value(&code.stored);
                        return Ok(());
                    }
                    None => {
                        let names: Vec<_> = codes.iter().map(|c| c.name.as_str()).collect();
                        let message = format!("is not on the list; write one of {}", names.join(", "));
                        Some((Rule::Code, n.to_string(), message))
                    }
                }
            }
            _ => Some((Rule::Format, String::new(), "has another wire type than its field".to_owned())),
        };
        self.append_null();
        fault.map_or(Ok(()), Err)
    }

    fn append_null(&mut self) {
        match self {
            Self::Text(b) | Self::Code(b, _) => b.append_null(),
            Self::Date(b) => b.append_null(),
            Self::Integer(b) => b.append_null(),
            Self::Number(b) => b.append_null(),
            Self::Money(b) => b.append_null(),
            Self::Boolean(b) => b.append_null(),
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Text(mut b) | Self::Code(mut b, _) => Arc::new(b.finish()),
            Self::Date(mut b) => Arc::new(b.finish()),
            Self::Integer(mut b) => Arc::new(b.finish()),
            Self::Number(mut b) => Arc::new(b.finish()),
            Self::Money(mut b) => Arc::new(b.finish()),
            Self::Boolean(mut b) => Arc::new(b.finish()),
        }
    }
}

fn days(date: NaiveDate) -> i32 {
    date.signed_duration_since(NaiveDate::default()).num_days() as i32
}
