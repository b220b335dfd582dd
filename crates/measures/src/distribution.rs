//! A distribution: values in ascending order, each with the weight of those who have it.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::exact::{CompensatedSum, ExactSum};

/// Values in ascending order, equal ones as one, with their weights.
///
/// A weight is how many the row stands for: households, or persons where it is weight × size.
/// Rows of weight 0 stand for nobody and are left out. Rows without a value are for the caller to leave
/// out, and to report.
///
/// The same rows give the same distribution to the last digit, in whatever order they come: ties are
/// ordered by weight before their weights are added, and totals are exact sums over rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Distribution {
    values: Vec<f64>,
    weights: Vec<f64>,
    /// People, and what they have, up to and with each value.
    cumulative: Vec<(f64, f64)>,
    /// Values and weights of every row in order, where some have the same value.
    tied: Option<Tied>,
    rows: u64,
    population: f64,
    total: f64,
}

/// Values and weights of rows, which whoever ordered them has too.
type Tied = (Arc<Vec<f64>>, Arc<Vec<f64>>);

impl Distribution {
    /// From values and weights, one of each a row.
    ///
    /// NaN, infinities and negative weights are refused, with their row.
    pub fn new(values: &[f64], weights: &[f64]) -> Result<Self> {
        if values.len() != weights.len() {
            let (v, w) = (values.len(), weights.len());
            return Err(Error::new(format!("{v} values have {w} weights; give one weight a value")));
        }
        let mut pairs = Vec::with_capacity(values.len());
        for (row, (value, weight)) in values.iter().zip(weights).enumerate() {
            check(*value, *weight).map_err(|e| Error::in_row(row, e.message))?;
            pairs.push((*value, *weight));
        }
        Ok(Self::from_pairs(pairs))
    }

    /// From pairs that were checked.
    pub(crate) fn from_pairs(mut pairs: Vec<(f64, f64)>) -> Self {
        pairs.retain(|(_, weight)| *weight > 0.0);
        pairs.sort_unstable_by(in_order);
        Self::from_ordered_pairs(pairs)
    }

    fn from_ordered_pairs(pairs: Vec<(f64, f64)>) -> Self {
        let (values, weights): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        Self::from_ordered(&values.into(), &weights.into())
    }

    /// From rows in ascending order of value and weight, which were checked.
    pub fn from_ordered_rows(values: &Arc<Vec<f64>>, weights: &Arc<Vec<f64>>) -> Self {
        if weights.iter().all(|weight| *weight > 0.0) {
            return Self::from_ordered(values, weights);
        }
        let rows = values.iter().copied().zip(weights.iter().copied());
        Self::from_ordered_pairs(rows.filter(|(_, weight)| *weight > 0.0).collect())
    }

    /// From rows in order, all of whose weights are above 0.
    fn from_ordered(values: &Arc<Vec<f64>>, weights: &Arc<Vec<f64>>) -> Self {
        let rows = || values.iter().copied().zip(weights.iter().copied());
        let totals = || {
            let total = ExactSum::from_iter(rows().map(|(value, weight)| weight * value));
            (ExactSum::from_iter(weights.iter().copied()).value(), total.value())
        };
        let distinct = || Self::distinct(rows());
        // One does not need the other; for few rows a second core is not worth it.
        let ((population, total), mut distribution) = match values.len() {
            0..TWO_CORES_FROM => (totals(), distinct()),
            _ => rayon::join(totals, distinct),
        };
        distribution.rows = values.len() as u64;
        (distribution.population, distribution.total) = (population, total);
        let are_tied = distribution.values.len() < values.len();
        distribution.tied = are_tied.then(|| (values.clone(), weights.clone()));
        distribution
    }

    /// Values with the weight of each and of all up to it; not the totals.
    fn distinct(rows: impl ExactSizeIterator<Item = (f64, f64)>) -> Self {
        let mut distribution = Self::default();
        distribution.values.reserve(rows.len());
        distribution.weights.reserve(rows.len());
        let mut of_value = CompensatedSum::default();
        for (value, weight) in rows {
            match distribution.weights.last_mut() {
                // Minus zero and zero are the same amount.
                Some(last) if distribution.values.last() == Some(&value) => {
                    of_value.add(weight);
                    *last = of_value.value();
                }
                _ => {
                    of_value = CompensatedSum::default();
                    of_value.add(weight);
                    distribution.values.push(value);
                    distribution.weights.push(weight);
                }
            }
        }
        let (mut people, mut income) = (CompensatedSum::default(), CompensatedSum::default());
        let upto = distribution.iter().map(|(value, weight)| {
            people.add(weight);
            income.add(weight * value);
            (people.value(), income.value())
        });
        distribution.cumulative = upto.collect();
        distribution
    }

