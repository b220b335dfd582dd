//! The versions of tables that one answer stands on: each table is looked at once.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use datafusion::catalog::TableProvider;
use tokio::sync::Mutex;
use uplift_core::error::Result;
use uplift_store::{Snapshot, Store};

/// What of the tables is to be read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AsOf {
    /// Versions of some tables.
    pub versions: BTreeMap<String, i64>,
    /// Of the others, what they held at an instant; absent is now.
    pub instant: Option<DateTime<Utc>>,
}

/// Tables at the versions that were asked for; a table that nobody made is empty.
#[derive(Debug)]
pub struct Pins {
    store: Arc<Store>,
    as_of: AsOf,
    found: Mutex<HashMap<String, Option<Snapshot>>>,
}

impl Pins {
    /// Over a store.
    pub fn new(store: Arc<Store>, as_of: AsOf) -> Self {
        Self { store, as_of, found: Mutex::default() }
    }

    /// A table as this answer sees it.
    pub async fn snapshot(&self, table: &str) -> Result<Option<Snapshot>> {
        let mut found = self.found.lock().await;
        if let Some(snapshot) = found.get(table) {
            return Ok(snapshot.clone());
        }
        let snapshot = match self.store.get(table).await? {
            None => None,
            Some(opened) => match (self.as_of.versions.get(table), self.as_of.instant) {
                (Some(version), _) => Some(opened.at(Some(*version)).await?),
                (None, Some(instant)) => Some(opened.at_instant(instant).await?),
                (None, None) => Some(opened.snapshot().await?),
            },
        };
        found.insert(table.to_owned(), snapshot.clone());
        Ok(snapshot)
    }

    /// Version of a table; -1 where there is none.
    pub async fn version(&self, table: &str) -> Result<i64> {
        Ok(self.snapshot(table).await?.map_or(-1, |s| s.version()))
    }

    /// A table for the query engine; none where there is none.
    pub async fn provider(&self, table: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        match self.snapshot(table).await? {
            Some(snapshot) => snapshot.provider().await.map(Some),
            None => Ok(None),
        }
    }

    /// Versions that were looked at.
    pub async fn versions(&self) -> BTreeMap<String, i64> {
        let found = self.found.lock().await;
        found.iter().filter_map(|(name, s)| Some((name.clone(), s.as_ref()?.version()))).collect()
    }
}
