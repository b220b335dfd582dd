//! What figures are set against: names of places, targets, published statements. Each is read once
//! for a version of its table.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::Array;
use quick_cache::sync::Cache;
use uplift_core::error::{Error, Result};
use uplift_store::Store;
use uplift_store::columns::{integer, text, text_at};
use uplift_store::schema::REPORTING_AREA;

use crate::figures::{self, Filter, PublishedFigure};
use crate::pins::Pins;
use crate::places::{Gazetteer, Places};

/// Targets by measure, year and the area whose office set them.
pub type Targets = HashMap<(String, u16, String), f64>;

/// Reads and keeps them.
#[derive(Debug)]
pub struct Background {
    store: Arc<Store>,
    gazetteer: Gazetteer,
    targets: Cache<i64, Arc<Targets>>,
    published: Cache<i64, Arc<Vec<PublishedFigure>>>,
}

impl Background {
    /// Over a store.
    pub fn new(store: Arc<Store>) -> Self {
        Self { store, gazetteer: Gazetteer::default(), targets: Cache::new(4), published: Cache::new(4) }
    }

    /// Areas and their names.
    pub async fn places(&self, pins: &Pins) -> Result<Places> {
        self.gazetteer.places(pins).await
    }

    /// Targets of the programme's lines of work.
    pub async fn targets(&self, pins: &Pins) -> Result<Arc<Targets>> {
        let Some(snapshot) = pins.snapshot("programme").await? else { return Ok(Arc::default()) };
        if let Some(known) = self.targets.get(&snapshot.version()) {
            return Ok(known);
        }
        let failed = |e| Error::internal("reading targets", e);
        let mut targets = Targets::new();
        for batch in snapshot.rows().await?.collect().await.map_err(failed)? {
            let (measure, area) = (text(&batch, "measure")?, text(&batch, REPORTING_AREA)?);
            let year = integer(&batch, "year")?;
            let column = batch.column_by_name("target").map(crate::value::values).transpose()?;
            for (row, target) in column.unwrap_or_default().into_iter().enumerate() {
                if let (Some(target), true) = (target, year.is_valid(row)) {
                    let key = (text_at(&measure, row), year.value(row) as u16, text_at(&area, row));
                    *targets.entry(key).or_default() += target.as_f64();
                }
            }
        }
        let targets = Arc::new(targets);
        self.targets.insert(snapshot.version(), targets.clone());
        Ok(targets)
    }

    /// Published figures.
    pub async fn published(&self, pins: &Pins) -> Result<Arc<Vec<PublishedFigure>>> {
        let version = pins.version("statement").await?;
        if let Some(known) = self.published.get(&version) {
            return Ok(known);
        }
        if version < 0 {
            return Ok(Arc::default());
        }
        let found = figures::statements(&self.store, Some(version), &Filter::default()).await?;
        let published = Arc::new(found.items);
        self.published.insert(version, published.clone());
        Ok(published)
    }
}
