//! How a file is read: what its sender says of it, and what was found.

use uplift_core::error::{Error, Result};

use crate::label::Label;
use crate::value::number::DecimalMark;

/// What a sender may say of a file; what is not said is found in the file.
#[derive(Debug, Clone, Default)]
pub struct ReadingOptions {
    /// Encoding of its text, as gb18030 or big5.
    pub encoding: Option<String>,
    /// Decimal mark of its numbers.
    pub decimal_mark: Option<DecimalMark>,
    /// Texts that stand for a missing value.
    pub missing_marks: Vec<String>,
    /// Sheet of a workbook.
    pub sheet: Option<String>,
}

impl ReadingOptions {
    /// What is said, by name: nothing where everything is to be found.
    pub fn said(&self) -> Vec<(&'static str, &str)> {
        let mark = self.decimal_mark.map(|mark| if mark == DecimalMark::Comma { "comma" } else { "point" });
        let single = [
            ("encoding", self.encoding.as_deref()),
            ("decimal_mark", mark),
            ("sheet", self.sheet.as_deref()),
        ];
        let single = single.into_iter().filter_map(|(name, value)| Some((name, value?)));
        single.chain(self.missing_marks.iter().map(|mark| ("missing_mark", mark.as_str()))).collect()
    }

    /// The decimal mark in words: point or comma; empty where it is not said.
    pub fn decimal_mark_named(name: &str) -> Result<Option<DecimalMark>> {
        match name {
            "" => Ok(None),
            "point" => Ok(Some(DecimalMark::Point)),
            "comma" => Ok(Some(DecimalMark::Comma)),
            other => {
                let message = format!("{other:?} is not a decimal mark; write point or comma");
                Err(Error::invalid_field("decimal_mark", message))
            }
        }
    }
}

/// What a file was read as, so that a wrong guess is seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// CSV, XLSX, Parquet, Arrow or NDJSON.
    pub kind: &'static str,
    /// Encoding of a text.
    pub encoding: String,
    /// What separates its cells.
    pub separator: &'static str,
    /// Sheet of a workbook.
    pub sheet: String,
    /// Line of the headings; 0 where a file has names of its own for columns.
    pub head_line: i64,
    /// Units of columns that are not in the fields' own: heading and unit.
    pub units: Vec<(String, String)>,
    /// point or comma, where the numbers of the file show it; mixed where they show both or neither.
    pub decimal_mark: &'static str,
    /// Columns that fill no field.
    pub ignored_columns: Vec<String>,
    /// Rows that are no records, the first of them.
    pub skipped: Vec<SkippedRow>,
}

/// A row that is no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedRow {
    /// Line of the file, or row of the sheet.
    pub line: i64,
    /// What it is.
    pub label: Label,
    /// How it begins.
    pub text: String,
}

/// Skipped rows that are told.
const MAX_SKIPPED: usize = 20;

impl Reading {
    /// Adds a row that is no record.
    pub(crate) fn skip(&mut self, line: u64, label: Label, text: &str) {
        if self.skipped.len() < MAX_SKIPPED {
            let text = uplift_core::rejection::shortened(text, 40).into_owned();
            self.skipped.push(SkippedRow { line: line as i64, label, text });
        }
    }

    /// Adds what was found in the rows that follow.
    pub(crate) fn append(&mut self, following: Self) {
        self.skipped.extend(following.skipped);
        self.skipped.truncate(MAX_SKIPPED);
    }
}
