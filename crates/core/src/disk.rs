//! Folders, and errors of a disk that is full or cannot be written, in words that say what to do.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind};

/// The error of a disk that cannot be written, if an error comes from one.
pub fn unwritable(error: &(dyn std::error::Error + 'static)) -> Option<Error> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let message = match error.downcast_ref::<io::Error>().map(io::Error::kind) {
            Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
                return Some(Error::new(
                    ErrorKind::ResourceExhausted,
                    "the disk of the service is full; free space there and send it again, nothing of it was kept",
                ));
            }
            Some(io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied) => {
                "the data folder of the service cannot be written; make it writable and send it again"
            }
            _ => {
                cause = error.source();
                continue;
            }
        };
        return Some(Error::new(ErrorKind::FailedPrecondition, message));
    }
    None
}

/// The files of a folder and of the folders in it: their paths within it, with slashes, and where they are; in order.
pub fn files_of(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let (mut found, mut waiting) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                waiting.push(path);
            } else if let Ok(relative) = path.strip_prefix(folder) {
                let parts: Vec<_> = relative.components().map(|c| c.as_os_str().to_string_lossy()).collect();
                found.push((parts.join("/"), path.clone()));
            }
        }
    }
    found.sort();
    Ok(found)
}
