//! What the records of one source left.

use std::sync::Arc;

use datafusion::execution::memory_pool::MemoryReservation;

use crate::cells::Cells;
use crate::groups::Groups;
use crate::pass::Passed;
use crate::state::State;

/// What one source left: its groups and cells, and a state for each aggregate of the program.
#[derive(Debug)]
pub(crate) struct Partial {
    pub(crate) groups: Arc<Groups>,
    pub(crate) cells: Option<Arc<Cells>>,
    pub(crate) states: Vec<Arc<State>>,
    /// Held as long as the states are merged; none for states that were kept, which have a limit of their own.
    pub(crate) _memory: Option<MemoryReservation>,
}

impl From<Passed> for Partial {
    fn from(passed: Passed) -> Self {
        Self {
            groups: Arc::new(passed.groups),
            cells: passed.cells.map(Arc::new),
            states: passed.states.into_iter().map(Arc::new).collect(),
            _memory: Some(passed.memory),
        }
    }
}
