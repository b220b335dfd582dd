//! Figures that a page asks for, and how the same is asked elsewhere.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uplift_core::error::{Error, Result};
use uplift_proto::figure::digits;
use uplift_proto::service::Service;
use uplift_proto::v1::metrics::{Figure, IndicatorQuery, QueryIndicatorsRequest};
use uplift_proto::v1::records::AreaLevel;

use crate::services::failed;
use crate::site::Site;

/// Figures of one page of a breakdown.
pub(super) const MAX_FIGURES: i32 = 1_000;

/// The answer to a query: its figures, how many there are in all, and the versions of tables that they are of.
#[derive(Debug)]
pub(super) struct Figures {
    pub(super) figures: Vec<Figure>,
    pub(super) total: i32,
    pub(super) versions: BTreeMap<String, i64>,
}

/// Asks for figures.
pub(super) async fn figures(site: &Site, query: IndicatorQuery) -> Result<Figures> {
    let request = QueryIndicatorsRequest { query: Some(query), page_size: MAX_FIGURES, ..Default::default() };
    let area = request.query.as_ref().map(|query| query.area_code.clone()).unwrap_or_default();
    let answer = site.services.metrics().query_indicators(request).await.map_err(failed)?.into_inner();
    if !area.is_empty()
        && !answer.figures.is_empty()
        && answer.figures.iter().all(|figure| figure.value.is_none() && !is_named(figure))
    {
        let message = format!("there is no area {area} on record; look for its code among the areas");
        return Err(Error::not_found(message));
    }
    Ok(Figures {
        figures: answer.figures,
        total: answer.total,
        versions: answer.table_versions.into_iter().collect(),
    })
}

/// Whether the area of a figure is on record by name.
pub(super) fn is_named(figure: &Figure) -> bool {
    !figure.area_name_en.is_empty() || !figure.area_name_zh.is_empty()
}

/// The same question for grpcurl.
pub(super) fn grpcurl(site: &Site, query: &IndicatorQuery) -> String {
    let mut asked = serde_json::Map::new();
    let mut add = |name: &str, value: Value| {
        let is_empty = match &value {
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.is_empty(),
            Value::Bool(is) => !is,
            _ => false,
        };
        if !is_empty {
            asked.insert(name.to_owned(), value);
        }
    };
    add("indicators", json!(query.indicators));
    add("sections", json!(query.sections));
    add("area_code", json!(query.area_code));
    if query.by_level() != AreaLevel::Unspecified {
        add("by_level", json!(query.by_level().as_str_name()));
    }
    add("periods", json!(query.periods));
    add("dimensions", json!(query.dimensions));
    add("compare_previous_year", json!(query.compare_previous_year));
    add("mark_under_query", json!(query.mark_under_query));
    if query.highest > 0 {
        add("highest", json!(query.highest));
    }
    if query.lowest > 0 {
        add("lowest", json!(query.lowest));
    }
    site.services.places.call(Service::Metrics, "QueryIndicators", &json!({ "query": asked }))
}

/// The same question for the command line.
pub(super) fn command(site: &Site, query: &IndicatorQuery) -> String {
    let mut words = vec!["uplift query".to_owned()];
    words.extend(query.indicators.iter().cloned());
    words.extend(query.sections.iter().map(|section| format!("--section {section}")));
    if !query.area_code.is_empty() {
        words.push(format!("--area {}", query.area_code));
    }
    words.extend(query.periods.iter().map(|period| format!("--period {period}")));
    if let Some(level) = level_word(query.by_level()) {
        words.push(format!("--by {level}"));
    }
    words.extend(query.dimensions.iter().map(|dimension| format!("--by-dimension {dimension}")));
    words.extend((query.highest > 0).then(|| format!("--highest {}", query.highest)));
    words.extend((query.lowest > 0).then(|| format!("--lowest {}", query.lowest)));
    words.extend(query.compare_previous_year.then(|| "--compare".to_owned()));
    site.services.places.command(Service::Metrics, &words.join(" "))
}

/// What addresses and commands call a level.
pub(super) fn level_word(level: AreaLevel) -> Option<&'static str> {
    Some(match level {
        AreaLevel::Unspecified => return None,
        AreaLevel::Province => "province",
        AreaLevel::Prefecture => "prefecture",
        AreaLevel::County => "county",
        AreaLevel::Township => "township",
        AreaLevel::Village => "village",
    })
}

/// The levels of areas that an area can be told apart by, the widest first.
pub(super) fn levels_below(area: &str) -> Vec<&'static str> {
    let levels = [AreaLevel::Prefecture, AreaLevel::County, AreaLevel::Township, AreaLevel::Village];
    let below = levels.into_iter().filter(|level| digits(*level).is_some_and(|digits| digits > area.len()));
    below.filter_map(level_word).collect()
}

/// What links from a list tell an area apart by: counties, or what is next below one. Prefectures of a municipality are no areas.
pub(super) fn next_below(area: &str) -> &'static str {
    let below = levels_below(area);
    below.into_iter().find(|word| *word != "prefecture").unwrap_or_default()
}

/// The level that an address names.
pub(super) fn level(word: &str) -> Option<AreaLevel> {
    let levels = [
        AreaLevel::Province,
        AreaLevel::Prefecture,
        AreaLevel::County,
        AreaLevel::Township,
        AreaLevel::Village,
    ];
    levels.into_iter().find(|level| level_word(*level) == Some(word))
}
