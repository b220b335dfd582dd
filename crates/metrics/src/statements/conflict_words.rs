//! Conflicts between printed figures in words.

use rust_decimal::{Decimal, RoundingStrategy};
use uplift_core::format::{readable, significant};
use uplift_core::interval::Interval;
use uplift_core::language::{Bilingual, Language};
use uplift_core::printed::PrintedFigure;
use uplift_core::unit::{unit_code, unit_name};
use uplift_proto::v1::records::{Qualifier, StatementCheck};

use super::read::PublishedFigure;
use super::reconcile::printed_figure;

/// Statements that cannot all be true, and the checks that say so.
pub(crate) fn conflict_words(figures: &[&PublishedFigure], checks: &[&StatementCheck]) -> Bilingual {
    let en: Vec<_> = figures.iter().map(|figure| named(figure, Language::En)).collect();
    let zh: Vec<_> = figures.iter().map(|figure| named(figure, Language::Zh)).collect();
    let reasons_en: Vec<_> = checks.iter().map(|check| check.title_en.as_str()).collect();
    let reasons_zh: Vec<_> = checks.iter().map(|check| check.title_zh.as_str()).collect();
    let cannot = match figures.len() {
        1 => Bilingual::new("cannot be true", "不可能成立"),
        2 => Bilingual::new("cannot both be true", "不可能同时成立"),
        _ => Bilingual::new("cannot all be true", "不可能同时成立"),
    };
    Bilingual::new(
        format!("{} {}: {}", and(&en), cannot.en, reasons_en.join("; ")),
        format!("{}{}：{}", zh.join("、"), cannot.zh, reasons_zh.join("；")),
    )
}

/// What each of some figures would have to be.
pub(crate) fn explanation_words(misprints: &[(&PublishedFigure, &Interval)]) -> Bilingual {
    let en = misprints.iter().map(|(figure, needed)| {
        let needed = needed_words(figure, needed).en;
        format!("{} should be {needed}", named(figure, Language::En))
    });
    let zh = misprints.iter().map(|(figure, needed)| {
        let needed = needed_words(figure, needed).zh;
        let be = if needed.starts_with("不") { "应" } else { "应为" };
        format!("{}{be}{needed}", named(figure, Language::Zh))
    });
    Bilingual::new(en.collect::<Vec<_>>().join(", and "), zh.collect::<Vec<_>>().join("，且"))
}

/// What would have to be printed, as exactly as the figure is printed.
pub(crate) fn needed_words(figure: &PublishedFigure, needed: &Interval) -> Bilingual {
    let low = needed.low.map(|bound| as_exactly(figure, bound.value, RoundingStrategy::ToPositiveInfinity));
    let high = needed.high.map(|bound| as_exactly(figure, bound.value, RoundingStrategy::ToNegativeInfinity));
    // What holds the figure as it is printed says nothing of what it should be.
    if needed.contains(&figure.interval) {
        return Bilingual::new("another figure", "其他数值");
    }
    // Between two whole numbers there may be none.
    let (low, high) = match (low, high) {
        (Some(inner_low), Some(inner_high)) if inner_low > inner_high => {
            (needed.low.map(|bound| bound.value), needed.high.map(|bound| bound.value))
        }
        ends => ends,
    };
    // From zero on is no condition where nothing is below zero.
    let low = low.filter(|low| !low.is_zero() || high.is_none_or(|high| high.is_zero()));
    let words = |language: Language| {
        let unit = &figure.statement.unit;
        let number = |value| with_unit(value, unit, language);
        match (low, high, language) {
            (Some(low), Some(high), _) if low == high => number(low),
            (Some(low), Some(high), Language::En) => {
                format!("{} to {}", readable(low, language), number(high))
            }
            (Some(low), Some(high), Language::Zh) => {
                format!("{}至{}", readable(low, language), number(high))
            }
            (Some(low), None, Language::En) => format!("at least {}", number(low)),
            (Some(low), None, Language::Zh) => format!("不低于{}", number(low)),
            (None, Some(high), Language::En) => format!("at most {}", number(high)),
            (None, Some(high), Language::Zh) => format!("不超过{}", number(high)),
            (None, None, Language::En) => "another figure".to_owned(),
            (None, None, Language::Zh) => "其他数值".to_owned(),
        }
    };
    Bilingual::new(words(Language::En), words(Language::Zh))
}

/// An end of what is needed with as many digits as are printed, at least two; a whole number where that is printed exactly.
fn as_exactly(figure: &PublishedFigure, value: Decimal, inwards: RoundingStrategy) -> Decimal {
    let printed = PrintedFigure::parse(&figure.statement.printed);
    match (figure.statement.qualifier(), printed) {
        (Qualifier::Exact, Ok(PrintedFigure::Number(number))) if number.value.is_integer() => {
            value.round_dp_with_strategy(0, inwards)
        }
        (_, Ok(PrintedFigure::Number(number))) if !number.step.is_zero() => {
            let units = (number.value / number.step).abs().trunc();
            let digits = units.normalize().to_string().trim_start_matches('0').len().max(2);
            significant(value, digits as u32)
        }
        _ => significant(value, 3),
    }
}

/// Title and print of a figure; where it stands is told in the language in which that is written.
fn named(figure: &PublishedFigure, language: Language) -> String {
    let statement = &figure.statement;
    let printed = printed_figure(figure, language);
    match language {
        Language::En => {
            format!("“{}” {printed} ({}, {})", statement.title_en, statement.section, statement.locator)
        }
        Language::Zh => format!("“{}”{printed}", statement.title_zh),
    }
}

fn with_unit(value: Decimal, unit: &str, language: Language) -> String {
    let (number, name) = (readable(value, language), unit_name(unit_code(unit), language));
    match (name, language) {
        ("%", _) | (_, Language::Zh) => format!("{number}{name}"),
        (_, Language::En) => format!("{number} {name}"),
    }
}

/// One, two and three.
fn and(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
