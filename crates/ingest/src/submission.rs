//! A submission and what became of it: as the ledger keeps it, as the log remembers it, as
//! callers read it.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::TimestampMicrosecondType;
use chrono::Utc;
use serde::{Deserialize, Serialize};
use uplift_core::error::{Error, Result};
use uplift_proto::v1::ingest as wire;
use uplift_store::columns::{boolean, integer, text, text_at};
use uplift_store::schema;

use crate::header::Header;

/// A submission with its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// Chosen by the sender.
    pub submission_id: String,
    /// Dataset of its rows.
    pub dataset: String,
    /// Area it reports for.
    pub area_code: String,
    /// Period it reports for.
    pub period: String,
    /// `append` or `replace`.
    pub mode: String,
    /// `all_or_nothing` or `accept_good_rows`.
    pub policy: String,
    /// Who sent it.
    pub sender: String,
    /// Whether it was made up for trying out.
    pub simulated: bool,
    /// Whether its rows are in the table.
    pub committed: bool,
    /// Rows sent.
    pub rows_received: i64,
    /// Rows in the table.
    pub rows_landed: i64,
    /// Rows that came back.
    pub rows_rejected: i64,
    /// Version that first holds it.
    pub table_version: Option<i64>,
    /// Digest of what was sent.
    pub digest: String,
    /// When it was answered, in microseconds since 1970, UTC.
    pub create_time: i64,
}

impl Submission {
    /// A submission as it arrives, nothing of it in the table yet.
    pub fn received(header: &Header, digest: String, rows_received: usize, rows_rejected: usize) -> Self {
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
            rows_received: rows_received as i64,
            rows_landed: 0,
            rows_rejected: rows_rejected as i64,
            table_version: None,
            digest,
            create_time: Utc::now().timestamp_micros(),
        }
    }

    /// What the batches of a stream add up to; none if there are none.
    pub fn sum(id: &str, batches: &[Self]) -> Option<Self> {
        let last = batches.last()?.clone();
        let sum = |get: fn(&Self) -> i64| batches.iter().map(get).sum();
        Some(Self {
            submission_id: id.to_owned(),
            committed: batches.iter().any(|b| b.committed),
            rows_received: sum(|b| b.rows_received),
            rows_landed: sum(|b| b.rows_landed),
            rows_rejected: sum(|b| b.rows_rejected),
            table_version: batches.iter().find_map(|b| b.table_version),
            ..last
        })
    }

    /// As callers read it.
    pub fn to_wire(&self) -> wire::Submission {
        let mode = if self.mode == "replace" { wire::Mode::Replace } else { wire::Mode::Append };
        let policy = match self.policy.as_str() {
            "accept_good_rows" => wire::Policy::AcceptGoodRows,
            _ => wire::Policy::AllOrNothing,
        };
        let state = if self.committed { wire::State::Committed } else { wire::State::Refused };
        wire::Submission {
            header: Some(wire::SubmissionHeader {
                submission_id: self.submission_id.clone(),
                dataset: self.dataset.clone(),
                area_code: self.area_code.clone(),
                period: self.period.clone(),
                mode: mode.into(),
                policy: policy.into(),
                sender: self.sender.clone(),
                simulated: self.simulated,
            }),
            state: state.into(),
            rows_received: self.rows_received,
            rows_landed: self.rows_landed,
            rows_rejected: self.rows_rejected,
            table_version: self.table_version,
            digest: self.digest.clone(),
            create_time: Some(prost_types::Timestamp {
                seconds: self.create_time.div_euclid(1_000_000),
                nanos: (self.create_time.rem_euclid(1_000_000) * 1_000) as i32,
            }),
        }
    }
}

/// Submissions as rows of the ledger's table.
pub fn to_batch(submissions: &[Submission]) -> Result<RecordBatch> {
    let text = |get: fn(&Submission) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(submissions.iter().map(get)))
    };
    let flag = |get: fn(&Submission) -> bool| -> ArrayRef {
        Arc::new(BooleanArray::from_iter(submissions.iter().map(|s| Some(get(s)))))
    };
    let number = |get: fn(&Submission) -> Option<i64>| -> ArrayRef {
        Arc::new(Int64Array::from_iter(submissions.iter().map(get)))
    };
    let times = submissions.iter().map(|s| s.create_time);
    let columns = vec![
        text(|s| &s.submission_id),
        text(|s| &s.dataset),
        text(|s| &s.area_code),
        text(|s| &s.period),
        text(|s| &s.mode),
        text(|s| &s.policy),
        text(|s| &s.sender),
        flag(|s| s.simulated),
        flag(|s| s.committed),
        number(|s| Some(s.rows_received)),
        number(|s| Some(s.rows_landed)),
        number(|s| Some(s.rows_rejected)),
        number(|s| s.table_version),
        text(|s| &s.digest),
        Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC")),
    ];
    RecordBatch::try_new(schema::ledger().columns, columns)
        .map_err(|e| Error::internal("building ledger rows", e))
}

/// Rows of the ledger's table as submissions.
pub fn from_batch(batch: &RecordBatch) -> Result<Vec<Submission>> {
    let ids = text(batch, "submission_id")?;
    let (dataset, area, period) =
        (text(batch, "dataset")?, text(batch, "area_code")?, text(batch, "period")?);
    let (mode, policy, sender) = (text(batch, "mode")?, text(batch, "policy")?, text(batch, "sender")?);
    let (simulated, committed) = (boolean(batch, "simulated")?, boolean(batch, "committed")?);
    let received = integer(batch, "rows_received")?;
    let (landed, rejected) = (integer(batch, "rows_landed")?, integer(batch, "rows_rejected")?);
    let (version, digest) = (integer(batch, "table_version")?, text(batch, "digest")?);
    let time =
        batch.column_by_name("create_time").and_then(|c| c.as_primitive_opt::<TimestampMicrosecondType>());
    let time = time.ok_or_else(|| Error::internal("reading the ledger", "create_time is no timestamp"))?;
    let row = |row| Submission {
        submission_id: text_at(&ids, row),
        dataset: text_at(&dataset, row),
        area_code: text_at(&area, row),
        period: text_at(&period, row),
        mode: text_at(&mode, row),
        policy: text_at(&policy, row),
        sender: text_at(&sender, row),
        simulated: simulated.value(row),
        committed: committed.value(row),
        rows_received: received.value(row),
        rows_landed: landed.value(row),
        rows_rejected: rejected.value(row),
        table_version: version.is_valid(row).then(|| version.value(row)),
        digest: text_at(&digest, row),
        create_time: time.value(row),
    };
    Ok((0..batch.num_rows()).map(row).collect())
}
