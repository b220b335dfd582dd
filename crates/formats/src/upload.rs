//! An uploaded file into columns, and rejections with the headings, the units and the lines of the file.

use std::ops::ControlFlow;

use rust_decimal::Decimal;
use uplift_core::dataset::{Dataset, Field, Kind, MAX_RECORDS};
use uplift_core::error::{Error, Result};
use uplift_core::rejection::{Rejection, Rejections, Rule};

use crate::builder::{builders, finish};
use crate::columns::columns;
use crate::headings::{Column, Declared, MappedColumn, fields, is_heading, map_headings};
use crate::label::Label;
use crate::reading::{Reading, ReadingOptions};
use crate::row::{Cell, CellKind, Row};
use crate::row_numbers::RowNumbers;
use crate::sheet::Sheet;
use crate::source::Source;
use crate::unit::bare;
use crate::value::Value;
use crate::value::number::{DecimalMark, Readings, is_doubtful};
use crate::value::written::{Style, limits_message, parse_cell};
use crate::wire::DecodedRows;

/// A file as it was sent.
#[derive(Debug, Clone, Default)]
pub struct Upload {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Units of columns that are not in the field's own, by field name or heading: amount and 万元.
    pub units: Vec<(String, String)>,
    /// Headings of columns that fill no field.
    pub ignored_columns: Vec<String>,
    /// What its sender says of how it is written.
    pub options: ReadingOptions,
}

/// A file that was recognised, and whose headings are mapped to the fields of a dataset.
#[derive(Debug)]
pub struct UploadedFile {
    dataset: &'static Dataset,
    pub(crate) sheet: Sheet,
    pub(crate) columns: Vec<Column>,
    options: ReadingOptions,
    decimal_mark: DecimalMark,
    reading: Reading,
}

impl Upload {
    /// Recognises the file and maps the headings.
    pub fn open(self, dataset: &'static Dataset) -> Result<UploadedFile> {
        let sheet = Sheet::open(self.bytes, &self.options, &|text| is_heading(dataset, text))?;
        let above = sheet.head.unit.as_deref();
        let declared = Declared { units: &self.units, above, ignored: &self.ignored_columns };
        let columns = map_headings(dataset, &sheet.head.headings, declared)?;
        let mut reading = sheet.reading();
        let in_other_units = fields(&columns).filter(|c| !c.unit.is_empty());
        reading.units = in_other_units.map(|c| (c.heading.clone(), bare(&c.unit))).collect();
        let ignored = columns.iter().enumerate().filter(|(_, c)| matches!(c, Column::Ignored));
        reading.ignored_columns = ignored.map(|(n, _)| sheet.head.headings[n].clone()).collect();
        let decimal_mark = self.options.decimal_mark.unwrap_or(DecimalMark::Point);
        Ok(UploadedFile { dataset, sheet, columns, options: self.options, decimal_mark, reading })
    }
}

