//! Measures of places, with their uncertainty: from totals by cluster, or from rows in order.

use std::collections::BTreeMap;

use rayon::prelude::*;
use uplift_measures::conventions::Conventions;
use uplift_measures::design::{Design, LonelyPsu};
use uplift_measures::distribution::Distribution;
use uplift_measures::error::Result;
use uplift_measures::estimate::{CONFIDENCE, Estimate, Sample, estimate_of_totals};
use uplift_measures::measure::Measure;
use uplift_measures::totals::{Totals, TotalsMeasure};

use crate::computation::Partial;
use crate::pass::order;
use crate::places::{Clusters, Places};
use crate::program::{Kind, Measured, Planned, Program};
use crate::state::{Content, Row};

/// The estimates of each output that is one, by place.
pub(crate) fn estimates_of_places(
    program: &Program,
    partials: &[Partial],
    places: &Places,
) -> Vec<Vec<Estimate>> {
    let mut wanted: Vec<(usize, &Planned)> =
        program.outputs.iter().filter(|o| !matches!(o, Planned::Engine(_))).enumerate().collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    // Outputs of the same rows one after the other, so that no more rows are held than must be.
    wanted.sort_by_key(|(_, planned)| aggregates(planned));
    let clusters = Clusters::new(partials, places);
    let of_place = |place: &usize| {
        let source = PlaceSource { program, partials, places, clusters: &clusters, place: *place };
        source.estimates(&wanted)
    };
    let mut order: Vec<usize> = (0..places.groups.len()).collect();
    // The largest first: it takes as long as many of the others.
    order.sort_by_key(|place| std::cmp::Reverse(places.parts[*place].len()));
    let by_place: Vec<Vec<Estimate>> = order.par_iter().with_max_len(1).map(of_place).collect();
    let mut all = vec![vec![Estimate::default(); order.len()]; wanted.len()];
    for (place, estimates) in order.iter().zip(by_place) {
        for ((output, _), estimate) in wanted.iter().zip(estimates) {
            all[*output][*place] = estimate;
        }
    }
    all
}

fn aggregates(planned: &Planned) -> (usize, usize) {
    match planned {
        Planned::Engine(n) => (*n, *n),
        Planned::Estimate(measured) => (measured.aggregate, measured.aggregate),
        Planned::Change(before, after) => (before.aggregate, after.aggregate),
    }
}

/// Where the rows and totals of one place come from.
struct PlaceSource<'a> {
    program: &'a Program,
    partials: &'a [Partial],
    places: &'a Places,
    clusters: &'a Clusters,
    place: usize,
}

/// What an aggregate has of a place.
enum Placed {
    Totals { measure: TotalsMeasure, by_cluster: BTreeMap<u32, Totals>, all: Totals },
    Rows(PlacedRows),
}

/// Rows of a place in order.
struct PlacedRows {
    values: Vec<f64>,
    weights: Vec<f64>,
    distribution: Distribution,
    /// Clusters of the rows, by their number in the answer.
    clusters: Vec<u32>,
    design: Design,
}

impl<'a> PlaceSource<'a> {
    fn estimates(&self, wanted: &[(usize, &Planned)]) -> Vec<Estimate> {
        let mut held: Vec<(usize, Option<Placed>)> = Vec::new();
        let estimate = |(_, planned): &(usize, &Planned)| {
            let (first, second) = aggregates(planned);
            held.retain(|(aggregate, _)| *aggregate == first || *aggregate == second);
            for aggregate in [first, second] {
                if !held.iter().any(|(known, _)| *known == aggregate) {
                    held.push((aggregate, self.placed(aggregate)));
                }
            }
            let placed = |measured: &Measured| {
                held.iter()
                    .find(|(known, _)| *known == measured.aggregate)
                    .and_then(|(_, placed)| placed.as_ref())
            };
            let estimate = match planned {
                Planned::Engine(_) => None,
                Planned::Estimate(measured) => {
                    placed(measured).map(|placed| self.estimate(placed, &measured.measure))
                }
                Planned::Change(before, after) => {
                    placed(before).zip(placed(after)).map(|(was, is)| self.change(was, is, &before.measure))
                }
            };
            // What cannot be measured has no value.
            estimate.and_then(Result::ok).unwrap_or_default()
        };
        wanted.iter().map(estimate).collect()
    }

    /// None where it could not be computed, or where there is nothing.
    fn placed(&self, aggregate: usize) -> Option<Placed> {
        let parts = &self.places.parts[self.place];
        if parts.iter().any(|(source, group)| self.partials[*source].states[aggregate].failed.contains(group))
        {
            return None;
        }
        match &self.program.aggregates[aggregate].kind {
            Kind::Engine(_) => None,
            Kind::Totals(measure) => self.totals(aggregate, *measure),
            Kind::Rows => self.rows(aggregate),
        }
    }

    fn totals(&self, aggregate: usize, measure: TotalsMeasure) -> Option<Placed> {
        let (mut by_cluster, mut all) = (BTreeMap::<u32, Totals>::new(), Totals::default());
        for cell in &self.clusters.cells[self.place] {
            let Content::Totals(cells) = &self.partials[cell.source].states[aggregate].content else {
                continue;
            };
            // The state ends with the last cell that had a row.
            if let Some(Some(totals)) = cells.get(cell.cell as usize) {
                by_cluster.entry(cell.cluster).or_default().merge(totals);
                all.merge(totals);
            }
        }
        (!by_cluster.is_empty()).then_some(Placed::Totals { measure, by_cluster, all })
    }

