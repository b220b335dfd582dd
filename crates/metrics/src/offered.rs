//! The catalogue as it stands now: an office's own declarations count as soon as they are saved.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use uplift_core::error::Result;

use crate::catalogue::Catalogue;

/// The indicators on offer.
#[derive(Debug)]
pub struct Offered {
    folder: Option<PathBuf>,
    built_in: Catalogue,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    catalogue: Arc<Catalogue>,
    problems: Vec<String>,
    seen: Seen,
}

/// What tells one state of the folder from another: names, times and sizes of its files.
type Seen = Vec<(PathBuf, Option<SystemTime>, u64)>;

impl Offered {
    /// Ours, and those of a folder. A fault in the folder is told and does not stop the service.
    pub fn new(folder: Option<PathBuf>) -> Result<Self> {
        let built_in = Catalogue::built_in()?;
        // An empty folder is what has been seen: the first question finds what is there.
        let catalogue = Arc::new(built_in.clone());
        let state = State { catalogue, problems: Vec::new(), seen: Seen::new() };
        Ok(Self { folder, built_in, state: Mutex::new(state) })
    }

    /// The catalogue, and what is wrong with declarations that do not count.
    pub fn now(&self) -> (Arc<Catalogue>, Vec<String>) {
        let mut state = self.state.lock().unwrap_or_else(|e| e.into_inner());
        let seen = self.look();
        if let Some(folder) = self.folder.as_deref().filter(|_| seen != state.seen) {
            match self.built_in.with_folder(folder) {
                Ok(catalogue) => {
                    state.catalogue = Arc::new(catalogue);
                    state.problems.clear();
                }
                Err(error) => {
                    let said = error.violations.iter().map(|v| format!("{}: {}", v.field, v.description));
                    state.problems = said.collect();
                    if state.problems.is_empty() {
                        state.problems.push(error.message);
                    }
                    tracing::warn!(problems = ?state.problems, "declared indicators do not count");
                }
            }
            state.seen = seen;
        }
        (state.catalogue.clone(), state.problems.clone())
    }

    fn look(&self) -> Seen {
        let Some(entries) = self.folder.as_ref().and_then(|f| std::fs::read_dir(f).ok()) else {
            return Seen::new();
        };
        let file = |entry: std::fs::DirEntry| {
            let about = entry.metadata().ok()?;
            Some((entry.path(), about.modified().ok(), about.len()))
        };
        let mut seen: Seen = entries.filter_map(|e| file(e.ok()?)).collect();
        seen.sort();
        seen
    }
}
