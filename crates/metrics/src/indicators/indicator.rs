//! What an indicator is: its titles and definition, and the components that it is computed from.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use uplift_core::error::DeclarationError;
use uplift_proto::dataset::find;
use uplift_store::schema::{REPORTING_AREA, REPORTING_PERIOD};

use arrow::datatypes::SchemaRef;
use uplift_core::dataset::Reference;

use super::lines::{LINE, LINES, Lines};
use super::sql_guard::MAX_SQL;

/// One version of an indicator as declared.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    /// Id, as `fund.absorption`.
    pub id: String,
    /// Version of the definition, counted from 1.
    #[serde(default = "one")]
    pub version: u32,
    /// What changed since the version before.
    #[serde(default)]
    pub changed: String,
    /// Why it is no longer in use, and what is instead; empty while it is. Its versions can still be asked for.
    #[serde(default)]
    pub withdrawn: String,
    /// Section of the annual report: the name of its file.
    #[serde(skip_deserializing)]
    pub section: String,
    /// Digest of what is computed, titles aside; made when it is loaded.
    #[serde(skip)]
    pub digest: String,
    /// Title in English.
    pub title_en: String,
    /// Title in Chinese.
    pub title_zh: String,
    /// Definition in English.
    pub definition_en: String,
    /// Definition in Chinese.
    pub definition_zh: String,
    /// Where the definition comes from; empty is the programme's own statistics.
    #[serde(default)]
    pub source: String,
    /// Unit of the value.
    pub unit: String,
    /// Columns that it can be broken down by.
    #[serde(default)]
    pub dimensions: Vec<String>,
    /// Factor of a ratio or of a measure: 100 for percent.
    #[serde(default)]
    pub scale: Option<u32>,
    /// Measure of the `programme` dataset that is its target.
    #[serde(default)]
    pub target: String,
    /// Subject of the statements that publish it.
    #[serde(default)]
    pub published: String,
    /// Whether a smaller value is the better one.
    #[serde(default)]
    pub less_is_better: bool,
    /// Position on the scorecard; absent is not on it.
    #[serde(default)]
    pub scorecard: Option<u32>,
    /// The component, unless it is a ratio.
    #[serde(default)]
    pub value: Option<Component>,
    /// Upper part of a ratio.
    #[serde(default)]
    pub numerator: Option<Component>,
    /// Lower part of a ratio.
    #[serde(default)]
    pub denominator: Option<Component>,
}

/// One measure over one dataset.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Eq, Hash)]
#[serde(deny_unknown_fields)]
pub struct Component {
    pub dataset: String,
    /// SQL aggregate, as `sum(amount)`; `$period_end` is the last day of the period.
    pub measure: String,
    /// SQL condition on records; empty is all.
    #[serde(default, rename = "where")]
    pub condition: String,
    /// Column with the date, year or reporting period of a record.
    #[serde(default)]
    pub period: String,
    /// Column with the area of a record.
    #[serde(default)]
    pub area: String,
    /// Counts everything up to the end of the period, as a stock does.
    #[serde(default)]
    pub stock: bool,
    /// Referring columns whose record is joined: `payer_id` gives `payer_kind` and so on.
    #[serde(default)]
    pub join: Vec<String>,
    /// Records that are added up first, as the flows of one loan.
    #[serde(default)]
    pub per: Option<Per>,
    /// Joins the county that the area of a record lies in, as it is on the last day of the period: `county_level`,
    /// `county_key_county` and so on.
    #[serde(default, skip_serializing_if = "is_false")]
    pub county: bool,
    /// A whole year counts by the budget year of a flow, and not by its date.
    #[serde(default, skip_serializing_if = "is_false")]
    pub budget_year: bool,
    /// A part of a year counts from the beginning of the budget year to the end of the part.
    #[serde(default, skip_serializing_if = "is_false")]
    pub to_date: bool,
}

