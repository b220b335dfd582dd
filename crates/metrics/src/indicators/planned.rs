//! Measurements over the same records, planned: once for each question, whatever is handed in after it.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::common::{DFSchema, DataFusionError};
use datafusion::logical_expr::Expr;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::prelude::DataFrame;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use uplift_aggregation::{Addition, Files, Program, Source};
use uplift_core::error::{DeclarationError, Error, Result};
use uplift_engine::error::query_failed;
use uplift_engine::expressions::Expressions;

use super::measurement::Measurement;
use super::plan::{self, Breakdown};
use crate::snapshots::SnapshotSet;
use crate::tables::table;

/// Measurements whose plans are kept, about, and of how many questions.
const MAX_MEASUREMENTS: u64 = 4_000;
const ABOUT_QUESTIONS: usize = 500;

/// What is computed of records, and how each measurement is read from it.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) program: Arc<Program>,
    /// Value, number of records and estimate of each measurement, over what the program computes.
    pub(crate) outputs: Vec<[Arc<dyn PhysicalExpr>; 3]>,
}

/// The same of records that are read from their files.
#[derive(Debug)]
pub(crate) struct PlannedOfFiles {
    pub(crate) planned: Planned,
    dataset: String,
    /// How records are added up first, where they are.
    addition: Option<Arc<Addition>>,
    /// What is true of the records that count.
    condition: Arc<dyn PhysicalExpr>,
}

/// Plans by question. Nothing that a plan depends on ever changes, but what it is kept by.
#[derive(Debug)]
pub(crate) struct Plans {
    known: Cache<Question, Arc<PlannedOfFiles>, Measurements>,
}

/// A breakdown, and measurements with their poverty lines filled in.
type Question = (Breakdown, Vec<Measurement>);

/// Weighs a plan by its measurements.
#[derive(Debug, Clone)]
struct Measurements;

impl Weighter<Question, Arc<PlannedOfFiles>> for Measurements {
    fn weight(&self, (_, measurements): &Question, _: &Arc<PlannedOfFiles>) -> u64 {
        measurements.len() as u64
    }
}

impl Default for Plans {
    fn default() -> Self {
        Self { known: Cache::with_weighter(ABOUT_QUESTIONS, MAX_MEASUREMENTS, Measurements) }
    }
}

impl Plans {
    /// The plan of measurements over the same records, of which one at least is asked for.
    pub(crate) fn of(
        &self,
        breakdown: &Breakdown,
        measurements: &[&Measurement],
    ) -> Result<Arc<PlannedOfFiles>> {
        let all = measurements.iter().copied().cloned().collect();
        let question = (breakdown.clone(), all);
        self.known
            .get_or_insert_with(&question, || PlannedOfFiles::new(breakdown, measurements).map(Arc::new))
    }
}

impl Planned {
    /// Over the columns of some records.
    pub(crate) fn over(
        records: &DataFrame,
        breakdown: &Breakdown,
        measurements: &[&Measurement],
    ) -> Result<Self> {
        let (mut aggregates, mut outputs) = (Vec::new(), Vec::new());
        for Measurement { component, period, since } in measurements {
            let planned = plan::plan(component, *period, *since, records, &mut aggregates);
            outputs.push(planned.map_err(planning_error)?);
        }
        let keys = plan::keys(&measurements[0].component, breakdown, records).map_err(planning_error)?;
        let program = Arc::new(Program::new(records, keys, &aggregates).map_err(failed)?);
        let expressions = Expressions::over(DFSchema::try_from(program.schema()).map_err(failed)?);
        let ready = |[value, count, estimate]: [Expr; 3]| {
            let ready = |output: Expr| expressions.ready(&output).map_err(failed);
            Ok([ready(value)?, ready(count)?, ready(estimate)?])
        };
        let outputs = outputs.into_iter().map(ready).collect::<Result<_>>()?;
        Ok(Self { program, outputs })
    }
}

impl PlannedOfFiles {
    fn new(breakdown: &Breakdown, measurements: &[&Measurement]) -> Result<Self> {
        let Measurement { component, period, .. } = measurements[0];
        let records = plan::direct_records(component).map_err(planning_error)?;
        let (condition, addition) = if component.per.is_some() {
            let condition = plan::added_condition(component, &records, *period).map_err(planning_error)?;
            let addition = plan::addition(component, breakdown, &records, *period).map_err(planning_error)?;
            (condition, Some(Arc::new(addition)))
        } else {
            let mut condition = format!("({})", any_period(measurements)?);
            let columns = table(&component.dataset).map_err(planning_error)?;
            let within = plan::within(&component.area_column(&columns), &breakdown.area);
            condition.extend(within.into_iter().map(|within| format!(" AND {within}")));
            (plan::parse(&records, "period", &condition).map_err(planning_error)?, None)
        };
        let condition = Expressions::over(records.schema().clone()).ready(&condition).map_err(failed)?;
        let planned = match &addition {
            Some(addition) => {
                let added = plan::rows_of(addition.schema()).map_err(planning_error)?;
                Planned::over(&added, breakdown, measurements)?
            }
            None => Planned::over(&records, breakdown, measurements)?,
        };
        Ok(Self { planned, dataset: component.dataset.clone(), addition, condition })
    }

    /// The files with those records; none of a table that does not exist.
    pub(crate) async fn source(&self, snapshots: &SnapshotSet) -> Result<Option<Source>> {
        let Some(snapshot) = snapshots.snapshot(&self.dataset).await? else { return Ok(None) };
        let files = Files { table: self.dataset.clone(), snapshot, condition: self.condition.clone() };
        Ok(Some(match &self.addition {
            Some(addition) => Source::Added(addition.clone(), files),
            None => Source::Files(files),
        }))
    }
}

/// SQL condition that a record lies in one of the periods: it spares reading the others.
pub(crate) fn any_period(measurements: &[&Measurement]) -> Result<String> {
    let periods = |measurement: &&Measurement| std::iter::once(measurement.period).chain(measurement.since);
    let each = measurements
        .iter()
        .flat_map(|measurement| periods(measurement).map(|period| (&measurement.component, period)));
    let conditions = each.map(|(component, period)| plan::in_period(component, period));
    let distinct: BTreeSet<_> = conditions.collect::<Result<_, _>>().map_err(planning_error)?;
    Ok(distinct.into_iter().map(|c| format!("({c})")).collect::<Vec<_>>().join(" OR "))
}

pub(crate) fn failed(error: DataFusionError) -> Error {
    query_failed("computing indicators", error)
}

/// A declaration was checked when it was loaded: if it still cannot be planned, that is our fault.
pub(crate) fn planning_error(error: DeclarationError) -> Error {
    Error::internal("planning indicators", error)
}
