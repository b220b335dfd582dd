//! A file that a command saves.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use uplift_core::error::{Error, ErrorKind, Result};

/// The same for a file with records of people: its owner's alone.
pub(crate) fn save_private(path: &Path, content: &[u8]) -> Result<()> {
    save(path, content)?;
    // The permissions of a file that was there already are its owner's choice, and stay.
    let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600));
    Ok(())
}

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
