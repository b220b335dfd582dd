//! The rows of a group with the design they were sampled by: gathered in any order and any split.

use std::collections::HashMap;

use super::aggregate::State;
use crate::design::Design;
use crate::distribution::check;
use crate::error::Error;

/// Values with weights, and the cluster of each where a design is gathered too.
#[derive(Debug, Default, Clone)]
pub(super) struct Rows {
    rows: Vec<Row>,
    clusters: Vec<Cluster>,
    known: HashMap<Box<str>, HashMap<Box<str>, u32>>,
    /// Index of the last cluster: rows of a cluster mostly come together.
    last: u32,
    /// Bytes of the clusters' names, counted once.
    names: usize,
    /// Parameters of the measure, as a line, the same in every row.
    arguments: Vec<f64>,
}

/// Stratum and name.
type Cluster = (Box<str>, Box<str>);

#[derive(Debug, Clone, Copy)]
struct Row {
    value: f64,
    weight: f64,
    cluster: u32,
}

impl Rows {
    fn cluster(&mut self, stratum: &str, cluster: &str) -> u32 {
        if let Some((s, c)) = self.clusters.get(self.last as usize)
            && (**c == *cluster && **s == *stratum)
        {
            return self.last;
        }
        self.last = self.cluster_index(stratum, cluster);
        self.last
    }

    fn cluster_index(&mut self, stratum: &str, cluster: &str) -> u32 {
        // Rows that came as bytes are mostly just read: their clusters are looked up from here on.
        if self.known.is_empty() {
            for ((stratum, cluster), index) in self.clusters.iter().zip(0..) {
                self.known.entry(stratum.clone()).or_default().insert(cluster.clone(), index);
            }
        }
        if let Some(index) = self.known.get(stratum).and_then(|clusters| clusters.get(cluster)) {
            return *index;
        }
        let index = self.clusters.len() as u32;
        self.clusters.push((stratum.into(), cluster.into()));
        self.names += 2 * (stratum.len() + cluster.len()) + 96;
        self.known.entry(stratum.into()).or_default().insert(cluster.into(), index);
        index
    }

    /// Refuses a line or parameter that is not that of the rows before.
    fn same(&self, arguments: &[f64]) -> Result<(), Error> {
        if self.arguments == arguments {
            return Ok(());
        }
        Err(Error::new(format!(
            "a line or parameter is {arguments:?} in one row and {:?} in another; give every row the same",
            self.arguments
        )))
    }

    /// Parameters of the measure, as a line.
    pub(super) fn arguments(&self) -> &[f64] {
        &self.arguments
    }

    /// Encodes the rows in a fixed order: clusters by name, rows by value, weight and cluster.
    pub(super) fn in_order(&self) -> Vec<u8> {
        let mut order: Vec<usize> = (0..self.clusters.len()).collect();
        order.sort_unstable_by(|a, b| self.clusters[*a].cmp(&self.clusters[*b]));
        let mut renumbered = vec![0_u32; order.len().max(1)];
        for (new, old) in order.iter().enumerate() {
            renumbered[*old] = new as u32;
        }
        let rows = self.rows.iter().map(|row| Row { cluster: renumbered[row.cluster as usize], ..*row });
        let mut rows: Vec<Row> = rows.collect();
        rows.sort_unstable_by_key(|row| (ordered(row.value), ordered(row.weight), row.cluster));
        self.written(&rows, order.iter().map(|n| &self.clusters[*n]))
    }

    fn written<'a>(&self, rows: &[Row], clusters: impl ExactSizeIterator<Item = &'a Cluster>) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(rows.len() * 20 + 64);
        let counts = [self.arguments.len(), rows.len(), clusters.len()];
        counts.iter().for_each(|n| bytes.extend((*n as u64).to_le_bytes()));
        self.arguments.iter().for_each(|x| bytes.extend(x.to_le_bytes()));
        rows.iter().for_each(|row| bytes.extend(row.value.to_le_bytes()));
        rows.iter().for_each(|row| bytes.extend(row.weight.to_le_bytes()));
        rows.iter().for_each(|row| bytes.extend(row.cluster.to_le_bytes()));
        for text in clusters.flat_map(|(stratum, cluster)| [stratum, cluster]) {
            bytes.extend((text.len() as u32).to_le_bytes());
            bytes.extend(text.as_bytes());
        }
        bytes
    }

    /// Values and weights.
    pub(super) fn pairs(&self) -> Vec<(f64, f64)> {
        self.rows.iter().map(|row| (row.value, row.weight)).collect()
    }
}

/// A whole number in the order of the double, as `total_cmp` has it.
fn ordered(x: f64) -> u64 {
    let bits = x.to_bits();
    if x.is_sign_negative() { !bits } else { bits | 1 << 63 }
}

impl State for Rows {
    fn add(&mut self, numbers: &[f64], texts: &[&str]) -> Result<(), Error> {
        let [value, weight, arguments @ ..] = numbers else {
            return Err(Error::new("a measure needs a value and a weight"));
        };
        check(*value, *weight)?;
        if self.rows.is_empty() {
            self.arguments = arguments.to_vec();
        }
        self.same(arguments)?;
        let cluster = match texts {
            [stratum, cluster] => self.cluster(stratum, cluster),
            _ => 0,
        };
        self.rows.push(Row { value: *value, weight: *weight, cluster });
        Ok(())
    }

