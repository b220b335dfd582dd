//! The evidence of a figure: the SQL, the versions, the submissions and records, and the value
//! recomputed from them.

use std::collections::BTreeMap;

use arrow::array::{Array, RecordBatch};
use datafusion::prelude::SessionContext;
use prost::Message;
use rust_decimal::Decimal;
use uplift_core::error::{DeclarationError, Error, ErrorKind, Result};
use uplift_core::period::Period;
use uplift_engine::error::query_failed;
use uplift_engine::session;
use uplift_formats::columns::{integer, text, text_at};
use uplift_proto::dataset::find;
use uplift_proto::token;
use uplift_store::schema::{ROW_NUMBER, SIMULATED, SUBMISSION_ID};

use super::indicator::{Component, Indicator, join_keys, reference};
use super::lines::Lines;
use super::measurement::Measurement;
use super::plan::{self, Breakdown, COUNTY, COUNTY_DIGITS};
use super::query::Figure;
use super::reference_data::REFERENCE_TABLES;
use super::scan::{GroupResult, Scanner};
use super::value::{Value, values};
use crate::row_cache::RowCache;
use crate::snapshots::SnapshotSet;
use crate::tables::table;

/// The content of a trace token: everything needed to recompute its figure, and nothing else.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Trace {
    #[prost(string, tag = "1")]
    pub(crate) indicator: String,
    /// Version of its definition.
    #[prost(uint32, tag = "2")]
    pub(crate) definition: u32,
    /// Digest of that definition.
    #[prost(string, tag = "3")]
    pub(crate) digest: String,
    /// Area; empty is everywhere.
    #[prost(string, tag = "4")]
    pub(crate) area: String,
    #[prost(string, tag = "5")]
    pub(crate) period: String,
    /// Dimensions: column and code.
    #[prost(btree_map = "string, string", tag = "6")]
    pub(crate) dimensions: BTreeMap<String, String>,
    /// Versions of the tables that the figure was computed from.
    #[prost(btree_map = "string, int64", tag = "7")]
    pub(crate) versions: BTreeMap<String, i64>,
    /// Whether it is of simulated records; absent is of all, as before kinds of records were told apart.
    #[prost(bool, optional, tag = "8")]
    pub(crate) simulated: Option<bool>,
    /// register or survey, of records of households.
    #[prost(string, optional, tag = "9")]
    pub(crate) kind: Option<String>,
}

impl Trace {
    /// The trace of a figure computed at these versions.
    pub(crate) fn for_figure(figure: &Figure, versions: &BTreeMap<String, i64>) -> Self {
        // What it is compared with and named by belongs to its time too.
        let used = figure.indicator.components().flat_map(Component::datasets).chain(REFERENCE_TABLES);
        let versions = used.filter_map(|d| Some((d.to_owned(), *versions.get(d)?))).collect();
        Self {
            indicator: figure.indicator.id.clone(),
            definition: figure.indicator.version,
            digest: figure.indicator.digest.clone(),
            area: figure.area.clone(),
            period: figure.period.to_string(),
            dimensions: figure.dimensions.clone(),
            versions,
            simulated: Some(figure.origin.simulated).filter(|_| figure.observation.records > 0),
            kind: figure.origin.kind.clone(),
        }
    }

    /// Whether a figure is the one of this trace, among those of its query.
    pub(crate) fn is_of(&self, figure: &Figure) -> bool {
        figure.dimensions == self.dimensions
            && self.simulated.is_none_or(|simulated| simulated == figure.origin.simulated)
            && (self.simulated.is_none() || self.kind == figure.origin.kind)
    }

    /// The trace as text that is safe in a URL.
    pub(crate) fn token(&self) -> String {
        token::encode(self)
    }