/// Adding up the records that share a key before measuring.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Eq, Hash)]
#[serde(deny_unknown_fields)]
pub struct Per {
    /// Columns that they share: one, or a list.
    #[serde(deserialize_with = "one_or_more", serialize_with = "one_or_list")]
    pub key: Vec<String>,
    /// Columns of the result: name and SQL aggregate.
    pub columns: BTreeMap<String, String>,
    /// SQL aggregate that gives their area; empty is that of the latest record.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub area: String,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Names {
        One(String),
        More(Vec<String>),
    }
    Ok(match Names::deserialize(deserializer)? {
        Names::One(name) => vec![name],
        Names::More(names) => names,
    })
}

/// One name stays a text, so that digests of earlier definitions stay what they were.
fn one_or_list<S: Serializer>(names: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    match names {
        [name] => name.serialize(serializer),
        names => names.serialize(serializer),
    }
}

fn one() -> u32 {
    1
}

impl Indicator {
    /// What it is computed from: the value, or numerator and denominator.
    pub fn components(&self) -> impl Iterator<Item = &Component> {
        [&self.value, &self.numerator, &self.denominator].into_iter().flatten()
    }

    /// Replaces `$name` by the SQL that the file defines for it. What grows beyond the longest expression stays as it is, and is refused for its length.
    pub(super) fn expand(&mut self, shared: &BTreeMap<String, String>) {
        let names: Vec<_> = shared.keys().collect();
        for component in [&mut self.value, &mut self.numerator, &mut self.denominator].into_iter().flatten() {
            let columns = component
                .per
                .iter_mut()
                .flat_map(|per| per.columns.values_mut().chain(std::iter::once(&mut per.area)));
            for sql in [&mut component.measure, &mut component.condition].into_iter().chain(columns) {
                // Once for each, since a definition may contain another.
                for name in names.iter().flat_map(|_| &names) {
                    if sql.len() <= MAX_SQL {
                        *sql = with_name(sql, name, &shared[*name]);
                    }
                }
            }
        }
    }

    /// A digest of what is computed: equal for equal definitions.
    pub(super) fn computed_digest(&self) -> String {
        let parts = (&self.value, &self.numerator, &self.denominator, self.scale, &self.unit);
        let text = serde_json::to_string(&parts).unwrap_or_default();
        hex::encode(&Sha256::digest(text)[..8])
    }

    /// Whether it is an average or another ratio, and not a total.
    pub(crate) fn is_average(&self) -> bool {
        let averages = ["avg(", "mean(", "median("];
        let average =
            |c: &Component| averages.iter().any(|name| c.measure.to_ascii_lowercase().starts_with(name));
        self.denominator.is_some() || self.value.as_ref().is_some_and(average)
    }

    /// The factor of a ratio or of a measure.
    pub(crate) fn factor(&self) -> Decimal {
        Decimal::from(self.scale.unwrap_or(1))
    }
}

/// SQL with a name replaced, wherever it is not the beginning of a longer one.
fn with_name(sql: &str, name: &str, by: &str) -> String {
    let name = format!("${name}");
    let mut parts = sql.split(&name);
    let mut replaced = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let goes_on = part.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        replaced.push_str(if goes_on { &name } else { by });
        replaced.push_str(part);
    }
    replaced
}

impl Component {
    /// Column of time: as declared, or what its dataset usually has.
    pub(crate) fn period_column(&self, table: &SchemaRef) -> String {
        declared_or_usual(&self.period, &["date", "year", REPORTING_PERIOD, "period"], table)
    }

    /// Column of the area: as declared, or what its dataset usually has.
    pub(crate) fn area_column(&self, table: &SchemaRef) -> String {
        declared_or_usual(&self.area, &["area_code", REPORTING_AREA], table)
    }

