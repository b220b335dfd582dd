//! Digests of the files of each table's log: a text file that `sha256sum -c` reads in the folder of the table.

use std::collections::{BTreeMap, HashMap};
use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::Bound;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use object_store::path::Path;

use crate::expired::{self, Expired};

/// Name of the list in the folder of a table.
pub(crate) const FILE: &str = "_sha256sums";
pub(crate) const LOG: &str = "_delta_log";
/// Names of the tables that were made, a line each, beside their folder: a table that is gone is not one that
/// never was.
const TABLES: &str = "tables.list";

/// Entries in a row without a digest: a crash leaves one.
const MAX_UNLISTED: usize = 1_000;

/// Where the list of the tables of a folder is.
pub(crate) fn list_of_tables(root: &std::path::Path) -> PathBuf {
    root.parent().unwrap_or(root).join(TABLES)
}

/// The lists of all tables of a folder.
#[derive(Debug)]
pub(crate) struct Sums {
    root: PathBuf,
    tables: Mutex<HashMap<String, List>>,
}

/// The list of one table.
#[derive(Debug, Default)]
struct List {
    /// By the name of the file in the log.
    digests: BTreeMap<String, String>,
    /// Bytes of the list whose lines are complete and were read.
    read: u64,
    /// Its length and its place on the disk when it was last read: every query looks for the next version, and mostly
    /// nothing was added.
    length: u64,
    inode: u64,
    /// Versions that expired, and the length of their list when it was read.
    expired: Arc<Expired>,
    expired_length: u64,
}

impl Sums {
    /// The lists of a folder of tables.
    pub(crate) fn new(root: &std::path::Path) -> Self {
        Self { root: root.to_owned(), tables: Mutex::default() }
    }

    /// Whether the digest of a file is kept here: versions and checkpoints, which are written once.
    pub(crate) fn holds(location: &Path) -> bool {
        table_and_file(location).is_some_and(|(_, file)| file.starts_with(|c: char| c.is_ascii_digit()))
    }

    /// Remembers that a table was made, and begins its list.
    pub(crate) fn made(&self, table: &str) {
        if self.was_made(table) {
            return;
        }
        let append = |path: PathBuf, text: String| {
            OpenOptions::new().create(true).append(true).open(path)?.write_all(text.as_bytes())
        };
        let written = append(self.root.join(table).join(FILE), String::new())
            .and_then(|()| append(list_of_tables(&self.root), format!("{table}\n")));
        if let Err(error) = written {
            tracing::warn!(table, cause = ?error, "that a table was made could not be written");
        }
    }

    /// Whether a table was made, be it there or not.
    pub(crate) fn was_made(&self, table: &str) -> bool {
        self.made_tables().iter().any(|made| made == table)
    }

