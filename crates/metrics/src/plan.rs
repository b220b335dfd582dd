//! A declared component as expressions of the query engine.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, SchemaRef};
use chrono::NaiveDate;
use datafusion::catalog::TableProvider;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::datasource::empty::EmptyTable;
use datafusion::functions::{core::expr_fn::get_field, expr_fn as functions};
use datafusion::functions_aggregate::expr_fn::{bool_or, count, sum};
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{Expr, JoinType, ident, lit};
use datafusion::prelude::{DataFrame, SessionContext};
use uplift_core::dataset::Reference;
use uplift_core::period::Period;
use uplift_measures::engine;
use uplift_proto::dataset::find;
use uplift_store::schema::{self, REPORTING_AREA, REPORTING_PERIOD, SIMULATED, TableSchema};

use crate::catalogue::Component;
use crate::sampled::gathered;

/// The session that all plans are made in: our measures beside the engine's functions.
pub(crate) static SESSION: LazyLock<SessionContext> = LazyLock::new(session);

/// A session with our measures beside the engine's functions.
pub fn session() -> SessionContext {
    let session = uplift_store::session();
    engine::functions().into_iter().for_each(|f| session.register_udaf(f));
    engine::scalar_functions().into_iter().for_each(|f| session.register_udf(f));
    session
}

/// A table without rows, for one that nobody has made yet.
pub fn empty(dataset: &str) -> Result<Arc<dyn TableProvider>, String> {
    Ok(Arc::new(EmptyTable::new(table(dataset)?)))
}

/// Columns that plans add.
pub const PLACE: &str = "__place";
const RECORDS: &str = "__records";

/// The columns of the table that a component measures.
pub fn table(dataset: &str) -> Result<SchemaRef, String> {
    match (dataset, find(dataset)) {
        ("submission", _) => Ok(schema::ledger().columns),
        (_, Some(found)) => Ok(TableSchema::of(found).columns),
        (_, None) => Err(format!("dataset: there is none called {dataset:?}")),
    }
}

/// Which records of which place are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ask {
    /// Prefix of area codes; empty is everywhere.
    pub area: String,
    /// Digits of the level that the area is broken down by.
    pub by: Option<usize>,
    /// Columns that records are told apart by.
    pub dimensions: Vec<String>,
}

/// Where the tables of a plan come from, by dataset.
pub type Source<'a> = &'a dyn Fn(&str) -> Result<Arc<dyn TableProvider>, String>;

/// What is made of aggregates `a0`, `a1`, …: the measure, the count of records, whether one of them is
/// simulated, and how sure the measure is; a null where that is not known.
pub type Outputs = [Expr; 4];

impl Component {
    /// Column of time: as declared, or what its dataset usually has.
    pub fn period_column(&self, table: &SchemaRef) -> String {
        let usual = ["date", "year", REPORTING_PERIOD, "period"];
        let found = usual.into_iter().find(|name| table.field_with_name(name).is_ok());
        if self.period.is_empty() { found.unwrap_or_default().to_owned() } else { self.period.clone() }
    }

    /// Column of place: as declared, or what its dataset usually has.
    pub fn area_column(&self, table: &SchemaRef) -> String {
        let usual = ["area_code", REPORTING_AREA];
        let found = usual.into_iter().find(|name| table.field_with_name(name).is_ok());
        if self.area.is_empty() { found.unwrap_or_default().to_owned() } else { self.area.clone() }
    }

    /// The datasets that its value depends on: its own, and those it joins.
    pub fn datasets(&self) -> Vec<&str> {
        let joined = self.join.iter().filter_map(|column| reference(&self.dataset, column).ok());
        std::iter::once(self.dataset.as_str()).chain(joined.map(|r| r.dataset.as_str())).collect()
    }
}