    /// The datasets that its value depends on: its own, and those it joins.
    pub(crate) fn datasets(&self) -> Vec<&str> {
        let joined = self.join.iter().filter_map(|column| reference(&self.dataset, column).ok());
        let county = self.county.then_some("area");
        let lines = self.uses_lines().then_some(LINES);
        let own = std::iter::once(self.dataset.as_str());
        let joined = joined.filter_map(|to| find(&to.dataset)).map(|d| d.name.as_str());
        own.chain(joined).chain(county).chain(lines).collect()
    }

    /// Its SQL.
    fn texts(&self) -> impl Iterator<Item = &String> {
        let columns = self.per.iter().flat_map(|per| per.columns.values());
        [&self.measure, &self.condition].into_iter().chain(columns)
    }

    /// Whether it compares incomes with a poverty line.
    pub(crate) fn uses_lines(&self) -> bool {
        self.texts().any(|sql| sql.contains(LINE))
    }

    /// The same with the poverty lines filled in.
    pub(crate) fn with_lines(&self, lines: &Lines) -> Self {
        let mut component = self.clone();
        let columns = component.per.iter_mut().flat_map(|per| per.columns.values_mut());
        for sql in [&mut component.measure, &mut component.condition].into_iter().chain(columns) {
            *sql = lines.filled(sql);
        }
        component
    }

    /// SQL of the kind of its records, register or survey, where records are of households; none otherwise.
    pub(crate) fn kind_sql(&self) -> Option<String> {
        let households = if self.dataset == "household" {
            ""
        } else if self.dataset == "person" && self.join.iter().any(|column| column == "household_id") {
            "household_"
        } else {
            return None;
        };
        Some(format!(
            "coalesce({households}record, CASE WHEN {households}weight IS NULL THEN 'register' ELSE 'survey' END)"
        ))
    }
}

fn declared_or_usual(declared: &str, usual: &[&str], table: &SchemaRef) -> String {
    let first = usual.iter().find(|name| table.field_with_name(name).is_ok());
    if declared.is_empty() { first.copied().unwrap_or_default().to_owned() } else { declared.to_owned() }
}

/// Pairs of columns, own and other, that a join matches: the referring column, and the year where the other record is
/// that of a year. Empty where several records could match.
pub(crate) fn join_keys(dataset: &str, column: &str, to: &Reference) -> Vec<(String, String)> {
    let key = find(&to.dataset).map(|d| d.key.as_slice()).unwrap_or_default();
    let own = (column.to_owned(), to.field.clone());
    let year = ("year".to_owned(), "year".to_owned());
    let has_year = find(dataset).is_some_and(|d| d.field("year").is_some());
    match key {
        [field] if *field == to.field => vec![own],
        [field, second] if *field == to.field && second == "year" && has_year => vec![own, year],
        _ => Vec::new(),
    }
}

/// The record that a referring column names.
pub(crate) fn reference(dataset: &str, column: &str) -> Result<Reference, DeclarationError> {
    let wrong = |message: String| DeclarationError::new("join", message);
    let field = find(dataset).and_then(|d| d.field(column));
    // A household need not be on record for its people to be; its column is named as its key is.
    let named = uplift_proto::dataset::all().iter().find(|d| d.key[0] == column && d.name != dataset);
    let named = named.map(|d| Reference { dataset: d.name.clone(), field: column.to_owned() });
    let to = field.and_then(|f| f.reference.clone().or(named));
    let to = to.ok_or_else(|| wrong(format!("{dataset}.{column} does not refer to another dataset")))?;
    if !join_keys(dataset, column, &to).is_empty() {
        Ok(to)
    } else {
        Err(wrong(format!(
            "{}.{} is not a complete key, so several records could match",
            to.dataset, to.field
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::with_name;

    #[test]
    fn a_name_is_replaced_where_it_does_not_begin_a_longer_one() {
        assert_eq!(with_name("$of, $of_year ($of)", "of", "x"), "x, $of_year (x)");
        assert_eq!(with_name("$of_year", "of_year", "concat($of)"), "concat($of)");
        assert_eq!(with_name("sum(a)", "a", "x"), "sum(a)");
    }
}
