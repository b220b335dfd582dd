//! Every indicator of an area and a period, found by a word or by section.

use std::sync::Arc;

use axum::extract::{Query, State};
use minijinja::context;
use serde::Deserialize;
use uplift_core::error::Error;
use uplift_proto::figure::is_yearly;
use uplift_proto::v1::metrics::{Indicator, IndicatorQuery};

use super::Answer;
use super::area_tree::area_tree;
use super::query::{command, figures, grpcurl, next_below};
use super::scope::{Scope, ScopeQuery};
use crate::cache::CachePolicy;
use crate::figures::{FigureView, legend};
use crate::site::{Page, Site, to_value};
use crate::visit::Visit;

/// Characters of a search: a longer text is no word of a title.
const MAX_SEARCH: usize = 200;

/// What the form asks.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ExplorerQuery {
    area: Option<String>,
    period: Option<String>,
    /// Words of a title, of a definition, or an id.
    q: String,
    section: String,
}

/// The explorer.
pub(crate) async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Query(query): Query<ExplorerQuery>,
) -> Answer {
    let scope = ScopeQuery { area: query.area.clone(), period: query.period.clone() };
    let scope = scope.resolve(&site).await?;
    let catalogue = site.catalogue().await?;
    let indicators = &catalogue.indicators;
    if !query.section.is_empty() && indicators.iter().all(|i| i.section != query.section) {
        let message = format!("there is no section {:?}; choose one of the list", query.section);
        return Err(Error::invalid_field("section", message).into());
    }
    let search: String = query.q.trim().chars().take(MAX_SEARCH).collect();
    let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
    let found: Vec<&Indicator> = indicators
        .iter()
        .filter(|indicator| words.iter().all(|word| has(indicator, word)))
        .filter(|indicator| query.section.is_empty() || indicator.section == query.section)
        .filter(|indicator| scope.period.is_year() || !is_yearly(indicator))
        .collect();
    let asked = IndicatorQuery {
        indicators: found.iter().map(|indicator| indicator.indicator_id.clone()).collect(),
        area_code: scope.area.clone(),
        periods: vec![scope.period.to_string()],
        compare_previous_year: true,
        mark_under_query: true,
        ..IndicatorQuery::default()
    };
    // All of them at once are a page that nobody reads: their sections are shown instead.
    let is_narrow = !words.is_empty() || !query.section.is_empty();
    let answer = match is_narrow && !found.is_empty() {
        true => figures(&site, asked.clone()).await?.figures,
        false => Vec::new(),
    };
    let view = |figure: uplift_proto::v1::metrics::Figure| {
        let indicator = found.iter().find(|indicator| indicator.indicator_id == figure.indicator_id);
        FigureView::new(figure, indicator.copied(), visit.language)
    };
    let shown: Vec<FigureView> = answer.into_iter().map(view).collect();
    let tree = area_tree(&site, &scope, visit.language).await?;
    let area = tree.name().unwrap_or(&scope.area);
    // The whole section is a shorter question than all of its indicators.
    let shorter = match (words.is_empty(), query.section.is_empty()) {
        (true, true) => IndicatorQuery { indicators: Vec::new(), ..asked },
        (true, false) => {
            IndicatorQuery { indicators: Vec::new(), sections: vec![query.section.clone()], ..asked }
        }
        _ => asked,
    };
    let simulated = shown.iter().any(|figure| figure.simulated);
    let sections = catalogue.sections.iter().map(|s| {
        let title = visit.text(&s.title_en, &s.title_zh);
        serde_json::json!({ "id": s.section, "title": title, "count": s.indicators })
    });
    let content = context! {
        area, area_code => scope.area.as_str(), period => scope.period.to_string(),
        period_words => scope.period_words(visit.language),
        scope => scope.query(), q => search.as_str(), section => query.section.as_str(),
        sections => to_value(sections.collect::<Vec<_>>()),
        is_narrow, count => found.len(),
        below => next_below(&scope.area),
        place => place(&scope, &query.section, &search),
        tree => to_value(&tree),
        legend => to_value(legend(&shown)),
        figures => to_value(shown),
        call => grpcurl(&site, &shorter), line => command(&site, &shorter),
    };
    let title = visit.text("Indicators", "指标").to_owned();
    let page = Page { template: "explorer.html", title, simulated, cache: CachePolicy::Revalidate, content };
    Ok(site.show(&visit, page)?)
}

/// What an address has beside its area to show the same of another.
fn place(scope: &Scope, section: &str, search: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("period", &scope.period.to_string());
    for (name, value) in [("section", section), ("q", search)] {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    query.finish()
}

/// Whether a word stands in what is said of an indicator.
fn has(indicator: &Indicator, word: &str) -> bool {
    let texts = [
        &indicator.indicator_id,
        &indicator.title_en,
        &indicator.title_zh,
        &indicator.definition_en,
        &indicator.definition_zh,
    ];
    texts.iter().any(|text| text.to_lowercase().contains(word))
}
