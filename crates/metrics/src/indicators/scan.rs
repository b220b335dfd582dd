//! Components computed over tables: those over the same records share one scan, and results are cached
//! by definition and table version.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::catalog::TableProvider;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::prelude::DataFrame;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use uplift_aggregation::{Answer, Group, Kept, Source, TRUE, compute};
use uplift_core::error::{DeclarationError, Error, ErrorKind, Result};
use uplift_core::period::Period;

use super::indicator::{Component, Per};
use super::lines::LastLines;
use super::measurement::Measurement;
use super::plan::{self, Breakdown};
use super::planned::{Planned, Plans, any_period, failed, planning_error};
use super::value::{Value, values};
use crate::snapshots::SnapshotSet;

/// The value of a component and the records that it was computed from.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Observation {
    /// None where it is undefined, as without records.
    pub(crate) value: Option<Value>,
    /// Number of records.
    pub(crate) records: i64,
    /// Uncertainty of the value, where the records are a sample of known design.
    pub(crate) uncertainty: Option<Uncertainty>,
}

/// The uncertainty of a value that was computed from a sample.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Uncertainty {
    pub(crate) standard_error: Option<f64>,
    /// Ends of the 95 percent confidence interval.
    pub(crate) interval: Option<(f64, f64)>,
    /// Sample size.
    pub(crate) rows: i64,
    pub(crate) strata: i64,
    pub(crate) clusters: i64,
}

impl Observation {
    /// In another unit, as percent for a share.
    pub(crate) fn times(self, factor: Decimal) -> Self {
        let by = factor.to_f64().unwrap_or(f64::NAN);
        let scaled = |s: Uncertainty| Uncertainty {
            standard_error: s.standard_error.map(|e| e * by),
            interval: s.interval.map(|(low, high)| (low * by, high * by)),
            ..s
        };
        Self {
            value: self.value.and_then(|v| v.times(factor)),
            uncertainty: self.uncertainty.map(scaled),
            ..self
        }
    }
}

/// What kind of records a figure is of: kinds are never added to each other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Origin {
    /// Whether they are simulated.
    pub(crate) simulated: bool,
    /// register or survey, of records of households.
    pub(crate) kind: Option<String>,
}

/// The observation of one area, one combination of dimensions and one kind of records.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GroupResult {
    pub(crate) key: Arc<GroupKey>,
    pub(crate) observation: Observation,
}

/// An area, a combination of dimensions and a kind of records. Orders the whole area before the areas inside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct GroupKey {
    /// Code of the area inside; none for the whole area.
    pub(crate) area: Option<String>,
    /// Values of the dimensions.
    pub(crate) dimensions: Vec<Option<String>>,
    pub(crate) origin: Origin,
}

/// Observations by what they are of. There may be one for every village: keys are shared with the results.
pub(crate) type Observations = hashbrown::HashMap<Arc<GroupKey>, Observation>;

/// Everything that a result depends on: the definition, the breakdown, the versions. No cached result can
/// go stale, since a commit makes another version and so another key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    measurement: Measurement,
    breakdown: Breakdown,
    versions: Vec<i64>,
}

/// Bytes of cached results, and about how many there are then.
const MAX_CACHED_BYTES: u64 = 256 << 20;
const ABOUT_CACHED: usize = 50_000;

/// Computes components and caches the results.
#[derive(Debug)]
pub(crate) struct Scanner {
    cache: Cache<Key, Arc<Vec<GroupResult>>, Bytes>,
    plans: Plans,
    lines: LastLines,
    kept: Arc<Kept>,
}

/// What a cached result takes in memory, about.
#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<Key, Arc<Vec<GroupResult>>> for Bytes {
    fn weight(&self, key: &Key, rows: &Arc<Vec<GroupResult>>) -> u64 {
        let Component { measure, condition, .. } = &key.measurement.component;
        let texts = |key: &GroupKey| 32 * (key.dimensions.len() + usize::from(key.area.is_some()));
        let row = |row: &GroupResult| size_of::<GroupResult>() + size_of::<GroupKey>() + texts(&row.key);
        let rows: usize = rows.iter().map(row).sum();
        (2 * size_of::<Key>() + measure.len() + condition.len() + rows) as u64
    }
}

impl Default for Scanner {
    fn default() -> Self {
        Self::new(Kept::default())
    }
}

impl Scanner {
    pub(crate) fn new(kept: Kept) -> Self {
        let cache = Cache::with_weighter(ABOUT_CACHED, MAX_CACHED_BYTES, Bytes);
        Self { cache, plans: Plans::default(), lines: LastLines::default(), kept: Arc::new(kept) }
    }

