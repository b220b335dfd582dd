//! Errors of the query engine and of the table format as ours: what the declaration is to blame for,
//! what a race or a limit is, and what is our own fault.

use std::error::Error;
use std::fmt;

use datafusion::arrow::error::ArrowError;
use datafusion::common::DataFusionError;
use deltalake_core::DeltaTableError;
use deltalake_core::kernel::transaction::TransactionError;
use uplift_core::disk::unwritable;
use uplift_core::error::{DeclarationError, Error as UpliftError, ErrorKind};

/// A file that is not what was written, as the object store finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// The file, its table first.
    pub file: String,
    /// What is wrong with it.
    pub what: &'static str,
}

/// What can be wrong with a file.
pub const MISSING: &str = "is missing";
pub const CHANGED: &str = "is not what was written";

/// Name of the object store that finds damage, as its errors give it.
pub const GUARDED: &str = "tables";

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.file, self.what)
    }
}

impl Error for Damaged {}

/// The damage that an error comes from, if it comes from one.
pub fn damage(error: &(dyn Error + 'static)) -> Option<Damaged> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(damaged) = error.downcast_ref::<Damaged>() {
            return Some(damaged.clone());
        }
        // A file of the log or of the data that is looked for is one that a commit names.
        if let Some(object_store::Error::NotFound { path, .. }) = error.downcast_ref() {
            return Some(Damaged { file: path.clone(), what: MISSING });
        }
        cause = match error.downcast_ref::<DataFusionError>() {
            Some(DataFusionError::Shared(shared)) => Some(shared.as_ref()),
            _ => error.source(),
        };
    }
    told(&error.to_string())
}

/// The damage that a message tells of: the kernel of the table format keeps the words of an error and not the
/// error itself.
fn told(message: &str) -> Option<Damaged> {
    let damaged = |file: &str, what| Some(Damaged { file: file.trim().to_owned(), what });
    if let Some((_, missing)) = message.split_once("File not found: ") {
        return damaged(missing, MISSING);
    }
    let (_, said) = message.split_once(&format!("Generic {GUARDED} error: "))?;
    [MISSING, CHANGED].into_iter().find_map(|what| damaged(said.split_once(what)?.0, what))
}

fn data_loss(damaged: Damaged, source: impl Into<Box<dyn Error + Send + Sync>>) -> UpliftError {
    let message = format!(
        "{damaged}; run: uplift verify tables, which names the submissions concerned, and restore it from a backup"
    );
    UpliftError { source: Some(source.into()), ..UpliftError::new(ErrorKind::DataLoss, message) }
}

/// A query of ours that failed while `doing` something.
pub fn query_failed(doing: impl Into<String>, error: DataFusionError) -> UpliftError {
    let doing = doing.into();
    if let Some(damaged) = damage(&error) {
        return data_loss(damaged, error);
    }
    match query_kind(&error) {
        ErrorKind::ResourceExhausted => UpliftError {
            source: Some(error.into()),
            ..UpliftError::new(
                ErrorKind::ResourceExhausted,
                format!("{doing} exceeds the memory limit; request fewer periods, areas or indicators"),
            )
        },
        ErrorKind::NotComputable => UpliftError {
            source: Some(error.into()),
            ..UpliftError::new(ErrorKind::NotComputable, format!("{doing}: the value cannot be computed"))
        },
        _ => UpliftError::internal(doing, error),
    }
}

/// Whether a query failed by values that it met, as an overflow: of others it could be computed.
pub fn is_not_computable(error: &DataFusionError) -> bool {
    damage(error).is_none() && query_kind(error) == ErrorKind::NotComputable
}

/// An operation on a table that failed while `doing` something.
pub fn table_failed(table: &str, doing: &str, error: DeltaTableError) -> UpliftError {
    let message = format!("{doing} {table}");
    if let Some(damaged) = damage(&error) {
        return data_loss(damaged, error);
    }
    if let Some(unwritable) = unwritable(&error) {
        return UpliftError { source: Some(error.into()), ..unwritable };
    }
    match table_kind(&error) {
        ErrorKind::Aborted => UpliftError {
            source: Some(error.into()),
            ..UpliftError::new(ErrorKind::Aborted, format!("{message}: another commit came first; retry"))
        },
        _ => UpliftError::internal(message, error),
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
        DataFusionError::ArrowError(e, _) => match e.as_ref() {
            ArrowError::DivideByZero
            | ArrowError::ArithmeticOverflow(_)
            | ArrowError::CastError(_)
            | ArrowError::ParseError(_)
            | ArrowError::ComputeError(_)
            | ArrowError::InvalidArgumentError(_) => ErrorKind::NotComputable,
            _ => ErrorKind::Internal,
        },
        DataFusionError::ParquetError(_)
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
    fn damage_is_told_however_deep_it_lies() {
        let damaged = Damaged { file: "area/x.json".into(), what: CHANGED };
        let stored = || object_store::Error::Generic { store: GUARDED, source: Box::new(damaged.clone()) };
        let deep =
            DataFusionError::Shared(std::sync::Arc::new(DataFusionError::ObjectStore(Box::new(stored()))));
        assert_eq!(damage(&deep), Some(damaged.clone()));
        let in_words = DeltaTableError::Generic(format!("Kernel error: {}", stored()));
        assert_eq!(damage(&in_words), Some(damaged));
        assert_eq!(damage(&DeltaTableError::Generic("other".into())), None);
        assert_eq!(table_failed("area", "opening", in_words).kind, ErrorKind::DataLoss);
    }

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
