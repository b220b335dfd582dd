//! One Delta table: its newest snapshot kept in memory, commits that happen once.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use chrono::{DateTime, Utc};
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, LogicalFileView, Transaction};
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::{DeltaTable, TableProperty};
use futures::TryStreamExt;
use serde_json::Value;
use tokio::sync::Mutex;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_engine::error::table_failed;
use uplift_formats::columns::text;

use crate::data_files::{DataFileWriter, plain_schema, read_file};
use crate::guarded::GuardedStore;
use crate::schema::{self, Scope, TableSchema};
use crate::snapshot::Snapshot;

/// A table that can be read at any version and, by one process at a time, written.
///
/// The lock is held during a commit or a refresh, so commits of one process never race each other; a
/// reader clones the snapshot and reads without the lock.
#[derive(Debug)]
pub struct Table {
    name: String,
    files: GuardedStore,
    newest: Mutex<DeltaTable>,
    /// Commits since small files were last compacted.
    uncompacted: AtomicUsize,
    /// Commits since the last checkpoint of the log.
    unchecked: AtomicUsize,
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

/// Commits after which the log gets a checkpoint.
const CHECKPOINT_AFTER: usize = 20;

/// Files of this size are not rewritten, or a growing table would be written again and again.
const COMPACTED_BYTES: i64 = 16 << 20;

/// The application transaction that every commit onto a version makes: two writers that should exclude each other and do
/// not are a conflict, and never both committed.
const WRITER: &str = "uplift.ingest";

/// Rows to add, and how.
#[derive(Debug, Default)]
pub struct Commit {
    /// The rows; if empty, the commit only removes what `replace` matches.
    pub batches: Vec<RecordBatch>,
    /// Rows of this scope are removed in the same commit.
    pub replace: Option<Scope>,
    /// Ids that must not have been committed before: the application transactions of the commit.
    pub transactions: Vec<String>,
    /// Written to the log entry of the commit.
    pub metadata: Vec<(String, Value)>,
    /// The version that the commit must follow; absent is any.
    pub onto: Option<i64>,
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
    pub(crate) fn new(name: String, table: DeltaTable, files: GuardedStore) -> Self {
        let uncompacted = AtomicUsize::new(table.get_file_uris().map_or(0, |files| files.count()));
        let (unchecked, listed) = (AtomicUsize::new(CHECKPOINT_AFTER), AtomicU64::new(0));
        Self {
            name,
            files,
            newest: Mutex::new(table),
            uncompacted,
            unchecked,
            listed,
            created: Instant::now(),
        }
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
        self.refresh(&mut newest).await?;
        Ok(Snapshot::new(newest.clone()))
    }

    async fn refresh(&self, newest: &mut DeltaTable) -> Result<()> {
        let refreshing = |e| table_failed(&self.name, "refreshing", e);
        // Versions have no gaps, so that looking for the next one is enough most of the time.
        let next = newest.version().map_or(0, |v| v + 1);
        let now = self.created.elapsed().as_secs();
        let due = now - self.listed.load(Ordering::Relaxed) >= LIST_EVERY;
        if due || newest.log_store().read_commit_entry(next).await.map_err(refreshing)?.is_some() {
            newest.update_state().await.map_err(refreshing)?;
            self.listed.store(now, Ordering::Relaxed);
        }
        Ok(())
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
            Err(e) => match table_failed(&self.name, "reading", e) {
                damaged if damaged.kind == ErrorKind::DataLoss => Err(damaged),
                other => Err(Error { source: other.source, ..unknown() }),
            },
        }
    }

    /// Adds rows as one version and returns it. When this returns, the rows are durable.
    pub async fn commit(&self, commit: Commit) -> Result<i64> {
        let mut newest = self.newest.lock().await;
        let before = newest.version().unwrap_or_default();
        if commit.onto.is_some_and(|onto| onto != before as i64) {
            let message = format!("committing rows to {}: another commit came first; retry", self.name);
            return Err(Error::new(ErrorKind::Aborted, message));
        }
        let mut writer = DataFileWriter::new(&newest, &self.name, &self.files)?;
        let mut actions = Vec::new();
        if let Some(scope) = &commit.replace {
            actions = self.remove_scope(&newest, scope, &mut writer).await?;
        }
        for rows in commit.batches {
            writer.write(rows).await?;
        }
        actions.extend(writer.finish(true).await?);
        let mut transactions: Vec<_> = commit.transactions.iter().map(|id| Transaction::new(id, 1)).collect();
        // Rows that were judged by a version exclude what came after it; others go beside it.
        transactions.extend(commit.onto.map(|onto| Transaction::new(WRITER, onto + 1)));
        let mode = if commit.replace.is_some() { SaveMode::Overwrite } else { SaveMode::Append };
        let predicate = commit.replace.map(|scope| scope.to_string());
        let operation = DeltaOperation::Write { mode, partition_by: None, predicate };
        let properties = CommitProperties::default()
            .with_application_transactions(transactions)
            .with_metadata(commit.metadata);
        let version = self.write_log(&mut newest, properties, actions, operation).await?;
        self.uncompacted.fetch_add(1, Ordering::Relaxed);
        self.unchecked.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(table = self.name, version, "committed");
        Ok(version)
    }

