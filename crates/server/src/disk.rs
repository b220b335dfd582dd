//! The disk below a node: a data folder that only its owner can read, and a look every few seconds at whether it
//! can be written.

use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::Mode;
use uplift_core::error::{Error, ErrorKind, Result};

/// How often the disk is looked at.
const INTERVAL: Duration = Duration::from_secs(2);

/// What is written to see whether writing works: as much as a small commit needs.
static PROBE: [u8; 64 << 10] = [0; 64 << 10];

/// Makes the data folder if need be, and every file that this process makes from now on, its owner's alone:
/// records of people are in them.
pub(crate) fn private_folder(folder: &Path) -> Result<()> {
    private_files();
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|e| {
        let message = format!("cannot use {} as a data folder: {e}", folder.display());
        Error::new(ErrorKind::FailedPrecondition, message)
    })?;
    // A folder that another user owns, as a volume that is mounted, keeps the permissions that it was given.
    if let Err(e) = fs::set_permissions(folder, Permissions::from_mode(0o700)) {
        tracing::warn!(folder = %folder.display(), cause = %e, "others may be able to read the data folder");
    }
    Ok(())
}

/// From now on, every file that this process makes is its owner's alone.
pub(crate) fn private_files() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// Whether a folder can be written, asked again and again.
pub(crate) struct DiskWatch {
    probe: PathBuf,
}

impl DiskWatch {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { probe: folder.join(".write-probe") }
    }

    /// Waits until the answer differs from `writable`, and returns it.
    pub(crate) async fn changed(&self, writable: bool) -> bool {
        loop {
            tokio::time::sleep(INTERVAL).await;
            let probe = self.probe.clone();
            let found = tokio::task::spawn_blocking(move || {
                let written = fs::write(&probe, PROBE.as_slice());
                let _ = fs::remove_file(&probe);
                written
            });
            let found = found.await.unwrap_or_else(|e| Err(std::io::Error::other(e)));
            match &found {
                Err(e) if writable => tracing::error!(cause = %e, "the data folder cannot be written"),
                Ok(()) if !writable => tracing::info!("the data folder can be written again"),
                _ => {}
            }
            if found.is_ok() != writable {
                return !writable;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_disk_that_cannot_be_written_is_seen_and_seen_again_when_it_can() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let watch = DiskWatch::new(&data);
        assert!(!watch.changed(true).await);
        private_folder(&data).unwrap();
        assert!(watch.changed(false).await);
        let mode = fs::metadata(&data).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        fs::write(data.join("file"), "x").unwrap();
        assert_eq!(fs::metadata(data.join("file")).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
