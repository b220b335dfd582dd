//! The cells of one source: a group and a cluster of the sample, numbered as they are met.

pub(crate) mod bytes;

use std::sync::Arc;

use datafusion::common::Result;
use hashbrown::HashMap;

use crate::batch::Batch;
use crate::clusters::{Cluster, Clusters};
use crate::labels::Labels;
use crate::program::Program;

/// The cells of a source that was read: each in a group, with the number of its cluster in all sources.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    pub(crate) clusters: Vec<u32>,
    /// Cells by group: those of a group lie between its place and the next.
    by_group: Vec<u32>,
    begin: Vec<u32>,
}

impl Cells {
    /// The cells of a group.
    pub(crate) fn of(&self, group: usize) -> &[u32] {
        match (self.begin.get(group), self.begin.get(group + 1)) {
            (Some(begin), Some(end)) => &self.by_group[*begin as usize..*end as usize],
            _ => &[],
        }
    }

    /// Cells of one group.
    #[cfg(test)]
    pub(crate) fn all_in_one(clusters: Vec<u32>, count: u32) -> Self {
        Self { clusters, by_group: (0..count).collect(), begin: vec![0, count] }
    }

    pub(crate) fn size(&self) -> usize {
        4 * (self.clusters.len() + self.by_group.len() + self.begin.len())
    }
}

/// Cells while records are read.
#[derive(Debug, Default)]
pub(crate) struct MetCells {
    strata: Labels,
    clusters: Labels,
    keys: Vec<CellKey>,
    known: HashMap<CellKey, u32>,
}

/// The group, and the labels of stratum and cluster.
type CellKey = (u32, u32, u32);

impl MetCells {
    /// The cell of each row of a batch whose groups are known.
    pub(crate) fn number(
        &mut self,
        program: &Program,
        batch: &Batch<'_>,
        groups: &[usize],
    ) -> Result<Vec<u32>> {
        let design = match program.design {
            Some([stratum, cluster]) => Some((
                self.strata.number(batch.rows.column(stratum), named)?,
                self.clusters.number(batch.rows.column(cluster), named)?,
            )),
            None => None,
        };
        let mut last = None;
        let cell = |(row, group): (usize, &usize)| {
            let (stratum, cluster) = design.as_ref().map_or((0, 0), |(s, c)| (s[row], c[row]));
            let key = (*group as u32, stratum, cluster);
            match last {
                // Rows of a cell mostly come together.
                Some((known, cell)) if known == key => cell,
                _ => {
                    let cell = self.cell(key);
                    last = Some((key, cell));
                    cell
                }
            }
        };
        Ok(groups.iter().enumerate().map(cell).collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn group_of(&self, cell: u32) -> usize {
        self.keys[cell as usize].0 as usize
    }

    /// The cells with the numbers that their clusters have in all sources.
    pub(crate) fn finish(self, groups: usize, names: &Clusters) -> Cells {
        let text = |labels: &Labels, number| -> Arc<str> {
            // There are no labels where records have no design.
            labels.text(number).cloned().unwrap_or_default()
        };
        let cluster = |(_, stratum, cluster): &CellKey| -> Cluster {
            (text(&self.strata, *stratum), text(&self.clusters, *cluster))
        };
        let clusters = names.numbers(&self.keys.iter().map(cluster).collect::<Vec<_>>());
        let mut by_group: Vec<u32> = (0..self.keys.len() as u32).collect();
        by_group.sort_by_key(|cell| self.keys[*cell as usize].0);
        let mut begin = vec![0; groups + 1];
        self.keys.iter().for_each(|(group, ..)| begin[*group as usize + 1] += 1);
        (0..groups).for_each(|group| begin[group + 1] += begin[group]);
        Cells { clusters, by_group, begin }
    }

    fn cell(&mut self, key: CellKey) -> u32 {
        let next = self.keys.len() as u32;
        let number = *self.known.entry(key).or_insert(next);
        if number == next {
            self.keys.push(key);
        }
        number
    }
}

/// Records that tell no cluster are of one.
fn named(name: Option<&str>) -> Option<&str> {
    name.or(Some(""))
}
