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
use deltalake_core::{DeltaTable, DeltaTableError, TableProperty};
use futures::TryStreamExt;
use serde_json::Value;
use tokio::sync::Mutex;
use uplift_core::error::{Error, ErrorKind, Result};

use crate::schema::TableSchema;
use crate::snapshot::Snapshot;

/// A table that can be read at any version and, by one process at a time, written.
///
/// The lock is held while a commit or a refresh runs, so commits of one process never race each
/// other; a reader clones the snapshot and reads on without the lock.
#[derive(Debug)]
pub struct Table {
    name: String,
    newest: Mutex<DeltaTable>,
    /// Commits since files were last gathered.
    scattered: AtomicUsize,
    /// When the log was last listed, in seconds since the handle was made.
    listed: AtomicU64,
    made: Instant,
}

/// The log is listed at least so often, well within the time for which old entries are kept: a handle
/// that slept while its next entry came and was cleaned away would else never wake.
const LIST_EVERY: u64 = 3600;

/// The cost of a commit follows the number of live files, so that so many small ones are gathered.
const GATHER_AFTER: usize = 24;

/// Files of this size are left alone, or a growing table would be written again and again.
const GATHERED_BYTES: NonZeroU64 = NonZeroU64::new(16 << 20).expect("not zero");

/// Rows to add, and how.
#[derive(Debug, Default)]
pub struct Commit {
    /// The rows; empty commits nothing but takes away what `replace` matches.
    pub batches: Vec<RecordBatch>,
    /// Rows that match are taken away in the same commit.
    pub replace: Option<Expr>,
    /// Ids that must not have been committed before: the application transactions of the commit.
    pub transactions: Vec<String>,
    /// What the log should say of the commit.
    pub metadata: Vec<(String, Value)>,
}

/// One entry of the log: a version and what was said of it.
#[derive(Debug, Clone)]
pub struct LogEntry {
    /// Version that the commit made.
    pub version: u64,
    /// What the commit said of itself.
    pub metadata: HashMap<String, Value>,
}

impl Table {
    pub(crate) fn new(name: String, table: DeltaTable) -> Self {
        let scattered = AtomicUsize::new(table.get_file_uris().map_or(0, |files| files.count()));
        Self { name, newest: Mutex::new(table), scattered, listed: AtomicU64::new(0), made: Instant::now() }
    }

    /// Makes the table at this place.
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
        created.map_err(|e| failed(&schema.name, "creating the table", e))
    }

    /// Name of the table.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The newest state, other processes' commits included.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        let mut newest = self.newest.lock().await;
        let refreshing = |e| failed(&self.name, "refreshing the table", e);
        // Versions come one after the other, so that asking for the next is enough most of the time.
        let next = newest.version().map_or(0, |v| v + 1);
        let now = self.made.elapsed().as_secs();
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
        let loading = |e| failed(&self.name, "looking for an earlier version", e);
        table.load_with_datetime(instant).await.map_err(loading)?;
        // For an instant before the table was made this is version 0, which has no rows.
        Ok(Snapshot::new(table))
    }

    /// The state at a version, or the newest.
    pub async fn at(&self, version: Option<i64>) -> Result<Snapshot> {
        let newest = self.snapshot().await?;
        let Some(wanted) = version else { return Ok(newest) };
        if wanted == newest.version() {
            return Ok(newest);
        }
        let unknown = || {
            let last = newest.version();
            Error::not_found(format!("table {} has no version {wanted}; the newest is {last}", self.name))
        };
        if !(0..newest.version()).contains(&wanted) {
            return Err(unknown());
        }
        let mut table = self.newest.lock().await.clone();
        match table.load_version(wanted as u64).await {
            Ok(()) => Ok(Snapshot::new(table)),
            Err(e) => Err(Error { source: Some(e.into()), ..unknown() }),
        }
    }

    /// Whether a submission with this id has been committed.
    pub async fn is_committed(&self, id: &str) -> Result<bool> {
        let newest = self.newest.lock().await;
        let state = newest.snapshot().map_err(|e| failed(&self.name, "reading the table", e))?;
        let log = newest.log_store();
        let found = state.snapshot().transaction_version(log.as_ref(), id).await;
        Ok(found.map_err(|e| failed(&self.name, "looking for an earlier commit", e))?.is_some())
    }

    /// Adds rows as one version and returns it. When this returns, the rows are kept.
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
        *newest = written.map_err(|e| failed(&self.name, "committing rows", e))?;
        self.scattered.fetch_add(1, Ordering::Relaxed);
        let version = newest.version().unwrap_or_default() as i64;
        tracing::debug!(table = self.name, version, "committed");
        Ok(version)
    }

    /// Gathers small files into larger ones when there are many: a version of its own with the same
    /// rows. Comes after callers have their answers. Failing costs speed and nothing else.
    pub async fn maintain(&self) {
        if self.scattered.load(Ordering::Relaxed) < GATHER_AFTER {
            return;
        }
        self.scattered.store(0, Ordering::Relaxed);
        let mut newest = self.newest.lock().await;
        match newest.clone().optimize().with_target_size(GATHERED_BYTES).await {
            Ok((table, gathered)) => {
                tracing::debug!(
                    table = self.name,
                    files = gathered.num_files_removed,
                    "gathered small files"
                );
                *newest = table;
            }
            Err(error) => tracing::warn!(table = self.name, cause = ?error, "could not gather small files"),
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
            .map_err(|e| failed(&self.name, "reading the log", e))?;
        let newest = snapshot.version() as u64;
        let entries = infos.into_iter().enumerate();
        let mut entries: Vec<_> = entries
            .map(|(age, info)| LogEntry { version: newest - age as u64, metadata: info.info })
            .collect();
        entries.reverse();
        Ok(entries)
    }
}

/// Delta's errors as ours: a lost race may be tried again, the rest is a fault.
pub(crate) fn failed(table: &str, doing: &str, error: DeltaTableError) -> Error {
    let message = format!("{doing} {table}");
    let lost =
        matches!(error, DeltaTableError::VersionAlreadyExists(_) | DeltaTableError::Transaction { .. });
    match lost {
        true => Error {
            source: Some(error.into()),
            ..Error::new(ErrorKind::Aborted, format!("{message}: another commit was first; send it again"))
        },
        false => Error::internal(message, error),
    }
}
