//! `uplift query`.

use std::collections::{BTreeMap, HashMap};

use rust_decimal::Decimal;
use uplift_core::error::Result;
use uplift_core::number::{grouped, readable};
use uplift_proto::dataset::find;
use uplift_proto::status::from_status;
use uplift_proto::v1::metrics::metrics_service_client::MetricsServiceClient;
use uplift_proto::v1::metrics::{Figure, Indicator, IndicatorQuery, StreamIndicatorsRequest};
use uplift_proto::v1::records::AreaLevel;

use crate::cli::{Format, Language, Level, Query};
use crate::commands::indicators::definitions;
use crate::commands::{Outcome, connect};
use crate::node::MAX_MESSAGE;
use crate::terminal::{Listing, say};

/// Characters of the longest bar.
const BAR: f64 = 20.0;

/// Asks for figures and prints them.
pub async fn run(options: Query, language: Language) -> Result<Outcome> {
    let channel = connect(&options.metrics_url).await?;
    let mut client = MetricsServiceClient::new(channel).max_decoding_message_size(MAX_MESSAGE);
    let indicators = definitions(&mut client).await?;
    let query = IndicatorQuery {
        indicators: options.indicators,
        sections: options.sections,
        area_code: options.area,
        by: options.by.map_or(AreaLevel::Unspecified, Into::into).into(),
        periods: options.periods,
        dimensions: options.dimensions.clone(),
        compare: options.compare,
        table_versions: HashMap::new(),
        as_of: options.as_of.map(|t| prost_types::Timestamp {
            seconds: t.timestamp(),
            nanos: t.timestamp_subsec_nanos() as i32,
        }),
    };
    let asked = StreamIndicatorsRequest { query: Some(query) };
    let mut answers = client.stream_indicators(asked).await.map_err(|s| from_status(&s))?.into_inner();
    let mut figures = Vec::new();
    while let Some(answer) = answers.message().await.map_err(|s| from_status(&s))? {
        figures.extend(answer.figures);
    }
    let listing = match options.format {
        Format::Table => table(&figures, &indicators, &options.dimensions, options.compare, language),
        Format::Json | Format::Csv => plain(&figures, &options.dimensions),
    };
    listing.print(options.format)?;
    if figures.iter().any(|f| f.simulated) && options.format == Format::Table {
        say!("{}", language.of("* from simulated records", "* 含模拟数据"));
    }
    Ok(Outcome::Done)
}

/// Figures for reading: with a bar each, its length in proportion within the indicator.
fn table(
    figures: &[Figure],
    indicators: &BTreeMap<String, Indicator>,
    dimensions: &[String],
    compare: bool,
    language: Language,
) -> Listing<'static> {
    let mut columns = match language {
        Language::En => vec!["indicator", "period", "area"],
        Language::Zh => vec!["指标", "时期", "地区"],
    };
    columns.extend(dimensions.iter().map(|_| language.of("of", "分组")));
    columns.extend(match language {
        Language::En => ["value", "unit"],
        Language::Zh => ["数值", "单位"],
    });
    let value_at = columns.len() - 2;
    // One figure of an indicator alone has nothing to be longer than.
    let several = figures.windows(2).any(|pair| pair[0].indicator_id == pair[1].indicator_id);
    columns.extend(several.then_some(""));
    let sampled = figures.iter().any(|f| f.uncertainty.is_some());
    let sampled_at = columns.len();
    columns.extend(sampled.then_some(language.of("95% interval", "95%置信区间")));
    let compared_at = columns.len();
    if compare {
        columns.extend(match language {
            Language::En => ["year before", "change"],
            Language::Zh => ["上年", "增减"],
        });
    }
    // The area itself, beside places of it: its bar would make theirs too short to compare.
    let lengths = || figures.iter().map(|f| f.area_code.len());
    let (shortest, broken_down) = (lengths().min(), lengths().min() != lengths().max());
    let is_whole = |f: &Figure| broken_down && Some(f.area_code.len()) == shortest;
    let mut longest: HashMap<(&str, bool), f64> = HashMap::new();
    for figure in figures {
        let most = longest.entry((&figure.indicator_id, is_whole(figure))).or_default();
        *most = most.max(figure.value.unwrap_or_default().abs());
    }
    let row = |f: &Figure| {
        let indicator = indicators.get(&f.indicator_id);
        let mut row = vec![
            indicator.map_or(f.indicator_id.clone(), |i| language.of(&i.title_en, &i.title_zh).to_owned()),
            f.period.clone(),
            area(f, language),
        ];
        let dataset = indicator.and_then(|i| i.value.as_ref().or(i.numerator.as_ref()));
        let dataset = dataset.map(|c| c.dataset.clone()).unwrap_or_default();
        row.extend(dimensions.iter().map(|d| code(&dataset, d, f.dimensions.get(d), language)));
        let most = longest.get(&(f.indicator_id.as_str(), is_whole(f))).copied().unwrap_or_default();
        let length = f.value.map_or(0.0, |v| if most > 0.0 { v.abs() / most * BAR } else { 0.0 });
        let mark = if f.simulated { "*" } else { "" };
        row.extend([value(f, language) + mark, f.unit.clone()]);
        row.extend(several.then(|| "▇".repeat(length.round() as usize)));
        row.extend(sampled.then(|| interval(f, language)));
        if compare {
            row.extend([number(f.previous, &f.unit, language), growth(f)]);
        }
        row
    };
    let mut numbers = vec![value_at];
    numbers.extend(sampled.then_some(sampled_at));
    numbers.extend(compare.then_some([compared_at, compared_at + 1]).into_iter().flatten());
    Listing { columns, numbers, rows: figures.iter().map(row).collect() }
}

