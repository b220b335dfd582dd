//! What can be wrong with a row.

use std::fmt;

/// One thing wrong with one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Row as sent, counted from 0.
    pub row: usize,
    /// Field at fault.
    pub field: String,
    /// Rule that it breaks.
    pub rule: Rule,
    /// The value as sent, shortened.
    pub value: String,
    /// What is wrong and what to write instead.
    pub message: String,
}

/// The rules that rows can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    Fields,
    /// A record that was never handed in.
    Reference,
    /// An area outside of what the submission reports for.
    OutsideArea,
}

/// Longer values are shortened where they are shown.
const SHOWN: usize = 200;

impl Fault {
    /// A fault of the row at `row`, counted from 0.
    pub fn new(row: usize, field: &str, rule: Rule, value: &str, message: impl fmt::Display) -> Self {
        let mut value = value.to_owned();
        if let Some((end, _)) = value.char_indices().nth(SHOWN) {
            value.truncate(end);
            value.push('…');
        }
        Self { row, field: field.to_owned(), rule, value, message: message.to_string() }
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
            Self::Fields => "row_rule",
            Self::Reference => "reference",
            Self::OutsideArea => "outside_area",
        })
    }
}
