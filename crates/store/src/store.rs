//! The folder of tables, and the handle of each.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use deltalake_core::{DeltaTable, DeltaTableBuilder, ensure_table_uri};
use tokio::sync::Mutex;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_engine::error::table_failed;

use crate::schema::TableSchema;
use crate::table::Table;

/// A folder of tables, one folder each.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    tables: Mutex<HashMap<String, Arc<Table>>>,
}

impl Store {
    /// Opens a store in `root`, creating the folder if need be.
    pub fn open(root: &Path) -> Result<Self> {
        let unusable = |e: std::io::Error| {
            let message = format!("cannot use {} as a data folder: {e}", root.display());
            Error::new(ErrorKind::FailedPrecondition, message)
        };
        std::fs::create_dir_all(root).map_err(unusable)?;
        let root = root.canonicalize().map_err(unusable)?;
        Ok(Self { root, tables: Mutex::default() })
    }

    /// The folder of the tables.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The table with this schema, created if there is none: for the one service that writes.
    pub async fn create(&self, schema: &TableSchema) -> Result<Arc<Table>> {
        let mut tables = self.tables.lock().await;
        if let Some(table) = tables.get(&schema.name) {
            return Ok(table.clone());
        }
        let table = match self.load(&schema.name).await? {
            Some(table) => table,
            None => Table::create(self.handle(&schema.name)?, schema).await?,
        };
        let table = Arc::new(Table::new(schema.name.clone(), table));
        tables.insert(schema.name.clone(), table.clone());
        Ok(table)
    }

    /// The table of this name, if it exists: for services that read.
    pub async fn get(&self, name: &str) -> Result<Option<Arc<Table>>> {
        let mut tables = self.tables.lock().await;
        if let Some(table) = tables.get(name) {
            return Ok(Some(table.clone()));
        }
        let Some(table) = self.load(name).await? else { return Ok(None) };
        let table = Arc::new(Table::new(name.to_owned(), table));
        tables.insert(name.to_owned(), table.clone());
        Ok(Some(table))
    }

    fn handle(&self, name: &str) -> Result<DeltaTable> {
        let folder = self.root.join(name);
        let opened = ensure_table_uri(folder.to_string_lossy())
            .and_then(DeltaTableBuilder::from_url)
            .and_then(DeltaTableBuilder::build);
        opened.map_err(|e| table_failed(name, "opening", e))
    }

    async fn load(&self, name: &str) -> Result<Option<DeltaTable>> {
        // Readers look for tables that do not exist yet: that must not create their folders.
        if !self.root.join(name).join("_delta_log").is_dir() {
            return Ok(None);
        }
        let mut table = self.handle(name)?;
        let exists = table.verify_deltatable_existence().await;
        if !exists.map_err(|e| table_failed(name, "looking for", e))? {
            return Ok(None);
        }
        table.load().await.map_err(|e| table_failed(name, "opening", e))?;
        Ok(Some(table))
    }
}
