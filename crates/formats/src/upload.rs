//! An uploaded file into columns, and rejections with the headings, the units and the lines of the file.

mod decode;

use std::ops::ControlFlow;

use uplift_core::dataset::{Dataset, Field, Kind};
use uplift_core::error::{Error, FieldViolation, Result};
use uplift_core::rejection::{Rejection, Rejections, Rule, shortened};

use crate::field_names::FieldNames;
use crate::headings::{Column, Declared, MappedColumn, fields, map_heading, map_headings};
use crate::label::Label;
use crate::reading::{Reading, ReadingOptions};
use crate::row::{Cell, Extent, Row};
use crate::sheet::Sheet;
use crate::unit::{Mentions, bare, fen_per};
use crate::value::Value;
use crate::value::number::DecimalMark;
use crate::value::written::{Style, limits_message, parse_cell};

/// A file as it was sent.
#[derive(Debug, Clone, Default)]
pub struct Upload {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Units of columns that are not in the field's own, by field name or heading: amount and 万元.
    pub units: Vec<(String, String)>,
    /// Headings of columns that fill no field.
    pub ignored_columns: Vec<String>,
    /// What every row holds in fields that it has no column for, by field name or title.
    pub constants: Vec<(String, String)>,
    /// What its sender says of how it is written.
    pub options: ReadingOptions,
}

/// A file that was recognised, and whose headings are mapped to the fields of a dataset.
#[derive(Debug)]
pub struct UploadedFile {
    dataset: &'static Dataset,
    names: FieldNames,
    pub(crate) sheet: Sheet,
    pub(crate) columns: Vec<Column>,
    /// Fields without a column, and what each row holds in them.
    constants: Vec<(MappedColumn, String)>,
    options: ReadingOptions,
    /// Whether no column lacks a heading, as in nearly every file.
    all_named: bool,
    decimal_mark: DecimalMark,
    reading: Reading,
}

impl Upload {
    /// Recognises the file and maps the headings.
    pub fn open(self, dataset: &'static Dataset) -> Result<UploadedFile> {
        let names = FieldNames::of_dataset(dataset);
        let sheet = Sheet::open(self.bytes, &self.options, &|text| names.find(text).is_some())?;
        let above = &sheet.head.unit;
        let declared = Declared { units: &self.units, above, ignored: &self.ignored_columns };
        let constants = constants(dataset, &names, self.constants, declared)?;
        let filled: Vec<_> = constants.iter().map(|(column, _)| column).collect();
        let columns = map_headings(dataset, &names, &sheet.head.headings, declared, &filled)?;
        let mut reading = sheet.reading();
        // That no unit is named is told too: who reads it sees whether yuan are meant.
        let unit = |column: &MappedColumn| match (column.unit.as_str(), &dataset.fields[column.field].kind) {
            ("", Kind::Money) => Some("元 (none is named)".to_owned()),
            ("", _) => None,
            (unit, _) => Some(bare(unit)),
        };
        let mapped = fields(&columns).chain(filled);
        reading.units = mapped.filter_map(|c| Some((c.heading.clone(), unit(c)?))).collect();
        let ignored = columns.iter().enumerate().filter(|(_, c)| matches!(c, Column::Ignored));
        reading.ignored_columns = ignored.map(|(n, _)| sheet.head.headings[n].clone()).collect();
        let decimal_mark = self.options.decimal_mark.unwrap_or(DecimalMark::Point);
        let all_named = !columns.iter().any(|column| matches!(column, Column::Unnamed));
        let options = self.options;
        Ok(UploadedFile {
            dataset,
            names,
            sheet,
            columns,
            constants,
            options,
            all_named,
            decimal_mark,
            reading,
        })
    }
}

/// The columns that constants stand for, named as headings are, with their units; refuses a name that no field has, one that
/// is given twice, and a value that is wrong.
fn constants(
    dataset: &Dataset,
    names: &FieldNames,
    given: Vec<(String, String)>,
    declared: Declared<'_>,
) -> Result<Vec<(MappedColumn, String)>> {
    let mut constants: Vec<(MappedColumn, String)> = Vec::new();
    let mut violations = Vec::new();
    for (name, text) in given {
        let mut wrong = |message: String| {
            violations.push(FieldViolation::new(format!("constants[{name:?}]"), message));
        };
        if names.find(&name).is_none() {
            wrong(format!("is not a field of {}; uplift datasets {} lists them", dataset.name, dataset.name));
            continue;
        }
        let column = match map_heading(dataset, names, 1, &name, declared) {
            Ok(Column::Field(column)) => column,
            Ok(_) => continue,
            Err(violation) => {
                violations.push(violation);
                continue;
            }
        };
        if constants.iter().any(|(other, _)| other.field == column.field) {
            wrong("is given twice; give it one value".to_owned());
        } else if text.trim().is_empty() {
            wrong("is empty; say what every row holds".to_owned());
        } else if let Err(message) = constant_value(&dataset.fields[column.field], &column, &text) {
            wrong(message);
        } else {
            constants.push((column, text));
        }
    }
    if violations.is_empty() { Ok(constants) } else { Err(Error::invalid(violations)) }
}

