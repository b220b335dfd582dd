//! One Delta table: its newest snapshot kept in memory, commits that happen once.

use std::collections::HashMap;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use arrow::array::RecordBatch;
use chrono::{DateTime, Utc};
use datafusion::logical_expr::Expr;
use deltalake_core::kernel::Transaction;
use deltalake_core::kernel::transaction::CommitProperties;
use deltalake_core::protocol::SaveMode;
use deltalake_core::{DeltaTable, TableProperty};
use futures::TryStreamExt;
use serde_json::Value;
use tokio::sync::Mutex;
use uplift_core::error::{Error, Result};
use uplift_engine::error::table_failed;

use crate::schema::TableSchema;
use crate::snapshot::Snapshot;

/// A table that can be read at any version and, by one process at a time, written.
///
/// The lock is held during a commit or a refresh, so commits of one process never race each other; a
/// reader clones the snapshot and reads without the lock.
#[derive(Debug)]
pub struct Table {
    name: String,
    newest: Mutex<DeltaTable>,
    /// Commits since small files were last compacted.
    uncompacted: AtomicUsize,
    /// When the log was last listed, in seconds since the handle was created.
    listed: AtomicU64,
    created: Instant,
}

/// Seconds after which the log is listed again, well within the time for which old entries are kept: a
/// handle that was idle while its next entry was written and cleaned away would otherwise never see a
/// later one.
const LIST_EVERY: u64 = 3600;

/// The cost of a commit grows with the number of live files: after this many commits small ones are
/// compacted.
const COMPACT_AFTER: usize = 24;

/// Files of this size are not rewritten, or a growing table would be written again and again.
const COMPACTED_BYTES: NonZeroU64 = NonZeroU64::new(16 << 20).expect("not zero");

/// Rows to add, and how.
#[derive(Debug, Default)]
pub struct Commit {
    /// The rows; if empty, the commit only removes what `replace` matches.
    pub batches: Vec<RecordBatch>,
    /// Rows that match are removed in the same commit.
    pub replace: Option<Expr>,
    /// Ids that must not have been committed before: the application transactions of the commit.
    pub transactions: Vec<String>,
    /// Written to the log entry of the commit.
    pub metadata: Vec<(String, Value)>,
}

/// One entry of the log: a version and the metadata of its commit.
#[derive(Debug, Clone)]
pub struct LogEntry {
    /// Version that the commit made.
    pub version: u64,
    /// Metadata of the commit.
    pub metadata: HashMap<String, Value>,
}

impl Table {
    pub(crate) fn new(name: String, table: DeltaTable) -> Self {
        let uncompacted = AtomicUsize::new(table.get_file_uris().map_or(0, |files| files.count()));
        let listed = AtomicU64::new(0);
        Self { name, newest: Mutex::new(table), uncompacted, listed, created: Instant::now() }
    }

    /// Creates the table at this handle.
    pub(crate) async fn create(empty: DeltaTable, schema: &TableSchema) -> Result<DeltaTable> {
        let delta: deltalake_core::kernel::StructType =
            deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel::try_into_kernel(
                schema.columns.as_ref(),
            )
            .map_err(|e| Error::internal("describing the table", e))?;
        let created = empty
            .create()
            .with_table_name(&schema.name)
            .with_columns(delta.fields().cloned())
            .with_partition_columns(&schema.partition)
            .with_configuration_property(TableProperty::CheckpointInterval, Some("20"))
            .with_configuration_property(
                TableProperty::SetTransactionRetentionDuration,
                Some("interval 90 days"),
            )
            .with_save_mode(SaveMode::Ignore)
            .await;
        created.map_err(|e| table_failed(&schema.name, "creating", e))
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The newest state, other processes' commits included.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        let mut newest = self.newest.lock().await;
        let refreshing = |e| table_failed(&self.name, "refreshing", e);
        // Versions have no gaps, so that looking for the next one is enough most of the time.
        let next = newest.version().map_or(0, |v| v + 1);
        let now = self.created.elapsed().as_secs();
        let due = now - self.listed.load(Ordering::Relaxed) >= LIST_EVERY;
        if due || newest.log_store().read_commit_entry(next).await.map_err(refreshing)?.is_some() {
            newest.update_state().await.map_err(refreshing)?;
            self.listed.store(now, Ordering::Relaxed);
        }
        Ok(Snapshot::new(newest.clone()))
    }

