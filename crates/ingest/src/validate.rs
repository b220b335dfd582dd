//! The rules of a dataset over whole columns: what is required, formats, limits, keys, row rules.

use std::collections::{HashMap, HashSet};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, Float64Type, Int64Type};
use arrow::row::{RowConverter, SortField};
use datafusion::common::DFSchema;
use datafusion::physical_expr::PhysicalExpr;
use std::sync::Arc;
use uplift_core::area::AreaCode;
use uplift_core::dataset::{Dataset, Field, Format, Kind, RowRule};
use uplift_core::error::{Error, Result};
use uplift_core::expression::Expression;
use uplift_core::period::Period;
use uplift_core::printed::{self, PrintedNumber, Qualifier};
use uplift_store::schema::column;

use crate::fault::{Fault, Rule};
use crate::references::Existing;

/// Checks columns against the rules of one dataset.
#[derive(Debug)]
pub struct Validator {
    dataset: &'static Dataset,
    rules: Vec<(&'static RowRule, Arc<dyn PhysicalExpr>)>,
}

impl Validator {
    /// A validator for a dataset. Fails if one of its row rules does not fit its columns.
    pub fn new(dataset: &'static Dataset) -> Result<Self> {
        let schema = arrow::datatypes::Schema::new(dataset.fields.iter().map(column).collect::<Vec<_>>());
        let session = uplift_store::session();
        let compile = |rule: &'static RowRule| {
            let schema = DFSchema::try_from(schema.clone())?;
            let expr = session.parse_sql_expr(&rule.sql, &schema)?;
            Ok((rule, session.create_physical_expr(expr, &schema)?))
        };
        let rules =
            dataset.rules.iter().map(compile).collect::<Result<_, datafusion::error::DataFusionError>>();
        let rules =
            rules.map_err(|e| Error::internal(format!("compiling the rules of {}", dataset.name), e))?;
        Ok(Self { dataset, rules })
    }

    /// The dataset's fields, in the order of columns.
    pub fn fields(&self) -> &'static [Field] {
        &self.dataset.fields
    }

    /// Everything wrong with the rows, leaving out those that are `faulty` already.
    pub fn check(
        &self,
        batch: &RecordBatch,
        area: &AreaCode,
        existing: &Existing,
        faulty: &[bool],
    ) -> Result<Vec<Fault>> {
        let mut faults = Vec::new();
        for (field, column) in self.dataset.fields.iter().zip(batch.columns()) {
            if field.required {
                required(field, column, &mut faults);
            }
            match &field.kind {
                Kind::Text(Format::Free | Format::Date) | Kind::Code(_) | Kind::Boolean => {}
                Kind::Text(format) => formats(field, *format, column, &mut faults),
                Kind::Integer | Kind::Number | Kind::Money => limits(field, column, &mut faults),
            }
            if field.kind == Kind::Text(Format::Area) {
                inside(field, column, area, &mut faults);
            }
            if let Some(values) = existing.get(&field.name) {
                refers(field, column, values, &mut faults);
            }
        }
        self.row_rules(batch, &mut faults)?;
        self.duplicate_keys(batch, &mut faults)?;
        faults.retain(|f| !faulty[f.row]);
        Ok(faults)
    }

    fn row_rules(&self, batch: &RecordBatch, faults: &mut Vec<Fault>) -> Result<()> {
        for (rule, expr) in &self.rules {
            let failed = |e| Error::internal(format!("evaluating rule {}", rule.sql), e);
            let held = expr.evaluate(batch).and_then(|v| v.into_array(batch.num_rows())).map_err(failed)?;
            let held: &BooleanArray = held.as_boolean();
            let column = self.dataset.field(&rule.field).and_then(|f| batch.column_by_name(f.column()));
            for row in (0..held.len()).filter(|row| held.is_valid(*row) && !held.value(*row)) {
                let value = column.map(|c| shown(c, row)).unwrap_or_default();
                faults.push(Fault::new(row, &rule.field, Rule::Fields, &value, &rule.remedy));
            }
        }
        Ok(())
    }

    fn duplicate_keys(&self, batch: &RecordBatch, faults: &mut Vec<Fault>) -> Result<()> {
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
                faults.push(Fault::new(row, field, Rule::DuplicateKey, &value.join(", "), message));
            } else {
                first.insert(bytes.data(), row);
            }
        }
        Ok(())
    }
}

/// The columns that tell a dataset's records apart.
pub fn key_columns(dataset: &Dataset, batch: &RecordBatch) -> Vec<ArrayRef> {
    dataset.key.iter().filter_map(|name| batch.column_by_name(name)).cloned().collect()
}

/// Key columns as comparable rows.
pub fn key_rows(key: &[ArrayRef]) -> Result<arrow::row::Rows> {
    let fields = key.iter().map(|c| SortField::new(c.data_type().clone())).collect();
    let converter = RowConverter::new(fields).and_then(|c| c.convert_columns(key));
    converter.map_err(|e| Error::internal("comparing keys", e))
}

fn required(field: &Field, column: &ArrayRef, faults: &mut Vec<Fault>) {
    for row in (0..column.len()).filter(|row| column.is_null(*row)) {
        let hint = match &field.kind {
            Kind::Text(format) if !format.describe().is_empty() => format!("; write {}", format.describe()),
            Kind::Code(codes) => {
                let names: Vec<_> = codes.iter().map(|c| c.name.as_str()).collect();
                format!("; write one of {}", names.join(", "))
            }
            _ => String::new(),
        };
        faults.push(Fault::new(
            row,
            &field.name,
            Rule::Required,
            "",
            format!("is empty and must not be{hint}"),
        ));
    }
}