    /// The results of each measurement, in their order.
    pub(crate) async fn measure(
        &self,
        snapshots: &SnapshotSet,
        breakdown: &Breakdown,
        measurements: &[Measurement],
    ) -> Result<Vec<Arc<Vec<GroupResult>>>> {
        let mut keys = Vec::with_capacity(measurements.len());
        for measurement in measurements {
            let mut versions = Vec::new();
            for dataset in measurement.component.datasets() {
                versions.push(snapshots.version(dataset).await?);
            }
            keys.push(Key { measurement: measurement.clone(), breakdown: breakdown.clone(), versions });
        }
        let mut answers: Vec<_> = keys.iter().map(|key| self.cache.get(key)).collect();
        let missing = || measurements.iter().zip(&answers).filter(|(_, answer)| answer.is_none());
        let by_line = missing().any(|(m, _)| m.component.uses_lines());
        let lines = if by_line { self.lines.of(snapshots).await? } else { Arc::default() };
        let mut scans: Vec<Scan> = Vec::new();
        for (n, measurement) in measurements.iter().enumerate().filter(|(n, _)| answers[*n].is_none()) {
            Scan::take(&mut scans, n, measurement);
        }
        for Scan { added, measurements: indices, .. } in &scans {
            let prepared = |n: &usize| {
                let Measurement { component, period, since } = &measurements[*n];
                let mut component = component.clone();
                if let Some(per) = &mut component.per {
                    per.columns.clone_from(added);
                }
                Measurement { component: component.with_lines(&lines), period: *period, since: *since }
            };
            let together: Vec<_> = indices.iter().map(prepared).collect();
            let together: Vec<_> = together.iter().collect();
            let scanned = self.scan_in_parts(snapshots, breakdown, &together).await?;
            for (n, rows) in indices.iter().zip(scanned) {
                let rows = Arc::new(rows);
                self.cache.insert(keys[*n].clone(), rows.clone());
                answers[*n] = Some(rows);
            }
        }
        Ok(answers.into_iter().flatten().collect())
    }

    /// Measurements together; in halves, where what all of them leave of the files needs more memory than there is, or
    /// where one of them cannot be computed: that one has no value.
    async fn scan_in_parts(
        &self,
        snapshots: &SnapshotSet,
        breakdown: &Breakdown,
        measurements: &[&Measurement],
    ) -> Result<Vec<Vec<GroupResult>>> {
        let mut all = Vec::with_capacity(measurements.len());
        let mut parts = vec![measurements];
        while let Some(part) = parts.pop() {
            match (self.scan(snapshots, breakdown, part).await, part) {
                (Ok(results), _) => all.extend(results),
                (Err(e), [one]) if e.kind == ErrorKind::NotComputable => {
                    let measure = &one.component.measure;
                    tracing::warn!(measure, "a declared measure cannot be computed");
                    all.push(Vec::new());
                }
                (Err(e), [_, _, ..])
                    if matches!(e.kind, ErrorKind::NotComputable | ErrorKind::ResourceExhausted) =>
                {
                    tracing::info!(measurements = part.len(), cause = %e, "computed in halves");
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.extend([second, first]);
                }
                (Err(e), _) => return Err(e),
            }
        }
        Ok(all)
    }

    async fn scan(
        &self,
        snapshots: &SnapshotSet,
        breakdown: &Breakdown,
        measurements: &[&Measurement],
    ) -> Result<Vec<Vec<GroupResult>>> {
        let Some(Measurement { component, period, .. }) = measurements.first() else {
            return Ok(Vec::new());
        };
        if plan::is_direct(component) {
            let plan = self.plans.of(breakdown, measurements)?;
            let Some(source) = plan.source(snapshots).await? else {
                return Ok(vec![Vec::new(); measurements.len()]);
            };
            return self.answered(&plan.planned, source, breakdown).await;
        }
        let records = query(snapshots, breakdown, component, *period, measurements).await?;
        let planned = Planned::over(&records, breakdown, measurements)?;
        self.answered(&planned, Source::Query(Box::new(records)), breakdown).await
    }

    async fn answered(
        &self,
        planned: &Planned,
        source: Source,
        breakdown: &Breakdown,
    ) -> Result<Vec<Vec<GroupResult>>> {
        let program = planned.program.clone();
        let answer = compute(program, source, &self.kept, &breakdown.area, breakdown.by_level).await?;
        planned.outputs.iter().map(|outputs| read(&answer, outputs, breakdown)).collect()
    }
}

/// Records with what is joined to them, or added up, as a query.
async fn query(
    snapshots: &SnapshotSet,
    breakdown: &Breakdown,
    component: &Component,
    period: Period,
    measurements: &[&Measurement],
) -> Result<DataFrame> {
    let mut sources: HashMap<&str, Arc<dyn TableProvider>> = HashMap::new();
    for dataset in component.datasets() {
        let provider = match snapshots.provider(dataset).await? {
            Some(provider) => provider,
            None => plan::empty(dataset).map_err(planning_error)?,
        };
        sources.insert(dataset, provider);
    }
    let source = |dataset: &str| {
        let provider = sources.get(dataset).cloned();
        provider.ok_or_else(|| DeclarationError::new("dataset", format!("{dataset} is not read")))
    };
    let mut records = plan::records(component, breakdown, Some(period), &source).map_err(planning_error)?;
    if component.per.is_none() {
        let periods = plan::parse(&records, "period", &any_period(measurements)?).map_err(planning_error)?;
        records = records.filter(periods).map_err(failed)?;
    }
    Ok(records)
}

