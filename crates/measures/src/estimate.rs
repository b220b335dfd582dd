//! Measures of a sample with standard errors and confidence intervals.

use crate::conventions::{Conventions, NonPositive};
use crate::design::{Design, LonelyPsu};
use crate::distribution::Distribution;
use crate::error::{Error, Result};
use crate::exact::ExactSum;
use crate::influence::{Influence, influence};
use crate::measure::Measure;
use crate::quantile::quantile;

pub use crate::design::CONFIDENCE;

/// A sample: weights and design, and how uncertainty is computed.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// How many each row stands for.
    pub weights: &'a [f64],
    /// How the rows were drawn.
    pub design: &'a Design,
    /// What a stratum with a single cluster adds.
    pub lonely: LonelyPsu,
    /// Confidence of intervals, above 0 and below 1.
    pub confidence: f64,
}

/// A measured value with its uncertainty.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Estimate {
    /// The value; none where it is not defined.
    pub value: Option<f64>,
    /// Standard error; none where the design or the measure gives none.
    pub standard_error: Option<f64>,
    /// Lower end of the confidence interval.
    pub low: Option<f64>,
    /// Upper end of the confidence interval.
    pub high: Option<f64>,
    /// Rows that were used: those that stand for somebody and, where logarithms are taken, are above 0.
    pub rows: u64,
    /// Strata.
    pub strata: u64,
    /// Clusters.
    pub clusters: u64,
}

/// A value linearised as a sum over rows, for its variance.
#[derive(Debug, Clone, PartialEq)]
pub struct Linearized {
    /// The value.
    pub value: f64,
    /// Contribution of each row: its weight times its influence.
    pub contributions: Vec<f64>,
}

/// The estimate of a value to which each cluster of a design contributes: value ± t·standard error, with the design's t.
/// `rows` were used.
pub fn estimate_of_totals(value: f64, totals: &[f64], rows: u64, design: &Design) -> Result<Estimate> {
    let error = design.variance_of_totals(totals.iter().copied(), LonelyPsu::default())?.map(f64::sqrt);
    let estimate = Estimate {
        value: Some(value),
        rows,
        strata: design.strata() as u64,
        clusters: design.clusters() as u64,
        ..Estimate::default()
    };
    Ok(within(estimate, value, error.zip(design.t_critical(CONFIDENCE))))
}

/// The same estimate with its error and interval, where they are known.
fn within(estimate: Estimate, value: f64, error: Option<(f64, f64)>) -> Estimate {
    let Some((error, t)) = error else { return estimate };
    let (low, high) = (Some(value - t * error), Some(value + t * error));
    Estimate { standard_error: Some(error), low, high, ..estimate }
}

