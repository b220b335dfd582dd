//! Statements and checks as they are in the tables.

use arrow::array::RecordBatch;
use datafusion::logical_expr::{Expr, col, lit};
use prost::Message;
use uplift_core::error::{Error, Result};
use uplift_core::interval::Interval;
use uplift_engine::error::query_failed;
use uplift_formats::columns::{boolean, integer, text, text_at};
use uplift_formats::messages;
use uplift_proto::dataset::find;
use uplift_proto::v1::metrics as wire;
use uplift_proto::v1::records::{Statement, StatementCheck};
use uplift_store::schema::{ROW_NUMBER, SIMULATED, SUBMISSION_ID};

use crate::snapshots::SnapshotSet;

/// A statement, the interval it can stand for, and its submission.
#[derive(Debug, Clone)]
pub(crate) struct PublishedFigure {
    pub(crate) statement: Statement,
    pub(crate) interval: Interval,
    pub(crate) submission_id: String,
    /// Row in that submission.
    pub(crate) row_number: i64,
    pub(crate) simulated: bool,
}

/// Which statements to read; empty is all.
#[derive(Debug, Default)]
pub(crate) struct Filter<'a> {
    pub(crate) document_id: &'a str,
    pub(crate) section: &'a str,
    pub(crate) subject: &'a str,
}

/// The statements at the version of an answer, in the order of submission and row.
pub(crate) async fn statements(snapshots: &SnapshotSet, filter: &Filter<'_>) -> Result<Vec<PublishedFigure>> {
    let conditions =
        [("document_id", filter.document_id), ("section", filter.section), ("subject", filter.subject)];
    let mut figures = Vec::new();
    for batch in read(snapshots, "statement", &conditions).await? {
        let (ids, rows) = (text(&batch, SUBMISSION_ID)?, integer(&batch, ROW_NUMBER)?);
        let simulated = boolean(&batch, SIMULATED)?;
        for (row, statement) in records::<Statement>("statement", &batch)?.into_iter().enumerate() {
            // Ingest accepts what this reads. A record of a time when it accepted more stands for any value,
            // so that no other figure suffers from it.
            let interval = statement.interval().unwrap_or_else(|_| {
                tracing::warn!(
                    submission = ids.value(row),
                    row = rows.value(row),
                    "a printed figure cannot be read"
                );
                Interval::default()
            });
            figures.push(PublishedFigure {
                statement,
                interval,
                submission_id: text_at(&ids, row),
                row_number: rows.value(row),
                simulated: simulated.value(row),
            });
        }
    }
    Ok(figures)
}

/// The checks at the version of an answer, in the order of document and id.
pub(crate) async fn checks(snapshots: &SnapshotSet, document_id: &str) -> Result<Vec<StatementCheck>> {
    let mut checks = Vec::new();
    for batch in read(snapshots, "statement_check", &[("document_id", document_id)]).await? {
        checks.extend(records::<StatementCheck>("statement_check", &batch)?);
    }
    checks.sort_by(|a, b| (&a.document_id, &a.check_id).cmp(&(&b.document_id, &b.check_id)));
    Ok(checks)
}

fn records<M: Message + Default>(dataset: &str, batch: &RecordBatch) -> Result<Vec<M>> {
    let dataset = find(dataset).ok_or_else(|| Error::internal("reading records", "unknown dataset"))?;
    messages(dataset, batch)
}

/// The rows of a table that have these values; an empty value is not a condition.
async fn read(snapshots: &SnapshotSet, table: &str, conditions: &[(&str, &str)]) -> Result<Vec<RecordBatch>> {
    let Some(snapshot) = snapshots.snapshot(table).await? else { return Ok(Vec::new()) };
    let failed = |e| query_failed(format!("reading {table}"), e);
    let mut rows = snapshot.rows().await?;
    let conditions = conditions.iter().filter(|(_, value)| !value.is_empty());
    if let Some(filter) = conditions.map(|(name, value)| col(*name).eq(lit(*value))).reduce(Expr::and) {
        rows = rows.filter(filter).map_err(failed)?;
    }
    let order = vec![col(SUBMISSION_ID).sort(true, false), col(ROW_NUMBER).sort(true, false)];
    rows.sort(order).map_err(failed)?.collect().await.map_err(failed)
}

impl From<PublishedFigure> for wire::PublishedFigure {
    fn from(figure: PublishedFigure) -> Self {
        Self {
            interval: Some((&figure.interval).into()),
            statement: Some(figure.statement),
            submission_id: figure.submission_id,
            row_number: figure.row_number,
            simulated: figure.simulated,
        }
    }
}