    /// The trace of a token.
    pub(crate) fn parse(token: &str) -> Result<Self> {
        let token = Some(token).filter(|token| token.len() <= MAX_TOKEN);
        let trace = token.and_then(token::decode).filter(|t: &Self| !t.indicator.is_empty());
        trace.ok_or_else(|| {
            Error::invalid_field("trace", "is not a trace; copy the `trace` of a figure of QueryIndicators")
        })
    }

    /// Checks that the definition is still the one that the figure was computed by.
    pub(crate) fn check_definition(&self, indicator: &Indicator) -> Result<()> {
        if indicator.digest == self.digest {
            return Ok(());
        }
        let message = format!(
            "the definition of {}@{} has changed since the figure was computed; query the figure again",
            self.indicator, self.definition
        );
        Err(Error::new(ErrorKind::FailedPrecondition, message))
    }
}

/// One part of the evidence: a component with its records.
#[derive(Debug)]
pub(crate) struct TracePart {
    /// `value`, `numerator` or `denominator`.
    pub(crate) name: &'static str,
    /// The query that its value is recomputed by.
    pub(crate) sql: String,
    pub(crate) value: Option<Value>,
    /// Number of records.
    pub(crate) records: i64,
    /// Their submissions, those with most records first.
    pub(crate) submissions: Vec<Contribution>,
    /// Names of columns of the records.
    pub(crate) columns: Vec<String>,
    /// A page of the records: submission, row, values.
    pub(crate) rows: Vec<(String, i64, Vec<String>)>,
}

/// What a submission brings to a part.
#[derive(Debug)]
pub(crate) struct Contribution {
    pub(crate) submission: String,
    pub(crate) records: i64,
    /// The measure over its records alone, where that is a sum or a count.
    pub(crate) value: Option<Value>,
}

/// Characters of the longest token: of a figure in many dimensions over many tables.
const MAX_TOKEN: usize = 8_000;

/// Maximum number of submissions of a part.
const MAX_SUBMISSIONS: usize = 1_000;
/// Submissions that a page of records is looked for in, by name.
const MAX_IN_PAGE: usize = 200;

/// Where evidence comes from.
#[derive(Clone, Copy)]
pub(crate) struct EvidenceSource<'a> {
    pub(crate) snapshots: &'a SnapshotSet,
    pub(crate) row_cache: &'a RowCache,
    pub(crate) scanner: &'a Scanner,
}

/// The parts of a figure, each recomputed by its own SQL.
pub(crate) async fn trace_parts(
    EvidenceSource { snapshots, row_cache, scanner }: EvidenceSource<'_>,
    indicator: &Indicator,
    trace: &Trace,
    period: Period,
    (start, size): (usize, usize),
) -> Result<Vec<TracePart>> {
    let mut trace_parts = Vec::new();
    for (name, component) in [
        ("value", &indicator.value),
        ("numerator", &indicator.numerator),
        ("denominator", &indicator.denominator),
    ] {
        if let Some(component) = component {
            let evidence = EvidenceSource { snapshots, row_cache, scanner };
            trace_parts.push(part(evidence, name, component, trace, period, (start, size)).await?);
        }
    }
    Ok(trace_parts)
}

/// The value of the figure from those of its parts.
pub(crate) fn recompute(indicator: &Indicator, trace_parts: &[TracePart]) -> Option<Value> {
    match trace_parts {
        [value] => value.value.and_then(|value| value.times(indicator.factor())),
        [over, under] => {
            let over = over.value.unwrap_or(Value::Exact(Decimal::ZERO));
            under.value.and_then(|under| over.ratio(under, indicator.factor()))
        }
        _ => None,
    }
}

