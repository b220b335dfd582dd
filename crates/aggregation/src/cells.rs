//! The cells of one source: a group and a cluster of the sample, numbered as they are met.

use std::sync::Arc;

use arrow::array::{Array, AsArray, StringArray};
use datafusion::common::{DataFusionError, Result};
use hashbrown::HashMap;

use crate::batch::Batch;
use crate::clusters::{Cluster, Clusters};
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

    pub(crate) fn size(&self) -> usize {
        4 * (self.clusters.len() + self.by_group.len() + self.begin.len())
    }
}

/// Cells while records are read.
#[derive(Debug, Default)]
pub(crate) struct MetCells {
    /// Group and cluster of each cell.
    keys: Vec<(u32, u32)>,
    clusters: Vec<Cluster>,
    known: HashMap<(u32, u32), u32>,
    known_clusters: HashMap<Arc<str>, HashMap<Arc<str>, u32>>,
}

impl MetCells {
    /// The cell of each row of a batch whose groups are known.
    pub(crate) fn number(
        &mut self,
        program: &Program,
        batch: &Batch<'_>,
        groups: &[usize],
    ) -> Result<Vec<u32>> {
        let columns = match program.design {
            Some([stratum, cluster]) => Some([text(batch, stratum)?, text(batch, cluster)?]),
            None => None,
        };
        let mut last: Option<(usize, u32, u32)> = None;
        let mut cells = Vec::with_capacity(groups.len());
        for (row, group) in groups.iter().enumerate() {
            let names = columns.map_or(("", ""), |[strata, clusters]| (at(strata, row), at(clusters, row)));
            let cell = match last {
                Some((in_group, cluster, cell)) if in_group == *group && self.is(cluster, names) => cell,
                _ => {
                    let cluster = self.cluster(names);
                    let cell = self.cell(*group as u32, cluster);
                    last = Some((*group, cluster, cell));
                    cell
                }
            };
            cells.push(cell);
        }
        Ok(cells)
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn group_of(&self, cell: u32) -> usize {
        self.keys[cell as usize].0 as usize
    }

    /// The cells with the numbers that their clusters have in all sources.
    pub(crate) fn finish(self, groups: usize, names: &Clusters) -> Cells {
        let numbers = names.numbers(&self.clusters);
        let mut by_group: Vec<u32> = (0..self.keys.len() as u32).collect();
        by_group.sort_by_key(|cell| self.keys[*cell as usize].0);
        let mut begin = vec![0; groups + 1];
        self.keys.iter().for_each(|(group, _)| begin[*group as usize + 1] += 1);
        (0..groups).for_each(|group| begin[group + 1] += begin[group]);
        let clusters = self.keys.iter().map(|(_, cluster)| numbers[*cluster as usize]).collect();
        Cells { clusters, by_group, begin }
    }

    fn is(&self, cluster: u32, names: (&str, &str)) -> bool {
        let (stratum, name) = &self.clusters[cluster as usize];
        **name == *names.1 && **stratum == *names.0
    }

    fn cluster(&mut self, (stratum, name): (&str, &str)) -> u32 {
        if let Some(known) = self.known_clusters.get(stratum).and_then(|names| names.get(name)) {
            return *known;
        }
        let (cluster, number): (Cluster, u32) = ((stratum.into(), name.into()), self.clusters.len() as u32);
        self.known_clusters.entry(cluster.0.clone()).or_default().insert(cluster.1.clone(), number);
        self.clusters.push(cluster);
        number
    }

    fn cell(&mut self, group: u32, cluster: u32) -> u32 {
        let next = self.keys.len() as u32;
        let number = *self.known.entry((group, cluster)).or_insert(next);
        if number == next {
            self.keys.push((group, cluster));
        }
        number
    }
}

fn text<'b>(batch: &'b Batch<'_>, column: usize) -> Result<&'b StringArray> {
    let texts = batch.rows.column(column).as_string_opt::<i32>();
    texts.ok_or_else(|| DataFusionError::Plan("a stratum and a cluster are texts".into()))
}

fn at(column: &StringArray, row: usize) -> &str {
    if column.is_null(row) { "" } else { column.value(row) }
}
