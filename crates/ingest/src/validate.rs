//! The rules of a dataset over whole columns: what is required, formats, limits, keys, row rules.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, Float64Type, Int64Type};
use datafusion::common::DFSchema;
use datafusion::physical_expr::PhysicalExpr;
use rust_decimal::Decimal;
use uplift_core::area::AreaCode;
use uplift_core::dataset::{Dataset, Field, Format, Kind, RowRule};
use uplift_core::error::Result;
use uplift_core::expression::Expression;
use uplift_core::period::Period;
use uplift_core::printed::{self, PrintedNumber, Qualifier};
use uplift_core::rejection::{Rejection, Rule};
use uplift_engine::SESSION;
use uplift_engine::error::query_failed;
use uplift_formats::columns::columns;

use crate::keys::{key_columns, key_rows};
use crate::references::ReferenceValues;

/// Checks columns against the rules of one dataset.
#[derive(Debug)]
pub(crate) struct Validator {
    dataset: &'static Dataset,
    rules: Vec<(&'static RowRule, Arc<dyn PhysicalExpr>)>,
}

impl Validator {
    /// A validator for a dataset. Fails if one of its row rules does not fit its columns.
    pub(crate) fn for_dataset(dataset: &'static Dataset) -> Result<Self> {
        let schema = columns(dataset);
        let compile = |rule: &'static RowRule| {
            let schema = DFSchema::try_from(schema.clone())?;
            let expr = SESSION.parse_sql_expr(&rule.sql, &schema)?;
            Ok((rule, SESSION.create_physical_expr(expr, &schema)?))
        };
        let rules =
            dataset.rules.iter().map(compile).collect::<Result<_, datafusion::error::DataFusionError>>();
        let rules = rules.map_err(|e| query_failed(format!("compiling the rules of {}", dataset.name), e))?;
        Ok(Self { dataset, rules })
    }

    /// Everything wrong with the rows, leaving out those that are `rejected` already.
    pub(crate) fn check(
        &self,
        batch: &RecordBatch,
        area: &AreaCode,
        existing: &ReferenceValues,
        rejected: &[bool],
    ) -> Result<Vec<Rejection>> {
        let mut rejections = Vec::new();
        for (field, column) in self.dataset.fields.iter().zip(batch.columns()) {
            if field.required {
                required(field, column, &mut rejections);
            }
            match &field.kind {
                Kind::Text(Format::Free | Format::Date) | Kind::Code(_) | Kind::Boolean => {}
                Kind::Text(format) => formats(field, *format, column, &mut rejections),
                Kind::Integer | Kind::Number | Kind::Money => limits(field, column, &mut rejections),
            }
            if field.kind == Kind::Text(Format::Area) {
                inside(field, column, area, &mut rejections);
            }
            if let Some(values) = existing.get(&field.name) {
                refers(field, column, values, &mut rejections);
            }
        }
        self.row_rules(batch, &mut rejections)?;
        self.duplicate_keys(batch, &mut rejections)?;
        rejections.retain(|r| !rejected[r.index()]);
        Ok(rejections)
    }

    fn row_rules(&self, batch: &RecordBatch, rejections: &mut Vec<Rejection>) -> Result<()> {
        for (rule, expr) in &self.rules {
            let failed = |e| query_failed(format!("evaluating rule {}", rule.sql), e);
            let holds = expr.evaluate(batch).and_then(|v| v.into_array(batch.num_rows())).map_err(failed)?;
            let holds: &BooleanArray = holds.as_boolean();
            let column = self.dataset.field(&rule.field).and_then(|f| batch.column_by_name(f.column()));
            for row in (0..holds.len()).filter(|row| holds.is_valid(*row) && !holds.value(*row)) {
                let value = column.map(|c| shown(c, row)).unwrap_or_default();
                rejections.push(reject(row, &rule.field, Rule::RowRule, &value, &rule.remedy));
            }
        }
        Ok(())
    }

