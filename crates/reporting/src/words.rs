//! A figure of the metrics service in words of a language: its value, its change, its target.

use std::str::FromStr;

use rust_decimal::Decimal;
use uplift_core::format::{grouped, printed};
use uplift_core::language::{Bilingual, Language};
use uplift_core::quantity::quantity;
use uplift_core::unit::unit_name;
use uplift_proto::dataset::code_title;
use uplift_proto::figure::change;
use uplift_proto::v1::metrics::{Figure, PublishedValue, Verdict};
use uplift_proto::v1::records::{HouseholdRecord, Statistic};

use crate::document::Mark;
use crate::template::Form;

/// The value of a figure, to the last digit that a decimal holds.
pub(crate) fn value(figure: &Figure) -> Option<Decimal> {
    let exact =
        Decimal::from_str(&figure.exact_value).or_else(|_| Decimal::from_scientific(&figure.exact_value));
    figure.value.and_then(|value| exact.ok().or_else(|| decimal(value)))
}

/// A double as the decimal that it is written as.
pub(crate) fn decimal(value: f64) -> Option<Decimal> {
    Decimal::try_from(value).ok()
}

/// What a form of a figure is: a number and its unit. None where the form is no number, or there is none.
pub(crate) fn amount(figure: &Figure, form: Form) -> Option<(Decimal, &str)> {
    let unit = figure.unit.as_str();
    Some(match form {
        Form::Value | Form::Number => (value(figure)?, unit),
        Form::Previous => (decimal(figure.previous?)?, unit),
        Form::Target => (decimal(figure.target?)?, unit),
        Form::TargetShare => (decimal(figure.target_share_percent?)?, "percent"),
        Form::Change => {
            let change = change(figure);
            match change.percent {
                Some(percent) => (percent, "percent"),
                None => (change.difference?, if unit == "percent" { "percentage_point" } else { unit }),
            }
        }
        Form::Interval | Form::Published => return None,
    })
}

/// A form of a figure in a sentence; none where there is none.
pub(crate) fn in_words(figure: &Figure, form: Form, language: Language) -> Option<String> {
    match form {
        Form::Change => change(figure).size(&figure.unit, language),
        Form::Number => Some(uplift_core::quantity::number(value(figure)?, &figure.unit, language)),
        Form::Interval => {
            let (low, high) = figure.uncertainty.and_then(|u| u.low.zip(u.high))?;
            let end = |end| decimal(end).map(|end| quantity(end, &figure.unit, language));
            Some(format!("{}{}{}", end(low)?, language.choose(" to ", "至"), end(high)?))
        }
        Form::Published => published(figure, language),
        _ => amount(figure, form).map(|(amount, unit)| quantity(amount, unit, language)),
    }
}

/// What documents publish of a figure, with what that says of it.
fn published(figure: &Figure, language: Language) -> Option<String> {
    let text = |p: &PublishedValue| {
        let sign = match p.verdict() {
            Verdict::Consistent => "=",
            Verdict::Inconsistent => "≠",
            Verdict::Undetermined | Verdict::Unspecified => "?",
        };
        let qualifier = code_title("statement", "qualifier", p.qualifier);
        let qualifier = qualifier.map(|title| format!("{} ", title.text(language))).unwrap_or_default();
        let of_change = matches!(p.statistic(), Statistic::Change | Statistic::Growth);
        let statistic = code_title("statement", "statistic", p.statistic).filter(|_| of_change);
        let statistic = statistic.map(|title| format!("{} ", title.text(language))).unwrap_or_default();
        // Some documents print growth without its sign.
        let percent = p.statistic() == Statistic::Growth && !p.printed.ends_with(['%', '％']);
        let percent = if percent { "%" } else { "" };
        format!("{sign} {statistic}{qualifier}{}{percent}", printed(&p.printed, language))
    };
    let mut texts: Vec<_> = figure.published.iter().map(text).collect();
    texts.dedup();
    (!texts.is_empty()).then(|| texts.join(language.choose(", ", "，")))
}

/// The marks of what is shown of a figure. `open` is whether its period is.
pub(crate) fn marks(figure: &Figure, form: Form, open: bool) -> Vec<Mark> {
    // What is published of a change says nothing of the value, and the other way round.
    let of_change = |p: &PublishedValue| matches!(p.statistic(), Statistic::Change | Statistic::Growth);
    let is_shown = |p: &&PublishedValue| match form {
        Form::Value | Form::Number => !of_change(p),
        Form::Change => of_change(p),
        _ => false,
    };
    let contradicts = figure.published.iter().filter(is_shown).any(|p| p.verdict() == Verdict::Inconsistent);
    let sampled = figure.household_record() == HouseholdRecord::Survey;
    let estimate = sampled || figure.uncertainty.is_some_and(|u| u.low.is_some());
    let marks = [
        (figure.value.is_none(), Mark::NotAvailable),
        (open && figure.value.is_some(), Mark::Provisional),
        (estimate && figure.value.is_some(), Mark::Estimate),
        (form == Form::Change && figure.change_within_margin, Mark::NoClearChange),
        (contradicts, Mark::Inconsistent),
        (figure.under_query && figure.value.is_some(), Mark::UnderQuery),
        (figure.simulated && figure.value.is_some(), Mark::Simulated),
    ];
    marks.into_iter().filter_map(|(has, mark)| has.then_some(mark)).collect()
}

/// A value with all its digits and its unit; [x] if it is empty.
pub(crate) fn exact(value: &str, unit: &str) -> Bilingual {
    if value.is_empty() {
        let sign = Mark::NotAvailable.sign();
        return Bilingual::new(sign, sign);
    }
    let digits = value.parse::<Decimal>().map_or_else(|_| value.to_owned(), grouped);
    let words =
        |language: Language| format!("{digits}{}{}", language.choose(" ", ""), unit_name(unit, language));
    Bilingual { en: words(Language::En), zh: words(Language::Zh) }
}
