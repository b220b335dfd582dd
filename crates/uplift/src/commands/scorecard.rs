//! `uplift scorecard`: the year at a glance.

use std::collections::BTreeMap;

use clap::Args;
use uplift_client::{MetricsClient, connect, from_status};
use uplift_core::error::Result;
use uplift_core::format::printed;
use uplift_core::language::Language;
use uplift_proto::dataset::code_title;
use uplift_proto::figure::is_yearly;
use uplift_proto::v1::metrics::{
    Figure, Indicator, IndicatorQuery, PublishedValue, QueryIndicatorsRequest, Verdict,
};
use uplift_proto::v1::records::Statistic;

use crate::arguments::{MetricsAddress, OutputFormat};
use crate::commands::indicators::definitions;
use crate::figure_text::{
    growth, number, print_agreement_note, print_margin_note, print_simulated_note, title, unit, value,
};
use crate::outcome::Outcome;
use crate::terminal::Listing;

#[derive(Debug, Args)]
pub(crate) struct ScorecardArgs {
    /// Area code.
    #[arg(long, value_name = "CODE", default_value = "50")]
    area: String,
    /// Year, quarter or month.
    #[arg(long, value_name = "PERIOD", default_value = "2011")]
    period: String,
    /// Output format.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    format: OutputFormat,
    #[command(flatten)]
    address: MetricsAddress,
}

pub(crate) async fn run(args: ScorecardArgs, language: Language) -> Result<Outcome> {
    let mut client = uplift_client::metrics(connect(&args.address.metrics_url).await?);
    let (figures, indicators) = figures(&mut client, &args.area, &args.period).await?;
    listing(&figures, &indicators, language).print(args.format)?;
    if args.format == OutputFormat::Table {
        print_simulated_note(&figures, language);
        print_margin_note(&figures, language);
        print_agreement_note(&figures, language);
    }
    Ok(Outcome::Done)
}

/// The figures of the scorecard, in its order, and the definitions of indicators.
pub(crate) async fn figures(
    client: &mut MetricsClient,
    area: &str,
    period: &str,
) -> Result<(Vec<Figure>, BTreeMap<String, Indicator>)> {
    let indicators = definitions(client).await?;
    // What is known for whole years has no value for a part of one.
    let part_of_year = period.contains('-');
    let mut listed: Vec<_> = indicators.values().filter(|i| i.scorecard > 0).collect();
    listed.retain(|i| !(part_of_year && is_yearly(i)));
    listed.sort_by_key(|i| i.scorecard);
    let query = IndicatorQuery {
        indicators: listed.iter().map(|i| i.indicator_id.clone()).collect(),
        area_code: area.to_owned(),
        periods: vec![period.to_owned()],
        compare_previous_year: true,
        ..IndicatorQuery::default()
    };
    let request = QueryIndicatorsRequest { query: Some(query), ..Default::default() };
    let answer = client.query_indicators(request).await.map_err(|s| from_status(&s))?.into_inner();
    Ok((answer.figures, indicators))
}

/// Figures of a scorecard as rows.
pub(crate) fn listing(
    figures: &[Figure],
    indicators: &BTreeMap<String, Indicator>,
    language: Language,
) -> Listing<'static> {
    let row = |f: &Figure| {
        let indicator = indicators.get(&f.indicator_id);
        let mark = if f.simulated { "*" } else { "" };
        vec![
            title(f, indicator, language),
            value(f, language) + mark,
            unit(f, language),
            number(f.target, &f.unit, language),
            number(f.target_share_percent, "percent", language),
            number(f.previous, &f.unit, language),
            growth(f, language),
            published(f, language),
        ]
    };
    let columns = match language {
        Language::En => {
            vec!["", "actual", "unit", "target", "achieved", "year before", "change", "published"]
        }
        Language::Zh => vec!["", "实际值", "单位", "目标值", "完成率", "上年", "增减", "公布值"],
    };
    Listing { columns, numbers: vec![1, 3, 4, 5, 6], rows: figures.iter().map(row).collect() }
}

fn published(figure: &Figure, language: Language) -> String {
    let text = |p: &PublishedValue| {
        let mark = match p.verdict() {
            // The simulation takes its totals from what was published.
            Verdict::Consistent if figure.simulated => "=†",
            Verdict::Consistent => "=",
            Verdict::Inconsistent => "≠",
            Verdict::Undetermined | Verdict::Unspecified => {
                language.choose("published, no records:", "已公布，无记录：")
            }
        };
        let qualifier = code_title("statement", "qualifier", p.qualifier);
        let qualifier = qualifier.map(|title| format!("{} ", title.text(language))).unwrap_or_default();
        let of_change = [Statistic::Change, Statistic::Growth].contains(&p.statistic());
        let statistic = code_title("statement", "statistic", p.statistic).filter(|_| of_change);
        let qualifier =
            statistic.map(|title| format!("{} {qualifier}", title.text(language))).unwrap_or(qualifier);
        // Some documents print growth without its sign.
        let percent = p.statistic() == Statistic::Growth && !p.printed.ends_with(['%', '％']);
        let sign = if percent { "%" } else { "" };
        format!("{mark} {qualifier}{}{sign}", printed(&p.printed, language))
    };
    let mut texts: Vec<_> = figure.published.iter().map(text).collect();
    texts.dedup();
    texts.join(", ")
}
