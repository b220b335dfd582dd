//! `uplift indicators`: what can be queried, and how one is defined.

use std::collections::BTreeMap;

use clap::Args;
use uplift_client::{MetricsClient, connect, from_status};
use uplift_core::error::Result;
use uplift_core::language::Language;
use uplift_core::unit::unit_name;
use uplift_proto::v1::metrics::{Component, GetIndicatorRequest, Indicator, ListIndicatorsRequest};

use crate::arguments::{MetricsAddress, OutputFormat};
use crate::outcome::Outcome;
use crate::terminal::{Listing, message, say, say_in};

#[derive(Debug, Args)]
pub(crate) struct IndicatorsArgs {
    /// Show how this one is defined, and its earlier definitions.
    #[arg(value_name = "ID")]
    indicator: Option<String>,
    /// Only this section of the annual report.
    #[arg(long, value_name = "SECTION", default_value = "")]
    section: String,
    /// Output format.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    format: OutputFormat,
    #[command(flatten)]
    address: MetricsAddress,
}

pub(crate) async fn run(args: IndicatorsArgs, language: Language) -> Result<Outcome> {
    let mut client = uplift_client::metrics(connect(&args.address.metrics_url).await?);
    if let Some(indicator) = args.indicator {
        let request = GetIndicatorRequest { indicator };
        let answer = client.get_indicator(request).await.map_err(|s| from_status(&s))?.into_inner();
        answer.history.iter().for_each(|definition| describe(definition, language));
        return Ok(Outcome::Done);
    }
    let request = ListIndicatorsRequest { section: args.section };
    let answer = client.list_indicators(request).await.map_err(|s| from_status(&s))?.into_inner();
    let row = |i: &Indicator| {
        vec![
            i.section.clone(),
            i.indicator_id.clone(),
            language.choose(&i.title_en, &i.title_zh).to_owned(),
            unit_name(&i.unit, language).to_owned(),
            i.dimensions.join(", "),
        ]
    };
    let columns = match language {
        Language::En => vec!["section", "indicator", "title", "unit", "dimensions"],
        Language::Zh => vec!["部分", "指标", "名称", "单位", "维度"],
    };
    let rows = answer.indicators.iter().map(row).collect();
    Listing { columns, numbers: Vec::new(), rows }.print(args.format)?;
    answer.problems.iter().for_each(|problem| eprintln!("not loaded: {problem}"));
    Ok(if answer.problems.is_empty() { Outcome::Done } else { Outcome::ProblemsFound })
}

/// Every indicator's newest definition, by id.
pub(crate) async fn definitions(client: &mut MetricsClient) -> Result<BTreeMap<String, Indicator>> {
    let request = ListIndicatorsRequest::default();
    let answer = client.list_indicators(request).await.map_err(|s| from_status(&s))?.into_inner();
    Ok(answer.indicators.into_iter().map(|i| (i.indicator_id.clone(), i)).collect())
}

/// Prints how an indicator is defined.
pub(crate) fn describe(indicator: &Indicator, language: Language) {
    let title = language.choose(&indicator.title_en, &indicator.title_zh);
    let unit = unit_name(&indicator.unit, language);
    say!("{}@{}  {title} ({unit})", indicator.indicator_id, indicator.version);
    say!("  {}", language.choose(&indicator.definition_en, &indicator.definition_zh));
    if !indicator.changed.is_empty() {
        say_in!(language, "  changed: {}", "  变更：{}", message(&indicator.changed, language));
    }
    if !indicator.source.is_empty() {
        say_in!(language, "  source: {}", "  定义出处：{}", message(&indicator.source, language));
    }
    let parts = [
        (language.choose("value", "数值"), &indicator.value),
        (language.choose("numerator", "分子"), &indicator.numerator),
        (language.choose("denominator", "分母"), &indicator.denominator),
    ];
    for (name, part) in parts {
        if let Some(part) = part {
            say!("  {name}{}{}", language.choose(": ", "："), component(part, language));
        }
    }
    if indicator.scale != 1 {
        say_in!(language, "  times {}", "  乘以{}", indicator.scale);
    }
}

fn component(component: &Component, language: Language) -> String {
    let Component { measure, dataset, period, .. } = component;
    let condition = match component.r#where.as_str() {
        "" => String::new(),
        condition => format!("{}{condition}", language.choose(" where ", "，条件 ")),
    };
    match (language, component.stock) {
        (Language::En, true) => {
            format!("{measure} of {dataset}{condition}; up to the end of the period, by {period}")
        }
        (Language::En, false) => format!("{measure} of {dataset}{condition}; in the period, by {period}"),
        (Language::Zh, true) => format!("{dataset}的 {measure}{condition}；截至期末，按 {period}"),
        (Language::Zh, false) => format!("{dataset}的 {measure}{condition}；当期，按 {period}"),
    }
}