    /// What the table held at an instant: nothing before its first commit.
    pub async fn at_instant(&self, instant: DateTime<Utc>) -> Result<Snapshot> {
        let mut table = self.newest.lock().await.clone();
        let loading = |e| table_failed(&self.name, "looking for an earlier version of", e);
        table.load_with_datetime(instant).await.map_err(loading)?;
        // For an instant before the table was created this is version 0, which has no rows.
        Ok(Snapshot::new(table))
    }

    /// The state at a version.
    pub async fn at(&self, version: i64) -> Result<Snapshot> {
        let newest = self.snapshot().await?;
        if version == newest.version() {
            return Ok(newest);
        }
        let unknown = || {
            let last = newest.version();
            Error::not_found(format!("table {} has no version {version}; the newest is {last}", self.name))
        };
        if !(0..newest.version()).contains(&version) {
            return Err(unknown());
        }
        let mut table = self.newest.lock().await.clone();
        match table.load_version(version as u64).await {
            Ok(()) => Ok(Snapshot::new(table)),
            Err(e) => Err(Error { source: Some(e.into()), ..unknown() }),
        }
    }

    /// Adds rows as one version and returns it. When this returns, the rows are durable.
    pub async fn commit(&self, commit: Commit) -> Result<i64> {
        let mut newest = self.newest.lock().await;
        let transactions = commit.transactions.iter().map(|id| Transaction::new(id, 1)).collect();
        let properties = CommitProperties::default()
            .with_application_transactions(transactions)
            .with_metadata(commit.metadata);
        let written = match (commit.replace, commit.batches.is_empty()) {
            (Some(rows), false) => {
                newest
                    .clone()
                    .write(commit.batches)
                    .with_save_mode(SaveMode::Overwrite)
                    .with_replace_where(rows)
                    .with_commit_properties(properties)
                    .await
            }
            (Some(rows), true) => {
                let delete = newest.clone().delete().with_predicate(rows).with_commit_properties(properties);
                delete.await.map(|(table, _)| table)
            }
            (None, _) => {
                newest
                    .clone()
                    .write(commit.batches)
                    .with_save_mode(SaveMode::Append)
                    .with_commit_properties(properties)
                    .await
            }
        };
        *newest = written.map_err(|e| table_failed(&self.name, "committing rows to", e))?;
        self.uncompacted.fetch_add(1, Ordering::Relaxed);
        let version = newest.version().unwrap_or_default() as i64;
        tracing::debug!(table = self.name, version, "committed");
        Ok(version)
    }

    /// Compacts small files into larger ones when there are many: a version of its own with the same
    /// rows. Runs after callers have their answers; a failure costs speed and nothing else.
    pub async fn compact(&self) {
        if self.uncompacted.load(Ordering::Relaxed) < COMPACT_AFTER {
            return;
        }
        self.uncompacted.store(0, Ordering::Relaxed);
        let mut newest = self.newest.lock().await;
        match newest.clone().optimize().with_target_size(COMPACTED_BYTES).await {
            Ok((table, metrics)) => {
                tracing::debug!(
                    table = self.name,
                    files = metrics.num_files_removed,
                    "compacted small files"
                );
                *newest = table;
            }
            Err(error) => tracing::warn!(table = self.name, cause = ?error, "could not compact small files"),
        }
    }

    /// The log after a version, the oldest first.
    pub async fn log_after(&self, version: i64) -> Result<Vec<LogEntry>> {
        let snapshot = self.snapshot().await?;
        let missing = usize::try_from(snapshot.version() - version).unwrap_or_default();
        if missing == 0 {
            return Ok(Vec::new());
        }
        let infos: Vec<_> = snapshot
            .delta()
            .history(Some(missing))
            .try_collect()
            .await
            .map_err(|e| table_failed(&self.name, "reading the log of", e))?;
        let newest = snapshot.version() as u64;
        let entries = infos.into_iter().enumerate();
        let mut entries: Vec<_> = entries
            .map(|(age, info)| LogEntry { version: newest - age as u64, metadata: info.info })
            .collect();
        entries.reverse();
        Ok(entries)
    }
}
