//! The same households in two years: who became poor, who stopped being poor, who stayed it.

use crate::distribution::check;
use crate::error::{Error, Result};
use crate::exact::ExactSum;

/// How many moved from each state to each: `people[from][to]`, in the unit of the weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Transitions {
    /// By state before and state after.
    pub people: Vec<Vec<f64>>,
}

/// Counts moves between states that are numbered from 0: 0 not poor and 1 poor, or groups of income.
///
/// Households that were seen in one year only are for the caller to leave out, and to say so.
pub fn transitions(states: usize, before: &[usize], after: &[usize], weights: &[f64]) -> Result<Transitions> {
    if before.len() != weights.len() || after.len() != weights.len() {
        return Err(Error::new("each household needs a state before, a state after and a weight"));
    }
    let mut sums = vec![vec![ExactSum::default(); states]; states];
    for (row, ((from, to), weight)) in before.iter().zip(after).zip(weights).enumerate() {
        check(0.0, *weight).map_err(|e| Error::in_row(row, e.message))?;
        let cell = sums.get_mut(*from).and_then(|cells| cells.get_mut(*to));
        let message = || format!("states {from} and {to} of {states}; they are numbered from 0");
        cell.ok_or_else(|| Error::in_row(row, message()))?.add(*weight);
    }
    let people = sums.iter().map(|cells| cells.iter().map(ExactSum::value).collect()).collect();
    Ok(Transitions { people })
}

impl Transitions {
    /// Share of those in a state before who are in another after; none where nobody was in it.
    pub fn probability(&self, from: usize, to: usize) -> Option<f64> {
        let all = ExactSum::from_iter(self.people[from].iter().copied()).value();
        (all > 0.0).then(|| self.people[from][to] / all)
    }

    /// Entry rate: share of those not poor before who are poor after (states 0 and 1).
    pub fn entry(&self) -> Option<f64> {
        self.probability(0, 1)
    }

    /// Exit rate: share of the poor before who are not poor after.
    pub fn exit(&self) -> Option<f64> {
        self.probability(1, 0)
    }

    /// Persistence: share of the poor before who are poor after.
    pub fn persistence(&self) -> Option<f64> {
        self.probability(1, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_of_those_who_could_move() {
        let moves = transitions(2, &[0, 0, 1, 1, 1], &[0, 1, 0, 1, 1], &[3.0, 1.0, 1.0, 2.0, 1.0]).unwrap();
        assert_eq!(moves.people, [[3.0, 1.0], [1.0, 3.0]]);
        assert_eq!((moves.entry(), moves.exit(), moves.persistence()), (Some(0.25), Some(0.25), Some(0.75)));
        assert_eq!(transitions(2, &[0], &[0], &[1.0]).unwrap().exit(), None);
        assert_eq!(transitions(2, &[0, 2], &[0, 0], &[1.0, 1.0]).unwrap_err().row, Some(1));
    }
}
