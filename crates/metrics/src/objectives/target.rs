//! Targets as they are recorded, and what is told of each.

use std::sync::Arc;

use uplift_core::error::Result;
use uplift_core::language::Bilingual;
use uplift_core::period::Period;
use uplift_engine::error::query_failed;
use uplift_formats::columns::{text, text_at};
use uplift_proto::v1::metrics::{ForecastMethod, ObjectiveStatus};
use uplift_store::schema::REPORTING_AREA;

use crate::indicators::indicator::Indicator;
use crate::indicators::query::Figure;
use crate::snapshots::SnapshotSet;
use crate::table_session::over;

/// One target.
#[derive(Debug)]
pub(crate) struct Objective {
    pub(crate) simulated: bool,
    pub(crate) area: String,
    pub(crate) area_name: Bilingual,
    pub(crate) programme: String,
    pub(crate) measure: String,
    /// Empty if no indicator counts it.
    pub(crate) titles: Bilingual,
    pub(crate) unit: String,
    pub(crate) target: f64,
    pub(crate) months: Vec<(Period, f64)>,
    pub(crate) achieved: f64,
    pub(crate) forecast: Option<f64>,
    pub(crate) error: Option<f64>,
    pub(crate) method: ForecastMethod,
    pub(crate) due: Option<f64>,
    pub(crate) status: ObjectiveStatus,
    /// The figure of the year; none without records.
    pub(crate) figure: Option<Figure>,
}

/// A target as it is recorded: of one area, measure and unit.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) area: String,
    pub(super) programme: String,
    pub(super) measure: String,
    pub(super) unit: String,
    pub(super) value: f64,
}

impl Target {
    /// An objective that nothing can be told of.
    pub(super) fn not_measured(self, indicator: Option<&Arc<Indicator>>) -> Objective {
        Objective {
            simulated: false,
            area_name: Bilingual::default(),
            titles: indicator.map(|i| Bilingual::new(&i.title_en, &i.title_zh)).unwrap_or_default(),
            unit: self.unit,
            area: self.area,
            programme: self.programme,
            measure: self.measure,
            target: self.value,
            months: Vec::new(),
            achieved: 0.0,
            forecast: None,
            error: None,
            method: ForecastMethod::Unspecified,
            due: None,
            status: ObjectiveStatus::NotMeasured,
            figure: None,
        }
    }
}

/// The targets of a year. Those of one measure in several units are several.
pub(super) async fn targets(snapshots: &SnapshotSet, year: i32) -> Result<Vec<Target>> {
    let failed = |e| query_failed("reading targets", e);
    let session = over(snapshots, ["programme"]).await?;
    let sql = format!(
        "SELECT {REPORTING_AREA} AS area, measure, coalesce(unit, '') AS unit, min(programme_id) AS programme_id, \
         CAST(sum(target) AS VARCHAR) AS target FROM programme WHERE year = {year} AND target > 0 \
         GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    );
    let mut targets = Vec::new();
    for batch in session.sql(&sql).await.map_err(failed)?.collect().await.map_err(failed)? {
        let [area, measure, unit, programme, target] =
            ["area", "measure", "unit", "programme_id", "target"].map(|name| text(&batch, name));
        let (area, measure, unit) = (area?, measure?, unit?);
        let (programme, target) = (programme?, target?);
        targets.extend((0..batch.num_rows()).map(|row| Target {
            area: text_at(&area, row),
            programme: text_at(&programme, row),
            measure: text_at(&measure, row),
            unit: text_at(&unit, row),
            value: text_at(&target, row).parse().unwrap_or_default(),
        }));
    }
    Ok(targets)
}
