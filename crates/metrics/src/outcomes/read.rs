//! Villages of each batch, how far their projects are and what was spent on them.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::Array;
use rust_decimal::Decimal;
use uplift_core::error::Result;
use uplift_core::period::Period;
use uplift_engine::error::query_failed;
use uplift_formats::columns::{boolean, text, text_at};

use crate::indicators::plan::within;
use crate::snapshots::SnapshotSet;
use crate::table_session::over;

/// The villages of a batch.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) villages: BTreeSet<String>,
    pub(crate) accepted: BTreeSet<String>,
    /// Yuan that was paid or spent for its projects: of each project whichever is more.
    pub(crate) spent: Decimal,
}

/// Batches of whole-village advancement by kind of records and name, until the end of a period.
pub(crate) async fn batches(
    snapshots: &SnapshotSet,
    area: &str,
    period: Period,
) -> Result<BTreeMap<bool, BTreeMap<String, Batch>>> {
    let failed = |e| query_failed("reading batches of villages", e);
    let session = over(snapshots, ["project", "inspection", "fund_flow"]).await?;
    let last = period.last_day();
    let inside = within("p.area_code", area).unwrap_or_else(|| "true".to_owned());
    let sql = format!(
        "WITH passed AS (SELECT DISTINCT simulated, project_id FROM inspection \
           WHERE kind = 'acceptance' AND result = 'passed' AND date <= DATE '{last}'), \
         money AS (SELECT simulated, project_id, \
             CAST(greatest(coalesce(sum(amount) FILTER (WHERE kind = 'disbursement'), 0) \
               - coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0), \
               coalesce(sum(amount) FILTER (WHERE kind = 'expenditure'), 0)) AS VARCHAR) AS spent \
           FROM fund_flow WHERE project_id IS NOT NULL AND date <= DATE '{last}' GROUP BY 1, 2) \
         SELECT p.simulated, coalesce(p.batch, '?') AS batch, p.area_code, passed.project_id AS passed, money.spent \
         FROM project p \
         LEFT JOIN passed ON passed.simulated = p.simulated AND passed.project_id = p.project_id \
         LEFT JOIN money ON money.simulated = p.simulated AND money.project_id = p.project_id \
         WHERE (p.batch IS NOT NULL OR p.kind = 'whole_village' OR (p.programme_id = 'village' AND p.kind IS NULL)) \
         AND p.status NOT IN ('cancelled', 'planned') AND p.year <= {year} AND length(p.area_code) = 12 AND {inside}",
        year = period.year()
    );
    let mut by_kind: BTreeMap<bool, BTreeMap<String, Batch>> = BTreeMap::new();
    for rows in session.sql(&sql).await.map_err(failed)?.collect().await.map_err(failed)? {
        let simulated = boolean(&rows, "simulated")?;
        let [batch, village, passed, spent] =
            ["batch", "area_code", "passed", "spent"].map(|name| text(&rows, name));
        let (batch, village, passed, spent) = (batch?, village?, passed?, spent?);
        for row in 0..rows.num_rows() {
            let kind = by_kind.entry(simulated.value(row)).or_default();
            let own = kind.entry(text_at(&batch, row)).or_default();
            let village = text_at(&village, row);
            if passed.is_valid(row) {
                own.accepted.insert(village.clone());
            }
            own.villages.insert(village);
            own.spent += text_at(&spent, row).parse::<Decimal>().unwrap_or_default();
        }
    }
    Ok(by_kind)
}
