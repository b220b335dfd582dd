//! The folder of tables, and the handle of each.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use deltalake_core::{DeltaTable, DeltaTableBuilder};
use object_store::ObjectStore;
use tokio::sync::Mutex;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_engine::error::table_failed;

use crate::guarded::GuardedStore;
use crate::pins::Pins;
use crate::schema::TableSchema;
use crate::table::Table;
use crate::writer_lock::WriterLock;

/// A folder of tables, one folder each.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    /// Names this store among all of the process: the engine keeps object stores by address.
    number: u64,
    files: GuardedStore,
    pins: Arc<Pins>,
    tables: Mutex<HashMap<String, Arc<Table>>>,
}

impl Store {
    /// Opens a store in `root`, creating the folder if need be.
    pub fn open(root: &Path) -> Result<Self> {
        Self::open_through(root, |folder| folder)
    }

    /// The same through another object store: for tests that let it fail.
    pub fn open_through(
        root: &Path,
        between: impl FnOnce(Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore>,
    ) -> Result<Self> {
        let unusable = |e: &dyn std::fmt::Display| {
            let message = format!("cannot use {} as a data folder: {e}", root.display());
            Error::new(ErrorKind::FailedPrecondition, message)
        };
        std::fs::create_dir_all(root).map_err(|e| unusable(&e))?;
        let root = root.canonicalize().map_err(|e| unusable(&e))?;
        let files = GuardedStore::new(&root, between).map_err(|e| unusable(&e))?;
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let pins = Arc::new(Pins::new(&root));
        Ok(Self { root, number, files, pins, tables: Mutex::default() })
    }

    /// The folder of the tables.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Keeps the versions that an answer names, by table: whoever has it may trace its figures.
    pub fn pin(&self, versions: &BTreeMap<String, i64>) {
        self.pins.add(versions);
    }

    fn opened(&self, name: &str, table: DeltaTable) -> Table {
        Table::new(name.to_owned(), table, &self.root, &self.files, &self.pins)
    }

    pub(crate) fn files(&self) -> &GuardedStore {
        &self.files
    }

    /// Makes this process the one that writes, or says which one is.
    pub async fn lock_for_writing(&self) -> Result<WriterLock> {
        WriterLock::take(&self.root).await
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
        self.files.sums().made(&schema.name);
        let table = self.opened(&schema.name, table);
        table.add_columns(schema).await?;
        let table = Arc::new(table);
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
        let table = Arc::new(self.opened(name, table));
        tables.insert(name.to_owned(), table.clone());
        Ok(Some(table))
    }

    /// A handle that is not loaded. Its address names the store, not the path of its folder, which may be called
    /// anything; the files behind it are the guarded ones.
    fn handle(&self, name: &str) -> Result<DeltaTable> {
        let address = url::Url::parse(&format!("memory://store{}/{name}/", self.number));
        let address = address.map_err(|e| Error::internal("addressing a table", e))?;
        let files = Arc::new(self.files.clone());
        let built = DeltaTableBuilder::from_url(address.clone())
            .and_then(|builder| builder.with_storage_backend(files, address).build());
        built.map_err(|e| table_failed(name, "opening", e))
    }

    async fn load(&self, name: &str) -> Result<Option<DeltaTable>> {
        let newest = self.files.sums().newest_version(name);
        // Readers look for tables that do not exist yet: that must not create their folders.
        if !self.root.join(name).join("_delta_log").is_dir() {
            return match newest {
                None if !self.files.sums().was_made(name) => Ok(None),
                version => Err(lost(name, version.unwrap_or_default(), "its log is gone")),
            };
        }
        let mut table = self.handle(name)?;
        let exists = table.verify_deltatable_existence().await;
        if !exists.map_err(|e| table_failed(name, "looking for", e))? {
            return match newest {
                None if !self.files.sums().was_made(name) => Ok(None),
                version => Err(lost(name, version.unwrap_or_default(), "its log is empty")),
            };
        }
        table.load().await.map_err(|e| table_failed(name, "opening", e))?;
        let found = table.version();
        match newest {
            Some(newest) if found.is_none_or(|found| found < newest) => {
                Err(lost(name, newest, &format!("its log ends at version {}", found.unwrap_or_default())))
            }
            _ => Ok(Some(table)),
        }
    }
}

/// The error for a log that is not as far as it was.
fn lost(table: &str, version: u64, found: &str) -> Error {
    let message = format!(
        "table {table} was at version {version} or later and {found}: files were lost or an older copy was put back; \
         restore the whole data folder from a backup"
    );
    Error::new(ErrorKind::DataLoss, message)
}
