//! Measures of places, with their uncertainty: from totals by cluster, or from rows in order.

use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use rayon::prelude::*;
use uplift_measures::conventions::Conventions;
use uplift_measures::design::{Design, LonelyPsu};
use uplift_measures::distribution::Distribution;
use uplift_measures::error::Result;
use uplift_measures::estimate::{CONFIDENCE, Estimate, Sample, estimate_of_totals};
use uplift_measures::measure::Measure;
use uplift_measures::totals::TotalsMeasure;

use crate::kept::Kept;
use crate::kept_groups::KeptGroups;
use crate::merged::MergedTotals;
use crate::order::Columns;
use crate::partial::Partial;
use crate::places::{Part, Places};
use crate::program::{Kind, Measured, Planned, Program};
use crate::runs::{Run, runs};
use crate::two_years::TwoYears;

/// The estimates of each output that is one, by row of the answer.
pub(crate) fn estimates_of_places(
    program: &Program,
    partials: &[Partial],
    places: &Places,
    area: &str,
    kept: &Kept,
) -> Vec<Vec<Estimate>> {
    let runs = runs(program);
    let outputs = runs.iter().map(|run| run.outputs.len()).sum();
    let mut all = vec![vec![Estimate::default(); places.rows.len()]; outputs];
    let kept = KeptGroups::new(kept, program, partials, places, area);
    let designs = Designs {
        last: places.rows.iter().map(|_| Mutex::default()).collect(),
        changes: places.rows.iter().map(|_| Mutex::default()).collect(),
        of_one: Arc::new(Design::of_clusters(vec![0])),
    };
    let mut order: Vec<usize> = (0..places.rows.len()).collect();
    // The largest first: it takes as long as many of the others.
    order.sort_by_key(|row| std::cmp::Reverse(places.groups_of[*row].len()));
    for run in &runs {
        let of_totals = |aggregate: &&usize| matches!(program.aggregates[**aggregate].kind, Kind::Totals(_));
        let merged = run.aggregates.iter().filter(of_totals).map(|aggregate| {
            let of_group = |group| kept.merged(*aggregate, group);
            (*aggregate, (0..places.groups.len()).into_par_iter().map(of_group).collect())
        });
        let merged = ByGroup { merged: merged.collect() };
        let name = kept.run(run.told(program));
        let measured = measured(run);
        let designs = &designs;
        let source =
            RunSource { program, partials, places, kept: &kept, merged: &merged, designs, run, measured };
        let by_row: Vec<Arc<Vec<Estimate>>> = order
            .par_iter()
            .map(|row| match places.groups_of[*row].as_slice() {
                [group] => kept.estimates(name, *group, || source.estimates(*row)),
                _ => source.estimates(*row).into(),
            })
            .collect();
        for (row, estimates) in order.iter().zip(by_row) {
            for ((output, _), estimate) in run.outputs.iter().zip(estimates.iter()) {
                all[*output][*row] = *estimate;
            }
        }
    }
    all
}

/// The totals that aggregates of a run have of every group.
struct ByGroup {
    merged: Vec<(usize, Vec<Option<Arc<MergedTotals>>>)>,
}

impl ByGroup {
    fn of(&self, aggregate: usize, group: usize) -> Option<&Arc<MergedTotals>> {
        let (_, groups) = self.merged.iter().find(|(known, _)| *known == aggregate)?;
        groups[group].as_ref()
    }
}

/// Clusters, and the design of those.
type LastDesign = (Vec<u32>, Arc<Design>);

/// Designs of rows: most aggregates meet the same.
struct Designs {
    /// The last of each row, with its clusters.
    last: Vec<Mutex<Option<LastDesign>>>,
    /// The last two years of each row that were compared.
    changes: Vec<Mutex<Option<Arc<TwoYears>>>>,
    /// That of a single cluster, as a village mostly is.
    of_one: Arc<Design>,
}

/// Where the estimates of a run come from.
struct RunSource<'a> {
    program: &'a Program,
    partials: &'a [Partial],
    places: &'a Places,
    kept: &'a KeptGroups<'a>,
    merged: &'a ByGroup,
    designs: &'a Designs,
    run: &'a Run<'a>,
    /// What is measured, each once: an estimate and a change need the same.
    measured: Vec<&'a Measured>,
}

/// What an aggregate has of a place.
enum Placed<'a> {
    Totals(PlacedTotals<'a>),
    Rows(PlacedRows),
}

/// Totals of a place, and of each cluster in it.
struct PlacedTotals<'a> {
    measure: TotalsMeasure,
    merged: Cow<'a, MergedTotals>,
    design: Arc<Design>,
}

/// Rows of a place in order.
struct PlacedRows {
    values: Arc<Vec<f64>>,
    weights: Arc<Vec<f64>>,
    distribution: Distribution,
    /// Numbers of the clusters that rows are in.
    clusters: Vec<u32>,
    design: Design,
}

