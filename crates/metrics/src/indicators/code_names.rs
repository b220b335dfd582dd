//! What codes of dimensions are called: as a code list has them, or as the records that they refer to are named.

use std::collections::BTreeMap;
use std::sync::Arc;

use quick_cache::sync::Cache;
use uplift_core::dataset::Reference;
use uplift_core::error::Result;
use uplift_core::language::Bilingual;
use uplift_engine::error::query_failed;
use uplift_formats::columns::{text, text_at};
use uplift_proto::dataset::{find, stored_title};

use super::indicator::Component;
use crate::snapshots::SnapshotSet;

/// Tables at a version whose names are kept.
const KEPT: usize = 16;

/// Names of the records of a dataset, by code.
type Names = BTreeMap<String, Bilingual>;

/// Reads names, once for each version of a table.
#[derive(Debug)]
pub(crate) struct CodeNames {
    cache: Cache<(String, i64), Arc<Names>>,
}

impl Default for CodeNames {
    fn default() -> Self {
        Self { cache: Cache::new(KEPT) }
    }
}

/// Titles and names of the codes of one dimension.
#[derive(Debug)]
pub(crate) struct DimensionNames<'a> {
    datasets: Vec<&'a str>,
    dimension: &'a str,
    records: Arc<Names>,
}

impl CodeNames {
    /// What the codes of a dimension are called, at the version of an answer.
    pub(crate) async fn of<'a>(
        &self,
        snapshots: &SnapshotSet,
        component: &'a Component,
        dimension: &'a str,
    ) -> Result<DimensionNames<'a>> {
        let datasets = component.datasets();
        let reference =
            datasets.iter().find_map(|dataset| find(dataset)?.field(dimension)?.reference.as_ref());
        let records = match reference {
            Some(reference) => self.records(snapshots, reference).await?,
            None => Arc::default(),
        };
        Ok(DimensionNames { datasets, dimension, records })
    }

    async fn records(&self, snapshots: &SnapshotSet, reference: &Reference) -> Result<Arc<Names>> {
        let Some([en, zh]) = name_columns(&reference.dataset) else { return Ok(Arc::default()) };
        let Some(snapshot) = snapshots.snapshot(&reference.dataset).await? else { return Ok(Arc::default()) };
        let key = (reference.dataset.clone(), snapshot.version());
        if let Some(names) = self.cache.get(&key) {
            return Ok(names);
        }
        let failed = |e| query_failed("reading names", e);
        let mut names = Names::new();
        let columns: &[&str] = if en == zh { &[&reference.field, zh] } else { &[&reference.field, en, zh] };
        let rows = snapshot.rows().await?.select_columns(columns).map_err(failed)?;
        for batch in rows.collect().await.map_err(failed)? {
            let (code, en, zh) = (text(&batch, &reference.field)?, text(&batch, en)?, text(&batch, zh)?);
            for row in 0..batch.num_rows() {
                let name = Bilingual::new(text_at(&en, row), text_at(&zh, row));
                names.insert(text_at(&code, row), name);
            }
        }
        let names = Arc::new(names);
        self.cache.insert(key, names.clone());
        Ok(names)
    }
}

impl DimensionNames<'_> {
    pub(crate) fn dimension(&self) -> &str {
        self.dimension
    }

    /// The name of a code; none where nothing names it.
    pub(crate) fn name(&self, code: &str) -> Option<&Bilingual> {
        let title = |dataset: &&str| stored_title(dataset, self.dimension, code);
        self.datasets.iter().find_map(title).or_else(|| self.records.get(code))
    }
}

/// The columns that name the records of a dataset, in English and Chinese; none if they have no names that everybody may
/// read.
fn name_columns(dataset: &str) -> Option<[&'static str; 2]> {
    let dataset = find(dataset)?;
    let is_open = |name: &str| dataset.field(name).is_some_and(|field| !field.personal && !field.withheld);
    let pairs = [["name_en", "name_zh"], ["name", "name"]];
    pairs.into_iter().find(|columns| columns.iter().all(|name| is_open(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_the_trade_have_names_and_people_have_none() {
        assert_eq!(name_columns("programme"), Some(["name_en", "name_zh"]));
        assert_eq!(name_columns("organisation"), Some(["name_en", "name_zh"]));
        assert_eq!(name_columns("project"), Some(["name", "name"]));
        for dataset in ["person", "household", "delivery", "nothing"] {
            assert_eq!(name_columns(dataset), None, "{dataset}");
        }
    }
}
