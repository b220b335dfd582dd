//! Measures of places, with their uncertainty: from totals by cluster, or from rows in order.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use rayon::prelude::*;
use uplift_measures::conventions::Conventions;
use uplift_measures::design::{Design, LonelyPsu};
use uplift_measures::distribution::Distribution;
use uplift_measures::error::Result;
use uplift_measures::estimate::{CONFIDENCE, Estimate, Sample, estimate_of_totals};
use uplift_measures::exact::ExactSum;
use uplift_measures::measure::Measure;
use uplift_measures::totals::{Totals, TotalsMeasure};

use crate::partial::Partial;
use crate::pass::order;
use crate::places::{Clusters, PlacedCell, Places};
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
        let known = OnceCell::new();
        let source = PlaceSource { program, partials, places, clusters: &clusters, place: *place, known };
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
    /// The design of all clusters of the place: most aggregates meet every one.
    known: OnceCell<Rc<Design>>,
}

/// What an aggregate has of a place.
enum Placed {
    Totals(PlacedTotals),
    Rows(PlacedRows),
}

/// Totals of a place, and of each cluster in it.
struct PlacedTotals {
    measure: TotalsMeasure,
    all: Totals,
    clusters: Vec<u32>,
    /// Upper and lower total of each cluster.
    values: Vec<(f64, f64)>,
    design: Rc<Design>,
}

/// Rows of a place in order.
struct PlacedRows {
    values: Vec<f64>,
    weights: Vec<f64>,
    distribution: Distribution,
    /// Clusters of the rows, by their number in the answer.
    clusters: Vec<u32>,
    design: Design,
    known: RefCell<Vec<(Measure, Rc<Linear>)>>,
}

