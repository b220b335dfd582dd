//! Rows of several files and groups in one order. Which of them each is of is kept: next time, only what changed is put in its
//! place.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::state::{Row, order};

/// The numbers of a group and of a file.
pub(crate) type Name = (u32, u32);

/// The rows of a group in a file, in order; without a name where they are not of a file.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) name: Option<Name>,
    pub(crate) rows: Arc<Vec<Row>>,
}

/// Rows by column.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Columns {
    pub(crate) values: Vec<f64>,
    pub(crate) weights: Vec<f64>,
    /// Numbers of clusters.
    pub(crate) clusters: Vec<u32>,
}

/// The run of each row, in the order of rows.
#[derive(Debug)]
pub(crate) struct Order {
    runs: Vec<Option<Name>>,
    sequence: Vec<u16>,
}

/// A row, and the position of its run.
#[derive(Debug, Clone, Copy)]
struct Placed {
    value: f64,
    weight: f64,
    cluster: u32,
    run: u32,
}

impl Order {
    /// Memory in bytes.
    pub(crate) fn size(&self) -> usize {
        size_of_val(self.sequence.as_slice()) + size_of_val(self.runs.as_slice())
    }
}

impl Columns {
    fn with_capacity(rows: usize) -> Self {
        Self {
            values: Vec::with_capacity(rows),
            weights: Vec::with_capacity(rows),
            clusters: Vec::with_capacity(rows),
        }
    }

    /// Of rows that are in order.
    pub(crate) fn new(rows: &[Row]) -> Self {
        Self {
            values: rows.iter().map(|row| row.value).collect(),
            weights: rows.iter().map(|row| row.weight).collect(),
            clusters: rows.iter().map(|row| row.cluster).collect(),
        }
    }

    #[inline]
    fn push(&mut self, value: f64, weight: f64, cluster: u32) {
        self.values.push(value);
        self.weights.push(weight);
        self.clusters.push(cluster);
    }
}

/// The rows of all runs in order, with the order for the next time; none of more runs than it can tell. Rows of runs that
/// had the same name in the last order are where they were, among each other.
pub(crate) fn in_order(runs: &[Run], last: Option<&Order>) -> (Columns, Option<Order>) {
    let rows = runs.iter().map(|run| run.rows.len()).sum();
    let (mut columns, mut sequence) = (Columns::with_capacity(rows), Vec::with_capacity(rows));
    // The position now of each run of the last order.
    let positions = runs.iter().enumerate().filter_map(|(n, run)| Some((run.name.as_ref()?, n)));
    let positions: HashMap<&Name, usize> = positions.collect();
    let known = last.map_or(&[][..], |last| &last.runs);
    let position = |name: &Option<Name>| positions.get(name.as_ref()?).copied();
    let now: Vec<Option<usize>> = known.iter().map(position).collect();
    let mut changed = vec![true; runs.len()];
    now.iter().flatten().for_each(|run| changed[*run] = false);
    let changed = put_in_order((0..runs.len()).filter(|run| changed[*run]).map(|run| (run, &runs[run])));
    let mut changed = changed.into_iter().peekable();
    let mut push = |row: Placed| {
        columns.push(row.value, row.weight, row.cluster);
        sequence.push(row.run as u16);
    };
    let mut unread: Vec<std::slice::Iter<'_, Row>> = runs.iter().map(|run| run.rows.iter()).collect();
    for run in last.map_or(&[][..], |last| &last.sequence) {
        let Some(run) = now[usize::from(*run)] else { continue };
        let Some(row) = unread[run].next() else { return in_order(runs, None) };
        let row = placed(run, row);
        while let Some(before) = changed.next_if(|changed| compare(changed, &row).is_lt()) {
            push(before);
        }
        push(row);
    }
    changed.for_each(push);
    // The same name is the same rows; else the order is of no use.
    if columns.values.len() != rows {
        return in_order(runs, None);
    }
    let names = runs.iter().map(|run| run.name);
    let fits = runs.len() <= usize::from(u16::MAX) + 1;
    let order = fits.then(|| Order { runs: names.collect(), sequence });
    (columns, order)
}

