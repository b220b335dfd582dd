//! What is kept of the groups of an answer: totals of all of their files together, the order of their rows, and estimates.

use std::sync::{Arc, Mutex};

use rayon::prelude::*;
use uplift_measures::design::Design;
use uplift_measures::estimate::Estimate;

use crate::kept::{GroupPart, Kept, OfGroup};
use crate::merged::{MergedTotals, PeopleByCluster};
use crate::order::{Columns, Run, in_order};
use crate::partial::Partial;
use crate::places::{Part, Places, Whole};
use crate::program::Program;
use crate::state::Content;

/// Rows or cells of a group from which on it is sooner looked up than put together.
const MANY: usize = 64;

/// Rows from which on their order is sooner kept than found again.
const MANY_IN_ORDER: usize = 4096;

pub(crate) struct KeptGroups<'a> {
    kept: &'a Kept,
    partials: &'a [Partial],
    places: &'a Places,
    area: &'a str,
    /// By group.
    files: Vec<Option<Box<[u32]>>>,
    /// Number of the name of each aggregate.
    aggregates: Vec<u32>,
    /// Who is measured in each group, as aggregates of this question found it.
    people: Vec<Mutex<Vec<Arc<PeopleByCluster>>>>,
}

impl<'a> KeptGroups<'a> {
    pub(crate) fn new(
        kept: &'a Kept,
        program: &Program,
        partials: &'a [Partial],
        places: &'a Places,
        area: &'a str,
    ) -> Self {
        let named = |identity: &Arc<str>| format!("{} {identity}", program.grouping).into();
        let names: Vec<Arc<str>> = program.aggregates.iter().map(|one| named(&one.identity)).collect();
        let files = places.groups.par_iter().map(|group| files(partials, group)).collect();
        let people = places.groups.iter().map(|_| Mutex::default()).collect();
        Self { kept, partials, places, area, files, aggregates: kept.texts.numbers(&names), people }
    }

    /// The totals that an aggregate has of a group.
    pub(crate) fn merged(&self, aggregate: usize, group: usize) -> Option<Arc<MergedTotals>> {
        let parts = &self.places.groups[group].parts;
        let compute = || {
            let mut merged = MergedTotals::new(self.partials, aggregate, parts)?;
            let mut people = self.people[group].lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            merged.share_people(&mut people);
            Some(Arc::new(merged))
        };
        let Some(key) = self.key(group, self.aggregates[aggregate]) else { return compute() };
        match self.kept.of_group(&key, || OfGroup::Merged(compute())) {
            OfGroup::Merged(merged) => merged,
            OfGroup::Estimates(_) | OfGroup::Order(_) => compute(),
        }
    }

    /// The rows that an aggregate has of a row of the answer, in order. Where they are many, the order is kept for the next
    /// time, whatever files there are then.
    pub(crate) fn in_order(&self, aggregate: usize, row: usize) -> Columns {
        let run = |(source, group): Part| {
            let partial = &self.partials[source];
            let Content::Rows(groups) = &partial.states[aggregate].content else { return None };
            let rows = groups.get(group).filter(|rows| !rows.is_empty())?.clone();
            Some(Run { name: partial.file.map(|file| (partial.groups[group], file)), rows })
        };
        let runs: Vec<Run> = self.places.parts(row).filter_map(run).collect();
        if let [run] = runs.as_slice() {
            return Columns::new(&run.rows);
        }
        if runs.iter().map(|run| run.rows.len()).sum::<usize>() < MANY_IN_ORDER {
            return in_order(&runs, None).0;
        }
        let (place, aggregate) = (&self.places.rows[row], self.aggregates[aggregate]);
        let what = format!("order of {aggregate} in {} {place:?}", self.area);
        let what = self.kept.texts.numbers(&[what.into()])[0];
        let (columns, order) = in_order(&runs, self.kept.order(what).as_deref());
        if let Some(order) = order {
            self.kept.keep_order(what, order);
        }
        columns
    }

    /// Number of the name of a run of outputs.
    pub(crate) fn run(&self, told: String) -> u32 {
        self.kept.texts.numbers(&[told.into()])[0]
    }

    /// The estimates of a run of outputs for a group.
    pub(crate) fn estimates(
        &self,
        run: u32,
        group: usize,
        compute: impl Fn() -> Vec<Estimate>,
    ) -> Arc<Vec<Estimate>> {
        let Some(key) = self.key(group, run) else { return compute().into() };
        match self.kept.of_group(&key, || OfGroup::Estimates(compute().into())) {
            OfGroup::Estimates(estimates) => estimates,
            OfGroup::Merged(_) | OfGroup::Order(_) => compute().into(),
        }
    }

    /// Numbers of clusters end before this.
    pub(crate) fn clusters(&self) -> usize {
        self.kept.clusters.len()
    }

    pub(crate) fn design(&self, clusters: &[u32]) -> Design {
        self.kept.clusters.design(clusters)
    }

    fn key(&self, group: usize, what: u32) -> Option<GroupPart> {
        let files = self.files[group].clone()?;
        Some(GroupPart { files, group: self.places.groups[group].number, what })
    }
}

/// The files of a group; none of a group that is small, or whose records are not of files.
fn files(partials: &[Partial], group: &Whole) -> Option<Box<[u32]>> {
    let size = |(source, group): &Part| {
        let partial = &partials[*source];
        let rows = partial.states.iter().map(|state| match &state.content {
            Content::Rows(groups) => groups.get(*group).map_or(0, |rows| rows.len()),
            _ => 0,
        });
        let cells = partial.cells.as_ref().map_or(0, |cells| cells.of(*group).len());
        rows.max().unwrap_or_default().max(cells)
    };
    let is_small = group.parts.iter().map(size).sum::<usize>() < MANY;
    let files = group.parts.iter().map(|(source, _)| partials[*source].file);
    if is_small { None } else { files.collect() }
}
