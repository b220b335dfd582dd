//! Wire bytes to columns, without a message per record: a table made once from the dataset says
//! which field number goes to which column.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{Schema, SchemaRef};
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use uplift_core::dataset::Dataset;
use uplift_core::error::{Error, FieldViolation, Result};
use uplift_proto::rows::Rows;
use uplift_store::schema::column;

use crate::builder::{Builder, Cell};
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
    pub fn decode(&self, rows: &Rows) -> Result<Decoded> {
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
