//! What rows may refer to: values of fields of other datasets.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::logical_expr::{Expr, col};
use tokio::sync::{Mutex, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
use uplift_core::dataset::{Dataset, Field, Reference};
use uplift_core::error::Result;
use uplift_engine::error::query_failed;
use uplift_formats::columns::text;
use uplift_store::schema::Scope;
use uplift_store::{Snapshot, Store};

use crate::header::Header;
use crate::set_rules::{depending, within};

/// The values that exist, for each field of a dataset that refers to another.
pub(crate) type ReferenceValues = HashMap<String, Values>;

/// Distinct values of one field.
pub(crate) type Values = Arc<HashSet<String>>;

/// The hold of a submission on the records that it names, or may remove. It travels with the submission, and is let go by
/// the committer: a stream that waits for the next hold must not have to let go of the last.
#[derive(Debug)]
pub(crate) enum Settled {
    Free,
    Shared { _guard: OwnedRwLockReadGuard<()> },
    Alone { _guard: OwnedRwLockWriteGuard<()> },
}

/// Values of referred-to fields, cached for the version of their table.
#[derive(Debug)]
pub(crate) struct References {
    store: Arc<Store>,
    /// Held by what names records, from when they were found to when it is committed, and alone by what may remove them.
    settled: Arc<RwLock<()>>,
    /// By dataset and field: the version that was read, and its values.
    cache: Mutex<HashMap<(String, String), (i64, Values)>>,
}

impl References {
    /// Reads from this store.
    pub(crate) fn new(store: Arc<Store>) -> Self {
        Self { store, settled: Arc::default(), cache: Mutex::default() }
    }

    /// Keeps what a submission names in place until it is decided: while this is held, no replacement takes a record
    /// away that was found, and none is named that is being taken away.
    pub(crate) async fn settle(&self, header: &Header) -> Settled {
        let removes = header.replace && referring(header.dataset).next().is_some();
        // What rules of other datasets read may not change while those are decided.
        if removes || depending(header.dataset).next().is_some() {
            Settled::Alone { _guard: self.settled.clone().write_owned().await }
        } else if header.dataset.fields.iter().any(|field| field.reference.is_some())
            || !header.dataset.joined.is_empty()
        {
            Settled::Shared { _guard: self.settled.clone().read_owned().await }
        } else {
            Settled::Free
        }
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

    /// What records of other submissions name and would name in vain, were the rows of a scope replaced by these.
    pub(crate) async fn named_in_vain(
        &self,
        dataset: &Dataset,
        snapshot: &Snapshot,
        scope: &Scope,
        rows: &RecordBatch,
    ) -> Result<Vec<String>> {
        let mut in_vain = Vec::new();
        for (referring, field, reference) in referring(dataset) {
            let target = &reference.field;
            let failed = |e| query_failed(format!("reading {}.{target}", dataset.name), e);
            let values = async |part: Expr| {
                let part = snapshot.rows().await?.filter(part).map_err(failed)?;
                let part = part.select(vec![col(target)]).map_err(failed)?;
                distinct(&part.collect().await.map_err(failed)?, target)
            };
            let removed = values(within(scope)).await?;
            if removed.is_empty() {
                continue;
            }
            let kept = values(!within(scope)).await?;
            let new = distinct(std::slice::from_ref(rows), target)?;
            let gone: HashSet<_> =
                removed.iter().filter(|v| !kept.contains(*v) && !new.contains(*v)).collect();
            let Some(table) = self.store.get(&referring.name).await?.filter(|_| !gone.is_empty()) else {
                continue;
            };
            let failed = |e| query_failed(format!("reading {}.{}", referring.name, field.name), e);
            let mut naming = table.snapshot().await?.rows().await?;
            if referring.name == dataset.name {
                naming = naming.filter(!within(scope)).map_err(failed)?;
            }
            let naming = naming.select(vec![col(&field.name)]).map_err(failed)?;
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for batch in &naming.collect().await.map_err(failed)? {
                let named = text(batch, &field.name)?;
                for value in named.iter().flatten().map(str::to_owned).filter(|value| gone.contains(value)) {
                    *counts.entry(value).or_default() += 1;
                }
            }
            in_vain.extend(counts.into_iter().map(|(value, records)| {
                let (records, name) = match records {
                    1 => ("1 record".to_owned(), "names"),
                    _ => (format!("{records} records"), "name"),
                };
                format!(
                    "{} {value}, which {records} of {} {name} in {}",
                    dataset.name, referring.name, field.name
                )
            }));
        }
        Ok(in_vain)
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
        let values = Arc::new(distinct(&rows.collect().await.map_err(failed)?, &to.field)?);
        cache.insert(key, (snapshot.version(), values.clone()));
        Ok(values)
    }
}

/// Fields of any dataset that refer to this one.
fn referring(
    dataset: &Dataset,
) -> impl Iterator<Item = (&'static Dataset, &'static Field, &'static Reference)> {
    let all = uplift_proto::dataset::all().iter().flat_map(|d| d.fields.iter().map(move |field| (d, field)));
    let name = dataset.name.clone();
    all.filter_map(move |(d, field)| {
        Some((d, field, field.reference.as_ref().filter(|reference| reference.dataset == name)?))
    })
}

fn distinct(batches: &[RecordBatch], column: &str) -> Result<HashSet<String>> {
    let mut values = HashSet::new();
    for batch in batches {
        values.extend(text(batch, column)?.iter().flatten().map(str::to_owned));
    }
    Ok(values)
}
