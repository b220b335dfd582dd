//! The design of a sample, and the variance of estimates that follows from it.
//!
//! Strata are sampled apart; in each, clusters (primary sampling units, as villages) are drawn, and
//! households in them. The variance of a weighted total is estimated from how the clusters of a stratum
//! differ (the "ultimate cluster" estimator, with replacement at the first stage, no finite population
//! correction). Other estimates are linearised first: see [`crate::influence`].
//! Source: Wolter (2007), Introduction to Variance Estimation, sections 1.4 and 6; R's survey.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::OnceLock;

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::error::{Error, Result};
use crate::exact::{CompensatedSum, ExactSum};

/// What a stratum with a single cluster (a lonely primary sampling unit) adds to the variance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum LonelyPsu {
    /// The square of its total, as if the stratum's mean were that of all (R's "adjust").
    #[default]
    Adjust,
    /// As much as the other strata on average (R's "average").
    Average,
    /// Nothing, as if it had been certain to be drawn (R's "certainty").
    Certainty,
    /// The estimate is refused.
    Refuse,
}

/// The cluster of every row, and the stratum of every cluster.
#[derive(Debug, Clone, Default)]
pub struct Design {
    cluster_of: Vec<u32>,
    stratum_of: Vec<u32>,
    strata: u32,
    /// The factor of the usual confidence, once it was computed.
    usual_t: OnceLock<Option<f64>>,
}

/// Confidence of intervals unless another is asked for.
pub const CONFIDENCE: f64 = 0.95;

impl Design {
    /// From the stratum and the cluster of each row. Clusters of the same name in two strata are two.
    pub fn new<S: Hash + Eq + Clone, C: Hash + Eq + Clone>(strata: &[S], clusters: &[C]) -> Result<Self> {
        if strata.len() != clusters.len() {
            let (s, c) = (strata.len(), clusters.len());
            return Err(Error::new(format!("{s} rows have a stratum and {c} a cluster; give both for each")));
        }
        let mut design = Self::default();
        let (mut known_strata, mut known_clusters) = (HashMap::new(), HashMap::new());
        for (stratum, cluster) in strata.iter().zip(clusters) {
            let next = known_strata.len() as u32;
            let stratum = *known_strata.entry(stratum.clone()).or_insert(next);
            let next = known_clusters.len() as u32;
            let index = *known_clusters.entry((stratum, cluster.clone())).or_insert(next);
            if index == next {
                design.stratum_of.push(stratum);
            }
            design.cluster_of.push(index);
        }
        design.strata = known_strata.len() as u32;
        Ok(design)
    }

    /// From the stratum of each cluster, numbered from 0, of rows that are told by their cluster's total alone.
    pub fn of_clusters(stratum_of: Vec<u32>) -> Self {
        let strata = stratum_of.iter().max().map_or(0, |last| last + 1);
        Self { strata, stratum_of, ..Self::default() }
    }

    /// The same clusters, and the cluster of each row.
    pub fn with_rows(self, cluster_of: Vec<u32>) -> Self {
        Self { cluster_of, ..self }
    }

    /// A simple random sample: one stratum, in which every row is a cluster.
    pub fn simple(rows: usize) -> Self {
        let cluster_of = (0..rows as u32).collect();
        Self { cluster_of, stratum_of: vec![0; rows], strata: u32::from(rows > 0), ..Self::default() }
    }

    /// The design of some of its rows, in another order or several times, as in the years of a panel. It
    /// keeps its clusters, also those without any of the rows.
    pub fn select_rows(&self, rows: impl Iterator<Item = usize>) -> Self {
        Self { cluster_of: rows.map(|row| self.cluster_of[row]).collect(), ..self.clone() }
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.cluster_of.len()
    }

    /// Strata.
    pub fn strata(&self) -> usize {
        self.strata as usize
    }

    /// Clusters.
    pub fn clusters(&self) -> usize {
        self.stratum_of.len()
    }

    /// Degrees of freedom: clusters less strata.
    pub fn degrees_of_freedom(&self) -> usize {
        self.clusters() - self.strata()
    }

