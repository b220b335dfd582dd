//! Projects that were accepted in a period, with what is on record of them up to its end.

use arrow::array::{Array, Int64Array, StringArray};
use uplift_core::error::Result;
use uplift_engine::error::query_failed;
use uplift_formats::columns::{integer, text, text_at};

use super::draw::Draw;
use super::risk::{Candidate, Known};
use crate::indicators::plan::within;
use crate::snapshots::SnapshotSet;
use crate::table_session::over;

/// The tables that tell of risks.
const TABLES: [&str; 5] = ["project", "inspection", "acceptance_evidence", "finding", "disclosure"];

pub(super) async fn candidates(snapshots: &SnapshotSet, draw: &Draw<'_>) -> Result<Vec<Candidate>> {
    let failed = |e| query_failed("reading accepted projects", e);
    let session = over(snapshots, TABLES).await?;
    let rows = session.sql(&sql(draw)).await.map_err(failed)?.collect().await.map_err(failed)?;
    let mut candidates = Vec::new();
    for batch in rows {
        let [project, area, name, accepted] = [
            text(&batch, "project_id")?,
            text(&batch, "area_code")?,
            text(&batch, "name")?,
            text(&batch, "accepted")?,
        ];
        let number = |name: &str| integer(&batch, name);
        let [withdrawn, refused, found, lacking, people, poor, missing] = [
            number("withdrawn")?,
            number("refused")?,
            number("found")?,
            number("lacking")?,
            number("people")?,
            number("poor")?,
            number("missing")?,
        ];
        let at = |column: &Int64Array, row: usize| if column.is_valid(row) { column.value(row) } else { 0 };
        let words = |column: &StringArray, row: usize| text_at(column, row);
        candidates.extend((0..batch.num_rows()).map(|row| Candidate {
            project: words(&project, row),
            area: words(&area, row),
            name: words(&name, row),
            accepted_on: words(&accepted, row),
            known: Known {
                withdrawn: at(&withdrawn, row),
                failed: at(&refused, row),
                open_findings: at(&found, row),
                lacking: at(&lacking, row),
                people: at(&people, row),
                poor: at(&poor, row),
                not_disclosed: at(&missing, row),
            },
        }));
    }
    Ok(candidates)
}

/// Of several passed inspections of a project the last one tells how it was accepted.
fn sql(draw: &Draw<'_>) -> String {
    let (first, last) = (draw.period.first_day(), draw.period.last_day());
    let kind = format!("simulated = {}", draw.simulated);
    let inside = within("p.area_code", draw.area).unwrap_or_else(|| "true".to_owned());
    let open = format!(
        "{kind} AND date <= DATE '{last}' AND (rectified_on IS NULL OR rectified_on > DATE '{last}')"
    );
    format!(
        "WITH acceptance AS (SELECT * FROM inspection WHERE kind = 'acceptance' AND {kind} AND date <= DATE '{last}'), \
         passed AS (SELECT project_id, max(date) AS accepted, \
           last_value(greatest(criteria - criteria_met, 0) ORDER BY date, inspection_id) AS lacking, \
           last_value(people ORDER BY date, inspection_id) AS people, \
           last_value(poor_people ORDER BY date, inspection_id) AS poor \
           FROM acceptance WHERE result = 'passed' GROUP BY project_id), \
         failed AS (SELECT project_id, count(*) AS refused FROM acceptance WHERE result = 'failed' GROUP BY project_id), \
         taken AS (SELECT project_id, count(*) AS withdrawn FROM acceptance_evidence \
           WHERE kind = 'withdrawn' AND {kind} AND date <= DATE '{last}' GROUP BY project_id), \
         of_project AS (SELECT project_id, count(*) AS n FROM finding WHERE {open} AND project_id IS NOT NULL GROUP BY project_id), \
         of_village AS (SELECT area_code, count(*) AS n FROM finding WHERE {open} AND project_id IS NULL \
           AND organisation_id IS NULL AND document_number IS NULL AND programme_id IS NULL GROUP BY area_code), \
         missing AS (SELECT project_id, count(*) AS missing FROM disclosure WHERE {kind} AND due <= DATE '{last}' \
           AND (posted_on IS NULL OR posted_on > DATE '{last}') AND project_id IS NOT NULL GROUP BY project_id) \
         SELECT p.project_id, p.area_code, p.name, passed.accepted, passed.lacking, passed.people, passed.poor, \
           failed.refused, taken.withdrawn, coalesce(of_project.n, 0) + coalesce(of_village.n, 0) AS found, missing.missing \
         FROM project p JOIN passed ON passed.project_id = p.project_id \
         LEFT JOIN failed ON failed.project_id = p.project_id LEFT JOIN taken ON taken.project_id = p.project_id \
         LEFT JOIN of_project ON of_project.project_id = p.project_id \
         LEFT JOIN of_village ON of_village.area_code = p.area_code \
         LEFT JOIN missing ON missing.project_id = p.project_id \
         WHERE p.{kind} AND {inside} AND passed.accepted >= DATE '{first}'"
    )
}