    /// Values with their weights, the lowest first; no value twice.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (f64, f64)> + ExactSizeIterator + '_ {
        self.values.iter().copied().zip(self.weights.iter().copied())
    }

    /// People, and what they have together, up to and with each of the values.
    pub fn cumulative(&self) -> &[(f64, f64)] {
        &self.cumulative
    }

    /// The same before a value, by its place.
    pub(crate) fn before(&self, place: usize) -> (f64, f64) {
        place.checked_sub(1).map_or((0.0, 0.0), |before| self.cumulative[before])
    }

    /// The first place from which a condition holds, which holds of all that follow.
    pub(crate) fn first_place(&self, mut holds: impl FnMut(usize) -> bool) -> usize {
        let (mut low, mut high) = (0, self.values.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if holds(middle) { high = middle } else { low = middle + 1 }
        }
        low
    }

    /// Distinct values, the lowest first.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Rows that stand for somebody.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Sum of weights: how many they stand for.
    pub fn population(&self) -> f64 {
        self.population
    }

    /// How many have a value or less.
    pub(crate) fn up_to(&self, value: f64) -> f64 {
        let weights = self.each_row().take_while(|(y, _)| *y <= value).map(|(_, weight)| weight);
        ExactSum::from_iter(weights).value()
    }

    /// Weighted sum of values.
    pub fn total(&self) -> f64 {
        self.total
    }

    /// Weighted mean; none for an empty population.
    pub fn mean(&self) -> Option<f64> {
        (self.population > 0.0).then(|| self.total / self.population)
    }

    /// Every row, in order.
    fn each_row(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let (values, weights) = match &self.tied {
            Some((values, weights)) => (values.as_ref(), weights.as_ref()),
            None => (&self.values, &self.weights),
        };
        values.iter().copied().zip(weights.iter().copied())
    }

    /// Weighted mean of a function of the value; none for an empty population.
    pub fn mean_of(&self, function: impl Fn(f64) -> f64) -> Option<f64> {
        let terms = self.each_row().map(|(value, weight)| weight * function(value));
        let sum = ExactSum::from_iter(terms).value();
        (self.population > 0.0).then(|| sum / self.population)
    }

    /// The part whose values pass the filter.
    pub fn filter(&self, passes: impl Fn(f64) -> bool) -> Self {
        Self::from_ordered_pairs(self.each_row().filter(|(value, _)| passes(*value)).collect())
    }

    /// The same people with what they lack, or another function that never rises: the order is turned about, and nothing is
    /// sorted.
    pub(crate) fn turned(&self, to: impl Fn(f64) -> f64) -> Self {
        let (values, weights): (Vec<f64>, Vec<f64>) =
            self.iter().rev().map(|(value, weight)| (to(value), weight)).unzip();
        let turned = Self::from_ordered(&values.into(), &weights.into());
        Self { rows: self.rows, population: self.population, ..turned }
    }

    /// The same people with other values, as incomes in prices of another year.
    pub fn map(&self, to: impl Fn(f64) -> f64) -> Self {
        Self::from_pairs(self.each_row().map(|(value, weight)| (to(value), weight)).collect())
    }
}

/// Rows from which on another core is worth its while.
const TWO_CORES_FROM: usize = 50_000;

/// The order of rows: by value, then by weight.
pub(crate) fn in_order(a: &(f64, f64), b: &(f64, f64)) -> std::cmp::Ordering {
    a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
}

/// Refuses a row that cannot be measured.
#[inline]
pub fn check(value: f64, weight: f64) -> Result<()> {
    if value.is_finite() && weight.is_finite() && weight >= 0.0 { Ok(()) } else { refused(value, weight) }
}

#[cold]
fn refused(value: f64, weight: f64) -> Result<()> {
    if !value.is_finite() {
        return Err(Error::new(format!("the value is {value}; leave it empty where it is not known")));
    }
    if !weight.is_finite() || weight < 0.0 {
        return Err(Error::new(format!(
            "the weight is {weight}; write how many the row stands for, 0 or more"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_equal_value_are_one_and_rows_of_weight_0_are_left_out() {
        let distribution = Distribution::new(&[3.0, 1.0, 3.0, 2.0], &[1.0, 2.0, 0.5, 0.0]).unwrap();
        assert_eq!(distribution.iter().collect::<Vec<_>>(), [(1.0, 2.0), (3.0, 1.5)]);
        assert_eq!((distribution.rows(), distribution.population(), distribution.total()), (3, 3.5, 6.5));
    }

    #[test]
    fn a_distribution_that_is_turned_about_is_what_a_sort_makes_of_it() {
        let lacks = |y: f64| if y < 4.0 { 4.0 - y } else { 0.0 };
        for values in [vec![], vec![7.0], vec![3.0, 9.0, -1.0, 3.0, 5.0, 1.0, 9.0]] {
            let weights: Vec<f64> = (0..values.len()).map(|n| 0.5 + n as f64).collect();
            let distribution = Distribution::new(&values, &weights).unwrap();
            let (turned, sorted) = (distribution.turned(lacks), distribution.map(lacks));
            assert_eq!(turned.iter().collect::<Vec<_>>(), sorted.iter().collect::<Vec<_>>());
            assert_eq!(turned.cumulative(), sorted.cumulative());
            let told = |d: &Distribution| (d.rows(), d.population(), d.total());
            assert_eq!(told(&turned), told(&sorted));
        }
    }

    #[test]
    fn a_value_that_is_not_an_amount_is_refused_with_its_row() {
        for (values, weights, row) in [
            ([1.0, f64::NAN], [1.0, 1.0], 1),
            ([f64::INFINITY, 1.0], [1.0, 1.0], 0),
            ([1.0, 1.0], [1.0, -1.0], 1),
            ([1.0, 1.0], [f64::NAN, 1.0], 0),
        ] {
            assert_eq!(Distribution::new(&values, &weights).unwrap_err().row, Some(row));
        }
        assert_eq!(Distribution::new(&[1.0], &[]).unwrap_err().row, None);
        assert_eq!(Distribution::new(&[], &[]).unwrap().mean(), None);
    }
}
