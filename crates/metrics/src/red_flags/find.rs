//! Applies rules to the tables of an answer.

use std::collections::BTreeSet;

use tracing::Instrument;
use uplift_core::error::Result;
use uplift_core::period::Period;
use uplift_engine::error::query_failed;

use super::flag::{Flag, flags};
use super::rule::Rule;
use crate::indicators::plan::within;
use crate::snapshots::SnapshotSet;
use crate::table_session::over;

/// What one rule found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) rule: Rule,
    /// Real ones first, by area, day and records.
    pub(crate) flags: Vec<Flag>,
}

/// Applies each rule, and keeps the flags of an area whose last record is of a period.
pub(crate) async fn found(
    snapshots: &SnapshotSet,
    rules: Vec<Rule>,
    area: &str,
    period: Period,
) -> Result<Vec<Found>> {
    let tables: BTreeSet<&str> =
        rules.iter().flat_map(|rule| rule.datasets.iter().map(String::as_str)).collect();
    let session = over(snapshots, tables).await?;
    let mut all = Vec::new();
    for rule in &rules {
        let failed = |e| query_failed(format!("looking for {}", rule.id), e);
        let (first, last) = (period.first_day(), period.last_day());
        let inside = within("area_code", area).unwrap_or_else(|| "true".to_owned());
        let sql = format!(
            "SELECT * FROM ({}) AS flag WHERE {inside} AND date BETWEEN DATE '{first}' AND DATE '{last}'",
            rule.query()
        );
        let span = tracing::debug_span!(target: "uplift_stage", "red flags", rule = rule.id);
        let rows = async { session.sql(&sql).await?.collect().await }.instrument(span).await;
        let mut flags: Vec<Flag> = Vec::new();
        for batch in rows.map_err(failed)? {
            flags.extend(self::flags(rule, &batch)?);
        }
        flags.sort_by(|a, b| {
            let key = |f: &Flag| (f.simulated, f.area.clone(), f.date.clone(), f.records.clone());
            key(a).cmp(&key(b))
        });
        all.push(Found { rule: rule.clone(), flags });
    }
    Ok(all)
}
