//! Columns of anyone's file by name, as `uplift measure` asks for them.

use std::ops::ControlFlow;
use std::path::Path;

use uplift_core::error::{Error, ErrorKind, Result};
use uplift_core::nearest::nearest;
use uplift_core::rejection::shortened;
use uplift_core::text::half_width;

use crate::label::Label;
use crate::reading::{Reading, ReadingOptions};
use crate::row::{CellKind, Row};
use crate::sheet::Sheet;
use crate::source::Source;
use crate::unit::{bare, fen_per, is_counted, normal};
use crate::value::number::{DecimalMark, MarkCount};
use crate::value::written::{Style, parse_f64};

/// A file as columns of cells.
#[derive(Debug)]
pub struct Table {
    file: String,
    sheet: Sheet,
    options: ReadingOptions,
    decimal_mark: DecimalMark,
    rows: usize,
    reading: Reading,
}

impl Table {
    /// Reads a file whose content decides what it is. The columns that will be asked for show where its head is.
    pub fn read(path: &Path, options: ReadingOptions, names: &[&str]) -> Result<Self> {
        let file = path.display().to_string();
        let bytes = std::fs::read(path)
            .map_err(|e| Error::new(ErrorKind::FailedPrecondition, format!("cannot read {file}: {e}")))?;
        Self::parse(file, bytes, options, names)
    }

    /// The content of a file, whose name is for messages.
    pub fn parse(file: String, bytes: Vec<u8>, options: ReadingOptions, names: &[&str]) -> Result<Self> {
        let in_file = |mut e: Error| {
            for violation in &mut e.violations {
                violation.field = violation.field.replacen("file", &file, 1);
            }
            Error::invalid(e.violations)
        };
        // A column may have its unit behind its name.
        let known = |text: &str| {
            let (own, unit) = text.split_once('（').unwrap_or((text, ""));
            let unit = unit.trim_end_matches('）');
            let is_unit = unit.is_empty() || fen_per(unit).is_some() || is_counted(unit);
            names.iter().any(|name| normal(name) == normal(text) || (is_unit && normal(name) == normal(own)))
        };
        let sheet = Sheet::open(bytes, &options, &known).map_err(in_file)?;
        let reading = sheet.reading();
        let decimal_mark = options.decimal_mark.unwrap_or(DecimalMark::Point);
        let mut table = Self { file, sheet, options, decimal_mark, rows: 0, reading };
        table.survey(names)?;
        Ok(table)
    }

