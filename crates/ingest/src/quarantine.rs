//! Rows that came back: kept with the reason, so that a sender can ask again what was wrong.

use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field as Column, Schema};
use datafusion::logical_expr::{col, lit};
use uplift_core::error::{Error, Result};
use uplift_store::columns::{integer, text, text_at};
use uplift_store::schema::TableSchema;
use uplift_store::{Commit, Store, Table};

use crate::submission::Submission;

/// The table of rejected rows.
#[derive(Debug)]
pub struct Quarantine {
    table: Arc<Table>,
}

/// One thing wrong with one row, as it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Row as sent, counted from 1.
    pub row: i64,
    /// Field at fault.
    pub field: String,
    /// Rule that it breaks.
    pub rule: String,
    /// The value as sent, shortened.
    pub value: String,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl Quarantine {
    /// Opens the table, made if need be.
    pub async fn open(store: &Store) -> Result<Self> {
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
        let schema = TableSchema { name: "rejection".to_owned(), columns, partition: Vec::new() };
        Ok(Self { table: store.create(&schema).await? })
    }

    /// Keeps what was wrong with submissions. Comes before their rows are committed: a reject
    /// without its submission is never shown, a submission without its rejects would lose them.
    pub async fn keep(&self, rejected: &[(&Submission, &[Reject])]) -> Result<()> {
        let rows: Vec<_> =
            rejected.iter().flat_map(|(s, rejects)| rejects.iter().map(move |r| (*s, r))).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let text = |get: fn(&(&Submission, &Reject)) -> String| -> arrow::array::ArrayRef {
            Arc::new(StringArray::from_iter_values(rows.iter().map(get)))
        };
        let batch = RecordBatch::try_from_iter([
            ("submission_id", text(|(s, _)| s.submission_id.clone())),
            ("digest", text(|(s, _)| s.digest.clone())),
            ("row", Arc::new(Int64Array::from_iter_values(rows.iter().map(|(_, r)| r.row)))),
            ("field", text(|(_, r)| r.field.clone())),
            ("rule", text(|(_, r)| r.rule.clone())),
            ("value", text(|(_, r)| r.value.clone())),
            ("message", text(|(_, r)| r.message.clone())),
        ]);
        let batch = batch.map_err(|e| Error::internal("building rejects", e))?;
        self.table.commit(Commit { batches: vec![batch], ..Commit::default() }).await.map(drop)
    }

    /// What was wrong with submissions, in the order of their rows.
    pub async fn of(&self, submissions: &[Submission]) -> Result<Vec<Reject>> {
        let failed = |e| Error::internal("reading rejects", e);
        // Nothing came back of most submissions: no need to look.
        let wanted: Vec<_> = submissions.iter().filter(|s| s.rows_rejected > 0).collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let all = |get: fn(&Submission) -> &str| wanted.iter().map(|s| lit(get(s))).collect();
        let own = col("submission_id")
            .in_list(all(|s| &s.submission_id), false)
            .and(col("digest").in_list(all(|s| &s.digest), false));
        let rows = self.table.snapshot().await?.rows().await?;
        let batches = rows.filter(own).map_err(failed)?.collect().await.map_err(failed)?;
        let mut rejects = Vec::new();
        for batch in &batches {
            let (row, field, rule) = (integer(batch, "row")?, text(batch, "field")?, text(batch, "rule")?);
            let (value, message) = (text(batch, "value")?, text(batch, "message")?);
            rejects.extend((0..batch.num_rows()).map(|i| Reject {
                row: row.value(i),
                field: text_at(&field, i),
                rule: text_at(&rule, i),
                value: text_at(&value, i),
                message: text_at(&message, i),
            }));
        }
        rejects.sort_by(|a, b| (a.row, &a.field).cmp(&(b.row, &b.field)));
        // The same refused content sent twice was kept twice.
        rejects.dedup();
        Ok(rejects)
    }
}
