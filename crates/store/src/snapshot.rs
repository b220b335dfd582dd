//! A table at one version.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::prelude::DataFrame;
use deltalake_core::DeltaTable;
use uplift_core::error::{Error, Result};
use uplift_engine::SESSION;
use uplift_engine::error::query_failed;

/// A table at a version. Cheap to clone; what it shows never changes.
#[derive(Debug, Clone)]
pub struct Snapshot {
    table: DeltaTable,
}

impl Snapshot {
    pub(crate) fn new(table: DeltaTable) -> Self {
        Self { table }
    }

    pub(crate) fn delta(&self) -> &DeltaTable {
        &self.table
    }

    pub fn version(&self) -> i64 {
        self.table.version().map_or(-1, |v| v as i64)
    }

    /// Files that hold its rows, in the folder of the table.
    pub(crate) fn files(&self) -> BTreeSet<String> {
        let files = self
            .table
            .snapshot()
            .map(|state| state.log_data().iter().map(|file| file.object_store_path().to_string()).collect());
        files.unwrap_or_default()
    }

    /// Number of files that hold its rows.
    pub fn file_count(&self) -> usize {
        self.table.get_file_uris().map_or(0, |files| files.count())
    }

    /// Number of its rows, as its log tells.
    pub fn row_count(&self) -> usize {
        let files =
            self.table.snapshot().map(|state| state.log_data().iter().filter_map(|f| f.num_records()).sum());
        files.unwrap_or_default()
    }

    /// The table for a query engine.
    pub async fn provider(&self) -> Result<Arc<dyn TableProvider>> {
        let state = self.table.snapshot().map_err(|e| Error::internal("reading a snapshot", e))?;
        let builder = self.table.table_provider().with_eager_snapshot(state.snapshot().clone());
        builder.await.map_err(|e| Error::internal("opening a snapshot for queries", e))
    }

    /// All rows, for a query to be built on.
    pub async fn rows(&self) -> Result<DataFrame> {
        let provider = self.provider().await?;
        SESSION.read_table(provider).map_err(|e| query_failed("opening a snapshot for queries", e))
    }
}
