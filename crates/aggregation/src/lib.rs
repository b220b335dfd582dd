//! Aggregates of records by area: computed once of every data file, kept, and merged.
//!
//! Owns the one pass over records, the states that it leaves, and how states become answers. Never knows what an
//! indicator, a period or a unit is, and never writes a table.

mod added_up;
mod addition;
mod answer;
mod batch;
mod cells;
mod chosen;
mod clusters;
mod computation;
mod estimates;
mod families;
mod file;
mod file_states;
mod groups;
mod kept;
mod kept_file;
mod kept_groups;
mod kept_parts;
mod key_column;
mod key_merge;
mod key_pass;
mod keys;
mod labels;
mod latest;
mod lower_sums;
mod merged;
mod names;
mod nodes;
mod order;
mod partial;
mod pass;
mod places;
mod program;
mod relevance;
mod runs;
mod saved;
mod source;
mod state;
mod two_years;

pub use addition::Addition;
pub use answer::{Answer, Group};
pub use computation::compute;
pub use kept::Kept;
pub use labels::TRUE;
pub use program::{Keys, Output, Program};
pub use source::{Files, Source};
