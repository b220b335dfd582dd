//! What is recorded of the money of a budget year, read from fund flows.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Decimal128Type;
use datafusion::error::DataFusionError;
use uplift_core::error::{Error, Result};
use uplift_core::period::Period;
use uplift_engine::error::query_failed;
use uplift_formats::columns::{boolean, text, text_at};

use super::node::Stage;
use super::statement::Stages;
use crate::indicators::plan::within;
use crate::snapshots::SnapshotSet;
use crate::table_session::over;

/// The table that flows are read from, and that of what was counted as left.
const FLOWS: &str = "fund_flow";
const BALANCES: &str = "fund_balance";
/// The source, whose names for the municipality's money are one.
const SOURCE: &str = "CASE WHEN source IN ('fiscal_local', 'fiscal_municipal') THEN 'local' ELSE source END";
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
    let session = over(snapshots, [FLOWS]).await?;
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
    counted(snapshots, scope, &mut by_kind).await?;
    Ok(by_kind)
}

/// Adds what was counted as left when the period ended.
async fn counted(
    snapshots: &SnapshotSet,
    scope: &Scope<'_>,
    by_kind: &mut BTreeMap<bool, Stages>,
) -> Result<()> {
    let session = over(snapshots, [BALANCES]).await?;
    let (year, last) = (scope.period.year(), scope.period.last_day());
    let inside = within("area_code", scope.area).unwrap_or_else(|| "true".to_owned());
    let sql = format!(
        "SELECT simulated, holder, {SOURCE} AS source, programme_id AS line, area_code, \
         CAST(sum(balance) AS DECIMAL(38, 2)) AS amount FROM {BALANCES} \
         WHERE budget_year = {year} AND date = DATE '{last}' AND {inside} GROUP BY 1, 2, 3, 4, 5"
    );
    for batch in session.sql(&sql).await.map_err(failed)?.collect().await.map_err(failed)? {
        let simulated = boolean(&batch, "simulated")?;
        let [holder, source, line, area] = [
            text(&batch, "holder")?,
            text(&batch, "source")?,
            text(&batch, "line")?,
            text(&batch, "area_code")?,
        ];
        let amounts = batch.column_by_name("amount").map(|c| c.as_primitive::<Decimal128Type>());
        for row in 0..batch.num_rows() {
            let treasury = text_at(&holder, row) == "treasury";
            let stage = if treasury { Stage::Area } else { Stage::Spending };
            let fen = amounts.filter(|a| a.is_valid(row)).map_or(0, |a| a.value(row));
            let counted = &mut by_kind.entry(simulated.value(row)).or_default().counted;
            let counted = counted.entry((stage, text_at(&source, row))).or_default();
            counted.insert((text_at(&area, row), text_at(&line, row)), fen);
        }
    }
    Ok(())
}

fn failed(error: DataFusionError) -> Error {
    query_failed("reading fund flows", error)
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
        "SELECT simulated, kind, {SOURCE} AS source, coalesce(programme_id, '') AS line, area_code, CAST(sum(amount) AS DECIMAL(38, 2)) AS amount \
         FROM {FLOWS} WHERE {} GROUP BY 1, 2, 3, 4, 5",
        conditions.join(" AND ")
    )
}
