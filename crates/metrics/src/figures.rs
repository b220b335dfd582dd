//! Statements and checks as they stand in the tables.

use arrow::array::RecordBatch;
use datafusion::logical_expr::{Expr, col, lit};
use uplift_core::error::{Error, Result};
use uplift_core::interval::Interval;
use uplift_proto::v1::metrics as wire;
use uplift_proto::v1::records::{Statement, StatementCheck};
use uplift_store::columns::{boolean, integer, text, text_at};
use uplift_store::schema::{ROW_NUMBER, SIMULATED, SUBMISSION_ID};
use uplift_store::{Snapshot, Store};

/// A statement, what it can stand for, and where it came from.
#[derive(Debug, Clone)]
pub struct PublishedFigure {
    /// As handed in.
    pub statement: Statement,
    /// The values it can stand for.
    pub interval: Interval,
    /// Submission that handed it in.
    pub submission_id: String,
    /// Row in that submission.
    pub row_number: i64,
    /// Whether it was made up for trying out.
    pub simulated: bool,
}

/// Which statements are wanted; empty is all.
#[derive(Debug, Default)]
pub struct Filter<'a> {
    /// Of this document.
    pub document_id: &'a str,
    /// Of this section.
    pub section: &'a str,
    /// On this subject.
    pub subject: &'a str,
}

/// What a read found, and the version that it stands on; none if the table was never made.
#[derive(Debug)]
pub struct Found<T> {
    /// In the order of submission and row.
    pub items: Vec<T>,
    /// Version that was read.
    pub version: Option<i64>,
}

/// The statements at a version, or the newest.
pub async fn statements(
    store: &Store,
    version: Option<i64>,
    filter: &Filter<'_>,
) -> Result<Found<PublishedFigure>> {
    let wanted =
        [("document_id", filter.document_id), ("section", filter.section), ("subject", filter.subject)];
    let (batches, version) = read(store, "statement", version, &wanted).await?;
    let mut items = Vec::new();
    for batch in &batches {
        let (ids, rows) = (text(batch, SUBMISSION_ID)?, integer(batch, ROW_NUMBER)?);
        let simulated = boolean(batch, SIMULATED)?;
        for (row, statement) in read_statements(batch)?.into_iter().enumerate() {
            // Ingest let it in as readable; what it cannot be read as now must not look like a figure.
            let interval = statement.interval().map_err(|e| {
                Error::internal(format!("reading statement {}", statement.statement_id), e.description)
            })?;
            items.push(PublishedFigure {
                statement,
                interval,
                submission_id: text_at(&ids, row),
                row_number: rows.value(row),
                simulated: simulated.value(row),
            });
        }
    }
    Ok(Found { items, version })
}

/// The checks at a version, or the newest.
pub async fn checks(store: &Store, version: Option<i64>, document_id: &str) -> Result<Found<StatementCheck>> {
    let (batches, version) = read(store, "statement_check", version, &[("document_id", document_id)]).await?;
    let mut items = Vec::new();
    for batch in &batches {
        items.extend(read_checks(batch)?);
    }
    items.sort_by(|a, b| (&a.document_id, &a.check_id).cmp(&(&b.document_id, &b.check_id)));
    Ok(Found { items, version })
}

async fn read(
    store: &Store,
    table: &str,
    version: Option<i64>,
    wanted: &[(&str, &str)],
) -> Result<(Vec<RecordBatch>, Option<i64>)> {
    let Some(table) = store.get(table).await? else { return Ok((Vec::new(), None)) };
    let snapshot: Snapshot = table.at(version).await?;
    let failed = |e| Error::internal(format!("reading {}", table.name()), e);
    let mut rows = snapshot.rows().await?;
    let conditions = wanted.iter().filter(|(_, value)| !value.is_empty());
    if let Some(filter) = conditions.map(|(name, value)| col(*name).eq(lit(*value))).reduce(Expr::and) {
        rows = rows.filter(filter).map_err(failed)?;
    }
    let order = vec![col(SUBMISSION_ID).sort(true, false), col(ROW_NUMBER).sort(true, false)];
    let batches = rows.sort(order).map_err(failed)?.collect().await.map_err(failed)?;
    Ok((batches, Some(snapshot.version())))
}

fn read_statements(batch: &RecordBatch) -> Result<Vec<Statement>> {
    let column = |name| text(batch, name);
    let (id, document) = (column("statement_id")?, column("document_id")?);
    let (area, period) = (column("area_code")?, column("period")?);
    let (section, locator, subject) = (column("section")?, column("locator")?, column("subject")?);
    let (title_en, title_zh) = (column("title_en")?, column("title_zh")?);
    let (printed, unit, part_of) = (column("printed")?, column("unit")?, column("part_of")?);
    let (qualifier, statistic) = (column("qualifier")?, column("statistic")?);
    let statement = |row| Statement {
        statement_id: text_at(&id, row),
        document_id: text_at(&document, row),
        area_code: text_at(&area, row),
        period: text_at(&period, row),
        section: text_at(&section, row),
        locator: text_at(&locator, row),
        subject: text_at(&subject, row),
        title_en: text_at(&title_en, row),
        title_zh: text_at(&title_zh, row),
        printed: text_at(&printed, row),
        qualifier: code("statement", "qualifier", &text_at(&qualifier, row)),
        unit: text_at(&unit, row),
        statistic: code("statement", "statistic", &text_at(&statistic, row)),
        part_of: text_at(&part_of, row),
    };
    Ok((0..batch.num_rows()).map(statement).collect())
}

fn read_checks(batch: &RecordBatch) -> Result<Vec<StatementCheck>> {
    let column = |name| text(batch, name);
    let (id, document, statement) = (column("check_id")?, column("document_id")?, column("statement_id")?);
    let (relation, expression, kind) = (column("relation")?, column("expression")?, column("kind")?);
    let (title_en, title_zh) = (column("title_en")?, column("title_zh")?);
    let check = |row| StatementCheck {
        check_id: text_at(&id, row),
        document_id: text_at(&document, row),
        statement_id: text_at(&statement, row),
        relation: code("statement_check", "relation", &text_at(&relation, row)),
        expression: text_at(&expression, row),
        kind: code("statement_check", "kind", &text_at(&kind, row)),
        title_en: text_at(&title_en, row),
        title_zh: text_at(&title_zh, row),
    };
    Ok((0..batch.num_rows()).map(check).collect())
}

/// The wire number of a stored code; 0 where there is none.
fn code(dataset: &str, field: &str, stored: &str) -> i32 {
    uplift_proto::dataset::code_number(dataset, field, stored).unwrap_or_default()
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
