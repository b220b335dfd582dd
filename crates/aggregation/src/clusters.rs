//! Clusters of samples, each with one number in all files.

use std::sync::Arc;

use hashbrown::HashMap;
use uplift_measures::design::Design;

use crate::names::Names;

/// Stratum and name of a cluster; empty where a record tells none.
pub(crate) type Cluster = (Arc<str>, Arc<str>);

/// Clusters and strata by number.
#[derive(Debug, Default)]
pub(crate) struct Clusters {
    strata: Names<Arc<str>>,
    clusters: Names<(u32, Arc<str>)>,
}

impl Clusters {
    /// The numbers of some clusters.
    pub(crate) fn numbers(&self, clusters: &[Cluster]) -> Vec<u32> {
        let mut strata: Vec<Arc<str>> = clusters.iter().map(|(stratum, _)| stratum.clone()).collect();
        strata.dedup();
        let numbers = self.strata.numbers(&strata);
        let mut runs = clusters.chunk_by(|a, b| a.0 == b.0).zip(numbers);
        let named =
            runs.by_ref().flat_map(|(run, stratum)| run.iter().map(move |(_, name)| (stratum, name.clone())));
        self.clusters.numbers(&named.collect::<Vec<_>>())
    }

    /// Stratum and name of some clusters.
    pub(crate) fn named(&self, clusters: &[u32]) -> Vec<Cluster> {
        let (strata, known) = (self.strata.read(), self.clusters.read());
        let named = |cluster: &u32| {
            let (stratum, name) = known.name(*cluster);
            (strata.name(*stratum).clone(), name.clone())
        };
        clusters.iter().map(named).collect()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.clusters.read().len()
    }

    /// The design of a sample of some of the clusters, in their order.
    pub(crate) fn design(&self, clusters: &[u32]) -> Design {
        let known = self.clusters.read();
        let mut numbers = HashMap::new();
        let mut last = None;
        let stratum = |cluster: &u32| {
            let stratum = known.name(*cluster).0;
            let number = match last {
                Some((known, number)) if known == stratum => number,
                _ => {
                    let next = numbers.len() as u32;
                    *numbers.entry(stratum).or_insert(next)
                }
            };
            last = Some((stratum, number));
            number
        };
        Design::of_clusters(clusters.iter().map(stratum).collect())
    }
}
