//! Why numbers cannot be measured.

use std::fmt;

/// What is wrong with the numbers, and in which row if it is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Row, counted from 0.
    pub row: Option<usize>,
    /// What is wrong, and what to write instead.
    pub message: String,
}

/// Result of measuring.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error that no single row is to blame for.
    pub fn new(message: impl Into<String>) -> Self {
        Self { row: None, message: message.into() }
    }

    /// An error in a row, counted from 0.
    pub fn in_row(row: usize, message: impl Into<String>) -> Self {
        Self { row: Some(row), message: message.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.row {
            Some(row) => write!(f, "row {}: {}", row + 1, self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Error {}
