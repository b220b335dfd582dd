//! What a measure's aggregate has of a group in all sources together.

use std::sync::Arc;

use uplift_measures::exact::ExactSum;
use uplift_measures::totals::Totals;

use crate::partial::Partial;
use crate::places::Part;
use crate::state::{CellTotals, Content, Row, order};

/// Totals or rows of a group, or of several.
#[derive(Debug)]
pub(crate) enum Merged {
    Totals(MergedTotals),
    /// In order.
    Rows(Arc<Vec<Row>>),
}

/// Totals of all, and of each cluster.
#[derive(Debug, Default, Clone)]
pub(crate) struct MergedTotals {
    pub(crate) all: Totals,
    /// Numbers of the clusters.
    pub(crate) clusters: Vec<u32>,
    /// Upper and lower total of each cluster.
    pub(crate) values: Vec<(f64, f64)>,
}

impl Merged {
    /// Of some groups of some sources; none where it could not be computed, or where there is nothing.
    pub(crate) fn new(partials: &[Partial], aggregate: usize, parts: &[Part]) -> Option<Self> {
        let state = |source: usize| &partials[source].states[aggregate];
        if parts.iter().any(|(source, group)| state(*source).failed.contains(group)) {
            return None;
        }
        match &state(parts.first()?.0).content {
            Content::Engine(_) => None,
            Content::Totals(..) => totals(partials, aggregate, parts).map(Self::Totals),
            Content::Rows(_) => {
                let groups = parts.iter().filter_map(|(source, group)| match &state(*source).content {
                    Content::Rows(groups) => groups.get(*group).filter(|rows| !rows.is_empty()),
                    _ => None,
                });
                in_order(groups).map(Self::Rows)
            }
        }
    }

    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Totals(totals) => size_of_val(totals.values.as_slice()) + 4 * totals.clusters.len() + 256,
            Self::Rows(rows) => size_of_val(rows.as_slice()),
        }
    }
}

/// Rows of several in one order; what comes in order is merged, and not sorted again.
fn in_order<'r>(parts: impl Iterator<Item = &'r Arc<Vec<Row>>>) -> Option<Arc<Vec<Row>>> {
    let parts: Vec<&Arc<Vec<Row>>> = parts.collect();
    if let [one] = parts.as_slice() {
        return Some(Arc::clone(one));
    }
    let mut rows = Vec::with_capacity(parts.iter().map(|rows| rows.len()).sum());
    let middle = parts.iter().max_by_key(|part| part.len()).and_then(|part| part.get(part.len() / 2))?;
    // Below the middle and from it on are merged side by side.
    let low = |part: &&Arc<Vec<Row>>| part.partition_point(|row| order(row, middle).is_lt());
    parts.iter().for_each(|part| rows.extend_from_slice(&part[..low(part)]));
    let below = rows.len();
    parts.iter().for_each(|part| rows.extend_from_slice(&part[low(part)..]));
    let (below, others) = rows.split_at_mut(below);
    rayon::join(|| below.sort_by(order), || others.sort_by(order));
    Some(Arc::new(rows))
}

fn totals(partials: &[Partial], aggregate: usize, parts: &[Part]) -> Option<MergedTotals> {
    let mut merged: Option<MergedTotals> = None;
    let mut met: Vec<(u32, &CellTotals, u32)> = Vec::new();
    for (source, group) in parts {
        let partial = &partials[*source];
        let Content::Totals(groups, totals) = &partial.states[aggregate].content else { continue };
        let Some(Some(of_group)) = groups.get(*group) else { continue };
        merged.get_or_insert_default().all.merge(of_group);
        let Some(cells) = &partial.cells else { continue };
        let cells_of = cells.of(*group).iter().filter(|cell| totals.has(**cell));
        met.extend(cells_of.map(|cell| (cells.clusters[*cell as usize], totals, *cell)));
    }
    let mut merged = merged?;
    met.sort_by_key(|(cluster, ..)| *cluster);
    merged.clusters.reserve(met.len());
    merged.values.reserve(met.len());
    for same in met.chunk_by(|a, b| a.0 == b.0) {
        merged.clusters.push(same[0].0);
        merged.values.push(match same {
            [(_, totals, cell)] => totals.values(*cell),
            // A cluster whose rows are in several files has the exact sum of all.
            several => {
                let (mut upper, mut lower) = (ExactSum::default(), ExactSum::default());
                several.iter().for_each(|(_, totals, cell)| totals.add_to(*cell, &mut upper, &mut lower));
                (upper.value(), lower.value())
            }
        });
    }
    Some(merged)
}
