//! The one error that crosses crates: a kind, a message for the caller, and what only the log sees.

use std::fmt;

/// What kind of error it is, as far as a caller must tell cases apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request is wrong whatever the state; the violations say where.
    InvalidArgument,
    /// What is named does not exist.
    NotFound,
    /// It exists already, with other content.
    AlreadyExists,
    /// The caller is not authenticated.
    Unauthenticated,
    /// The caller lacks the permission.
    PermissionDenied,
    /// The state forbids it now.
    FailedPrecondition,
    /// A race was lost; the same request may succeed.
    Aborted,
    /// A limit was reached; later, or smaller, it may succeed.
    ResourceExhausted,
    /// A service that it needs cannot be reached.
    Unavailable,
    /// What is stored is not what was committed.
    DataLoss,
    /// A value has no result, as where it divides by zero.
    NotComputable,
    /// An internal error; the log has its cause.
    Internal,
}

/// One field that is wrong: where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldViolation {
    /// Dotted path into the request, as `rows.statements[3].printed`.
    pub field: String,
    /// What is wrong and what to write instead.
    pub description: String,
}

impl FieldViolation {
    /// A violation of `field`.
    pub fn new(field: impl Into<String>, description: impl fmt::Display) -> Self {
        Self { field: field.into(), description: description.to_string() }
    }
}

/// An error that a caller will see, and its cause that only the log will.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What kind it is.
    pub kind: ErrorKind,
    /// What was wrong, where, and what to do: for the caller.
    pub message: String,
    /// The fields at fault, of an invalid argument.
    pub violations: Vec<FieldViolation>,
    /// The cause, for the log.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// A result with the shared error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of a kind, with what the caller should read.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), violations: Vec::new(), source: None }
    }

    /// Fields that are wrong; the message names the first.
    pub fn invalid(violations: Vec<FieldViolation>) -> Self {
        let message = match violations.as_slice() {
            [] => "the request is not valid".to_owned(),
            [only] => format!("{}: {}", only.field, only.description),
            [first, rest @ ..] => {
                format!("{}: {} (and {} more)", first.field, first.description, rest.len())
            }
        };
        Self { kind: ErrorKind::InvalidArgument, message, violations, source: None }
    }

    /// One field that is wrong.
    pub fn invalid_field(field: impl Into<String>, description: impl fmt::Display) -> Self {
        Self::invalid(vec![FieldViolation::new(field, description)])
    }

    /// Something named does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// A fault of ours: `doing` and the cause go to the log, the caller reads neither.
    pub fn internal(
        doing: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { source: Some(source.into()), ..Self::new(ErrorKind::Internal, doing) }
    }
}

/// What is wrong with a declaration, as of an indicator or a report template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part}: {remedy}")]
pub struct DeclarationError {
    /// The part at fault, as `where` or `numerator.join`.
    pub part: String,
    /// What is wrong with it and what to write instead.
    pub remedy: String,
}

impl DeclarationError {
    /// An error in one part of a declaration.
    pub fn new(part: impl Into<String>, remedy: impl fmt::Display) -> Self {
        Self { part: part.into(), remedy: remedy.to_string() }
    }
}