    /// Counts the rows, and finds those that are no records and the decimal mark of the columns that are asked for.
    fn survey(&mut self, names: &[&str]) -> Result<()> {
        let headings = &self.sheet.head.headings;
        let asked: Vec<usize> = (0..headings.len())
            .filter(|n| names.iter().any(|name| normal(name) == normal(&headings[*n])))
            .collect();
        let (mut rows, mut reading) = (0, self.reading.clone());
        let mut marks = MarkCount::default();
        self.sheet.rows(&mut |row, label| {
            if let Some(label) = label {
                reading.skip(row.line, label, row.filled().next().map_or("", |(_, text)| text));
                return Ok(ControlFlow::Continue(()));
            }
            if let Some((n, text)) = row.filled().find(|(n, _)| *n >= headings.len()) {
                let message = format!(
                    "has {:?} in column {}, which has no heading; quote cells that contain the separator",
                    shortened(text, 40),
                    n + 1
                );
                return Err(Error::invalid_field(self.line(row.line), message));
            }
            rows += 1;
            for cell in asked.iter().map(|n| row.cell(*n)).filter(|cell| cell.kind == CellKind::Written) {
                marks.count(cell.text);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        if self.options.decimal_mark.is_none() {
            let suits_comma =
                matches!(&self.sheet.source, Source::Separated(file) if file.suits_decimal_comma());
            self.decimal_mark = marks.shown(suits_comma);
        }
        (self.rows, self.reading) = (rows, reading);
        Ok(())
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// What the file was read as, and the rows that are no records.
    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// Where a row is in the file, for messages; rows are counted from 0.
    pub fn position(&self, row: usize) -> String {
        let mut line = 0;
        let mut before = row;
        // Only a message asks for it.
        let found = self.sheet.rows(&mut |row, label| {
            line = row.line;
            let here = label.is_none() && before == 0;
            before -= usize::from(label.is_none() && !here);
            Ok(if here { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        });
        found.map_or_else(|_| self.file.clone(), |()| self.line(line))
    }

    /// The unit of money that a column is in, if its heading or a line above the table names one that is not yuan.
    pub fn unit(&self, name: &str) -> Option<String> {
        let yuan = fen_per("元");
        let splits = name.char_indices().skip(1).map(|(at, _)| &name[at..]);
        let own = splits.filter(|unit| fen_per(unit).is_some()).map(bare).next();
        own.or_else(|| self.sheet.head.unit.unit.clone()).filter(|unit| fen_per(unit) != yuan)
    }

    /// A position in the file, for messages.
    fn line(&self, line: u64) -> String {
        format!("{} {} {line}", self.file, self.sheet.source.line_word())
    }

    fn column(&self, option: &str, name: &str) -> Result<usize> {
        let headings = &self.sheet.head.headings;
        let exact: Vec<usize> = (0..headings.len()).filter(|n| headings[*n] == name).collect();
        let alike = || (0..headings.len()).filter(|n| normal(&headings[*n]) == normal(name)).collect();
        let fitting: Vec<usize> = if exact.is_empty() { alike() } else { exact };
        match fitting[..] {
            [index] => Ok(index),
            [] => {
                let near = nearest(name, headings.iter().map(String::as_str));
                let near = near.map(|n| format!("; did you mean {n}?")).unwrap_or_default();
                let names = headings.join(", ");
                let names = shortened(&names, 400);
                let message = format!("{} has no column {name:?}{near} (its columns are {names})", self.file);
                Err(Error::invalid_field(option, message))
            }
            _ => {
                let message =
                    format!("{} has {} columns {name:?}; give each its own name", self.file, fitting.len());
                Err(Error::invalid_field(option, message))
            }
        }
    }

    /// Visits the records.
    fn records(&self, visit: &mut dyn FnMut(&Row) -> Result<()>) -> Result<()> {
        self.sheet.rows(&mut |row, label: Option<Label>| {
            if label.is_none() {
                visit(row)?;
            }
            Ok(ControlFlow::Continue(()))
        })
    }

    /// A column of numbers; none where a cell is empty. Errors name the option that asks for it.
    pub fn numbers(&self, option: &str, name: &str) -> Result<Vec<Option<f64>>> {
        self.cells(option, name, |cell, style| match cell.kind {
            CellKind::Boolean => Err(format!("{:?} is not a number", cell.text)),
            _ => parse_f64(cell, style),
        })
    }

    /// A column of yes and no, which 1 and 0 stand for too; none where a cell is empty.
    pub fn flags(&self, option: &str, name: &str) -> Result<Vec<Option<bool>>> {
        self.cells(option, name, |cell, style| match cell.text.to_lowercase().as_str() {
            "true" | "yes" | "是" => Ok(Some(true)),
            "false" | "no" | "否" => Ok(Some(false)),
            _ => match parse_f64(cell, style)? {
                None => Ok(None),
                Some(1.0) => Ok(Some(true)),
                Some(0.0) => Ok(Some(false)),
                Some(_) => Err(format!("{:?} is neither yes nor no; write 1 or 0", shortened(cell.text, 40))),
            },
        })
    }

    /// A column of texts; empty where a cell is.
    pub fn texts(&self, option: &str, name: &str) -> Result<Vec<String>> {
        let texts = self.cells(option, name, |cell, style| {
            Ok(Some(half_width(cell.text).into_owned()).filter(|_| !style.is_missing(cell)))
        })?;
        Ok(texts.into_iter().map(Option::unwrap_or_default).collect())
    }

    fn cells<T>(
        &self,
        option: &str,
        name: &str,
        parse: impl Fn(crate::row::Cell<'_>, &Style<'_>) -> Result<Option<T>, String>,
    ) -> Result<Vec<Option<T>>> {
        let index = self.column(option, name)?;
        let style = Style { decimal_mark: self.decimal_mark, missing_marks: &self.options.missing_marks };
        let mut values = Vec::with_capacity(self.rows);
        self.records(&mut |row| {
            let value = parse(row.cell(index), &style);
            values.push(
                value.map_err(|e| Error::invalid_field(format!("{}, {name}", self.line(row.line)), e))?,
            );
            Ok(())
        })?;
        Ok(values)
    }
}