/// Rows of several runs in one order; what comes in order is merged, and not sorted again.
fn put_in_order<'r>(runs: impl Iterator<Item = (usize, &'r Run)> + Clone) -> Vec<Placed> {
    let longest = runs.clone().max_by_key(|(_, run)| run.rows.len());
    let middle = longest.and_then(|(n, run)| Some(placed(n, run.rows.get(run.rows.len() / 2)?)));
    let Some(middle) = middle else { return Vec::new() };
    // Below the middle and from it on are merged side by side.
    let mut all = Vec::with_capacity(runs.clone().map(|(_, run)| run.rows.len()).sum());
    let low = |n: usize, run: &Run| run.rows.partition_point(|row| compare(&placed(n, row), &middle).is_lt());
    for (n, run) in runs.clone() {
        all.extend(run.rows[..low(n, run)].iter().map(|row| placed(n, row)));
    }
    let below = all.len();
    for (n, run) in runs {
        all.extend(run.rows[low(n, run)..].iter().map(|row| placed(n, row)));
    }
    let (below, others) = all.split_at_mut(below);
    rayon::join(|| below.sort_by(compare), || others.sort_by(compare));
    all
}

fn placed(run: usize, row: &Row) -> Placed {
    Placed { value: row.value, weight: row.weight, cluster: row.cluster, run: run as u32 }
}

fn compare(a: &Placed, b: &Placed) -> std::cmp::Ordering {
    let row = |placed: &Placed| Row { value: placed.value, weight: placed.weight, cluster: placed.cluster };
    order(&row(a), &row(b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Rows = Vec<(u8, u8, u8)>;

    fn run(number: u32, version: u32, named: bool, rows: &Rows) -> Run {
        let row = |(value, weight, cluster): &(u8, u8, u8)| Row {
            value: f64::from(*value),
            weight: f64::from(*weight),
            cluster: u32::from(*cluster),
        };
        let mut rows: Vec<Row> = rows.iter().map(row).collect();
        rows.sort_by(order);
        Run { name: named.then_some((number, version)), rows: rows.into() }
    }

    fn some_rows() -> impl Strategy<Value = Rows> {
        prop::collection::vec((0u8..12, 0u8..3, 0u8..5), 0..60)
    }

    proptest! {
        /// Groups come, change and go, and are listed in another order.
        #[test]
        fn an_order_that_is_kept_comes_to_what_a_sort_does(
            groups in prop::collection::vec((some_rows(), some_rows(), 0u8..4, any::<bool>()), 0..12),
            turned in 0usize..12,
        ) {
            let list = groups.iter().enumerate();
            let first: Vec<Run> = list.clone().filter(|(_, group)| group.2 != 0)
                .map(|(n, group)| run(n as u32, 0, group.3, &group.0)).collect();
            let mut second: Vec<Run> = list.filter(|(_, group)| group.2 != 1)
                .map(|(n, group)| match group.2 {
                    2 => run(n as u32, 1, group.3, &group.1),
                    _ => run(n as u32, 0, group.3, &group.0),
                }).collect();
            let turned = turned % second.len().max(1);
            second.rotate_left(turned);
            let (_, order_of_first) = in_order(&first, None);
            let (columns, order_of_second) = in_order(&second, order_of_first.as_ref());
            let mut rows: Vec<Row> = second.iter().flat_map(|run| run.rows.iter().copied()).collect();
            rows.sort_by(order);
            prop_assert_eq!(&columns, &Columns::new(&rows));
            // What was kept the second time is as good as what was kept the first time.
            prop_assert_eq!(&in_order(&second, order_of_second.as_ref()).0, &columns);
        }
    }
}
