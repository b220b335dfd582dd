//! What was computed of data files: kept, because a file never changes, and computed again where it was let go.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use uplift_core::error::Result;
use uplift_measures::estimate::Estimate;
use uplift_store::{DataFile, Snapshot};

use crate::cells::Cells;
use crate::clusters::Clusters;
use crate::groups::GroupKey;
use crate::keys::Digest;
use crate::merged::Merged;
use crate::names::Names;
use crate::partial::Partial;
use crate::state::State;

/// Bytes of states that are kept, and about how many there are then.
const MAX_BYTES: u64 = 512 << 20;
const ABOUT: usize = 50_000;
/// The same of groups of all files.
const MAX_BYTES_OF_GROUPS: u64 = 256 << 20;
/// And of what families of files come to.
const MAX_BYTES_OF_FAMILIES: u64 = 128 << 20;

/// Versions of tables whose lists of files are kept.
const ABOUT_LISTS: usize = 200;

/// States by file, grouping and aggregate, and the files of versions of tables.
#[derive(Debug)]
pub struct Kept {
    cache: Cache<Key, Part, Bytes>,
    files: Cache<(String, i64), Arc<Vec<DataFile>>>,
    of_groups: Cache<GroupPart, OfGroup, Bytes>,
    of_families: Cache<FamilyPart, Arc<Vec<Partial>>, Bytes>,
    pub(crate) groups: Names<GroupKey>,
    pub(crate) clusters: Clusters,
    pub(crate) texts: Names<Arc<str>>,
}

/// A group of all files, by their numbers, and what is kept of it: the number of a name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct GroupPart {
    pub(crate) files: Box<[u32]>,
    pub(crate) group: u32,
    pub(crate) what: u32,
}

/// What is kept of a group.
#[derive(Debug, Clone)]
pub(crate) enum OfGroup {
    Merged(Option<Arc<Merged>>),
    Estimates(Arc<Vec<Estimate>>),
}

impl Weighter<GroupPart, OfGroup> for Bytes {
    fn weight(&self, key: &GroupPart, part: &OfGroup) -> u64 {
        let size = match part {
            OfGroup::Merged(merged) => merged.as_ref().map_or(0, |merged| merged.size()),
            OfGroup::Estimates(estimates) => size_of_val(estimates.as_slice()),
        };
        (size + 4 * key.files.len() + 128) as u64
    }
}

/// A family of files, the keys of them that are left out, and what is kept of the others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct FamilyPart {
    pub(crate) files: Box<[u32]>,
    pub(crate) left_out: Digest,
    pub(crate) what: u32,
}

impl Weighter<FamilyPart, Arc<Vec<Partial>>> for Bytes {
    fn weight(&self, key: &FamilyPart, partials: &Arc<Vec<Partial>>) -> u64 {
        (partials.iter().map(Partial::size).sum::<usize>() + 4 * key.files.len() + 256) as u64
    }
}

/// A file of a table, what its records are grouped by, and what is kept of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    file: Arc<str>,
    grouping: Arc<str>,
    part: Arc<str>,
}

/// A part of what a pass over a file leaves.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    Groups(Arc<Vec<u32>>),
    Cells(Arc<Cells>),
    Keys(Arc<Vec<Digest>>),
    State(Arc<State>),
}

#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<Key, Part> for Bytes {
    fn weight(&self, _: &Key, part: &Part) -> u64 {
        let size = match part {
            Part::Groups(groups) => size_of_val(groups.as_slice()),
            Part::Cells(cells) => cells.size(),
            Part::Keys(keys) => size_of_val(keys.as_slice()),
            Part::State(state) => state.size(),
        };
        (size + 256) as u64
    }
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            cache: Cache::with_weighter(ABOUT, MAX_BYTES, Bytes),
            files: Cache::new(ABOUT_LISTS),
            of_groups: Cache::with_weighter(ABOUT, MAX_BYTES_OF_GROUPS, Bytes),
            of_families: Cache::with_weighter(ABOUT, MAX_BYTES_OF_FAMILIES, Bytes),
            groups: Names::default(),
            clusters: Clusters::default(),
            texts: Names::default(),
        }
    }
}

