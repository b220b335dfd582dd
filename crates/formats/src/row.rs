//! One row of a file, whatever its kind: cells as text, and what the file itself says each is.

use std::ops::ControlFlow;

use csv::StringRecord;
use uplift_core::cell;
use uplift_core::error::Result;

/// What is done with each row, and whether to go on.
pub(crate) type Visit<'v> = &'v mut dyn FnMut(&Row) -> Result<ControlFlow<()>>;

/// The rows of a file to visit: all of them, or those of one of the parts that can be read side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    Whole,
    Part(usize),
}

/// A row of a file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    /// Line of the file that it begins at, or its number in a sheet; counted from 1.
    pub(crate) line: u64,
    /// The cells as the file has them.
    pub(crate) texts: StringRecord,
    /// What each is; none where somebody wrote them all.
    pub(crate) kinds: Vec<CellKind>,
}

/// What a file says of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CellKind {
    /// Text, in whatever way its writer writes numbers and dates.
    Written,
    /// A number, as digits with a decimal point.
    Number,
    /// A number of 32 bits, which keeps seven digits.
    Single,
    /// A number as its number format shows it, with a decimal point: 12.5万元.
    Shown,
    /// A formula whose value was never computed.
    Formula,
    /// A date, as 2011-10-17.
    Date,
    /// true or false.
    Boolean,
}

/// One cell, without the space around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell<'r> {
    pub(crate) text: &'r str,
    pub(crate) kind: CellKind,
}

impl<'r> Cell<'r> {
    pub(crate) fn written(text: &'r str) -> Self {
        Self { text: cell::read(text.trim()), kind: CellKind::Written }
    }
}

impl Row {
    /// Removes all cells.
    pub(crate) fn clear(&mut self) {
        self.texts.clear();
        self.kinds.clear();
    }

    /// Adds a cell at the end.
    pub(crate) fn push(&mut self, text: &str, kind: CellKind) {
        self.texts.push_field(text);
        self.kinds.push(kind);
    }

    /// The cell in a column; an empty one beyond the end.
    pub(crate) fn cell(&self, column: usize) -> Cell<'_> {
        let text = self.texts.get(column).unwrap_or_default();
        match self.kinds.get(column) {
            None | Some(CellKind::Written) => Cell::written(text),
            Some(kind) => Cell { text: text.trim(), kind: *kind },
        }
    }

    /// The cells that are not empty, with their columns.
    pub(crate) fn filled(&self) -> impl Iterator<Item = (usize, &str)> {
        self.texts.iter().map(str::trim).enumerate().filter(|(_, text)| !text.is_empty())
    }

    /// Whether nothing is written in it.
    pub(crate) fn is_blank(&self) -> bool {
        self.filled().next().is_none()
    }
}