/// Checks a component against the columns of its tables, by planning it over none of their rows.
pub fn check(component: &Component, dimensions: &[String]) -> Result<(), String> {
    let ask = Ask { area: "50".to_owned(), by: Some(6), dimensions: dimensions.to_vec() };
    let period = "2011".parse().map_err(|e| format!("{e}"))?;
    let records = records(component, &ask, Some(period), &empty)?;
    let mut aggregates = Vec::new();
    let outputs = plan(component, period, None, &records, &mut aggregates)?;
    let counted = aggregate(records, &ask, aggregates).map_err(|e| plainly(&e))?;
    let outputs = outputs.into_iter().enumerate().map(|(n, e)| e.alias(format!("o{n}")));
    let shown = counted.select(outputs.collect::<Vec<_>>()).map_err(|e| plainly(&e))?;
    let kind = shown.schema().field(0).data_type().clone();
    if !kind.is_numeric() {
        return Err(format!("measure: {} is {kind}, not a number", component.measure));
    }
    Ok(())
}

/// The records of a component in an area, with the column of its place if the area is broken down.
/// A period is needed where records are added up first, since the sums depend on it.
pub fn records(
    component: &Component,
    ask: &Ask,
    period: Option<Period>,
    source: Source<'_>,
) -> Result<DataFrame, String> {
    let table = table(&component.dataset)?;
    let said = |e: DataFusionError| e.to_string();
    let mut frame = SESSION.read_table(source(&component.dataset)?).map_err(said)?;
    for column in &component.join {
        frame = join(frame, component, column, source)?;
    }
    let area = component.area_column(&table);
    for (what, column) in [("area", &area), ("period", &component.period_column(&table))] {
        if table.field_with_name(column).is_err() {
            return Err(format!("{what}: {} has no column {column:?}", component.dataset));
        }
    }
    if let Some(within) = within(&area, &ask.area) {
        let within = parse(&frame, "area", &within)?;
        frame = frame.filter(within).map_err(said)?;
    }
    if let (Some(_), Some(period)) = (&component.per, period) {
        frame = add_up(frame, component, &area, ask, period)?;
    }
    for dimension in &ask.dimensions {
        match frame.schema().field_with_unqualified_name(dimension) {
            Ok(field) if field.data_type().is_string() => {}
            Ok(field) => return Err(format!("dimensions: {dimension} is {}, not text", field.data_type())),
            Err(_) => return Err(format!("dimensions: {} has no column {dimension:?}", component.dataset)),
        }
    }
    if let Some(digits) = ask.by {
        let digits = digits as i64;
        let code = || ident(&area);
        let mut place = datafusion::logical_expr::when(
            functions::character_length(code()).gt_eq(lit(digits)),
            functions::left(code(), lit(digits)),
        );
        // Records of a place above the level belong to none of its places.
        frame = frame.with_column(PLACE, place.otherwise(lit("")).map_err(said)?).map_err(said)?;
    }
    Ok(frame)
}

/// What a component comes to in a period, or how that differs from what it came to in an earlier one; its
/// aggregates join those already there, each once. Only measures of a distribution tell differences.
pub fn plan(
    component: &Component,
    period: Period,
    since: Option<Period>,
    records: &DataFrame,
    aggregates: &mut Vec<Expr>,
) -> Result<Outputs, String> {
    let measure = parse(records, "measure", &filled(&component.measure, period))?;
    let earlier = since.map(|since| condition(component, since)).transpose()?;
    let earlier = earlier.map(|sql| parse(records, "where", &sql)).transpose()?;
    let when = match component.per {
        Some(_) => None,
        None => Some(parse(records, "where", &condition(component, period)?)?),
    };
    let mut keep = |aggregate: Expr| -> Expr {
        let place = aggregates.iter().position(|known| *known == aggregate);
        let place = place.unwrap_or_else(|| {
            aggregates.push(aggregate);
            aggregates.len() - 1
        });
        ident(format!("a{place}"))
    };
    let mut sure = lit(ScalarValue::Null);
    let alone = matches!(&measure, Expr::AggregateFunction(_));
    let measure = measure
        .transform_down(|expr| match expr {
            Expr::AggregateFunction(f) => {
                let found = gathered(&f, records);
                let value = match found.map_err(DataFusionError::Plan)? {
                    Some((rows, measured)) => {
                        let now = keep(filtered(rows.clone(), &when));
                        let before = earlier.as_ref().map(|_| keep(filtered(rows, &earlier)));
                        let estimate = measured(before, now);
                        sure = if alone { estimate.clone() } else { lit(ScalarValue::Null) };
                        get_field(estimate, "value")
                    }
                    None => keep(filtered(f, &when)),
                };
                Ok(Transformed::new(value, true, TreeNodeRecursion::Jump))
            }
            other => Ok(Transformed::no(other)),
        })
        .map_err(|e| format!("measure: {}", plainly(&e)))?
        .data;
    let (rows, made_up) = match component.per {
        Some(_) => (sum(ident(RECORDS)), bool_or(ident(SIMULATED))),
        None => (count(lit(1)), bool_or(ident(SIMULATED))),
    };
    let mut counted = |aggregate: Expr| match aggregate {
        Expr::AggregateFunction(f) => keep(filtered(f, &when)),
        other => keep(other),
    };
    Ok([measure, counted(rows), counted(made_up), sure])
}