    /// Writes an entry of the log: the moment at which a commit happens.
    async fn write_log(
        &self,
        newest: &mut DeltaTable,
        properties: CommitProperties,
        actions: Vec<Action>,
        operation: DeltaOperation,
    ) -> Result<i64> {
        let failed = |e| table_failed(&self.name, "committing rows to", e);
        // Checkpoints come after the answer, and nothing is cleaned away unasked.
        let properties = properties.with_create_checkpoint(false).with_cleanup_expired_logs(Some(false));
        let committed = {
            let state = newest.snapshot().map_err(failed)?;
            let commit = CommitBuilder::from(properties).with_actions(actions);
            commit.build(Some(state), newest.log_store(), operation).await.map_err(failed)?
        };
        newest.state = Some(committed.snapshot());
        Ok(committed.version() as i64)
    }

    /// Removes the files that hold rows of a scope; their other rows are written again.
    async fn remove_scope(
        &self,
        table: &DeltaTable,
        scope: &Scope,
        writer: &mut DataFileWriter<'_>,
    ) -> Result<Vec<Action>> {
        let schema = self.plain_schema(table)?;
        let mut removed = Vec::new();
        for file in self.live_files(table)? {
            let folder = file.partition_values_map();
            let within =
                |name: &str, value: &str| folder.get(name).is_none_or(|v| v.as_deref() == Some(value));
            if !within(schema::REPORTING_YEAR, &scope.year.to_string())
                || !within(schema::REPORTING_COUNTY, &scope.county)
            {
                continue;
            }
            let (mut rest, mut matches) = (Vec::new(), 0);
            for rows in read_file(table, &self.name, &schema, &file).await? {
                let (areas, periods) =
                    (text(&rows, schema::REPORTING_AREA)?, text(&rows, schema::REPORTING_PERIOD)?);
                let outside = areas.iter().zip(&periods).map(|(area, period)| {
                    Some(area != Some(scope.area.as_str()) || period != Some(scope.period.as_str()))
                });
                let others = filter_record_batch(&rows, &BooleanArray::from_iter(outside));
                let others = others.map_err(|e| Error::internal("filtering rows", e))?;
                matches += rows.num_rows() - others.num_rows();
                rest.push(others);
            }
            if matches > 0 {
                removed.push(Action::Remove(file.remove_action(true)));
                for rows in rest {
                    writer.write(rows).await?;
                }
            }
        }
        Ok(removed)
    }

    /// Puts small files together when there are many, as a version of its own with the same rows, and gives
    /// the log a checkpoint. Runs after callers have their answers; a failure costs speed and nothing else.
    /// Returns the version that it made, if any.
    pub async fn compact(&self) -> Option<i64> {
        let mut newest = self.newest.lock().await;
        let mut version = None;
        if self.uncompacted.load(Ordering::Relaxed) >= COMPACT_AFTER {
            self.uncompacted.store(0, Ordering::Relaxed);
            match self.compact_files(&mut newest).await {
                Ok(compacted) => version = compacted,
                Err(error) => {
                    tracing::warn!(table = self.name, cause = ?error, "could not compact small files");
                }
            }
        }
        if self.unchecked.load(Ordering::Relaxed) >= CHECKPOINT_AFTER {
            self.unchecked.store(0, Ordering::Relaxed);
            if let Err(error) = deltalake_core::checkpoints::create_checkpoint(&newest, None).await {
                tracing::warn!(table = self.name, cause = ?error, "could not write a checkpoint of the log");
            }
        }
        version
    }

    async fn compact_files(&self, newest: &mut DeltaTable) -> Result<Option<i64>> {
        let mut folders: BTreeMap<Vec<(String, Option<String>)>, Vec<LogicalFileView>> = BTreeMap::new();
        for file in self.live_files(newest)? {
            if file.size() < COMPACTED_BYTES {
                let mut folder: Vec<_> = file.partition_values_map().into_iter().collect();
                folder.sort_unstable();
                folders.entry(folder).or_default().push(file);
            }
        }
        folders.retain(|_, files| files.len() > 1);
        if folders.is_empty() {
            return Ok(None);
        }
        let schema = self.plain_schema(newest)?;
        let mut actions = Vec::new();
        for files in folders.into_values() {
            // Each folder has a writer of its own, so that no more than its rows are in memory.
            let mut writer = DataFileWriter::new(newest, &self.name, &self.files)?;
            for file in &files {
                for rows in read_file(newest, &self.name, &schema, file).await? {
                    writer.write(rows).await?;
                }
                actions.push(Action::Remove(file.remove_action(false)));
            }
            actions.extend(writer.finish(false).await?);
        }
        let operation = DeltaOperation::Optimize { predicate: None, target_size: COMPACTED_BYTES };
        let version = self.write_log(newest, CommitProperties::default(), actions, operation).await?;
        tracing::debug!(table = self.name, version, "compacted small files");
        Ok(Some(version))
    }

    fn live_files(&self, table: &DeltaTable) -> Result<Vec<LogicalFileView>> {
        let state = table.snapshot().map_err(|e| table_failed(&self.name, "listing files of", e))?;
        Ok(state.log_data().iter().collect())
    }

    fn plain_schema(&self, table: &DeltaTable) -> Result<arrow::datatypes::SchemaRef> {
        let state = table.snapshot().map_err(|e| table_failed(&self.name, "reading columns of", e))?;
        Ok(plain_schema(&state.snapshot().arrow_schema()))
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
