//! What figures, indicators and levels on the wire say: a change, whether a value is yearly, digits of codes.

use rust_decimal::Decimal;
use uplift_core::quantity::Change;

use crate::v1::metrics::{Figure, Indicator};
use crate::v1::records::AreaLevel;

/// How a figure changed since the year before.
pub fn change(figure: &Figure) -> Change {
    let decimal = |value: f64| Decimal::try_from(value).ok();
    let ends = figure.change_uncertainty.and_then(|u| u.low.zip(u.high));
    Change {
        difference: figure.change.and_then(decimal),
        percent: figure.growth_percent.and_then(decimal),
        interval: ends.and_then(|(low, high)| decimal(low).zip(decimal(high))),
    }
}

/// Whether an indicator has values for whole years alone.
pub fn is_yearly(indicator: &Indicator) -> bool {
    let components = [&indicator.value, &indicator.numerator, &indicator.denominator];
    components.into_iter().flatten().any(|component| component.period == "year")
}

/// Digits of the area codes of a level (GB/T 2260 and its extension); none where no level is given.
pub fn digits(level: AreaLevel) -> Option<usize> {
    match level {
        AreaLevel::Unspecified => None,
        AreaLevel::Province => Some(2),
        AreaLevel::Prefecture => Some(4),
        AreaLevel::County => Some(6),
        AreaLevel::Township => Some(9),
        AreaLevel::Village => Some(12),
    }
}
