//! The rules of a dataset over whole columns: what is required, formats, limits, keys, row rules.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{Date32Type, Decimal128Type, Float64Type, Int64Type};
use chrono::{NaiveDate, TimeDelta, Utc};
use datafusion::common::DFSchema;
use datafusion::physical_expr::PhysicalExpr;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use uplift_core::area::AreaCode;
use uplift_core::dataset::{Dataset, Field, Format, Kind, RowRule};
use uplift_core::error::Result;
use uplift_core::period::Period;
use uplift_core::rejection::{Rejections, Rule};
use uplift_engine::SESSION;
use uplift_engine::error::query_failed;
use uplift_engine::expressions::Expressions;
use uplift_formats::columns::columns;
use uplift_formats::{DecodedRows, RowNumbers};

use crate::keys::{key_columns, key_rows};
use crate::references::ReferenceValues;

/// What a submission reports for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reported<'r> {
    pub(crate) area: &'r AreaCode,
    pub(crate) period: Period,
}

/// Checks columns against the rules of one dataset.
#[derive(Debug)]
pub(crate) struct Validator {
    dataset: &'static Dataset,
    rules: Vec<(&'static RowRule, Arc<dyn PhysicalExpr>)>,
}

/// Rows from which another core is worth its thread.
const TWO_CORES_FROM: usize = 10_000;

impl Validator {
    /// A validator for a dataset. Fails if one of its row rules does not fit its columns.
    pub(crate) fn for_dataset(dataset: &'static Dataset) -> Result<Self> {
        let failed = |e| query_failed(format!("compiling the rules of {}", dataset.name), e);
        let expressions = Expressions::over(DFSchema::try_from(columns(dataset)).map_err(failed)?);
        let compile = |rule: &'static RowRule| {
            let expr = SESSION.parse_sql_expr(&rule.sql, expressions.columns())?;
            Ok((rule, expressions.ready(&expr)?))
        };
        let rules =
            dataset.rules.iter().map(compile).collect::<Result<_, datafusion::error::DataFusionError>>();
        Ok(Self { dataset, rules: rules.map_err(failed)? })
    }

    /// Rejects rows that break a rule; `decoded` has the reasons of those that could not be decoded.
    pub(crate) fn check(
        &self,
        decoded: &mut DecodedRows,
        reported: Reported<'_>,
        existing: &ReferenceValues,
    ) -> Result<()> {
        let DecodedRows { batch, rejections, numbers } = decoded;
        let key = key_columns(self.dataset, batch);
        if batch.num_rows() < TWO_CORES_FROM {
            self.check_rows(batch, rejections, reported, existing)?;
            return self.duplicate_keys(&key, numbers, rejections);
        }
        std::thread::scope(|scope| {
            // Nearly no file has a key twice, which can be told on the other core.
            let distinct = scope.spawn(|| are_distinct(&key));
            self.check_rows(batch, rejections, reported, existing)?;
            match distinct.join() {
                Ok(Ok(true)) => Ok(()),
                _ => self.duplicate_keys(&key, numbers, rejections),
            }
        })
    }

    /// Every rule but that of keys.
    fn check_rows(
        &self,
        batch: &RecordBatch,
        rejections: &mut Rejections,
        reported: Reported<'_>,
        existing: &ReferenceValues,
    ) -> Result<()> {
        for (field, column) in self.dataset.fields.iter().zip(batch.columns()) {
            if field.required {
                required(field, column, rejections);
            }
            limits(field, column, rejections);
            if field.kind == Kind::Text(Format::Area) {
                inside(field, column, reported.area, rejections);
            }
            if field.in_period {
                in_period(field, column, reported.period, rejections);
            }
            if field.past {
                past(field, column, rejections);
            }
            if let Some(values) = existing.get(&field.name) {
                refers(field, column, values, rejections);
            }
        }
        self.row_rules(batch, rejections)
    }

    fn row_rules(&self, batch: &RecordBatch, rejections: &mut Rejections) -> Result<()> {
        for (rule, expr) in &self.rules {
            let failed = |e| query_failed(format!("evaluating rule {}", rule.sql), e);
            let holds = expr.evaluate(batch).and_then(|v| v.into_array(batch.num_rows())).map_err(failed)?;
            let holds: &BooleanArray = holds.as_boolean();
            if holds.false_count() == 0 {
                continue;
            }
            let column = self.dataset.field(&rule.field).and_then(|f| batch.column_by_name(f.column()));
            for row in (0..holds.len()).filter(|row| holds.is_valid(*row) && !holds.value(*row)) {
                rejections.reject(row, &rule.field, Rule::RowRule, || {
                    (column.map(|c| shown(c, row)).unwrap_or_default(), &rule.remedy.en)
                });
            }
        }
        Ok(())
    }

