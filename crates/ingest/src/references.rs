//! What rows may refer to: values of fields of other datasets.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use datafusion::logical_expr::col;
use tokio::sync::Mutex;
use uplift_core::dataset::{Dataset, Reference};
use uplift_core::error::Result;
use uplift_engine::error::query_failed;
use uplift_formats::columns::text;
use uplift_store::Store;

/// The values that exist, for each field of a dataset that refers to another.
pub(crate) type ReferenceValues = HashMap<String, Values>;

/// Distinct values of one field.
pub(crate) type Values = Arc<HashSet<String>>;

/// Values of referred-to fields, cached for the version of their table.
#[derive(Debug)]
pub(crate) struct References {
    store: Arc<Store>,
    /// By dataset and field: the version that was read, and its values.
    cache: Mutex<HashMap<(String, String), (i64, Values)>>,
}

impl References {
    /// Reads from this store.
    pub(crate) fn new(store: Arc<Store>) -> Self {
        Self { store, cache: Mutex::default() }
    }

    /// The values that exist now for each referring field of a dataset.
    pub(crate) async fn existing(&self, dataset: &Dataset) -> Result<ReferenceValues> {
        let mut existing = ReferenceValues::new();
        for field in &dataset.fields {
            if let Some(reference) = &field.reference {
                existing.insert(field.name.clone(), self.values(reference).await?);
            }
        }
        Ok(existing)
    }

    async fn values(&self, to: &Reference) -> Result<Values> {
        let Some(table) = self.store.get(&to.dataset).await? else { return Ok(Arc::default()) };
        let snapshot = table.snapshot().await?;
        let key = (to.dataset.clone(), to.field.clone());
        let mut cache = self.cache.lock().await;
        if let Some((version, values)) = cache.get(&key)
            && *version == snapshot.version()
        {
            return Ok(values.clone());
        }
        let failed = |e| query_failed(format!("reading {}.{}", to.dataset, to.field), e);
        let rows = snapshot.rows().await?.select(vec![col(&to.field)]).map_err(failed)?;
        let mut values = HashSet::new();
        for batch in rows.collect().await.map_err(failed)? {
            values.extend(text(&batch, &to.field)?.iter().flatten().map(str::to_owned));
        }
        let values = Arc::new(values);
        cache.insert(key, (snapshot.version(), values.clone()));
        Ok(values)
    }
}