impl PlaceSource<'_> {
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
            Kind::Engine(_) | Kind::Key(_) => None,
            Kind::Totals(measure) => self.totals(aggregate, *measure),
            Kind::Rows => self.rows(aggregate),
        }
    }

    fn totals(&self, aggregate: usize, measure: TotalsMeasure) -> Option<Placed> {
        let mut all: Option<Totals> = None;
        for (source, group) in &self.places.parts[self.place] {
            let Content::Totals(groups, _) = &self.partials[*source].states[aggregate].content else {
                continue;
            };
            if let Some(Some(totals)) = groups.get(*group) {
                all.get_or_insert_default().merge(totals);
            }
        }
        let of_cell = |cell: &PlacedCell| match &self.partials[cell.source].states[aggregate].content {
            Content::Totals(_, cells) => Some((cells, cells.values(cell.cell)?)),
            _ => None,
        };
        let cells = &self.clusters.cells[self.place];
        let (mut clusters, mut values) = (Vec::with_capacity(cells.len()), Vec::with_capacity(cells.len()));
        for same in cells.chunk_by(|a, b| a.cluster == b.cluster) {
            let mut met = same.iter().filter_map(|cell| Some((cell, of_cell(cell)?)));
            let Some((first, (state, value))) = met.next() else { continue };
            clusters.push(first.cluster);
            let mut more = met.peekable();
            if more.peek().is_none() {
                values.push(value);
                continue;
            }
            // A cluster whose rows are in several files has the exact sum of all.
            let (mut upper, mut lower) = (ExactSum::default(), ExactSum::default());
            state.add_to(first.cell, &mut upper, &mut lower);
            more.for_each(|(cell, (state, _))| state.add_to(cell.cell, &mut upper, &mut lower));
            values.push((upper.value(), lower.value()));
        }
        let design = self.design(&clusters);
        Some(Placed::Totals(PlacedTotals { measure, all: all?, clusters, values, design }))
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
        let design = Design::clone(&self.design(&in_use)).with_rows(clusters);
        Some(Placed::Rows(PlacedRows {
            values,
            weights,
            distribution,
            clusters: in_use,
            design,
            known: RefCell::default(),
        }))
    }

    /// The design of some of the clusters of the place, in their order; none where records tell none.
    fn design(&self, clusters: &[u32]) -> Rc<Design> {
        if self.program.design.is_none() {
            return Rc::default();
        }
        let mut all: Vec<u32> = self.clusters.cells[self.place].iter().map(|cell| cell.cluster).collect();
        all.dedup();
        match clusters.len() == all.len() {
            true => self.known.get_or_init(|| Rc::new(self.clusters.design(all))).clone(),
            false => Rc::new(self.clusters.design(clusters.iter().copied())),
        }
    }

    fn estimate(&self, placed: &Placed, measure: &Measure) -> Result<Estimate> {
        let conventions = Conventions::default();
        let designed = self.program.design.is_some();
        match placed {
            Placed::Totals(totals) => {
                let Some((value, contributions)) = totals.linear() else {
                    return Ok(without_value(totals.all.rows, &totals.design));
                };
                estimate_of_totals(value, &contributions, totals.all.rows, &totals.design)
            }
            Placed::Rows(rows) if !designed || matches!(measure, Measure::Quantile { .. }) => {
                let sample = sample(&rows.weights, &rows.design);
                sample.measure_distribution(measure, &rows.values, &rows.distribution, &conventions)
            }
            Placed::Rows(rows) => {
                let known = rows.linear(measure)?;
                let used = rows.used(measure);
                match (known.value, &known.contributions) {
                    (Some(value), Some(totals)) => estimate_of_totals(value, totals, used, &rows.design),
                    (value, _) => Ok(Estimate { value, ..without_value(used, &rows.design) }),
                }
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
        let mut both: Contributions = earlier.into_iter().map(|(cluster, total)| (cluster, -total)).collect();
        both.extend(later);
        // Each year is in order, the earlier first in a cluster of both.
        both.sort_by_key(|(cluster, _)| *cluster);
        let (mut clusters, mut totals) = (Vec::new(), Vec::new());
        for same in both.chunk_by(|a, b| a.0 == b.0) {
            clusters.push(same[0].0);
            totals.push(same.iter().map(|(_, total)| total).sum::<f64>());
        }
        estimate_of_totals(value, &totals, rows, &self.design(&clusters))
    }
}

impl Placed {
    /// Rows that stand for somebody.
    fn rows(&self) -> u64 {
        match self {
            Self::Totals(totals) => totals.all.people,
            Self::Rows(rows) => rows.distribution.rows(),
        }
    }
}

impl PlacedTotals {
    /// The value, and what each cluster contributes to its error; none where it is undefined.
    fn linear(&self) -> Option<(f64, Vec<f64>)> {
        let value = self.measure.value(&self.all)?;
        let influence = self.measure.influence(value, &self.all);
        Some((value, self.values.iter().map(|(upper, lower)| influence(*upper, *lower)).collect()))
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

/// A measure of rows, and what each of their clusters contributes to it; nothing of one that is not smooth.
struct Linear {
    value: Option<f64>,
    contributions: Option<Vec<f64>>,
}

impl PlacedRows {
    /// Computed once: an estimate and a change need the same.
    fn linear(&self, measure: &Measure) -> Result<Rc<Linear>> {
        if let Some((_, known)) = self.known.borrow().iter().find(|(known, _)| known == measure) {
            return Ok(known.clone());
        }
        let conventions = Conventions::default();
        let value = measure.value(&self.distribution, &conventions)?;
        let sample = sample(&self.weights, &self.design);
        let linear = match value {
            Some(value) => {
                sample.linearise_value(measure, value, &self.values, &self.distribution, &conventions)?
            }
            None => None,
        };
        let contributions = linear.map(|linear| self.design.totals(&linear.contributions).collect());
        let linear = Rc::new(Linear { value, contributions });
        self.known.borrow_mut().push((*measure, linear.clone()));
        Ok(linear)
    }

    /// Rows that a measure uses.
    fn used(&self, measure: &Measure) -> u64 {
        match measure.takes_logarithms() {
            true => sample(&self.weights, &self.design).rows_above_zero(&self.values),
            false => self.distribution.rows(),
        }
    }
}

/// A measure, and what each cluster contributes to it.
fn linear(placed: &Placed, measure: &Measure) -> Result<(Option<f64>, Option<Contributions>)> {
    match placed {
        Placed::Totals(totals) => {
            let linear = totals.linear();
            let clusters = totals.clusters.iter().copied();
            Ok(linear
                .map(|(value, each)| (Some(value), Some(clusters.zip(each).collect())))
                .unwrap_or_default())
        }
        Placed::Rows(rows) => {
            let linear = rows.linear(measure)?;
            let each = linear.contributions.as_ref();
            let each = each.map(|each| rows.clusters.iter().copied().zip(each.iter().copied()).collect());
            Ok((linear.value, each))
        }
    }
}
