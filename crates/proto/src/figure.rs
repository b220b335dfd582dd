//! What figures, indicators and levels on the wire say: a value, a change, marks, names of codes, whether a value is yearly, digits of codes.

use std::collections::HashMap;
use std::str::FromStr;

use rust_decimal::Decimal;
use uplift_core::format::printed;
use uplift_core::language::Language;
use uplift_core::mark::Mark;
use uplift_core::quantity::Change;

use crate::dataset::code_title;
use crate::v1::metrics::{Figure, Indicator, PublishedValue, Verdict};
use crate::v1::records::{AreaLevel, HouseholdRecord, Statistic};

/// How a figure changed since the year before.
pub fn change(figure: &Figure) -> Change {
    let ends = figure.change_uncertainty.and_then(|u| u.low.zip(u.high));
    Change {
        difference: figure.change.and_then(decimal),
        percent: figure.growth_percent.and_then(decimal),
        interval: ends.and_then(|(low, high)| decimal(low).zip(decimal(high))),
    }
}

/// The value of a figure, to the last digit that a decimal holds.
pub fn value(figure: &Figure) -> Option<Decimal> {
    let exact =
        Decimal::from_str(&figure.exact_value).or_else(|_| Decimal::from_scientific(&figure.exact_value));
    figure.value.and_then(|value| exact.ok().or_else(|| decimal(value)))
}

/// A double as the decimal that it is written as.
pub fn decimal(value: f64) -> Option<Decimal> {
    Decimal::try_from(value).ok()
}

/// What is shown of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigurePart {
    /// Its value.
    Value,
    /// Its change since the year before.
    Change,
    /// Anything else, as its target.
    Other,
}

/// The marks of what is shown of a figure. `open` is whether its period is.
pub fn marks(figure: &Figure, part: FigurePart, open: bool) -> Vec<Mark> {
    // What is published of a change says nothing of the value, and the other way round.
    let of_change = |p: &PublishedValue| matches!(p.statistic(), Statistic::Change | Statistic::Growth);
    let is_shown = |p: &&PublishedValue| match part {
        FigurePart::Value => !of_change(p),
        FigurePart::Change => of_change(p),
        FigurePart::Other => false,
    };
    let contradicts = figure.published.iter().filter(is_shown).any(|p| p.verdict() == Verdict::Inconsistent);
    let sampled = figure.household_record() == HouseholdRecord::Survey;
    let estimate = sampled || figure.uncertainty.is_some_and(|u| u.low.is_some());
    let marks = [
        (figure.value.is_none(), Mark::NotAvailable),
        (open && figure.value.is_some(), Mark::Provisional),
        (estimate && figure.value.is_some(), Mark::Estimate),
        (part == FigurePart::Change && figure.change_within_margin, Mark::NoClearChange),
        (contradicts, Mark::Inconsistent),
        (figure.under_query && figure.value.is_some(), Mark::UnderQuery),
        (figure.simulated && figure.value.is_some(), Mark::Simulated),
    ];
    marks.into_iter().filter_map(|(has, mark)| has.then_some(mark)).collect()
}

/// What a document prints of a figure: more than 30%, growth 30%.
pub fn published_words(published: &PublishedValue, language: Language) -> String {
    let word = |field: &str, number: i32| {
        let title = code_title("statement", field, number);
        title.map(|title| format!("{} ", title.text(language))).unwrap_or_default()
    };
    let statistic = match published.statistic() {
        Statistic::Change | Statistic::Growth => word("statistic", published.statistic),
        _ => String::new(),
    };
    // Some documents print growth without its sign.
    let is_growth = published.statistic() == Statistic::Growth;
    let percent = if is_growth && !published.printed.ends_with(['%', '％']) { "%" } else { "" };
    let qualifier = word("qualifier", published.qualifier);
    format!("{statistic}{qualifier}{}{percent}", printed(&published.printed, language))
}

/// What a code of a dimension is called; the code where nothing names it. Records may have none.
pub fn dimension_words(figure: &Figure, column: &str, language: Language) -> String {
    let of = |names: &HashMap<String, String>| names.get(column).filter(|name| !name.is_empty()).cloned();
    let (en, zh) = (of(&figure.dimension_names_en), of(&figure.dimension_names_zh));
    // Offices seldom name what is theirs in English.
    let name = match language {
        Language::En => en.or(zh),
        Language::Zh => zh.or(en),
    };
    let code = figure.dimensions.get(column).filter(|code| !code.is_empty()).cloned();
    name.or(code).unwrap_or_else(|| language.choose("not named", "未注明").to_owned())
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
