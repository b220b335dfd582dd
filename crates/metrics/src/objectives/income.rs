//! The objective of incomes: how much more households of pilot projects have than the year before, measured on the same
//! households, beside other registered poor households of the same counties.

use std::collections::BTreeSet;

use uplift_core::error::Result;
use uplift_engine::error::query_failed;
use uplift_formats::columns::{boolean, text, text_at};

use crate::panel::{Estimate, Panel, PanelHousehold, panels};
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
        let takes_part = |h: &PanelHousehold| pilots.contains(&(simulated, h.id.clone()));
        let counties: BTreeSet<String> =
            panel.households.iter().filter(|h| takes_part(h)).map(|h| county(h).to_owned()).collect();
        let other = |h: &PanelHousehold| {
            !takes_part(h) && h.status[0] == "registered" && counties.contains(county(h))
        };
        let Some(growth) = growth(&panel, &takes_part)? else { continue };
        all.push(Income {
            simulated,
            households: panel.households.iter().filter(|h| takes_part(h)).count(),
            growth,
            others: panel.households.iter().filter(|h| other(h)).count(),
            growth_of_others: self::growth(&panel, &other)?,
        });
    }
    Ok(all)
}

fn county(household: &PanelHousehold) -> &str {
    household.area.get(..6).unwrap_or(&household.area)
}

/// Mean growth in yuan a household.
fn growth(panel: &Panel, of: &impl Fn(&PanelHousehold) -> bool) -> Result<Option<Estimate>> {
    let told = panel.ratio(|_, h| match of(h) {
        true => (h.weight * (h.income[1] - h.income[0]), h.weight),
        false => (0.0, 0.0),
    });
    told.map(|(mean, contributions)| panel.estimate(mean, &contributions)).transpose()
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
