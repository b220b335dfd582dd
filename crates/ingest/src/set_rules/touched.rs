//! Records of a table whose values of some columns are those of others.

use arrow::array::RecordBatch;
use datafusion::common::JoinType;
use datafusion::logical_expr::{ident, lit};
use datafusion::prelude::DataFrame;
use uplift_core::error::Result;
use uplift_engine::SESSION;
use uplift_engine::error::query_failed;
use uplift_formats::columns::text;

/// Values of one column that are looked for as a list, which files are skipped by.
const MAX_LISTED: usize = 1_000;

/// Rows whose values of some columns are those of some other rows.
pub(super) async fn rows_of(
    rows: DataFrame,
    columns: &[String],
    others: &[RecordBatch],
) -> Result<DataFrame> {
    rows_joined(rows, (columns, columns), others).await
}

/// The same where those columns are called otherwise in the other rows.
pub(super) async fn rows_joined(
    rows: DataFrame,
    (own, theirs): (&[String], &[String]),
    others: &[RecordBatch],
) -> Result<DataFrame> {
    let failed = |e| query_failed("reading records of a group", e);
    let mut keys: Option<DataFrame> = None;
    let key = |name: &String| format!("key_{name}");
    for batch in others.iter().filter(|batch| batch.num_rows() > 0) {
        let names = theirs.iter().map(|name| ident(name).alias(key(name)));
        let part = SESSION.read_batch(batch.clone()).and_then(|frame| frame.select(names)).map_err(failed)?;
        keys = Some(match keys {
            Some(keys) => keys.union(part).map_err(failed)?,
            None => part,
        });
    }
    let Some(keys) = keys else { return rows.limit(0, Some(0)).map_err(failed) };
    let keys = keys.distinct().map_err(failed)?;
    if let ([column], [theirs]) = (own, theirs) {
        let mut listed = Vec::new();
        for batch in &keys.clone().collect().await.map_err(failed)? {
            listed.extend(text(batch, &key(theirs))?.iter().flatten().map(lit));
        }
        if listed.len() <= MAX_LISTED {
            return rows.filter(ident(column).in_list(listed, false)).map_err(failed);
        }
    }
    let theirs: Vec<_> = theirs.iter().map(key).collect();
    let theirs: Vec<_> = theirs.iter().map(String::as_str).collect();
    let own: Vec<_> = own.iter().map(String::as_str).collect();
    rows.join(keys, JoinType::LeftSemi, &own, &theirs, None).map_err(failed)
}
