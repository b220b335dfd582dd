//! What figures are named and compared with: names of areas and of codes, targets, published statements. Each is read once for
//! a version of its table.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::Array;
use quick_cache::sync::Cache;
use uplift_core::error::Result;
use uplift_core::unit::unit_code;
use uplift_engine::error::query_failed;
use uplift_formats::columns::{integer, text, text_at};
use uplift_store::schema::REPORTING_AREA;

use super::area_names::{AreaNames, AreasByCode};
use super::code_names::CodeNames;
use super::value::values;
use crate::snapshots::SnapshotSet;
use crate::statements::read::{Filter, PublishedFigure, statements};

/// The tables that it is read from: areas, targets, published statements.
pub(crate) const REFERENCE_TABLES: [&str; 3] = ["area", "programme", "statement"];

/// Targets, each with its unit, by measure, year and the area whose office set them.
pub(crate) type Targets = HashMap<(String, u16, String), (f64, String)>;

/// Reads and caches reference data.
#[derive(Debug)]
pub(crate) struct ReferenceData {
    area_names: AreaNames,
    pub(crate) code_names: CodeNames,
    targets: Cache<i64, Arc<Targets>>,
    published: Cache<i64, Arc<Vec<PublishedFigure>>>,
}

impl Default for ReferenceData {
    fn default() -> Self {
        Self {
            area_names: AreaNames::default(),
            code_names: CodeNames::default(),
            targets: Cache::new(4),
            published: Cache::new(4),
        }
    }
}

impl ReferenceData {
    pub(crate) async fn areas(&self, snapshots: &SnapshotSet) -> Result<Arc<AreasByCode>> {
        self.area_names.at(snapshots).await
    }

    /// Targets of the programme's lines of work.
    pub(crate) async fn targets(&self, snapshots: &SnapshotSet) -> Result<Arc<Targets>> {
        let Some(snapshot) = snapshots.snapshot("programme").await? else { return Ok(Arc::default()) };
        if let Some(targets) = self.targets.get(&snapshot.version()) {
            return Ok(targets);
        }
        let failed = |e| query_failed("reading targets", e);
        let mut targets = Targets::new();
        for batch in snapshot.rows().await?.collect().await.map_err(failed)? {
            let (measure, area) = (text(&batch, "measure")?, text(&batch, REPORTING_AREA)?);
            let year = integer(&batch, "year")?;
            let unit = text(&batch, "unit")?;
            let column = batch.column_by_name("target").map(values).transpose()?;
            for (row, target) in column.unwrap_or_default().into_iter().enumerate() {
                if let (Some(target), true) = (target, year.is_valid(row)) {
                    let key = (text_at(&measure, row), year.value(row) as u16, text_at(&area, row));
                    let code = unit_code(&text_at(&unit, row)).to_owned();
                    let (sum, of) = targets.entry(key).or_insert_with(|| (0.0, code.clone()));
                    *sum += target.as_f64();
                    // Households and people are no sum: such a target is that of no figure.
                    if of.is_empty() {
                        *of = code;
                    } else if !code.is_empty() && *of != code {
                        *of = "mixed".to_owned();
                    }
                }
            }
        }
        let targets = Arc::new(targets);
        self.targets.insert(snapshot.version(), targets.clone());
        Ok(targets)
    }

    pub(crate) async fn published(&self, snapshots: &SnapshotSet) -> Result<Arc<Vec<PublishedFigure>>> {
        let version = snapshots.version("statement").await?;
        if let Some(published) = self.published.get(&version) {
            return Ok(published);
        }
        let published = Arc::new(statements(snapshots, &Filter::default()).await?);
        self.published.insert(version, published.clone());
        Ok(published)
    }
}