async fn part(
    EvidenceSource { snapshots, row_cache, scanner }: EvidenceSource<'_>,
    name: &'static str,
    component: &Component,
    trace: &Trace,
    period: Period,
    (start, size): (usize, usize),
) -> Result<TracePart> {
    // A session of its own: its tables are at the versions of this trace.
    let session = session();
    for dataset in component.datasets() {
        let provider = match row_cache.provider(snapshots, dataset).await? {
            Some(provider) => provider,
            None => plan::empty(dataset).map_err(planning_error)?,
        };
        session.register_table(dataset, provider).map_err(failed)?;
    }
    let lines = Lines::read(snapshots).await?;
    let declared = component;
    let component = &component.with_lines(&lines);
    let from = from_clause(component, period).map_err(planning_error)?;
    let (condition, sql) = conditions(component, &from, trace, period).map_err(planning_error)?;
    let answer = run(&session, &sql).await?;
    let counts = integer(&answer, "records")?;
    let records = if !counts.is_empty() && counts.is_valid(0) { counts.value(0) } else { 0 };
    let column = answer.column_by_name("value").map(values).transpose()?.unwrap_or_default();
    let value = column.first().copied().flatten().filter(|_| records > 0);

    let (mut submissions, all_are_known) = match &component.per {
        None => (by_submission(scanner, snapshots, declared, trace, period).await?, true),
        Some(_) => (by_submission_of_sums(&session, &from, &condition).await?, false),
    };
    let columns = public_columns(component).map_err(planning_error)?;
    let numbered = component.dataset != "submission";
    let number = if numbered { ROW_NUMBER } else { "CAST(0 AS BIGINT)" };
    let fields: String = columns.iter().map(|c| format!(", CAST({c} AS VARCHAR) AS {c}_")).collect();
    let in_few = all_are_known.then(|| page_of(&submissions, start, size)).flatten();
    let (within, start) = match in_few {
        Some((ids, skipped)) => (format!("{condition} AND {SUBMISSION_ID} IN ({ids})"), start - skipped),
        None => (condition, start),
    };
    let page = format!(
        "SELECT {SUBMISSION_ID}, {number} AS number{fields} FROM {from} WHERE {within} \
         ORDER BY {SUBMISSION_ID}, number LIMIT {size} OFFSET {start}"
    );
    let page = run(&session, &page).await?;
    let (ids, numbers) = (text(&page, SUBMISSION_ID)?, integer(&page, "number")?);
    let cells: Vec<_> = columns.iter().map(|c| text(&page, &format!("{c}_"))).collect::<Result<_>>()?;
    let row = |row| {
        (text_at(&ids, row), numbers.value(row), cells.iter().map(|c| text_at(c, row)).collect::<Vec<_>>())
    };
    let rows = (0..page.num_rows()).map(row).collect();
    submissions.sort_by(|a, b| b.records.cmp(&a.records).then_with(|| a.submission.cmp(&b.submission)));
    submissions.truncate(MAX_SUBMISSIONS);
    Ok(TracePart { name, sql, value, records, submissions, columns, rows })
}

/// The submissions of a page of records that are ordered by submission, as a list of SQL, and the records of those before
/// it: only their files need be read. None where a page would name too many.
fn page_of(submissions: &[Contribution], start: usize, size: usize) -> Option<(String, usize)> {
    let mut by_id: Vec<&Contribution> = submissions.iter().collect();
    by_id.sort_by(|a, b| a.submission.cmp(&b.submission));
    let (mut before, mut skipped, mut ids) = (0, 0, Vec::new());
    for contribution in by_id {
        let records = usize::try_from(contribution.records).ok()?;
        if before + records <= start {
            skipped = before + records;
        } else if before < start + size {
            ids.push(format!("'{}'", contribution.submission.replace('\'', "''")));
        }
        before += records;
    }
    (!ids.is_empty() && ids.len() <= MAX_IN_PAGE).then(|| (ids.join(", "), skipped))
}

