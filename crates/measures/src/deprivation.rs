//! Multidimensional poverty by counting deprivations: Alkire and Foster's method.
//!
//! A household's score is the sum of the weights of what it is deprived in; it is poor if the score is
//! the cutoff k or more. Weights and cutoff are fractions, added and compared exactly: with doubles, a
//! third three times need not be one, and whole groups at the cutoff would change sides.
//! Source: Alkire and Foster (2011), Journal of Public Economics 95; Alkire et al. (2015),
//! Multidimensional Poverty Measurement and Analysis, chapter 5.

use num_rational::Ratio;
use num_traits::{CheckedAdd, CheckedMul, One, Zero};

use crate::error::{Error, Result};
use crate::estimate::{Estimate, Linearized, Sample};
use crate::exact::ExactSum;

/// An exact fraction.
pub type Fraction = Ratio<i64>;

/// Reads `1/3`, `0.25` or `2`.
pub fn fraction(text: &str) -> Result<Fraction> {
    let wrong = || Error::new(format!("{text:?} is not a fraction; write it as 1/3 or 0.25"));
    if let Ok(fraction) = text.trim().parse() {
        return Ok(fraction);
    }
    let (whole, decimals) = text.trim().split_once('.').ok_or_else(wrong)?;
    if decimals.is_empty() || decimals.len() > 15 || !decimals.chars().all(|c| c.is_ascii_digit()) {
        return Err(wrong());
    }
    let digits = format!("{whole}{decimals}").parse().map_err(|_| wrong())?;
    Ok(Fraction::new(digits, 10_i64.pow(decimals.len() as u32)))
}

/// Indicators with their weights, and the cutoff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Structure {
    /// Weight of each indicator in whole parts of `parts`.
    weights: Vec<i64>,
    /// Parts that make one.
    parts: i64,
    /// The least score of the poor, in parts.
    least: i64,
    names: Vec<String>,
}

impl Structure {
    /// From the weight of each indicator, which must add up to one, and the cutoff, above 0 and at most 1.
    pub fn new(indicators: &[(&str, Fraction)], cutoff: Fraction) -> Result<Self> {
        let too_fine = || Error::new("the weights have no common denominator below 2⁶³; write simpler ones");
        let mut sum = Fraction::zero();
        let mut parts = cutoff.denom().to_owned();
        for (name, weight) in indicators {
            if *weight <= Fraction::zero() {
                return Err(Error::new(format!("the weight of {name} is {weight}; write one above 0")));
            }
            sum = sum.checked_add(weight).ok_or_else(too_fine)?;
            let common = num_integer::gcd(parts, *weight.denom());
            parts = parts.checked_mul(weight.denom() / common).ok_or_else(too_fine)?;
        }
        if !sum.is_one() {
            return Err(Error::new(format!("the weights add up to {sum}; make them add up to 1")));
        }
        if cutoff <= Fraction::zero() || cutoff > Fraction::one() {
            return Err(Error::new(format!("the cutoff is {cutoff}; write one above 0, at most 1")));
        }
        let whole = |fraction: &Fraction| {
            let scaled = fraction.checked_mul(&Fraction::from_integer(parts)).ok_or_else(too_fine)?;
            Ok(scaled.to_integer())
        };
        Ok(Self {
            weights: indicators.iter().map(|(_, weight)| whole(weight)).collect::<Result<_>>()?,
            parts,
            least: whole(&cutoff)?,
            names: indicators.iter().map(|(name, _)| (*name).to_owned()).collect(),
        })
    }

    /// From dimensions of given weights, each divided equally among its indicators.
    pub fn nested(dimensions: &[(Fraction, &[&str])], cutoff: Fraction) -> Result<Self> {
        let mut indicators = Vec::new();
        for (weight, names) in dimensions {
            let each = weight / (names.len().max(1) as i64);
            indicators.extend(names.iter().map(|name| (*name, each)));
        }
        Self::new(&indicators, cutoff)
    }

    /// From indicators of equal weight.
    pub fn equal(names: &[&str], cutoff: Fraction) -> Result<Self> {
        Self::nested(&[(Fraction::one(), names)], cutoff)
    }

    /// Names of the indicators.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Score of a household in whole parts, of which [`Structure::parts`] make one.
    pub fn score(&self, deprived: &[bool]) -> i64 {
        self.weights.iter().zip(deprived).filter(|(_, deprived)| **deprived).map(|(weight, _)| weight).sum()
    }

    /// Parts that make a score of one.
    pub fn parts(&self) -> i64 {
        self.parts
    }

    /// Whether a household of this score is poor.
    pub fn is_poor(&self, score: i64) -> bool {
        score >= self.least
    }