/// An aggregate over the records that it takes already, of those that pass.
fn filtered(mut f: AggregateFunction, condition: &Option<Expr>) -> Expr {
    let filters = [f.params.filter.take().map(|f| *f), condition.clone()];
    f.params.filter = filters.into_iter().flatten().reduce(Expr::and).map(Box::new);
    Expr::AggregateFunction(f)
}

/// The aggregates of records, for the whole area and for each of its places.
pub fn aggregate(
    records: DataFrame,
    ask: &Ask,
    aggregates: Vec<Expr>,
) -> datafusion::error::Result<DataFrame> {
    let dimensions: Vec<_> = ask.dimensions.iter().map(ident).collect();
    let named = aggregates.into_iter().enumerate().map(|(n, a)| a.alias(format!("a{n}"))).collect();
    let groups = match ask.by {
        None => dimensions,
        Some(_) => {
            let places = dimensions.iter().cloned().chain([ident(PLACE)]).collect();
            let sets = datafusion::logical_expr::GroupingSet::GroupingSets(vec![dimensions, places]);
            vec![Expr::GroupingSet(sets)]
        }
    };
    records.aggregate(groups, named)
}

/// SQL condition that a record lies in the period, and is one that the component measures.
pub fn condition(component: &Component, period: Period) -> Result<String, String> {
    let in_time = in_period(component, period)?;
    Ok(match component.condition.as_str() {
        "" => in_time,
        sql => format!("{in_time} AND ({})", filled(sql, period)),
    })
}

/// SQL condition that a record lies in the period, or before its end where a stock is measured.
pub fn in_period(component: &Component, period: Period) -> Result<String, String> {
    let table = table(&component.dataset)?;
    let name = component.period_column(&table);
    let kind = table.field_with_name(&name).map_err(|e| format!("period: {e}"))?.data_type();
    let (first, last, year) = (first_day(period), last_day(period), period.year());
    Ok(match (kind, component.stock) {
        (DataType::Date32, true) => format!("{name} <= DATE '{last}'"),
        (DataType::Date32, false) => format!("{name} BETWEEN DATE '{first}' AND DATE '{last}'"),
        (DataType::Int64, true) => format!("{name} <= {year}"),
        (DataType::Int64, false) => format!("{name} = {year}"),
        (DataType::Utf8, true) => format!("left({name}, 4) <= '{year}'"),
        (DataType::Utf8, false) if period.months() == (1, 12) => format!("left({name}, 4) = '{year}'"),
        (DataType::Utf8, false) => format!("{name} = '{period}'"),
        (other, _) => {
            return Err(format!("period: {name} is {other}; name a date, a year or a reporting period"));
        }
    })
}

/// SQL with the last day of the period and its year filled in.
pub fn filled(sql: &str, period: Period) -> String {
    let sql = sql.replace("$period_end", &format!("DATE '{}'", last_day(period)));
    sql.replace("$year", &period.year().to_string())
}

