//! A part of a chart in one language, as its drawing needs it.

use rust_decimal::prelude::ToPrimitive;
use uplift_core::language::Language;
use uplift_core::quantity::quantity;

use crate::table::DataPart;

/// A part of a chart in one language.
pub(super) struct Shown {
    pub(super) label: String,
    /// Of its area.
    pub(super) code: String,
    /// Its value with the unit.
    pub(super) text: String,
    /// Its number in the unit of all parts.
    pub(super) scaled: String,
    pub(super) value: f64,
    pub(super) previous: Option<f64>,
    pub(super) target: Option<f64>,
    /// Whether it has a value.
    pub(super) known: bool,
}

/// A part in the words of a language.
pub(super) fn shown(part: &DataPart<'_>, language: Language) -> Shown {
    let value = part.value();
    let unit = part.answer.map(|answer| answer.unit.as_str()).unwrap_or_default();
    Shown {
        label: part.label.text(language).to_owned(),
        code: part.answer.map(|answer| answer.area_code.clone()).unwrap_or_default(),
        text: value.map(|value| quantity(value, unit, language)).unwrap_or_default(),
        scaled: part.scaled.text(language).to_owned(),
        value: value.and_then(|value| value.to_f64()).unwrap_or_default(),
        previous: part.answer.and_then(|answer| answer.previous),
        target: part.answer.and_then(|answer| answer.target),
        known: value.is_some(),
    }
}