/// Figures for programs: every digit, nothing rounded.
fn plain<'a>(figures: &[Figure], dimensions: &'a [String]) -> Listing<'a> {
    let mut columns = vec!["indicator", "version", "area_code", "area_en", "area_zh", "period"];
    columns.extend(dimensions.iter().map(String::as_str));
    columns.extend(["value", "unit", "records", "standard_error", "low", "high", "sample_size"]);
    columns.extend(["previous", "change", "change_standard_error", "target", "simulated", "trace"]);
    let optional = |n: Option<f64>| n.map(|n| n.to_string()).unwrap_or_default();
    let row = |f: &Figure| {
        let mut row = vec![
            f.indicator_id.clone(),
            f.definition_version.to_string(),
            f.area_code.clone(),
            f.area_name_en.clone(),
            f.area_name_zh.clone(),
            f.period.clone(),
        ];
        row.extend(dimensions.iter().map(|d| f.dimensions.get(d).cloned().unwrap_or_default()));
        let sure = f.uncertainty.unwrap_or_default();
        row.extend([
            f.exact.clone(),
            f.unit.clone(),
            f.records.to_string(),
            optional(sure.standard_error),
            optional(sure.low),
            optional(sure.high),
            f.uncertainty.map(|s| s.sample_size.to_string()).unwrap_or_default(),
            optional(f.previous),
            optional(f.change),
            optional(f.change_uncertainty.and_then(|s| s.standard_error)),
            optional(f.target),
            f.simulated.to_string(),
            f.trace.clone(),
        ]);
        row
    };
    Listing { columns, numbers: Vec::new(), rows: figures.iter().map(row).collect() }
}

fn code(dataset: &str, column: &str, stored: Option<&String>, language: Language) -> String {
    let stored = stored.map(String::as_str).unwrap_or_default();
    let field = find(dataset).and_then(|d| d.field(column));
    let title = match field.map(|f| &f.kind) {
        Some(uplift_core::dataset::Kind::Code(codes)) => codes.iter().find(|c| c.stored == stored),
        _ => None,
    };
    title.map_or(stored.to_owned(), |c| language.of(&c.title.en, &c.title.zh).to_owned())
}

/// Name of a figure's area, or its code.
pub fn area(figure: &Figure, language: Language) -> String {
    match language.of(&figure.area_name_en, &figure.area_name_zh) {
        "" if figure.area_code.is_empty() => language.of("everywhere", "全部").to_owned(),
        "" => figure.area_code.clone(),
        name => name.to_owned(),
    }
}

/// A figure's value as people write it.
pub fn value(figure: &Figure, language: Language) -> String {
    number(figure.value, &figure.unit, language)
}

/// The confidence interval of a figure from a sample.
fn interval(figure: &Figure, language: Language) -> String {
    let ends = figure.uncertainty.and_then(|s| s.low.zip(s.high));
    let end = |end| number(Some(end), &figure.unit, language);
    ends.map(|(low, high)| format!("{} – {}", end(low), end(high))).unwrap_or_default()
}

/// A number in a unit as people write it: percentages to a tenth, the rest to six digits.
pub fn number(value: Option<f64>, unit: &str, language: Language) -> String {
    let Some(decimal) = value.and_then(Decimal::from_f64_retain) else { return "–".to_owned() };
    match unit {
        "percent" => format!("{}%", grouped(decimal.round_dp(1).normalize())),
        _ => readable(decimal, language.into()),
    }
}

/// The change on the year before, in percent.
pub fn growth(figure: &Figure) -> String {
    let Some(growth) = figure.growth_percent.and_then(Decimal::from_f64_retain) else {
        return "–".to_owned();
    };
    let growth = growth.round_dp(1).normalize();
    let sign = if growth.is_sign_positive() && !growth.is_zero() { "+" } else { "" };
    format!("{sign}{}%", grouped(growth))
}

impl From<Level> for AreaLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Province => Self::Province,
            Level::Prefecture => Self::Prefecture,
            Level::County => Self::County,
            Level::Township => Self::Township,
            Level::Village => Self::Village,
        }
    }
}
