//! Running components over tables: those over the same records share one scan, and what was computed
//! is kept by definition and table version.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, StringArray};
use arrow::datatypes::{Float64Type, Int64Type};
use datafusion::catalog::TableProvider;
use datafusion::logical_expr::{Expr, ident};
use quick_cache::sync::Cache;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use uplift_core::error::{Error, Result};
use uplift_core::period::Period;
use uplift_store::columns::{boolean, integer, text};

use crate::catalogue::Component;
use crate::pins::Pins;
use crate::plan::{self, Ask, PLACE};
use crate::value::{Value, values};

/// A component in a period, or its difference from an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Item {
    /// What is measured.
    pub component: Component,
    /// In which period.
    pub period: Period,
    /// The period that it is compared with.
    pub since: Option<Period>,
}

/// What records come to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Measured {
    /// The value; none where it is not defined, as over no records.
    pub value: Option<Value>,
    /// Records behind it.
    pub records: i64,
    /// Whether one of them was made up.
    pub simulated: bool,
    /// How sure the value is, where the records are a sample of known design.
    pub sure: Option<Sure>,
}

/// How sure the value of a sample is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sure {
    /// Standard error.
    pub error: Option<f64>,
    /// Ends of the 95 percent confidence interval.
    pub interval: Option<(f64, f64)>,
    /// Records that were measured.
    pub rows: i64,
    /// Strata that they were drawn from.
    pub strata: i64,
    /// Clusters that they were drawn in.
    pub clusters: i64,
}

impl Measured {
    /// In another unit, as percent for a share.
    pub fn times(self, factor: Decimal) -> Self {
        let by = factor.to_f64().unwrap_or(f64::NAN);
        let sure = |s: Sure| Sure {
            error: s.error.map(|e| e * by),
            interval: s.interval.map(|(low, high)| (low * by, high * by)),
            ..s
        };
        Self { value: self.value.and_then(|v| v.times(factor)), sure: self.sure.map(sure), ..self }
    }
}

/// One place, and one combination of dimensions.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Code of the place; none for the whole area.
    pub place: Option<String>,
    /// Values of the dimensions.
    pub dimensions: Vec<Option<String>>,
    /// What its records come to.
    pub measured: Measured,
}

/// Everything that a result depends on: the definition, the question, the versions. Nothing that is
/// kept can go stale, since a commit makes another version and so another key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    item: Item,
    ask: Ask,
    versions: Vec<i64>,
}

/// Results kept, at the most.
const KEPT: usize = 50_000;

/// Computes components, and remembers.
#[derive(Debug)]
pub struct Scanner {
    known: Cache<Key, Arc<Vec<Row>>>,
}

impl Default for Scanner {
    fn default() -> Self {
        Self { known: Cache::new(KEPT) }
    }
}

impl Scanner {
    /// What each item comes to, in their order.
    pub async fn measure(&self, pins: &Pins, ask: &Ask, items: &[Item]) -> Result<Vec<Arc<Vec<Row>>>> {
        let mut keys = Vec::with_capacity(items.len());
        for item in items {
            let mut versions = Vec::new();
            for dataset in item.component.datasets() {
                versions.push(pins.version(dataset).await?);
            }
            keys.push(Key { item: item.clone(), ask: ask.clone(), versions });
        }
        let mut answers: Vec<_> = keys.iter().map(|key| self.known.get(key)).collect();
        // Those that share their records are computed together.
        let mut scans: HashMap<String, Vec<usize>> = HashMap::new();
        for (n, item) in items.iter().enumerate().filter(|(n, _)| answers[*n].is_none()) {
            scans.entry(shared(&item.component, item.period)).or_default().push(n);
        }
        for places in scans.into_values() {
            let wanted: Vec<_> = places.iter().map(|n| &items[*n]).collect();
            for (n, rows) in places.iter().zip(scan(pins, ask, &wanted).await?) {
                let rows = Arc::new(rows);
                self.known.insert(keys[*n].clone(), rows.clone());
                answers[*n] = Some(rows);
            }
        }
        Ok(answers.into_iter().flatten().collect())
    }
}

/// What components must have in common to share a scan.
fn shared(component: &Component, period: Period) -> String {
    let Component { dataset, area, join, per, condition, stock, period: column, .. } = component;
    match per {
        None => format!("{dataset} {area} {join:?}"),
        Some(per) => format!("{dataset} {area} {join:?} {per:?} {condition} {stock} {column} {period}"),
    }
}

