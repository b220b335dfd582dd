//! What was computed, on disk, so that a service that is started anew does not compute it again.
//!
//! Everything here may be deleted at any time, and is made again. What another build computed is not read: its folder has
//! another name.

mod file;
pub(crate) mod names;
pub(crate) mod reader;
mod room;
pub(crate) mod secret;
pub(crate) mod writer;

use std::fs::{create_dir_all, read_dir, remove_dir_all};
use std::io::Result;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lz4_flex::block::{compress_prepend_size, decompress_size_prepended};
use quick_cache::sync::Cache;

use self::file::Index;
use self::names::{FileName, Name};
use self::room::Room;
use self::secret::Secret;
use self::writer::{Computing, Content, Job, Writer};

/// What the code that computes is made of: its sources, those of what it is built with, and for which machine.
const BUILD: &str = env!("UPLIFT_BUILD");

/// How often it is told that something is wrong.
const WARN_EVERY: Duration = Duration::from_secs(60);

/// Files whose parts are known, about.
const ABOUT_INDEXES: usize = 20_000;

/// A folder of files of states.
#[derive(Debug)]
pub(crate) struct Saved {
    folder: Arc<Folder>,
    writer: Writer,
    /// What keys are made into digests with.
    pub(crate) secret: Secret,
}

#[derive(Debug)]
struct Folder {
    path: PathBuf,
    indexes: Cache<FileName, Arc<Index>>,
    /// When it was last told that something is wrong.
    warned: Mutex<Option<Instant>>,
}

impl Saved {
    /// Opens a folder for about so many bytes, of what is computed of data files of tables.
    pub(crate) fn open(root: &Path, tables: &Path, limit: u64) -> Result<Self> {
        let path = root.join(BUILD);
        create_dir_all(&path)?;
        // Another build has a name of the same kind.
        let is_other = |name: &str| {
            name != BUILD && name.len() == BUILD.len() && name.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        for other in
            read_dir(root)?.flatten().filter(|other| other.file_name().to_str().is_some_and(is_other))
        {
            let _ = remove_dir_all(other.path());
        }
        let secret = secret::of_folder(&path)?;
        let folder = Arc::new(Folder { path, indexes: Cache::new(ABOUT_INDEXES), warned: Mutex::default() });
        let mut room = Room::open(&folder.path, tables, limit)?;
        let of_writer = folder.clone();
        let writer = Writer::start(move |job| {
            let path = of_writer.path.join(job.file.as_str());
            if let Err(cause) = of_writer.append(&path, job, &secret).and_then(|more| room.take(more)) {
                of_writer.warn(
                    &path,
                    &cause,
                    "what was computed is not saved, and is computed again after a restart",
                );
            }
        })?;
        Ok(Self { folder, writer, secret })
    }

    /// A part of a file; none that is not there.
    pub(crate) fn read(&self, file: &FileName, part: &Name) -> Option<Vec<u8>> {
        let path = self.folder.path.join(file.as_str());
        let compressed = self.folder.part(&path, file, part).unwrap_or_else(|cause| {
            self.folder.warn(
                &path,
                &cause,
                "what was saved is not whole and cannot be removed, and is computed again",
            );
            None
        });
        decompress_size_prepended(&compressed?).ok()
    }

    /// Saves parts later.
    pub(crate) fn write(&self, file: FileName, parts: Vec<(Name, Content)>, size: usize) {
        if !parts.is_empty() {
            self.writer.push(Job { file, parts, size });
        }
    }

    /// Nothing is written while something is computed, if it can wait.
    pub(crate) fn computing(&self) -> Computing {
        self.writer.computing()
    }
}

impl Folder {
    fn part(&self, path: &Path, file: &FileName, part: &Name) -> Result<Option<Vec<u8>>> {
        let index = self.indexes.get_or_insert_with(file, || Index::read(path, file).map(Arc::new))?;
        let content = index.part(path, part)?;
        if content.is_none() && index.has(part) {
            // It is not what it was.
            self.indexes.remove(file);
        }
        Ok(content)
    }

    /// Appends those parts of a job that are not there, and tells how many bytes there are more.
    fn append(&self, path: &Path, job: Job, secret: &Secret) -> Result<u64> {
        if !self.path.is_dir() {
            // Somebody deleted it, as they may.
            create_dir_all(&self.path)?;
            secret::put(&self.path, secret)?;
        }
        let index = Index::read(path, &job.file)?;
        let missing = job.parts.into_iter().filter(|(name, _)| !index.has(name));
        let parts: Vec<(Name, Vec<u8>)> =
            missing.filter_map(|(name, content)| Some((name, compress_prepend_size(&content()?)))).collect();
        if parts.is_empty() {
            return Ok(0);
        }
        let more = index.append(path, &parts)?;
        self.indexes.remove(&job.file);
        Ok(more)
    }

    /// Tells what is wrong with a file, once a minute: it mostly is with all of them.
    fn warn(&self, file: &Path, cause: &std::io::Error, what: &str) {
        let mut warned = self.warned.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if warned.is_none_or(|last| last.elapsed() > WARN_EVERY) {
            *warned = Some(Instant::now());
            tracing::warn!(file = %file.display(), %cause, "{what}; the cache may be deleted");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::names::name;
    use super::*;

    fn part(n: u8) -> (Name, Content) {
        (name([[n].as_slice()]), Box::new(move || Some(vec![n; 1000])))
    }

    #[test]
    fn what_is_saved_is_read_and_a_deleted_folder_is_made_again() {
        let made = tempfile::tempdir().unwrap();
        let [root, tables] = ["cache", "tables"].map(|name| made.path().join(name));
        std::fs::create_dir(&tables).unwrap();
        let file = FileName::of_answer(&name([b"question".as_slice()]));
        let open = || Saved::open(&root, &tables, 1 << 20).unwrap();
        let read = |saved: &Saved| [1, 2, 3].map(|n| saved.read(&file, &part(n).0).map(|read| read[999]));
        let saved = open();
        let secret = saved.secret;
        assert_eq!(read(&saved), [None; 3]);
        saved.write(file.clone(), vec![part(1)], 0);
        drop(saved);
        let saved = open();
        assert_eq!((read(&saved), saved.secret), ([Some(1), None, None], secret));
        saved.write(file.clone(), vec![part(1), part(2)], 0);
        drop(saved);
        let saved = open();
        assert_eq!(read(&saved), [Some(1), Some(2), None]);
        remove_dir_all(&root).unwrap();
        assert_eq!(read(&saved), [None; 3]);
        saved.write(file.clone(), vec![part(3)], 0);
        drop(saved);
        let saved = open();
        assert_eq!((read(&saved), saved.secret), ([None, None, Some(3)], secret));
        // A folder in the place of a file is no file, and is gone at the next start.
        let path = saved.folder.path.join(file.as_str());
        std::fs::remove_file(&path).unwrap();
        create_dir_all(&path).unwrap();
        assert_eq!(read(&saved), [None; 3]);
        saved.write(file.clone(), vec![part(1)], 0);
        drop(saved);
        let saved = open();
        assert!(!path.exists());
        saved.write(file.clone(), vec![part(1)], 0);
        drop(saved);
        assert_eq!(read(&open()), [Some(1), None, None]);
    }
}
