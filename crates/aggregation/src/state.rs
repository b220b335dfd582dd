//! What an aggregate leaves of the records of one source, by group or by cell.

mod bytes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use uplift_measures::exact::{ExactSum, Fixed, Packed};
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
    /// Of each group, and of each cell; none where no row passed.
    Totals(Vec<Option<Totals>>, CellTotals),
    /// Of each group.
    Rows(Vec<Arc<Vec<Row>>>),
}

impl Default for Content {
    fn default() -> Self {
        Self::Engine(Vec::new())
    }
}

/// Totals of cells in a form that is small; the few that do not fit it are kept apart.
#[derive(Debug, Default)]
pub(crate) struct CellTotals {
    upper: Vec<Packed>,
    lower: Arc<LowerTotals>,
    /// Whether another aggregate of the pass has the same, and counts its memory.
    shares_lower: bool,
    wide: BTreeMap<u32, Totals>,
}

/// Lower totals of cells: measures of the same people have the same.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct LowerTotals {
    /// Whether a row passed.
    met: Vec<bool>,
    sums: Vec<Packed>,
}

impl CellTotals {
    pub(crate) fn new(cells: &[Option<Totals>]) -> Self {
        let mut wide = BTreeMap::new();
        let sums = |(cell, totals): (u32, &Option<Totals>)| -> (Packed, Packed) {
            let Some(totals) = totals else { return Default::default() };
            match totals.upper.as_fixed().zip(totals.lower.as_fixed()) {
                Some((upper, lower)) => (upper.into(), lower.into()),
                None => {
                    wide.insert(cell, totals.clone());
                    Default::default()
                }
            }
        };
        let (upper, sums) = (0..).zip(cells).map(sums).unzip();
        let met = cells.iter().map(Option::is_some).collect();
        Self { upper, lower: Arc::new(LowerTotals { met, sums }), shares_lower: false, wide }
    }

    /// Takes equal lower totals of another aggregate for its own.
    pub(crate) fn share_lower(&mut self, known: &mut Vec<Arc<LowerTotals>>) {
        match known.iter().find(|lower| **lower == self.lower) {
            Some(lower) => (self.lower, self.shares_lower) = (lower.clone(), true),
            None => known.push(self.lower.clone()),
        }
    }

    /// Whether a row of a cell passed.
    pub(crate) fn has(&self, cell: u32) -> bool {
        // The state ends with the last cell that had a row.
        self.lower.met.get(cell as usize).is_some_and(|met| *met)
    }

    /// The upper and the lower total of a cell, as whole numbers.
    fn fixed(&self, cell: u32) -> Option<(Fixed, Fixed)> {
        let (upper, lower) = (self.upper.get(cell as usize)?, self.lower.sums.get(cell as usize)?);
        Some(((*upper).into(), (*lower).into()))
    }

    /// The upper and the lower total of a cell, rounded.
    pub(crate) fn values(&self, cell: u32) -> (f64, f64) {
        match (self.wide.get(&cell), self.fixed(cell)) {
            (Some(wide), _) => (wide.upper.value(), wide.lower.value()),
            (None, Some((upper, lower))) => (upper.value(), lower.value()),
            (None, None) => (0.0, 0.0),
        }
    }

    /// Adds the totals of a cell to others, exactly.
    pub(crate) fn add_to(&self, cell: u32, upper: &mut ExactSum, lower: &mut ExactSum) {
        match (self.wide.get(&cell), self.fixed(cell)) {
            (Some(totals), _) => {
                upper.merge(&totals.upper);
                lower.merge(&totals.lower);
            }
            (None, Some((of_upper, of_lower))) => {
                upper.add_fixed(&of_upper);
                lower.add_fixed(&of_lower);
            }
            (None, None) => {}
        }
    }

    fn size(&self) -> usize {
        let lower = size_of_val(self.lower.sums.as_slice()) + self.lower.met.len();
        let lower = if self.shares_lower { 0 } else { lower };
        size_of_val(self.upper.as_slice()) + lower + self.wide.len() * (size_of::<Totals>() + 64)
    }
}

/// A value, how many it stands for, and the number of the row's cluster.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) value: f64,
    pub(crate) weight: f64,
    pub(crate) cluster: u32,
}

/// Columns that were read from one piece of bytes share it: each counts for its own part.
fn size_of_column(column: &ArrayRef) -> usize {
    let part = column.to_data().get_slice_memory_size();
    part.unwrap_or_else(|_| column.get_array_memory_size())
}

/// By value, then by weight.
pub(crate) fn order(a: &Row, b: &Row) -> std::cmp::Ordering {
    a.value.total_cmp(&b.value).then(a.weight.total_cmp(&b.weight)).then(a.cluster.cmp(&b.cluster))
}

impl State {
    /// Takes equal lower totals of another aggregate for its own.
    pub(crate) fn share_lower(&mut self, known: &mut Vec<Arc<LowerTotals>>) {
        if let Content::Totals(_, cells) = &mut self.content {
            cells.share_lower(known);
        }
    }

    /// Memory in bytes.
    pub(crate) fn size(&self) -> usize {
        let content = match &self.content {
            Content::Engine(columns) => columns.iter().map(size_of_column).sum(),
            Content::Totals(groups, cells) => size_of_val(groups.as_slice()) + cells.size(),
            Content::Rows(groups) => groups.iter().map(|rows| size_of_val(rows.as_slice()) + 40).sum(),
        };
        content + size_of::<Self>()
    }
}