    fn duplicate_keys(
        &self,
        key: &[ArrayRef],
        numbers: &RowNumbers,
        rejections: &mut Rejections,
    ) -> Result<()> {
        let rows = key_rows(key)?;
        let mut first: hashbrown::HashMap<&[u8], usize> = hashbrown::HashMap::with_capacity(rows.num_rows());
        for (row, bytes) in rows.iter().enumerate() {
            // A record is not the double of one that is not kept.
            if rejections.contains(row) || key.iter().any(|c| c.is_null(row)) {
                continue;
            }
            if let Some(earlier) = first.get(bytes.data()) {
                let field = self.dataset.key.last().map(String::as_str).unwrap_or_default();
                rejections.reject(row, field, Rule::DuplicateKey, || {
                    let value: Vec<_> = key.iter().map(|c| shown(c, row)).collect();
                    let message =
                        format!("has the same key as {}; give each record its own", numbers.name(*earlier));
                    (value.join(", "), message)
                });
            } else {
                first.insert(bytes.data(), row);
            }
        }
        Ok(())
    }
}

/// Whether no key is there twice, be it of a row that is rejected.
fn are_distinct(key: &[ArrayRef]) -> Result<bool> {
    let rows = key_rows(key)?;
    let mut seen = hashbrown::HashSet::with_capacity(rows.num_rows());
    Ok(rows.iter().all(|row| seen.insert(row)))
}

fn required(field: &Field, column: &ArrayRef, rejections: &mut Rejections) {
    let hint = || match &field.kind {
        Kind::Text(format) if !format.describe().is_empty() => format!("; write {}", format.describe()),
        Kind::Code(codes) => {
            let names: Vec<_> = codes.iter().map(|c| c.name.as_str()).collect();
            format!("; write one of {}", names.join(", "))
        }
        _ => String::new(),
    };
    let rows = if column.null_count() > 0 { column.len() } else { 0 };
    for row in (0..rows).filter(|row| column.is_null(*row)) {
        let message = || format!("is required{}", hint());
        rejections.reject(row, &field.name, Rule::Required, || (String::new(), message()));
    }
}

/// The least and greatest number of a field. What is whole is compared as such, to the last digit.
fn limits(field: &Field, column: &ArrayRef, rejections: &mut Rejections) {
    let Some((low, high)) = field.limits else { return };
    let whole = |limit: Decimal| limit.to_i128().unwrap_or_default();
    let (least, greatest) = (whole(low.ceil()), whole(high.floor()));
    let outside = |n: i128| match () {
        () if n < least => Some(("below the minimum of", low)),
        () if n > greatest => Some(("above the maximum of", high)),
        () => None,
    };
    if let Some(numbers) = column.as_primitive_opt::<Int64Type>() {
        for (row, n) in numbers.iter().enumerate().filter_map(|(row, n)| Some((row, n?))) {
            if let Some((side, limit)) = outside(n.into()) {
                reject_range(rejections, row, field, &n, side, &limit);
            }
        }
    } else if let Some(fen) = column.as_primitive_opt::<Decimal128Type>() {
        // The column of money has fen, files have yuan or units of it.
        let yuan = |fen: Decimal| format!("{:.2} yuan", fen / Decimal::ONE_HUNDRED);
        for (row, n) in fen.iter().enumerate().filter_map(|(row, n)| Some((row, n?))) {
            if let Some((side, limit)) = outside(n) {
                let shown = Decimal::try_from_i128_with_scale(n, 0).map_or_else(|_| n.to_string(), yuan);
                reject_range(rejections, row, field, &shown, side, &yuan(limit));
            }
        }
    } else if let Some(numbers) = column.as_primitive_opt::<Float64Type>() {
        let double = |limit: Decimal| limit.to_f64().unwrap_or_default();
        let (least, greatest) = (double(low), double(high));
        for (row, n) in numbers.iter().enumerate().filter_map(|(row, n)| Some((row, n?))) {
            if n < least {
                reject_range(rejections, row, field, &n, "below the minimum of", &low);
            } else if n > greatest {
                reject_range(rejections, row, field, &n, "above the maximum of", &high);
            } else if n != 0.0 && n.abs() < SMALLEST {
                let remedy = "nearer to 0 than any measurement is; write 0, or use another unit";
                rejections
                    .reject(row, &field.name, Rule::Range, || (n.to_string(), format!("{n} is {remedy}")));
            }
        }
    }
}

/// The smallest number beside zero: products and shares of such numbers are still exact enough.
const SMALLEST: f64 = 1e-9;

fn reject_range(
    rejections: &mut Rejections,
    row: usize,
    field: &Field,
    shown: &dyn std::fmt::Display,
    side: &str,
    limit: &dyn std::fmt::Display,
) {
    rejections.reject(row, &field.name, Rule::Range, || {
        let remedy =
            if field.required { "correct it" } else { "correct it, or leave it empty if it is not known" };
        (shown.to_string(), format!("{shown} is {side} {limit}; {remedy}"))
    });
}

