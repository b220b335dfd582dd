//! The objective of incomes: how much more households of pilot projects have than the year before, measured on the same
//! households, beside other registered poor households of the same counties.

use std::collections::BTreeSet;

use uplift_core::error::Result;
use uplift_engine::error::query_failed;
use uplift_formats::columns::{boolean, text, text_at};

use crate::panel::{Estimate, Panel, PanelHousehold, county, panels};
use crate::snapshots::SnapshotSet;
use crate::table_session::over;

/// Growth of one kind of records.
#[derive(Debug)]
pub(crate) struct Income {
    pub(crate) simulated: bool,
    pub(crate) households: usize,
    pub(crate) growth: Estimate,
    pub(crate) others: usize,
    pub(crate) growth_of_others: Option<Estimate>,
}

/// Growth from the year before, where households of pilot projects are on record in both years.
pub(crate) async fn incomes(snapshots: &SnapshotSet, area: &str, year: i32) -> Result<Vec<Income>> {
    let pilots = pilots(snapshots, year).await?;
    let mut all = Vec::new();
    for (simulated, panel) in panels(snapshots, area, year).await? {
        let takes_part: Vec<bool> =
            panel.households.iter().map(|h| pilots.contains(&(simulated, h.id.clone()))).collect();
        let marked = || panel.households.iter().zip(&takes_part);
        let counties: BTreeSet<&str> =
            marked().filter(|(_, part)| **part).map(|(h, _)| county(&h.area)).collect();
        let is_other = |(h, part): (&PanelHousehold, &bool)| {
            !part && h.status[0] == "registered" && counties.contains(county(&h.area))
        };
        let others: Vec<bool> = marked().map(is_other).collect();
        let Some(growth) = growth(&panel, &takes_part)? else { continue };
        let count = |marks: &[bool]| marks.iter().filter(|mark| **mark).count();
        all.push(Income {
            simulated,
            households: count(&takes_part),
            growth,
            others: count(&others),
            growth_of_others: self::growth(&panel, &others)?,
        });
    }
    Ok(all)
}

/// Mean growth in yuan a household, of those that are marked.
fn growth(panel: &Panel, of: &[bool]) -> Result<Option<Estimate>> {
    let told = panel.ratio(|n, h| if of[n] { (h.income[1] - h.income[0], 1.0) } else { (0.0, 0.0) })?;
    told.map(|mean| panel.estimate(&mean)).transpose()
}

/// Households that received something from a pilot project of rural tourism, by kind of records.
async fn pilots(snapshots: &SnapshotSet, year: i32) -> Result<BTreeSet<(bool, String)>> {
    let failed = |e| query_failed("reading households of pilot projects", e);
    let session = over(snapshots, ["delivery", "payment", "project"]).await?;
    let sql = format!(
        "WITH helped AS (SELECT simulated, household_id, project_id, date FROM delivery WHERE household_id IS NOT NULL \
           UNION ALL SELECT simulated, household_id, project_id, date FROM payment) \
         SELECT DISTINCT h.simulated, h.household_id FROM helped h \
         JOIN project p ON p.simulated = h.simulated AND p.project_id = h.project_id \
         WHERE p.kind = 'tourism_pilot' AND date_part('year', h.date) = {year}"
    );
    let mut pilots = BTreeSet::new();
    for batch in session.sql(&sql).await.map_err(failed)?.collect().await.map_err(failed)? {
        let (simulated, household) = (boolean(&batch, "simulated")?, text(&batch, "household_id")?);
        pilots.extend((0..batch.num_rows()).map(|row| (simulated.value(row), text_at(&household, row))));
    }
    Ok(pilots)
}
