//! A declared component as a plan of the query engine.

use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};
use datafusion::catalog::TableProvider;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError, ScalarValue};
use datafusion::datasource::empty::EmptyTable;
use datafusion::functions::{core::expr_fn::get_field, expr_fn as functions};
use datafusion::functions_aggregate::expr_fn::{count, sum};
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{Expr, ExprSchemable, JoinType, ident, lit};
use datafusion::prelude::DataFrame;
use uplift_aggregation::{Addition, Keys, Output, Program};
use uplift_core::error::DeclarationError;
use uplift_core::period::Period;
use uplift_engine::SESSION;
use uplift_engine::error::declaration_failed;
use uplift_engine::expressions::Expressions;
use uplift_proto::dataset::find;
use uplift_store::schema::SIMULATED;

use super::indicator::{Component, join_keys, reference};
use super::lines::Lines;
use super::sql_guard::{check_expression, check_text};
use super::survey::is_measure_call;
use crate::tables::table;

/// A table without rows, for one that does not exist yet.
pub(crate) fn empty(dataset: &str) -> Result<Arc<dyn TableProvider>, DeclarationError> {
    Ok(Arc::new(EmptyTable::new(table(dataset)?)))
}

/// Column that plans add: register or survey, of records of households; none of others.
pub(crate) const KIND: &str = "__kind";
const RECORDS: &str = "__records";

/// Prefix of the columns of the county that an area lies in.
pub(crate) const COUNTY: &str = "county";

/// How records are selected and grouped.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Breakdown {
    /// Prefix of area codes; empty is everywhere.
    pub(crate) area: String,
    /// Digits of the level of areas that the area is broken down by.
    pub(crate) by_level: Option<usize>,
    /// Columns that it is broken down by.
    pub(crate) dimensions: Vec<String>,
}

/// Characters of codes: of counties, townships and villages.
const LEVELS: [usize; 3] = [6, 9, 12];

impl Breakdown {
    /// Characters of the code of an area by which records are told apart. Where no areas inside are asked for, those of
    /// the level that contains the area: what is computed for it serves others.
    fn digits(&self) -> usize {
        let own = self.area.len();
        self.by_level.unwrap_or_else(|| LEVELS.into_iter().find(|digits| *digits >= own).unwrap_or(own))
    }
}

/// The tables of a plan, by dataset.
pub(crate) type Source<'a> = &'a dyn Fn(&str) -> Result<Arc<dyn TableProvider>, DeclarationError>;

/// Expressions over aggregates `a0`, `a1`, …: the measure, the count of records, and the estimate with its uncertainty; a
/// null where there is none.
pub(crate) type Outputs = [Expr; 3];

