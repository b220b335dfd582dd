//! Parts of what a pass over a file leaves, as they are kept in memory.

use std::sync::Arc;

use quick_cache::Weighter;

use crate::cells::Cells;
use crate::keys::Digest;
use crate::state::State;

/// A file of a table, what its records are grouped by, and what is kept of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) file: Arc<str>,
    pub(crate) grouping: Arc<str>,
    pub(crate) part: Arc<str>,
}

#[derive(Debug, Clone)]
pub(crate) enum Part {
    Groups(Arc<Vec<u32>>),
    Cells(Arc<Cells>),
    Keys(Arc<Vec<Digest>>),
    State(Arc<State>),
}

impl Part {
    /// Memory in bytes.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Groups(groups) => size_of_val(groups.as_slice()),
            Self::Cells(cells) => cells.size(),
            Self::Keys(keys) => size_of_val(keys.as_slice()),
            Self::State(state) => state.size(),
        }
    }
}

/// Weighs what is kept by its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Bytes;

impl Weighter<Key, Part> for Bytes {
    fn weight(&self, _: &Key, part: &Part) -> u64 {
        (part.size() + 256) as u64
    }
}
