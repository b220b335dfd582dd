//! Poverty measures of one dimension: how many are below a line, and how far.
//!
//! A line is in the unit of the values and above zero; another is refused. Negative values are taken
//! as they are, so that a gap can exceed the line. Over nobody every measure is undefined (`None`), but
//! for the number of poor, which is 0.

use crate::distribution::{Distribution, Refused, Result};
use crate::inequality::{gini, logarithms};
use crate::line::relative;
use crate::options::{FiniteSample, Options};

/// Refuses a line that is no amount above zero.
pub fn check_line(line: f64) -> Result<()> {
    if line.is_finite() && line > 0.0 {
        return Ok(());
    }
    Err(Refused::new(format!("the poverty line is {line}; write an amount above 0")))
}

/// Foster, Greer and Thorbecke's class: the population mean of ((z − y)/z)^α over the poor.
///
/// α = 0 is the headcount ratio, 1 the poverty gap index, 2 the squared poverty gap index. α is 0 or
/// more. No unit. Source: Foster, Greer and Thorbecke (1984), Econometrica 52(3), equation 2.
pub fn fgt(of: &Distribution, line: f64, alpha: f64, options: &Options) -> Result<Option<f64>> {
    check_line(line)?;
    if !alpha.is_finite() || alpha < 0.0 {
        return Err(Refused::new(format!("α is {alpha}; write 0 or more")));
    }
    Ok(of.mean_of(|y| gap_to(y, line, alpha, options)))
}

/// What one person adds to the class: 0 if not poor.
pub(crate) fn gap_to(y: f64, line: f64, alpha: f64, options: &Options) -> f64 {
    if !options.poor.counts(y, line) {
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
pub fn headcount_ratio(of: &Distribution, line: f64, options: &Options) -> Result<Option<f64>> {
    fgt(of, line, 0.0, options)
}

/// Share of people below a share of their own median, as 0.6 for the European Union's at-risk-of-poverty
/// rate: relative poverty. Undefined where the median is not above zero.
pub fn relative_headcount_ratio(of: &Distribution, share: f64, options: &Options) -> Result<Option<f64>> {
    match relative(of, share, options)? {
        Some(line) => headcount_ratio(of, line, options),
        None => Ok(None),
    }
}

/// Mean shortfall as a share of the line, nobody's being 0: FGT with α = 1.
pub fn poverty_gap(of: &Distribution, line: f64, options: &Options) -> Result<Option<f64>> {
    fgt(of, line, 1.0, options)
}

/// Mean squared shortfall as a share of the line: FGT with α = 2.
pub fn squared_poverty_gap(of: &Distribution, line: f64, options: &Options) -> Result<Option<f64>> {
    fgt(of, line, 2.0, options)
}

/// How many are poor, in the unit of the weights. Over nobody 0.
pub fn number_of_poor(of: &Distribution, line: f64, options: &Options) -> Result<Option<f64>> {
    Ok(Some(headcount_ratio(of, line, options)?.unwrap_or(0.0) * of.population()))
}

/// What the poor lack on average, in the unit of the values: the mean of z − y over the poor.
/// Undefined where nobody is poor.
pub fn average_shortfall(of: &Distribution, line: f64, options: &Options) -> Result<Option<f64>> {
    check_line(line)?;
    Ok(poor(of, line, options).mean_of(|y| line - y))
}

/// Watts' index: the population mean of ln(z/y) over the poor. No unit, 0 or more.
///
/// Zero and negative values have no logarithm: see [`crate::options::NonPositive`].
/// Source: Watts (1968); Zheng (1993), Economics Letters 42.
pub fn watts(of: &Distribution, line: f64, options: &Options) -> Result<Option<f64>> {
    check_line(line)?;
    let of = logarithms(of, options)?;
    Ok(of.mean_of(|y| if options.poor.counts(y, line) { (line / y).ln() } else { 0.0 }))
}

/// Sen's index in its limit for many people: H·(I + (1 − I)·G), with headcount ratio H, mean gap of
/// the poor I and their Gini coefficient G. The limit, unlike Sen's own q/(q + 1), does not change
/// when everybody is there twice. 0 where nobody is poor, undefined where the poor have nothing or
/// less in total but are not equal.
/// Source: Sen (1976), Econometrica 44(2), equation 14.
pub fn sen(of: &Distribution, line: f64, options: &Options) -> Result<Option<f64>> {
    let Some(headcount) = headcount_ratio(of, line, options)? else { return Ok(None) };
    let poor = poor(of, line, options);
    let Some(gap) = poor.mean_of(|y| (line - y) / line) else { return Ok(Some(0.0)) };
    // With gap 1 the poor have nothing, and how it is divided adds nothing.
    if poor.values() == [0.0] {
        return Ok(Some(headcount));
    }
    let unequal = gini(&poor, &Options { finite_sample: FiniteSample::Population, ..*options })?;
    Ok(unequal.map(|g| headcount * (gap + (1.0 - gap) * g)))
}

/// Sen, Shorrocks and Thon's index: poverty gap × (1 + Gini coefficient of everybody's gaps), gaps of
/// those who are not poor being 0. 0 where nobody is poor.
/// Source: Shorrocks (1995), Econometrica 63(5); Xu and Osberg (2002), Canadian Journal of Economics 35(1).
pub fn sen_shorrocks_thon(of: &Distribution, line: f64, options: &Options) -> Result<Option<f64>> {
    let Some(gap) = poverty_gap(of, line, options)? else { return Ok(None) };
    let gaps = of.map(|y| gap_to(y, line, 1.0, options));
    let unequal = gini(&gaps, &Options { finite_sample: FiniteSample::Population, ..*options })?;
    Ok(Some(gap * (1.0 + unequal.unwrap_or(0.0))))
}

fn poor(of: &Distribution, line: f64, options: &Options) -> Distribution {
    of.filter(|y| options.poor.counts(y, line))
}
