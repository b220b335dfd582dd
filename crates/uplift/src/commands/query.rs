//! `uplift query`: figures by area, period and dimension.

use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use clap::Args;
use uplift_client::{connect, from_status};
use uplift_core::dataset::Kind;
use uplift_core::error::Result;
use uplift_core::language::Language;
use uplift_proto::dataset::find;
use uplift_proto::figure::dimension_words;
use uplift_proto::v1::metrics::{Figure, Indicator, IndicatorQuery, StreamIndicatorsRequest};
use uplift_proto::v1::records::AreaLevel;

use crate::arguments::{Level, MetricsAddress, OutputFormat};
use crate::commands::indicators::definitions;
use crate::figure_text::{
    area, growth, interval, number, print_margin_note, print_query_note, print_simulated_note, title, unit,
    value,
};
use crate::outcome::Outcome;
use crate::terminal::{Listing, say_in};

/// Characters of the longest bar.
const BAR: f64 = 20.0;

#[derive(Debug, Args)]
pub(crate) struct QueryArgs {
    /// Indicators, for example fund.absorption or fund.absorption@1 [default: all].
    #[arg(value_name = "INDICATOR")]
    indicators: Vec<String>,
    /// Also all indicators of these sections.
    #[arg(long = "section", value_name = "SECTION")]
    sections: Vec<String>,
    /// Area code; an empty one means all areas.
    #[arg(long, value_name = "CODE", default_value = "50")]
    area: String,
    /// Also a figure for each area of this level.
    #[arg(long = "by", value_enum, value_name = "LEVEL")]
    by_level: Option<Level>,
    /// Also a figure for each value of this dimension, for example source; may be given several times.
    #[arg(long = "by-dimension", value_name = "COLUMN")]
    dimensions: Vec<String>,
    /// Periods: 2011, 2011-Q3, 2011-10, or a day, 2011-10-17, as for a balance on it.
    #[arg(long = "period", value_name = "PERIOD", required = true, value_delimiter = ',')]
    periods: Vec<String>,
    /// Of the areas or values broken down by, only so many of each indicator: the highest, the highest first.
    #[arg(long, value_name = "N", conflicts_with = "lowest", value_parser = clap::value_parser!(i32).range(1..))]
    highest: Option<i32>,
    /// The same with the lowest.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    lowest: Option<i32>,
    /// Compare with the same period of the previous year.
    #[arg(long)]
    compare: bool,
    /// Use the tables as they were at this instant, for example 2011-12-31T00:00:00Z.
    #[arg(long, value_name = "INSTANT")]
    as_of: Option<DateTime<Utc>>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    format: OutputFormat,
    #[command(flatten)]
    address: MetricsAddress,
}

pub(crate) async fn run(args: QueryArgs, language: Language) -> Result<Outcome> {
    let mut client = uplift_client::metrics(connect(&args.address.metrics_url).await?);
    let indicators = definitions(&mut client).await?;
    let query = IndicatorQuery {
        mark_under_query: true,
        indicators: args.indicators,
        sections: args.sections,
        area_code: args.area,
        by_level: args.by_level.map_or(AreaLevel::Unspecified, Into::into).into(),
        periods: args.periods,
        dimensions: args.dimensions.clone(),
        compare_previous_year: args.compare,
        highest: args.highest.unwrap_or_default(),
        lowest: args.lowest.unwrap_or_default(),
        table_versions: HashMap::new(),
        as_of: args.as_of.map(|instant| SystemTime::from(instant).into()),
    };
    let request = StreamIndicatorsRequest { query: Some(query) };
    let mut answers = client.stream_indicators(request).await.map_err(|s| from_status(&s))?.into_inner();
    let mut figures = Vec::new();
    while let Some(answer) = answers.message().await.map_err(|s| from_status(&s))? {
        figures.extend(answer.figures);
    }
    if let Some(figure) = figures.iter().find(|f| !f.area_code.is_empty())
        && figures.iter().all(|f| f.value.is_none() && f.area_name_en.is_empty() && f.area_name_zh.is_empty())
    {
        let code = &figure.area_code;
        eprintln!(
            "{}",
            match language {
                Language::En =>
                    format!("Area {code} is not on record; import the areas, or correct the code."),
                Language::Zh => format!("没有地区{code}的记录；请先导入行政区划，或改正代码。"),
            }
        );
    }
    let listing = match args.format {
        OutputFormat::Table => {
            FigureTable::new(&figures, &indicators, &args.dimensions, args.compare, language).listing()
        }
        OutputFormat::Json | OutputFormat::Csv => plain(&figures, &args.dimensions),
    };
    listing.print(args.format)?;
    if args.format == OutputFormat::Table {
        print_simulated_note(&figures, language);
        print_margin_note(&figures, language);
        print_query_note(&figures, language);
        print_above_note(&figures, &indicators, language);
    }
    Ok(Outcome::Done)
}

