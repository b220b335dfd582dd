//! A file that a command saves.

use std::path::Path;

use uplift_core::error::{Error, ErrorKind, Result};

/// Writes a file; never through a link, which somebody else may have put there.
pub(crate) fn save(path: &Path, content: &[u8]) -> Result<()> {
    let refused = |reason: String| {
        Error::new(ErrorKind::FailedPrecondition, format!("cannot write {}: {reason}", path.display()))
    };
    if std::fs::symlink_metadata(path).is_ok_and(|about| about.is_symlink()) {
        return Err(refused("it is a link; name the file itself, or remove the link".to_owned()));
    }
    std::fs::write(path, content).map_err(|e| refused(e.to_string()))
}