    fn merge(&mut self, other: Self) -> Result<(), Error> {
        if self.rows.is_empty() {
            *self = other;
            return Ok(());
        }
        // A state without rows has no parameters.
        if !other.rows.is_empty() {
            self.same(&other.arguments)?;
        }
        let indices: Vec<u32> = other.clusters.iter().map(|(s, c)| self.cluster(s, c)).collect();
        self.rows.extend(other.rows.iter().map(|row| Row {
            cluster: indices.get(row.cluster as usize).copied().unwrap_or_default(),
            ..*row
        }));
        Ok(())
    }

    fn to_bytes(&self) -> Vec<u8> {
        self.written(&self.rows, self.clusters.iter())
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let gathered = GatheredRows::from_bytes(bytes)?;
        let rows = gathered.values.iter().zip(&gathered.weights).zip(&gathered.cluster_of);
        let row = |((value, weight), cluster): ((&f64, &f64), &u32)| Row {
            value: *value,
            weight: *weight,
            cluster: *cluster,
        };
        let rows = rows.map(row).collect();
        let names = gathered.clusters.iter().map(|(s, c)| 2 * (s.len() + c.len()) + 96).sum();
        let clusters = gathered.clusters.iter().map(|(s, c)| ((*s).into(), (*c).into())).collect();
        Some(Self { rows, clusters, names, arguments: gathered.arguments, ..Self::default() })
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.rows.capacity() * size_of::<Row>() + self.names
    }
}

/// Rows that were gathered, decoded.
pub(super) struct GatheredRows<'a> {
    arguments: Vec<f64>,
    pub(super) values: Vec<f64>,
    /// How many each stands for.
    pub(super) weights: Vec<f64>,
    cluster_of: Vec<u32>,
    clusters: Vec<(&'a str, &'a str)>,
}

impl<'a> GatheredRows<'a> {
    /// Decodes rows; `None` if the bytes are not from a gathering.
    pub(super) fn from_bytes(mut bytes: &'a [u8]) -> Option<Self> {
        let mut count = || {
            let (n, rest) = bytes.split_first_chunk()?;
            bytes = rest;
            usize::try_from(u64::from_le_bytes(*n)).ok()
        };
        let (arguments, rows, clusters) = (count()?, count()?, count()?);
        let mut numbers = |n: usize| -> Option<Vec<f64>> {
            let (head, rest) = bytes.split_at_checked(n.checked_mul(8)?)?;
            bytes = rest;
            Some(head.as_chunks().0.iter().map(|eight| f64::from_le_bytes(*eight)).collect())
        };
        let (arguments, values, weights) = (numbers(arguments)?, numbers(rows)?, numbers(rows)?);
        let (head, mut rest) = bytes.split_at_checked(rows.checked_mul(4)?)?;
        let cluster_of: Vec<u32> = head.as_chunks().0.iter().map(|four| u32::from_le_bytes(*four)).collect();
        let mut text = || {
            let (length, tail) = rest.split_first_chunk()?;
            let (text, tail) = tail.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            rest = tail;
            std::str::from_utf8(text).ok()
        };
        let clusters = (0..clusters).map(|_| Some((text()?, text()?))).collect::<Option<Vec<_>>>()?;
        let known = clusters.len().max(1) as u32;
        (rest.is_empty() && cluster_of.iter().all(|n| *n < known)).then_some(Self {
            arguments,
            values,
            weights,
            cluster_of,
            clusters,
        })
    }

    /// The design of the sample; none where none was gathered.
    pub(super) fn design(&self) -> Option<Design> {
        (!self.clusters.is_empty()).then(|| Design::from_clusters(&self.cluster_of, &self.clusters))
    }

    /// The design of these rows followed by those of another gathering: clusters of the same stratum and
    /// name are the same. Without clusters where either has none.
    pub(super) fn design_with(&self, other: &GatheredRows<'_>) -> Design {
        if self.clusters.is_empty() || other.clusters.is_empty() {
            return Design::default();
        }
        let known: HashMap<_, u32> = self.clusters.iter().zip(0..).collect();
        let mut clusters = self.clusters.clone();
        let mut indices = Vec::with_capacity(other.clusters.len());
        for cluster in &other.clusters {
            indices.push(known.get(cluster).copied().unwrap_or_else(|| {
                clusters.push(*cluster);
                clusters.len() as u32 - 1
            }));
        }
        let others = other.cluster_of.iter().map(|index| indices[*index as usize]);
        let cluster_of: Vec<u32> = self.cluster_of.iter().copied().chain(others).collect();
        Design::from_clusters(&cluster_of, &clusters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_that_differ_in_their_line_are_refused_as_rows_are() {
        let state = |line| {
            let mut rows = Rows::default();
            rows.add(&[1.0, 1.0, line], &["east", "village"]).unwrap();
            rows
        };
        let mut all = state(2300.0);
        assert!(all.merge(Rows::default()).is_ok() && all.merge(state(2300.0)).is_ok());
        assert!(all.merge(state(1274.0)).unwrap_err().message.contains("give every row the same"));
        assert_eq!(all.pairs().len(), 2);
    }
}
