//! The one map between errors and gRPC statuses, both ways.

use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation as WireViolation, StatusExt};
use uplift_core::chinese::chinese_error;
use uplift_core::error::{Error, ErrorKind, FieldViolation};
use uplift_core::rejection::shortened;

/// Bytes of the violations of one status. It travels in headers, of which an ordinary client reads 8 KiB:
/// the details as base64, and the message percent-encoded, up to three bytes for each.
const MAX_DETAILS: usize = 3_000;
/// Characters of one description, and of a path.
const MAX_DESCRIPTION: usize = 300;
const MAX_PATH: usize = 200;
/// Bytes of its text.
const MAX_TEXT: usize = 600;

/// What is said of a fault of ours.
const INTERNAL: &str = "the server failed; its log has the cause under the x-request-id of this answer";

/// The status that a caller sees, with its message in Chinese beside the English one. The cause, if there is one, goes to the log and no further.
pub fn to_status(error: Error) -> Status {
    let mut details = ErrorDetails::new();
    let code = match error.kind {
        ErrorKind::InvalidArgument => Code::InvalidArgument,
        ErrorKind::NotFound => Code::NotFound,
        ErrorKind::AlreadyExists => Code::AlreadyExists,
        ErrorKind::Unauthenticated => Code::Unauthenticated,
        ErrorKind::PermissionDenied => Code::PermissionDenied,
        ErrorKind::FailedPrecondition | ErrorKind::NotComputable => Code::FailedPrecondition,
        ErrorKind::Aborted => Code::Aborted,
        ErrorKind::ResourceExhausted => Code::ResourceExhausted,
        ErrorKind::Unavailable => Code::Unavailable,
        ErrorKind::DataLoss => Code::DataLoss,
        ErrorKind::Internal => Code::Internal,
    };
    if matches!(error.kind, ErrorKind::Aborted | ErrorKind::ResourceExhausted) {
        details.set_retry_info(Some(Duration::from_secs(1)));
    }
    if !error.violations.is_empty() {
        details.set_bad_request(first_violations(&error.violations));
    }
    let chinese = match error.kind {
        ErrorKind::Internal => uplift_core::chinese::chinese(INTERNAL),
        _ => Some(chinese_error(&error)).filter(|chinese| *chinese != error.message),
    };
    if let Some(chinese) = chinese {
        details.set_localized_message("zh-CN", cut(&chinese, MAX_TEXT));
    }
    let message = match (error.kind, error.source) {
        (ErrorKind::Internal, source) => {
            tracing::error!(cause = ?source, "{}", error.message);
            INTERNAL.to_owned()
        }
        (_, Some(source)) => {
            tracing::warn!(cause = ?source, "{}", error.message);
            error.message
        }
        (_, None) => error.message,
    };
    Status::with_error_details(code, cut(&message, MAX_TEXT), details)
}

/// The first violations, as many as headers have room for, and how many more there are.
fn first_violations(all: &[FieldViolation]) -> Vec<WireViolation> {
    let mut room = MAX_DETAILS;
    let mut first = Vec::new();
    for violation in all {
        let path = shortened(&violation.field, MAX_PATH).into_owned();
        let description = shortened(&violation.description, MAX_DESCRIPTION).into_owned();
        let Some(left) = room.checked_sub(path.len() + description.len() + 8) else {
            let more =
                format!("and {} more; correct these, and send the request again", all.len() - first.len());
            first.push(WireViolation::new("", more));
            break;
        };
        room = left;
        first.push(WireViolation::new(path, description));
    }
    first
}

/// A text cut to a number of bytes.
fn cut(text: &str, bytes: usize) -> String {
    match text.len() <= bytes {
        true => text.to_owned(),
        false => format!("{}…", &text[..text.floor_char_boundary(bytes)]),
    }
}

/// Bytes of the largest message, in both directions.
pub const MAX_MESSAGE: usize = 32 << 20;

/// What a caller is told who sent a larger message.
pub fn too_large() -> Error {
    let message = format!(
        "is larger than {} MiB, the most that one message may have; send its rows in several, or as a file with UploadFile",
        MAX_MESSAGE >> 20
    );
    Error::invalid_field("request", message)
}

/// The error behind a status that a client received.
pub fn from_status(status: &Status) -> Error {
    // A status that a service sent has no source: this one was made here, because no answer came.
    if std::error::Error::source(status).is_some() {
        let message = "the service did not answer, or the connection to it was lost; try again: what was committed \
                       is not committed twice";
        return Error {
            source: Some(status.message().into()),
            ..Error::new(ErrorKind::Unavailable, message)
        };
    }
    let kind = match status.code() {
        // The library says so of a message that is too large; no call of ours does.
        Code::OutOfRange => return too_large(),
        Code::InvalidArgument => ErrorKind::InvalidArgument,
        Code::NotFound | Code::Unimplemented => ErrorKind::NotFound,
        Code::AlreadyExists => ErrorKind::AlreadyExists,
        Code::Unauthenticated => ErrorKind::Unauthenticated,
        Code::PermissionDenied => ErrorKind::PermissionDenied,
        Code::FailedPrecondition => ErrorKind::FailedPrecondition,
        Code::Aborted | Code::Cancelled => ErrorKind::Aborted,
        Code::ResourceExhausted => ErrorKind::ResourceExhausted,
        Code::Unavailable | Code::DeadlineExceeded => ErrorKind::Unavailable,
        Code::DataLoss => ErrorKind::DataLoss,
        Code::Ok | Code::Unknown | Code::Internal => ErrorKind::Internal,
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
    fn the_details_of_any_error_fit_into_headers() {
        let long = "贫".repeat(5_000);
        let many: Vec<_> =
            (0..500).map(|n| FieldViolation::new(format!("rows[{n}].{long}"), &long)).collect();
        let few =
            (0..50).map(|n| FieldViolation::new(format!("rows.flows[{n}].kind"), "is required")).collect();
        for violations in [many, few] {
            let count = violations.len();
            let status = to_status(Error::invalid(violations));
            let mut headers = tonic::codegen::http::HeaderMap::new();
            status.add_header(&mut headers).unwrap();
            let size: usize =
                headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum();
            assert!(size < 8 << 10, "{size} bytes");
            let told = from_status(&status).violations;
            let more = told.last().unwrap();
            assert!(told.len() == count || more.description.starts_with("and "), "{more:?}");
        }
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
