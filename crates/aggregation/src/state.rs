//! What an aggregate leaves of the records of one source, by group or by cell.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use uplift_measures::exact::{ExactSum, Fixed};
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

/// Totals of cells in a form that is half as large; the few that do not fit it are kept apart.
#[derive(Debug, Default)]
pub(crate) struct CellTotals {
    cells: Vec<CellTotal>,
    wide: BTreeMap<u32, Totals>,
}

#[derive(Debug, Clone, Copy, Default)]
struct CellTotal {
    /// Whether a row passed.
    met: bool,
    upper: Fixed,
    lower: Fixed,
}

impl CellTotals {
    pub(crate) fn new(cells: &[Option<Totals>]) -> Self {
        let mut wide = BTreeMap::new();
        let one = |(cell, totals): (u32, &Option<Totals>)| {
            let none = CellTotal { met: totals.is_some(), ..CellTotal::default() };
            let Some(totals) = totals else { return none };
            match totals.upper.as_fixed().zip(totals.lower.as_fixed()) {
                Some((upper, lower)) => CellTotal { upper, lower, ..none },
                None => {
                    wide.insert(cell, totals.clone());
                    none
                }
            }
        };
        let cells = (0..).zip(cells).map(one).collect();
        Self { cells, wide }
    }

    /// Whether a row of a cell passed.
    pub(crate) fn has(&self, cell: u32) -> bool {
        // The state ends with the last cell that had a row.
        self.cells.get(cell as usize).is_some_and(|total| total.met)
    }

    /// The upper and the lower total of a cell, rounded.
    pub(crate) fn values(&self, cell: u32) -> (f64, f64) {
        match (self.wide.get(&cell), self.cells.get(cell as usize)) {
            (Some(wide), _) => (wide.upper.value(), wide.lower.value()),
            (None, Some(total)) => (total.upper.value(), total.lower.value()),
            (None, None) => (0.0, 0.0),
        }
    }

    /// Adds the totals of a cell to others, exactly.
    pub(crate) fn add_to(&self, cell: u32, upper: &mut ExactSum, lower: &mut ExactSum) {
        match (self.wide.get(&cell), self.cells.get(cell as usize)) {
            (Some(totals), _) => {
                upper.merge(&totals.upper);
                lower.merge(&totals.lower);
            }
            (None, Some(total)) => {
                upper.add_fixed(&total.upper);
                lower.add_fixed(&total.lower);
            }
            (None, None) => {}
        }
    }

    fn size(&self) -> usize {
        size_of_val(self.cells.as_slice()) + self.wide.len() * (size_of::<Totals>() + 64)
    }
}

/// A value, how many it stands for, and the number of the row's cluster.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) value: f64,
    pub(crate) weight: f64,
    pub(crate) cluster: u32,
}

/// By value, then by weight.
pub(crate) fn order(a: &Row, b: &Row) -> std::cmp::Ordering {
    a.value.total_cmp(&b.value).then(a.weight.total_cmp(&b.weight)).then(a.cluster.cmp(&b.cluster))
}

impl State {
    /// Memory in bytes.
    pub(crate) fn size(&self) -> usize {
        let content = match &self.content {
            Content::Engine(columns) => columns.iter().map(|column| column.get_array_memory_size()).sum(),
            Content::Totals(groups, cells) => size_of_val(groups.as_slice()) + cells.size(),
            Content::Rows(groups) => groups.iter().map(|rows| size_of_val(rows.as_slice()) + 40).sum(),
        };
        content + size_of::<Self>()
    }
}