impl UploadedFile {
    /// What the file was read as.
    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// What a position in it is called: line or row.
    pub fn line_word(&self) -> &'static str {
        self.sheet.source.line_word()
    }

    /// Whether it has the reasons for which its rows were rejected before.
    pub fn has_reasons(&self) -> bool {
        self.columns.iter().any(|column| matches!(column, Column::Reason))
    }

    /// Decodes the rows. Rejections name fields and count rows, as all do until `restore_labels`.
    pub fn decode(&mut self) -> Result<DecodedRows> {
        // Nearly every file has decimal points, or no fractions; the others are read again.
        if self.options.decimal_mark.is_none() {
            if let Some((decoded, reading)) = self.decode_until(|text| self.is_doubtful(text))? {
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
        let decoded = self.decode_until(|_| false)?;
        let (decoded, reading) =
            decoded.ok_or_else(|| Error::internal("decoding a file", "it ended early"))?;
        self.reading = reading;
        Ok(decoded)
    }

    /// Decodes the rows until a number is in doubt.
    fn decode_until(&self, in_doubt: impl Fn(&str) -> bool) -> Result<Option<(DecodedRows, Reading)>> {
        let mut builders = builders(self.dataset);
        let mut rejections = Rejections::default();
        let mut lines = Vec::new();
        let style = self.style();
        // The cell of each field, looked up once and not for every row.
        let cells: Vec<_> = (0..builders.len()).map(|field| self.cell(field)).collect();
        let mut doubt = false;
        let reading = self.records(&mut |row| {
            let index = lines.len();
            if index == MAX_RECORDS {
                let message = format!("has more than {MAX_RECORDS} rows; split it by county or year");
                return Err(Error::invalid_field("file", message));
            }
            lines.push(row.line as i64);
            if let Some(message) = self.surplus(row) {
                rejections.reject(index, "", Rule::Format, || (String::new(), message));
            }
            for ((builder, cell), field) in builders.iter_mut().zip(&cells).zip(&self.dataset.fields) {
                let (cell, scale) = match cell {
                    Some((n, column)) => (row.cell(*n), column.scale),
                    None => (Cell::EMPTY, Decimal::ONE),
                };
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
        if lines.is_empty() {
            return Err(Error::invalid_field("file", "has no rows below its headings"));
        }
        let numbers = RowNumbers::of_lines(self.sheet.source.line_word(), lines);
        let batch = finish(columns(self.dataset), builders)?;
        Ok(Some((DecodedRows { batch, rejections, numbers }, reading)))
    }

    /// Visits the rows that are records, and tells those that are not.
    pub(crate) fn records(&self, visit: &mut dyn FnMut(&Row) -> Result<ControlFlow<()>>) -> Result<Reading> {
        let mut reading = self.reading.clone();
        self.sheet.rows(&mut |row, label| {
            match label {
                // A record is complete; a sum or a signature never is.
                Some(label) if label == Label::Head || self.lacks_required(row) => {
                    reading.skip(row.line, label, row.filled().next().map_or("", |(_, text)| text));
                    Ok(ControlFlow::Continue(()))
                }
                _ => visit(row),
            }
        })?;
        Ok(reading)
    }

    fn lacks_required(&self, row: &Row) -> bool {
        let style = self.style();
        let required = self.columns.iter().enumerate().filter(|(_, column)| match column {
            Column::Field(column) => self.dataset.fields[column.field].required,
            _ => false,
        });
        required.into_iter().any(|(n, _)| style.is_missing(row.cell(n)))
    }

    /// What is wrong with a row that has a cell below no heading.
    fn surplus(&self, row: &Row) -> Option<String> {
        let unnamed = |n: usize| matches!(self.columns.get(n), None | Some(Column::Unnamed));
        let (n, text) = row.filled().find(|(n, _)| unnamed(*n))?;
        let text = uplift_core::rejection::shortened(text, 40);
        Some(format!(
            "has {text:?} in column {}, which has no heading; remove it, or quote cells that contain the separator",
            n + 1
        ))
    }

    pub(crate) fn style(&self) -> Style<'_> {
        Style { decimal_mark: self.decimal_mark, missing_marks: &self.options.missing_marks }
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
        let (mut point, mut comma) = (false, false);
        self.records(&mut |row| {
            for n in &numeric {
                match Readings::of_text(row.cell(*n).text).evidence() {
                    Some(DecimalMark::Point) => point = true,
                    Some(DecimalMark::Comma) => comma = true,
                    _ => {}
                }
            }
            Ok(if point && comma { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        let suits_comma = matches!(&self.sheet.source, Source::Separated(file) if file.suits_decimal_comma());
        Ok(DecimalMark::shown(point, comma, suits_comma))
    }

    /// Puts rejections into the words of the file: its heading, the cell as it is written there, its unit.
    pub fn restore_labels(&self, rejections: &mut Rejections) -> Result<()> {
        let mut rejections = rejections.reasons_mut().peekable();
        let mut number = 0;
        let style = self.style();
        if rejections.peek().is_none() {
            return Ok(());
        }
        self.records(&mut |row| {
            number += 1;
            while let Some(rejection) = rejections.next_if(|r| r.row == number) {
                self.restore_label(rejection, row, &style);
            }
            Ok(if rejections.peek().is_some() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        Ok(())
    }

    fn restore_label(&self, rejection: &mut Rejection, row: &Row, style: &Style<'_>) {
        let Some(index) = self.dataset.fields.iter().position(|f| f.name == rejection.field) else { return };
        let field = &self.dataset.fields[index];
        let Some((n, column)) = self.cell(index) else { return };
        let cell = row.cell(n);
        let limits = (rejection.rule == Rule::Range)
            .then(|| limits_message(field, cell, column.scale, &column.unit, style));
        let message = limits.flatten().unwrap_or_else(|| rejection.message.clone());
        let told = Rejection::new(rejection.row, &column.heading, rejection.rule, cell.text, &message);
        // The heading hides from now on that the field is personal.
        *rejection = if field.personal { told.masked() } else { told };
    }

    /// The heading of a field, or its name where the file has no column for it.
    pub fn label(&self, field: &str) -> String {
        let index = self.dataset.fields.iter().position(|f| f.name == field);
        let column = index.and_then(|index| self.cell(index));
        column.map_or_else(|| field.to_owned(), |(_, column)| column.heading.clone())
    }

    /// Position of the cell that fills a field, and its column.
    fn cell(&self, field: usize) -> Option<(usize, &MappedColumn)> {
        self.columns.iter().enumerate().find_map(|(n, column)| match column {
            Column::Field(column) if column.field == field => Some((n, column)),
            _ => None,
        })
    }
}

fn is_number(field: &Field) -> bool {
    matches!(field.kind, Kind::Money | Kind::Integer | Kind::Number)
}
