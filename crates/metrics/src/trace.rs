//! The evidence of a figure: the SQL, the versions, the submissions and records, and the value
//! computed again from them.

use std::collections::BTreeMap;

use arrow::array::{Array, RecordBatch};
use datafusion::prelude::SessionContext;
use prost::Message;
use rust_decimal::Decimal;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_core::period::Period;
use uplift_proto::dataset::find;
use uplift_store::columns::{integer, text, text_at};
use uplift_store::schema::{ROW_NUMBER, SUBMISSION_ID};

use crate::catalogue::{Component, Indicator, scale};
use crate::pins::Pins;
use crate::plan;
use crate::query::Figure;
use crate::token;
use crate::value::{Value, values};

/// What a trace token holds: everything needed to compute its figure again, and nothing else.
#[derive(Clone, PartialEq, Message)]
pub struct Trace {
    /// Indicator.
    #[prost(string, tag = "1")]
    pub indicator: String,
    /// Version of its definition.
    #[prost(uint32, tag = "2")]
    pub definition: u32,
    /// Digest of that definition.
    #[prost(string, tag = "3")]
    pub digest: String,
    /// Area; empty is everywhere.
    #[prost(string, tag = "4")]
    pub area: String,
    /// Period.
    #[prost(string, tag = "5")]
    pub period: String,
    /// Dimensions: column and code.
    #[prost(btree_map = "string, string", tag = "6")]
    pub dimensions: BTreeMap<String, String>,
    /// Versions of the tables that the figure stands on.
    #[prost(btree_map = "string, int64", tag = "7")]
    pub versions: BTreeMap<String, i64>,
}

impl Trace {
    /// The trace of a figure computed at these versions.
    pub fn of(figure: &Figure, versions: &BTreeMap<String, i64>) -> Self {
        let used = figure.indicator.components().flat_map(Component::datasets);
        let versions = used.filter_map(|d| Some((d.to_owned(), *versions.get(d)?))).collect();
        Self {
            indicator: figure.indicator.id.clone(),
            definition: figure.indicator.version,
            digest: figure.indicator.digest.clone(),
            area: figure.area.clone(),
            period: figure.period.to_string(),
            dimensions: figure.dimensions.clone(),
            versions,
        }
    }

    /// As text that is safe in a URL.
    pub fn token(&self) -> String {
        token::write(self)
    }

    /// Back from a token.
    pub fn read(token: &str) -> Result<Self> {
        let trace = token::read(token).filter(|t: &Self| !t.indicator.is_empty());
        trace.ok_or_else(|| {
            Error::invalid_field("trace", "is not a trace; take the one of a figure of QueryIndicators")
        })
    }

    /// Makes sure that the definition is still the one that the figure was computed by.
    pub fn fits(&self, indicator: &Indicator) -> Result<()> {
        if indicator.digest == self.digest {
            return Ok(());
        }
        let message = format!(
            "{}@{} was declared otherwise when the figure was computed; ask for the figure again",
            self.indicator, self.definition
        );
        Err(Error::new(ErrorKind::FailedPrecondition, message))
    }
}

/// One part of the evidence.
#[derive(Debug)]
pub struct Part {
    /// `value`, `numerator` or `denominator`.
    pub name: &'static str,
    /// The query that gives its value.
    pub sql: String,
    /// The value.
    pub value: Option<Value>,
    /// Records that it counts.
    pub records: i64,
    /// Where they came from, the most first.
    pub submissions: Vec<(String, i64)>,
    /// Names of columns of the records.
    pub columns: Vec<String>,
    /// A page of the records: submission, row, values.
    pub rows: Vec<(String, i64, Vec<String>)>,
}

/// Submissions that a part names at the most.
const SUBMISSIONS: usize = 1_000;

/// The parts of an indicator's figure, each computed again by its own SQL.
pub async fn parts(
    pins: &Pins,
    indicator: &Indicator,
    trace: &Trace,
    period: Period,
    (start, size): (usize, usize),
) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    for (name, component) in [
        ("value", &indicator.value),
        ("numerator", &indicator.numerator),
        ("denominator", &indicator.denominator),
    ] {
        if let Some(component) = component {
            parts.push(part(pins, name, component, trace, period, (start, size)).await?);
        }
    }
    Ok(parts)
}

/// The figure's value from those of its parts.
pub fn recompute(indicator: &Indicator, parts: &[Part]) -> Option<Value> {
    match parts {
        [value] => value.value.and_then(|value| value.times(scale(indicator))),
        [over, under] => {
            let over = over.value.unwrap_or(Value::Exact(Decimal::ZERO));
            under.value.and_then(|under| over.ratio(under, scale(indicator)))
        }
        _ => None,
    }
}

