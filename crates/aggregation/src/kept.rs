//! What was computed of data files: kept, because a file never changes, and read from disk or computed again where it
//! was let go.

use std::path::Path;
use std::sync::{Arc, Mutex};

use hashbrown::HashMap;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use uplift_core::error::Result;
use uplift_measures::estimate::Estimate;
use uplift_store::{DataFile, Snapshot};

use crate::clusters::Clusters;
use crate::groups::GroupKey;
use crate::kept_parts::{Bytes, Key, Part};
use crate::keys::Digest;
use crate::merged::MergedTotals;
use crate::names::Names;
use crate::order::Order;
use crate::partial::Partial;
use crate::saved::Saved;
use crate::saved::secret::{self, Secret};

/// Bytes of states that are kept, and about how many there are then.
const MAX_BYTES: u64 = 512 << 20;
const ABOUT: usize = 50_000;
/// The same of groups of all files.
const MAX_BYTES_OF_GROUPS: u64 = 256 << 20;
/// And of what families of files come to.
const MAX_BYTES_OF_FAMILIES: u64 = 128 << 20;

/// Versions of tables whose lists of files are kept.
const ABOUT_LISTS: usize = 200;

/// The files of a version of a table, by name.
pub(crate) type TableFiles = Arc<Vec<Arc<DataFile>>>;

/// States by file, grouping and aggregate, and the files of versions of tables.
#[derive(Debug)]
pub struct Kept {
    pub(crate) of_files: Cache<Key, Part, Bytes>,
    files: Cache<(String, i64), TableFiles>,
    /// Files of the version of each table that was met last.
    last_files: Mutex<HashMap<String, TableFiles>>,
    of_groups: Cache<GroupPart, OfGroup, Bytes>,
    of_families: Cache<FamilyPart, Arc<Vec<Partial>>, Bytes>,
    pub(crate) groups: Names<GroupKey>,
    pub(crate) clusters: Clusters,
    pub(crate) texts: Names<Arc<str>>,
    pub(crate) saved: Option<Saved>,
    pub(crate) secret: Secret,
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
    Merged(Option<Arc<MergedTotals>>),
    Estimates(Arc<Vec<Estimate>>),
    /// Of all rows of a place.
    Order(Arc<Order>),
}

impl Weighter<GroupPart, OfGroup> for Bytes {
    fn weight(&self, key: &GroupPart, part: &OfGroup) -> u64 {
        let size = match part {
            OfGroup::Merged(merged) => merged.as_ref().map_or(0, |merged| merged.size()),
            OfGroup::Estimates(estimates) => size_of_val(estimates.as_slice()),
            OfGroup::Order(order) => order.size(),
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

impl Default for Kept {
    fn default() -> Self {
        Self {
            of_files: Cache::with_weighter(ABOUT, MAX_BYTES, Bytes),
            files: Cache::new(ABOUT_LISTS),
            last_files: Mutex::default(),
            of_groups: Cache::with_weighter(ABOUT, MAX_BYTES_OF_GROUPS, Bytes),
            of_families: Cache::with_weighter(ABOUT, MAX_BYTES_OF_FAMILIES, Bytes),
            groups: Names::default(),
            clusters: Clusters::default(),
            texts: Names::default(),
            saved: None,
            secret: secret::new(),
        }
    }
}

impl Kept {
    /// What is kept of tables, and saved in a folder that may take about so many bytes. Where the folder cannot be used,
    /// what was computed lasts as long as the process.
    pub fn saved_in(folder: &Path, tables: &Path, limit: u64) -> Self {
        let saved = Saved::open(folder, tables, limit).inspect_err(|cause| {
            let folder = folder.display();
            tracing::warn!(%folder, %cause, "what is computed is not saved for the next start; delete the folder, or let it be written to");
        });
        let mut kept = Self::default();
        if let Ok(saved) = saved {
            kept.secret = saved.secret;
            kept.saved = Some(saved);
        }
        kept
    }

    /// The files of a table at a version.
    pub(crate) fn files(&self, table: &str, snapshot: &Snapshot) -> Result<TableFiles> {
        self.files.get_or_insert_with(&(table.to_owned(), snapshot.version()), || {
            let last = || self.last_files.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            let known = last().get(table).cloned().unwrap_or_default();
            let files = Arc::new(snapshot.data_files(&known)?);
            last().insert(table.to_owned(), files.clone());
            Ok(files)
        })
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

    /// The last order of the rows of a place, by the number of its name.
    pub(crate) fn order(&self, what: u32) -> Option<Arc<Order>> {
        match self.of_groups.get(&place(what))? {
            OfGroup::Order(order) => Some(order),
            OfGroup::Merged(_) | OfGroup::Estimates(_) => None,
        }
    }

    pub(crate) fn keep_order(&self, what: u32, order: Order) {
        self.of_groups.insert(place(what), OfGroup::Order(order.into()));
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
}

/// The key of what is kept of a place: no group, and whatever files it has.
fn place(what: u32) -> GroupPart {
    GroupPart { files: Box::default(), group: u32::MAX, what }
}
