//! How unequally values are divided: none of these changes when all values are multiplied by the same.
//!
//! For an empty population every measure is undefined (`None`), as it is where the mean is not above zero. Over one
//! row, or where all have the same, it is 0.

use std::borrow::Cow;

use crate::conventions::{Conventions, FiniteSample, NonPositive};
use crate::distribution::Distribution;
use crate::error::{Error, Result};
use crate::exact::ExactSum;

/// The Gini coefficient: half the mean difference between two people, by the mean. 0 or more; below 1
/// unless values are negative.
///
/// Source: Gini (1912); with weights as twice the area between the diagonal and the Lorenz curve.
/// Negative and zero values are taken as they are. See [`FiniteSample`] for few rows: corrected, it is
/// undefined over one row.
pub fn gini(distribution: &Distribution, conventions: &Conventions) -> Result<Option<f64>> {
    let Some(_) = distribution.mean().filter(|mean| *mean > 0.0) else { return Ok(None) };
    // Σ w·y·(people below − people above), in which equal values cancel.
    let mut below = 0.0;
    let terms = distribution.iter().zip(distribution.cumulative()).map(|((y, w), (upto, _))| {
        let term = w * y * (2.0 * below + w - distribution.population());
        below = *upto;
        term
    });
    let sum = ExactSum::from_iter(terms).value();
    let gini = match distribution.values().len() {
        1 => 0.0,
        _ => sum / (distribution.population() * distribution.total()),
    };
    let n = distribution.rows() as f64;
    Ok(match conventions.finite_sample {
        FiniteSample::Population => Some(gini),
        FiniteSample::Corrected => (n > 1.0).then(|| gini * n / (n - 1.0)),
    })
}

/// Mean log deviation: the mean of ln(μ/y); GE(0), Theil's L. 0 or more.
/// Source: Theil (1967), chapter 4.
pub fn mean_log_deviation(distribution: &Distribution, conventions: &Conventions) -> Result<Option<f64>> {
    generalized_entropy(distribution, 0.0, conventions)
}

/// Theil's index T: the mean of (y/μ)·ln(y/μ); GE(1). 0 or more, at most ln n.
/// Source: Theil (1967), chapter 4.
pub fn theil(distribution: &Distribution, conventions: &Conventions) -> Result<Option<f64>> {
    generalized_entropy(distribution, 1.0, conventions)
}

/// Generalized entropy: (mean of (y/μ)^α − 1) / (α(α − 1)); for α = 0 and 1 its limits. The smaller α,
/// the more weight it gives to differences among the poorest. α is any number.
///
/// Zero and negative values: see [`NonPositive`]; for α = 2 (half the squared coefficient of
/// variation) they are taken as they are.
/// Source: Shorrocks (1980), Econometrica 48(3), equations 21 and 23.
pub fn generalized_entropy(
    distribution: &Distribution,
    alpha: f64,
    conventions: &Conventions,
) -> Result<Option<f64>> {
    if !alpha.is_finite() {
        return Err(Error::new(format!("α is {alpha}; write a number")));
    }
    let distribution =
        if alpha == 2.0 { Cow::Borrowed(distribution) } else { logarithms(distribution, conventions)? };
    let Some(mean) = distribution.mean().filter(|mean| *mean > 0.0) else { return Ok(None) };
    let value = match alpha {
        0.0 => distribution.mean_of(|y| (mean / y).ln()),
        1.0 => distribution.mean_of(|y| y / mean * (y / mean).ln()),
        2.0 => distribution.mean_of(|y| (y / mean - 1.0) * (y / mean - 1.0)).map(|v| v / 2.0),
        // Less 1 within the mean, so that little inequality is not lost in rounding.
        _ => {
            distribution.mean_of(|y| (alpha * (y / mean).ln()).exp_m1()).map(|v| v / (alpha * (alpha - 1.0)))
        }
    };
    // It is 0 or more; rounding can leave a little less.
    Ok(value.map(|v| v.max(0.0)))
}

/// Atkinson's index: 1 less the equally distributed equivalent by the mean, for aversion ε above 0.
/// 0 to 1. Zero and negative values: see [`NonPositive`].
/// Source: Atkinson (1970), Journal of Economic Theory 2(3).
pub fn atkinson(distribution: &Distribution, epsilon: f64, conventions: &Conventions) -> Result<Option<f64>> {
    if !epsilon.is_finite() || epsilon <= 0.0 {
        return Err(Error::new(format!("ε is {epsilon}; write a number above 0")));
    }
    let distribution = logarithms(distribution, conventions)?;
    let Some(mean) = distribution.mean().filter(|mean| *mean > 0.0) else { return Ok(None) };
    let equivalent = match epsilon {
        1.0 => distribution.mean_of(|y| (y / mean).ln()).map(f64::exp),
        _ => distribution.mean_of(|y| (y / mean).powf(1.0 - epsilon)).map(|m| m.powf(1.0 / (1.0 - epsilon))),
    };
    Ok(equivalent.map(|e| (1.0 - e).max(0.0)))
}

/// What has a logarithm, by the convention on what has none.
pub(crate) fn logarithms<'a>(
    distribution: &'a Distribution,
    conventions: &Conventions,
) -> Result<Cow<'a, Distribution>> {
    let all_have = distribution.values().first().is_none_or(|y| *y > 0.0);
    match conventions.non_positive {
        NonPositive::LeaveOut if all_have => Ok(Cow::Borrowed(distribution)),
        NonPositive::LeaveOut => Ok(Cow::Owned(distribution.filter(|y| y > 0.0))),
        NonPositive::Floor(least) if least.is_finite() && least > 0.0 => {
            Ok(Cow::Owned(distribution.map(|y| y.max(least))))
        }
        NonPositive::Floor(least) => {
            Err(Error::new(format!("the least value is {least}; write an amount above 0")))
        }
        NonPositive::Refuse => match distribution.values().first() {
            Some(y) if *y <= 0.0 => Err(Error::new(format!(
                "a value is {y} and has no logarithm; leave such values out, or take them for a least one"
            ))),
            _ => Ok(Cow::Borrowed(distribution)),
        },
    }
}