    fn duplicate_keys(&self, batch: &RecordBatch, rejections: &mut Vec<Rejection>) -> Result<()> {
        let key = key_columns(self.dataset, batch);
        let rows = key_rows(&key)?;
        let mut first: HashMap<&[u8], usize> = HashMap::with_capacity(rows.num_rows());
        for (row, bytes) in rows.iter().enumerate() {
            if key.iter().any(|c| c.is_null(row)) {
                continue;
            }
            if let Some(earlier) = first.get(bytes.data()) {
                let value: Vec<_> = key.iter().map(|c| shown(c, row)).collect();
                let message = format!("has the same key as row {}; give each record its own", earlier + 1);
                let field = self.dataset.key.last().map(String::as_str).unwrap_or_default();
                rejections.push(reject(row, field, Rule::DuplicateKey, &value.join(", "), message));
            } else {
                first.insert(bytes.data(), row);
            }
        }
        Ok(())
    }
}

/// A rejection of the row at an index counted from 0.
fn reject(index: usize, field: &str, rule: Rule, value: &str, message: impl std::fmt::Display) -> Rejection {
    Rejection::new(index as i64 + 1, field, rule, value, message)
}

fn required(field: &Field, column: &ArrayRef, rejections: &mut Vec<Rejection>) {
    for row in (0..column.len()).filter(|row| column.is_null(*row)) {
        let hint = match &field.kind {
            Kind::Text(format) if !format.describe().is_empty() => format!("; write {}", format.describe()),
            Kind::Code(codes) => {
                let names: Vec<_> = codes.iter().map(|c| c.name.as_str()).collect();
                format!("; write one of {}", names.join(", "))
            }
            _ => String::new(),
        };
        rejections.push(reject(row, &field.name, Rule::Required, "", format!("is required{hint}")));
    }
}

fn formats(field: &Field, format: Format, column: &ArrayRef, rejections: &mut Vec<Rejection>) {
    let texts = column.as_string::<i32>();
    for (row, text) in texts.iter().enumerate() {
        let Some(text) = text else { continue };
        if let Some(message) = misfit(format, text) {
            rejections.push(reject(row, &field.name, Rule::Format, text, message));
        }
    }
}

/// What is wrong with a text of this format; none if it fits.
fn misfit(format: Format, text: &str) -> Option<String> {
    match format {
        Format::Free | Format::Date => None,
        Format::Identifier => {
            let rest = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            let fits = text.len() <= 100
                && text.starts_with(|c: char| c.is_ascii_alphanumeric())
                && text.chars().all(rest);
            (!fits).then(|| format!("{text:?} is not an identifier: write {}", format.describe()))
        }
        Format::Area => text.parse::<AreaCode>().err().map(|e| e.to_string()),
        Format::Period => text.parse::<Period>().err().map(|e| e.to_string()),
        Format::Printed => {
            let error = PrintedNumber::parse(text).err()?;
            printed::read(text, "", Qualifier::Range).is_err().then(|| error.to_string())
        }
        Format::Expression => Expression::parse(text).err().map(|e| e.to_string()),
    }
}

fn limits(field: &Field, column: &ArrayRef, rejections: &mut Vec<Rejection>) {
    if field.minimum.is_none() && field.maximum.is_none() {
        return;
    }
    let limit = |limit: Option<Decimal>| Some((f64::try_from(limit?).ok()?, limit?));
    let (low, high) = (limit(field.minimum), limit(field.maximum));
    let money = field.kind == Kind::Money;
    // The column of money has fen, files have yuan or units of it.
    let yuan = |fen: Decimal| format!("{:.2} yuan", fen / Decimal::ONE_HUNDRED);
    // The value is written out only for a row that is rejected.
    let mut check = |row: usize, number: f64, value: &dyn Fn() -> String| {
        let (side, limit) = match (low, high) {
            (Some((low, limit)), _) if number < low => ("below the minimum of", limit),
            (_, Some((high, limit))) if number > high => ("above the maximum of", limit),
            _ => return,
        };
        let value = value();
        let (shown, limit) = match value.parse() {
            Ok(fen) if money => (yuan(fen), yuan(limit)),
            _ => (value.clone(), limit.to_string()),
        };
        let message = format!("{shown} is {side} {limit}; leave it empty if unknown");
        rejections.push(reject(row, &field.name, Rule::Range, &value, message));
    };
    if let Some(numbers) = column.as_primitive_opt::<Int64Type>() {
        for (row, n) in numbers.iter().enumerate().filter_map(|(row, n)| Some((row, n?))) {
            check(row, n as f64, &|| n.to_string());
        }
    } else if let Some(numbers) = column.as_primitive_opt::<Float64Type>() {
        for (row, n) in numbers.iter().enumerate().filter_map(|(row, n)| Some((row, n?))) {
            check(row, n, &|| n.to_string());
        }
    } else if let Some(fen) = column.as_primitive_opt::<Decimal128Type>() {
        for (row, n) in fen.iter().enumerate().filter_map(|(row, n)| Some((row, n?))) {
            check(row, n as f64, &|| n.to_string());
        }
    }
}

