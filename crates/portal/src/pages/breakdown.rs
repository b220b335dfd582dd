//! One indicator, told apart by areas, by a dimension or by periods; the same as CSV and as JSON.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use minijinja::context;
use minijinja::value::Value;
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;
use uplift_charts::{Part, ranked};
use uplift_core::error::{Error, Result};
use uplift_core::nearest::nearest;
use uplift_proto::v1::metrics::{Indicator, IndicatorQuery};
use uplift_proto::v1::records::AreaLevel;

use super::Answer;
use super::area_tree::area_tree;
use super::figure_files::figure_file;
use super::query::{MAX_FIGURES, command, figures, grpcurl, level, levels_below};
use super::scope::{Scope, ScopeQuery};
use crate::cache::CachePolicy;
use crate::figures::{FigureView, dimension_title, legend, with_bars};
use crate::site::{Page, Site, to_value};
use crate::visit::Visit;

/// Bars of a chart: more are a table.
const MAX_BARS: usize = 45;

/// What the form asks.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BreakdownQuery {
    area: Option<String>,
    period: Option<String>,
    /// Level of the areas inside, or empty.
    by: String,
    dimension: String,
    /// csv or json; empty is the page.
    format: String,
}

/// One indicator, told apart.
pub(crate) async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path((_, id)): Path<(String, String)>,
    Query(query): Query<BreakdownQuery>,
) -> Answer {
    let scope = ScopeQuery { area: query.area.clone(), period: query.period.clone() };
    let scope = scope.resolve(&site).await?;
    let indicator = known(&site, &id).await?;
    let asked = question(&query, &scope, &indicator)?;
    let answer = figures(&site, asked.clone()).await?;
    let mut shown: Vec<FigureView> = answer
        .figures
        .into_iter()
        .map(|figure| FigureView::new(figure, Some(&indicator), visit.language))
        .collect();
    if let Some(file) = figure_file(&query.format, &id, &shown)? {
        return Ok(file);
    }
    // The whole is no part to compare parts with.
    let is_whole = |figure: &FigureView| {
        (asked.by_level() == AreaLevel::Unspecified || figure.area_code == scope.area)
            && (asked.dimensions.is_empty() || figure.dimensions.is_empty())
    };
    tell_apart(&mut shown, visit.text("simulated", "模拟"));
    let split = whole_first(&mut shown, is_whole);
    with_bars(&mut shown[split..]);
    let simulated = shown.iter().any(|figure| figure.simulated);
    let area = shown.first().map_or_else(|| scope.area.clone(), |figure| figure.area.clone());
    let chart = chart(&shown[split..], visit.text(&indicator.title_en, &indicator.title_zh));
    let title = visit.text(&indicator.title_en, &indicator.title_zh).to_owned();
    let dimensions = indicator
        .dimensions
        .iter()
        .map(|column| (column, dimension_title(&indicator, column, visit.language)));
    let content = context! {
        id => indicator.indicator_id.as_str(), indicator_title => title.as_str(),
        definition => visit.text(&indicator.definition_en, &indicator.definition_zh),
        area, area_code => scope.area.as_str(), period => scope.period.to_string(),
        period_words => scope.period_words(visit.language),
        scope => scope.query(), by => query.by, dimension => query.dimension,
        levels => levels_below(&scope.area),
        dimensions => to_value(dimensions.collect::<Vec<_>>()),
        tree => to_value(area_tree(&site, &scope, visit.language).await?),
        legend => to_value(legend(&shown)),
        whole => to_value(&shown[..split]),
        parts => to_value(&shown[split..]),
        left_out => i64::from(answer.total) - shown.len() as i64,
        shown => MAX_FIGURES,
        chart => chart.map(Value::from_safe_string),
        versions => to_value(&answer.versions),
        call => grpcurl(&site, &asked), line => command(&site, &asked),
    };
    let page = Page { template: "breakdown.html", title, simulated, cache: CachePolicy::Revalidate, content };
    Ok(site.show(&visit, page)?)
}

/// The definition of an indicator that an address names.
pub(super) async fn known(site: &Site, id: &str) -> Result<Indicator> {
    if let Some(indicator) = site.indicator(id).await? {
        return Ok(indicator);
    }
    let all = site.catalogue().await?;
    let near = nearest(id, all.indicators.iter().map(|indicator| indicator.indicator_id.as_str()));
    let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    Err(Error::not_found(format!("there is no indicator {id:?}{near}")))
}

fn question(query: &BreakdownQuery, scope: &Scope, indicator: &Indicator) -> Result<IndicatorQuery> {
    let by_level = match query.by.as_str() {
        "" => AreaLevel::Unspecified,
        word => level(word).ok_or_else(|| {
            Error::invalid_field(
                "by",
                format!("{word:?} is not a level; write province, prefecture, county, township or village"),
            )
        })?,
    };
    if !query.dimension.is_empty() && !indicator.dimensions.contains(&query.dimension) {
        let known = indicator.dimensions.join(", ");
        let message = format!(
            "{:?} is not a dimension of {}; write one of: {known}",
            query.dimension, indicator.indicator_id
        );
        return Err(Error::invalid_field("dimension", message));
    }
    Ok(IndicatorQuery {
        indicators: vec![indicator.indicator_id.clone()],
        area_code: scope.area.clone(),
        by_level: by_level.into(),
        periods: vec![scope.period.to_string()],
        dimensions: Some(query.dimension.clone())
            .filter(|dimension| !dimension.is_empty())
            .into_iter()
            .collect(),
        compare_previous_year: true,
        mark_under_query: true,
        ..IndicatorQuery::default()
    })
}

/// Tells simulated figures in words where real ones stand beside them: rows and bars have the same names otherwise.
fn tell_apart(figures: &mut [FigureView], simulated: &str) {
    let has =
        |is: bool| figures.iter().any(|figure| figure.raw.value.is_some() && figure.raw.simulated == is);
    if has(true) && has(false) {
        for figure in figures.iter_mut().filter(|figure| figure.raw.simulated) {
            figure.kind = simulated.to_owned();
        }
    }
}

/// Puts the whole before its parts, the greatest part first; where the parts begin.
fn whole_first(figures: &mut [FigureView], is_whole: impl Fn(&FigureView) -> bool) -> usize {
    figures.sort_by(|a, b| is_whole(b).cmp(&is_whole(a)).then_with(|| b.number.cmp(&a.number)));
    figures.iter().take_while(|figure| is_whole(figure)).count()
}

fn chart(parts: &[FigureView], title: &str) -> Option<String> {
    let known: Vec<Part> = parts
        .iter()
        .filter(|figure| figure.number.is_some())
        .map(|figure| Part {
            label: label(figure),
            code: figure.area_code.clone(),
            text: figure.value.clone(),
            scaled: String::new(),
            value: figure.number.and_then(|number| number.to_f64()).unwrap_or_default(),
            previous: figure.raw.previous,
            target: figure.raw.target,
            known: true,
        })
        .collect();
    let told: Vec<_> = known.iter().take(3).map(|part| format!("{} {}", part.label, part.text)).collect();
    let drawable = (2..=MAX_BARS).contains(&known.len());
    drawable.then(|| ranked(&known, &format!("{title}: {}", told.join("; "))))
}

/// What a part is: its area, its code of a dimension, or both.
fn label(figure: &FigureView) -> String {
    let mut parts: Vec<&str> = figure.dimensions.values().map(String::as_str).collect();
    if parts.is_empty() {
        parts.push(&figure.area);
    }
    parts.extend(Some(figure.kind.as_str()).filter(|kind| !kind.is_empty()));
    parts.join(" · ")
}