/// Whether a component has values for parts of a year.
pub fn yearly(component: &Component) -> bool {
    let Ok(table) = table(&component.dataset) else { return false };
    let kind = table.field_with_name(&component.period_column(&table)).map(|f| f.data_type().clone());
    kind.is_ok_and(|kind| kind == DataType::Int64)
}

/// First and last day of a period.
pub fn first_day(period: Period) -> NaiveDate {
    let (first, _) = period.months();
    NaiveDate::from_ymd_opt(period.year().into(), first.into(), 1).unwrap_or_default()
}

/// Last day of a period.
pub fn last_day(period: Period) -> NaiveDate {
    let (_, last) = period.months();
    let month = NaiveDate::from_ymd_opt(period.year().into(), last.into(), 1).unwrap_or_default();
    month + chrono::Months::new(1) - chrono::Days::new(1)
}

/// SQL condition that a code lies in an area; none for everywhere. A range instead of a prefix,
/// because ranges let whole files be passed over.
pub fn within(column: &str, area: &str) -> Option<String> {
    let (head, last) = area.split_at(area.len().checked_sub(1)?);
    let beyond = char::from(last.as_bytes()[0] + 1);
    Some(format!("{column} >= '{area}' AND {column} < '{head}{beyond}'"))
}

/// SQL over the columns of records.
pub fn parse(records: &DataFrame, what: &str, sql: &str) -> Result<Expr, String> {
    records.parse_sql_expr(sql).map_err(|e| format!("{what}: {}", plainly(&e)))
}

/// The engine's message without the trail of where it was.
fn plainly(error: &DataFusionError) -> String {
    let text = error.strip_backtrace();
    text.lines().next().unwrap_or_default().to_owned()
}

/// The record that a referring column names.
pub fn reference(dataset: &str, column: &str) -> Result<&'static Reference, String> {
    let field = find(dataset).and_then(|d| d.field(column));
    let to = field.and_then(|f| f.reference.as_ref());
    let to = to.ok_or_else(|| format!("join: {dataset}.{column} refers to no other dataset"))?;
    let one = find(&to.dataset).is_some_and(|d| d.key == [to.field.clone()]);
    if one { Ok(to) } else { Err(format!("join: {}.{} does not name one record", to.dataset, to.field)) }
}

fn join(
    frame: DataFrame,
    component: &Component,
    column: &str,
    source: Source<'_>,
) -> Result<DataFrame, String> {
    let said = |e: DataFusionError| format!("join: {e}");
    let to = reference(&component.dataset, column)?;
    let prefix = column.strip_suffix("_id").unwrap_or(column);
    let fields = find(&to.dataset).map(|d| d.fields.as_slice()).unwrap_or_default();
    let named = fields.iter().map(|f| ident(f.column()).alias(format!("{prefix}_{}", f.column())));
    let other = SESSION.read_table(source(&to.dataset)?).map_err(said)?;
    let other = other.select(named.collect::<Vec<_>>()).map_err(said)?;
    let key = format!("{prefix}_{}", to.field);
    frame.join(other, JoinType::Left, &[column], &[key.as_str()], None).map_err(said)
}

/// Adds up the records of each key: one row for each, with how many records it stands for.
fn add_up(
    frame: DataFrame,
    component: &Component,
    area: &str,
    ask: &Ask,
    period: Period,
) -> Result<DataFrame, String> {
    let Some(per) = &component.per else { return Ok(frame) };
    let said = |e: DataFusionError| format!("per: {e}");
    let condition = parse(&frame, "where", &condition(component, period)?)?;
    let frame = frame.filter(condition).map_err(said)?;
    let mut keys = vec![per.key.as_str(), area];
    keys.extend(ask.dimensions.iter().map(String::as_str));
    keys.dedup();
    let mut columns = vec![count(lit(1)).alias(RECORDS), bool_or(ident(SIMULATED)).alias(SIMULATED)];
    for (name, sql) in &per.columns {
        columns.push(parse(&frame, &format!("per.columns.{name}"), &filled(sql, period))?.alias(name));
    }
    frame.aggregate(keys.into_iter().map(ident).collect(), columns).map_err(said)
}