impl RunSource<'_> {
    /// The estimates of a row of the answer. A row of several groups takes as long as all of them: its parts are
    /// computed side by side.
    fn estimates(&self, row: usize) -> Vec<Estimate> {
        let at_once = if self.places.groups_of[row].len() > 1 { 1 } else { usize::MAX };
        let aggregates: Vec<usize> = self.run.aggregates.iter().copied().collect();
        let placed = aggregates.par_iter().with_min_len(at_once);
        let placed: Vec<Option<Placed<'_>>> = placed.map(|aggregate| self.placed(*aggregate, row)).collect();
        let of = |aggregate: usize| placed[aggregates.binary_search(&aggregate).ok()?].as_ref();
        let (measured, designed) = (&self.measured, self.program.design.is_some());
        let linear = measured
            .par_iter()
            .with_min_len(at_once)
            .map(|one| linear(of(one.aggregate)?, &one.measure, designed).ok());
        let linear: Vec<Option<Linear>> = linear.collect();
        let of = |one: &Measured| {
            let known = measured.iter().position(|known| *known == one)?;
            Some(Measurement { placed: of(one.aggregate)?, linear: linear[known].as_ref()? })
        };
        let estimate = |(_, planned): &(usize, &Planned)| {
            let estimate = match planned {
                Planned::Engine(_) => None,
                Planned::Estimate(one) => of(one).map(|one_of| self.estimate(&one_of, &one.measure)),
                Planned::Change(before, after) => {
                    of(before).zip(of(after)).map(|(was, is)| self.change(row, &was, &is))
                }
            };
            // What cannot be measured has no value.
            estimate.and_then(Result::ok).unwrap_or_default()
        };
        self.run.outputs.par_iter().with_min_len(at_once).map(estimate).collect()
    }

    /// None where it could not be computed, or where there is nothing.
    fn placed(&self, aggregate: usize, row: usize) -> Option<Placed<'_>> {
        // A group that has nothing is left out; one that could not be computed is not.
        let mut parts = self.places.parts(row);
        if parts.any(|(source, group)| self.partials[source].states[aggregate].failed.contains(&group)) {
            return None;
        }
        match &self.program.aggregates[aggregate].kind {
            Kind::Engine(_) | Kind::Key(_) => None,
            Kind::Totals(measure) => {
                let merged = self.totals(aggregate, row)?;
                let design = self.design(row, &merged.people.clusters);
                Some(Placed::Totals(PlacedTotals { measure: *measure, merged, design }))
            }
            Kind::Rows => Some(Placed::Rows(self.rows(aggregate, row)?)),
        }
    }

    fn totals(&self, aggregate: usize, row: usize) -> Option<Cow<'_, MergedTotals>> {
        let groups = self.places.groups_of[row].iter();
        let of_group = |group: &usize| self.merged.of(aggregate, *group).map(Arc::as_ref);
        let of_groups: Vec<&MergedTotals> = groups.filter_map(of_group).collect();
        if let [one] = of_groups.as_slice() {
            return Some(Cow::Borrowed(one));
        }
        let mut seen = vec![false; self.kept.clusters()];
        let mut clusters = of_groups.iter().flat_map(|totals| &totals.people.clusters);
        if clusters.any(|cluster| std::mem::replace(&mut seen[*cluster as usize], true)) {
            // A cluster lies in several groups: its total is the exact sum of all of its rows.
            let parts: Vec<Part> = self.places.parts(row).collect();
            return MergedTotals::new(self.partials, aggregate, &parts).map(Cow::Owned);
        }
        (!of_groups.is_empty()).then(|| Cow::Owned(MergedTotals::side_by_side(&of_groups)))
    }

    fn rows(&self, aggregate: usize, row: usize) -> Option<PlacedRows> {
        let Columns { values, weights, clusters: of_rows } = self.kept.in_order(aggregate, row);
        if values.is_empty() {
            return None;
        }
        let (values, weights) = (Arc::new(values), Arc::new(weights));
        let distribution = Distribution::from_ordered_rows(&values, &weights);
        // Clusters numbered anew, among those that are met.
        let mut number = vec![u32::MAX; self.kept.clusters()];
        let mut clusters = Vec::new();
        let renumbered = of_rows.into_iter().map(|cluster| {
            let number = &mut number[cluster as usize];
            if *number == u32::MAX {
                *number = clusters.len() as u32;
                clusters.push(cluster);
            }
            *number
        });
        let of_rows: Vec<u32> = renumbered.collect();
        let design = Design::clone(&self.design(row, &clusters)).with_rows(of_rows);
        Some(PlacedRows { values, weights, distribution, clusters, design })
    }

    /// The design of some of the clusters of a row, in their order; none where records tell none.
    fn design(&self, row: usize, clusters: &[u32]) -> Arc<Design> {
        if self.program.design.is_none() {
            return Arc::default();
        }
        if let [_] = clusters {
            return self.designs.of_one.clone();
        }
        let mut last = self.designs.last[row].lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some((_, design)) = last.as_ref().filter(|(known, _)| known == clusters) {
            return design.clone();
        }
        let design = Arc::new(self.kept.design(clusters));
        *last = Some((clusters.to_vec(), design.clone()));
        design
    }

    fn estimate(
        &self,
        Measurement { placed, linear }: &Measurement<'_>,
        measure: &Measure,
    ) -> Result<Estimate> {
        let (used, design) = match placed {
            Placed::Totals(totals) => (totals.merged.all.rows, totals.design.as_ref()),
            // It has an interval of its own.
            Placed::Rows(rows) if matches!(measure, Measure::Quantile { .. }) => {
                let (sample, conventions) = (sample(&rows.weights, &rows.design), Conventions::default());
                return sample.measure_distribution(measure, &rows.values, &rows.distribution, &conventions);
            }
            Placed::Rows(rows) => (rows.used(measure), &rows.design),
        };
        match (linear.value, &linear.contributions) {
            (Some(value), Some(totals)) => estimate_of_totals(value, totals, used, design),
            (value, _) => Ok(Estimate { value, ..without_value(used, design) }),
        }
    }

    /// The later value less the earlier; what a cluster has in common in both is left out of the error.
    fn change(&self, row: usize, was: &Measurement<'_>, is: &Measurement<'_>) -> Result<Estimate> {
        let rows = was.placed.rows() + is.placed.rows();
        let value = is.linear.value.zip(was.linear.value).map(|(is, was)| is - was);
        let (Some(value), Some(earlier), Some(later), true) =
            (value, &was.linear.contributions, &is.linear.contributions, self.program.design.is_some())
        else {
            return Ok(Estimate { value, rows, ..Estimate::default() });
        };
        let years = self.two_years(row, was.placed.clusters(), is.placed.clusters());
        let design = self.design(row, &years.clusters);
        estimate_of_totals(value, &years.change(earlier, later), rows, &design)
    }

    fn two_years(&self, row: usize, earlier: &[u32], later: &[u32]) -> Arc<TwoYears> {
        let mut last = self.designs.changes[row].lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        match last.as_ref().filter(|years| years.is_of(earlier, later)) {
            Some(years) => years.clone(),
            None => last.insert(TwoYears::new(earlier, later).into()).clone(),
        }
    }
}