/// Checks a component against the columns of its tables, by planning it over none of their rows.
pub(crate) fn check(
    component: &Component,
    dimensions: &[String],
    lines: &Lines,
) -> Result<(), DeclarationError> {
    for (part, sql) in [("measure", &component.measure), ("where", &component.condition)] {
        check_text(part, sql)?;
    }
    let component = &component.with_lines(lines);
    let area = ("area".to_owned(), component.per.iter().map(|per| &per.area).find(|area| !area.is_empty()));
    let columns = component.per.iter().flat_map(|per| &per.columns);
    let columns = columns.map(|(name, sql)| (format!("per.columns.{name}"), sql));
    let parts: Vec<_> =
        [("measure".to_owned(), &component.measure), ("where".to_owned(), &component.condition)]
            .into_iter()
            .chain(columns)
            .chain(area.1.map(|sql| (area.0, sql)))
            .collect();
    for (part, sql) in parts.iter().skip(2) {
        check_text(part, sql)?;
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let names = [("period", &component.period), ("area", &component.area)];
    let of_per = component.per.iter().flat_map(|per| per.key.iter().chain(per.columns.keys()));
    let names =
        names.into_iter().chain(component.join.iter().map(|c| ("join", c))).chain(of_per.map(|c| ("per", c)));
    for (part, name) in names {
        if name.len() > 100 || !name.chars().all(plain) {
            return Err(DeclarationError::new(part, format!("{name:?} is not the name of a column")));
        }
    }
    let personal = |name: &str| is_personal(component, name);
    if let Some(dimension) = dimensions.iter().find(|d| personal(d)) {
        let remedy = format!("{dimension} is personal; choose a column that does not tell people apart");
        return Err(DeclarationError::new("dimensions", remedy));
    }
    for (part, name) in [("area", &component.area), ("period", &component.period)] {
        if personal(name) {
            return Err(DeclarationError::new(
                part,
                format!("{name} is personal; choose a column that is not"),
            ));
        }
    }
    // Each expression is planned alone, so that none can lean on what it is put beside.
    let all = Breakdown { area: String::new(), by_level: None, dimensions: Vec::new() };
    let bare = Component { per: None, ..component.clone() };
    let first: Period = "2011".parse().map_err(|e| DeclarationError::new("period", e))?;
    let rows = records(&bare, &all, Some(first), &empty)?;
    for (part, sql) in parts.iter().filter(|(_, sql)| !sql.is_empty()) {
        // The measure of records that are added up first is over the sums, which exist only then.
        if component.per.is_none() || part != "measure" {
            let parsed = parse(&rows, part, &filled(sql, first))?;
            check_expression(part, &parsed, &personal)?;
            if part == "where" {
                let kind = parsed.get_type(rows.schema()).map_err(|e| declaration_failed(part, &e))?;
                if kind != DataType::Boolean {
                    return Err(DeclarationError::new(part, format!("{sql} is {kind}, not a condition")));
                }
            }
        }
    }
    let breakdown = Breakdown { area: "50".to_owned(), by_level: Some(6), dimensions: dimensions.to_vec() };
    let period = "2011".parse().map_err(|e| DeclarationError::new("period", e))?;
    let records = records(component, &breakdown, Some(period), &empty)?;
    if component.per.is_some() {
        let measure = parse(&records, "measure", &filled(&component.measure, period))?;
        check_expression("measure", &measure, &personal)?;
    }
    if component.per.is_some() && is_direct(component) {
        addition(component, &breakdown, &direct_records(component)?, period)?;
    }
    let mut aggregates = Vec::new();
    let [measure, ..] = plan(component, period, None, &records, &mut aggregates)?;
    let failed = |e: DataFusionError| declaration_failed("measure", &e);
    let grouping = keys(component, &breakdown, &records)?;
    let program = Program::new(&records, grouping, &aggregates).map_err(failed)?;
    let answer = DFSchema::try_from(program.schema()).map_err(failed)?;
    let measured = Expressions::over(answer.clone()).ready(&measure).map_err(failed)?;
    let kind = measured.data_type(answer.as_arrow()).map_err(failed)?;
    if !kind.is_numeric() {
        return Err(DeclarationError::new(
            "measure",
            format!("{} is {kind}, not a number", component.measure),
        ));
    }
    Ok(())
}

/// Whether a column of a component's records tells people apart, that of a joined record included.
fn is_personal(component: &Component, name: &str) -> bool {
    let own = |dataset: &str, name: &str| {
        let fields = find(dataset).map(|d| d.fields.as_slice()).unwrap_or_default();
        fields.iter().any(|f| f.personal && f.column() == name)
    };
    own(&component.dataset, name)
        || component.join.iter().any(|column| {
            let prefix = column.strip_suffix("_id").unwrap_or(column);
            let joined = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_'));
            let to = reference(&component.dataset, column).ok();
            joined.zip(to).is_some_and(|(name, to)| own(&to.dataset, name))
        })
}

/// The records of a component in an area.
/// A period is needed where records are added up first, since the sums depend on it.
pub(crate) fn records(
    component: &Component,
    breakdown: &Breakdown,
    period: Option<Period>,
    source: Source<'_>,
) -> Result<DataFrame, DeclarationError> {
    let table = table(&component.dataset)?;
    let failed = |e: DataFusionError| declaration_failed("dataset", &e);
    let mut frame = SESSION.read_table(source(&component.dataset)?).map_err(failed)?;
    for column in &component.join {
        frame = join(frame, component, column, source)?;
    }
    let kind = kind(component, &frame)?;
    frame = frame.with_column(KIND, kind).map_err(failed)?;
    let area = component.area_column(&table);
    if let (true, Some(period)) = (component.county, period) {
        frame = join_county(frame, &area, period, source)?;
    }
    for (part, column) in [("area", &area), ("period", &component.period_column(&table))] {
        // The area may be that of a joined record.
        let joined = part == "area" && frame.schema().field_with_unqualified_name(column).is_ok();
        if table.field_with_name(column).is_err() && !joined {
            return Err(DeclarationError::new(
                part,
                format!("{} has no column {column:?}", component.dataset),
            ));
        }
    }
    // What is added up first has one area, whatever the areas of its records are.
    if let (Some(_), Some(period)) = (&component.per, period) {
        frame = add_up(frame, component, &area, breakdown, period)?;
    }
    if let Some(within) = within(&area, &breakdown.area) {
        let within = parse(&frame, "area", &within)?;
        frame = frame.filter(within).map_err(failed)?;
    }
    for dimension in &breakdown.dimensions {
        match frame.schema().field_with_unqualified_name(dimension) {
            Ok(field) if field.data_type().is_string() => {}
            Ok(field) => {
                let message = format!("{dimension} is {}, not text", field.data_type());
                return Err(DeclarationError::new("dimensions", message));
            }
            Err(_) => {
                let message = format!("{} has no column {dimension:?}", component.dataset);
                return Err(DeclarationError::new("dimensions", message));
            }
        }
    }
    Ok(frame)
}

/// The value of a component in a period, or its difference from an earlier period; its aggregates are added
/// to the others, each once. Only measures of a distribution have differences.
pub(crate) fn plan(
    component: &Component,
    period: Period,
    since: Option<Period>,
    records: &DataFrame,
    aggregates: &mut Vec<Output>,
) -> Result<Outputs, DeclarationError> {
    let measure = parse(records, "measure", &filled(&component.measure, period))?;
    let earlier = since.map(|since| condition(component, since)).transpose()?;
    let earlier = earlier.map(|sql| parse(records, "where", &sql)).transpose()?;
    let when = match component.per {
        Some(_) => None,
        None => Some(parse(records, "where", &condition(component, period)?)?),
    };
    let mut keep = |aggregate: Output| -> Expr {
        let index = aggregates.iter().position(|known| *known == aggregate);
        let index = index.unwrap_or_else(|| {
            aggregates.push(aggregate);
            aggregates.len() - 1
        });
        ident(format!("a{index}"))
    };
    let mut uncertainty = lit(ScalarValue::Null);
    let alone = matches!(&measure, Expr::AggregateFunction(_));
    let measure = measure
        .transform_down(|expr| match expr {
            Expr::AggregateFunction(f) => {
                let is_measure = is_measure_call(&f).map_err(|e| DataFusionError::Plan(e.remedy))?;
                let now = filtered(f.clone(), &when);
                let value = match (is_measure, &earlier) {
                    (false, _) => keep(Output::Aggregate(now)),
                    (true, earlier) => {
                        let estimate = keep(match earlier {
                            Some(_) => Output::Change { before: filtered(f, earlier), after: now },
                            None => Output::Aggregate(now),
                        });
                        uncertainty = if alone { estimate.clone() } else { lit(ScalarValue::Null) };
                        get_field(estimate, "value")
                    }
                };
                Ok(Transformed::new(value, true, TreeNodeRecursion::Jump))
            }
            other => Ok(Transformed::no(other)),
        })
        .map_err(|e| declaration_failed("measure", &e))?
        .data;
    let rows = match component.per {
        Some(_) => sum(ident(RECORDS)),
        None => count(lit(1)),
    };
    let counted = match rows {
        Expr::AggregateFunction(f) => filtered(f, &when),
        other => other,
    };
    Ok([measure, keep(Output::Aggregate(counted)), uncertainty])
}

/// An aggregate with a condition added to its own filter.
fn filtered(mut f: AggregateFunction, condition: &Option<Expr>) -> Expr {
    let filters = [f.params.filter.take().map(|f| *f), condition.clone()];
    f.params.filter = filters.into_iter().flatten().reduce(Expr::and).map(Box::new);
    Expr::AggregateFunction(f)
}

/// What the records of a component are grouped by: the area as far as the breakdown tells areas apart, its dimensions,
/// and real and simulated records apart, as those of a register and of a survey.
pub(crate) fn keys(
    component: &Component,
    breakdown: &Breakdown,
    records: &DataFrame,
) -> Result<Keys, DeclarationError> {
    let area = component.area_column(&table(&component.dataset)?);
    let mut others: Vec<_> = breakdown.dimensions.iter().map(ident).collect();
    others.extend([ident(SIMULATED), kind(component, records)?]);
    Ok(Keys { area, digits: breakdown.digits(), others })
}

/// Register or survey, of records of households; nothing of others.
fn kind(component: &Component, records: &DataFrame) -> Result<Expr, DeclarationError> {
    if records.schema().field_with_unqualified_name(KIND).is_ok() {
        return Ok(ident(KIND));
    }
    let sql = component.kind_sql().unwrap_or_else(|| "CAST(NULL AS VARCHAR)".to_owned());
    parse(records, "dataset", &sql)
}

/// Whether a component is of records as they are in their files, without others joined.
pub(crate) fn is_direct(component: &Component) -> bool {
    component.join.is_empty() && !component.county
}

/// The columns of such records, to plan over.
pub(crate) fn direct_records(component: &Component) -> Result<DataFrame, DeclarationError> {
    SESSION.read_table(empty(&component.dataset)?).map_err(|e| declaration_failed("dataset", &e))
}

/// SQL condition that a record lies in the period, and is one that the component measures.
pub(crate) fn condition(component: &Component, period: Period) -> Result<String, DeclarationError> {
    let in_time = in_period(component, period)?;
    Ok(match component.condition.as_str() {
        "" => in_time,
        sql => format!("{in_time} AND ({})", filled(sql, period)),
    })
}

/// SQL condition that a record lies in the period, or before its end where a stock is measured.
pub(crate) fn in_period(component: &Component, period: Period) -> Result<String, DeclarationError> {
    let table = table(&component.dataset)?;
    let name = component.period_column(&table);
    let kind = table.field_with_name(&name).map_err(|e| DeclarationError::new("period", e))?.data_type();
    let (first, last, year) = (period.first_day(), period.last_day(), period.year());
    let whole_year = period.is_year();
    let of_budget = format!("coalesce(budget_year, date_part('year', {name})) = {year}");
    match (component.to_date, component.budget_year && whole_year) {
        (true, _) => return Ok(format!("{of_budget} AND {name} <= DATE '{last}'")),
        // What is carried over and spent later is of its budget year too.
        (false, true) => return Ok(of_budget),
        (false, false) => {}
    }
    Ok(match (kind, component.stock) {
        (DataType::Date32, true) => format!("{name} <= DATE '{last}'"),
        (DataType::Date32, false) => format!("{name} BETWEEN DATE '{first}' AND DATE '{last}'"),
        (DataType::Int64, true) => format!("{name} <= {year}"),
        (DataType::Int64, false) => format!("{name} = {year}"),
        // Reporting periods: a year has its parts, and a part those within it.
        (DataType::Utf8, true) if period.ends_year() => format!("left({name}, 4) <= '{year}'"),
        (DataType::Utf8, true) => {
            format!("(left({name}, 4) < '{year}' OR {name} IN ({}))", listed(period.until_its_end()))
        }
        (DataType::Utf8, false) if period.is_year() => format!("left({name}, 4) = '{year}'"),
        (DataType::Utf8, false) => format!("{name} IN ({})", listed(period.within())),
        (other, _) => {
            let message = format!("{name} is {other}; name a date, a year or a reporting period");
            return Err(DeclarationError::new("period", message));
        }
    })
}

/// Periods in quotes; a text that is no period where there are none, as within a day.
fn listed(periods: impl Iterator<Item = Period>) -> String {
    let listed = periods.map(|period| format!("'{period}'")).collect::<Vec<_>>().join(", ");
    if listed.is_empty() { "''".to_owned() } else { listed }
}

/// SQL with the last day of the period and its year filled in.
pub(crate) fn filled(sql: &str, period: Period) -> String {
    let sql = sql.replace("$period_end", &format!("DATE '{}'", period.last_day()));
    sql.replace("$year", &period.year().to_string())
}

/// Whether a measure is a sum or a count, whose parts may add up; that they do is for the reader to see: what several
/// submissions tell of one payment counts once.
pub(crate) fn is_sum(measure: &str) -> bool {
    let measure = measure.to_ascii_lowercase();
    let measure = measure.trim_start().trim_start_matches("coalesce(");
    ["sum(", "sum_once(", "sum_conserved(", "count("].iter().any(|name| measure.starts_with(name))
}

/// Whether a component has values for whole years only.
pub(crate) fn yearly(component: &Component) -> bool {
    let Ok(table) = table(&component.dataset) else { return false };
    let kind = table.field_with_name(&component.period_column(&table)).map(|f| f.data_type().clone());
    kind.is_ok_and(|kind| kind == DataType::Int64)
}

/// A text as SQL.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// SQL condition that a code lies in an area; none for everywhere. A range instead of a prefix,
/// because ranges let whole files be passed over.
pub(crate) fn within(column: &str, area: &str) -> Option<String> {
    let (head, last) = area.split_at(area.len().checked_sub(1)?);
    let beyond = char::from(last.as_bytes()[0] + 1);
    Some(format!("{column} >= '{area}' AND {column} < '{head}{beyond}'"))
}

/// SQL over the columns of records.
pub(crate) fn parse(records: &DataFrame, part: &str, sql: &str) -> Result<Expr, DeclarationError> {
    records.parse_sql_expr(sql).map_err(|e| declaration_failed(part, &e))
}

fn join(
    frame: DataFrame,
    component: &Component,
    column: &str,
    source: Source<'_>,
) -> Result<DataFrame, DeclarationError> {
    let failed = |e: DataFusionError| declaration_failed("join", &e);
    let to = reference(&component.dataset, column)?;
    let prefix = column.strip_suffix("_id").unwrap_or(column);
    let fields = find(&to.dataset).map(|d| d.fields.as_slice()).unwrap_or_default();
    let renamed = fields.iter().map(|f| ident(f.column()).alias(format!("{prefix}_{}", f.column())));
    let other = SESSION.read_table(source(&to.dataset)?).map_err(failed)?;
    let other = other.select(renamed.collect::<Vec<_>>()).map_err(failed)?;
    let (own, theirs): (Vec<String>, Vec<String>) = join_keys(&component.dataset, column, &to)
        .into_iter()
        .map(|(own, theirs)| (own, format!("{prefix}_{theirs}")))
        .unzip();
    let (own, theirs): (Vec<&str>, Vec<&str>) =
        (own.iter().map(String::as_str).collect(), theirs.iter().map(String::as_str).collect());
    frame.join(other, JoinType::Left, &own, &theirs, None).map_err(failed)
}

/// Joins the county that the area of each record lies in, as it is on the last day of a period.
fn join_county(
    frame: DataFrame,
    area: &str,
    period: Period,
    source: Source<'_>,
) -> Result<DataFrame, DeclarationError> {
    let failed = |e: DataFusionError| declaration_failed("county", &e);
    let areas = SESSION.read_table(source("area")?).map_err(failed)?;
    let valid = parse(&areas, "county", &valid_county(period))?;
    let fields = find("area").map(|d| d.fields.as_slice()).unwrap_or_default();
    let renamed = fields.iter().map(|f| ident(f.column()).alias(format!("{COUNTY}_{}", f.column())));
    let county = areas.filter(valid).map_err(failed)?.select(renamed.collect::<Vec<_>>()).map_err(failed)?;
    let code = functions::left(ident(area), lit(COUNTY_DIGITS));
    let frame = frame.with_column("__county", code).map_err(failed)?;
    let key = format!("{COUNTY}_area_code");
    let joined = frame.join(county, JoinType::Left, &["__county"], &[key.as_str()], None).map_err(failed)?;
    joined.drop_columns(&["__county"]).map_err(failed)
}

/// Digits of the code of a county.
pub(crate) const COUNTY_DIGITS: i64 = 6;

/// SQL condition that a record of an area is a county's, and the one that is valid on the last day of a period.
pub(crate) fn valid_county(period: Period) -> String {
    let day = period.last_day();
    format!(
        "level = 'county' AND valid_from <= DATE '{day}' AND (valid_to IS NULL OR valid_to >= DATE '{day}')"
    )
}

/// Adds up the records of each key: one row for each, with how many records it stands for.
fn add_up(
    frame: DataFrame,
    component: &Component,
    area: &str,
    breakdown: &Breakdown,
    period: Period,
) -> Result<DataFrame, DeclarationError> {
    let Some(per) = &component.per else { return Ok(frame) };
    let failed = |e: DataFusionError| declaration_failed("per", &e);
    let condition = parse(&frame, "where", &condition(component, period)?)?;
    let frame = frame.filter(condition).map_err(failed)?;
    let keys = per.key.iter().map(String::as_str).chain([SIMULATED, KIND]).map(ident).collect();
    let mut columns = vec![count(lit(1)).alias(RECORDS)];
    for (name, sql) in added_columns(component, area, &breakdown.dimensions, period)? {
        columns.push(parse(&frame, &format!("per.columns.{name}"), &sql)?.alias(name));
    }
    frame.aggregate(keys, columns).map_err(failed)
}

/// The condition of the records that are added up.
pub(crate) fn added_condition(
    component: &Component,
    records: &DataFrame,
    period: Period,
) -> Result<Expr, DeclarationError> {
    parse(records, "where", &condition(component, period)?)
}

/// How the records of a component are added up, where no others are joined.
pub(crate) fn addition(
    component: &Component,
    breakdown: &Breakdown,
    records: &DataFrame,
    period: Period,
) -> Result<Addition, DeclarationError> {
    let keys = component.per.iter().flat_map(|per| per.key.iter()).map(String::as_str).chain([SIMULATED]);
    let mut keys: Vec<(String, Expr)> = keys.map(|name| (name.to_owned(), ident(name))).collect();
    keys.push((KIND.to_owned(), kind(component, records)?));
    let mut columns = vec![(RECORDS.to_owned(), count(lit(1)))];
    let area = component.area_column(&table(&component.dataset)?);
    for (name, sql) in added_columns(component, &area, &breakdown.dimensions, period)? {
        let column = parse(records, &format!("per.columns.{name}"), &sql)?;
        columns.push((name, column));
    }
    let condition = added_condition(component, records, period)?;
    Addition::new(records, &condition, &keys, columns).map_err(|e| declaration_failed("per", &e))
}

/// No rows of these columns, to plan over.
pub(crate) fn rows_of(columns: Schema) -> Result<DataFrame, DeclarationError> {
    let table = EmptyTable::new(Arc::new(columns));
    SESSION.read_table(Arc::new(table)).map_err(|e| declaration_failed("per", &e))
}

/// Columns of records that are added up first, name and SQL aggregate: those that are declared, the area, and the
/// dimensions, which are those of the latest record.
pub(crate) fn added_columns(
    component: &Component,
    area: &str,
    dimensions: &[String],
    period: Period,
) -> Result<Vec<(String, String)>, DeclarationError> {
    let Some(per) = &component.per else { return Ok(Vec::new()) };
    let when = component.period_column(&table(&component.dataset)?);
    let latest = |column: &str| format!("last_value({column} ORDER BY {when}, {column})");
    let mut columns: Vec<_> =
        per.columns.iter().map(|(name, sql)| (name.clone(), filled(sql, period))).collect();
    if !per.key.iter().any(|key| key == area) {
        let own = if per.area.is_empty() { latest(area) } else { filled(&per.area, period) };
        columns.push((area.to_owned(), own));
    }
    let others = dimensions.iter().filter(|name| !per.key.contains(name) && !per.columns.contains_key(*name));
    columns.extend(others.map(|name| (name.clone(), latest(name))));
    Ok(columns)
}
