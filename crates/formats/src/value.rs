//! One value of a field, parsed from protobuf or from a cell of a file.

use std::borrow::Cow;

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use uplift_core::dataset::{Code, Format, Kind};
use uplift_core::period::YEARS;
use uplift_core::rejection::{Rule, shortened};
use uplift_core::text::canonical;

use crate::cell;

/// A value that fits its field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    Missing,
    Text(Cow<'a, str>),
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
        (_, WireValue::Absent) | (Kind::Code(_), WireValue::Varint(0)) => Value::Missing,
        (Kind::Text(format), WireValue::Bytes(bytes)) => match std::str::from_utf8(bytes) {
            Ok(text) => parse_text(*format, text, &WIRE_DATES)?,
            Err(_) => {
                let start = &bytes[..bytes.len().min(MAX_QUOTED)];
                return Err(ParseError::format(String::from_utf8_lossy(start), "is not UTF-8 text"));
            }
        },
        (Kind::Integer, WireValue::Varint(n)) => Value::Integer(*n as i64),
        (Kind::Money, WireValue::Varint(fen)) => Value::Money(*fen as i64),
        (Kind::Boolean, WireValue::Varint(n)) => Value::Boolean(*n != 0),
        (Kind::Number, WireValue::Fixed64(bits)) => match f64::from_bits(*bits) {
            // Adding zero makes the negative zero the one zero.
            number if number.is_finite() => Value::Number(number + 0.0),
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
    let text = cell::read(cell.trim());
    if text.is_empty() {
        return Ok(Value::Missing);
    }
    let quoted = || shortened(text, MAX_QUOTED);
    let wrong = |message: &str| ParseError::format(quoted(), format!("{:?} {message}", quoted()));
    match kind {
        Kind::Text(format) => parse_text(*format, text, &FILE_DATES),
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
            let code =
                code.ok_or_else(|| unlisted(quoted(), &format!("{:?} ", quoted()), &names().join(", ")))?;
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
                _ => Ok(number.to_f64().map_or(Value::Missing, |number| Value::Number(number + 0.0))),
            }
        }
    }
}

fn unlisted(value: impl Into<String>, subject: &str, names: &str) -> ParseError {
    let message = format!("{subject}is not a known code; write one of {names}");
    ParseError { rule: Rule::Code, value: value.into(), message }
}

/// Forms of a date on the wire, and those that people and spreadsheets write.
const WIRE_DATES: [&str; 1] = ["%Y-%m-%d"];
const FILE_DATES: [&str; 5] = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日"];

/// Characters of a value that an error quotes.
const MAX_QUOTED: usize = 200;

/// A text of a format, as it is kept; none if nothing but space is written.
fn parse_text<'a>(format: Format, text: &'a str, dates: &[&str]) -> Result<Value<'a>, ParseError> {
    let wrong = |message: String| ParseError::format(shortened(text, MAX_QUOTED), message);
    let text = canonical(format, text).map_err(wrong)?;
    match format {
        _ if text.is_empty() => Ok(Value::Missing),
        Format::Date => parse_date(&text, dates).map(Value::Date).map_err(wrong),
        _ => Ok(Value::Text(text)),
    }
}

/// Days since 1970.
fn parse_date(text: &str, forms: &[&str]) -> Result<i32, String> {
    let date = forms.iter().find_map(|form| NaiveDate::parse_from_str(text, form).ok());
    let date = date.ok_or_else(|| format!("{text:?} is not a date; write it as 2011-10-17"))?;
    if !u16::try_from(date.year()).is_ok_and(|year| YEARS.contains(&year)) {
        let (first, last) = (YEARS.start(), YEARS.end());
        return Err(format!("{text:?} is not in the years {first} to {last}; write it as 2011-10-17"));
    }
    Ok(date.signed_duration_since(NaiveDate::default()).num_days() as i32)
}

/// A number with or without thousands separators, exactly.
fn parse_number(text: &str) -> Option<Decimal> {
    let digits: Cow<'_, str> =
        if text.contains([',', '，']) { text.replace([',', '，'], "").into() } else { text.into() };
    Decimal::from_str_exact(&digits).or_else(|_| Decimal::from_scientific(&digits)).ok()
}
