//! What an indicator means: its definition in both languages, what changed in it, and how it went over the years.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use minijinja::context;
use uplift_core::chinese::chinese;
use uplift_core::language::Language;
use uplift_proto::v1::metrics::{GetIndicatorRequest, Indicator, IndicatorQuery};

use super::Answer;
use super::breakdown::known;
use super::query::{command, figures, grpcurl, next_below};
use super::scope::ScopeQuery;
use crate::cache::CachePolicy;
use crate::figures::{FigureView, dimension_title, legend, with_bars};
use crate::services::failed;
use crate::site::{Page, Site, to_value};
use crate::visit::Visit;

/// Years of a trend.
const YEARS: u16 = 6;

/// The page of an indicator.
pub(crate) async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path((_, id)): Path<(String, String)>,
    Query(query): Query<ScopeQuery>,
) -> Answer {
    let scope = query.resolve(&site).await?;
    known(&site, id.split('@').next().unwrap_or(&id)).await?;
    let request = GetIndicatorRequest { indicator: id.clone() };
    let answer = site.services.metrics().get_indicator(request).await.map_err(failed)?.into_inner();
    let indicator = answer.indicator.unwrap_or_default();
    let last = scope.period.year();
    let asked = IndicatorQuery {
        indicators: vec![id],
        area_code: scope.area.clone(),
        periods: (last.saturating_sub(YEARS - 1)..=last).map(|year| year.to_string()).collect(),
        mark_under_query: true,
        ..IndicatorQuery::default()
    };
    let answered = figures(&site, asked.clone()).await?.figures;
    let answered = answered.into_iter().filter(|figure| figure.value.is_some());
    let mut trend: Vec<_> =
        answered.map(|figure| FigureView::new(figure, Some(&indicator), visit.language)).collect();
    trend.sort_by(|a, b| a.period.cmp(&b.period));
    with_bars(&mut trend);
    let simulated = trend.iter().any(|figure| figure.simulated);
    let area = trend.first().map_or_else(|| scope.area.clone(), |figure| figure.area.clone());
    let title = visit.text(&indicator.title_en, &indicator.title_zh).to_owned();
    let catalogue = site.catalogue().await?;
    let section = catalogue.sections.iter().find(|section| section.section == indicator.section);
    let dimensions =
        indicator.dimensions.iter().map(|column| dimension_title(&indicator, column, visit.language));
    let source = match visit.language {
        Language::En => None,
        Language::Zh => chinese(&indicator.source),
    };
    let source = source.as_ref().unwrap_or(&indicator.source);
    let content = context! {
        section => section.map_or(indicator.section.as_str(), |s| visit.text(&s.title_en, &s.title_zh)),
        area, area_code => scope.area.as_str(), period => scope.period.to_string(), scope => scope.query(),
        indicator => to_value(definition(&indicator)), source, dimensions => dimensions.collect::<Vec<_>>(),
        history => answer.history.iter().map(|i| to_value(version(i, visit.language))).collect::<Vec<_>>(),
        below => next_below(&scope.area),
        legend => to_value(legend(&trend)),
        trend => to_value(trend),
        call => grpcurl(&site, &asked), line => command(&site, &asked),
    };
    let page = Page { template: "indicator.html", title, simulated, cache: CachePolicy::Revalidate, content };
    Ok(site.show(&visit, page)?)
}

/// A version of a definition, with what changed in it.
fn version(indicator: &Indicator, language: Language) -> serde_json::Value {
    let changed = match language {
        Language::En => None,
        Language::Zh => chinese(&indicator.changed),
    };
    serde_json::json!({
        "id": indicator.indicator_id, "version": indicator.version, "digest": indicator.digest,
        "changed": changed.as_ref().unwrap_or(&indicator.changed),
    })
}

/// What a page says of a definition.
pub(super) fn definition(indicator: &Indicator) -> serde_json::Value {
    let parts = [
        ("value", &indicator.value),
        ("numerator", &indicator.numerator),
        ("denominator", &indicator.denominator),
    ];
    let parts = parts.into_iter().filter_map(|(name, component)| {
        let component = component.as_ref()?;
        Some(serde_json::json!({
            "name": name, "dataset": component.dataset, "measure": component.measure, "where": component.r#where,
        }))
    });
    serde_json::json!({
        "id": indicator.indicator_id, "version": indicator.version,
        "section": indicator.section, "title_en": indicator.title_en, "title_zh": indicator.title_zh,
        "definition_en": indicator.definition_en, "definition_zh": indicator.definition_zh,
        "unit": indicator.unit,
        "digest": indicator.digest, "scale": indicator.scale, "parts": parts.collect::<Vec<_>>(),
    })
}
