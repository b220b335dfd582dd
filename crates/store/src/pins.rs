//! Versions that are kept for ever because an answer named them: whoever has the answer may trace it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Name of the list beside the folder of tables: a table and a version on each line.
const FILE: &str = "pins.list";

/// Where the pins of a folder of tables are.
pub(crate) fn list_of_pins(root: &Path) -> PathBuf {
    root.parent().unwrap_or(root).join(FILE)
}

/// The pins of a folder of tables. Readers add to them, and the one that writes asks before it lets a version expire.
#[derive(Debug)]
pub(crate) struct Pins {
    path: PathBuf,
    /// Those that this process wrote or found: an answer mostly names the versions that the one before it named.
    known: Mutex<BTreeSet<(String, i64)>>,
}

impl Pins {
    pub(crate) fn new(root: &Path) -> Self {
        Self { path: list_of_pins(root), known: Mutex::default() }
    }

    /// Pins the version of each table.
    pub(crate) fn add(&self, versions: &BTreeMap<String, i64>) {
        let mut known = self.known.lock().unwrap_or_else(|e| e.into_inner());
        let new = versions.iter().map(|(table, version)| (table.clone(), *version));
        let new: Vec<_> = new.filter(|pin| pin.1 >= 0 && !known.contains(pin)).collect();
        if new.is_empty() {
            return;
        }
        // The break before a line ends one that a crash cut short.
        let lines: String = new.iter().map(|(table, version)| format!("\n{table} {version}")).collect();
        let written = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)
            .and_then(|mut list| list.write_all(lines.as_bytes()));
        match written {
            Ok(()) => known.extend(new),
            Err(error) => {
                tracing::warn!(cause = ?error, "the versions of an answer could not be pinned; they may expire");
            }
        }
    }

    /// The pinned versions of a table, those of other processes too.
    pub(crate) fn of(&self, table: &str) -> BTreeSet<u64> {
        let list = std::fs::read_to_string(&self.path).unwrap_or_default();
        let pins = list.lines().filter_map(|line| line.split_once(' '));
        pins.filter(|(name, _)| *name == table).filter_map(|(_, version)| version.parse().ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_of_several_processes_are_kept_once_each() {
        let folder = tempfile::tempdir().unwrap();
        let tables = folder.path().join("tables");
        let (one, other) = (Pins::new(&tables), Pins::new(&tables));
        let versions = |n| BTreeMap::from([("area".to_owned(), n), ("household".to_owned(), -1)]);
        for n in [3, 3, 5] {
            one.add(&versions(n));
            other.add(&versions(n + 1));
        }
        assert_eq!(Pins::new(&tables).of("area"), BTreeSet::from([3, 4, 5, 6]));
        assert!(one.of("household").is_empty());
        assert_eq!(std::fs::read_to_string(list_of_pins(&tables)).unwrap().lines().count(), 5);
    }
}
