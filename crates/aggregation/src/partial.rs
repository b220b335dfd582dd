//! What the records of one source left.

use std::sync::Arc;

use datafusion::execution::memory_pool::MemoryReservation;

use crate::cells::Cells;
use crate::pass::Passed;
use crate::state::State;

/// What one source left: its groups and cells, and a state for each aggregate of the program.
#[derive(Debug)]
pub(crate) struct Partial {
    /// Number of the file; none where nothing is kept of the source.
    pub(crate) file: Option<u32>,
    /// The numbers of its groups in all sources.
    pub(crate) groups: Arc<Vec<u32>>,
    pub(crate) cells: Option<Arc<Cells>>,
    pub(crate) states: Vec<Arc<State>>,
    /// Held as long as the states are merged; none for states that were kept, which have a limit of their own.
    pub(crate) _memory: Option<MemoryReservation>,
}

impl Partial {
    /// The same states, as long as these are there.
    pub(crate) fn shared(&self) -> Self {
        let (groups, cells, states) = (self.groups.clone(), self.cells.clone(), self.states.clone());
        Self { file: self.file, groups, cells, states, _memory: None }
    }

    /// Memory of what it refers to in bytes.
    pub(crate) fn size(&self) -> usize {
        let cells = self.cells.as_ref().map_or(0, |cells| cells.size());
        let states = self.states.iter().map(|state| state.size()).sum::<usize>();
        size_of_val(self.groups.as_slice()) + cells + states
    }
}

impl From<Passed> for Partial {
    fn from(passed: Passed) -> Self {
        Self {
            file: None,
            groups: Arc::new(passed.groups),
            cells: passed.cells.map(Arc::new),
            states: passed.states.into_iter().map(Arc::new).collect(),
            _memory: Some(passed.memory),
        }
    }
}
