//! The rows of a file into columns: parts of a large one side by side, with the same outcome as one after the other.

use std::ops::ControlFlow;

use arrow::array::{Array, RecordBatch};
use arrow::compute::concat;
use arrow::datatypes::SchemaRef;
use rayon::prelude::*;
use uplift_core::dataset::{Field, Kind, MAX_RECORDS};
use uplift_core::error::{Error, Result};
use uplift_core::rejection::{Rejections, Rule, shortened};

use super::{Lacking, UploadedFile, constant_value, is_sparse};
use crate::builder::{builders, finish};
use crate::columns::columns;
use crate::headings::Column;
use crate::reading::Reading;
use crate::row::{CellKind, Extent};
use crate::row_numbers::RowNumbers;
use crate::source::Source;
use crate::value::Value;
use crate::value::number::{DecimalMark, MarkCount, is_doubtful};
use crate::value::written::parse_cell;
use crate::wire::DecodedRows;

/// The rows of a part.
struct Part {
    batch: RecordBatch,
    rejections: Rejections,
    lines: Vec<i64>,
    reading: Reading,
}

impl UploadedFile {
    /// Decodes the rows. Rejections name fields and count rows, as all do until `restore_labels`.
    pub fn decode(&mut self) -> Result<DecodedRows> {
        // Nearly every file has decimal points, or no fractions; the others are read again.
        if self.options.decimal_mark.is_none() {
            if let Some((decoded, reading)) = self.decode_until(&|text| self.is_doubtful(text))? {
                self.reading = reading;
                return Ok(decoded);
            }
            self.decimal_mark = self.find_decimal_mark()?;
        }
        self.reading.decimal_mark = match self.decimal_mark {
            DecimalMark::Point => "point",
            DecimalMark::Comma => "comma",
            DecimalMark::Unknown => "mixed",
        };
        let decoded = self.decode_until(&|_| false)?;
        let (decoded, reading) =
            decoded.ok_or_else(|| Error::internal("decoding a file", "it ended early"))?;
        self.reading = reading;
        Ok(decoded)
    }

