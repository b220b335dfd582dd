//! Protobuf rows to columns and back, without code for any one dataset: a table made once from the
//! dataset says which field number is which column.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Decimal128Type, Float64Type, Int64Type, SchemaRef};
use arrow::temporal_conversions::date32_to_datetime;
use prost::Message;
use prost::encoding::{self, DecodeContext, WireType, decode_key, decode_varint, skip_field};
use uplift_core::dataset::{Code, Dataset, Field, Format, Kind, MAX_RECORDS};
use uplift_core::error::{Error, FieldViolation, Result};
use uplift_core::rejection::{Rejections, Rule};
use uplift_proto::rows::Rows;

use crate::builder::{builders, finish};
use crate::columns::{columns, text};
use crate::row_numbers::RowNumbers;
use crate::value::{Value, WireValue, parse_wire};

/// Records as columns, and what was wrong with them. A rejected row keeps its position, so that row
/// numbers stay those of the sender.
#[derive(Debug)]
pub struct DecodedRows {
    /// One row for each record sent.
    pub batch: RecordBatch,
    /// Records that do not fit the dataset.
    pub rejections: Rejections,
    /// Where they stand in what was sent.
    pub numbers: RowNumbers,
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
    pub fn for_dataset(dataset: &'static Dataset) -> Self {
        let last = dataset.fields.iter().map(|f| f.number).max().unwrap_or_default();
        let mut numbered = vec![None; last as usize + 1];
        for (index, field) in dataset.fields.iter().enumerate() {
            numbered[field.number as usize] = Some(index);
        }
        Self { dataset, schema: columns(dataset), columns: numbered }
    }

    /// Decodes all records, of which so many were sent before. An entry of another dataset's list is an error of the
    /// request, not of a row.
    pub fn decode(&self, rows: &Rows, rows_before: i64) -> Result<DecodedRows> {
        let records = self.records(rows)?;
        let count = records.len();
        let mut builders = builders(self.dataset, count);
        let mut values = Vec::new();
        let mut rejections = Rejections::default();
        for (row, record) in records.into_iter().enumerate() {
            values.clear();
            values.resize(builders.len(), WireValue::Absent);
            if let Err((field, rule, message)) = self.read_record(record, &mut values) {
                values.fill(WireValue::Absent);
                rejections.reject(row, &field, rule, || (String::new(), message));
            }
            for ((builder, value), field) in builders.iter_mut().zip(&values).zip(&self.dataset.fields) {
                builder.push(parse_wire(&field.kind, value).unwrap_or_else(|e| {
                    rejections.reject(row, &field.name, e.rule, || (e.value, e.message));
                    Value::Missing
                }));
            }
        }
        let numbers = RowNumbers::after(rows_before);
        Ok(DecodedRows { batch: finish(self.schema.clone(), builders, count)?, rejections, numbers })
    }

    fn records<'r>(&self, rows: &'r Rows) -> Result<Vec<&'r [u8]>> {
        let mut records = Vec::new();
        for entry in rows.entries() {
            let entry = entry.map_err(|e| Error::invalid_field("rows", format!("cannot be decoded: {e}")))?;
            match entry.record {
                Some(_) if records.len() == MAX_RECORDS => {
                    let list = format!("rows.{}", self.dataset.rows_field);
                    let message =
                        format!("has more than {MAX_RECORDS} records; send them in several submissions");
                    return Err(Error::invalid_field(list, message));
                }
                Some(record) if entry.field == self.dataset.rows_number => records.push(record),
                _ => return Err(self.other_list(entry.field)),
            }
        }
        Ok(records)
    }

    /// Reads the values of a record. A later value of a field wins, as in protobuf. An error names the
    /// field, or none where the record as a whole cannot be read.
    fn read_record<'a>(
        &self,
        record: &'a [u8],
        values: &mut [WireValue<'a>],
    ) -> Result<(), (String, Rule, String)> {
        let whole = |message: String| (String::new(), Rule::Format, message);
        let garbled = |e: prost::DecodeError| whole(format!("the record cannot be decoded: {e}"));
        let mut rest = record;
        while !rest.is_empty() {
            let (number, wire_type) = decode_key(&mut rest).map_err(garbled)?;
            let Some(column) = self.columns.get(number as usize).copied().flatten() else {
                let message = format!(
                    "{} has no field number {number}; GetDataset lists its fields",
                    self.dataset.name
                );
                return Err((number.to_string(), Rule::UnknownField, message));
            };
            values[column] = match wire_type {
                WireType::Varint => WireValue::Varint(decode_varint(&mut rest).map_err(garbled)?),
                WireType::SixtyFourBit if rest.len() >= 8 => {
                    let (bits, after) = rest.split_at(8);
                    rest = after;
                    WireValue::Fixed64(u64::from_le_bytes(bits.try_into().unwrap_or_default()))
                }
                WireType::LengthDelimited => {
                    let length = decode_varint(&mut rest).map_err(garbled)? as usize;
                    let Some((bytes, after)) = rest.split_at_checked(length) else {
                        return Err(whole("the record ends inside a field".to_owned()));
                    };
                    rest = after;
                    WireValue::Bytes(bytes)
                }
                other => {
                    skip_field(other, number, &mut rest, DecodeContext::default()).map_err(garbled)?;
                    WireValue::Other
                }
            };
        }
        Ok(())
    }

    fn other_list(&self, number: u32) -> Error {
        let other = uplift_proto::dataset::all().iter().find(|d| d.rows_number == number);
        let field = other.map_or_else(|| format!("rows.{number}"), |d| format!("rows.{}", d.rows_field));
        let list = &self.dataset.rows_field;
        Error::invalid(vec![FieldViolation::new(
            field,
            format!("does not belong to dataset {}; fill rows.{list} alone", self.dataset.name),
        )])
    }
}