/// What is recorded above the level that areas are told apart by.
fn print_above_note(figures: &[Figure], indicators: &BTreeMap<String, Indicator>, language: Language) {
    for figure in figures.iter().filter(|figure| !figure.recorded_above.is_empty()) {
        let title = title(figure, indicators.get(&figure.indicator_id), language);
        let whole = Figure { value: figure.recorded_above.parse().ok(), ..figure.clone() };
        let (value, unit, period) = (value(&whole, language), unit(&whole, language), &figure.period);
        let area = area(figure, language);
        let groups: Vec<_> = figure.dimensions.keys().map(|d| dimension_words(figure, d, language)).collect();
        let of = if groups.is_empty() { String::new() } else { format!(" ({})", groups.join(", ")) };
        let mark = if figure.simulated { "*" } else { "" };
        say_in!(
            language,
            "recorded above this level, in {area} and none of the areas listed: {title}{of}, {period}: {value}{mark} {unit}",
            "记于此级以上（{area}），不在所列各地区：{title}{of}，{period}：{value}{mark}{unit}"
        );
    }
}

/// Figures for reading: with a bar each, its length in proportion within the indicator.
struct FigureTable<'a> {
    figures: &'a [Figure],
    indicators: &'a BTreeMap<String, Indicator>,
    dimensions: &'a [String],
    compare: bool,
    language: Language,
    /// Digits of the code of the whole area, if areas inside are listed beside it: on one scale with the
    /// whole, their bars would be too short to compare.
    whole: Option<usize>,
}

impl<'a> FigureTable<'a> {
    fn new(
        figures: &'a [Figure],
        indicators: &'a BTreeMap<String, Indicator>,
        dimensions: &'a [String],
        compare: bool,
        language: Language,
    ) -> Self {
        let lengths = || figures.iter().map(|f| f.area_code.len());
        let whole = lengths().min().filter(|shortest| lengths().max() != Some(*shortest));
        Self { figures, indicators, dimensions, compare, language, whole }
    }