/// A submission reports for its own area only.
fn inside(field: &Field, column: &ArrayRef, area: &AreaCode, rejections: &mut Rejections) {
    for (row, text) in column.as_string::<i32>().iter().enumerate() {
        let Some(code) = text else { continue };
        // Codes are canonical, so that an area holds what begins with its code.
        if !code.starts_with(area.as_str()) {
            let message = || format!("{code} is not within {area}, the area of the submission");
            rejections.reject(row, &field.name, Rule::OutsideArea, || (code.to_owned(), message()));
        }
    }
}

/// What has happened is not in the future, wherever on earth the office is.
fn past(field: &Field, column: &ArrayRef, rejections: &mut Rejections) {
    let Some(days) = column.as_primitive_opt::<Date32Type>() else { return };
    let today = (Utc::now() + FIRST_ON_EARTH).date_naive();
    let today = today.signed_duration_since(NaiveDate::default()).num_days() as i32;
    for (row, _) in days.iter().enumerate().filter(|(_, day)| day.is_some_and(|day| day > today)) {
        rejections.reject(row, &field.name, Rule::Range, || {
            let day = shown(column, row);
            let message =
                format!("{day} has not come yet; leave it empty until it has happened, or correct it");
            (day, message)
        });
    }
}

/// How far the clocks are ahead where a day begins first.
const FIRST_ON_EARTH: TimeDelta = TimeDelta::hours(14);

/// A submission reports for its own period only.
fn in_period(field: &Field, column: &ArrayRef, period: Period, rejections: &mut Rejections) {
    let mut refuse = |row: usize, shown: String| {
        let message = || {
            format!(
                "{shown} is not within {period}, the period of the submission; correct it, or report it for its own period"
            )
        };
        rejections.reject(row, &field.name, Rule::OutsidePeriod, || (shown.clone(), message()));
    };
    if let Some(days) = column.as_primitive_opt::<Date32Type>() {
        let day = |date: NaiveDate| date.signed_duration_since(NaiveDate::default()).num_days() as i32;
        let (first, last) = (day(period.first_day()), day(period.last_day()));
        for (row, day) in days.iter().enumerate().filter_map(|(row, day)| Some((row, day?))) {
            if day < first || day > last {
                refuse(row, shown(column, row));
            }
        }
    } else if let Some(years) = column.as_primitive_opt::<Int64Type>() {
        for (row, year) in years.iter().enumerate().filter_map(|(row, year)| Some((row, year?))) {
            if year != i64::from(period.year()) {
                refuse(row, year.to_string());
            }
        }
    }
}

/// The record that a row names must have been submitted before.
fn refers(field: &Field, column: &ArrayRef, existing: &HashSet<String>, rejections: &mut Rejections) {
    let dataset = field.reference.as_ref().map(|r| r.dataset.as_str()).unwrap_or_default();
    for (row, text) in column.as_string::<i32>().iter().enumerate() {
        let Some(text) = text.filter(|text| !existing.contains(*text)) else { continue };
        let message = || format!("{text} is not a known {dataset}; submit the {dataset} first");
        rejections.reject(row, &field.name, Rule::Reference, || (text.to_owned(), message()));
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
            let reported = Reported { area: &area, period: "2011".parse().unwrap() };
            let numbers = RowNumbers::after(0);
            let mut decoded = DecodedRows { batch, rejections: Rejections::default(), numbers };
            validator
                .check(&mut decoded, reported, &ReferenceValues::new())
                .unwrap_or_else(|e| panic!("{e}: {:?}", e.source));
            assert!(
                decoded.rejections.reasons_mut().all(|f| f.rule == Rule::Required),
                "empty values break no other rule: {:?}",
                decoded.rejections
            );
        }
    }

    #[test]
    fn a_number_beyond_its_limit_is_quoted_to_the_last_digit() {
        let dataset = uplift_proto::dataset::find("fund_flow").unwrap();
        let amount = dataset.field("amount_fen").unwrap();
        let fen = arrow::array::Decimal128Array::from(vec![-9_007_199_254_740_993_i128, 1]);
        let fen: ArrayRef = Arc::new(fen.with_precision_and_scale(20, 2).unwrap());
        let mut rejections = Rejections::default();
        limits(amount, &fen, &mut rejections);
        let rejections = rejections.into_reasons();
        assert_eq!(rejections.len(), 1);
        assert_eq!(rejections[0].value, "-90071992547409.93 yuan");
        let message = "-90071992547409.93 yuan is below the minimum of 0.01 yuan; correct it";
        assert_eq!(rejections[0].message, message);
    }
}
