//! One value of a field, parsed from protobuf or from a cell of a file.

use std::borrow::Cow;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use uplift_core::dataset::{Code, Format, Kind};
use uplift_core::rejection::Rule;

/// A value that fits its field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    Missing,
    Text(&'a str),
    /// Days since 1970.
    Date(i32),
    Integer(i64),
    Number(f64),
    /// In fen.
    Money(i64),
    Boolean(bool),
    /// As the table keeps it.
    Code(&'a str),
}

/// A value as protobuf encodes it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum WireValue<'a> {
    Absent,
    Varint(u64),
    Fixed64(u64),
    /// Text or a nested message.
    Bytes(&'a [u8]),
    /// A wire type that no field of a dataset uses.
    Other,
}

/// Why a value does not fit its field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ParseError {
    pub(crate) rule: Rule,
    /// The value as sent.
    pub(crate) value: String,
    /// What is wrong and what to write instead.
    pub(crate) message: String,
}

impl ParseError {
    fn format(value: impl Into<String>, message: impl Into<String>) -> Self {
        Self { rule: Rule::Format, value: value.into(), message: message.into() }
    }
}

/// Parses a value from protobuf. Empty text and code 0 are missing values.
pub(crate) fn parse_wire<'a>(kind: &'a Kind, value: &WireValue<'a>) -> Result<Value<'a>, ParseError> {
    Ok(match (kind, value) {
        (_, WireValue::Absent)
        | (Kind::Text(_), WireValue::Bytes([]))
        | (Kind::Code(_), WireValue::Varint(0)) => Value::Missing,
        (Kind::Text(Format::Date), WireValue::Bytes(bytes)) => {
            let text = String::from_utf8_lossy(bytes);
            match NaiveDate::parse_from_str(&text, "%Y-%m-%d") {
                Ok(date) => Value::Date(days(date)),
                Err(_) => return Err(ParseError::format(text, "is not a date; write it as 2011-10-17")),
            }
        }
        (Kind::Text(_), WireValue::Bytes(bytes)) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(text),
            Err(_) => return Err(ParseError::format(String::from_utf8_lossy(bytes), "is not UTF-8 text")),
        },
        (Kind::Integer, WireValue::Varint(n)) => Value::Integer(*n as i64),
        (Kind::Money, WireValue::Varint(fen)) => Value::Money(*fen as i64),
        (Kind::Boolean, WireValue::Varint(n)) => Value::Boolean(*n != 0),
        (Kind::Number, WireValue::Fixed64(bits)) => match f64::from_bits(*bits) {
            number if number.is_finite() => Value::Number(number),
            other => return Err(ParseError::format(other.to_string(), "is not a finite number")),
        },
        (Kind::Code(codes), WireValue::Varint(n)) => {
            let code = codes.iter().find(|c| u64::try_from(c.number).is_ok_and(|number| number == *n));
            let names = || codes.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ");
            Value::Code(&code.ok_or_else(|| unlisted(n.to_string(), "", &names()))?.stored)
        }
        _ => return Err(ParseError::format("", "is encoded with the wrong protobuf type")),
    })
}

/// Parses a cell of a file. An empty cell is a missing value. `scale` is what one unit of the file is
/// worth in the field's own unit: 1,000,000 fen for 万元.
pub(crate) fn parse_cell<'a>(kind: &'a Kind, cell: &'a str, scale: Decimal) -> Result<Value<'a>, ParseError> {
    let text = cell.trim();
    if text.is_empty() {
        return Ok(Value::Missing);
    }
    let wrong = |message: &str| ParseError::format(text, format!("{text:?} {message}"));
    match kind {
        Kind::Text(Format::Date) => match parse_date(text) {
            Some(date) => Ok(Value::Date(days(date))),
            None => Err(wrong("is not a date; write it as 2011-10-17")),
        },
        Kind::Text(_) => Ok(Value::Text(text)),
        Kind::Boolean => match text.to_lowercase().as_str() {
            "true" | "yes" | "y" | "1" | "是" | "有" => Ok(Value::Boolean(true)),
            "false" | "no" | "n" | "0" | "否" | "无" => Ok(Value::Boolean(false)),
            _ => Err(wrong("is neither yes nor no; write yes or no, 是 or 否")),
        },
        Kind::Code(codes) => {
            let is_named = |c: &&Code| {
                [&c.stored, &c.name, &c.title.en, &c.title.zh]
                    .into_iter()
                    .any(|n| n.eq_ignore_ascii_case(text))
            };
            let names = || codes.iter().map(|c| format!("{} {}", c.title.en, c.title.zh)).collect::<Vec<_>>();
            let code = codes.iter().find(is_named);
            let code = code.ok_or_else(|| unlisted(text, &format!("{text:?} "), &names().join(", ")))?;
            Ok(Value::Code(&code.stored))
        }
        Kind::Integer | Kind::Number | Kind::Money => {
            let number = parse_number(text).and_then(|n| n.checked_mul(scale)).map(|n| n.normalize());
            let number = number
                .ok_or_else(|| wrong("is not a number; write digits, for example 1234.50 or 1,234.50"))?;
            let whole = Some(number).filter(|n| n.scale() == 0).and_then(|n| n.to_i64());
            match (kind, whole) {
                (Kind::Integer, Some(whole)) => Ok(Value::Integer(whole)),
                (Kind::Integer, None) => Err(wrong("is not a whole number")),
                (Kind::Money, Some(fen)) => Ok(Value::Money(fen)),
                (Kind::Money, None) => {
                    Err(wrong("is not a whole number of fen; write at most two decimals of a yuan"))
                }
                _ => Ok(number.to_f64().map_or(Value::Missing, Value::Number)),
            }
        }
    }
}

fn unlisted(value: impl Into<String>, subject: &str, names: &str) -> ParseError {
    let message = format!("{subject}is not a known code; write one of {names}");
    ParseError { rule: Rule::Code, value: value.into(), message }
}

fn days(date: NaiveDate) -> i32 {
    date.signed_duration_since(NaiveDate::default()).num_days() as i32
}

/// A date as people and spreadsheets write it.
fn parse_date(text: &str) -> Option<NaiveDate> {
    ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日"]
        .iter()
        .find_map(|format| NaiveDate::parse_from_str(text, format).ok())
}

/// A number with or without thousands separators, exactly.
fn parse_number(text: &str) -> Option<Decimal> {
    let digits: Cow<'_, str> =
        if text.contains([',', '，']) { text.replace([',', '，'], "").into() } else { text.into() };
    Decimal::from_str_exact(&digits).or_else(|_| Decimal::from_scientific(&digits)).ok()
}