    fn rows(&self, aggregate: usize) -> Option<Placed> {
        let mut rows: Vec<Row> = Vec::new();
        for (source, group) in &self.places.parts[self.place] {
            let Content::Rows(groups) = &self.partials[*source].states[aggregate].content else { continue };
            let of_cell = &self.clusters.of_cell[*source];
            let Some(sorted) = groups.get(*group) else { continue };
            rows.extend(sorted.rows.iter().map(|row| Row { cell: of_cell[row.cell as usize], ..*row }));
        }
        if rows.is_empty() {
            return None;
        }
        // What comes in order is merged, and not sorted again.
        rows.sort_by(order);
        let values: Vec<f64> = rows.iter().map(|row| row.value).collect();
        let weights: Vec<f64> = rows.iter().map(|row| row.weight).collect();
        let distribution = Distribution::from_ordered_rows(&values, &weights);
        let mut clusters: Vec<u32> = rows.iter().map(|row| row.cell).collect();
        let in_use = in_use(&clusters);
        let mut number = vec![0; self.clusters.stratum_of.len()];
        in_use.iter().zip(0..).for_each(|(cluster, n)| number[*cluster as usize] = n);
        clusters.iter_mut().for_each(|cluster| *cluster = number[*cluster as usize]);
        let design = self.design(&in_use).with_rows(clusters);
        Some(Placed::Rows(PlacedRows { values, weights, distribution, clusters: in_use, design }))
    }

    /// The design of some of the clusters; none where records tell none.
    fn design(&self, clusters: &[u32]) -> Design {
        match self.program.design {
            Some(_) => Design::of_clusters(clusters.iter().map(|c| self.clusters.stratum_of[*c as usize])),
            None => Design::default(),
        }
    }

    fn estimate(&self, placed: &Placed, measure: &Measure) -> Result<Estimate> {
        let conventions = Conventions::default();
        let designed = self.program.design.is_some();
        match placed {
            Placed::Totals { measure, by_cluster, all } => {
                let design = self.design(&by_cluster.keys().copied().collect::<Vec<_>>());
                let Some(value) = measure.value(all) else {
                    return Ok(without_value(all.rows, &design));
                };
                let influence = measure.influence(value, all);
                let totals = by_cluster.values().map(influence).collect::<Vec<_>>();
                estimate_of_totals(value, &totals, all.rows, &design)
            }
            Placed::Rows(rows) if designed => {
                let sample = sample(&rows.weights, &rows.design);
                sample.measure_distribution(measure, &rows.values, &rows.distribution, &conventions)
            }
            Placed::Rows(PlacedRows { distribution, .. }) => {
                let value = measure.value(distribution, &conventions)?;
                Ok(Estimate { value, rows: distribution.rows(), ..Estimate::default() })
            }
        }
    }

    /// The later value less the earlier; what a cluster has in common in both is left out of the error.
    fn change(&self, before: &Placed, after: &Placed, measure: &Measure) -> Result<Estimate> {
        let ((was, earlier), (is, later)) = (linear(before, measure)?, linear(after, measure)?);
        let rows = before.rows() + after.rows();
        let value = is.zip(was).map(|(is, was)| is - was);
        let (Some(value), Some(earlier), Some(later), true) =
            (value, earlier, later, self.program.design.is_some())
        else {
            return Ok(Estimate { value, rows, ..Estimate::default() });
        };
        let mut totals: BTreeMap<u32, f64> =
            earlier.into_iter().map(|(cluster, total)| (cluster, -total)).collect();
        later.into_iter().for_each(|(cluster, total)| *totals.entry(cluster).or_default() += total);
        let design = self.design(&totals.keys().copied().collect::<Vec<_>>());
        estimate_of_totals(value, &totals.into_values().collect::<Vec<_>>(), rows, &design)
    }
}

impl Placed {
    /// Rows that stand for somebody.
    fn rows(&self) -> u64 {
        match self {
            Self::Totals { all, .. } => all.people,
            Self::Rows(rows) => rows.distribution.rows(),
        }
    }
}

fn in_use(clusters: &[u32]) -> Vec<u32> {
    let mut in_use = clusters.to_vec();
    in_use.sort_unstable();
    in_use.dedup();
    in_use
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

/// What each cluster contributes to a measure.
type Contributions = Vec<(u32, f64)>;

/// A measure, and what each cluster contributes to it; nothing of one that is not smooth.
fn linear(placed: &Placed, measure: &Measure) -> Result<(Option<f64>, Option<Contributions>)> {
    match placed {
        Placed::Totals { measure, by_cluster, all } => {
            let Some(value) = measure.value(all) else { return Ok((None, None)) };
            let influence = measure.influence(value, all);
            let totals = by_cluster.iter().map(|(cluster, totals)| (*cluster, influence(totals)));
            Ok((Some(value), Some(totals.collect())))
        }
        Placed::Rows(rows) => {
            let conventions = Conventions::default();
            let value = measure.value(&rows.distribution, &conventions)?;
            let sample = sample(&rows.weights, &rows.design);
            let linear = sample.linearise(measure, &rows.values, &rows.distribution, &conventions)?;
            let totals = linear.map(|linear| {
                let totals = rows.design.totals(&linear.contributions);
                rows.clusters.iter().copied().zip(totals).collect()
            });
            Ok((value, totals))
        }
    }
}
