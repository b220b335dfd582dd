//! The catalogue that is in force: an office's own declarations count as soon as they are saved.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use uplift_core::error::Result;

use super::catalogue::Catalogue;

/// The built-in catalogue and an office's folder of declarations, read again when it changes.
#[derive(Debug)]
pub(crate) struct LiveCatalogue {
    folder: Option<PathBuf>,
    built_in: Catalogue,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    catalogue: Arc<Catalogue>,
    problems: Vec<String>,
    /// The folder when it was read last.
    listing: Listing,
}

/// Files of the folder with their times and sizes: differs when the folder has changed.
type Listing = Vec<(PathBuf, Option<SystemTime>, u64)>;

impl LiveCatalogue {
    /// The built-in catalogue and a folder. An error in the folder is reported and does not stop the
    /// service.
    pub(crate) fn new(folder: Option<PathBuf>) -> Result<Self> {
        let built_in = Catalogue::built_in()?;
        // With an empty listing, the first query reads the folder.
        let catalogue = Arc::new(built_in.clone());
        let state = State { catalogue, problems: Vec::new(), listing: Listing::new() };
        Ok(Self { folder, built_in, state: Mutex::new(state) })
    }

    /// The declarations of a folder and no others, every version of each in a file of its own.
    pub(crate) fn only(folder: PathBuf) -> Result<Self> {
        let (catalogue, problems) = Catalogue::of_folder(&folder)?;
        let problems = problems.iter().map(|v| format!("{}: {}", v.field, v.description)).collect();
        let state = State { catalogue: Arc::new(catalogue), problems, listing: Listing::new() };
        Ok(Self { folder: None, built_in: Catalogue::default(), state: Mutex::new(state) })
    }

    /// The catalogue, and what is wrong with declarations that are not in force.
    pub(crate) fn current(&self) -> (Arc<Catalogue>, Vec<String>) {
        let mut state = self.state.lock().unwrap_or_else(|e| e.into_inner());
        let listing = self.list();
        if let Some(folder) = self.folder.as_deref().filter(|_| listing != state.listing) {
            match self.built_in.with_folder(folder) {
                Ok((catalogue, problems)) => {
                    state.catalogue = Arc::new(catalogue);
                    let problems = problems.iter().map(|v| format!("{}: {}", v.field, v.description));
                    state.problems = problems.collect();
                }
                Err(error) => state.problems = vec![error.message],
            }
            if !state.problems.is_empty() {
                tracing::warn!(problems = ?state.problems, "declared indicators were not loaded");
            }
            state.listing = listing;
        }
        (state.catalogue.clone(), state.problems.clone())
    }

    fn list(&self) -> Listing {
        let Some(entries) = self.folder.as_ref().and_then(|f| std::fs::read_dir(f).ok()) else {
            return Listing::new();
        };
        let file = |entry: std::fs::DirEntry| {
            let metadata = entry.metadata().ok()?;
            Some((entry.path(), metadata.modified().ok(), metadata.len()))
        };
        let mut listing: Listing = entries.filter_map(|e| file(e.ok()?)).collect();
        listing.sort();
        listing
    }
}
