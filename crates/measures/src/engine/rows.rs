//! The rows of a group as they were drawn: gathered in any order and any split, kept in one.

use std::collections::HashMap;

use super::State;
use crate::design::Design;
use crate::distribution::{Refused, check};

/// Values with weights, and the cluster of each where a design is gathered too.
#[derive(Debug, Default, Clone)]
pub struct Rows {
    rows: Vec<Row>,
    clusters: Vec<Cluster>,
    known: HashMap<Box<str>, HashMap<Box<str>, u32>>,
    /// Place of the cluster that came last: rows of a cluster mostly come together.
    last: u32,
    /// Bytes of the clusters' names, counted once.
    names: usize,
    /// What a measure depends on besides, the same in every row.
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
        self.last = self.place(stratum, cluster);
        self.last
    }

    fn place(&mut self, stratum: &str, cluster: &str) -> u32 {
        // Rows that came as bytes are mostly just read: their clusters are looked up from here on.
        if self.known.is_empty() {
            for ((stratum, cluster), place) in self.clusters.iter().zip(0..) {
                self.known.entry(stratum.clone()).or_default().insert(cluster.clone(), place);
            }
        }
        if let Some(place) = self.known.get(stratum).and_then(|clusters| clusters.get(cluster)) {
            return *place;
        }
        let place = self.clusters.len() as u32;
        self.clusters.push((stratum.into(), cluster.into()));
        self.names += 2 * (stratum.len() + cluster.len()) + 96;
        self.known.entry(stratum.into()).or_default().insert(cluster.into(), place);
        place
    }

    /// Refuses a line or parameter that is not that of the rows before.
    fn same(&self, arguments: &[f64]) -> Result<(), Refused> {
        if self.arguments == arguments {
            return Ok(());
        }
        Err(Refused::new(format!(
            "a line or parameter is {arguments:?} in one row and {:?} in another; give every row the same",
            self.arguments
        )))
    }

    /// What a measure depends on besides values and weights.
    pub fn arguments(&self) -> &[f64] {
        &self.arguments
    }

    /// As bytes in one order: of clusters by name, of rows by value, weight and cluster.
    pub fn in_order(&self) -> Vec<u8> {
        let mut order: Vec<usize> = (0..self.clusters.len()).collect();
        order.sort_unstable_by(|a, b| self.clusters[*a].cmp(&self.clusters[*b]));
        let mut place = vec![0_u32; order.len().max(1)];
        for (new, old) in order.iter().enumerate() {
            place[*old] = new as u32;
        }
        let renamed = self.rows.iter().map(|row| Row { cluster: place[row.cluster as usize], ..*row });
        let mut rows: Vec<Row> = renamed.collect();
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
    pub fn pairs(&self) -> Vec<(f64, f64)> {
        self.rows.iter().map(|row| (row.value, row.weight)).collect()
    }
}

/// A number that is ordered as the double is, in the order of `total_cmp`.
fn ordered(x: f64) -> u64 {
    let bits = x.to_bits();
    if x.is_sign_negative() { !bits } else { bits | 1 << 63 }
}

impl State for Rows {
    fn add(&mut self, numbers: &[f64], texts: &[&str]) -> Result<(), Refused> {
        let [value, weight, arguments @ ..] = numbers else {
            return Err(Refused::new("a measure needs a value and a weight"));
        };
        check(*value, *weight).map_err(Refused::new)?;
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

    fn merge(&mut self, other: Self) -> Result<(), Refused> {
        if self.rows.is_empty() {
            *self = other;
            return Ok(());
        }
        // A state over no rows knows no line.
        if !other.rows.is_empty() {
            self.same(&other.arguments)?;
        }
        let places: Vec<u32> = other.clusters.iter().map(|(s, c)| self.cluster(s, c)).collect();
        self.rows.extend(other.rows.iter().map(|row| Row {
            cluster: places.get(row.cluster as usize).copied().unwrap_or_default(),
            ..*row
        }));
        Ok(())
    }

    fn to_bytes(&self) -> Vec<u8> {
        self.written(&self.rows, self.clusters.iter())
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let drawn = Drawn::from_bytes(bytes)?;
        let rows = drawn.values.iter().zip(&drawn.weights).zip(&drawn.cluster_of);
        let row = |((value, weight), cluster): ((&f64, &f64), &u32)| Row {
            value: *value,
            weight: *weight,
            cluster: *cluster,
        };
        let rows = rows.map(row).collect();
        let names = drawn.clusters.iter().map(|(s, c)| 2 * (s.len() + c.len()) + 96).sum();
        let clusters = drawn.clusters.iter().map(|(s, c)| ((*s).into(), (*c).into())).collect();
        Some(Self { rows, clusters, names, arguments: drawn.arguments, ..Self::default() })
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.rows.capacity() * size_of::<Row>() + self.names
    }
}

/// Rows as they were gathered.
pub struct Drawn<'a> {
    arguments: Vec<f64>,
    /// Value of each.
    pub values: Vec<f64>,
    /// How many each stands for.
    pub weights: Vec<f64>,
    cluster_of: Vec<u32>,
    clusters: Vec<(&'a str, &'a str)>,
}

impl<'a> Drawn<'a> {
    /// Back from bytes; `None` if they are not of rows.
    pub fn from_bytes(mut bytes: &'a [u8]) -> Option<Self> {
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

    /// How the rows were drawn; none where no design was gathered.
    pub fn design(&self) -> Option<Design> {
        (!self.clusters.is_empty()).then(|| Design::of(&self.cluster_of, &self.clusters))
    }

    /// How these rows and those of another gathering were drawn, these first: clusters of the same stratum
    /// and name are the same. Without clusters where either has none.
    pub fn design_with(&self, other: &Drawn<'_>) -> Design {
        if self.clusters.is_empty() || other.clusters.is_empty() {
            return Design::default();
        }
        let known: HashMap<_, u32> = self.clusters.iter().zip(0..).collect();
        let mut clusters = self.clusters.clone();
        let mut places = Vec::with_capacity(other.clusters.len());
        for cluster in &other.clusters {
            places.push(known.get(cluster).copied().unwrap_or_else(|| {
                clusters.push(*cluster);
                clusters.len() as u32 - 1
            }));
        }
        let others = other.cluster_of.iter().map(|place| places[*place as usize]);
        let cluster_of: Vec<u32> = self.cluster_of.iter().copied().chain(others).collect();
        Design::of(&cluster_of, &clusters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_that_differ_in_their_line_are_refused_as_rows_are() {
        let of = |line| {
            let mut rows = Rows::default();
            rows.add(&[1.0, 1.0, line], &["east", "village"]).unwrap();
            rows
        };
        let mut all = of(2300.0);
        assert!(all.merge(Rows::default()).is_ok() && all.merge(of(2300.0)).is_ok());
        assert!(all.merge(of(1274.0)).unwrap_err().message.contains("give every row the same"));
        assert_eq!(all.pairs().len(), 2);
    }
}
