//! A session of the query engine over tables at the versions of an answer.

use datafusion::prelude::SessionContext;
use uplift_core::error::{Error, Result};
use uplift_engine::error::query_failed;
use uplift_engine::session;

use crate::indicators::plan::empty;
use crate::snapshots::SnapshotSet;

/// The tables by their names; one that does not exist is empty.
pub(crate) async fn over<'a>(
    snapshots: &SnapshotSet,
    tables: impl IntoIterator<Item = &'a str>,
) -> Result<SessionContext> {
    let session = session();
    for table in tables {
        let doing = || format!("opening table {table}");
        let provider = match snapshots.provider(table).await? {
            Some(provider) => provider,
            None => empty(table).map_err(|e| Error::internal(doing(), e.remedy))?,
        };
        session.register_table(table, provider).map_err(|e| query_failed(doing(), e))?;
    }
    Ok(session)
}
