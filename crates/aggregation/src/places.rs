//! The places of an answer: which groups of which sources belong to each, and the clusters of the sample in it.

use std::sync::Arc;

use hashbrown::HashMap;
use uplift_measures::design::Design;

use crate::cells::Cells;
use crate::groups::GroupKey;
use crate::partial::Partial;

/// A place with the other keys of its records: a row of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Group {
    /// Code of the area inside; none for the whole.
    pub area: Option<Arc<str>>,
    /// The other keys.
    pub others: Vec<Option<Arc<str>>>,
}

/// The area that is asked for, and the characters of the codes of the areas inside.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent<'a> {
    pub(crate) area: &'a str,
    pub(crate) by_level: Option<usize>,
}

impl Extent<'_> {
    fn whole(&self, key: &GroupKey) -> Option<Group> {
        let within = match &key[0] {
            Some(code) => code.starts_with(self.area),
            None => self.area.is_empty(),
        };
        within.then(|| Group { area: None, others: key[1..].to_vec() })
    }

    /// The area inside; none of records above its level, which belong to the whole alone.
    fn inside(&self, key: &GroupKey) -> Option<Group> {
        let code = key[0].as_ref().filter(|code| self.by_level == Some(code.chars().count()))?;
        Some(Group { area: Some(code.clone()), ..self.whole(key)? })
    }
}

/// Groups of the answer, and where each group of a source belongs.
#[derive(Debug, Default)]
pub(crate) struct Places {
    pub(crate) groups: Vec<Group>,
    /// By source and its group.
    pub(crate) whole: Vec<Vec<Option<usize>>>,
    pub(crate) inside: Vec<Vec<Option<usize>>>,
    /// By place: source and group.
    pub(crate) parts: Vec<Vec<(usize, usize)>>,
}

impl Places {
    pub(crate) fn new(partials: &[Partial], extent: Extent<'_>) -> Self {
        let mut places = Self::default();
        let mut known = HashMap::new();
        for (source, partial) in partials.iter().enumerate() {
            let (mut whole, mut inside) = (Vec::new(), Vec::new());
            for (n, key) in partial.groups.keys.iter().enumerate() {
                whole.push(extent.whole(key).map(|group| places.number(&mut known, group, (source, n))));
                inside.push(extent.inside(key).map(|group| places.number(&mut known, group, (source, n))));
            }
            places.whole.push(whole);
            places.inside.push(inside);
        }
        places
    }

    fn number(&mut self, known: &mut HashMap<Group, usize>, group: Group, part: (usize, usize)) -> usize {
        let number = *known.entry(group).or_insert_with_key(|group| {
            self.groups.push(group.clone());
            self.parts.push(Vec::new());
            self.groups.len() - 1
        });
        self.parts[number].push(part);
        number
    }
}

/// A cell of a source, in the place that it is looked up for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlacedCell {
    pub(crate) source: usize,
    pub(crate) cell: u32,
    /// Number of its cluster in the answer.
    pub(crate) cluster: u32,
}

/// Clusters of all sources, each once, and the cells of every place.
#[derive(Debug, Default)]
pub(crate) struct Clusters {
    /// Stratum of each cluster, by number.
    pub(crate) stratum_of: Vec<u32>,
    /// Number in the answer, by source and the source's own number of a cell.
    pub(crate) of_cell: Vec<Vec<u32>>,
    /// By place, in the order of clusters.
    pub(crate) cells: Vec<Vec<PlacedCell>>,
}

impl Clusters {
    pub(crate) fn new(partials: &[Partial], places: &Places) -> Self {
        let mut clusters = Self { cells: vec![Vec::new(); places.groups.len()], ..Self::default() };
        let none = Cells::default();
        let mut known: HashMap<(&str, &str), u32> = HashMap::new();
        let mut strata: HashMap<&str, u32> = HashMap::new();
        for (source, partial) in partials.iter().enumerate() {
            let cells = partial.cells.as_deref().unwrap_or(&none);
            let mut numbers = Vec::with_capacity(cells.clusters.len());
            for (stratum, name) in &cells.clusters {
                let next = known.len() as u32;
                let number = *known.entry((stratum, name)).or_insert(next);
                if number == next {
                    let next = strata.len() as u32;
                    clusters.stratum_of.push(*strata.entry(stratum).or_insert(next));
                }
                numbers.push(number);
            }
            let mut of_cell = Vec::with_capacity(cells.keys.len());
            for (cell, (group, cluster)) in cells.keys.iter().enumerate() {
                let placed = PlacedCell { source, cell: cell as u32, cluster: numbers[*cluster as usize] };
                of_cell.push(placed.cluster);
                let group = *group as usize;
                let (whole, inside) = (places.whole[source][group], places.inside[source][group]);
                whole.into_iter().chain(inside).for_each(|place| clusters.cells[place].push(placed));
            }
            clusters.of_cell.push(of_cell);
        }
        clusters.cells.iter_mut().for_each(|cells| cells.sort_by_key(|cell| cell.cluster));
        clusters
    }

    /// The design of a sample of some of the clusters, in their order.
    pub(crate) fn design(&self, clusters: impl IntoIterator<Item = u32>) -> Design {
        let mut numbers = HashMap::new();
        let mut last = None;
        let stratum = |cluster: u32| {
            let stratum = self.stratum_of[cluster as usize];
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
        Design::of_clusters(clusters.into_iter().map(stratum).collect())
    }
}
