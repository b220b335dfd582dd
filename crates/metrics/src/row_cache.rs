//! The rows of small tables at a version, kept in memory: a report traces hundreds of figures of the same versions, and to
//! open every data file again for each would take most of the time. What a version holds never changes.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use uplift_core::error::Result;
use uplift_engine::SESSION;
use uplift_engine::error::query_failed;

use crate::snapshots::SnapshotSet;

/// Rows of a table that is kept; a larger one is read from its files.
const MAX_ROWS: usize = 100_000;
/// Bytes that are kept of all tables.
const MAX_BYTES: u64 = 256 << 20;
/// Tables that the cache expects.
const TABLES: usize = 64;

/// Rows by table and version.
#[derive(Debug)]
pub(crate) struct RowCache {
    tables: Cache<(String, i64), Rows, ByBytes>,
}

/// The rows of one version, and their bytes.
#[derive(Debug, Clone)]
struct Rows {
    /// When they were read.
    time: DateTime<Utc>,
    table: Arc<MemTable>,
    bytes: u64,
}

#[derive(Debug, Clone)]
struct ByBytes;

impl Weighter<(String, i64), Rows> for ByBytes {
    fn weight(&self, _: &(String, i64), rows: &Rows) -> u64 {
        rows.bytes.max(1)
    }
}

impl Default for RowCache {
    fn default() -> Self {
        Self { tables: Cache::with_weighter(TABLES, MAX_BYTES, ByBytes) }
    }
}

impl RowCache {
    /// A table of a set for the query engine: from memory if it is small; none if it does not exist.
    pub(crate) async fn provider(
        &self,
        snapshots: &SnapshotSet,
        table: &str,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(snapshot) = snapshots.snapshot(table).await? else { return Ok(None) };
        if snapshot.row_count() > MAX_ROWS {
            return snapshots.provider(table).await;
        }
        let key = (table.to_owned(), snapshot.version());
        // Who asks whether the files still hold them is not answered from memory.
        let old = |rows: Rows| snapshots.read_after().is_some_and(|instant| rows.time < instant);
        if self.tables.get(&key).is_some_and(old) {
            self.tables.remove(&key);
        }
        let rows = self.tables.get_or_insert_async(&key, read(snapshots, table)).await?;
        Ok(Some(rows.table))
    }
}

async fn read(snapshots: &SnapshotSet, table: &str) -> Result<Rows> {
    let failed = |e| query_failed(format!("reading {table}"), e);
    let time = Utc::now();
    let provider = snapshots.provider(table).await?;
    let provider =
        provider.ok_or_else(|| uplift_core::error::Error::internal("reading a table", "it is gone"))?;
    let schema = provider.schema();
    let frame = SESSION.read_table(provider).map_err(failed)?;
    let batches = frame.collect_partitioned().await.map_err(failed)?;
    let bytes = batches.iter().flatten().map(|batch| batch.get_array_memory_size() as u64).sum();
    let table = MemTable::try_new(schema, batches).map_err(failed)?;
    Ok(Rows { time, table: Arc::new(table), bytes })
}
