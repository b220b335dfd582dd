//! A draw without replacement, weighted by risk (Efraimidis and Spirakis 2006): every project has a number between 0 and 1 of
//! its own, made of the seed and its id; those are drawn whose number to the power of 1 / risk is greatest. So the draw depends
//! on no order of records, and anybody can repeat it.

use sha2::{Digest, Sha256};
use uplift_core::period::Period;

use super::risk::Candidate;

/// What a sample is drawn from, and how.
#[derive(Debug)]
pub(crate) struct Draw<'a> {
    pub(crate) area: &'a str,
    pub(crate) period: Period,
    pub(crate) size: usize,
    pub(crate) seed: i64,
    /// Simulated projects, or real ones.
    pub(crate) simulated: bool,
}

pub(super) fn drawn(candidates: Vec<Candidate>, size: usize, seed: i64) -> Vec<Candidate> {
    let key = |candidate: &Candidate| number(seed, &candidate.project).ln() / f64::from(candidate.risk());
    let mut keyed: Vec<(f64, Candidate)> = candidates.into_iter().map(|c| (key(&c), c)).collect();
    keyed.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.project.cmp(&b.1.project)));
    keyed.truncate(size);
    keyed.into_iter().map(|(_, candidate)| candidate).collect()
}

/// A number above 0 and up to 1, even over all ids.
fn number(seed: i64, project: &str) -> f64 {
    let digest = Sha256::digest(format!("{seed}/{project}"));
    let first = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    // 53 bits are what a double keeps.
    ((first >> 11) as f64 + 1.0) / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::sample::risk::Known;

    fn candidates() -> Vec<Candidate> {
        let candidate = |n: usize| Candidate {
            project: format!("p{n}"),
            // Ten of them have five times the weight of another.
            known: Known { withdrawn: i64::from(n < 10), ..Known::default() },
            ..Candidate::default()
        };
        (0..100).map(candidate).collect()
    }

    fn ids(drawn: &[Candidate]) -> Vec<&str> {
        drawn.iter().map(|candidate| candidate.project.as_str()).collect()
    }

    #[test]
    fn the_same_seed_draws_the_same_in_any_order_and_a_larger_sample_holds_the_smaller() {
        let mut backwards = candidates();
        backwards.reverse();
        let (ten, again, twenty) =
            (drawn(candidates(), 10, 7), drawn(backwards, 10, 7), drawn(candidates(), 20, 7));
        assert_eq!(ids(&ten), ids(&again));
        assert_eq!(ids(&ten), ids(&twenty)[..10]);
        assert_ne!(ids(&ten), ids(&drawn(candidates(), 10, 8)));
        assert_eq!(drawn(candidates(), 1_000, 7).len(), 100);
    }

    #[test]
    fn five_times_the_risk_is_drawn_first_five_times_as_often() {
        let mut first: BTreeMap<bool, u32> = BTreeMap::new();
        for seed in 0..20_000 {
            let drawn = drawn(candidates(), 1, seed);
            *first.entry(drawn[0].risk() == 5).or_default() += 1;
        }
        // 50 of a weight of 140 in all: 0.357, and the standard error is 0.0034.
        let share = f64::from(first[&true]) / 20_000.0;
        assert!((share - 50.0 / 140.0).abs() < 0.014, "{share}");
    }
}
