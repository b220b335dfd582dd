//! How much room saved files take, and which of them go.

use std::collections::HashSet;
use std::fs::{DirEntry, read_dir, remove_dir_all, remove_file};
use std::io::Result;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::names::{ANSWER, of_data_file};
use super::secret::SECRET;

/// How often it is seen which data files are gone.
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);
/// Answers that nobody asked for as long go.
const LAST_OF_ANSWERS: Duration = Duration::from_secs(7 * 24 * 60 * 60);

#[derive(Debug)]
pub(crate) struct Room {
    folder: PathBuf,
    /// Folder of the tables.
    tables: PathBuf,
    limit: u64,
    used: u64,
    swept: Instant,
}

/// A file, its length, and when it was used last.
struct Used {
    last: SystemTime,
    length: u64,
    file: DirEntry,
}

impl Room {
    pub(crate) fn open(folder: &Path, tables: &Path, limit: u64) -> Result<Self> {
        let (folder, tables) = (folder.to_owned(), tables.to_owned());
        let mut room = Self { folder, tables, limit, used: 0, swept: Instant::now() };
        room.sweep()?;
        Ok(room)
    }

    /// Takes room for so many bytes more, which are there already.
    pub(crate) fn take(&mut self, more: u64) -> Result<()> {
        self.used += more;
        if self.used > self.limit || self.swept.elapsed() > SWEEP_EVERY { self.sweep() } else { Ok(()) }
    }

    /// Removes what is of data files that are gone, so that nothing of a record outlives it here, and answers that nobody
    /// asks for; and of the others those that were used longest ago, until a quarter of the room is free.
    fn sweep(&mut self) -> Result<()> {
        self.swept = Instant::now();
        let mut data_files = HashSet::new();
        add_data_files(&self.tables, &mut data_files)?;
        let is_over = |used: &Used| match used.file.file_name().to_string_lossy().split_once('-') {
            Some((ANSWER, _)) => used.last.elapsed().is_ok_and(|since| since > LAST_OF_ANSWERS),
            Some((data_file, _)) => !data_files.contains(data_file),
            None => true,
        };
        let (over, mut files): (Vec<_>, Vec<_>) = self.files()?.into_iter().partition(is_over);
        for gone in over {
            remove_file(gone.file.path())?;
        }
        self.used = files.iter().map(|used| used.length).sum();
        if self.used <= self.limit {
            return Ok(());
        }
        files.sort_unstable_by_key(|used| used.last);
        for Used { length, file, .. } in files {
            if self.used <= self.limit / 4 * 3 {
                break;
            }
            remove_file(file.path())?;
            self.used = self.used.saturating_sub(length);
        }
        Ok(())
    }

    /// All files but the secret. What is not a file is removed.
    fn files(&self) -> Result<Vec<Used>> {
        let mut files = Vec::new();
        for entry in read_dir(&self.folder)? {
            let file = entry?;
            let kind = file.file_type()?;
            if kind.is_dir() {
                remove_dir_all(file.path())?;
            } else if !kind.is_file() {
                remove_file(file.path())?;
            } else if file.file_name() != SECRET {
                let metadata = file.metadata()?;
                files.push(Used { last: metadata.modified()?, length: metadata.len(), file });
            }
        }
        Ok(files)
    }
}

/// What names of states of all data files below a folder begin with.
fn add_data_files(folder: &Path, all: &mut HashSet<String>) -> Result<()> {
    for entry in read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            add_data_files(&entry.path(), all)?;
        } else if let Some(name) = entry.file_name().to_str().filter(|name| name.ends_with(".parquet")) {
            all.insert(of_data_file(name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::{File, create_dir, write};

    use super::*;

    #[test]
    fn what_is_of_no_data_file_goes_and_then_what_was_used_longest_ago() {
        let made = tempfile::tempdir().unwrap();
        let (folder, tables) = (made.path().join("cache"), made.path().join("tables"));
        for folder in [&folder, &tables, &tables.join("year=2011")] {
            create_dir(folder).unwrap();
        }
        let save = |name: &str, days: u64| {
            write(folder.join(name), [0; 100]).unwrap();
            let last = SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60);
            File::open(folder.join(name)).unwrap().set_modified(last).unwrap();
        };
        let names = || -> Vec<String> {
            let mut names: Vec<_> =
                read_dir(&folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        };
        write(tables.join("year=2011/a.parquet"), "").unwrap();
        let [live, gone] =
            ["year=2011/a.parquet", "b.parquet"].map(|file| format!("{}-0", of_data_file(file)));
        save(&live, 90);
        save(&gone, 0);
        save("answer-1", 6);
        save("answer-2", 8);
        save(SECRET, 90);
        create_dir(folder.join("answer-6")).unwrap();
        let mut room = Room::open(&folder, &tables, 400).unwrap();
        let mut left = vec![live.clone(), "answer-1".to_owned(), SECRET.to_owned()];
        left.sort();
        assert_eq!(names(), left);
        save("answer-3", 1);
        save("answer-4", 2);
        room.take(200).unwrap();
        assert_eq!(names().len(), 5, "there is room for four");
        save("answer-5", 0);
        room.take(100).unwrap();
        assert_eq!(names(), ["answer-3", "answer-4", "answer-5", SECRET]);
        room.take(100).unwrap();
        assert_eq!(names().len(), 4);
    }
}