/// Measurements that share their records are computed together.
#[derive(Debug, Default)]
struct Scan {
    shared: String,
    /// Columns of records that are added up first, of all of them.
    added: BTreeMap<String, String>,
    measurements: Vec<usize>,
}

impl Scan {
    /// Adds a measurement to the scan of its records.
    fn take(scans: &mut Vec<Self>, number: usize, measurement: &Measurement) {
        let component = &measurement.component;
        let (shared, columns) =
            (shared(component, measurement.period), component.per.as_ref().map(|p| &p.columns));
        let fits = |scan: &Self| {
            let mut columns = columns.into_iter().flatten();
            scan.shared == shared
                && columns.all(|(name, sql)| scan.added.get(name).is_none_or(|known| known == sql))
        };
        let known = scans.iter().position(fits).unwrap_or_else(|| {
            scans.push(Self { shared: shared.clone(), ..Self::default() });
            scans.len() - 1
        });
        scans[known].measurements.push(number);
        scans[known]
            .added
            .extend(columns.into_iter().flatten().map(|(name, sql)| (name.clone(), sql.clone())));
    }
}

/// What components must have in common to share a scan.
fn shared(component: &Component, period: Period) -> String {
    let Component { dataset, area, join, per, condition, stock, period: column, county, .. } = component;
    let Component { budget_year, to_date, .. } = component;
    match per {
        None if *county => format!("{dataset} {area} {join:?} in counties {period}"),
        None => format!("{dataset} {area} {join:?}"),
        Some(Per { key, area: added_area, .. }) => format!(
            "{dataset} {area} {join:?} {key:?} {added_area} {condition} {stock} {column} {county} {budget_year} {to_date} {period}"
        ),
    }
}

/// What one measurement has for each place.
fn read(
    answer: &Answer,
    outputs: &[Arc<dyn PhysicalExpr>; 3],
    breakdown: &Breakdown,
) -> Result<Vec<GroupResult>> {
    let [value, records, estimate] = outputs.each_ref().map(|output| {
        let computed = output.evaluate(&answer.columns);
        computed.and_then(|column| column.into_array(answer.groups.len())).map_err(failed)
    });
    let (values, records) = (values(&value?)?, whole_numbers(&records?)?);
    let uncertainty = uncertainty(&estimate?)?;
    let row = |(row, group): (usize, &Group)| {
        let (dimensions, origin) = group.others.split_at(breakdown.dimensions.len());
        let text = |text: &Option<Arc<str>>| text.as_deref().map(str::to_owned);
        let origin = Origin {
            simulated: origin.first().and_then(|simulated| simulated.as_deref()) == Some(TRUE),
            kind: origin.get(1).and_then(text),
        };
        let dimensions = dimensions.iter().map(text).collect();
        GroupResult {
            key: Arc::new(GroupKey { area: text(&group.area), dimensions, origin }),
            observation: Observation {
                // A count of no records has no value: nothing was submitted.
                value: values[row].filter(|_| records[row] > 0),
                records: records[row],
                uncertainty: uncertainty.get(row).copied().flatten(),
            },
        }
    };
    let rows = answer.groups.iter().enumerate().map(row);
    // Other measurements may have no records here.
    Ok(rows.filter(|row| row.observation.records > 0).collect())
}

/// Counts; 0 where nothing was counted.
fn whole_numbers(column: &ArrayRef) -> Result<Vec<i64>> {
    let column = cast(column, &DataType::Int64).map_err(|e| Error::internal("reading counts", e))?;
    Ok(column.as_primitive::<Int64Type>().iter().map(Option::unwrap_or_default).collect())
}

/// The uncertainty of estimates; none for other measures, and without a design.
fn uncertainty(column: &ArrayRef) -> Result<Vec<Option<Uncertainty>>> {
    let Some(estimates) = column.as_struct_opt() else { return Ok(Vec::new()) };
    let part = |name: &str| {
        let column = estimates.column_by_name(name);
        column.ok_or_else(|| Error::internal("reading values", format!("an estimate has no {name}")))
    };
    let number = |name: &str| part(name).map(|c| c.as_primitive::<Float64Type>());
    let count = |name: &str| part(name).map(|c| c.as_primitive::<Int64Type>());
    let (error, low, high) = (number("standard_error")?, number("low")?, number("high")?);
    let (rows, strata, clusters) = (count("rows")?, count("strata")?, count("clusters")?);
    let at = |column: &Float64Array, row| column.is_valid(row).then(|| column.value(row));
    let one = |row| Uncertainty {
        standard_error: at(error, row),
        interval: at(low, row).zip(at(high, row)),
        rows: rows.value(row),
        strata: strata.value(row),
        clusters: clusters.value(row),
    };
    Ok((0..estimates.len())
        .map(|row| Some(one(row)).filter(|uncertainty| uncertainty.clusters > 0))
        .collect())
}
