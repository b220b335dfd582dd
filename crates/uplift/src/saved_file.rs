//! A file that a command saves.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use uplift_core::error::{Error, ErrorKind, Result};

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
    let refused = |reason: String| {
        Error::new(ErrorKind::FailedPrecondition, format!("cannot write {}: {reason}", path.display()))
    };
    if std::fs::symlink_metadata(path).is_ok_and(|about| about.is_symlink()) {
        return Err(refused("it is a link; name the file itself, or remove the link".to_owned()));
    }
    let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path);
    opened.and_then(|mut file| file.write_all(content)).map_err(|e| refused(e.to_string()))
}
