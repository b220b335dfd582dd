//! The figures of an edition computed again, many in one question.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use uplift_client::MetricsClient;
use uplift_core::error::Result;
use uplift_proto::status::from_status;
use uplift_proto::v1::metrics::{Figure, IndicatorQuery, StreamIndicatorsRequest};
use uplift_proto::v1::records::AreaLevel;
use uplift_proto::v1::reporting::{Edition, EditionFigure};

use crate::figure_key::FigureKey;
use crate::upstream::upstream;

/// Which definitions figures are computed by.
pub(crate) enum Definitions {
    /// Those in force.
    OfNow,
    /// Those that they were published by.
    AsPublished,
}

/// Figures by what they are of.
pub(crate) fn by_key(figures: &[EditionFigure]) -> HashMap<FigureKey, &EditionFigure> {
    figures.iter().map(|figure| (FigureKey::of_edition(figure), figure)).collect()
}

/// The figures of an edition computed again: by definitions, at versions of some tables; of others, the newest.
pub(crate) async fn recomputed(
    metrics: &MetricsClient,
    edition: &Edition,
    definitions: &Definitions,
    mut versions: HashMap<String, i64>,
) -> Result<Vec<EditionFigure>> {
    let wanted: HashMap<FigureKey, &EditionFigure> = by_key(&edition.figures);
    let mut found = Vec::new();
    for query in queries(edition, definitions) {
        // All of one moment: what the first answer read, the others read too.
        let query = IndicatorQuery { table_versions: versions.clone(), ..query };
        let request = StreamIndicatorsRequest { query: Some(query) };
        let failed = |status: tonic::Status| upstream(from_status(&status));
        let mut messages = metrics.clone().stream_indicators(request).await.map_err(failed)?.into_inner();
        while let Some(message) = messages.message().await.map_err(failed)? {
            versions.extend(message.table_versions);
            let kept = message.figures.iter().filter_map(|answer| {
                wanted.get(&FigureKey::of_answer(answer)).map(|figure| as_now(figure, answer))
            });
            found.extend(kept);
        }
    }
    // As a report would show them: real records before simulated ones.
    found.sort_by_key(|figure: &EditionFigure| (figure.exact_value.is_empty(), figure.simulated));
    let mut seen = BTreeSet::new();
    found.retain(|figure| seen.insert(FigureKey::of_edition(figure)));
    Ok(found)
}

/// The questions whose answers have the figures of an edition.
pub(crate) fn queries(edition: &Edition, definitions: &Definitions) -> Vec<IndicatorQuery> {
    let area_code = edition.report.as_ref().map(|report| report.area_code.clone()).unwrap_or_default();
    let mut questions: BTreeMap<(i32, String, BTreeSet<String>), BTreeSet<String>> = BTreeMap::new();
    for figure in &edition.figures {
        let level = if figure.area_code == area_code { 0 } else { level_of(&figure.area_code) };
        let question = (level, figure.period.clone(), figure.dimensions.keys().cloned().collect());
        let indicator = match definitions {
            Definitions::OfNow => figure.indicator_id.clone(),
            Definitions::AsPublished => format!("{}@{}", figure.indicator_id, figure.definition_version),
        };
        questions.entry(question).or_default().insert(indicator);
    }
    let query =
        |((by_level, period, dimensions), indicators): ((i32, String, BTreeSet<String>), _)| IndicatorQuery {
            indicators: BTreeSet::into_iter(indicators).collect(),
            area_code: area_code.clone(),
            by_level,
            periods: vec![period],
            dimensions: dimensions.into_iter().collect(),
            ..IndicatorQuery::default()
        };
    questions.into_iter().map(query).collect()
}

/// A figure of an edition with its value of now.
fn as_now(figure: &EditionFigure, answer: &Figure) -> EditionFigure {
    EditionFigure {
        definition_version: answer.definition_version,
        exact_value: answer.value.map(|_| answer.exact_value.clone()).unwrap_or_default(),
        trace: answer.trace.clone(),
        simulated: answer.simulated,
        ..figure.clone()
    }
}

/// Level of an area by the digits of its code.
fn level_of(code: &str) -> i32 {
    let level = match code.len() {
        2 => AreaLevel::Province,
        4 => AreaLevel::Prefecture,
        6 => AreaLevel::County,
        9 => AreaLevel::Township,
        12 => AreaLevel::Village,
        _ => AreaLevel::Unspecified,
    };
    level.into()
}
