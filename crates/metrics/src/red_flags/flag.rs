//! One flag, read from a row of a rule's query.

use arrow::array::{AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use sha2::{Digest, Sha256};
use uplift_core::error::{Error, Result};
use uplift_core::language::{Bilingual, Language};
use uplift_core::unit::unit_name;
use uplift_formats::columns::{boolean, text, text_at};
use uplift_proto::dataset::stored_title;

use super::rule::Rule;

/// What a rule found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Flag {
    pub(crate) rule: String,
    pub(crate) simulated: bool,
    pub(crate) dataset: String,
    pub(crate) area: String,
    pub(crate) date: String,
    /// Yuan, as decimal text; empty if there is no money in it.
    pub(crate) amount: String,
    /// Keys in order.
    pub(crate) records: Vec<String>,
    pub(crate) household: String,
    pub(crate) project: String,
    pub(crate) programme: String,
    pub(crate) organisation: String,
    pub(crate) text: Bilingual,
}

impl Flag {
    /// A name that stays while the records do.
    pub(crate) fn id(&self) -> String {
        let told = format!("{}/{}/{}/{}", self.rule, self.simulated, self.dataset, self.records.join("/"));
        hex::encode(&Sha256::digest(told)[..8])
    }
}

/// The flags of a batch.
pub(super) fn flags(rule: &Rule, batch: &RecordBatch) -> Result<Vec<Flag>> {
    let optional = |name: &str| batch.column_by_name(name).map(|_| text(batch, name)).transpose();
    let simulated = boolean(batch, "simulated")?;
    let [dataset, area, date, amount] =
        ["dataset", "area_code", "date", "amount"].map(|name| text(batch, name));
    let (dataset, area, date, amount) = (dataset?, area?, date?, amount?);
    let [household, project, programme, organisation] =
        ["household_id", "project_id", "programme_id", "organisation_id"].map(optional);
    let (household, project, programme, organisation) = (household?, project?, programme?, organisation?);
    let words = words(batch)?;
    let at = |column: &Option<StringArray>, row| column.as_ref().map_or(String::new(), |c| text_at(c, row));
    let flag = |row: usize| -> Result<Flag> {
        let fill = |text: &str, language| {
            words.iter().fold(text.to_owned(), |text, (name, column)| {
                let hole = format!("{{{name}}}");
                if !text.contains(&hole) {
                    return text;
                }
                text.replace(&hole, &word(name, &text_at(column, row), language))
            })
        };
        let mut records = records(batch, row)?;
        records.sort();
        records.dedup();
        Ok(Flag {
            rule: rule.id.clone(),
            simulated: simulated.value(row),
            dataset: text_at(&dataset, row),
            area: text_at(&area, row),
            date: text_at(&date, row),
            amount: whole(&text_at(&amount, row)).to_owned(),
            records,
            household: at(&household, row),
            project: at(&project, row),
            programme: at(&programme, row),
            organisation: at(&organisation, row),
            text: Bilingual::new(fill(&rule.text_en, Language::En), fill(&rule.text_zh, Language::Zh)),
        })
    };
    (0..batch.num_rows()).map(flag).collect()
}

/// All columns as words.
fn words(batch: &RecordBatch) -> Result<Vec<(String, StringArray)>> {
    let schema = batch.schema();
    let plain = schema.fields().iter().filter(|field| field.name() != "records");
    plain.map(|field| Ok((field.name().clone(), text(batch, field.name())?))).collect()
}

/// A word of a flag's text: codes and units by their names, whole numbers without a fraction.
fn word(name: &str, value: &str, language: Language) -> String {
    match name {
        "unit" => unit_name(value, language).to_owned(),
        "what" => {
            let title = stored_title("delivery", "kind", value);
            title.map_or(value, |title| title.text(language)).to_owned()
        }
        _ => whole(value).to_owned(),
    }
}

/// A number without a fraction of zeros.
fn whole(number: &str) -> &str {
    match number.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() && fraction.bytes().all(|b| b == b'0') => whole,
        _ => number,
    }
}

fn records(batch: &RecordBatch, row: usize) -> Result<Vec<String>> {
    let failed = |e: String| Error::internal("reading the records of a flag", e);
    let column = batch.column_by_name("records").ok_or_else(|| failed("there are none".to_owned()))?;
    let lists = column.as_list_opt::<i32>().ok_or_else(|| failed("they are no list".to_owned()))?;
    let list = cast(&lists.value(row), &DataType::Utf8).map_err(|e| failed(e.to_string()))?;
    Ok(list.as_string::<i32>().iter().flatten().map(str::to_owned).collect())
}
