//! `uplift scorecard`: the year at a glance.

use std::collections::BTreeMap;

use tonic::transport::Channel;
use uplift_core::error::Result;
use uplift_proto::dataset::code_title;
use uplift_proto::status::from_status;
use uplift_proto::v1::metrics::metrics_service_client::MetricsServiceClient;
use uplift_proto::v1::metrics::{Figure, Indicator, IndicatorQuery, QueryIndicatorsRequest, Verdict};

use crate::cli::{Language, Scorecard};
use crate::commands::indicators::definitions;
use crate::commands::query::{growth, number, value};
use crate::commands::{Outcome, connect};
use crate::node::MAX_MESSAGE;
use crate::terminal::Listing;

/// Prints the scorecard of an area and a period.
pub async fn run(options: Scorecard, language: Language) -> Result<Outcome> {
    let channel = connect(&options.metrics_url).await?;
    let mut client = MetricsServiceClient::new(channel).max_decoding_message_size(MAX_MESSAGE);
    let (figures, indicators) = figures(&mut client, &options.area, &options.period).await?;
    listing(&figures, &indicators, language).print(options.format)?;
    Ok(Outcome::Done)
}

/// The figures of the scorecard, in its order, and the definitions of indicators.
pub async fn figures(
    client: &mut MetricsServiceClient<Channel>,
    area: &str,
    period: &str,
) -> Result<(Vec<Figure>, BTreeMap<String, Indicator>)> {
    let indicators = definitions(client).await?;
    let mut shown: Vec<_> = indicators.values().filter(|i| i.scorecard > 0).collect();
    shown.sort_by_key(|i| i.scorecard);
    let query = IndicatorQuery {
        indicators: shown.iter().map(|i| i.indicator_id.clone()).collect(),
        area_code: area.to_owned(),
        periods: vec![period.to_owned()],
        compare: true,
        ..IndicatorQuery::default()
    };
    let asked = QueryIndicatorsRequest { query: Some(query), ..Default::default() };
    let answer = client.query_indicators(asked).await.map_err(|s| from_status(&s))?.into_inner();
    Ok((answer.figures, indicators))
}

/// Figures of a scorecard as rows.
pub fn listing(
    figures: &[Figure],
    indicators: &BTreeMap<String, Indicator>,
    language: Language,
) -> Listing<'static> {
    let row = |f: &Figure| {
        let title = indicators.get(&f.indicator_id).map(|i| language.of(&i.title_en, &i.title_zh).to_owned());
        let mark = if f.simulated { "*" } else { "" };
        vec![
            title.unwrap_or_default(),
            value(f, language) + mark,
            f.unit.clone(),
            number(f.target, &f.unit, language),
            number(f.target_share_percent, "percent", language),
            number(f.previous, &f.unit, language),
            growth(f),
            published(f, language),
        ]
    };
    let columns = match language {
        Language::En => vec!["", "actual", "unit", "target", "of it", "last year", "change", "published"],
        Language::Zh => vec!["", "实际", "单位", "目标", "完成", "上年", "增减", "公布"],
    };
    Listing { columns, numbers: vec![1, 3, 4, 5, 6], rows: figures.iter().map(row).collect() }
}

fn published(figure: &Figure, language: Language) -> String {
    let one = |p: &uplift_proto::v1::metrics::PublishedValue| {
        let mark = match p.verdict() {
            Verdict::Consistent => "=",
            Verdict::Inconsistent => "≠",
            Verdict::Undetermined | Verdict::Unspecified => language.of("no records for", "无记录："),
        };
        let qualifier = code_title("statement", "qualifier", p.qualifier);
        let qualifier = qualifier.map(|t| format!("{} ", language.of(&t.en, &t.zh))).unwrap_or_default();
        format!("{mark} {qualifier}{}", p.printed)
    };
    let mut said: Vec<_> = figure.published.iter().map(one).collect();
    said.dedup();
    said.join(", ")
}