impl Sample<'_> {
    /// The estimate of what was linearised: value ± t·standard error, t by clusters less strata.
    pub fn estimate(&self, linear: &Linearized) -> Result<Estimate> {
        let error = self.design.variance(&linear.contributions, self.lonely)?.map(f64::sqrt);
        let estimate = Estimate { value: Some(linear.value), ..self.without_value() };
        Ok(within(estimate, linear.value, error.zip(self.design.t_critical(self.confidence))))
    }

    fn without_value(&self) -> Estimate {
        Estimate {
            rows: self.weights.iter().filter(|w| **w > 0.0).count() as u64,
            strata: self.design.strata() as u64,
            clusters: self.design.clusters() as u64,
            ..Estimate::default()
        }
    }

    /// A measure of values. Those without a linearisation have a value alone.
    ///
    /// The interval of a quantile is Woodruff's (1952): that of the share of people up to it, read back
    /// as values; its standard error is half the width by t.
    pub fn measure(&self, measure: &Measure, values: &[f64], conventions: &Conventions) -> Result<Estimate> {
        self.measure_distribution(measure, values, &Distribution::new(values, self.weights)?, conventions)
    }

    /// The same of values whose distribution is known already.
    pub fn measure_distribution(
        &self,
        measure: &Measure,
        values: &[f64],
        distribution: &Distribution,
        conventions: &Conventions,
    ) -> Result<Estimate> {
        let Some(value) = measure.value(distribution, conventions)? else { return Ok(self.without_value()) };
        if let Measure::Quantile { .. } = measure {
            return self.quantile(value, values, distribution, conventions);
        }
        let estimate = match self.linearise_value(measure, value, values, distribution, conventions)? {
            Some(linear) => self.estimate(&linear)?,
            None => Estimate { value: Some(value), ..self.without_value() },
        };
        let leaves_out = measure.takes_logarithms() && conventions.non_positive == NonPositive::LeaveOut;
        Ok(if leaves_out { Estimate { rows: self.rows_above_zero(values), ..estimate } } else { estimate })
    }

    /// Rows that stand for somebody and have a logarithm.
    pub fn rows_above_zero(&self, values: &[f64]) -> u64 {
        values.iter().zip(self.weights).filter(|(y, w)| **y > 0.0 && **w > 0.0).count() as u64
    }

    /// A measure as a sum over rows; none where it is undefined or not smooth.
    pub fn linearise(
        &self,
        measure: &Measure,
        values: &[f64],
        distribution: &Distribution,
        conventions: &Conventions,
    ) -> Result<Option<Linearized>> {
        match measure.value(distribution, conventions)? {
            Some(value) => self.linearise_value(measure, value, values, distribution, conventions),
            None => Ok(None),
        }
    }

    /// The same of a measure whose value is known.
    fn linearise_value(
        &self,
        measure: &Measure,
        value: f64,
        values: &[f64],
        distribution: &Distribution,
        conventions: &Conventions,
    ) -> Result<Option<Linearized>> {
        let Some(influence) = influence(measure, value, distribution, conventions)? else { return Ok(None) };
        Ok(Some(Linearized { value, contributions: self.contributions(values, &influence).collect() }))
    }

    /// What each cluster contributes to a measure whose value is known; none where it is not smooth.
    pub fn cluster_contributions(
        &self,
        measure: &Measure,
        value: f64,
        values: &[f64],
        distribution: &Distribution,
        conventions: &Conventions,
    ) -> Result<Option<Vec<f64>>> {
        let influence = influence(measure, value, distribution, conventions)?;
        Ok(influence.map(|influence| self.design.totals(self.contributions(values, &influence))))
    }

    fn contributions(&self, values: &[f64], influence: &Influence<'_>) -> impl Iterator<Item = f64> {
        // Rows mostly come in order, and many have the value of the one before.
        let mut last: Option<(f64, f64)> = None;
        let mut of_value = move |y: f64| match last {
            Some((known, influence)) if known.to_bits() == y.to_bits() => influence,
            _ => last.insert((y, influence(y))).1,
        };
        // A row that stands for nobody has no influence.
        let contribution = move |(y, w): (&f64, &f64)| if *w > 0.0 { w * of_value(*y) } else { 0.0 };
        values.iter().zip(self.weights).map(contribution)
    }

    fn quantile(
        &self,
        value: f64,
        values: &[f64],
        distribution: &Distribution,
        conventions: &Conventions,
    ) -> Result<Estimate> {
        let alone = Estimate { value: Some(value), ..self.without_value() };
        let (below, population) = (distribution.up_to(value), distribution.population());
        let share = below / population;
        let rows = values.iter().zip(self.weights);
        let contributions = rows.map(|(y, w)| w * (f64::from(*y <= value) - share) / population);
        let variance = self.design.variance_of_totals(self.design.totals(contributions), self.lonely)?;
        let error = variance.map(f64::sqrt).zip(self.design.t_critical(self.confidence));
        let share = within(Estimate::default(), share, error);
        let (Some(error), Some(low), Some(high)) = (share.standard_error, share.low, share.high) else {
            return Ok(alone);
        };
        // Too few people on one side of it for an interval.
        if low < 0.0 || high > 1.0 || error == 0.0 {
            return Ok(alone);
        }
        let (low, high) =
            (quantile(distribution, low, conventions)?, quantile(distribution, high, conventions)?);
        let t = self.design.t_critical(self.confidence);
        let width = high.zip(low).map(|(high, low)| high - low);
        let standard_error = width.zip(t).map(|(width, t)| width / (2.0 * t));
        Ok(Estimate { standard_error, low, high, ..alone })
    }

    /// A ratio of two weighted totals: Σ w·upper / Σ w·lower, as the score of the poor by their number.
    /// Undefined where the lower total is 0.
    pub fn ratio(&self, upper: &[f64], lower: &[f64]) -> Result<Estimate> {
        match self.linearise_ratio(upper, lower)? {
            Some(linear) => self.estimate(&linear),
            None => Ok(self.without_value()),
        }
    }

    /// A ratio as a sum over rows.
    pub fn linearise_ratio(&self, upper: &[f64], lower: &[f64]) -> Result<Option<Linearized>> {
        if upper.len() != self.weights.len() || lower.len() != self.weights.len() {
            return Err(Error::new("each part of a ratio needs one value a weight"));
        }
        let total =
            |part: &[f64]| ExactSum::from_iter(part.iter().zip(self.weights).map(|(y, w)| y * w)).value();
        let (above, below) = (total(upper), total(lower));
        if !above.is_finite() || !below.is_finite() {
            return Err(Error::new("a part of a ratio is not a finite number; leave out rows without it"));
        }
        if below == 0.0 {
            return Ok(None);
        }
        let value = above / below;
        let rows = upper.iter().zip(lower).zip(self.weights);
        Ok(Some(Linearized {
            value,
            contributions: rows.map(|((n, d), w)| w * (n - value * d) / below).collect(),
        }))
    }
}

/// A change from one year to another: later less earlier, with its uncertainty.
///
/// Where the same clusters were visited twice (a panel), `sample` holds the rows of both years, each in
/// its cluster, the earlier first: what is common to a cluster in both years cancels. Independent samples
/// are told apart by strata that differ from year to year.
pub fn change(sample: &Sample<'_>, before: &Linearized, after: &Linearized) -> Result<Estimate> {
    let contributions =
        before.contributions.iter().map(|c| -c).chain(after.contributions.iter().copied()).collect();
    sample.estimate(&Linearized { value: after.value - before.value, contributions })
}