    /// Variance of the sum of what each row contributes. None where it is unknown: without rows, or when
    /// every stratum has a single cluster.
    ///
    /// A part of the population is measured by rows that contribute 0 outside of it: they still count for
    /// the number of clusters.
    pub fn variance(&self, contributions: &[f64], lonely: LonelyPsu) -> Result<Option<f64>> {
        if contributions.len() != self.rows() {
            return Err(Error::new(format!("{} rows have {} terms", self.rows(), contributions.len())));
        }
        self.variance_of_totals(self.totals(contributions.iter().copied()), lonely)
    }

    /// The same of the total of each cluster, in their order.
    pub fn variance_of_totals(
        &self,
        totals: impl IntoIterator<Item = f64>,
        lonely: LonelyPsu,
    ) -> Result<Option<f64>> {
        if self.degrees_of_freedom() == 0 {
            return Ok(None);
        }
        let mut strata: Vec<Vec<f64>> = vec![Vec::new(); self.strata()];
        for (total, stratum) in totals.into_iter().zip(&self.stratum_of) {
            strata[*stratum as usize].push(total);
        }
        let mut alone = 0;
        let mut parts = Vec::with_capacity(strata.len());
        for totals in &strata {
            let n = totals.len() as f64;
            match (totals.as_slice(), lonely) {
                ([_], LonelyPsu::Refuse) => {
                    return Err(Error::new(
                        "a stratum has a single cluster; join it to another, or choose its variance",
                    ));
                }
                ([total], LonelyPsu::Adjust) => parts.push(total * total),
                ([_], _) => alone += 1,
                (totals, _) => {
                    let mean = ExactSum::from_iter(totals.iter().copied()).value() / n;
                    let squares = totals.iter().map(|t| (t - mean) * (t - mean));
                    parts.push(n / (n - 1.0) * ExactSum::from_iter(squares).value());
                }
            }
        }
        let sum = ExactSum::from_iter(parts.iter().copied()).value();
        let known = parts.len() as f64;
        let averaged = lonely == LonelyPsu::Average && alone > 0;
        Ok(Some(if averaged { sum * (known + f64::from(alone)) / known } else { sum }))
    }

    /// The total of each cluster, in their order, of what each row contributes.
    pub fn totals(&self, contributions: impl Iterator<Item = f64>) -> Vec<f64> {
        let mut totals = vec![CompensatedSum::default(); self.clusters()];
        for (cluster, contribution) in self.cluster_of.iter().zip(contributions) {
            totals[*cluster as usize].add(contribution);
        }
        totals.into_iter().map(|total| total.value()).collect()
    }

    /// Factor of the standard error for a two-sided interval of this confidence: a quantile of Student's
    /// t distribution.
    pub fn t_critical(&self, confidence: f64) -> Option<f64> {
        let compute = || {
            let student = StudentsT::new(0.0, 1.0, self.degrees_of_freedom() as f64).ok()?;
            Some(student.inverse_cdf(0.5 + confidence / 2.0))
        };
        if confidence == CONFIDENCE { *self.usual_t.get_or_init(compute) } else { compute() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variance_of_a_mean_of_a_simple_sample_is_that_of_the_textbook() {
        let values = [3.0, 5.0, 4.0, 8.0];
        let design = Design::simple(4);
        let contributions: Vec<f64> = values.iter().map(|v| (v - 5.0) / 4.0).collect();
        // s² = 14/3, s²/n = 7/6.
        let variance = design.variance(&contributions, LonelyPsu::default()).unwrap().unwrap();
        assert!((variance - 7.0 / 6.0).abs() < 1e-15, "{variance}");
    }

    #[test]
    fn a_single_cluster_in_a_stratum_has_a_stated_answer() {
        let design = Design::new(&["a", "a", "b"], &[1, 2, 1]).unwrap();
        assert_eq!((design.strata(), design.clusters(), design.degrees_of_freedom()), (2, 3, 1));
        let variance = |lonely| design.variance(&[1.0, 3.0, 5.0], lonely);
        assert_eq!(variance(LonelyPsu::Certainty), Ok(Some(4.0)));
        assert_eq!(variance(LonelyPsu::Adjust), Ok(Some(29.0)));
        assert_eq!(variance(LonelyPsu::Average), Ok(Some(8.0)));
        assert!(variance(LonelyPsu::Refuse).is_err());
        let alone = Design::new(&["a", "b"], &[1, 1]).unwrap();
        assert_eq!(alone.variance(&[1.0, 2.0], LonelyPsu::default()), Ok(None));
    }
}
