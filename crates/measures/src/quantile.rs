//! Quantiles, and what groups between them have.

use crate::conventions::{Conventions, Quantile, Shares};
use crate::distribution::Distribution;
use crate::error::{Error, Result};

/// Shares of people that differ by less are the same: p·population is rounded, and so are sums of weights.
const SAME: f64 = 1e-12;

fn check_share(name: &str, p: f64) -> Result<()> {
    if (0.0..=1.0).contains(&p) {
        return Ok(());
    }
    Err(Error::new(format!("{name} is {p}; write a share from 0 to 1, as 0.5 for the median")))
}

/// The value that a share p of people has at the most, by the definition in the options. p is 0 to 1;
/// at 0 and 1 the lowest and the highest. In the unit of the values; undefined for an empty population.
/// Source: Hyndman and Fan (1996), The American Statistician 50(4), definitions 1, 2 and 5, with
/// weights for counts.
pub fn quantile(distribution: &Distribution, p: f64, conventions: &Conventions) -> Result<Option<f64>> {
    check_share("p", p)?;
    let target = p * distribution.population();
    let (values, upto) = (distribution.values(), distribution.cumulative());
    let Some(last) = values.len().checked_sub(1) else { return Ok(None) };
    if conventions.quantile == Quantile::Interpolated {
        let middle = |place: usize| (distribution.before(place).0 + upto[place].0) / 2.0;
        let place = distribution.first_place(|place| middle(place) >= target);
        return Ok(Some(match place {
            0 => values[0],
            place if place > last => values[last],
            place => {
                let (before, at) = (values[place - 1], middle(place - 1));
                before + (values[place] - before) * (target - at) / (middle(place) - at)
            }
        }));
    }
    let same = SAME * distribution.population();
    let place = distribution.first_place(|place| upto[place].0 >= target - same).min(last);
    let averaged = conventions.quantile == Quantile::Averaged && (upto[place].0 - target).abs() <= same;
    let next = values[if averaged { (place + 1).min(last) } else { place }];
    Ok(Some(values[place] + (next - values[place]) / 2.0))
}

/// The median: the 0.5-quantile.
pub fn median(distribution: &Distribution, conventions: &Conventions) -> Result<Option<f64>> {
    quantile(distribution, 0.5, conventions)
}

/// Share of all income that the people between the p and the q poorest shares have; p below q. Undefined
/// where the total is not above zero. See [`Shares`] for rows that a boundary falls into.
pub fn share(distribution: &Distribution, p: f64, q: f64, conventions: &Conventions) -> Result<Option<f64>> {
    check_share("p", p)?;
    check_share("q", q)?;
    if p >= q {
        return Err(Error::new(format!("the group from {p} to {q} is empty; write the lower share first")));
    }
    if distribution.total() <= 0.0 {
        return Ok(None);
    }
    if conventions.shares == Shares::Divided {
        return Ok(Some(lorenz(distribution, q) - lorenz(distribution, p)));
    }
    let (low, high) = (quantile(distribution, p, conventions)?, quantile(distribution, q, conventions)?);
    let (Some(low), Some(high)) = (low, high) else { return Ok(None) };
    let part = distribution.filter(|y| (p == 0.0 || y > low) && y <= high);
    Ok(Some(part.total() / distribution.total()))
}

/// Share of all income that the poorest p have: the Lorenz curve. The total is above zero.
pub(crate) fn lorenz(distribution: &Distribution, p: f64) -> f64 {
    let target = p * distribution.population();
    let left = |place: usize| target - distribution.before(place).0;
    let (values, upto) = (distribution.values(), distribution.cumulative());
    let place = distribution.first_place(|place| upto[place].0 >= target);
    match values.get(place) {
        Some(value) => (distribution.before(place).1 + value * left(place).max(0.0)) / distribution.total(),
        None => 1.0,
    }
}

/// Each of n equal groups' share of all income, the poorest first: deciles for n = 10.
pub fn group_shares(
    distribution: &Distribution,
    n: u32,
    conventions: &Conventions,
) -> Result<Option<Vec<f64>>> {
    let part = |i: u32| {
        share(distribution, f64::from(i) / f64::from(n), f64::from(i + 1) / f64::from(n), conventions)
    };
    (0..n).map(part).collect()
}

/// A quantile by another, as P90/P10. Undefined where the lower one is not above zero.
pub fn percentile_ratio(
    distribution: &Distribution,
    upper: f64,
    lower: f64,
    conventions: &Conventions,
) -> Result<Option<f64>> {
    let (high, low) =
        (quantile(distribution, upper, conventions)?, quantile(distribution, lower, conventions)?);
    Ok(high.zip(low).filter(|(_, low)| *low > 0.0).map(|(high, low)| high / low))
}

/// What the richest fifth has by what the poorest fifth has: S80/S20. Undefined where the latter is not
/// above zero. Source: Eurostat, ilc_di11, for [`Shares::WholeRows`].
pub fn quintile_ratio(distribution: &Distribution, conventions: &Conventions) -> Result<Option<f64>> {
    ratio(share(distribution, 0.8, 1.0, conventions)?, share(distribution, 0.0, 0.2, conventions)?)
}

/// What the richest tenth has by what the poorest four tenths have.
/// Source: Palma (2011), Development and Change 42(1); Cobham and Sumner (2013).
pub fn palma(distribution: &Distribution, conventions: &Conventions) -> Result<Option<f64>> {
    ratio(share(distribution, 0.9, 1.0, conventions)?, share(distribution, 0.0, 0.4, conventions)?)
}

fn ratio(upper: Option<f64>, lower: Option<f64>) -> Result<Option<f64>> {
    Ok(upper.zip(lower).filter(|(_, lower)| *lower > 0.0).map(|(upper, lower)| upper / lower))
}
