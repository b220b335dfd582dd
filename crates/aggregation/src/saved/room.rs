//! How much room saved files take, and which of them go where it is too much: those that nobody used for longest.

use std::fs::{DirEntry, read_dir, remove_file};
use std::io::Result;
use std::path::PathBuf;
use std::time::SystemTime;

#[derive(Debug)]
pub(crate) struct Room {
    folder: PathBuf,
    limit: u64,
    /// None before the folder was looked at.
    used: Option<u64>,
}

impl Room {
    pub(crate) fn new(folder: PathBuf, limit: u64) -> Self {
        Self { folder, limit, used: None }
    }

    /// Takes room for so many bytes more, which are there already.
    pub(crate) fn take(&mut self, more: u64) -> Result<()> {
        let used = match self.used {
            Some(used) => used + more,
            None => self.files()?.iter().map(|(_, length, _)| length).sum(),
        };
        self.used = Some(used);
        if used > self.limit { self.make_room(used) } else { Ok(()) }
    }

    /// Removes files until a quarter of the room is free.
    fn make_room(&mut self, mut used: u64) -> Result<()> {
        let mut files = self.files()?;
        files.sort_unstable_by_key(|(used_last, ..)| *used_last);
        for (_, length, file) in files {
            if used <= self.limit / 4 * 3 {
                break;
            }
            remove_file(file.path())?;
            used = used.saturating_sub(length);
        }
        self.used = Some(used);
        Ok(())
    }

    /// Files of states, when each was used last, and its length.
    fn files(&self) -> Result<Vec<(SystemTime, u64, DirEntry)>> {
        let mut files = Vec::new();
        for entry in read_dir(&self.folder)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if entry.file_name() != super::secret::NAME {
                files.push((metadata.modified()?, metadata.len(), entry));
            }
        }
        Ok(files)
    }
}
