//! Why a row was rejected, as reported to its sender.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing wrong with one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// Row as sent, counted from 1.
    pub row: i64,
    /// Field at fault, as the sender calls it; empty for the row as a whole.
    pub field: String,
    /// Rule that the row breaks.
    pub rule: Rule,
    /// The value as sent, shortened.
    pub value: String,
    /// What is wrong and what to write instead.
    pub message: String,
}

/// The rules that rows can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// An empty value where one is needed.
    Required,
    /// A value that is not of its field's kind or format.
    Format,
    /// A number outside its limits.
    Range,
    /// A code that is not on the list.
    Code,
    /// A field that the dataset does not have.
    UnknownField,
    /// The key of another row.
    DuplicateKey,
    /// A rule over several fields.
    RowRule,
    /// A record that was never submitted.
    Reference,
    /// An area outside of what the submission reports for.
    OutsideArea,
}

/// Characters of a value that are shown.
const MAX_VALUE: usize = 200;

impl Rejection {
    /// A rejection of a row, counted from 1.
    pub fn new(row: i64, field: &str, rule: Rule, value: &str, message: impl fmt::Display) -> Self {
        let mut value = value.to_owned();
        if let Some((end, _)) = value.char_indices().nth(MAX_VALUE) {
            value.truncate(end);
            value.push('…');
        }
        Self { row, field: field.to_owned(), rule, value, message: message.to_string() }
    }

    /// Where the row stands in a batch of rows counted from 0.
    pub fn index(&self) -> usize {
        (self.row - 1).unsigned_abs() as usize
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Required => "required",
            Self::Format => "format",
            Self::Range => "range",
            Self::Code => "code",
            Self::UnknownField => "unknown_field",
            Self::DuplicateKey => "duplicate_key",
            Self::RowRule => "row_rule",
            Self::Reference => "reference",
            Self::OutsideArea => "outside_area",
        })
    }
}