/// What each submission brings to a part.
async fn by_submission(
    scanner: &Scanner,
    snapshots: &SnapshotSet,
    component: &Component,
    trace: &Trace,
    period: Period,
) -> Result<Vec<Contribution>> {
    let is_sum = plan::is_sum(&component.measure);
    let measure = if is_sum { component.measure.clone() } else { "count(*)".to_owned() };
    let component = Component { measure, ..component.clone() };
    let codes = trace.dimensions.values().map(|code| Some(code.clone()).filter(|code| !code.is_empty()));
    let codes: Vec<Option<String>> = codes.collect();
    let dimensions = trace.dimensions.keys().cloned().chain([SUBMISSION_ID.to_owned()]).collect();
    let breakdown = Breakdown { area: trace.area.clone(), by_level: None, dimensions };
    let measurement = [Measurement { component, period, since: None }];
    let measured = scanner.measure(snapshots, &breakdown, &measurement).await?;
    let has_kinds = measurement[0].component.kind_sql().is_some();
    let is_of = |result: &&GroupResult| {
        trace.simulated.is_none_or(|simulated| simulated == result.key.origin.simulated)
            // Households are of a kind, which a ratio has with them; records of other datasets are of none.
            && (!has_kinds || trace.kind.is_none() || trace.kind == result.key.origin.kind)
            && result.key.dimensions.starts_with(&codes)
    };
    let mut contributions: BTreeMap<String, Contribution> = BTreeMap::new();
    for result in measured.iter().flat_map(|results| results.iter()).filter(is_of) {
        let submission = result.key.dimensions.last().cloned().flatten().unwrap_or_default();
        let (records, value) = (result.observation.records, result.observation.value.filter(|_| is_sum));
        let contribution = Contribution { submission: submission.clone(), records, value };
        // A trace from before kinds of records were told apart has several of one submission.
        let known = contributions.entry(submission);
        known
            .and_modify(|known| (known.records, known.value) = (known.records + records, None))
            .or_insert(contribution);
    }
    Ok(contributions.into_values().collect())
}

/// The same of records that are added up first.
async fn by_submission_of_sums(
    session: &SessionContext,
    from: &str,
    condition: &str,
) -> Result<Vec<Contribution>> {
    let by_submission = format!(
        "SELECT {SUBMISSION_ID}, count(*) AS records FROM {from} WHERE {condition} GROUP BY {SUBMISSION_ID} \
         ORDER BY records DESC, {SUBMISSION_ID} LIMIT {MAX_SUBMISSIONS}"
    );
    let by_submission = run(session, &by_submission).await?;
    let (ids, counts) = (text(&by_submission, SUBMISSION_ID)?, integer(&by_submission, "records")?);
    let contribution =
        |row| Contribution { submission: text_at(&ids, row), records: counts.value(row), value: None };
    Ok((0..by_submission.num_rows()).map(contribution).collect())
}

async fn run(session: &SessionContext, sql: &str) -> Result<RecordBatch> {
    let frame = session.sql(sql).await.map_err(failed)?;
    let schema = frame.schema().inner().clone();
    let batches = frame.collect().await.map_err(failed)?;
    arrow::compute::concat_batches(&schema, &batches).map_err(|e| Error::internal("tracing", e))
}

