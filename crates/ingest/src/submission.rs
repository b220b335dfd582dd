//! A submission and its outcome: as the ledger keeps it, as the log of its table carries it, as callers
//! read it.

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};
use uplift_proto::v1::ingest as wire;

use crate::header::Header;

/// Separates a submission's id from the sequence of a batch: `submission#sequence`. It is not allowed in
/// a sender's id, so that the two never collide.
const BATCH_SEPARATOR: char = '#';

/// A submission with its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Submission {
    /// Chosen by the sender.
    pub(crate) submission_id: String,
    pub(crate) dataset: String,
    /// Area it reports for.
    pub(crate) area_code: String,
    /// Period it reports for.
    pub(crate) period: String,
    /// `append` or `replace`.
    pub(crate) mode: String,
    /// `all_or_nothing` or `accept_good_rows`.
    pub(crate) policy: String,
    pub(crate) sender: String,
    pub(crate) simulated: bool,
    /// Whether its accepted rows are in the table.
    pub(crate) committed: bool,
    pub(crate) rows_received: i64,
    pub(crate) rows_accepted: i64,
    pub(crate) rows_rejected: i64,
    /// Version that first holds it.
    pub(crate) table_version: Option<i64>,
    /// Digest of what was sent.
    pub(crate) digest: String,
    /// When it was answered, to the microsecond.
    pub(crate) create_time: DateTime<Utc>,
}

/// The id of a batch of a streamed submission.
pub(crate) fn batch_id(submission_id: &str, sequence: i64) -> String {
    format!("{submission_id}{BATCH_SEPARATOR}{sequence}")
}

impl Submission {
    /// A submission as it arrives, nothing of it in the table yet.
    pub(crate) fn received(header: &Header, digest: String, received: usize, rejected: usize) -> Self {
        let word = |yes, a: &str, b: &str| if yes { a.to_owned() } else { b.to_owned() };
        Self {
            submission_id: header.submission_id.clone(),
            dataset: header.dataset.name.clone(),
            area_code: header.area.to_string(),
            period: header.period.to_string(),
            mode: word(header.replace, "replace", "append"),
            policy: word(header.accept_good_rows, "accept_good_rows", "all_or_nothing"),
            sender: header.sender.clone(),
            simulated: header.simulated,
            committed: false,
            rows_received: received as i64,
            rows_accepted: 0,
            rows_rejected: rejected as i64,
            table_version: None,
            digest,
            create_time: Utc::now().trunc_subsecs(6),
        }
    }

    /// The submission id and the sequence of a batch; none for a submission that was sent whole.
    pub(crate) fn batch(&self) -> Option<(&str, i64)> {
        let (id, sequence) = self.submission_id.split_once(BATCH_SEPARATOR)?;
        Some((id, sequence.parse().ok()?))
    }

    /// The sum of a stream's batches; none if there are none.
    pub(crate) fn sum(id: &str, batches: &[Self]) -> Option<Self> {
        let last = batches.last()?.clone();
        let sum = |rows: fn(&Self) -> i64| batches.iter().map(rows).sum();
        Some(Self {
            submission_id: id.to_owned(),
            committed: batches.iter().any(|b| b.committed),
            rows_received: sum(|b| b.rows_received),
            rows_accepted: sum(|b| b.rows_accepted),
            rows_rejected: sum(|b| b.rows_rejected),
            table_version: batches.iter().find_map(|b| b.table_version),
            ..last
        })
    }
}

impl From<&Submission> for wire::Submission {
    fn from(submission: &Submission) -> Self {
        let mode = if submission.mode == "replace" { wire::Mode::Replace } else { wire::Mode::Append };
        let policy = match submission.policy.as_str() {
            "accept_good_rows" => wire::Policy::AcceptGoodRows,
            _ => wire::Policy::AllOrNothing,
        };
        let state = if submission.committed { wire::State::Committed } else { wire::State::Refused };
        Self {
            header: Some(wire::SubmissionHeader {
                submission_id: submission.submission_id.clone(),
                dataset: submission.dataset.clone(),
                area_code: submission.area_code.clone(),
                period: submission.period.clone(),
                mode: mode.into(),
                policy: policy.into(),
                sender: submission.sender.clone(),
                simulated: submission.simulated,
            }),
            state: state.into(),
            rows_received: submission.rows_received,
            rows_accepted: submission.rows_accepted,
            rows_rejected: submission.rows_rejected,
            table_version: submission.table_version,
            digest: submission.digest.clone(),
            create_time: Some(std::time::SystemTime::from(submission.create_time).into()),
        }
    }
}
