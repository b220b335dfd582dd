//! The secret that keys are made into digests with: it lies beside what was computed with it.

use std::fs::{File, hard_link, read, remove_file, write};
use std::hash::{BuildHasher, RandomState};
use std::io::{Error, ErrorKind, Result};
use std::path::Path;
use std::process::id;

/// Sixteen bytes.
pub(crate) type Secret = [u8; 16];

/// Name of its file.
pub(crate) const SECRET: &str = "secret";

/// What nobody can know before.
pub(crate) fn new() -> Secret {
    let random = RandomState::new();
    let halves = [random.hash_one(0), random.hash_one(1)].map(u64::to_le_bytes);
    let mut secret = [0; 16];
    secret.copy_from_slice(halves.as_flattened());
    secret
}

/// The secret of a folder, which is made where there is none, or none that is whole: what was computed with another is
/// not found.
pub(crate) fn of_folder(folder: &Path) -> Result<Secret> {
    let path = folder.join(SECRET);
    match whole(&path)? {
        Some(secret) => Ok(secret),
        None => {
            put(folder, &new())?;
            let unreadable =
                || Error::new(ErrorKind::InvalidData, format!("{} is not whole", path.display()));
            whole(&path)?.ok_or_else(unreadable)
        }
    }
}

/// The secret in a file; none where there is no file, or one that was cut off, which is removed.
fn whole(path: &Path) -> Result<Option<Secret>> {
    let secret = match read(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        content => content?.try_into().ok(),
    };
    if secret.is_none() {
        remove_file(path)?;
    }
    Ok(secret)
}

/// Puts a secret into a folder: whole or not at all, and never in place of one that another process put there.
pub(crate) fn put(folder: &Path, secret: &Secret) -> Result<()> {
    let made = folder.join(format!("{SECRET}-{}", id()));
    write(&made, secret)?;
    File::open(&made)?.sync_all()?;
    let linked = hard_link(&made, folder.join(SECRET));
    remove_file(&made)?;
    match linked {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(e),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_and_one_that_was_cut_off_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let first = of_folder(folder.path()).unwrap();
        assert_eq!(of_folder(folder.path()).unwrap(), first);
        for length in 0..16 {
            write(folder.path().join(SECRET), &first[..length]).unwrap();
            let other = of_folder(folder.path()).unwrap();
            assert_ne!(other, first);
            assert_eq!(of_folder(folder.path()).unwrap(), other);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