/// The condition of the records of a part, and the query of its value, for people to read and to run.
fn conditions(
    component: &Component,
    from: &str,
    trace: &Trace,
    period: Period,
) -> Result<(String, String), DeclarationError> {
    let columns = table(&component.dataset)?;
    let area = component.area_column(&columns);
    let measure = plan::filled(&component.measure, period);
    let mut when = vec![plan::condition(component, period)?];
    // What is added up first has the area and the dimensions of its latest record.
    let mut place: Vec<String> = plan::within(&area, &trace.area).into_iter().collect();
    place.extend(trace.dimensions.iter().map(|(column, code)| match code.as_str() {
        "" => format!("{column} IS NULL"),
        code => format!("{column} = '{}'", code.replace('\'', "''")),
    }));
    when.extend(trace.simulated.map(|simulated| format!("{SIMULATED} = {simulated}")));
    let kind = component.kind_sql().zip(trace.kind.as_ref());
    when.extend(kind.map(|(sql, kind)| format!("{sql} = '{}'", kind.replace('\'', "''"))));
    let Some(per) = &component.per else {
        let condition = place.into_iter().chain(when).collect::<Vec<_>>().join(" AND ");
        let sql = format!("SELECT {measure} AS value, count(*) AS records FROM {from} WHERE {condition}");
        return Ok((condition, sql));
    };
    let dimensions: Vec<String> = trace.dimensions.keys().cloned().collect();
    let added = plan::added_columns(component, &area, &dimensions, period)?;
    let added: String = added.into_iter().map(|(name, sql)| format!(", {sql} AS {name}")).collect();
    let (keys, when) = (per.key.join(", "), when.join(" AND "));
    let place = if place.is_empty() { String::new() } else { format!(" WHERE {}", place.join(" AND ")) };
    let inner = format!("SELECT {keys}, count(*) AS n{added} FROM {from} WHERE {when} GROUP BY {keys}");
    let sql = format!("SELECT {measure} AS value, sum(n) AS records FROM ({inner}) AS added{place}");
    let key = match per.key.as_slice() {
        [key] => key.clone(),
        _ => format!("concat_ws('|', {keys})"),
    };
    Ok((format!("{when} AND {key} IN (SELECT {key} FROM ({inner}) AS added{place})"), sql))
}

fn from_clause(component: &Component, period: Period) -> Result<String, DeclarationError> {
    let mut from = component.dataset.clone();
    let renamed = |dataset: &str, prefix: &str| {
        let fields = find(dataset).map(|d| d.fields.as_slice()).unwrap_or_default();
        let renamed = fields.iter().map(|f| format!("\"{0}\" AS {prefix}_{0}", f.column()));
        renamed.collect::<Vec<_>>().join(", ")
    };
    for column in &component.join {
        let to = reference(&component.dataset, column)?;
        let prefix = column.strip_suffix("_id").unwrap_or(column);
        let on = join_keys(&component.dataset, column, &to).into_iter();
        let on =
            on.map(|(own, theirs)| format!("{own} = {prefix}_{theirs}")).collect::<Vec<_>>().join(" AND ");
        from += &format!(
            " LEFT JOIN (SELECT {} FROM {}) AS {prefix} ON {on}",
            renamed(&to.dataset, prefix),
            to.dataset
        );
    }
    if component.county {
        let area = component.area_column(&table(&component.dataset)?);
        from += &format!(
            " LEFT JOIN (SELECT {} FROM area WHERE {}) AS {COUNTY} ON left({area}, {COUNTY_DIGITS}) = {COUNTY}_area_code",
            renamed("area", COUNTY),
            plan::valid_county(period)
        );
    }
    Ok(from)
}

/// Columns of a record that are not personal data.
fn public_columns(component: &Component) -> Result<Vec<String>, DeclarationError> {
    let Some(dataset) = find(&component.dataset) else {
        let columns = table(&component.dataset)?;
        let names = columns.fields().iter().map(|f| f.name().clone());
        return Ok(names.filter(|name| name != SUBMISSION_ID && name != "digest").collect());
    };
    Ok(dataset.fields.iter().filter(|f| !f.personal).map(|f| f.column().to_owned()).collect())
}

fn failed(error: datafusion::error::DataFusionError) -> Error {
    query_failed("tracing a figure", error)
}

fn planning_error(error: DeclarationError) -> Error {
    Error::internal("tracing a figure", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_anything_else_is_refused() {
        let trace = Trace {
            indicator: "fund.absorption".to_owned(),
            definition: 2,
            area: "50".to_owned(),
            versions: BTreeMap::from([("fund_flow".to_owned(), 7)]),
            ..Trace::default()
        };
        let token = trace.token();
        assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{token}");
        assert_eq!(Trace::parse(&token).unwrap(), trace);
        for wrong in ["", "?", "AAAA"] {
            assert_eq!(Trace::parse(wrong).unwrap_err().kind, ErrorKind::InvalidArgument, "{wrong}");
        }
    }
}
