//! The figures of a kit computed again from its rows, by its definitions.

use std::collections::{BTreeSet, HashMap};

use uplift_client::MetricsClient;
use uplift_core::error::Result;
use uplift_core::language::Bilingual;
use uplift_proto::v1::metrics::GetIndicatorRequest;
use uplift_proto::v1::reporting::{Difference, Edition};

use crate::edition::difference::difference;
use crate::edition::recomputed::{Definitions, by_key, recomputed};
use crate::edition::same_value::is_same_value;
use crate::edition::statements::statement_differences;
use crate::figure_key::FigureKey;
use crate::kit::layout::{DEFINITIONS, TABLES};
use crate::steps::{READING_DEFINITIONS, RECOMPUTING, Steps};

/// What differs of definitions and figures.
pub(crate) async fn replay(
    metrics: &MetricsClient,
    edition: &Edition,
    steps: &mut Steps,
) -> Result<Vec<Difference>> {
    steps.expect(1);
    steps.begin(READING_DEFINITIONS).await;
    let mut differences = definitions(metrics, edition).await;
    steps.begin(RECOMPUTING).await;
    // The tables of a kit are at no other version than their newest.
    match recomputed(metrics, edition, &Definitions::AsPublished, HashMap::new()).await {
        Ok(figures) => {
            let now = by_key(&figures);
            for figure in &edition.figures {
                let found = now.get(&FigureKey::of_edition(figure));
                let current = found.map(|now| now.exact_value.as_str()).unwrap_or_default();
                if !is_same_value(current, &figure.exact_value)
                    || found.is_some_and(|now| now.simulated != figure.simulated)
                {
                    let message = Bilingual::new(
                        format!("{} is computed otherwise from the rows of the kit", figure.title_en),
                        format!("用包内数据行计算“{}”，结果与发布时不同", figure.title_zh),
                    );
                    differences.push(difference(&figure.figure_id, &figure.exact_value, current, message));
                }
            }
        }
        // What cannot be read is what is looked for.
        Err(error) => {
            let message = Bilingual::new(
                format!("the figures cannot be computed again: {}", error.message),
                format!("无法重新计算数据：{}", error.message),
            );
            differences.push(difference(TABLES, "", "", message));
        }
    }
    match statement_differences(metrics, edition, HashMap::new()).await {
        Ok(found) => differences.extend(found),
        Err(error) => {
            let message = Bilingual::new(
                format!("the statements cannot be read: {}", error.message),
                format!("无法读取公布数据：{}", error.message),
            );
            differences.push(difference("statements", "", "", message));
        }
    }
    Ok(differences)
}

/// Definitions that are not those of the record.
async fn definitions(metrics: &MetricsClient, edition: &Edition) -> Vec<Difference> {
    let used: BTreeSet<(&str, i32, &str)> = edition
        .figures
        .iter()
        .map(|f| (f.indicator_id.as_str(), f.definition_version, f.definition_digest.as_str()))
        .collect();
    let mut differences = Vec::new();
    for (indicator, version, digest) in used {
        let request = GetIndicatorRequest { indicator: format!("{indicator}@{version}") };
        let found = metrics.clone().get_indicator(request).await.ok();
        let current =
            found.and_then(|answer| answer.into_inner().indicator).map(|i| i.digest).unwrap_or_default();
        if current != digest {
            let message = Bilingual::new("its definition is not what was published", "其定义与发布时不一致");
            let part = format!("{DEFINITIONS}/{indicator}.toml");
            differences.push(difference(&part, digest, &current, message));
        }
    }
    differences
}
