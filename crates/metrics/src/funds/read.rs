//! What is recorded of the money of a budget year, read from fund flows.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Decimal128Type;
use datafusion::prelude::SessionContext;
use uplift_core::error::Result;
use uplift_core::period::Period;
use uplift_engine::error::query_failed;
use uplift_engine::session;
use uplift_formats::columns::{boolean, text, text_at};

use super::statement::Stages;
use crate::indicators::plan::within;
use crate::snapshots::SnapshotSet;

/// The table that flows are read from.
const FLOWS: &str = "fund_flow";
/// Funds of the municipality may be recorded by either name, which makes them no other money.
pub(crate) const LOCAL: &str = "local";

/// What to read.
pub(crate) struct Scope<'a> {
    pub(crate) area: &'a str,
    /// A year is that of the budget, whenever its money moved; a part of one is the budget year up to its end.
    pub(crate) period: Period,
    /// Money of one project; empty is all.
    pub(crate) project: &'a str,
}

/// The stages by kind of records: simulated or not.
pub(crate) async fn stages(snapshots: &SnapshotSet, scope: &Scope<'_>) -> Result<BTreeMap<bool, Stages>> {
    let Some(provider) = snapshots.provider(FLOWS).await? else { return Ok(BTreeMap::new()) };
    let failed = |e| query_failed("reading fund flows", e);
    let session: SessionContext = session();
    session.register_table(FLOWS, provider).map_err(failed)?;
    let rows = session.sql(&sql(scope)).await.map_err(failed)?.collect().await.map_err(failed)?;
    let mut by_kind: BTreeMap<bool, Stages> = BTreeMap::new();
    for batch in rows {
        let simulated = boolean(&batch, "simulated")?;
        let [kind, source, line, area] = [
            text(&batch, "kind")?,
            text(&batch, "source")?,
            text(&batch, "line")?,
            text(&batch, "area_code")?,
        ];
        let amounts = batch.column_by_name("amount").map(|c| c.as_primitive::<Decimal128Type>());
        for row in 0..batch.num_rows() {
            let stages = by_kind.entry(simulated.value(row)).or_default();
            let stage = match text_at(&kind, row).as_str() {
                "budget" => &mut stages.budget,
                "allocation" => &mut stages.allocation,
                "disbursement" => &mut stages.disbursement,
                "refund" => &mut stages.refund,
                _ => &mut stages.expenditure,
            };
            let fen = amounts.filter(|a| a.is_valid(row)).map_or(0, |a| a.value(row));
            let recorded = stage.entry(text_at(&source, row)).or_default();
            recorded.add(&text_at(&area, row), &text_at(&line, row), fen);
        }
    }
    Ok(by_kind)
}

fn sql(scope: &Scope<'_>) -> String {
    let (year, last) = (scope.period.year(), scope.period.last_day());
    let mut conditions = vec![
        "kind IN ('budget', 'allocation', 'disbursement', 'refund', 'expenditure')".to_owned(),
        format!("coalesce(budget_year, date_part('year', date)) = {year}"),
    ];
    conditions.extend((!scope.period.is_year()).then(|| format!("date <= DATE '{last}'")));
    conditions.extend(within("area_code", scope.area));
    let project = Some(scope.project).filter(|project| !project.is_empty());
    conditions.extend(project.map(|project| format!("project_id = '{}'", project.replace('\'', "''"))));
    format!(
        "SELECT simulated, kind, CASE WHEN source IN ('fiscal_local', 'fiscal_municipal') THEN '{LOCAL}' ELSE source END \
         AS source, coalesce(programme_id, '') AS line, area_code, CAST(sum(amount) AS DECIMAL(38, 2)) AS amount \
         FROM {FLOWS} WHERE {} GROUP BY 1, 2, 3, 4, 5",
        conditions.join(" AND ")
    )
}
