//! The table versions that one answer is computed from: each table is looked up once.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::datatypes::{Field, SchemaRef};
use chrono::{DateTime, Utc};
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{ident, lit};
use tokio::sync::Mutex;
use uplift_core::error::Result;
use uplift_engine::SESSION;
use uplift_engine::error::query_failed;
use uplift_store::{Snapshot, Store};

use crate::tables::table as columns_of;

/// The same table with every column of its dataset: a version from before a column was added has none of its values.
fn with_all_columns(provider: Arc<dyn TableProvider>, columns: &SchemaRef) -> Result<Arc<dyn TableProvider>> {
    let known = provider.schema();
    if columns.fields().iter().all(|field| known.index_of(field.name()).is_ok()) {
        return Ok(provider);
    }
    let failed = |e| query_failed("opening a table", e);
    let column = |field: &Arc<Field>| match known.index_of(field.name()) {
        Ok(_) => Ok(ident(field.name())),
        Err(_) => Ok(lit(ScalarValue::try_from(field.data_type())?).alias(field.name())),
    };
    let all = columns.fields().iter().map(column).collect::<datafusion::error::Result<Vec<_>>>();
    let rows = SESSION.read_table(provider).and_then(|rows| rows.select(all?)).map_err(failed)?;
    Ok(rows.into_view())
}

/// Which state of the tables to read.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct AsOf {
    /// Versions of some tables.
    pub(crate) versions: BTreeMap<String, i64>,
    /// The instant for the others; absent is now.
    pub(crate) instant: Option<DateTime<Utc>>,
}

impl AsOf {
    /// From a request: versions, and an instant as seconds and nanoseconds; otherwise what is wrong with it.
    pub(crate) fn parse(
        versions: HashMap<String, i64>,
        time: Option<(i64, i32)>,
    ) -> Result<Self, &'static str> {
        let instant = time.map(|(seconds, nanos)| {
            let nanos = u32::try_from(nanos).ok();
            let instant = nanos.and_then(|nanos| DateTime::from_timestamp(seconds, nanos));
            instant.ok_or("is not an instant; write it as 2011-12-31T00:00:00Z")
        });
        Ok(Self { versions: versions.into_iter().collect(), instant: instant.transpose()? })
    }
}

/// Tables at the versions of one answer; a table that does not exist is empty.
#[derive(Debug)]
pub(crate) struct SnapshotSet {
    store: Arc<Store>,
    as_of: AsOf,
    read_after: Option<DateTime<Utc>>,
    snapshots: Mutex<HashMap<String, Option<Snapshot>>>,
}

impl SnapshotSet {
    /// Over a store.
    pub(crate) fn new(store: Arc<Store>, as_of: AsOf) -> Self {
        Self { store, as_of, read_after: None, snapshots: Mutex::default() }
    }

    /// The same, of whose rows none count that were read before an instant and kept in memory.
    pub(crate) fn reading_after(self, instant: Option<DateTime<Utc>>) -> Self {
        Self { read_after: instant, ..self }
    }

    /// Rows that were read before this instant are read again.
    pub(crate) fn read_after(&self) -> Option<DateTime<Utc>> {
        self.read_after
    }

    /// A table at the version of this answer; none if it does not exist.
    pub(crate) async fn snapshot(&self, table: &str) -> Result<Option<Snapshot>> {
        let mut snapshots = self.snapshots.lock().await;
        if let Some(snapshot) = snapshots.get(table) {
            return Ok(snapshot.clone());
        }
        // A table that did not exist for an answer does not exist for its pages and traces either.
        let existed = self.as_of.versions.get(table).is_none_or(|version| *version >= 0);
        let snapshot = match self.store.get(table).await?.filter(|_| existed) {
            None => None,
            Some(opened) => {
                let found = match (self.as_of.versions.get(table), self.as_of.instant) {
                    (Some(version), _) => opened.at(*version).await?,
                    (None, Some(instant)) => opened.at_instant(instant).await?,
                    (None, None) => opened.snapshot().await?,
                };
                if let Some(instant) = self.read_after {
                    opened.recheck(&found, instant.into()).await?;
                }
                Some(found)
            }
        };
        snapshots.insert(table.to_owned(), snapshot.clone());
        Ok(snapshot)
    }

    /// Version of a table; -1 if it does not exist.
    pub(crate) async fn version(&self, table: &str) -> Result<i64> {
        Ok(self.snapshot(table).await?.map_or(-1, |s| s.version()))
    }

    /// A table for the query engine; none if it does not exist.
    pub(crate) async fn provider(&self, table: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(snapshot) = self.snapshot(table).await? else { return Ok(None) };
        let provider = snapshot.provider().await?;
        match columns_of(table) {
            Ok(columns) => with_all_columns(provider, &columns).map(Some),
            Err(_) => Ok(Some(provider)),
        }
    }

    /// When the newest of the versions that were looked up was committed; none if no table existed.
    pub(crate) async fn newest_commit(&self) -> Result<Option<DateTime<Utc>>> {
        let mut newest = None;
        for (table, version) in self.versions().await {
            let Some(opened) = self.store.get(&table).await?.filter(|_| version >= 0) else { continue };
            newest = newest.max(opened.time(version.unsigned_abs()).await?);
        }
        Ok(newest)
    }

    /// Versions of the tables that were looked up; -1 for one that does not exist.
    pub(crate) async fn versions(&self) -> BTreeMap<String, i64> {
        let snapshots = self.snapshots.lock().await;
        snapshots.iter().map(|(name, s)| (name.clone(), s.as_ref().map_or(-1, Snapshot::version))).collect()
    }
}
