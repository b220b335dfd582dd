//! Figures as people write them.

use rust_decimal::Decimal;
use uplift_core::format::{grouped, readable};
use uplift_core::language::Language;
use uplift_core::printed::PERCENT;
use uplift_core::unit::{is_rate, unit_name};
use uplift_proto::dataset::code_title;
use uplift_proto::v1::metrics::{Figure, Indicator, Verdict};

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
        PERCENT => format!("{}%", grouped(decimal.round_dp(1).normalize())),
        _ => readable(decimal, language),
    }
}

/// An estimate in a unit: no fractions of what is above a hundred.
pub(crate) fn rounded(value: f64, unit: &str, language: Language) -> String {
    let digits = if value.abs() >= 100.0 { value.round() } else { (value * 10.0).round() / 10.0 };
    number(Some(digits), unit, language)
}

/// The change since the year before: of a rate in percentage points, of anything else in percent.
pub(crate) fn growth(figure: &Figure, language: Language) -> String {
    let (change, unit) = if is_rate(&figure.unit) {
        (figure.change, language.choose(" points", "个百分点"))
    } else {
        (figure.growth_percent, "%")
    };
    let Some(change) = change.and_then(Decimal::from_f64_retain) else {
        return "–".to_owned();
    };
    let change = change.round_dp(1).normalize();
    if figure.change_within_margin {
        // Nothing but chance may lie between the two.
        return "≈".to_owned();
    }
    let sign = if change.is_sign_positive() && !change.is_zero() { "+" } else { "" };
    format!("{sign}{}{unit}", grouped(change))
}

/// The word for a figure's unit; percentages have it at the number.
pub(crate) fn unit(figure: &Figure, language: Language) -> String {
    if figure.unit == PERCENT { String::new() } else { unit_name(&figure.unit, language).to_owned() }
}

/// The title of a figure, with the kind of households that it is of.
pub(crate) fn title(figure: &Figure, indicator: Option<&Indicator>, language: Language) -> String {
    let title = indicator.map_or(figure.indicator_id.as_str(), |i| language.choose(&i.title_en, &i.title_zh));
    match code_title("household", "record", figure.household_record) {
        Some(kind) if language == Language::En => format!("{title} ({})", kind.en),
        Some(kind) => format!("{title}（{}）", kind.zh),
        None => title.to_owned(),
    }
}

/// Prints what the mark of simulated figures means, below a table that has some.
pub(crate) fn print_simulated_note(figures: &[Figure], language: Language) {
    if figures.iter().any(|f| f.simulated) {
        say!("{}", language.choose("* from simulated records", "* 据模拟数据"));
    }
}

/// Prints what the sign of a change within its margin of error means, below a table that has one.
pub(crate) fn print_margin_note(figures: &[Figure], language: Language) {
    if figures.iter().any(|f| f.change_within_margin) {
        say!(
            "{}",
            language.choose("≈ no clear change: within the margin of error", "≈ 无明显变化：在误差范围内")
        );
    }
}

/// Prints what the mark of figures under query means, below a table that has some.
pub(crate) fn print_query_note(figures: &[Figure], language: Language) {
    if figures.iter().any(|f| f.under_query) {
        say!(
            "{}",
            language.choose(
                "† under query: what it counts has an open finding; uplift trace tells which",
                "† 存疑：所涉项目、资金、机构或村的问题尚未整改，uplift trace可查看"
            )
        );
    }
}

/// Says that simulated figures agree with published ones because they were made from them.
pub(crate) fn print_agreement_note(figures: &[Figure], language: Language) {
    let agrees = |f: &Figure| f.published.iter().any(|p| p.verdict() == Verdict::Consistent);
    if figures.iter().any(|f| f.simulated && agrees(f)) {
        say!(
            "{}",
            language.choose(
                "† agreement is built in, and so are targets that are met exactly: the simulation takes the published totals",
                "† 模拟数据按公布的总量生成，与公布值相符、目标恰好完成均为预设，不构成印证"
            )
        );
    }
}
