//! Errors of a disk that is full or cannot be written, in words that say what to do.

use std::io;

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