    /// Decodes the rows until a number is in doubt.
    fn decode_until(
        &self,
        in_doubt: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<Option<(DecodedRows, Reading)>> {
        let parts: Vec<_> = match self.sheet.source.parts() {
            1 => vec![self.decode_part(Extent::Whole, in_doubt)],
            several => {
                let parts = (0..several).into_par_iter();
                parts.map(|part| self.decode_part(Extent::Part(part), in_doubt)).collect()
            }
        };
        let mut decoded: Vec<Part> = Vec::with_capacity(parts.len());
        // What ends a file early is what comes first in it.
        for part in parts {
            match part? {
                Some(part) => decoded.push(part),
                None => return Ok(None),
            }
        }
        let rows: usize = decoded.iter().map(|part| part.lines.len()).sum();
        if rows > MAX_RECORDS {
            return Err(too_many());
        }
        let mut parts = decoded.into_iter();
        let Some(Part { batch, mut rejections, mut lines, mut reading }) = parts.next() else {
            return Err(Error::internal("decoding a file", "it has no parts"));
        };
        let mut batches = vec![batch];
        for part in parts {
            rejections.append(lines.len(), part.rejections);
            lines.extend(part.lines);
            reading.append(part.reading);
            batches.push(part.batch);
        }
        if lines.is_empty() {
            let skipped = reading.skipped.first();
            let skipped = skipped.map(|row| format!(" but a {} in line {}", row.label, row.line));
            let message = format!("has no rows below its headings{}", skipped.unwrap_or_default());
            return Err(Error::invalid_field("file", message));
        }
        let batch = match batches.as_slice() {
            [one] => one.clone(),
            several => together(columns(self.dataset), several)
                .map_err(|e| Error::internal("putting parts of a file together", e))?,
        };
        let numbers = RowNumbers::of_lines(self.sheet.source.line_word(), lines);
        Ok(Some((DecodedRows { batch, rejections, numbers }, reading)))
    }

    /// Decodes some of the rows, until a number is in doubt.
    fn decode_part(&self, extent: Extent, in_doubt: &dyn Fn(&str) -> bool) -> Result<Option<Part>> {
        let rows_expected = self.sheet.source.rows_expected(extent).min(MAX_RECORDS);
        let mut builders = builders(self.dataset, rows_expected);
        let mut rejections = Rejections::default();
        let mut lines = Vec::with_capacity(rows_expected);
        let style = self.style();
        // The cell of each field that has one, looked up once and not for every row.
        let mut filled = Vec::new();
        let mut constant = Vec::new();
        for (n, (builder, field)) in builders.iter_mut().zip(&self.dataset.fields).enumerate() {
            let given = self.constants.iter().find(|(column, _)| column.field == n);
            match (self.cell(n), given) {
                (Some(cell), _) => filled.push((builder, cell, field)),
                (None, Some(given)) => constant.push((builder, given, field)),
                (None, None) => {}
            }
        }
        let mut doubt = false;
        let reading = self.records_of(extent, &mut |row| {
            let index = lines.len();
            if index == MAX_RECORDS {
                return Err(too_many());
            }
            lines.push(row.line as i64);
            if let Some(message) = self.surplus(row) {
                rejections.reject(index, "", Rule::Format, || (String::new(), message));
            } else if is_sparse(row) && self.lacking(row) == Lacking::Most {
                let (_, text) = row.filled().next().unwrap_or_default();
                rejections.reject(index, "", Rule::Required, || {
                    let text = shortened(text, 40);
                    (
                        String::new(),
                        format!("has only {text:?}; complete it, or remove it if it is no record"),
                    )
                });
            }
            for (builder, (column, text), field) in &mut constant {
                builder.push(constant_value(field, column, text).unwrap_or(Value::Missing));
            }
            for (builder, (n, column), field) in &mut filled {
                let (cell, scale) = (row.cell(*n), column.scale);
                if is_number(field) && cell.kind == CellKind::Written && in_doubt(cell.text) {
                    doubt = true;
                    return Ok(ControlFlow::Break(()));
                }
                builder.push(parse_cell(field, cell, scale, &style).unwrap_or_else(|e| {
                    rejections.reject(index, &field.name, e.rule, || (e.value, e.message));
                    Value::Missing
                }));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        if doubt {
            return Ok(None);
        }
        let batch = finish(columns(self.dataset), builders, lines.len())?;
        Ok(Some(Part { batch, rejections, lines, reading }))
    }

    /// Whether a number may be another one with a decimal comma.
    fn is_doubtful(&self, text: &str) -> bool {
        match &self.sheet.source {
            // Where a comma does not end a cell, a point may well group thousands.
            Source::Separated(file) if file.suits_decimal_comma() => text.contains(['.', ',', '，']),
            _ => is_doubtful(text),
        }
    }

    /// The decimal mark that the numbers of the file show. Without any that does, the usual one.
    fn find_decimal_mark(&self) -> Result<DecimalMark> {
        let numeric = self.columns.iter().enumerate().filter(|(_, column)| match column {
            Column::Field(column) => is_number(&self.dataset.fields[column.field]),
            _ => false,
        });
        let numeric: Vec<usize> = numeric.map(|(n, _)| n).collect();
        let mut marks = MarkCount::default();
        self.records(&mut |row| {
            numeric.iter().for_each(|n| marks.count(row.cell(*n).text));
            Ok(ControlFlow::Continue(()))
        })?;
        let suits_comma = matches!(&self.sheet.source, Source::Separated(file) if file.suits_decimal_comma());
        Ok(marks.shown(suits_comma))
    }
}

/// The rows of several, column by column.
fn together(schema: SchemaRef, parts: &[RecordBatch]) -> arrow::error::Result<RecordBatch> {
    let column = |n: usize| {
        let arrays: Vec<&dyn Array> = parts.iter().map(|part| part.column(n).as_ref()).collect();
        concat(&arrays)
    };
    let columns = (0..schema.fields().len()).into_par_iter().map(column);
    RecordBatch::try_new(schema.clone(), columns.collect::<arrow::error::Result<_>>()?)
}

fn too_many() -> Error {
    let message = format!("has more than {MAX_RECORDS} rows; split it by county or year");
    Error::invalid_field("file", message)
}

fn is_number(field: &Field) -> bool {
    matches!(field.kind, Kind::Money | Kind::Integer | Kind::Number)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;
    use crate::upload::Upload;

    /// Records beside all that a file has that is none, and that a record may have wrong.
    fn file(mark: char) -> Vec<u8> {
        let mut text =
            String::from("万州区贫困户\nhousehold_id;year;area_code;size;income（元）;status;cluster\n");
        for n in 0..60_000 {
            let income = match n % 1000 {
                7 => "many".to_owned(),
                _ => format!("{}{mark}{:02}", 1000 + n, n % 100),
            };
            let size = if n % 777 == 5 { "-1x".to_owned() } else { (1 + n % 6).to_string() };
            let cluster = if n % 50 == 0 { format!("\"c\n{n}\"") } else { format!("c{}", n % 97) };
            writeln!(text, "h{n};2011;500101;{size};{income};registered;{cluster}").unwrap();
            match n % 9000 {
                0 => text.push_str("合计;;;;1000;;\n"),
                1 => text.push_str("\n;;;;;;\n"),
                2 => text.push_str("h;2011;500101;1;1;registered;c;surplus\n"),
                _ => {}
            }
        }
        text.into_bytes()
    }

    #[test]
    fn parts_side_by_side_come_to_what_one_after_the_other_does() {
        let dataset = uplift_proto::dataset::find("household").unwrap();
        for mark in ['.', ','] {
            let open = || Upload { bytes: file(mark), ..Upload::default() }.open(dataset).unwrap();
            let (mut in_parts, mut whole) = (open(), open());
            for (file, parts) in [(&mut in_parts, 3), (&mut whole, 1)] {
                let Source::Separated(separated) = &mut file.sheet.source else { panic!("a separated text") };
                separated.set_parts(parts);
                assert_eq!(file.sheet.source.parts(), parts);
            }
            let (parts, one) = (in_parts.decode().unwrap(), whole.decode().unwrap());
            assert!(parts.batch.num_rows() > 60_000 && parts.batch == one.batch);
            assert_eq!(in_parts.reading(), whole.reading());
            assert!(in_parts.reading().skipped.len() > 5);
            for row in 0..parts.batch.num_rows() {
                assert_eq!(parts.numbers.number(row), one.numbers.number(row));
                assert_eq!(parts.rejections.contains(row), one.rejections.contains(row));
            }
            let (parts, one) = (parts.rejections.into_reasons(), one.rejections.into_reasons());
            assert!(parts.len() > 100);
            assert_eq!(parts, one);
        }
    }
}
