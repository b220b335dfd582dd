//! What a figure on the wire says of its change.

use rust_decimal::Decimal;
use uplift_core::quantity::Change;

use crate::v1::metrics::Figure;

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
