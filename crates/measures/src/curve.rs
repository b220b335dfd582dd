//! Curves over the whole distribution, and polarization, which is read off them.

use crate::conventions::Conventions;
use crate::distribution::Distribution;
use crate::error::Result;
use crate::inequality::gini;
use crate::quantile::{lorenz, median, quantile};

/// A point of a curve: share of people, and what belongs to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Share of people, from the poorest.
    pub people: f64,
    /// Share of income for a Lorenz curve, yearly growth for an incidence curve.
    pub value: f64,
}

/// The Lorenz curve in n equal steps from (0, 0) to (1, 1): what share of income the poorest have.
/// Undefined where the total is not above zero. Source: Lorenz (1905).
pub fn lorenz_curve(distribution: &Distribution, n: u32) -> Option<Vec<Point>> {
    let point = |i: u32| {
        let people = f64::from(i) / f64::from(n);
        Point { people, value: if i == n { 1.0 } else { lorenz(distribution, people) } }
    };
    (distribution.total() > 0.0).then(|| (0..=n).map(point).collect())
}

/// The growth incidence curve: growth a year of each quantile (i − ½)/n between two years. A quantile
/// that was not above zero before is left out. Undefined for an empty population.
/// Source: Ravallion and Chen (2003), Economics Letters 78(1).
pub fn growth_incidence(
    before: &Distribution,
    after: &Distribution,
    years: f64,
    n: u32,
    conventions: &Conventions,
) -> Result<Option<Vec<Point>>> {
    let mut points = Vec::new();
    for i in 0..n {
        let people = (f64::from(i) + 0.5) / f64::from(n);
        let quantiles = quantile(before, people, conventions)?.zip(quantile(after, people, conventions)?);
        let Some((was, is)) = quantiles else { return Ok(None) };
        if was > 0.0 && is >= 0.0 {
            points.push(Point { people, value: (is / was).powf(1.0 / years) - 1.0 });
        }
    }
    Ok(Some(points))
}

/// Wolfson's polarization: 2·μ/m·(2T − G) with median m and T = ½ − L(½), which is how far the middle is
/// emptied towards both ends. 0 where all have the same; undefined where the median is not above zero.
/// Source: Wolfson (1994), American Economic Review 84(2).
pub fn wolfson(distribution: &Distribution, conventions: &Conventions) -> Result<Option<f64>> {
    let population = Conventions { finite_sample: Default::default(), ..*conventions };
    let (Some(gini), Some(mean)) = (gini(distribution, &population)?, distribution.mean()) else {
        return Ok(None);
    };
    let Some(median) = median(distribution, conventions)?.filter(|m| *m > 0.0) else { return Ok(None) };
    Ok(Some(2.0 * mean / median * (2.0 * (0.5 - lorenz(distribution, 0.5)) - gini)))
}
