//! A county: its profile beside the average of all, and what it handed in.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use minijinja::context;
use serde::Serialize;
use uplift_core::error::{Error, Result};
use uplift_core::language::Language;
use uplift_core::quantity::quantity;
use uplift_core::unit::is_rate;
use uplift_proto::figure::{decimal, is_yearly};
use uplift_proto::v1::metrics::{Figure, IndicatorQuery};
use uplift_proto::v1::records::AreaLevel;

use super::Answer;
use super::area_tree::area_tree;
use super::query::{command, figures, grpcurl, next_below};
use super::scope::ScopeQuery;
use super::submissions::{SubmissionView, submissions};
use crate::cache::CachePolicy;
use crate::figures::{FigureView, legend};
use crate::site::{Page, Site, to_value};
use crate::visit::Visit;

/// Submissions that the page of an area names.
const LISTED: usize = 50;

/// A figure of the area beside those of its like.
#[derive(Debug, Serialize)]
struct Compared {
    figure: FigureView,
    /// The average of all areas of its level, and the middle.
    average: String,
    middle: String,
    /// From the greatest: 3 of 18.
    rank: Option<(usize, usize)>,
}

/// The page of an area.
pub(crate) async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path((_, area)): Path<(String, String)>,
    Query(query): Query<ScopeQuery>,
) -> Answer {
    let level = level_of(&area)?;
    let query = ScopeQuery { area: Some(area.clone()), ..query };
    let scope = query.resolve(&site).await?;
    let catalogue = site.catalogue().await?;
    let indicators = &catalogue.indicators;
    let mut listed: Vec<_> = indicators.iter().filter(|indicator| indicator.scorecard > 0).collect();
    listed.retain(|indicator| scope.period.is_year() || !is_yearly(indicator));
    listed.sort_by_key(|indicator| indicator.scorecard);
    let asked = IndicatorQuery {
        indicators: listed.iter().map(|indicator| indicator.indicator_id.clone()).collect(),
        // The whole has no other beside it.
        area_code: area.get(..2).unwrap_or_default().to_owned(),
        by_level: if level == AreaLevel::Province { AreaLevel::Unspecified } else { level }.into(),
        periods: vec![scope.period.to_string()],
        compare_previous_year: true,
        mark_under_query: true,
        ..IndicatorQuery::default()
    };
    let answer = figures(&site, asked.clone()).await?;
    let own: Vec<&Figure> = answer.figures.iter().filter(|figure| figure.area_code == area).collect();
    if own.is_empty() {
        let message = format!("there are no records of area {area} for {}", scope.period);
        return Err(Error::not_found(message).into());
    }
    let compared: Vec<_> = own
        .into_iter()
        .map(|figure| {
            let like: Vec<f64> = answer
                .figures
                .iter()
                .filter(|other| {
                    other.indicator_id == figure.indicator_id
                        && other.simulated == figure.simulated
                        && other.household_record == figure.household_record
                        && other.area_code.len() == area.len()
                })
                .filter_map(|other| other.value)
                .collect();
            let indicator = listed.iter().find(|i| i.indicator_id == figure.indicator_id).copied();
            let rank = figure
                .value
                .map(|value| (1 + like.iter().filter(|other| **other > value).count(), like.len()));
            Compared {
                average: average(&like, &figure.unit, visit.language),
                middle: middle(like, &figure.unit, visit.language),
                rank,
                figure: FigureView::new(figure.clone(), indicator, visit.language),
            }
        })
        .collect();
    let name = compared.first().map_or_else(|| area.clone(), |first| first.figure.area.clone());
    let shown: Vec<_> = compared.iter().map(|c| c.figure.clone()).collect();
    let simulated = shown.iter().any(|figure| figure.simulated);
    let sent = submissions(&site, "").await?.into_iter().filter(|submission| {
        submission.header.as_ref().is_some_and(|header| header.area_code.starts_with(&area))
    });
    let sent: Vec<_> = sent.take(LISTED).map(|s| SubmissionView::new(s, visit.language)).collect();
    let asked = IndicatorQuery { area_code: area.clone(), by_level: 0, ..asked };
    let content = context! {
        area => name.as_str(), area_code => area, period => scope.period.to_string(),
        period_words => scope.period_words(visit.language), scope => scope.query(),
        tree => to_value(area_tree(&site, &scope, visit.language).await?),
        below => next_below(&scope.area),
        legend => to_value(legend(&shown)),
        compared => to_value(compared),
        submissions => to_value(sent),
        call => grpcurl(&site, &asked), line => command(&site, &asked),
    };
    let page =
        Page { template: "area.html", title: name, simulated, cache: CachePolicy::Revalidate, content };
    Ok(site.show(&visit, page)?)
}

fn level_of(area: &str) -> Result<AreaLevel> {
    let digits = area.bytes().filter(u8::is_ascii_digit).count();
    Ok(match if digits == area.len() { digits } else { 0 } {
        2 => AreaLevel::Province,
        4 => AreaLevel::Prefecture,
        6 => AreaLevel::County,
        9 => AreaLevel::Township,
        12 => AreaLevel::Village,
        _ => {
            let message = format!("{area:?} is not an area code; write 2, 4, 6, 9 or 12 digits, as 500101");
            return Err(Error::not_found(message));
        }
    })
}

/// The average of areas, each counted once.
fn average(values: &[f64], unit: &str, language: Language) -> String {
    match values {
        [] => String::new(),
        values => words(values.iter().sum::<f64>() / values.len() as f64, unit, language),
    }
}

/// The middle value of areas; totals of areas of any size have none that means anything, and are told all the same.
fn middle(mut values: Vec<f64>, unit: &str, language: Language) -> String {
    values.sort_by(f64::total_cmp);
    let (Some(low), Some(high)) = (values.get((values.len().max(1) - 1) / 2), values.get(values.len() / 2))
    else {
        return String::new();
    };
    words((low + high) / 2.0, unit, language)
}

fn words(value: f64, unit: &str, language: Language) -> String {
    let rounded = if is_rate(unit) { value } else { value.round() };
    decimal(rounded).map(|value| quantity(value, unit, language)).unwrap_or_default()
}
