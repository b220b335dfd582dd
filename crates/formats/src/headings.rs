//! Headings of a file to fields of a dataset: names and titles recognised, units in brackets applied.

use rust_decimal::Decimal;
use uplift_core::dataset::{Dataset, Field, Kind};
use uplift_core::error::{Error, FieldViolation, Result};

use crate::rejected_rows::REASON;

/// One column of a file and the field that it fills.
#[derive(Debug)]
pub(crate) struct MappedColumn {
    /// Position among the dataset's fields.
    pub(crate) field: usize,
    /// The heading as the file has it.
    pub(crate) heading: String,
    /// What one unit of the file is worth in the field's own unit.
    pub(crate) scale: Decimal,
}

/// The field that each column fills; none for a column that is not read. A heading may be a field's name
/// or either title, with its unit in brackets; `units` names the units of further columns.
pub(crate) fn map_headings(
    dataset: &Dataset,
    headings: &[String],
    units: &[(String, String)],
) -> Result<Vec<Option<MappedColumn>>> {
    let mut violations = Vec::new();
    let mut mapped: Vec<Option<MappedColumn>> = Vec::new();
    for heading in headings {
        let column = map_heading(dataset, heading, units);
        let repeated = |c: &MappedColumn| mapped.iter().flatten().any(|m| m.field == c.field);
        match column {
            Ok(Some(column)) if repeated(&column) => {
                let name = &dataset.fields[column.field].name;
                violations.push(violation(heading, format!("is a second column for {name}; keep one")));
                mapped.push(Some(column));
            }
            Ok(column) => mapped.push(column),
            Err(violation) => {
                violations.push(violation);
                mapped.push(None);
            }
        }
    }
    let is_there = |index| mapped.iter().flatten().any(|m| m.field == index);
    for (index, field) in dataset.fields.iter().enumerate() {
        if field.required && !is_there(index) {
            let message = format!("is missing; add a column {:?} or {:?}", field.title.zh, field.name);
            violations.push(FieldViolation::new(format!("file, column {}", field.name), message));
        }
    }
    for (n, (name, _)) in units.iter().enumerate() {
        let field = dataset.fields.iter().find(|f| is_called(f, name) || calls(f, headings, name));
        let same = |(other, _): &&(String, String)| {
            field.is_some_and(|f| is_called(f, other) || calls(f, headings, other))
        };
        if let Some((other, _)) = units[..n].iter().find(same) {
            let message = format!("{other:?} and {name:?} are one column; give it one unit");
            violations.push(FieldViolation::new("units", message));
        }
        if !dataset.fields.iter().any(|f| is_called(f, name)) && !headings.contains(name) {
            violations.push(FieldViolation::new("units", format!("{name:?} is not a column of the file")));
        }
    }
    if violations.is_empty() { Ok(mapped) } else { Err(Error::invalid(violations)) }
}

/// Whether a name is a heading of the file that means this field.
fn calls(field: &Field, headings: &[String], name: &str) -> bool {
    headings.iter().any(|h| h == name) && is_called(field, split_unit(name).0)
}

fn violation(heading: &str, message: impl std::fmt::Display) -> FieldViolation {
    FieldViolation::new(format!("file, column {heading:?}"), message)
}

/// The column under a heading, or what is wrong with it.
fn map_heading(
    dataset: &Dataset,
    heading: &str,
    units: &[(String, String)],
) -> Result<Option<MappedColumn>, FieldViolation> {
    let (name, unit) = split_unit(heading);
    let Some((index, field)) = dataset.fields.iter().enumerate().find(|(_, f)| is_called(f, name)) else {
        // A file of rejected rows has a column of reasons; it may be submitted with it.
        if heading.is_empty() || heading == REASON {
            return Ok(None);
        }
        let names: Vec<_> = dataset.fields.iter().map(|f| f.title.zh.as_str()).collect();
        let message = format!("is not a field of {}; its columns are {}", dataset.name, names.join(", "));
        return Err(violation(heading, message));
    };
    let declared = units.iter().find(|(n, _)| is_called(field, n) || n == heading);
    if let (Some((_, declared)), Some(unit)) = (declared, unit)
        && fen_per(declared) != fen_per(unit)
    {
        let message =
            format!("gives the unit {unit}, and {declared} is given for it beside the file; leave one out");
        return Err(violation(heading, message));
    }
    let unit = declared.map(|(_, unit)| unit.as_str()).or(unit).unwrap_or_default();
    let Some(scale) = scale(field, unit) else {
        let message = format!(
            "{unit:?} is not a unit of this column; a money column accepts 分, 元, 千元, 万元, 百万元 or 亿元, any other none"
        );
        return Err(violation(heading, message));
    };
    Ok(Some(MappedColumn { field: index, heading: heading.to_owned(), scale }))
}

fn is_called(field: &Field, name: &str) -> bool {
    let names = [field.name.as_str(), field.column(), &field.title.en, &field.title.zh];
    names.iter().any(|n| n.eq_ignore_ascii_case(name))
}

/// A heading and the unit in its brackets: 金额（万元）.
fn split_unit(heading: &str) -> (&str, Option<&str>) {
    let inner = heading.strip_suffix(['）', ')']);
    match inner.and_then(|h| h.rsplit_once(['（', '('])) {
        // Titles may have brackets of their own: Name (English).
        Some((name, unit)) if fen_per(unit.trim()).is_some() => (name.trim(), Some(unit.trim())),
        _ => (heading, None),
    }
}

fn scale(field: &Field, unit: &str) -> Option<Decimal> {
    match (&field.kind, unit) {
        (Kind::Money, "") => fen_per("元"),
        (Kind::Money, unit) => fen_per(unit),
        (_, "") => Some(Decimal::ONE),
        _ => None,
    }
}

/// Fen in one unit of money.
fn fen_per(unit: &str) -> Option<Decimal> {
    let fen: i64 = match unit {
        "分" | "fen" => 1,
        "元" | "yuan" | "CNY" => 100,
        "千元" => 100_000,
        "万元" => 1_000_000,
        "百万元" | "million yuan" => 100_000_000,
        "亿元" => 10_000_000_000,
        _ => return None,
    };
    Some(fen.into())
}
