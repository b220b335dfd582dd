//! Figures as people write them.

use rust_decimal::Decimal;
use uplift_core::format::{grouped, readable};
use uplift_core::language::Language;
use uplift_proto::v1::metrics::Figure;

use crate::terminal::say;

/// Name of a figure's area, or its code.
pub(crate) fn area(figure: &Figure, language: Language) -> String {
    match language.choose(&figure.area_name_en, &figure.area_name_zh) {
        "" if figure.area_code.is_empty() => language.choose("everywhere", "全部").to_owned(),
        "" => figure.area_code.clone(),
        name => name.to_owned(),
    }
}

/// A figure's value.
pub(crate) fn value(figure: &Figure, language: Language) -> String {
    number(figure.value, &figure.unit, language)
}

/// The confidence interval of a figure from a sample; empty for others.
pub(crate) fn interval(figure: &Figure, language: Language) -> String {
    let ends = figure.uncertainty.and_then(|u| u.low.zip(u.high));
    let end = |end| number(Some(end), &figure.unit, language);
    ends.map(|(low, high)| format!("{} – {}", end(low), end(high))).unwrap_or_default()
}

/// A number in a unit: percentages to a tenth, the rest to six digits.
pub(crate) fn number(value: Option<f64>, unit: &str, language: Language) -> String {
    let Some(decimal) = value.and_then(Decimal::from_f64_retain) else { return "–".to_owned() };
    match unit {
        "percent" => format!("{}%", grouped(decimal.round_dp(1).normalize())),
        _ => readable(decimal, language),
    }
}

/// The change since the previous year, in percent.
pub(crate) fn growth(figure: &Figure) -> String {
    let Some(growth) = figure.growth_percent.and_then(Decimal::from_f64_retain) else {
        return "–".to_owned();
    };
    let growth = growth.round_dp(1).normalize();
    let sign = if growth.is_sign_positive() && !growth.is_zero() { "+" } else { "" };
    format!("{sign}{}%", grouped(growth))
}

/// Prints what the mark of simulated figures means, below a table that has some.
pub(crate) fn print_simulated_note(figures: &[Figure], language: Language) {
    if figures.iter().any(|f| f.simulated) {
        say!("{}", language.choose("* from simulated records", "* 含模拟数据"));
    }
}
