//! Names of areas by code: what a breakdown lists, and what figures are titled with.

use std::collections::BTreeMap;
use std::sync::Arc;

use quick_cache::sync::Cache;
use uplift_core::error::Result;
use uplift_core::language::Bilingual;
use uplift_engine::error::query_failed;
use uplift_formats::columns::{text, text_at};

use crate::snapshots::SnapshotSet;

pub(crate) type NamesByCode = Arc<BTreeMap<String, Bilingual>>;

/// Reads the names of areas, once for each version of their table.
#[derive(Debug)]
pub(crate) struct AreaNames {
    cache: Cache<i64, NamesByCode>,
}

impl Default for AreaNames {
    fn default() -> Self {
        Self { cache: Cache::new(4) }
    }
}

impl AreaNames {
    /// The names at the version of an answer.
    pub(crate) async fn at(&self, snapshots: &SnapshotSet) -> Result<NamesByCode> {
        let Some(snapshot) = snapshots.snapshot("area").await? else { return Ok(NamesByCode::default()) };
        if let Some(names) = self.cache.get(&snapshot.version()) {
            return Ok(names);
        }
        let failed = |e| query_failed("reading areas", e);
        let mut names = BTreeMap::new();
        for batch in snapshot.rows().await?.collect().await.map_err(failed)? {
            let (code, en, zh) =
                (text(&batch, "area_code")?, text(&batch, "name_en")?, text(&batch, "name_zh")?);
            for row in 0..batch.num_rows() {
                names.insert(text_at(&code, row), Bilingual::new(text_at(&en, row), text_at(&zh, row)));
            }
        }
        let names = Arc::new(names);
        self.cache.insert(snapshot.version(), names.clone());
        Ok(names)
    }
}
