//! The data files of a table at a version, as its log describes them.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use deltalake_core::kernel::LogicalFileView;
use deltalake_core::logstore::object_store::{ObjectStoreExt, path::Path};
use serde_json::Value;
use uplift_core::error::{Error, Result};
use uplift_engine::error::table_failed;

use crate::snapshot::Snapshot;

/// A data file. It never changes, and its name ends in the digest of its content.
#[derive(Debug, Clone, PartialEq)]
pub struct DataFile {
    /// Name, in the folder of the table.
    pub path: String,
    /// Columns that its folder stands for, with their value.
    pub folder: HashMap<String, Option<String>>,
    lowest: Value,
    highest: Value,
}

impl DataFile {
    fn new(file: &LogicalFileView) -> Self {
        let statistics = file.stats().and_then(|text| serde_json::from_str::<Value>(&text).ok());
        let part = |name: &str| {
            statistics.as_ref().and_then(|statistics| statistics.get(name)).cloned().unwrap_or_default()
        };
        Self {
            path: file.object_store_path().to_string(),
            folder: file.partition_values_map(),
            lowest: part("minValues"),
            highest: part("maxValues"),
        }
    }

    /// The lowest and the highest value of a column, as the log writes them; none where it does not tell.
    pub fn range(&self, column: &str) -> Option<(&Value, &Value)> {
        self.lowest.get(column).zip(self.highest.get(column))
    }
}

impl Snapshot {
    /// The files that hold its rows, by name. Those that are among the files of another version are taken from there, since what
    /// the log tells of a file takes longer to read than all else.
    pub fn data_files(&self, known: &[Arc<DataFile>]) -> Result<Vec<Arc<DataFile>>> {
        let state = self.delta().snapshot().map_err(|e| Error::internal("listing data files", e))?;
        let described = |file: LogicalFileView| {
            let path = file.object_store_path();
            match known.binary_search_by(|known| known.path.as_str().cmp(path.as_ref())) {
                Ok(place) => known[place].clone(),
                Err(_) => Arc::new(DataFile::new(&file)),
            }
        };
        let mut files: Vec<_> = state.log_data().iter().map(described).collect();
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// The content of one of its files, which is what was written. For a thread that computes and belongs to no runtime: it
    /// reads and compares by itself, where handing that to another thread would leave its core idle.
    pub fn content(&self, table: &str, file: &DataFile) -> Result<Bytes> {
        let failed = |e| table_failed(table, "reading rows of", e);
        let store = self.delta().log_store().object_store(None);
        let path = Path::from(file.path.as_str());
        let read = async { store.get(&path).await?.bytes().await };
        futures::executor::block_on(read).map_err(|e| failed(e.into()))
    }
}
