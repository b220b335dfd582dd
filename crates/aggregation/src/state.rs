//! What an aggregate leaves of the records of one source, by group or by cell.

use std::collections::BTreeSet;

use arrow::array::{Array, ArrayRef};
use uplift_measures::totals::Totals;

/// A state. It never changes, and merges with those of other sources.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) content: Content,
    /// Groups in which it could not be computed.
    pub(crate) failed: BTreeSet<usize>,
}

#[derive(Debug)]
pub(crate) enum Content {
    /// Columns of the query engine's partial state, a row for each group.
    Engine(Vec<ArrayRef>),
    /// Of each cell; none where no row passed.
    Totals(Vec<Option<Totals>>),
    /// Of each group.
    Rows(Vec<SortedRows>),
}

impl Default for Content {
    fn default() -> Self {
        Self::Engine(Vec::new())
    }
}

/// Rows by value, then by weight, then by the number of their cell.
#[derive(Debug, Default, Clone)]
pub(crate) struct SortedRows {
    pub(crate) rows: Vec<Row>,
}

/// A value, how many it stands for, and the cell of the row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) value: f64,
    pub(crate) weight: f64,
    pub(crate) cell: u32,
}

impl State {
    /// Memory in bytes.
    pub(crate) fn size(&self) -> usize {
        let content = match &self.content {
            Content::Engine(columns) => columns.iter().map(|column| column.get_array_memory_size()).sum(),
            Content::Totals(cells) => size_of_val(cells.as_slice()),
            Content::Rows(groups) => groups.iter().map(|group| size_of_val(group.rows.as_slice()) + 24).sum(),
        };
        content + size_of::<Self>()
    }
}
