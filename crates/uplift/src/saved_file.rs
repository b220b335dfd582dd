//! A file that a command saves.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use uplift_core::error::{Error, ErrorKind, Result};

/// A file that is written piece by piece, and takes its place when it is whole.
pub(crate) struct SavedFile {
    target: PathBuf,
    file: NamedTempFile,
}

impl SavedFile {
    pub(crate) fn create(target: &Path) -> Result<Self> {
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(|e| refused(target, e))?;
        Ok(Self { target: target.to_owned(), file })
    }

    pub(crate) fn write(&mut self, content: &[u8]) -> Result<()> {
        self.file.write_all(content).map_err(|e| refused(&self.target, e))
    }

    /// Puts it into its place, over a file that is there.
    pub(crate) fn keep(self) -> Result<()> {
        let kept = self.file.persist(&self.target);
        kept.map(drop).map_err(|e| refused(&self.target, e.error))
    }
}

fn refused(path: &Path, reason: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::FailedPrecondition, format!("cannot write {}: {reason}", path.display()))
}

/// Writes a file; never through a link, which somebody else may have put there.
pub(crate) fn save(path: &Path, content: &[u8]) -> Result<()> {
    save_with(path, content, 0o666)
}

/// The same for a file with records of people: its owner's alone, if it is new.
pub(crate) fn save_private(path: &Path, content: &[u8]) -> Result<()> {
    save_with(path, content, 0o600)
}

/// Writes a file; one that is made gets these permissions, less what the user's mask takes away.
fn save_with(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    if std::fs::symlink_metadata(path).is_ok_and(|about| about.is_symlink()) {
        return Err(refused(path, "it is a link; name the file itself, or remove the link"));
    }
    let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path);
    opened.and_then(|mut file| file.write_all(content)).map_err(|e| refused(path, e))
}
