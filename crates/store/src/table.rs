//! One Delta table: its newest snapshot kept in memory, commits that happen once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, LogicalFileView, Transaction};
use deltalake_core::logstore::LogStore;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::{DeltaTable, TableProperty};
use serde_json::Value;
use tokio::sync::Mutex;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_engine::error::table_failed;
use uplift_formats::columns::text;

use crate::data_files::{DataFileWriter, plain_schema, read_file};
use crate::guarded::GuardedStore;
use crate::pins::Pins;
use crate::schema::{self, Scope, TableSchema};
use crate::snapshot::Snapshot;

/// A table that can be read at any version and, by one process at a time, written.
///
/// The lock is held during a commit or a refresh, so commits of one process never race each other; a
/// reader clones the snapshot and reads without the lock.
#[derive(Debug)]
pub struct Table {
    name: String,
    pub(crate) folder: PathBuf,
    pub(crate) files: GuardedStore,
    pub(crate) pins: Arc<Pins>,
    pub(crate) log: Arc<dyn LogStore>,
    pub(crate) newest: Mutex<DeltaTable>,
    /// When versions were committed, in milliseconds, as far as anyone asked.
    pub(crate) times: std::sync::Mutex<BTreeMap<u64, i64>>,
    /// Commits since small files were last compacted.
    pub(crate) uncompacted: AtomicUsize,
    /// Commits since the last checkpoint of the log.
    pub(crate) unchecked: AtomicUsize,
    /// Commits since old versions were last looked for.
    pub(crate) unexpired: AtomicUsize,
    /// Held while old versions expire.
    pub(crate) expiring: Mutex<()>,
}

/// Commits after which the log gets a checkpoint.
pub(crate) const CHECKPOINT_AFTER: usize = 20;

/// Key of the time of a commit in its entry, in milliseconds: later than that of the version before, whatever the
/// clock says.
pub(crate) const TIME: &str = "uplift.time";

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
    /// Written to the log entry of the commit.
    pub metadata: Vec<(String, Value)>,
    /// The version that the commit must follow; absent is any.
    pub onto: Option<i64>,
}

impl Table {
    pub(crate) fn new(
        name: String,
        table: DeltaTable,
        root: &Path,
        files: &GuardedStore,
        pins: &Arc<Pins>,
    ) -> Self {
        let uncompacted = table.get_file_uris().map_or(0, |files| files.count());
        Self {
            folder: root.join(&name),
            name,
            files: files.clone(),
            pins: pins.clone(),
            log: table.log_store(),
            newest: Mutex::new(table),
            times: std::sync::Mutex::default(),
            uncompacted: AtomicUsize::new(uncompacted),
            unchecked: AtomicUsize::new(CHECKPOINT_AFTER),
            // How many there were before is not known.
            unexpired: AtomicUsize::new(usize::MAX / 2),
            expiring: Mutex::default(),
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
            // Entries are let go by `retention`, and by no other program.
            .with_configuration_property(TableProperty::LogRetentionDuration, Some("interval 36500 days"))
            .with_configuration_property(TableProperty::EnableExpiredLogCleanup, Some("false"))
            // Checkpoints leave removed files out, or they would grow with every commit.
            .with_configuration_property(
                TableProperty::DeletedFileRetentionDuration,
                Some("interval 0 seconds"),
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
        // Versions follow each other without gaps, but for those that expired since.
        let next = newest.version().map_or(0, |v| v + 1);
        let expired = self.expired().run_of(next).is_some();
        if expired || newest.log_store().read_commit_entry(next).await.map_err(refreshing)?.is_some() {
            newest.update_state().await.map_err(refreshing)?;
        }
        Ok(())
    }

    /// Compares the files of a snapshot with their digests, those aside that were compared since an instant.
    pub async fn recheck(&self, snapshot: &Snapshot, instant: SystemTime) -> Result<()> {
        for file in snapshot.files() {
            let file = object_store::path::Path::from(format!("{}/{file}", self.name));
            let checked = self.files.check_since(&file, instant).await;
            checked.map_err(|e| table_failed(&self.name, "reading", e.into()))?;
        }
        Ok(())
    }

    /// Adds rows as one version and returns it. When this returns, the rows are durable.
    pub async fn commit(&self, commit: Commit) -> Result<i64> {
        let mut newest = self.newest.lock().await;
        let before = newest.version().unwrap_or_default();
        if commit.onto.is_some_and(|onto| onto != before as i64) {
            let message = format!("committing rows to {}: another commit came first; retry", self.name);
            return Err(Error::new(ErrorKind::Aborted, message));
        }
        let mut writer = DataFileWriter::new(&newest, &self.name, &self.files);
        let mut actions = Vec::new();
        if let Some(scope) = &commit.replace {
            actions = self.remove_scope(&newest, scope, &mut writer).await?;
        }
        for rows in commit.batches {
            writer.write(rows).await?;
        }
        actions.extend(writer.finish(true).await?);
        // Rows that were judged by a version exclude what came after it; others go beside it.
        let transactions = commit.onto.map(|onto| Transaction::new(WRITER, onto + 1)).into_iter().collect();
        let mode = if commit.replace.is_some() { SaveMode::Overwrite } else { SaveMode::Append };
        let predicate = commit.replace.map(|scope| scope.to_string());
        let operation = DeltaOperation::Write { mode, partition_by: None, predicate };
        let version = self.write_log(&mut newest, commit.metadata, transactions, actions, operation).await?;
        self.uncompacted.fetch_add(1, Ordering::Relaxed);
        self.unchecked.fetch_add(1, Ordering::Relaxed);
        self.unexpired.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(table = self.name, version, "committed");
        Ok(version)
    }

    /// Writes an entry of the log: the moment at which a commit happens.
    pub(crate) async fn write_log(
        &self,
        newest: &mut DeltaTable,
        mut metadata: Vec<(String, Value)>,
        transactions: Vec<Transaction>,
        actions: Vec<Action>,
        operation: DeltaOperation,
    ) -> Result<i64> {
        let failed = |e| table_failed(&self.name, "committing rows to", e);
        let time = self.next_time(newest.version().unwrap_or_default()).await?;
        metadata.push((TIME.to_owned(), time.into()));
        // Checkpoints come after the answer, and only `retention` lets anything go.
        let properties = CommitProperties::default()
            .with_application_transactions(transactions)
            .with_metadata(metadata)
            .with_create_checkpoint(false)
            .with_cleanup_expired_logs(Some(false));
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

    pub(crate) fn live_files(&self, table: &DeltaTable) -> Result<Vec<LogicalFileView>> {
        let state = table.snapshot().map_err(|e| table_failed(&self.name, "listing files of", e))?;
        Ok(state.log_data().iter().collect())
    }

    pub(crate) fn plain_schema(&self, table: &DeltaTable) -> Result<arrow::datatypes::SchemaRef> {
        let state = table.snapshot().map_err(|e| table_failed(&self.name, "reading columns of", e))?;
        Ok(plain_schema(&state.snapshot().arrow_schema()))
    }
}
