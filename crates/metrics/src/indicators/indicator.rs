//! What an indicator is: its titles and definition, and the components that it is computed from.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uplift_core::error::DeclarationError;
use uplift_proto::dataset::find;
use uplift_store::schema::{self, REPORTING_AREA, REPORTING_PERIOD, TableSchema};

use arrow::datatypes::SchemaRef;
use uplift_core::dataset::Reference;

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
}

/// Adding up the records that share a key before measuring.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Eq, Hash)]
#[serde(deny_unknown_fields)]
pub struct Per {
    /// Column that they share.
    pub key: String,
    /// Columns of the result: name and SQL aggregate.
    pub columns: BTreeMap<String, String>,
}

fn one() -> u32 {
    1
}

impl Indicator {
    /// What it is computed from: the value, or numerator and denominator.
    pub fn components(&self) -> impl Iterator<Item = &Component> {
        [&self.value, &self.numerator, &self.denominator].into_iter().flatten()
    }

    /// Replaces `$name` by the SQL that the file defines for it. The longest names first, since one may
    /// begin another. What grows beyond the longest expression stays as it is, and is refused for its length.
    pub(super) fn expand(&mut self, shared: &BTreeMap<String, String>) {
        let mut names: Vec<_> = shared.keys().collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        for component in [&mut self.value, &mut self.numerator, &mut self.denominator].into_iter().flatten() {
            let columns = component.per.iter_mut().flat_map(|per| per.columns.values_mut());
            for sql in [&mut component.measure, &mut component.condition].into_iter().chain(columns) {
                // Once for each, since a definition may contain another.
                for name in names.iter().flat_map(|_| &names) {
                    if sql.len() <= MAX_SQL {
                        *sql = sql.replace(&format!("${name}"), &shared[*name]);
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
        std::iter::once(self.dataset.as_str()).chain(joined.map(|r| r.dataset.as_str())).collect()
    }
}

fn declared_or_usual(declared: &str, usual: &[&str], table: &SchemaRef) -> String {
    let first = usual.iter().find(|name| table.field_with_name(name).is_ok());
    if declared.is_empty() { first.copied().unwrap_or_default().to_owned() } else { declared.to_owned() }
}

/// The columns of the table of a dataset.
pub(crate) fn table(dataset: &str) -> Result<SchemaRef, DeclarationError> {
    match (dataset, find(dataset)) {
        ("submission", _) => Ok(schema::ledger().columns),
        (_, Some(dataset)) => Ok(TableSchema::for_dataset(dataset).columns),
        (_, None) => Err(DeclarationError::new("dataset", format!("there is no dataset {dataset:?}"))),
    }
}

/// The record that a referring column names.
pub(crate) fn reference(dataset: &str, column: &str) -> Result<&'static Reference, DeclarationError> {
    let wrong = |message: String| DeclarationError::new("join", message);
    let field = find(dataset).and_then(|d| d.field(column));
    let to = field.and_then(|f| f.reference.as_ref());
    let to = to.ok_or_else(|| wrong(format!("{dataset}.{column} does not refer to another dataset")))?;
    let one = find(&to.dataset).is_some_and(|d| d.key == [to.field.clone()]);
    if one {
        Ok(to)
    } else {
        Err(wrong(format!(
            "{}.{} is not a complete key, so several records could match",
            to.dataset, to.field
        )))
    }
}