/// Names of the parts that are not states; no identity of an aggregate is as short.
const GROUPS: &str = "groups";
const CELLS: &str = "cells";
const KEYS: &str = "keys";

impl Kept {
    /// The files of a table at a version.
    pub(crate) fn files(&self, table: &str, snapshot: &Snapshot) -> Result<Arc<Vec<DataFile>>> {
        let list = || snapshot.data_files().map(Arc::new);
        self.files.get_or_insert_with(&(table.to_owned(), snapshot.version()), list)
    }

    /// What is kept of a group, or is computed now.
    pub(crate) fn of_group(&self, key: &GroupPart, compute: impl FnOnce() -> OfGroup) -> OfGroup {
        if let Some(known) = self.of_groups.get(key) {
            return known;
        }
        let computed = compute();
        self.of_groups.insert(key.clone(), computed.clone());
        computed
    }

    /// What a family of files comes to, kept or computed now.
    pub(crate) fn of_family<E>(
        &self,
        key: FamilyPart,
        compute: impl FnOnce() -> std::result::Result<Vec<Partial>, E>,
    ) -> std::result::Result<Arc<Vec<Partial>>, E> {
        if let Some(known) = self.of_families.get(&key) {
            return Ok(known);
        }
        let computed = Arc::new(compute()?);
        let shared = computed.iter().map(Partial::shared).collect();
        self.of_families.insert(key, Arc::new(shared));
        Ok(computed)
    }

    pub(crate) fn of<'k>(&'k self, file: &Arc<str>, grouping: &Arc<str>) -> KeptOfFile<'k> {
        let name = |name: &str| Key { file: file.clone(), grouping: grouping.clone(), part: name.into() };
        KeptOfFile { kept: self, groups: name(GROUPS), cells: name(CELLS), keys: name(KEYS) }
    }
}

/// What is kept of one file in one grouping.
pub(crate) struct KeptOfFile<'k> {
    kept: &'k Kept,
    groups: Key,
    cells: Key,
    keys: Key,
}

impl KeptOfFile<'_> {
    fn state_key(&self, identity: &Arc<str>) -> Key {
        Key { part: identity.clone(), ..self.groups.clone() }
    }

    pub(crate) fn groups(&self) -> Option<Arc<Vec<u32>>> {
        match self.kept.cache.get(&self.groups) {
            Some(Part::Groups(groups)) => Some(groups),
            _ => None,
        }
    }

    pub(crate) fn cells(&self) -> Option<Arc<Cells>> {
        match self.kept.cache.get(&self.cells) {
            Some(Part::Cells(cells)) => Some(cells),
            _ => None,
        }
    }

    pub(crate) fn keys(&self) -> Option<Arc<Vec<Digest>>> {
        match self.kept.cache.get(&self.keys) {
            Some(Part::Keys(keys)) => Some(keys),
            _ => None,
        }
    }

    pub(crate) fn state(&self, identity: &Arc<str>) -> Option<Arc<State>> {
        match self.kept.cache.get(&self.state_key(identity)) {
            Some(Part::State(state)) => Some(state),
            _ => None,
        }
    }

    pub(crate) fn keep(&self, groups: &Arc<Vec<u32>>, cells: Option<&Arc<Cells>>) {
        self.kept.cache.insert(self.groups.clone(), Part::Groups(groups.clone()));
        if let Some(cells) = cells {
            self.kept.cache.insert(self.cells.clone(), Part::Cells(cells.clone()));
        }
    }

    pub(crate) fn keep_keys(&self, keys: &Arc<Vec<Digest>>) {
        self.kept.cache.insert(self.keys.clone(), Part::Keys(keys.clone()));
    }

    pub(crate) fn keep_state(&self, identity: &Arc<str>, state: &Arc<State>) {
        self.kept.cache.insert(self.state_key(identity), Part::State(state.clone()));
    }
}
