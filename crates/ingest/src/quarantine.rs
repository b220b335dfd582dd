//! Rejected rows: kept with the reason, so that a sender can ask again what was wrong.

use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::{DataType, Field as Column, Schema};
use datafusion::logical_expr::{col, lit};
use serde::{Deserialize, Serialize};
use uplift_core::error::Result;
use uplift_core::rejection::Rejection;
use uplift_engine::error::query_failed;
use uplift_formats::records::{from_batches, to_batch};
use uplift_store::schema::{REJECTIONS, TableSchema};
use uplift_store::{Commit, Store, Table};

use crate::submission::Submission;

/// The table of rejections.
#[derive(Debug)]
pub(crate) struct Quarantine {
    table: Arc<Table>,
}

/// A rejection as a row of the table.
#[derive(Debug, Serialize, Deserialize)]
struct QuarantinedRow {
    submission_id: String,
    /// Digest of what was sent, and when it was answered: content that is sent again may be rejected for less.
    digest: String,
    #[serde(flatten)]
    rejection: Rejection,
}

fn schema() -> TableSchema {
    let text = |name| Column::new(name, DataType::Utf8, false);
    let columns = Arc::new(Schema::new(vec![
        text("submission_id"),
        text("digest"),
        Column::new("row", DataType::Int64, false),
        text("field"),
        text("rule"),
        text("value"),
        text("message"),
    ]));
    TableSchema { name: REJECTIONS.to_owned(), columns, partition: Vec::new() }
}

impl Quarantine {
    /// Opens the table, created if need be.
    pub(crate) async fn open(store: &Store) -> Result<Self> {
        Ok(Self { table: store.create(&schema()).await? })
    }

    /// Keeps the rejections of submissions. Runs before their rows are committed: rejections without
    /// their submission are never shown, a submission without its rejections would lose them.
    pub(crate) async fn keep(&self, rejected: &[(&Submission, &[Rejection])]) -> Result<()> {
        let row = |submission: &Submission, rejection: &Rejection| QuarantinedRow {
            submission_id: submission.submission_id.clone(),
            digest: try_key(submission),
            rejection: rejection.clone(),
        };
        let rows = rejected.iter().flat_map(|(s, rejections)| rejections.iter().map(|r| row(s, r)));
        let rows: Vec<_> = rows.collect();
        if rows.is_empty() {
            return Ok(());
        }
        let batch = to_batch(schema().columns, &rows)?;
        self.table.commit(Commit { batches: vec![batch], ..Commit::default() }).await.map(drop)
    }

    /// Compacts the table if need be.
    pub(crate) async fn compact(&self) {
        self.table.compact().await;
    }

    /// Lets old versions of the table expire if need be.
    pub(crate) async fn expire(&self, kept_for: Duration) {
        self.table.expire(kept_for).await;
    }

    /// The rejections of submissions, in the order of their rows.
    pub(crate) async fn rejections(&self, submissions: &[Submission]) -> Result<Vec<Rejection>> {
        let failed = |e| query_failed("reading rejections", e);
        // Most submissions have none: the table need not be read.
        let rejected: Vec<_> = submissions.iter().filter(|s| s.rows_rejected > 0).collect();
        if rejected.is_empty() {
            return Ok(Vec::new());
        }
        let ids = rejected.iter().map(|s| lit(s.submission_id.as_str())).collect();
        // Earlier versions kept the digest alone.
        let tries = rejected.iter().flat_map(|s| [lit(try_key(s)), lit(s.digest.as_str())]).collect();
        let own = col("submission_id").in_list(ids, false).and(col("digest").in_list(tries, false));
        let rows = self.table.snapshot().await?.rows().await?;
        let batches = rows.filter(own).map_err(failed)?.collect().await.map_err(failed)?;
        let rows: Vec<QuarantinedRow> = from_batches(&batches)?;
        let mut rejections: Vec<_> = rows.into_iter().map(|r| r.rejection).collect();
        rejections.sort_by(|a, b| (a.row, &a.field).cmp(&(b.row, &b.field)));
        // What a commit that failed had kept is kept again by the next.
        rejections.dedup();
        Ok(rejections)
    }
}

/// What tells a try from others with the same id and content.
fn try_key(submission: &Submission) -> String {
    format!("{}@{}", submission.digest, submission.create_time.timestamp_micros())
}