async fn scan(pins: &Pins, ask: &Ask, items: &[&Item]) -> Result<Vec<Vec<Row>>> {
    let Some(Item { component: first, period, .. }) = items.first() else { return Ok(Vec::new()) };
    let mut sources: HashMap<&str, Arc<dyn TableProvider>> = HashMap::new();
    for dataset in first.datasets() {
        let provider = match pins.provider(dataset).await? {
            Some(provider) => provider,
            None => plan::empty(dataset).map_err(broken)?,
        };
        sources.insert(dataset, provider);
    }
    let source =
        |dataset: &str| sources.get(dataset).cloned().ok_or_else(|| format!("{dataset} is not read"));
    let mut records = plan::records(first, ask, Some(*period), &source).map_err(broken)?;
    if first.per.is_none() {
        let some = plan::parse(&records, "period", &some_period(items)?).map_err(broken)?;
        records = records.filter(some).map_err(failed)?;
    }
    let mut aggregates = Vec::new();
    let mut outputs = Vec::new();
    for Item { component, period, since } in items {
        outputs.push(plan::plan(component, *period, *since, &records, &mut aggregates).map_err(broken)?);
    }
    let counted = plan::aggregate(records, ask, aggregates).map_err(failed)?;
    let mut shown: Vec<Expr> = ask.dimensions.iter().map(ident).collect();
    shown.extend(ask.by.map(|_| ident(PLACE)));
    for (n, output) in outputs.into_iter().enumerate() {
        shown.extend(
            output.into_iter().zip(["v", "r", "s", "e"]).map(|(e, part)| e.alias(format!("{part}{n}"))),
        );
    }
    let batches = counted.select(shown).map_err(failed)?.collect().await.map_err(failed)?;
    let mut answers = vec![Vec::new(); items.len()];
    for batch in batches.iter().filter(|b| b.num_rows() > 0) {
        for (n, rows) in answers.iter_mut().enumerate() {
            rows.extend(read(batch, ask, n)?);
        }
    }
    Ok(answers)
}

/// SQL condition that a record lies in one of the periods: it spares reading the others.
fn some_period(items: &[&Item]) -> Result<String> {
    let periods = |item: &&Item| std::iter::once(item.period).chain(item.since);
    let each = items.iter().flat_map(|item| periods(item).map(|period| (&item.component, period)));
    let conditions = each.map(|(component, period)| plan::in_period(component, period));
    let distinct: BTreeSet<_> = conditions.collect::<Result<_, _>>().map_err(broken)?;
    Ok(distinct.into_iter().map(|c| format!("({c})")).collect::<Vec<_>>().join(" OR "))
}

fn read(batch: &RecordBatch, ask: &Ask, n: usize) -> Result<Vec<Row>> {
    let dimensions: Vec<StringArray> =
        ask.dimensions.iter().map(|name| text(batch, name)).collect::<Result<_>>()?;
    let places = ask.by.map(|_| text(batch, PLACE)).transpose()?;
    let column = |part: &str| {
        let name = format!("{part}{n}");
        batch.column_by_name(&name).ok_or_else(|| Error::internal("reading values", format!("no {name}")))
    };
    let (records, simulated) = (integer(batch, &format!("r{n}"))?, boolean(batch, &format!("s{n}"))?);
    let sure = sure(column("e")?)?;
    let at = |column: &StringArray, row: usize| column.is_valid(row).then(|| column.value(row).to_owned());
    let values = values(column("v")?)?;
    let row = |(row, value): (usize, Option<Value>)| {
        let records = if records.is_valid(row) { records.value(row) } else { 0 };
        Row {
            place: places.as_ref().and_then(|places| at(places, row)),
            dimensions: dimensions.iter().map(|d| at(d, row)).collect(),
            measured: Measured {
                // A count over no records is no finding: nothing was handed in.
                value: value.filter(|_| records > 0),
                records,
                simulated: simulated.is_valid(row) && simulated.value(row),
                sure: sure.get(row).copied().flatten(),
            },
        }
    };
    let rows = values.into_iter().enumerate().map(row);
    // Records above the level belong to the whole alone; other items' rows are not this item's.
    Ok(rows.filter(|r| r.place.as_deref() != Some("") && r.measured.records > 0).collect())
}

/// What an estimate says of itself; nothing for other measures, and without a design.
fn sure(column: &ArrayRef) -> Result<Vec<Option<Sure>>> {
    let Some(estimates) = column.as_struct_opt() else { return Ok(Vec::new()) };
    let part = |name: &str| {
        let found = estimates.column_by_name(name);
        found.ok_or_else(|| Error::internal("reading values", format!("an estimate has no {name}")))
    };
    let number = |name: &str| part(name).map(|c| c.as_primitive::<Float64Type>());
    let count = |name: &str| part(name).map(|c| c.as_primitive::<Int64Type>());
    let (error, low, high) = (number("standard_error")?, number("low")?, number("high")?);
    let (rows, strata, clusters) = (count("rows")?, count("strata")?, count("clusters")?);
    let at = |column: &Float64Array, row| column.is_valid(row).then(|| column.value(row));
    let one = |row| Sure {
        error: at(error, row),
        interval: at(low, row).zip(at(high, row)),
        rows: rows.value(row),
        strata: strata.value(row),
        clusters: clusters.value(row),
    };
    Ok((0..estimates.len()).map(|row| Some(one(row)).filter(|sure| sure.clusters > 0)).collect())
}

fn failed(error: datafusion::error::DataFusionError) -> Error {
    Error::internal("computing indicators", error)
}

/// What was checked when it was declared and still cannot be planned is a fault of ours.
fn broken(message: String) -> Error {
    Error::internal("planning indicators", message)
}