async fn part(
    pins: &Pins,
    name: &'static str,
    component: &Component,
    trace: &Trace,
    period: Period,
    (start, size): (usize, usize),
) -> Result<Part> {
    // A session of its own: the tables of one trace are those of its versions.
    let session = plan::session();
    for dataset in component.datasets() {
        let provider = match pins.provider(dataset).await? {
            Some(provider) => provider,
            None => plan::empty(dataset).map_err(broken)?,
        };
        session.register_table(dataset, provider).map_err(failed)?;
    }
    let from = from(component).map_err(broken)?;
    let condition = condition(component, trace, period).map_err(broken)?;
    let sql = measure(component, &from, &condition, period).map_err(broken)?;
    let answer = run(&session, &sql).await?;
    let counts = integer(&answer, "records")?;
    let records = if !counts.is_empty() && counts.is_valid(0) { counts.value(0) } else { 0 };
    let column = answer.column_by_name("value").map(values).transpose()?.unwrap_or_default();
    let value = column.first().copied().flatten().filter(|_| records > 0);

    let origin = format!(
        "SELECT {SUBMISSION_ID}, count(*) AS records FROM {from} WHERE {condition} GROUP BY {SUBMISSION_ID} \
         ORDER BY records DESC, {SUBMISSION_ID} LIMIT {SUBMISSIONS}"
    );
    let origin = run(&session, &origin).await?;
    let (ids, counts) = (text(&origin, SUBMISSION_ID)?, integer(&origin, "records")?);
    let submissions = (0..origin.num_rows()).map(|row| (text_at(&ids, row), counts.value(row))).collect();

    let columns = shown(component).map_err(broken)?;
    let numbered = component.dataset != "submission";
    let number = if numbered { ROW_NUMBER } else { "CAST(0 AS BIGINT)" };
    let fields: String = columns.iter().map(|c| format!(", CAST({c} AS VARCHAR) AS {c}_")).collect();
    let page = format!(
        "SELECT {SUBMISSION_ID}, {number} AS number{fields} FROM {from} WHERE {condition} \
         ORDER BY {SUBMISSION_ID}, number LIMIT {size} OFFSET {start}"
    );
    let page = run(&session, &page).await?;
    let (ids, numbers) = (text(&page, SUBMISSION_ID)?, integer(&page, "number")?);
    let cells: Vec<_> = columns.iter().map(|c| text(&page, &format!("{c}_"))).collect::<Result<_>>()?;
    let row = |row| {
        (text_at(&ids, row), numbers.value(row), cells.iter().map(|c| text_at(c, row)).collect::<Vec<_>>())
    };
    let rows = (0..page.num_rows()).map(row).collect();
    Ok(Part { name, sql, value, records, submissions, columns, rows })
}

async fn run(session: &SessionContext, sql: &str) -> Result<RecordBatch> {
    let frame = session.sql(sql).await.map_err(failed)?;
    let schema = frame.schema().inner().clone();
    let batches = frame.collect().await.map_err(failed)?;
    arrow::compute::concat_batches(&schema, &batches).map_err(|e| Error::internal("tracing", e))
}

/// The query of a part's value, for people to read and to run.
fn measure(component: &Component, from: &str, condition: &str, period: Period) -> Result<String, String> {
    let measure = plan::filled(&component.measure, period);
    let Some(per) = &component.per else {
        return Ok(format!("SELECT {measure} AS value, count(*) AS records FROM {from} WHERE {condition}"));
    };
    let area = component.area_column(&plan::table(&component.dataset)?);
    let column = |(name, sql): (&String, &String)| format!(", {} AS {name}", plan::filled(sql, period));
    let columns: String = per.columns.iter().map(column).collect();
    let key = &per.key;
    Ok(format!(
        "SELECT {measure} AS value, sum(n) AS records FROM (SELECT {key}, {area}, count(*) AS n{columns} \
         FROM {from} WHERE {condition} GROUP BY {key}, {area}) AS added"
    ))
}

fn from(component: &Component) -> Result<String, String> {
    let mut from = component.dataset.clone();
    for column in &component.join {
        let to = plan::reference(&component.dataset, column)?;
        let prefix = column.strip_suffix("_id").unwrap_or(column);
        let fields = find(&to.dataset).map(|d| d.fields.as_slice()).unwrap_or_default();
        let named: Vec<_> = fields.iter().map(|f| format!("{0} AS {prefix}_{0}", f.column())).collect();
        let (other, key) = (&to.dataset, &to.field);
        from += &format!(
            " LEFT JOIN (SELECT {} FROM {other}) AS {prefix} ON {column} = {prefix}_{key}",
            named.join(", ")
        );
    }
    Ok(from)
}

fn condition(component: &Component, trace: &Trace, period: Period) -> Result<String, String> {
    let table = plan::table(&component.dataset)?;
    let mut all: Vec<String> =
        plan::within(&component.area_column(&table), &trace.area).into_iter().collect();
    all.push(plan::condition(component, period)?);
    for (column, code) in &trace.dimensions {
        all.push(match code.as_str() {
            "" => format!("{column} IS NULL"),
            code => format!("{column} = '{}'", code.replace('\'', "''")),
        });
    }
    Ok(all.join(" AND "))
}

/// Columns of a record that anybody may see.
fn shown(component: &Component) -> Result<Vec<String>, String> {
    let Some(dataset) = find(&component.dataset) else {
        let table = plan::table(&component.dataset)?;
        let names = table.fields().iter().map(|f| f.name().clone());
        return Ok(names.filter(|name| name != SUBMISSION_ID && name != "digest").collect());
    };
    Ok(dataset.fields.iter().filter(|f| !f.personal).map(|f| f.column().to_owned()).collect())
}

fn failed(error: datafusion::error::DataFusionError) -> Error {
    Error::internal("tracing a figure", error)
}

fn broken(message: String) -> Error {
    Error::internal("tracing a figure", message)
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
        assert_eq!(Trace::read(&token).unwrap(), trace);
        for wrong in ["", "?", "AAAA"] {
            assert_eq!(Trace::read(wrong).unwrap_err().kind, ErrorKind::InvalidArgument, "{wrong}");
        }
    }
}