/// The rows of a record batch as messages of their dataset: columns of the table back to what was sent.
pub fn messages<M: Message + Default>(dataset: &Dataset, batch: &RecordBatch) -> Result<Vec<M>> {
    let mut encoded = vec![Vec::new(); batch.num_rows()];
    for field in &dataset.fields {
        encode_column(field, batch, &mut encoded)?;
    }
    let message = |bytes: &Vec<u8>| M::decode(bytes.as_slice());
    let decoded: std::result::Result<_, _> = encoded.iter().map(message).collect();
    decoded.map_err(|e| Error::internal(format!("reading records of {}", dataset.name), e))
}

/// Appends a field of every row to its encoded record.
fn encode_column(field: &Field, batch: &RecordBatch, encoded: &mut [Vec<u8>]) -> Result<()> {
    let reading = || format!("reading column {}", field.column());
    let column = batch.column_by_name(field.column());
    let column = column.ok_or_else(|| Error::internal(reading(), "there is no such column"))?;
    let number = field.number;
    let rows = || (0..column.len()).filter(|row| column.is_valid(*row));
    let mistyped = || Error::internal(reading(), format!("it is {}", column.data_type()));
    match &field.kind {
        Kind::Text(Format::Date) => {
            let days = column.as_primitive_opt::<Date32Type>().ok_or_else(mistyped)?;
            for row in rows() {
                let date = date32_to_datetime(days.value(row)).map(|d| d.format("%Y-%m-%d").to_string());
                encoding::string::encode(number, &date.unwrap_or_default(), &mut encoded[row]);
            }
        }
        Kind::Text(_) => {
            let texts = text(batch, field.column())?;
            rows().for_each(|row| {
                encoding::string::encode(number, &texts.value(row).to_owned(), &mut encoded[row]);
            });
        }
        Kind::Code(codes) => {
            let stored = text(batch, field.column())?;
            for row in rows() {
                let code = |c: &&Code| c.stored == stored.value(row);
                if let Some(code) = codes.iter().find(code) {
                    encoding::int32::encode(number, &code.number, &mut encoded[row]);
                }
            }
        }
        Kind::Integer => {
            let whole = column.as_primitive_opt::<Int64Type>().ok_or_else(mistyped)?;
            rows().for_each(|row| encoding::int64::encode(number, &whole.value(row), &mut encoded[row]));
        }
        Kind::Number => {
            let numbers = column.as_primitive_opt::<Float64Type>().ok_or_else(mistyped)?;
            rows().for_each(|row| encoding::double::encode(number, &numbers.value(row), &mut encoded[row]));
        }
        Kind::Money => {
            let fen = column.as_primitive_opt::<Decimal128Type>().ok_or_else(mistyped)?;
            rows()
                .for_each(|row| encoding::int64::encode(number, &(fen.value(row) as i64), &mut encoded[row]));
        }
        Kind::Boolean => {
            let flags = column.as_boolean_opt().ok_or_else(mistyped)?;
            rows().for_each(|row| encoding::bool::encode(number, &flags.value(row), &mut encoded[row]));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uplift_proto::v1::records::{FundFlow, Household};

    #[test]
    fn what_is_decoded_to_columns_reads_back_as_it_was_sent() {
        let households = [
            Household {
                household_id: "h1".into(),
                year: 2011,
                area_code: "500101".into(),
                size: Some(4),
                income_fen: Some(-640_001),
                status: 2,
                deprived_water: Some(false),
                weight: Some(12.5),
                ..Household::default()
            },
            Household { household_id: "h2".into(), deprived_road: Some(true), ..Household::default() },
        ];
        let flow =
            FundFlow { date: "2011-10-17".into(), amount_fen: Some(1), kind: 3, ..FundFlow::default() };
        let batch = |name: &str, rows: Rows| {
            let dataset = uplift_proto::dataset::find(name).unwrap();
            let decoded = Decoder::for_dataset(dataset).decode(&rows, 0).unwrap();
            let rows_sent = decoded.batch.num_rows();
            assert!(!(0..rows_sent).any(|row| decoded.rejections.contains(row)), "{:?}", decoded.rejections);
            (dataset, decoded.batch)
        };
        let number = |name| uplift_proto::dataset::find(name).unwrap().rows_number;
        let (dataset, rows) = batch("household", Rows::encode(number("household"), &households));
        assert_eq!(messages::<Household>(dataset, &rows).unwrap(), households);
        let (dataset, rows) =
            batch("fund_flow", Rows::encode(number("fund_flow"), std::slice::from_ref(&flow)));
        assert_eq!(messages::<FundFlow>(dataset, &rows).unwrap(), [flow]);
    }
}
