//! A figure as pages show it: in words, with its marks, its change, its target, and the address of its evidence.

use std::collections::BTreeMap;

use chrono::Utc;
use rust_decimal::Decimal;
use serde::Serialize;
use uplift_core::language::Language;
use uplift_core::mark::Mark;
use uplift_core::period::Period;
use uplift_core::quantity::quantity;
use uplift_core::unit::unit_name;
use uplift_proto::dataset::{code_title, find};
use uplift_proto::figure::{FigurePart, change, decimal, dimension_words, marks, published_words, value};
use uplift_proto::v1::metrics::{Figure, Indicator, Verdict};

/// A figure on a page.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FigureView {
    pub(crate) indicator: String,
    pub(crate) title: String,
    pub(crate) area: String,
    pub(crate) area_code: String,
    pub(crate) period: String,
    /// Dimensions in words, by name.
    pub(crate) dimensions: BTreeMap<String, String>,
    /// The value with its unit; empty without one.
    pub(crate) value: String,
    /// The value to the last digit.
    pub(crate) exact: String,
    pub(crate) unit: String,
    pub(crate) previous: String,
    /// The period a year before.
    pub(crate) period_before: String,
    pub(crate) change: String,
    pub(crate) target: String,
    pub(crate) target_share: String,
    pub(crate) interval: String,
    pub(crate) published: Vec<Published>,
    pub(crate) marks: Vec<MarkView>,
    pub(crate) records: i64,
    pub(crate) simulated: bool,
    /// In words, where figures of both kinds stand beside each other; else empty.
    pub(crate) kind: String,
    /// Address of its evidence behind the language; empty without one.
    pub(crate) evidence: String,
    /// Per hundred of the greatest beside it, for a bar.
    pub(crate) bar: Option<u32>,
    #[serde(skip)]
    pub(crate) number: Option<Decimal>,
    #[serde(skip)]
    pub(crate) raw: Figure,
}

/// A mark with its meaning.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct MarkView {
    pub(crate) sign: &'static str,
    pub(crate) meaning: String,
}

/// What a document prints of a figure.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Published {
    pub(crate) printed: String,
    pub(crate) document: String,
    pub(crate) agrees: Option<bool>,
}

/// A mark in a language.
pub(crate) fn mark(mark: Mark, language: Language) -> MarkView {
    MarkView { sign: mark.sign(), meaning: mark.meaning().text(language).to_owned() }
}

impl FigureView {
    pub(crate) fn new(figure: Figure, indicator: Option<&Indicator>, language: Language) -> Self {
        let unit = figure.unit.as_str();
        let amount = |value: Option<f64>, unit: &str| {
            value.and_then(decimal).map(|value| quantity(value, unit, language)).unwrap_or_default()
        };
        let number = value(&figure);
        let period = figure.period.parse::<Period>().ok();
        let period_open = period.is_some_and(|period| period.last_day() >= Utc::now().date_naive());
        let ends = figure.uncertainty.and_then(|u| u.low.zip(u.high));
        let title = indicator.map(|i| language.choose(&i.title_en, &i.title_zh).to_owned());
        let columns = figure.dimensions.keys();
        let dimensions = columns.map(|column| (column.clone(), dimension_words(&figure, column, language)));
        let published = figure.published.iter().map(|p| Published {
            printed: published_words(p, language),
            document: p.document_id.clone(),
            agrees: match p.verdict() {
                Verdict::Consistent => Some(true),
                Verdict::Inconsistent => Some(false),
                Verdict::Undetermined | Verdict::Unspecified => None,
            },
        });
        let shown = marks(&figure, FigurePart::Value, period_open).into_iter();
        // Where the year has no value, the year before is all that is simulated.
        let before = (figure.simulated && figure.value.is_none() && figure.previous.is_some())
            .then_some(Mark::Simulated);
        let shown = shown.chain(before).map(|m| mark(m, language)).collect();
        Self {
            indicator: figure.indicator_id.clone(),
            title: title.unwrap_or_else(|| figure.indicator_id.clone()),
            area: area_name(&figure, language),
            area_code: figure.area_code.clone(),
            period: figure.period.clone(),
            dimensions: dimensions.collect(),
            value: number.map(|number| quantity(number, unit, language)).unwrap_or_default(),
            exact: figure.value.map(|_| figure.exact_value.clone()).unwrap_or_default(),
            unit: unit_name(unit, language).to_owned(),
            previous: amount(figure.previous, unit),
            period_before: period.map(|period| period.year_before().to_string()).unwrap_or_default(),
            change: change(&figure).signed(unit, language).unwrap_or_default(),
            target: amount(figure.target, unit),
            target_share: amount(figure.target_share_percent, "percent"),
            interval: ends
                .map(|(low, high)| {
                    format!(
                        "{}{}{}",
                        amount(Some(low), unit),
                        language.choose(" to ", "至"),
                        amount(Some(high), unit)
                    )
                })
                .unwrap_or_default(),
            published: published.collect(),
            marks: shown,
            records: figure.records,
            simulated: figure.simulated && (figure.value.is_some() || figure.previous.is_some()),
            kind: String::new(),
            evidence: match figure.trace.as_str() {
                "" => String::new(),
                trace => format!("/figures/{trace}"),
            },
            bar: None,
            number,
            raw: figure,
        }
    }
}

/// What a column that figures are told apart by is called: as its dataset titles it, or one that its records refer to.
pub(crate) fn dimension_title(indicator: &Indicator, column: &str, language: Language) -> String {
    let component = indicator.value.as_ref().or(indicator.numerator.as_ref());
    let Some(own) = component.and_then(|component| find(&component.dataset)) else {
        return column.to_owned();
    };
    let joined = own.fields.iter().filter_map(|field| find(&field.reference.as_ref()?.dataset));
    let field = std::iter::once(own).chain(joined).find_map(|dataset| dataset.field(column));
    field.map_or_else(|| column.to_owned(), |field| field.title.text(language).to_owned())
}

/// The name of a figure's area.
pub(crate) fn area_name(figure: &Figure, language: Language) -> String {
    match language.choose(&figure.area_name_en, &figure.area_name_zh) {
        "" if figure.area_code.is_empty() => language.choose("all areas", "全部地区").to_owned(),
        "" => figure.area_code.clone(),
        name => name.to_owned(),
    }
}

/// Gives figures that are compared their bars, if none of them is below zero.
pub(crate) fn with_bars(figures: &mut [FigureView]) {
    let numbers = || figures.iter().filter_map(|figure| figure.number);
    let Some(greatest) = numbers().max().filter(|greatest| *greatest > Decimal::ZERO) else { return };
    if numbers().any(|number| number < Decimal::ZERO) {
        return;
    }
    for figure in figures {
        let share = figure.number.map(|number| number / greatest * Decimal::ONE_HUNDRED);
        figure.bar = share.and_then(|share| u32::try_from(share.round()).ok());
    }
}

/// The marks of all figures, each once.
pub(crate) fn legend(figures: &[FigureView]) -> Vec<MarkView> {
    let mut marks: Vec<_> = figures.iter().flat_map(|figure| figure.marks.clone()).collect();
    marks.sort();
    marks.dedup();
    marks
}

/// The title of a code that protobuf numbers, in a language.
pub(crate) fn code_words(dataset: &str, field: &str, number: i32, language: Language) -> String {
    code_title(dataset, field, number).map(|title| title.text(language).to_owned()).unwrap_or_default()
}