/// What the outputs of a run measure, each once.
fn measured<'r>(run: &'r Run<'_>) -> Vec<&'r Measured> {
    let mut all: Vec<&Measured> = Vec::new();
    for (_, planned) in &run.outputs {
        let of_output: &[&Measured] = match planned {
            Planned::Engine(_) => &[],
            Planned::Estimate(one) => &[one],
            Planned::Change(before, after) => &[before, after],
        };
        for one in of_output {
            if !all.contains(one) {
                all.push(one);
            }
        }
    }
    all
}

/// What a measure comes to in a place.
struct Measurement<'a> {
    placed: &'a Placed<'a>,
    linear: &'a Linear,
}

impl Placed<'_> {
    /// Rows that stand for somebody.
    fn rows(&self) -> u64 {
        match self {
            Self::Totals(totals) => totals.merged.all.people,
            Self::Rows(rows) => rows.distribution.rows(),
        }
    }

    /// Numbers of the clusters that it has contributions of.
    fn clusters(&self) -> &[u32] {
        match self {
            Self::Totals(totals) => &totals.merged.people.clusters,
            Self::Rows(rows) => &rows.clusters,
        }
    }
}

impl PlacedTotals<'_> {
    fn linear(&self) -> Linear {
        let Some(value) = self.measure.value(&self.merged.all) else { return Linear::default() };
        let influence = self.measure.influence(value, &self.merged.all);
        let each = self.merged.values().map(|(upper, lower)| influence(upper, lower));
        Linear { value: Some(value), contributions: Some(each.collect()) }
    }
}

fn sample<'a>(weights: &'a [f64], design: &'a Design) -> Sample<'a> {
    Sample { weights, design, lonely: LonelyPsu::default(), confidence: CONFIDENCE }
}

fn without_value(rows: u64, design: &Design) -> Estimate {
    Estimate {
        rows,
        strata: design.strata() as u64,
        clusters: design.clusters() as u64,
        ..Estimate::default()
    }
}

/// A measure, and what each cluster contributes to it; nothing of one that is not smooth.
#[derive(Default)]
struct Linear {
    value: Option<f64>,
    contributions: Option<Vec<f64>>,
}

impl PlacedRows {
    fn linear(&self, measure: &Measure, designed: bool) -> Result<Linear> {
        let conventions = Conventions::default();
        let Some(value) = measure.value(&self.distribution, &conventions)? else {
            return Ok(Linear::default());
        };
        if !designed {
            return Ok(Linear { value: Some(value), contributions: None });
        }
        let sample = sample(&self.weights, &self.design);
        let contributions =
            sample.cluster_contributions(measure, value, &self.values, &self.distribution, &conventions)?;
        Ok(Linear { value: Some(value), contributions })
    }

    /// Rows that a measure uses.
    fn used(&self, measure: &Measure) -> u64 {
        match measure.takes_logarithms() {
            true => sample(&self.weights, &self.design).rows_above_zero(&self.values),
            false => self.distribution.rows(),
        }
    }
}

fn linear(placed: &Placed<'_>, measure: &Measure, designed: bool) -> Result<Linear> {
    match placed {
        Placed::Totals(totals) => Ok(totals.linear()),
        Placed::Rows(rows) => rows.linear(measure, designed),
    }
}