/// A constant as every row holds it, written as in a cell of its column.
fn constant_value<'a>(field: &'a Field, column: &MappedColumn, text: &'a str) -> Result<Value<'a>, String> {
    let style = Style { decimal_mark: DecimalMark::Point, missing_marks: &[] };
    parse_cell(field, Cell::written(text), column.scale, &style).map_err(|e| e.message)
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

    /// Visits the rows that are records, and tells those that are not.
    pub(crate) fn records(&self, visit: &mut dyn FnMut(&Row) -> Result<ControlFlow<()>>) -> Result<Reading> {
        self.records_of(Extent::Whole, visit)
    }

    /// The same for some of the rows.
    fn records_of(
        &self,
        extent: Extent,
        visit: &mut dyn FnMut(&Row) -> Result<ControlFlow<()>>,
    ) -> Result<Reading> {
        let mut reading = self.reading.clone();
        self.sheet.rows_of(extent, &mut |row, label| {
            let lacking =
                if label.is_some() || is_sparse(row) { self.lacking(row) } else { Lacking::Nothing };
            if lacking != Lacking::Nothing {
                self.check_units(row)?;
            }
            if label.is_none() && self.is_other_head(row) {
                let message = "begins another table, with other headings; send it as a file of its own";
                return Err(Error::invalid_field(self.file_line(row), message));
            }
            match label {
                // A record has most of what is required; a sum or a signature never has.
                Some(label) if label == Label::Head || lacking == Lacking::Most => {
                    reading.skip(row.line, label, row.filled().next().map_or("", |(_, text)| text));
                    Ok(ControlFlow::Continue(()))
                }
                _ => visit(row),
            }
        })?;
        Ok(reading)
    }

    fn file_line(&self, row: &Row) -> String {
        format!("file, {} {}", self.line_word(), row.line)
    }

    /// Refuses a file in which a line below the head tells another unit than that by which money is read.
    fn check_units(&self, row: &Row) -> Result<()> {
        let money = |column: &&MappedColumn| {
            self.dataset.fields[column.field].kind == Kind::Money && !column.has_own_unit
        };
        let Some(column) = fields(&self.columns).find(money) else { return Ok(()) };
        let mentions = Mentions::in_cells(row.texts.iter());
        let other = mentions.units.iter().find(|unit| fen_per(unit) != Some(column.scale));
        match other.filter(|_| mentions.says_unit) {
            None => Ok(()),
            Some(unit) => {
                let read = if column.unit.is_empty() { "元" } else { &column.unit };
                let message = format!(
                    "says {unit}, and {:?} is read in {read}; write the unit into the heading, and send tables of \
                     different units as files of their own",
                    column.heading
                );
                Err(Error::invalid_field(self.file_line(row), message))
            }
        }
    }

    /// Whether a row is the head of another table.
    fn is_other_head(&self, row: &Row) -> bool {
        let Some((_, first)) = row.filled().next() else { return false };
        self.names.position(first).is_some()
            && row.filled().nth(1).is_some()
            && row.filled().all(|(_, text)| self.names.find(text).is_some())
    }

    /// How much of what is required a row lacks.
    fn lacking(&self, row: &Row) -> Lacking {
        let style = self.style();
        let (mut required, mut missing) = (0, 0);
        for (n, column) in self.columns.iter().enumerate() {
            if matches!(column, Column::Field(column) if self.dataset.fields[column.field].required) {
                required += 1;
                missing += usize::from(style.is_missing(row.cell(n)));
            }
        }
        match missing {
            0 => Lacking::Nothing,
            _ if missing * 2 >= required => Lacking::Most,
            _ => Lacking::Something,
        }
    }

    /// What is wrong with a row that has a cell below no heading.
    fn surplus(&self, row: &Row) -> Option<String> {
        if row.texts.len() <= self.columns.len() && self.all_named {
            return None;
        }
        let unnamed = |n: usize| matches!(self.columns.get(n), None | Some(Column::Unnamed));
        let (n, text) = row.filled().find(|(n, _)| unnamed(*n))?;
        let text = shortened(text, 40);
        Some(format!(
            "has {text:?} in column {}, which has no heading; remove it, or quote cells that contain the separator",
            n + 1
        ))
    }

    pub(crate) fn style(&self) -> Style<'_> {
        Style { decimal_mark: self.decimal_mark, missing_marks: &self.options.missing_marks }
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
        let codes = match (&field.kind, rejection.rule) {
            (Kind::Code(codes), Rule::Required) => {
                let names: Vec<_> = codes.iter().map(|c| format!("{} {}", c.title.en, c.title.zh)).collect();
                Some(format!("is required; write one of {}", names.join(", ")))
            }
            _ => None,
        };
        let message = limits.flatten().or(codes).unwrap_or_else(|| rejection.message.clone());
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

/// How much of what is required a row lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lacking {
    Nothing,
    Something,
    Most,
}

/// Whether a row has so few cells that it is perhaps a line of text.
fn is_sparse(row: &Row) -> bool {
    row.filled().nth(2).is_none()
}
