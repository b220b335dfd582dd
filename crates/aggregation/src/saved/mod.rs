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
use std::sync::Arc;

use lz4_flex::block::{compress_prepend_size, decompress_size_prepended};
use quick_cache::sync::Cache;

use self::file::Index;
use self::names::{FileName, Name};
use self::room::Room;
use self::writer::{Computing, Content, Job, Writer};

/// What the code that computes is made of: its sources, those of what it is built with, and for which machine.
const BUILD: &str = env!("UPLIFT_BUILD");

/// Files whose parts are known, about.
const ABOUT_INDEXES: usize = 20_000;

/// A folder of files of states.
#[derive(Debug)]
pub(crate) struct Saved {
    folder: Arc<Folder>,
    writer: Writer,
    /// What keys are made into digests with.
    pub(crate) secret: [u8; 16],
}

#[derive(Debug)]
struct Folder {
    path: PathBuf,
    indexes: Cache<FileName, Arc<Index>>,
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
        let folder = Arc::new(Folder { path, indexes: Cache::new(ABOUT_INDEXES) });
        let mut room = Room::open(&folder.path, tables, limit)?;
        let of_writer = folder.clone();
        let writer = Writer::start(move |job| {
            if let Err(cause) = of_writer.append(job).and_then(|more| room.take(more)) {
                tracing::warn!(%cause, "what was computed cannot be saved: it is computed again after a restart");
            }
        })?;
        Ok(Self { folder, writer, secret })
    }

    /// A part of a file; none that is not there.
    pub(crate) fn read(&self, file: &FileName, part: &Name) -> Option<Vec<u8>> {
        let compressed = self.folder.part(file, part).unwrap_or_else(|cause| {
            tracing::warn!(%cause, "what was saved cannot be read: it is computed again");
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
    fn part(&self, file: &FileName, part: &Name) -> Result<Option<Vec<u8>>> {
        let path = self.path.join(file.as_str());
        let index = self.indexes.get_or_insert_with(file, || Index::read(&path, file).map(Arc::new))?;
        let content = index.part(&path, part)?;
        if content.is_none() && index.has(part) {
            // It is not what it was.
            self.indexes.remove(file);
        }
        Ok(content)
    }

    /// Appends those parts of a job that are not there, and tells how many bytes there are more.
    fn append(&self, job: Job) -> Result<u64> {
        let path = self.path.join(job.file.as_str());
        let index = Index::read(&path, &job.file)?;
        let missing = job.parts.into_iter().filter(|(name, _)| !index.has(name));
        let parts: Vec<(Name, Vec<u8>)> =
            missing.filter_map(|(name, content)| Some((name, compress_prepend_size(&content()?)))).collect();
        if parts.is_empty() {
            return Ok(0);
        }
        let more = index.append(&path, &parts)?;
        self.indexes.remove(&job.file);
        Ok(more)
    }
}
