//! Values to columns, from the wire or from a file's cells.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder, StringBuilder,
};
use arrow::datatypes::DataType;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use uplift_core::dataset::{Code, Format, Kind};
use uplift_store::schema::MONEY_PRECISION;

use crate::fault::Rule;

/// One value as it stood on the wire.
#[derive(Clone, Copy)]
pub enum Cell<'a> {
    /// No value.
    Absent,
    /// A varint.
    Varint(u64),
    /// Eight bytes.
    Bits(u64),
    /// Text or a nested message.
    Bytes(&'a [u8]),
    /// A wire type that no field of a dataset uses.
    Other,
}

/// Collects the values of one column.
pub enum Builder<'d> {
    /// Text.
    Text(StringBuilder),
    /// Dates.
    Date(Date32Builder),
    /// Whole numbers.
    Integer(Int64Builder),
    /// Numbers.
    Number(Float64Builder),
    /// Money.
    Money(Decimal128Builder),
    /// Yes or no.
    Boolean(BooleanBuilder),
    /// Codes, and the list they are on.
    Code(StringBuilder, &'d [Code]),
}

/// Why a value does not fit: the rule, the value, what to write instead.
pub type Unfit = (Rule, String, String);

impl<'d> Builder<'d> {
    /// A builder for what a field holds.
    pub fn new(kind: &'d Kind) -> Self {
        match kind {
            Kind::Text(Format::Date) => Self::Date(Date32Builder::new()),
            Kind::Text(_) => Self::Text(StringBuilder::new()),
            Kind::Integer => Self::Integer(Int64Builder::new()),
            Kind::Number => Self::Number(Float64Builder::new()),
            Kind::Money => {
                let money = DataType::Decimal128(MONEY_PRECISION, 2);
                Self::Money(Decimal128Builder::new().with_data_type(money))
            }
            Kind::Boolean => Self::Boolean(BooleanBuilder::new()),
            Kind::Code(codes) => Self::Code(StringBuilder::new(), codes),
        }
    }

    /// Appends one value from the wire, or nothing and the reason. Empty text and code 0 are absent values.
    pub fn append(&mut self, cell: &Cell<'_>) -> Result<(), Unfit> {
        let fault = match (&mut *self, cell) {
            (_, Cell::Absent) | (Self::Text(_) | Self::Date(_), Cell::Bytes([])) => None,
            (Self::Text(builder), Cell::Bytes(bytes)) => match std::str::from_utf8(bytes) {
                Ok(text) => {
                    builder.append_value(text);
                    return Ok(());
                }
                Err(_) => Some((
                    Rule::Format,
                    String::from_utf8_lossy(bytes).into_owned(),
                    "is not UTF-8 text".to_owned(),
                )),
            },
            (Self::Date(builder), Cell::Bytes(bytes)) => {
                let text = String::from_utf8_lossy(bytes);
                match NaiveDate::parse_from_str(&text, "%Y-%m-%d") {
                    Ok(date) => {
                        builder.append_value(days(date));
                        return Ok(());
                    }
                    Err(_) => Some((
                        Rule::Format,
                        text.into_owned(),
                        "is no date; write it as 2011-10-17".to_owned(),
                    )),
                }
            }
            (Self::Integer(builder), Cell::Varint(n)) => {
                builder.append_value(*n as i64);
                return Ok(());
            }
            (Self::Money(builder), Cell::Varint(fen)) => {
                builder.append_value(i128::from(*fen as i64));
                return Ok(());
            }
            (Self::Boolean(builder), Cell::Varint(n)) => {
                builder.append_value(*n != 0);
                return Ok(());
            }
            (Self::Number(builder), Cell::Bits(bits)) => {
                let number = f64::from_bits(*bits);
                if number.is_finite() {
                    builder.append_value(number);
                    return Ok(());
                }
                Some((Rule::Format, number.to_string(), "is not a finite number".to_owned()))
            }
            (Self::Code(_, _), Cell::Varint(0)) => None,
            (Self::Code(builder, codes), Cell::Varint(n)) => {
                match codes.iter().find(|c| u64::try_from(c.number).is_ok_and(|m| m == *n)) {
                    Some(code) => {
                        builder.append_value(&code.stored);
                        return Ok(());
                    }
                    None => {
                        let names: Vec<_> = codes.iter().map(|c| c.name.as_str()).collect();
                        let message = format!("is not on the list; write one of {}", names.join(", "));
                        Some((Rule::Code, n.to_string(), message))
                    }
                }
            }
            _ => Some((Rule::Format, String::new(), "has another wire type than its field".to_owned())),
        };
        self.append_null();
        fault.map_or(Ok(()), Err)
    }

