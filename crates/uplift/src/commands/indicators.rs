//! `uplift indicators`.

use std::collections::BTreeMap;

use tonic::transport::Channel;
use uplift_core::error::Result;
use uplift_proto::status::from_status;
use uplift_proto::v1::metrics::metrics_service_client::MetricsServiceClient;
use uplift_proto::v1::metrics::{Component, GetIndicatorRequest, Indicator, ListIndicatorsRequest};

use crate::cli::{Indicators, Language};
use crate::commands::{Outcome, connect};
use crate::node::MAX_MESSAGE;
use crate::terminal::{Listing, say};

/// Lists indicators, or tells how one is defined.
pub async fn run(options: Indicators, language: Language) -> Result<Outcome> {
    let channel = connect(&options.metrics_url).await?;
    let mut client = MetricsServiceClient::new(channel).max_decoding_message_size(MAX_MESSAGE);
    if let Some(indicator) = options.indicator {
        let asked = GetIndicatorRequest { indicator };
        let answer = client.get_indicator(asked).await.map_err(|s| from_status(&s))?.into_inner();
        answer.history.iter().for_each(|definition| describe(definition, language));
        return Ok(Outcome::Done);
    }
    let asked = ListIndicatorsRequest { section: options.section };
    let answer = client.list_indicators(asked).await.map_err(|s| from_status(&s))?.into_inner();
    let row = |i: &Indicator| {
        vec![
            i.section.clone(),
            i.indicator_id.clone(),
            language.of(&i.title_en, &i.title_zh).to_owned(),
            i.unit.clone(),
            i.dimensions.join(", "),
        ]
    };
    let columns = match language {
        Language::En => vec!["section", "indicator", "title", "unit", "dimensions"],
        Language::Zh => vec!["部分", "指标", "名称", "单位", "维度"],
    };
    let rows = answer.indicators.iter().map(row).collect();
    Listing { columns, numbers: Vec::new(), rows }.print(options.format)?;
    answer.problems.iter().for_each(|problem| eprintln!("does not count: {problem}"));
    Ok(if answer.problems.is_empty() { Outcome::Done } else { Outcome::FoundWrong })
}

/// Every indicator's newest definition, by id.
pub async fn definitions(client: &mut MetricsServiceClient<Channel>) -> Result<BTreeMap<String, Indicator>> {
    let asked = ListIndicatorsRequest::default();
    let answer = client.list_indicators(asked).await.map_err(|s| from_status(&s))?.into_inner();
    Ok(answer.indicators.into_iter().map(|i| (i.indicator_id.clone(), i)).collect())
}

/// Prints how an indicator is defined.
pub fn describe(indicator: &Indicator, language: Language) {
    let title = language.of(&indicator.title_en, &indicator.title_zh);
    say!("{}@{}  {title} ({})", indicator.indicator_id, indicator.version, indicator.unit);
    say!("  {}", language.of(&indicator.definition_en, &indicator.definition_zh));
    if !indicator.changed.is_empty() {
        say!("  changed: {}", indicator.changed);
    }
    let parts = [
        ("value", &indicator.value),
        ("numerator", &indicator.numerator),
        ("denominator", &indicator.denominator),
    ];
    for (name, part) in parts {
        if let Some(part) = part {
            say!("  {name}: {}", component(part));
        }
    }
    if indicator.scale != 1 {
        say!("  times {}", indicator.scale);
    }
}

fn component(part: &Component) -> String {
    let condition = if part.r#where.is_empty() { String::new() } else { format!(" where {}", part.r#where) };
    let time = if part.stock { "up to the end of the period, by" } else { "in the period, by" };
    format!("{} of {}{condition}; {time} {}", part.measure, part.dataset, part.period)
}
