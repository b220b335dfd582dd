//! Errors and instants of the metrics service, as reporting reads them.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use uplift_core::error::{Error, ErrorKind};

pub(crate) fn upstream(error: Error) -> Error {
    let message = match error.kind {
        ErrorKind::Unavailable => "the metrics service cannot be reached; see whether it runs".to_owned(),
        _ => format!("the metrics service answered: {}", error.message),
    };
    Error { message, ..error }
}

/// An instant; none if it is beyond all calendars.
pub(crate) fn instant(time: prost_types::Timestamp) -> Option<DateTime<Utc>> {
    SystemTime::try_from(time).ok().map(DateTime::from)
}