    /// Appends one cell of a file, or nothing and the reason. An empty cell is an absent value.
    /// `scale` is what one unit of the file is worth in the field's own unit: 1,000,000 fen for 万元.
    pub fn append_text(&mut self, cell: &str, scale: Decimal) -> Result<(), Unfit> {
        let text = cell.trim();
        let fault = match &mut *self {
            _ if text.is_empty() => None,
            Self::Text(builder) => {
                builder.append_value(text);
                return Ok(());
            }
            Self::Date(builder) => match read_date(text) {
                Some(date) => {
                    builder.append_value(days(date));
                    return Ok(());
                }
                None => Some((Rule::Format, "is no date; write it as 2011-10-17".to_owned())),
            },
            Self::Boolean(builder) => match text.to_lowercase().as_str() {
                "true" | "yes" | "y" | "1" | "是" | "有" => {
                    builder.append_value(true);
                    return Ok(());
                }
                "false" | "no" | "n" | "0" | "否" | "无" => {
                    builder.append_value(false);
                    return Ok(());
                }
                _ => Some((Rule::Format, "is neither yes nor no; write yes or no, 是 or 否".to_owned())),
            },
            Self::Code(builder, codes) => {
                let same = |name: &str| name.eq_ignore_ascii_case(text);
                let fits =
                    |c: &&Code| [&c.stored, &c.name, &c.title.en, &c.title.zh].into_iter().any(|n| same(n));
                match codes.iter().find(fits) {
                    Some(code) => {
                        builder.append_value(&code.stored);
                        return Ok(());
                    }
                    None => {
                        let names: Vec<_> =
                            codes.iter().map(|c| format!("{} {}", c.title.en, c.title.zh)).collect();
                        Some((Rule::Code, format!("is not on the list; write one of {}", names.join(", "))))
                    }
                }
            }
            Self::Number(_) | Self::Integer(_) | Self::Money(_) => {
                let number = read_number(text).and_then(|n| n.checked_mul(scale));
                match (&mut *self, number.map(|n| n.normalize())) {
                    (Self::Number(builder), Some(number)) => {
                        builder.append_option(number.to_f64());
                        return Ok(());
                    }
                    (Self::Integer(builder), Some(number))
                        if number.scale() == 0 && number.to_i64().is_some() =>
                    {
                        builder.append_option(number.to_i64());
                        return Ok(());
                    }
                    (Self::Money(builder), Some(fen)) if fen.scale() == 0 && fen.to_i64().is_some() => {
                        builder.append_option(fen.to_i128());
                        return Ok(());
                    }
                    (Self::Money(_), Some(_)) => Some((
                        Rule::Format,
                        "is no whole number of fen; write at most two decimals of a yuan".to_owned(),
                    )),
                    (_, Some(_)) => Some((Rule::Format, "is no whole number".to_owned())),
                    (_, None) => {
                        Some((Rule::Format, "is no number; write digits, as 1234.50 or 1,234.50".to_owned()))
                    }
                }
            }
        };
        self.append_null();
        fault.map_or(Ok(()), |(rule, message)| Err((rule, text.to_owned(), format!("{text:?} {message}"))))
    }

    fn append_null(&mut self) {
        match self {
            Self::Text(b) | Self::Code(b, _) => b.append_null(),
            Self::Date(b) => b.append_null(),
            Self::Integer(b) => b.append_null(),
            Self::Number(b) => b.append_null(),
            Self::Money(b) => b.append_null(),
            Self::Boolean(b) => b.append_null(),
        }
    }

    /// The column.
    pub fn finish(self) -> ArrayRef {
        match self {
            Self::Text(mut b) | Self::Code(mut b, _) => Arc::new(b.finish()),
            Self::Date(mut b) => Arc::new(b.finish()),
            Self::Integer(mut b) => Arc::new(b.finish()),
            Self::Number(mut b) => Arc::new(b.finish()),
            Self::Money(mut b) => Arc::new(b.finish()),
            Self::Boolean(mut b) => Arc::new(b.finish()),
        }
    }
}

fn days(date: NaiveDate) -> i32 {
    date.signed_duration_since(NaiveDate::default()).num_days() as i32
}

/// Dates as people and spreadsheets write them.
fn read_date(text: &str) -> Option<NaiveDate> {
    ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日"]
        .iter()
        .find_map(|format| NaiveDate::parse_from_str(text, format).ok())
}

/// A number with or without thousands separators, exactly.
fn read_number(text: &str) -> Option<Decimal> {
    let digits = text.replace([',', '，'], "");
    Decimal::from_str_exact(&digits).or_else(|_| Decimal::from_scientific(&digits)).ok()
}
