//! Values of indicators: exact where their records are, doubles where those are.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use uplift_core::error::{Error, Result};

/// A value: a decimal number, or a double where a double went in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value {
    /// Counts and money.
    Exact(Decimal),
    /// Everything measured in doubles; never NaN.
    Double(f64),
}

impl Value {
    /// The nearest double.
    pub(crate) fn as_f64(self) -> f64 {
        match self {
            Self::Exact(value) => value.to_f64().unwrap_or(f64::NAN),
            Self::Double(value) => value,
        }
    }

    /// The shortest text that reads back as the same value.
    pub(crate) fn text(self) -> String {
        match self {
            Self::Exact(value) => value.normalize().to_string(),
            Self::Double(value) => value.to_string(),
        }
    }

    /// A decimal number near it: the value itself where that is exact.
    pub(crate) fn as_decimal(self) -> Option<Decimal> {
        match self {
            Self::Exact(value) => Some(value),
            // What it is written as: the digits beyond are those of its form as a double.
            Self::Double(value) => value.to_string().parse().ok(),
        }
    }

    /// This over another, times a factor; none over zero.
    pub(crate) fn ratio(self, under: Self, factor: Decimal) -> Option<Self> {
        if let (Self::Exact(over), Self::Exact(under)) = (self, under)
            && let Some(ratio) = over.checked_mul(factor).and_then(|over| over.checked_div(under))
        {
            return Some(Self::Exact(ratio));
        }
        double(
            decimally(self, under, |over, under| over.checked_mul(factor)?.checked_div(under))
                .unwrap_or(self.as_f64() * factor.to_f64()? / under.as_f64()),
        )
    }

    /// This times a factor.
    pub(crate) fn times(self, factor: Decimal) -> Option<Self> {
        match self {
            // Of every village, as most indicators have no factor.
            Self::Double(value) if factor == Decimal::ONE => double(value),
            Self::Exact(value) => value.checked_mul(factor).map(Self::Exact),
            Self::Double(value) => {
                let scaled = decimally(self, Self::Exact(factor), Decimal::checked_mul);
                double(scaled.unwrap_or(value * factor.to_f64()?))
            }
        }
    }

    /// This less another.
    pub(crate) fn minus(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Exact(a), Self::Exact(b)) => a.checked_sub(b).map(Self::Exact),
            (a, b) => double(decimally(a, b, Decimal::checked_sub).unwrap_or(a.as_f64() - b.as_f64())),
        }
    }
}

/// Two values reckoned with as the decimals that they are written as, so that 12.4 less 12.3 is 0.1; none where those
/// have too many digits.
fn decimally(a: Value, b: Value, reckon: impl FnOnce(Decimal, Decimal) -> Option<Decimal>) -> Option<f64> {
    let digits = |value: Value| value.as_decimal().filter(|decimal| decimal.scale() <= MAX_DECIMALS);
    reckon(digits(a)?, digits(b)?)?.to_f64()
}

/// Decimals of a number that was written as such; more are those of a measure, as a Gini index.
const MAX_DECIMALS: u32 = 9;

fn double(value: f64) -> Option<Value> {
    value.is_finite().then_some(Value::Double(value))
}

/// A column of a query's answer as values.
pub(crate) fn values(column: &ArrayRef) -> Result<Vec<Option<Value>>> {
    let failed = |e: arrow::error::ArrowError| Error::internal("reading values", e);
    let rows = 0..column.len();
    Ok(match column.data_type() {
        DataType::Decimal128(_, scale) => {
            let (decimals, scale) =
                (column.as_primitive::<Decimal128Type>(), u32::from(scale.unsigned_abs()));
            let value = |row| decimals.is_valid(row).then(|| decimal(decimals.value(row), scale));
            rows.map(|row| value(row).transpose()).collect::<Result<_>>()?
        }
        kind if kind.is_integer() => {
            let whole = cast(column, &DataType::Int64).map_err(failed)?;
            let whole = whole.as_primitive::<Int64Type>();
            rows.map(|row| whole.is_valid(row).then(|| Value::Exact(whole.value(row).into()))).collect()
        }
        _ => {
            let doubles = cast(column, &DataType::Float64).map_err(failed)?;
            let doubles = doubles.as_primitive::<Float64Type>();
            rows.map(|row| doubles.is_valid(row).then(|| double(doubles.value(row))).flatten()).collect()
        }
    })
}

/// A sum of more than 28 digits is kept as a double.
fn decimal(unscaled: i128, scale: u32) -> Result<Value> {
    match Decimal::try_from_i128_with_scale(unscaled, scale) {
        Ok(value) => Ok(Value::Exact(value)),
        Err(_) => {
            let near = unscaled as f64 / 10f64.powi(scale as i32);
            double(near).ok_or_else(|| Error::internal("reading values", "a decimal out of range"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_stay_exact_and_have_no_value_over_zero() {
        let exact = |n: i64| Value::Exact(n.into());
        let ratio = exact(1).ratio(exact(3), 100.into()).unwrap();
        assert_eq!(ratio.text(), "33.333333333333333333333333333");
        assert_eq!(exact(1).ratio(exact(8), 1.into()).unwrap().text(), "0.125");
        assert_eq!(exact(1).ratio(exact(0), 1.into()), None);
        assert_eq!(exact(0).ratio(exact(0), 1.into()), None);
        assert_eq!(Value::Double(1.5).ratio(exact(3), 2.into()), Some(Value::Double(1.0)));
    }

    #[test]
    fn doubles_are_the_decimals_that_they_are_written_as() {
        assert_eq!(Value::Double(12.35).as_decimal().unwrap().to_string(), "12.35");
        assert_eq!(Value::Double(1e-7).as_decimal().unwrap().to_string(), "0.0000001");
        assert_eq!(Value::Double(12.4).minus(Value::Double(12.3)), Some(Value::Double(0.1)));
        assert_eq!(Value::Double(0.07).times(100.into()), Some(Value::Double(7.0)));
        assert_eq!(Value::Double(0.3).ratio(Value::Double(0.1), 1.into()), Some(Value::Double(3.0)));
        assert_eq!(Value::Double(1.0).ratio(Value::Double(0.0), 1.into()), None);
    }
}
