//! Findings of inspections that are open, and which figures they put under query: those that count a record of the
//! project, of the programme's funds in the area, or of the village that was inspected.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::Array;
use uplift_core::error::Result;
use uplift_engine::error::query_failed;
use uplift_formats::columns::{integer, text, text_at};

use super::indicator::Component;
use super::plan;
use crate::snapshots::SnapshotSet;
use crate::tables::table;

/// The table that findings are read from.
pub(crate) const INSPECTION: &str = "inspection";

/// Digits of a village's code.
const VILLAGE_DIGITS: usize = 12;
/// Projects, programmes and villages of one condition: a longer one is planned slowly.
const MAX_TOGETHER: usize = 200;

/// What inspections with open findings are about.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct OpenFindings {
    projects: BTreeSet<String>,
    /// Programmes by the area in which their funds were inspected.
    programmes: BTreeSet<(String, String)>,
    villages: BTreeSet<String>,
}

impl OpenFindings {
    /// The open findings of a version. An inspection is open until its result is there and its findings are resolved.
    pub(crate) async fn read(snapshots: &SnapshotSet) -> Result<Arc<Self>> {
        let Some(snapshot) = snapshots.snapshot(INSPECTION).await? else { return Ok(Arc::default()) };
        let failed = |e| query_failed("reading inspections", e);
        let mut open = Self::default();
        for batch in snapshot.rows().await?.collect().await.map_err(failed)? {
            let (result, area) = (text(&batch, "result")?, text(&batch, "area_code")?);
            let (project, programme) = (text(&batch, "project_id")?, text(&batch, "programme_id")?);
            let (findings, rectified) = (integer(&batch, "findings")?, integer(&batch, "rectified")?);
            let count = |column: &arrow::array::Int64Array, row| {
                if column.is_valid(row) { column.value(row) } else { 0 }
            };
            for row in 0..batch.num_rows() {
                if text_at(&result, row) != "open" && count(&findings, row) <= count(&rectified, row) {
                    continue;
                }
                let area = text_at(&area, row);
                if project.is_valid(row) {
                    open.projects.insert(text_at(&project, row));
                } else if programme.is_valid(row) {
                    open.programmes.insert((text_at(&programme, row), area));
                } else if area.len() == VILLAGE_DIGITS {
                    open.villages.insert(area);
                }
            }
        }
        Ok(Arc::new(open))
    }

    /// Components that count the records of a component which findings concern; none if no record can be.
    pub(crate) fn components(&self, component: &Component) -> Vec<Component> {
        let Ok(columns) = table(&component.dataset) else { return Vec::new() };
        // What is added up first has no record of its own; an inspection is not under query by itself.
        if component.per.is_some() || component.dataset == INSPECTION {
            return Vec::new();
        }
        let has = |name: &str| columns.index_of(name).is_ok();
        let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let area = component.area_column(&columns);
        let mut conditions = Vec::new();
        if has("project_id") {
            conditions.extend(self.projects.iter().map(|id| format!("project_id = {}", quoted(id))));
        }
        if has("programme_id") {
            let mut areas: BTreeMap<&str, Vec<String>> = BTreeMap::new();
            for (programme, inspected) in &self.programmes {
                areas.entry(programme).or_default().extend(plan::within(&area, inspected));
            }
            conditions.extend(areas.into_iter().map(|(programme, areas)| {
                format!("programme_id = {} AND ({})", quoted(programme), areas.join(" OR "))
            }));
        }
        conditions.extend(self.villages.iter().filter_map(|village| plan::within(&area, village)));
        let counting = |conditions: &[String]| {
            let any = conditions.iter().map(|c| format!("({c})")).collect::<Vec<_>>().join(" OR ");
            let condition = match component.condition.as_str() {
                "" => any,
                own => format!("({own}) AND ({any})"),
            };
            Component { measure: "count(*)".to_owned(), condition, ..component.clone() }
        };
        conditions.chunks(MAX_TOGETHER).map(counting).collect()
    }
}
