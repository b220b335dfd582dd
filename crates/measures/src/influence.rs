//! Linearisation: the influence of each person on a measure, which makes its variance that of a total.
//!
//! The influence of a value y is the derivative of the measure by the weight at y. With it, Taylor's
//! expansion turns the variance of any smooth measure into that of Σ weight × influence.
//! Source: Deville (1999), Survey Methodology 25(2); Binder and Kovacevic (1995), ibid. 21(2).
//! A line is taken as given; one that is estimated from the same sample adds uncertainty left out here.

use std::cell::Cell;

use crate::conventions::{Conventions, FiniteSample, NonPositive};
use crate::distribution::Distribution;
use crate::error::Result;
use crate::inequality::{gini, logarithms};
use crate::measure::Measure;
use crate::poverty::gap_to;

/// Influence by value.
pub type Influence<'d> = Box<dyn Fn(f64) -> f64 + 'd>;

/// The influence of a value on a measure that came to `value`. None where it is not smooth.
pub fn influence<'d>(
    measure: &Measure,
    value: f64,
    distribution: &'d Distribution,
    conventions: &Conventions,
) -> Result<Option<Influence<'d>>> {
    let conventions = *conventions;
    let n = distribution.population();
    Ok(match *measure {
        Measure::Mean => Some(Box::new(move |y| (y - value) / n)),
        Measure::HeadcountRatio { line } => fgt(value, n, line, 0.0, conventions),
        Measure::PovertyGap { line } => fgt(value, n, line, 1.0, conventions),
        Measure::SquaredPovertyGap { line } => fgt(value, n, line, 2.0, conventions),
        Measure::Fgt { line, alpha } => fgt(value, n, line, alpha, conventions),
        Measure::NumberOfPoor { line } => Some(Box::new(move |y| gap_to(y, line, 0.0, &conventions))),
        Measure::AverageShortfall { line } => {
            let poor = distribution.filter(|y| conventions.poor.counts(y, line)).population();
            Some(Box::new(move |y| match conventions.poor.counts(y, line) {
                true => (line - y - value) / poor,
                false => 0.0,
            }))
        }
        Measure::Watts { line } => {
            let n = logarithms(distribution, &conventions)?.population();
            let term = move |y: f64| if conventions.poor.counts(y, line) { (line / y).ln() } else { 0.0 };
            Some(among_positive(&conventions, Box::new(move |y| (term(y) - value) / n)))
        }
        Measure::Gini => gini_influence(distribution, &conventions)?,
        Measure::MeanLogDeviation => entropy(distribution, 0.0, value, &conventions)?,
        Measure::Theil => entropy(distribution, 1.0, value, &conventions)?,
        Measure::GeneralizedEntropy { alpha: 2.0 } => entropy_of(distribution, 2.0, value),
        Measure::GeneralizedEntropy { alpha } => entropy(distribution, alpha, value, &conventions)?,
        Measure::Atkinson { epsilon } => {
            let logs = logarithms(distribution, &conventions)?;
            Some(among_positive(&conventions, atkinson(&logs, epsilon)))
        }
        _ => None,
    })
}

fn fgt(value: f64, n: f64, line: f64, alpha: f64, conventions: Conventions) -> Option<Influence<'static>> {
    Some(Box::new(move |y| (gap_to(y, line, alpha, &conventions) - value) / n))
}

/// Of a measure over those who have a logarithm: the others have none on it, or that of the floor.
fn among_positive(conventions: &Conventions, influence: Influence<'static>) -> Influence<'static> {
    match conventions.non_positive {
        NonPositive::Floor(least) => Box::new(move |y| influence(y.max(least))),
        _ => Box::new(move |y| if y > 0.0 { influence(y) } else { 0.0 }),
    }
}

/// From Σ w|x − y| / (N·Y), less what y adds to N and to Y.
fn gini_influence<'d>(
    distribution: &'d Distribution,
    conventions: &Conventions,
) -> Result<Option<Influence<'d>>> {
    let plain = Conventions { finite_sample: FiniteSample::Population, ..*conventions };
    let Some(value) = gini(distribution, &plain)? else { return Ok(None) };
    let (n, total) = (distribution.population(), distribution.total());
    let (values, upto) = (distribution.values(), distribution.cumulative());
    // Rows mostly come in order: the one before is where to look first.
    let last = Cell::new(0);
    let rows = distribution.rows() as f64;
    let factor = match conventions.finite_sample {
        FiniteSample::Population => 1.0,
        FiniteSample::Corrected if rows > 1.0 => rows / (rows - 1.0),
        FiniteSample::Corrected => return Ok(None),
    };
    Ok(Some(Box::new(move |y| {
        let is_after = |index: usize| index >= values.len() || values[index] > y;
        let is_place = |index: &usize| is_after(*index) && (*index == 0 || !is_after(*index - 1));
        let near = [last.get(), last.get() + 1].into_iter().find(is_place);
        let index = near.unwrap_or_else(|| values.partition_point(|value| *value <= y));
        last.set(index);
        let (people, income) = if index == 0 { (0.0, 0.0) } else { upto[index - 1] };
        let differences = y * (2.0 * people - n) - 2.0 * income + total;
        factor * (differences / (n * total) - value / n - value * y / total)
    })))
}

fn entropy(
    distribution: &Distribution,
    alpha: f64,
    value: f64,
    conventions: &Conventions,
) -> Result<Option<Influence<'static>>> {
    let logs = logarithms(distribution, conventions)?;
    Ok(entropy_of(&logs, alpha, value).map(|influence| among_positive(conventions, influence)))
}

fn entropy_of(distribution: &Distribution, alpha: f64, value: f64) -> Option<Influence<'static>> {
    let (n, mean) = (distribution.population(), distribution.mean()?);
    let relative = move |y: f64| y / mean;
    Some(match alpha {
        0.0 => Box::new(move |y| (relative(y) - 1.0 - relative(y).ln() - value) / n),
        1.0 => Box::new(move |y| {
            let r = relative(y);
            (r * r.ln() - value * r - r + 1.0) / n
        }),
        _ => {
            let power =
                move |y: f64| if alpha == 2.0 { y * y / (mean * mean) } else { relative(y).powf(alpha) };
            let scale = n * alpha * (alpha - 1.0);
            let m = value * alpha * (alpha - 1.0) + 1.0;
            Box::new(move |y| (power(y) + (alpha - 1.0) * m - alpha * m * relative(y)) / scale)
        }
    })
}

fn atkinson(distribution: &Distribution, epsilon: f64) -> Influence<'static> {
    let (n, mean) = (distribution.population(), distribution.mean().unwrap_or_default());
    let relative = move |y: f64| y / mean;
    if epsilon == 1.0 {
        let logs = distribution.mean_of(|y| relative(y).ln()).unwrap_or_default();
        return Box::new(move |y| -logs.exp() * (relative(y).ln() - logs - relative(y) + 1.0) / n);
    }
    let a = 1.0 - epsilon;
    let m = distribution.mean_of(|y| relative(y).powf(a)).unwrap_or_default();
    Box::new(move |y| {
        let moved = (relative(y).powf(a) + (a - 1.0) * m - a * m * relative(y)) / n;
        -m.powf(1.0 / a - 1.0) / a * moved
    })
}