    /// Every table that was made.
    pub(crate) fn made_tables(&self) -> Vec<String> {
        let names = std::fs::read_to_string(list_of_tables(&self.root)).unwrap_or_default();
        names.lines().filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    /// Whether the list of a table that was made is there.
    pub(crate) fn is_listed(&self, table: &str) -> bool {
        !self.was_made(table) || self.root.join(table).join(FILE).is_file()
    }

    /// The digest of a log file; none if it is not known.
    pub(crate) fn get(&self, location: &Path) -> Option<String> {
        let (table, file) = table_and_file(location)?;
        let mut tables = self.tables();
        let list = tables.entry(table.clone()).or_default();
        if !list.digests.contains_key(&file) {
            // Another process may have written it since the list was read.
            list.read_on(&self.root.join(&table).join(FILE));
        }
        list.digests.get(&file).cloned()
    }

    /// The newest version of a table whose digest is known.
    pub(crate) fn newest_version(&self, table: &str) -> Option<u64> {
        let mut tables = self.tables();
        let list = tables.entry(table.to_owned()).or_default();
        list.read_on(&self.root.join(table).join(FILE));
        list.newest_version()
    }

    /// Names of the files that a table's log may have after a name, in order, and the first version that is not among
    /// them; none if the table has no list. An entry is named although its digest is not known: a crash may have come
    /// between the two.
    pub(crate) fn log_names(&self, table: &str, after: &str) -> Option<(Vec<String>, u64)> {
        let path = self.root.join(table).join(FILE);
        let mut tables = self.tables();
        let list = tables.entry(table.to_owned()).or_default();
        list.read_on(&path);
        if list.length == 0 && !path.is_file() {
            return None;
        }
        let first = after.get(..20).and_then(|digits| digits.parse().ok()).unwrap_or_default();
        list.read_expired(&self.root.join(table));
        let next = list.newest_version().map_or(0, |newest| newest.saturating_add(1));
        let later = (Bound::Excluded(after.to_owned()), Bound::Unbounded);
        let mut names: Vec<_> = list.digests.range(later).map(|(name, _)| name.clone()).collect();
        names.extend(list.unlisted(first).map(entry_name).filter(|name| name.as_str() > after));
        names.sort_unstable();
        Some((names, next.max(first)))
    }

    /// Versions of a table that expired.
    pub(crate) fn expired(&self, table: &str) -> Arc<Expired> {
        let mut tables = self.tables();
        let list = tables.entry(table.to_owned()).or_default();
        list.read_expired(&self.root.join(table));
        list.expired.clone()
    }

    /// Takes files that are no longer in the log off the list.
    pub(crate) fn remove(&self, table: &str, files: &[String]) -> std::io::Result<()> {
        let path = self.root.join(table).join(FILE);
        let mut tables = self.tables();
        let list = tables.entry(table.to_owned()).or_default();
        list.read_on(&path);
        files.iter().for_each(|file| drop(list.digests.remove(file)));
        let lines = list.digests.iter().map(|(file, digest)| format!("\n{digest}  {LOG}/{file}"));
        let new = path.with_extension("new");
        std::fs::write(&new, lines.collect::<String>())?;
        std::fs::rename(&new, &path)
    }

    /// The files of a table's log with a known digest.
    pub(crate) fn files(&self, table: &str) -> Vec<Path> {
        self.newest_version(table);
        let tables = self.tables();
        let files = tables.get(table).into_iter().flat_map(|list| list.digests.keys());
        files.map(|file| Path::from_iter([table, LOG, file])).collect()
    }

    /// Adds the digest of a file that was written. The file counts whether or not this succeeds: without
    /// a digest it is read unchecked.
    pub(crate) fn add(&self, location: &Path, digest: String) {
        let Some((table, file)) = table_and_file(location) else { return };
        let mut tables = self.tables();
        let path = self.root.join(&table).join(FILE);
        // The break before it ends a line that a crash or a full disk cut short.
        let line = format!("\n{digest}  {LOG}/{file}");
        let written = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .and_then(|mut list| list.write_all(line.as_bytes()));
        if let Err(error) = written {
            tracing::warn!(table, cause = ?error, "the digest of a log file could not be written");
        }
        tables.entry(table).or_default().digests.insert(file, digest);
    }

    fn tables(&self) -> MutexGuard<'_, HashMap<String, List>> {
        self.tables.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl List {
    /// Versions from one on that lie between those of the list, are not on it, and did not expire. They are few: what
    /// looks like many is a list that was damaged.
    fn unlisted(&self, first: u64) -> impl Iterator<Item = u64> {
        let listed = self.digests.keys().filter_map(|name| name.strip_suffix(".json")?.parse::<u64>().ok());
        let mut next = first;
        listed.filter(move |version| *version >= first).flat_map(move |version| {
            let gap = std::mem::replace(&mut next, version.saturating_add(1));
            let mut at = gap;
            let unlisted = std::iter::from_fn(move || {
                while let Some(run) = self.expired.run_of(at) {
                    at = *run.versions.end() + 1;
                }
                at += 1;
                (at <= version).then(|| at - 1)
            });
            unlisted.take(MAX_UNLISTED)
        })
    }

    fn read_expired(&mut self, folder: &std::path::Path) {
        let length = std::fs::metadata(folder.join(expired::FILE)).map_or(0, |m| m.len());
        if length != self.expired_length {
            (self.expired, self.expired_length) = (Arc::new(Expired::read(folder)), length);
        }
    }

    fn newest_version(&self) -> Option<u64> {
        self.digests.keys().rev().find_map(|name| name.strip_suffix(".json")?.parse().ok())
    }

    /// Reads what was added to the list since it was last read. Lines that are cut short are passed over.
    fn read_on(&mut self, path: &std::path::Path) {
        let (length, inode) = std::fs::metadata(path).map_or((0, 0), |m| (m.len(), m.ino()));
        // What was read counts although the list is gone.
        if inode == 0 || (length == self.length && inode == self.inode) {
            return;
        }
        if inode != self.inode {
            // Another list took its place.
            (self.read, self.inode) = (0, inode);
            self.digests.clear();
        }
        let Ok(mut list) = OpenOptions::new().read(true).open(path) else { return };
        let mut bytes = Vec::new();
        if list.seek(SeekFrom::Start(self.read)).and_then(|_| list.read_to_end(&mut bytes)).is_err() {
            return;
        }
        for line in bytes.split(|b| *b == b'\n') {
            let Some((digest, file)) = std::str::from_utf8(line).ok().and_then(|line| line.split_once("  "))
            else {
                continue;
            };
            if let Some(file) = file.strip_prefix(&format!("{LOG}/"))
                && digest.len() == 64
            {
                self.digests.insert(file.to_owned(), digest.to_owned());
            }
        }
        // The last line may still be written: it is read again once the list has grown.
        let last = bytes.iter().rposition(|b| *b == b'\n').unwrap_or_default();
        self.read += last as u64;
        self.length = length;
    }
}

/// The name of the entry of a version in the log.
pub(crate) fn entry_name(version: u64) -> String {
    format!("{version:020}.json")
}

/// The table and the name of a file in its log.
pub(crate) fn table_and_file(location: &Path) -> Option<(String, String)> {
    let parts: Vec<_> = location.parts().collect();
    let [table, log, file] = parts.as_slice() else { return None };
    (log.as_ref() == LOG).then(|| (table.as_ref().to_owned(), file.as_ref().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_process_adds_is_seen_and_a_line_cut_short_once_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("area")).unwrap();
        let file = |n: u64| Path::from_iter(["area", LOG, &format!("{n:020}.json")]);
        let (writes, reads) = (Sums::new(folder.path()), Sums::new(folder.path()));
        assert_eq!(reads.get(&file(0)), None);
        for n in 0..3 {
            writes.add(&file(n), format!("{n:064}"));
            assert_eq!(reads.get(&file(n)), Some(format!("{n:064}")));
            assert_eq!(reads.get(&file(n + 1)), None);
        }
        let append = |text: &str| {
            let mut list =
                OpenOptions::new().append(true).open(folder.path().join("area").join(FILE)).unwrap();
            list.write_all(text.as_bytes()).unwrap();
        };
        append(&format!("\n{:064}", 3));
        assert_eq!(reads.get(&file(3)), None);
        append(&format!("  {LOG}/{:020}.json", 3));
        assert_eq!(reads.get(&file(3)), Some(format!("{:064}", 3)));
        assert_eq!(reads.newest_version("area"), Some(3));
        // What is not listed is looked for between what is, and a damaged line makes nobody look for ever.
        append(&format!(
            "\n{:064}  {LOG}/{:020}.json\n{:064}  {LOG}/{:020}.json\n",
            6, 6, 7, 9_000_000_000_000_u64
        ));
        let (names, next) = reads.log_names("area", &format!("{:020}.json", 2)).unwrap();
        let versions: Vec<u64> =
            names.iter().map(|n| n.strip_suffix(".json").unwrap().parse().unwrap()).collect();
        assert_eq!(versions[..5], [3, 4, 5, 6, 7]);
        assert!(versions.len() < 2_000 && next == 9_000_000_000_001, "{} and {next}", versions.len());
    }
}
