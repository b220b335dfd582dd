//! Errors of the query engine and of the table format as ours: what the declaration is to blame for,
//! what a race or a limit is, and what is our own fault.

use datafusion::common::DataFusionError;
use deltalake_core::DeltaTableError;
use deltalake_core::kernel::transaction::TransactionError;
use uplift_core::error::{DeclarationError, Error, ErrorKind};

/// A query of ours that failed while `doing` something.
pub fn query_failed(doing: impl Into<String>, error: DataFusionError) -> Error {
    let doing = doing.into();
    match query_kind(&error) {
        ErrorKind::ResourceExhausted => Error {
            source: Some(error.into()),
            ..Error::new(
                ErrorKind::ResourceExhausted,
                format!("{doing} exceeds the memory limit; request fewer periods, areas or indicators"),
            )
        },
        _ => Error::internal(doing, error),
    }
}

/// An operation on a table that failed while `doing` something.
pub fn table_failed(table: &str, doing: &str, error: DeltaTableError) -> Error {
    let message = format!("{doing} {table}");
    match table_kind(&error) {
        ErrorKind::Aborted => Error {
            source: Some(error.into()),
            ..Error::new(ErrorKind::Aborted, format!("{message}: another commit came first; retry"))
        },
        _ => Error::internal(message, error),
    }
}

/// A part of a declaration that does not fit the engine or the table: its message without the trail of
/// where it was found.
pub fn declaration_failed(part: &str, error: &DataFusionError) -> DeclarationError {
    let text = error.strip_backtrace();
    DeclarationError::new(part, text.lines().next().unwrap_or_default())
}

// Every variant is named: one that a new version adds must be given a kind.
fn query_kind(error: &DataFusionError) -> ErrorKind {
    match error.find_root() {
        DataFusionError::ResourcesExhausted(_) => ErrorKind::ResourceExhausted,
        // Declarations are planned when they are loaded, so that one that fails later is our fault.
        DataFusionError::SQL(..)
        | DataFusionError::Plan(_)
        | DataFusionError::SchemaError(..)
        | DataFusionError::Configuration(_)
        | DataFusionError::NotImplemented(_) => ErrorKind::Internal,
        DataFusionError::ArrowError(..)
        | DataFusionError::ParquetError(_)
        | DataFusionError::ObjectStore(_)
        | DataFusionError::IoError(_)
        | DataFusionError::Internal(_)
        | DataFusionError::Execution(_)
        | DataFusionError::ExecutionJoin(_)
        | DataFusionError::External(_)
        | DataFusionError::Context(..)
        | DataFusionError::Substrait(_)
        | DataFusionError::Diagnostic(..)
        | DataFusionError::Collection(_)
        | DataFusionError::Shared(_)
        | DataFusionError::Ffi(_) => ErrorKind::Internal,
    }
}

fn table_kind(error: &DeltaTableError) -> ErrorKind {
    match error {
        DeltaTableError::VersionAlreadyExists(_)
        | DeltaTableError::Transaction {
            source:
                TransactionError::VersionAlreadyExists(_)
                | TransactionError::CommitConflict(_)
                | TransactionError::MaxCommitAttempts(_),
        } => ErrorKind::Aborted,
        _ => ErrorKind::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_race_may_be_tried_again_and_the_rest_is_our_fault() {
        let raced = table_failed("area", "committing rows to", DeltaTableError::VersionAlreadyExists(7));
        assert_eq!(raced.kind, ErrorKind::Aborted);
        let broken = table_failed("area", "opening", DeltaTableError::NotATable("/secret".into()));
        assert_eq!((broken.kind, broken.message.as_str()), (ErrorKind::Internal, "opening area"));
        let full = query_failed("computing", DataFusionError::ResourcesExhausted("pool".into()));
        assert_eq!(full.kind, ErrorKind::ResourceExhausted);
        let wrong = declaration_failed("where", &DataFusionError::Plan("no column knd".into()));
        assert_eq!(wrong.to_string(), "where: Error during planning: no column knd");
    }
}
