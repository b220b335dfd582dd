//! The secret that keys are made into digests with: it lies beside what was computed with it.

use std::fs::{OpenOptions, hard_link, read, remove_file, write};
use std::hash::{BuildHasher, RandomState};
use std::io::{Error, ErrorKind, Result};
use std::path::Path;
use std::process::id;

/// Name of its file.
pub(crate) const SECRET: &str = "secret";

/// What nobody can know before.
pub(crate) fn new() -> [u8; 16] {
    let random = RandomState::new();
    let halves = [random.hash_one(0), random.hash_one(1)].map(u64::to_le_bytes);
    let mut secret = [0; 16];
    secret.copy_from_slice(halves.as_flattened());
    secret
}

/// The secret of a folder, which is made where there is none.
pub(crate) fn of_folder(folder: &Path) -> Result<[u8; 16]> {
    let path = folder.join(SECRET);
    if !path.exists() {
        // Whole or not at all, and never in place of one that another process made.
        let made = folder.join(format!("{SECRET}-{}", id()));
        write(&made, new())?;
        OpenOptions::new().write(true).open(&made)?.sync_all()?;
        let linked = hard_link(&made, &path);
        remove_file(&made)?;
        match linked {
            Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(e),
            _ => {}
        }
    }
    let secret = read(&path)?;
    match secret.try_into() {
        Ok(secret) => Ok(secret),
        Err(_) => {
            // It was cut off: what was computed with it is not found by another.
            remove_file(&path)?;
            Err(Error::new(
                ErrorKind::InvalidData,
                format!("{} was not whole, and is removed", path.display()),
            ))
        }
    }
}