    /// Measures rows: for each, whether it is deprived in each indicator, and how many it stands for.
    pub fn measure(&self, rows: &[Vec<bool>], sample: &Sample<'_>) -> Result<Multidimensional> {
        let parts = self.linearise(rows, sample)?;
        let weights = || sample.weights.iter().copied();
        let population = ExactSum::from_iter(weights()).value();
        let poor: Vec<bool> = rows.iter().map(|row| self.is_poor(self.score(row))).collect();
        let m0 = parts.adjusted.as_ref().map(|linear| linear.value);
        let mut indicators = Vec::new();
        for (n, weight) in self.weights.iter().enumerate() {
            let share = |counts: &dyn Fn(usize) -> bool| {
                let people = (0..rows.len()).filter(|row| counts(*row)).map(|row| sample.weights[row]);
                (population > 0.0).then(|| ExactSum::from_iter(people).value() / population)
            };
            let censored = share(&|row| poor[row] && rows[row][n]);
            let absolute = censored.map(|c| c * *weight as f64 / self.parts as f64);
            indicators.push(Contribution {
                name: self.names[n].clone(),
                uncensored: share(&|row| rows[row][n]),
                censored,
                absolute,
                percentage: absolute.zip(m0.filter(|m0| *m0 > 0.0)).map(|(a, m0)| 100.0 * a / m0),
            });
        }
        let estimate = |linear: &Option<Linearized>| match linear {
            Some(linear) => sample.estimate(linear),
            None => Ok(Estimate::default()),
        };
        Ok(Multidimensional {
            headcount: estimate(&parts.headcount)?,
            intensity: estimate(&parts.intensity)?,
            adjusted: estimate(&parts.adjusted)?,
            population,
            indicators,
        })
    }

    /// The measures as sums over rows, for their variance and that of their changes.
    pub fn linearise(&self, rows: &[Vec<bool>], sample: &Sample<'_>) -> Result<Parts> {
        if let Some(row) = rows.iter().position(|row| row.len() != self.weights.len()) {
            let message = format!("has {} answers for {} indicators", rows[row].len(), self.weights.len());
            return Err(Error::in_row(row, message));
        }
        for (row, weight) in sample.weights.iter().enumerate() {
            crate::distribution::check(0.0, *weight).map_err(|e| Error::in_row(row, e.message))?;
        }
        let scores: Vec<i64> = rows.iter().map(|row| self.score(row)).collect();
        let ones = vec![1.0; rows.len()];
        let poor: Vec<f64> = scores.iter().map(|s| f64::from(self.is_poor(*s))).collect();
        let whole = |s: &i64| if self.is_poor(*s) { *s as f64 } else { 0.0 };
        let censored: Vec<f64> = scores.iter().map(whole).collect();
        // Scores are added in whole parts and divided once.
        let divided = |linear: Option<Linearized>| {
            let parts = self.parts as f64;
            linear.map(|linear| Linearized {
                value: linear.value / parts,
                contributions: linear.contributions.iter().map(|c| c / parts).collect(),
            })
        };
        Ok(Parts {
            headcount: sample.linearise_ratio(&poor, &ones)?,
            intensity: divided(sample.linearise_ratio(&censored, &poor)?),
            adjusted: divided(sample.linearise_ratio(&censored, &ones)?),
        })
    }
}

/// H, A and M0 as sums over rows; none where undefined.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// Share of people who are poor: H.
    pub headcount: Option<Linearized>,
    /// Mean score of the poor: A; undefined where nobody is poor.
    pub intensity: Option<Linearized>,
    /// Adjusted headcount ratio: M0 = H·A.
    pub adjusted: Option<Linearized>,
}

/// Contribution of an indicator to M0.
#[derive(Debug, Clone, PartialEq)]
pub struct Contribution {
    /// Name of the indicator.
    pub name: String,
    /// Share of people deprived in it.
    pub uncensored: Option<f64>,
    /// Share of people poor and deprived in it.
    pub censored: Option<f64>,
    /// In absolute terms: weight × censored headcount ratio.
    pub absolute: Option<f64>,
    /// The same in percent of M0; undefined where M0 is 0.
    pub percentage: Option<f64>,
}

/// The measures of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Multidimensional {
    /// Headcount ratio H.
    pub headcount: Estimate,
    /// Intensity A.
    pub intensity: Estimate,
    /// Adjusted headcount ratio M0.
    pub adjusted: Estimate,
    /// How many the rows stand for; a group's part of M0 is its share of these × its M0.
    pub population: f64,
    /// By indicator.
    pub indicators: Vec<Contribution>,
}
