//! One value of a field, parsed from protobuf here and from a cell of a file in `written.rs`.

pub(crate) mod date;
mod missing;
pub(crate) mod number;
pub(crate) mod written;

use std::borrow::Cow;

use chrono::{Datelike, NaiveDate};
use uplift_core::dataset::{Format, Kind};
use uplift_core::period::YEARS;
use uplift_core::rejection::{Rule, shortened};
use uplift_core::text::canonical;

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
            Ok(text) => parse_text(*format, text)?,
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

fn unlisted(value: impl Into<String>, subject: &str, names: &str) -> ParseError {
    let message = format!("{subject}is not a known code; write one of {names}");
    ParseError { rule: Rule::Code, value: value.into(), message }
}

/// Characters of a value that an error quotes.
const MAX_QUOTED: usize = 200;

/// A text of a format, as it is kept; none if nothing but space is written.
fn parse_text(format: Format, text: &str) -> Result<Value<'_>, ParseError> {
    let wrong = |message: String| ParseError::format(shortened(text, MAX_QUOTED), message);
    let text = canonical(format, text).map_err(wrong)?;
    match format {
        _ if text.is_empty() => Ok(Value::Missing),
        Format::Date => parse_iso_date(&text).map(Value::Date).map_err(wrong),
        _ => Ok(Value::Text(text)),
    }
}

/// Days since 1970 of a date as the wire has it.
fn parse_iso_date(text: &str) -> Result<i32, String> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d");
    let date = date.map_err(|_| format!("{text:?} is not a date; write it as 2011-10-17"))?;
    if !u16::try_from(date.year()).is_ok_and(|year| YEARS.contains(&year)) {
        let (first, last) = (YEARS.start(), YEARS.end());
        return Err(format!("{text:?} is not in the years {first} to {last}; write it as 2011-10-17"));
    }
    Ok(days(date))
}

/// Days since 1970.
fn days(date: NaiveDate) -> i32 {
    date.signed_duration_since(NaiveDate::default()).num_days() as i32
}