    fn listing(&self) -> Listing<'static> {
        // A single figure of an indicator has nothing to be compared with by length.
        let bars = self.figures.windows(2).any(|pair| pair[0].indicator_id == pair[1].indicator_id);
        let intervals = self.figures.iter().any(|f| f.uncertainty.is_some());
        let longest = self.longest();
        let row = |f: &Figure| {
            let mut row = self.label(f);
            let mark = [if f.under_query { "†" } else { "" }, if f.simulated { "*" } else { "" }].concat();
            row.extend([value(f, self.language) + &mark, unit(f, self.language)]);
            row.extend(bars.then(|| "▇".repeat(self.bar_length(f, &longest))));
            row.extend(intervals.then(|| interval(f, self.language)));
            if self.compare {
                row.extend([number(f.previous, &f.unit, self.language), growth(f, self.language)]);
            }
            row
        };
        let rows = self.figures.iter().map(row).collect();
        let (columns, numbers) = self.columns(bars, intervals);
        Listing { columns, numbers, rows }
    }

    /// Names of columns, and which of them hold numbers.
    fn columns(&self, bars: bool, intervals: bool) -> (Vec<&'static str>, Vec<usize>) {
        let language = self.language;
        let mut columns = match language {
            Language::En => vec!["indicator", "period", "area"],
            Language::Zh => vec!["指标", "时期", "地区"],
        };
        columns.extend(self.dimensions.iter().map(|_| language.choose("group", "分组")));
        let mut numbers = vec![columns.len()];
        columns.extend([language.choose("value", "数值"), language.choose("unit", "单位")]);
        columns.extend(bars.then_some(""));
        if intervals {
            numbers.push(columns.len());
            columns.push(language.choose("95% interval", "95%置信区间"));
        }
        if self.compare {
            numbers.extend([columns.len(), columns.len() + 1]);
            columns.extend([language.choose("year before", "上年"), language.choose("change", "增减")]);
        }
        (columns, numbers)
    }

    fn label(&self, figure: &Figure) -> Vec<String> {
        let indicator = self.indicators.get(&figure.indicator_id);
        let mut label =
            vec![title(figure, indicator, self.language), figure.period.clone(), area(figure, self.language)];
        label.extend(self.dimensions.iter().map(|d| dimension_words(figure, d, self.language)));
        label
    }

    fn is_whole(&self, figure: &Figure) -> bool {
        self.whole == Some(figure.area_code.len())
    }

    /// The largest value of each indicator, of the whole and of the areas inside.
    fn longest(&self) -> HashMap<(&str, bool), f64> {
        let mut longest: HashMap<(&str, bool), f64> = HashMap::new();
        for figure in self.figures {
            let key = (figure.indicator_id.as_str(), self.is_whole(figure));
            let most = longest.entry(key).or_default();
            *most = most.max(figure.value.unwrap_or_default().abs());
        }
        longest
    }

    fn bar_length(&self, figure: &Figure, longest: &HashMap<(&str, bool), f64>) -> usize {
        let key = (figure.indicator_id.as_str(), self.is_whole(figure));
        let most = longest.get(&key).copied().filter(|most| *most > 0.0);
        let length = figure.value.zip(most).map(|(value, most)| value.abs() / most * BAR);
        length.unwrap_or_default().round() as usize
    }
}

/// Figures for programs: every digit, nothing rounded.
fn plain<'a>(figures: &[Figure], dimensions: &'a [String]) -> Listing<'a> {
    let mut columns = vec!["indicator", "version", "area_code", "area_en", "area_zh", "period"];
    columns.extend(dimensions.iter().map(String::as_str));
    columns.extend(["value", "unit", "records", "standard_error", "low", "high", "sample_size"]);
    columns.extend(["previous", "change", "change_standard_error", "target", "simulated"]);
    columns.extend(["household_record", "under_query", "recorded_above", "trace"]);
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
        let uncertainty = f.uncertainty.unwrap_or_default();
        row.extend([
            f.exact_value.clone(),
            f.unit.clone(),
            f.records.to_string(),
            optional(uncertainty.standard_error),
            optional(uncertainty.low),
            optional(uncertainty.high),
            f.uncertainty.map(|u| u.sample_size.to_string()).unwrap_or_default(),
            optional(f.previous),
            optional(f.change),
            optional(f.change_uncertainty.and_then(|u| u.standard_error)),
            optional(f.target),
            f.simulated.to_string(),
            household_record(f),
            f.under_query.to_string(),
            f.recorded_above.clone(),
            f.trace.clone(),
        ]);
        row
    };
    Listing { columns, numbers: Vec::new(), rows: figures.iter().map(row).collect() }
}

/// register or survey, of figures of households.
fn household_record(figure: &Figure) -> String {
    let Some(Kind::Code(codes)) = find("household").and_then(|d| d.field("record")).map(|f| &f.kind) else {
        return String::new();
    };
    let code = codes.iter().find(|code| code.number == figure.household_record);
    code.map(|code| code.stored.clone()).unwrap_or_default()
}
