//! A figure of the metrics service in words of a language: its value, its change, its target.

use rust_decimal::Decimal;
use uplift_core::format::grouped;
use uplift_core::language::{Bilingual, Language};
use uplift_core::quantity::quantity;
use uplift_core::unit::unit_name;
use uplift_proto::figure::{FigurePart, change, published_words};
pub(crate) use uplift_proto::figure::{decimal, value};
use uplift_proto::v1::metrics::{Figure, PublishedValue, Verdict};

use crate::document::Mark;
use crate::template::Form;

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
        format!("{sign} {}", published_words(p, language))
    };
    let mut texts: Vec<_> = figure.published.iter().map(text).collect();
    texts.dedup();
    (!texts.is_empty()).then(|| texts.join(language.choose(", ", "，")))
}

/// The marks of what is shown of a figure. `open` is whether its period is.
pub(crate) fn marks(figure: &Figure, form: Form, open: bool) -> Vec<Mark> {
    let part = match form {
        Form::Value | Form::Number => FigurePart::Value,
        Form::Change => FigurePart::Change,
        _ => FigurePart::Other,
    };
    uplift_proto::figure::marks(figure, part, open)
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
