//! Errors of the metrics service, as a caller of reporting reads them.

use uplift_core::error::{Error, ErrorKind};

pub(crate) fn upstream(error: Error) -> Error {
    let message = match error.kind {
        ErrorKind::Unavailable => "the metrics service cannot be reached; see whether it runs".to_owned(),
        _ => format!("the metrics service answered: {}", error.message),
    };
    Error { message, ..error }
}
