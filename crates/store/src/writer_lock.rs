//! The lock of the one process that writes. The system gives it back when the process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use uplift_core::error::{Error, ErrorKind, Result};

/// Name of the file that is locked, beside the folder of tables, where nothing is but tables.
const FILE: &str = "writer.lock";

/// How long a writer that is about to end is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// Held by the process that writes the tables of a folder.
#[derive(Debug)]
pub struct WriterLock {
    _file: File,
}

impl WriterLock {
    /// Takes the lock of a folder, or says who holds it.
    pub(crate) async fn take(folder: &Path) -> Result<Self> {
        let path = folder.parent().unwrap_or(folder).join(FILE);
        let unusable = |e: std::io::Error| {
            let message = format!("cannot lock {}: {e}", path.display());
            Error::new(ErrorKind::FailedPrecondition, message)
        };
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).open(&path).map_err(unusable)?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(e)) => return Err(unusable(e)),
                Err(TryLockError::WouldBlock) if began.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    let _ = file.read_to_string(&mut holder);
                    let message = format!(
                        "{} is written by {}; stop that ingest, or choose another folder with --data-dir",
                        folder.display(),
                        if holder.is_empty() { "another process" } else { holder.trim() },
                    );
                    return Err(Error::new(ErrorKind::FailedPrecondition, message));
                }
            }
        }
        let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
        let started = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ");
        let holder = format!("process {} on {} since {started}", std::process::id(), host.trim());
        // Who holds it is for people; the lock holds without it.
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(holder.as_bytes()));
        Ok(Self { _file: file })
    }
}
