//! Public records of an area and a period, in order of their key.

use datafusion::execution::SendableRecordBatchStream;
use uplift_core::dataset::{Dataset, Format, Kind};
use uplift_core::error::{Error, Result};
use uplift_core::period::Period;
use uplift_engine::error::query_failed;
use uplift_engine::session;
use uplift_proto::dataset::all;
use uplift_store::schema::{REPORTING_AREA, REPORTING_PERIOD, REPORTING_YEAR, SIMULATED};

use super::wire::Question;
use crate::indicators::plan::{empty, within};
use crate::snapshots::SnapshotSet;

/// Names of the columns that are shown: those of public fields, and whether the record is simulated.
pub(super) fn columns(dataset: &Dataset) -> Vec<&str> {
    let fields = dataset.fields.iter().filter(|field| field.is_public()).map(|field| field.column());
    fields.chain([SIMULATED]).collect()
}

/// The records, each value as text.
pub(super) async fn records(
    snapshots: &SnapshotSet,
    question: &Question,
) -> Result<SendableRecordBatchStream> {
    let name = &question.dataset.name;
    let failed = |e| query_failed(format!("reading {name}"), e);
    let provider = match snapshots.provider(name).await? {
        Some(provider) => provider,
        None => empty(name).map_err(|e| Error::internal("reading public records", e.remedy))?,
    };
    let session = session();
    session.register_table(name.as_str(), provider).map_err(failed)?;
    session.sql(&sql(question)).await.map_err(failed)?.execute_stream().await.map_err(failed)
}

fn sql(question: &Question) -> String {
    let Question { dataset, area, period, .. } = question;
    let columns = columns(dataset).into_iter().map(|c| format!("CAST(\"{c}\" AS VARCHAR) AS \"{c}\""));
    let columns: Vec<_> = columns.collect();
    let inside = inside(dataset, area.as_str()).unwrap_or_else(|| "true".to_owned());
    let reported = reported(dataset, *period);
    let public = if dataset.public_when.is_empty() { "true" } else { &dataset.public_when };
    // Records of one key differ in what they are of: two counties', or a real and a simulated one.
    let key =
        dataset.key.iter().map(|k| format!("\"{k}\"")).chain([SIMULATED, REPORTING_AREA].map(str::to_owned));
    let key: Vec<_> = key.collect();
    format!(
        "SELECT {} FROM {} WHERE ({inside}) AND ({reported}) AND ({public}) ORDER BY {}",
        columns.join(", "),
        dataset.name,
        key.join(", ")
    )
}

/// The condition of records of an area; none where records are of no area, as lines of work and standards are.
fn inside(dataset: &Dataset, area: &str) -> Option<String> {
    let field = dataset.fields.iter().find(|field| field.kind == Kind::Text(Format::Area))?;
    within(&format!("\"{}\"", field.column()), area)
}

/// The condition of records of a period. What others refer to is shown with them, whenever it was reported before.
fn reported(dataset: &Dataset, period: Period) -> String {
    let refers = |other: &Dataset| {
        let names = other.fields.iter().filter_map(|field| field.reference.as_ref());
        names.into_iter().any(|reference| reference.dataset == dataset.name)
    };
    let year = period.year();
    let listed = |periods: &mut dyn Iterator<Item = Period>| {
        let periods: Vec<_> = periods.map(|period| format!("'{period}'")).collect();
        format!("{REPORTING_YEAR} = {year} AND {REPORTING_PERIOD} IN ({})", periods.join(", "))
    };
    match all().iter().any(refers) {
        true => format!("{REPORTING_YEAR} < {year} OR ({})", listed(&mut period.until_its_end())),
        false => listed(&mut period.within()),
    }
}