/// A submission reports for its own area only.
fn inside(field: &Field, column: &ArrayRef, area: &AreaCode, rejections: &mut Vec<Rejection>) {
    for (row, text) in column.as_string::<i32>().iter().enumerate() {
        let Some(Ok(code)) = text.map(str::parse::<AreaCode>) else { continue };
        if !area.contains(&code) {
            let message = format!("{code} is not within {area}, the area of the submission");
            rejections.push(reject(row, &field.name, Rule::OutsideArea, code.as_str(), message));
        }
    }
}

/// The record that a row names must have been submitted before.
fn refers(field: &Field, column: &ArrayRef, existing: &HashSet<String>, rejections: &mut Vec<Rejection>) {
    let area = field.kind == Kind::Text(Format::Area);
    let dataset = field.reference.as_ref().map(|r| r.dataset.as_str()).unwrap_or_default();
    for (row, text) in column.as_string::<i32>().iter().enumerate() {
        let Some(text) = text else { continue };
        let exists = match (area, text.parse::<AreaCode>()) {
            (true, Ok(code)) => existing.contains(code.as_str()),
            // A text that is not a code breaks another rule.
            (true, Err(_)) => true,
            (false, _) => existing.contains(text),
        };
        if !exists {
            let message = format!("{text} is not a known {dataset}; submit the {dataset} first");
            rejections.push(reject(row, &field.name, Rule::Reference, text, message));
        }
    }
}

fn shown(column: &ArrayRef, row: usize) -> String {
    arrow::util::display::array_value_to_string(column, row).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_of_every_dataset_runs_on_its_columns() {
        for dataset in uplift_proto::dataset::all() {
            let schema = columns(dataset);
            let empty =
                schema.fields().iter().map(|f| arrow::array::new_null_array(f.data_type(), 2)).collect();
            let batch = RecordBatch::try_new(schema, empty).unwrap();
            let validator = Validator::for_dataset(dataset).unwrap();
            let area = "50".parse().unwrap();
            let rejections = validator
                .check(&batch, &area, &ReferenceValues::new(), &[false; 2])
                .unwrap_or_else(|e| panic!("{e}: {:?}", e.source));
            assert!(
                rejections.iter().all(|f| f.rule == Rule::Required),
                "empty values break no other rule: {rejections:?}"
            );
        }
    }

    #[test]
    fn a_number_beyond_its_limit_is_quoted_to_the_last_digit() {
        let dataset = uplift_proto::dataset::find("fund_flow").unwrap();
        let amount = dataset.field("amount_fen").unwrap();
        let fen = arrow::array::Decimal128Array::from(vec![-9_007_199_254_740_993_i128, 1]);
        let fen: ArrayRef = Arc::new(fen.with_precision_and_scale(20, 2).unwrap());
        let mut rejections = Vec::new();
        limits(amount, &fen, &mut rejections);
        assert_eq!(rejections.len(), 1);
        assert_eq!(rejections[0].value, "-9007199254740993");
        let message = "-90071992547409.93 yuan is below the minimum of 0.01 yuan; leave it empty if unknown";
        assert_eq!(rejections[0].message, message);
    }
}
