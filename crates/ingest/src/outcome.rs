//! What passes between the stages of a submission: validated rows, the request to commit them, and
//! the outcome.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use uplift_core::rejection::Rejection;
use uplift_formats::Reading;

use crate::active_ids::ActiveId;
use crate::header::Header;
use crate::references::Settled;
use crate::submission::Submission;

/// The sender's names of fields.
pub(crate) type Labels = HashMap<&'static str, String>;

/// Rows that were checked.
#[derive(Debug, Clone)]
pub(crate) struct ValidatedRows {
    /// Number of rows sent.
    pub(crate) received: usize,
    /// Rows without a fault, with the columns that ingest adds.
    pub(crate) valid: RecordBatch,
    /// What is wrong with the first so many of the others, in the order of rows.
    pub(crate) rejections: Vec<Rejection>,
    /// The sender's names of fields, where they are not ours.
    pub(crate) labels: Labels,
    /// What a file was read as.
    pub(crate) reading: Option<Reading>,
}

/// Validated rows of one submission, or of one batch of a stream, to be committed.
#[derive(Debug, Clone)]
pub(crate) struct CommitRequest {
    pub(crate) header: Header,
    /// Id in the ledger: the submission's, or that of one of its batches.
    pub(crate) id: String,
    pub(crate) digest: String,
    pub(crate) rows: ValidatedRows,
    /// Decide, and commit nothing.
    pub(crate) dry_run: bool,
    pub(crate) held: Held,
}

/// What a submission holds until it is decided, whether or not its caller still waits.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    /// Its id is in use.
    pub(crate) _id: Arc<ActiveId>,
    /// What it names stays, and what it removes is not named.
    pub(crate) _references: Arc<Settled>,
}

/// What became of a submission.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) submission: Submission,
    /// What was wrong with rejected rows.
    pub(crate) rejections: Vec<Rejection>,
    /// What records of other submissions name and no longer find.
    pub(crate) warnings: Vec<String>,
    /// Of a dry run: whether it would be committed.
    pub(crate) would_commit: bool,
    /// Of a replacing submission: rows of earlier ones that it takes away.
    pub(crate) rows_removed: usize,
    /// Of a repeat: the submission that has replaced it since.
    pub(crate) replaced_by: Option<String>,
    /// What a file was read as.
    pub(crate) reading: Option<Reading>,
}

impl Outcome {
    /// The outcome of a submission, with nothing more to say of it.
    pub(crate) fn new(submission: Submission, rejections: Vec<Rejection>) -> Self {
        Self {
            submission,
            rejections,
            warnings: Vec::new(),
            would_commit: false,
            rows_removed: 0,
            replaced_by: None,
            reading: None,
        }
    }
}