fn formats(field: &Field, format: Format, column: &ArrayRef, faults: &mut Vec<Fault>) {
    let texts = column.as_string::<i32>();
    for (row, text) in texts.iter().enumerate() {
        let Some(text) = text else { continue };
        if let Err(message) = format_fits(format, text) {
            faults.push(Fault::new(row, &field.name, Rule::Format, text, message));
        }
    }
}

/// Whether a text has the format, or what is wrong with it.
pub fn format_fits(format: Format, text: &str) -> Result<(), String> {
    match format {
        Format::Free | Format::Date => Ok(()),
        Format::Identifier => {
            let rest = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            let fits = text.len() <= 100
                && text.starts_with(|c: char| c.is_ascii_alphanumeric())
                && text.chars().all(rest);
            if fits { Ok(()) } else { Err(format!("{text:?} is no identifier: write {}", format.describe())) }
        }
        Format::Area => text.parse::<AreaCode>().map(drop).map_err(|e| e.to_string()),
        Format::Period => text.parse::<Period>().map(drop).map_err(|e| e.to_string()),
        Format::Printed => match PrintedNumber::parse(text) {
            Ok(_) => Ok(()),
            Err(e) => printed::read(text, "", Qualifier::Range).map(drop).map_err(|_| e.to_string()),
        },
        Format::Expression => Expression::parse(text).map(drop).map_err(|e| e.to_string()),
    }
}

fn limits(field: &Field, column: &ArrayRef, faults: &mut Vec<Fault>) {
    if field.minimum.is_none() && field.maximum.is_none() {
        return;
    }
    let limit = |d: Option<rust_decimal::Decimal>| d.and_then(|d| f64::try_from(d).ok());
    let (low, high) = (limit(field.minimum), limit(field.maximum));
    let mut judge = |row: usize, number: f64, shown: &dyn Fn() -> String| {
        let message = match (low, high) {
            (Some(low), _) if number < low => {
                format!("{} is below {low}; leave it empty if unknown", shown())
            }
            (_, Some(high)) if number > high => {
                format!("{} is above {high}; leave it empty if unknown", shown())
            }
            _ => return,
        };
        faults.push(Fault::new(row, &field.name, Rule::Range, &shown(), message));
    };
    if let Some(numbers) = column.as_primitive_opt::<Int64Type>() {
        for (row, n) in numbers.iter().enumerate().filter_map(|(row, n)| Some((row, n?))) {
            judge(row, n as f64, &|| n.to_string());
        }
    } else if let Some(numbers) = column.as_primitive_opt::<Float64Type>() {
        for (row, n) in numbers.iter().enumerate().filter_map(|(row, n)| Some((row, n?))) {
            judge(row, n, &|| n.to_string());
        }
    } else if let Some(fen) = column.as_primitive_opt::<Decimal128Type>() {
        for (row, n) in fen.iter().enumerate().filter_map(|(row, n)| Some((row, n?))) {
            judge(row, n as f64, &|| n.to_string());
        }
    }
}

/// A submission speaks for its own area only.
fn inside(field: &Field, column: &ArrayRef, area: &AreaCode, faults: &mut Vec<Fault>) {
    for (row, text) in column.as_string::<i32>().iter().enumerate() {
        let Some(Ok(code)) = text.map(str::parse::<AreaCode>) else { continue };
        if !area.contains(&code) {
            let message = format!("{code} is outside of {area}, which the submission reports for");
            faults.push(Fault::new(row, &field.name, Rule::OutsideArea, code.as_str(), message));
        }
    }
}

/// What a row names must have been handed in before.
fn refers(field: &Field, column: &ArrayRef, existing: &HashSet<String>, faults: &mut Vec<Fault>) {
    let area = field.kind == Kind::Text(Format::Area);
    let dataset = field.reference.as_ref().map(|r| r.dataset.as_str()).unwrap_or_default();
    for (row, text) in column.as_string::<i32>().iter().enumerate() {
        let Some(text) = text else { continue };
        let known = match (area, text.parse::<AreaCode>()) {
            (true, Ok(code)) => existing.contains(code.as_str()),
            // No code at all is another rule's fault.
            (true, Err(_)) => true,
            (false, _) => existing.contains(text),
        };
        if !known {
            let message = format!("{text} is no known {dataset}; hand the {dataset} in first");
            faults.push(Fault::new(row, &field.name, Rule::Reference, text, message));
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
            let fields: Vec<_> = dataset.fields.iter().map(column).collect();
            let schema = Arc::new(arrow::datatypes::Schema::new(fields));
            let empty =
                schema.fields().iter().map(|f| arrow::array::new_null_array(f.data_type(), 2)).collect();
            let batch = RecordBatch::try_new(schema, empty).unwrap();
            let validator = Validator::new(dataset).unwrap();
            let area = "50".parse().unwrap();
            let faults = validator
                .check(&batch, &area, &Existing::new(), &[false; 2])
                .unwrap_or_else(|e| panic!("{e}: {:?}", e.source));
            assert!(
                faults.iter().all(|f| f.rule == Rule::Required),
                "empty values break no other rule: {faults:?}"
            );
        }
    }
}
