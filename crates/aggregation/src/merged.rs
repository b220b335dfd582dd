//! The totals that a measure's aggregate has of a group in all sources together.

use std::sync::Arc;

use uplift_measures::exact::ExactSum;
use uplift_measures::totals::Totals;

use crate::partial::Partial;
use crate::places::Part;
use crate::state::{CellTotals, Content};

/// Totals of all, and of each cluster.
#[derive(Debug, Default, Clone)]
pub(crate) struct MergedTotals {
    pub(crate) all: Totals,
    pub(crate) people: Arc<PeopleByCluster>,
    /// Whether another aggregate of the group has the same people, and counts their memory.
    shares_people: bool,
    /// Upper total of each cluster.
    pub(crate) upper: Vec<f64>,
}

/// Who is measured, by cluster: measures of the same people have the same.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct PeopleByCluster {
    /// Numbers of the clusters.
    pub(crate) clusters: Vec<u32>,
    /// Lower total of each.
    pub(crate) lower: Vec<f64>,
}

impl MergedTotals {
    /// Of some groups of some sources; none where it could not be computed, or where there is nothing.
    pub(crate) fn new(partials: &[Partial], aggregate: usize, parts: &[Part]) -> Option<Self> {
        let state = |source: usize| &partials[source].states[aggregate];
        if parts.iter().any(|(source, group)| state(*source).failed.contains(group)) {
            return None;
        }
        let mut merged: Option<Self> = None;
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
        let mut people =
            PeopleByCluster { clusters: Vec::with_capacity(met.len()), lower: Vec::with_capacity(met.len()) };
        merged.upper.reserve(met.len());
        met.sort_by_key(|(cluster, ..)| *cluster);
        for same in met.chunk_by(|a, b| a.0 == b.0) {
            let (upper, lower) = match same {
                [(_, totals, cell)] => totals.values(*cell),
                // A cluster whose rows are in several files has the exact sum of all.
                several => {
                    let (mut upper, mut lower) = (ExactSum::default(), ExactSum::default());
                    several.iter().for_each(|(_, totals, cell)| totals.add_to(*cell, &mut upper, &mut lower));
                    (upper.value(), lower.value())
                }
            };
            people.clusters.push(same[0].0);
            people.lower.push(lower);
            merged.upper.push(upper);
        }
        merged.people = people.into();
        Some(merged)
    }

    /// Totals of several that have no cluster in common.
    pub(crate) fn side_by_side(parts: &[&Self]) -> Self {
        let (mut all, mut people) = (Totals::default(), PeopleByCluster::default());
        let mut upper = Vec::with_capacity(parts.iter().map(|part| part.upper.len()).sum());
        people.clusters.reserve(upper.capacity());
        people.lower.reserve(upper.capacity());
        for part in parts {
            all.merge(&part.all);
            people.clusters.extend_from_slice(&part.people.clusters);
            people.lower.extend_from_slice(&part.people.lower);
            upper.extend_from_slice(&part.upper);
        }
        Self { all, people: people.into(), shares_people: false, upper }
    }

    /// Takes equal people of another aggregate for its own.
    pub(crate) fn share_people(&mut self, known: &mut Vec<Arc<PeopleByCluster>>) {
        match known.iter().find(|people| **people == self.people) {
            Some(people) => (self.people, self.shares_people) = (people.clone(), true),
            None => known.push(self.people.clone()),
        }
    }

    /// Memory in bytes.
    pub(crate) fn size(&self) -> usize {
        let people = if self.shares_people { 0 } else { 12 * self.people.clusters.len() };
        8 * self.upper.len() + people + 256
    }

    /// Upper and lower total of each cluster.
    pub(crate) fn values(&self) -> impl Iterator<Item = (f64, f64)> {
        self.upper.iter().copied().zip(self.people.lower.iter().copied())
    }
}
