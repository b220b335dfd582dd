//! Poverty measures of one dimension: how many are below a line, and how far.
//!
//! A line is in the unit of the values and above zero; another is refused. Negative values are taken
//! as they are, so that a gap can exceed the line. For an empty population every measure is undefined
//! (`None`), except the number of poor, which is 0.

use crate::conventions::{Conventions, FiniteSample};
use crate::distribution::Distribution;
use crate::error::{Error, Result};
use crate::inequality::{gini, logarithms};
use crate::line::{check_line, relative};

/// Foster, Greer and Thorbecke's class: the population mean of ((z − y)/z)^α over the poor.
///
/// α = 0 is the headcount ratio, 1 the poverty gap index, 2 the squared poverty gap index. α is 0 or
/// more. No unit. Source: Foster, Greer and Thorbecke (1984), Econometrica 52(3), equation 2.
pub fn fgt(
    distribution: &Distribution,
    line: f64,
    alpha: f64,
    conventions: &Conventions,
) -> Result<Option<f64>> {
    check_line(line)?;
    if !alpha.is_finite() || alpha < 0.0 {
        return Err(Error::new(format!("α is {alpha}; write 0 or more")));
    }
    Ok(distribution.mean_of(|y| gap_to(y, line, alpha, conventions)))
}

/// What one person adds to the class: 0 if not poor.
pub(crate) fn gap_to(y: f64, line: f64, alpha: f64, conventions: &Conventions) -> f64 {
    if !conventions.poor.counts(y, line) {
        return 0.0;
    }
    let gap = (line - y) / line;
    // Powers of 0, 1 and 2 exactly; at the line itself 0⁰ counts the person.
    match alpha {
        0.0 => 1.0,
        1.0 => gap,
        2.0 => gap * gap,
        _ => gap.powf(alpha),
    }
}

/// Share of people who are poor: FGT with α = 0.
pub fn headcount_ratio(
    distribution: &Distribution,
    line: f64,
    conventions: &Conventions,
) -> Result<Option<f64>> {
    fgt(distribution, line, 0.0, conventions)
}

/// Share of people below a share of their own median, as 0.6 for the European Union's at-risk-of-poverty
/// rate: relative poverty. Undefined where the median is not above zero.
pub fn relative_headcount_ratio(
    distribution: &Distribution,
    share: f64,
    conventions: &Conventions,
) -> Result<Option<f64>> {
    match relative(distribution, share, conventions)? {
        Some(line) => headcount_ratio(distribution, line, conventions),
        None => Ok(None),
    }
}

/// Mean shortfall as a share of the line, nobody's being 0: FGT with α = 1.
pub fn poverty_gap(distribution: &Distribution, line: f64, conventions: &Conventions) -> Result<Option<f64>> {
    fgt(distribution, line, 1.0, conventions)
}

/// Mean squared shortfall as a share of the line: FGT with α = 2.
pub fn squared_poverty_gap(
    distribution: &Distribution,
    line: f64,
    conventions: &Conventions,
) -> Result<Option<f64>> {
    fgt(distribution, line, 2.0, conventions)
}

/// How many are poor, in the unit of the weights. 0 for an empty population.
pub fn number_of_poor(
    distribution: &Distribution,
    line: f64,
    conventions: &Conventions,
) -> Result<Option<f64>> {
    Ok(Some(headcount_ratio(distribution, line, conventions)?.unwrap_or(0.0) * distribution.population()))
}

/// What the poor lack on average, in the unit of the values: the mean of z − y over the poor.
/// Undefined where nobody is poor.
pub fn average_shortfall(
    distribution: &Distribution,
    line: f64,
    conventions: &Conventions,
) -> Result<Option<f64>> {
    check_line(line)?;
    Ok(poor(distribution, line, conventions).mean_of(|y| line - y))
}

/// Watts' index: the population mean of ln(z/y) over the poor. No unit, 0 or more.
///
/// Zero and negative values have no logarithm: see [`crate::conventions::NonPositive`].
/// Source: Watts (1968); Zheng (1993), Economics Letters 42.
pub fn watts(distribution: &Distribution, line: f64, conventions: &Conventions) -> Result<Option<f64>> {
    check_line(line)?;
    let distribution = logarithms(distribution, conventions)?;
    Ok(distribution.mean_of(|y| if conventions.poor.counts(y, line) { (line / y).ln() } else { 0.0 }))
}

/// Sen's index in its limit for many people: H·(I + (1 − I)·G), with headcount ratio H, mean gap of
/// the poor I and their Gini coefficient G. The limit, unlike Sen's own q/(q + 1), does not change
/// when everybody is there twice. 0 where nobody is poor, undefined where the poor have nothing or
/// less in total but are not equal.
/// Source: Sen (1976), Econometrica 44(2), equation 14.
pub fn sen(distribution: &Distribution, line: f64, conventions: &Conventions) -> Result<Option<f64>> {
    let Some(headcount) = headcount_ratio(distribution, line, conventions)? else { return Ok(None) };
    let poor = poor(distribution, line, conventions);
    let Some(gap) = poor.mean_of(|y| (line - y) / line) else { return Ok(Some(0.0)) };
    // With gap 1 the poor have nothing, and how it is divided adds nothing.
    if poor.values() == [0.0] {
        return Ok(Some(headcount));
    }
    let unequal = gini(&poor, &Conventions { finite_sample: FiniteSample::Population, ..*conventions })?;
    Ok(unequal.map(|g| headcount * (gap + (1.0 - gap) * g)))
}

/// Sen, Shorrocks and Thon's index: poverty gap × (1 + Gini coefficient of everybody's gaps), gaps of
/// those who are not poor being 0. 0 where nobody is poor.
/// Source: Shorrocks (1995), Econometrica 63(5); Xu and Osberg (2002), Canadian Journal of Economics 35(1).
pub fn sen_shorrocks_thon(
    distribution: &Distribution,
    line: f64,
    conventions: &Conventions,
) -> Result<Option<f64>> {
    let Some(gap) = poverty_gap(distribution, line, conventions)? else { return Ok(None) };
    let gaps = distribution.turned(|y| gap_to(y, line, 1.0, conventions));
    let unequal = gini(&gaps, &Conventions { finite_sample: FiniteSample::Population, ..*conventions })?;
    Ok(Some(gap * (1.0 + unequal.unwrap_or(0.0))))
}

fn poor(distribution: &Distribution, line: f64, conventions: &Conventions) -> Distribution {
    distribution.filter(|y| conventions.poor.counts(y, line))
}
