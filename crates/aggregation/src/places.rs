//! The places of an answer, and which groups of which sources belong to each.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::groups::GroupKey;
use crate::names::Names;
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

/// A source and a group in it.
pub(crate) type Part = (usize, usize);

/// A group of all sources together.
#[derive(Debug)]
pub(crate) struct Whole {
    /// Its number among the names of groups.
    pub(crate) number: u32,
    pub(crate) parts: Vec<Part>,
}

/// Rows of the answer, and the groups of all sources that they are made of.
#[derive(Debug, Default)]
pub(crate) struct Places {
    pub(crate) rows: Vec<Group>,
    pub(crate) groups: Vec<Whole>,
    /// By row of the answer: its groups.
    pub(crate) groups_of: Vec<Vec<usize>>,
    /// By source and its group: the one of all sources; none outside of the area.
    pub(crate) group_of: Vec<Vec<Option<usize>>>,
    /// By group of all sources: the rows that it belongs to, the whole and the area inside.
    pub(crate) rows_of: Vec<[Option<usize>; 2]>,
}

impl Places {
    pub(crate) fn new(partials: &[Partial], names: &Names<GroupKey>, extent: Extent<'_>) -> Self {
        let mut places = Self::default();
        let names = names.read();
        let mut rows: HashMap<Group, usize> = HashMap::new();
        // By number among the names: not looked up yet, or what it is.
        let mut known: Vec<Option<Option<usize>>> = vec![None; names.len()];
        for (source, partial) in partials.iter().enumerate() {
            let mut group_of = Vec::with_capacity(partial.groups.len());
            for (n, number) in partial.groups.iter().enumerate() {
                let group = *known[*number as usize].get_or_insert_with(|| {
                    let key = names.name(*number);
                    let whole = places.row(&mut rows, extent.whole(key)?);
                    // A place inside has one key, and so is met once.
                    let inside = extent.inside(key).map(|row| places.new_row(row));
                    let in_rows = [Some(whole), inside];
                    places.groups.push(Whole { number: *number, parts: Vec::with_capacity(2) });
                    places.rows_of.push(in_rows);
                    let group = places.groups.len() - 1;
                    in_rows.into_iter().flatten().for_each(|row| places.groups_of[row].push(group));
                    Some(group)
                });
                if let Some(group) = group {
                    places.groups[group].parts.push((source, n));
                }
                group_of.push(group);
            }
            places.group_of.push(group_of);
        }
        places
    }

    fn row(&mut self, rows: &mut HashMap<Group, usize>, row: Group) -> usize {
        *rows.entry(row).or_insert_with_key(|row| self.new_row(row.clone()))
    }

    fn new_row(&mut self, row: Group) -> usize {
        self.rows.push(row);
        self.groups_of.push(Vec::new());
        self.rows.len() - 1
    }

    /// The parts of a row of the answer.
    pub(crate) fn parts(&self, row: usize) -> impl Iterator<Item = Part> + '_ {
        self.groups_of[row].iter().flat_map(|group| self.groups[*group].parts.iter().copied())
    }
}
