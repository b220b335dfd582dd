//! The one map between errors and gRPC statuses, both ways.

use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation as WireViolation, StatusExt};
use uplift_core::error::{Error, ErrorKind, FieldViolation};

/// Field violations in one status: headers are limited in size, and people read few.
const MAX_VIOLATIONS: usize = 20;

/// The status that a caller sees. The cause, if there is one, goes to the log and no further.
pub fn to_status(error: Error) -> Status {
    let mut details = ErrorDetails::new();
    let code = match error.kind {
        ErrorKind::InvalidArgument => Code::InvalidArgument,
        ErrorKind::NotFound => Code::NotFound,
        ErrorKind::AlreadyExists => Code::AlreadyExists,
        ErrorKind::Unauthenticated => Code::Unauthenticated,
        ErrorKind::PermissionDenied => Code::PermissionDenied,
        ErrorKind::FailedPrecondition => Code::FailedPrecondition,
        ErrorKind::Aborted => Code::Aborted,
        ErrorKind::ResourceExhausted => Code::ResourceExhausted,
        ErrorKind::Unavailable => Code::Unavailable,
        ErrorKind::Internal => Code::Internal,
    };
    if matches!(error.kind, ErrorKind::Aborted | ErrorKind::ResourceExhausted) {
        details.set_retry_info(Some(Duration::from_secs(1)));
    }
    if !error.violations.is_empty() {
        let violations = error.violations.iter().take(MAX_VIOLATIONS);
        details.set_bad_request(
            violations
                .map(|v| WireViolation::new(v.field.as_str(), v.description.as_str()))
                .collect::<Vec<_>>(),
        );
    }
    let message = match (error.kind, error.source) {
        (ErrorKind::Internal, source) => {
            tracing::error!(cause = ?source, "{}", error.message);
            "the server failed; its log has the cause under the x-request-id of this answer".to_owned()
        }
        (_, Some(source)) => {
            tracing::warn!(cause = ?source, "{}", error.message);
            error.message
        }
        (_, None) => error.message,
    };
    Status::with_error_details(code, message, details)
}

/// The error behind a status that a client received.
pub fn from_status(status: &Status) -> Error {
    let kind = match status.code() {
        Code::InvalidArgument | Code::OutOfRange => ErrorKind::InvalidArgument,
        Code::NotFound | Code::Unimplemented => ErrorKind::NotFound,
        Code::AlreadyExists => ErrorKind::AlreadyExists,
        Code::Unauthenticated => ErrorKind::Unauthenticated,
        Code::PermissionDenied => ErrorKind::PermissionDenied,
        Code::FailedPrecondition => ErrorKind::FailedPrecondition,
        Code::Aborted | Code::Cancelled => ErrorKind::Aborted,
        Code::ResourceExhausted => ErrorKind::ResourceExhausted,
        Code::Unavailable | Code::DeadlineExceeded => ErrorKind::Unavailable,
        Code::Ok | Code::Unknown | Code::Internal | Code::DataLoss => ErrorKind::Internal,
    };
    let violations = status.get_details_bad_request().map(|b| b.field_violations).unwrap_or_default();
    let violations = violations.into_iter().map(|v| FieldViolation::new(v.field, v.description)).collect();
    Error { violations, ..Error::new(kind, status.message()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violations_survive_the_wire() {
        let sent = vec![
            FieldViolation::new("rows.statements[3].printed", "is empty; write the figure as printed"),
            FieldViolation::new("header.period", "is not a period"),
        ];
        let status = to_status(Error::invalid(sent.clone()));
        assert_eq!(status.code(), Code::InvalidArgument);
        let back = from_status(&status);
        assert_eq!((back.kind, back.violations), (ErrorKind::InvalidArgument, sent));
    }

    #[test]
    fn internals_stay_inside() {
        let status = to_status(Error::internal("reading the table", std::io::Error::other("/secret/path")));
        assert_eq!(status.code(), Code::Internal);
        assert!(!format!("{status:?}").contains("secret"));
    }

    #[test]
    fn a_lost_race_says_when_to_try_again() {
        let status = to_status(Error::new(ErrorKind::Aborted, "another commit was first"));
        assert!(status.get_details_retry_info().is_some());
    }
}
