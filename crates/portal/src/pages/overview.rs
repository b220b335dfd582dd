//! Where a reader begins: the year at a glance, with targets and last year, and what else there is.

use std::sync::Arc;

use axum::extract::{Query, State};
use minijinja::context;
use serde::Serialize;
use uplift_core::error::Result;
use uplift_core::language::Language;
use uplift_proto::figure::is_yearly;
use uplift_proto::v1::ingest::ListSubmissionsRequest;
use uplift_proto::v1::metrics::{CheckStatementsRequest, IndicatorQuery, Verdict};
use uplift_proto::v1::reporting::ListEditionsRequest;

use super::Answer;
use super::area_tree::area_tree;
use super::editions::EditionView;
use super::query::{figures, next_below};
use super::scope::{Scope, ScopeQuery};
use super::submissions::SubmissionView;
use crate::cache::CachePolicy;
use crate::figures::{FigureView, legend};
use crate::services::failed;
use crate::site::{Page, Site, to_value};
use crate::visit::Visit;

/// Editions and submissions that the overview names.
const LATEST: i32 = 5;

/// Checks of what was published, counted.
#[derive(Debug, Serialize)]
struct Checks {
    all: i32,
    inconsistent: i32,
    undetermined: i32,
}

/// The overview.
pub(crate) async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Query(query): Query<ScopeQuery>,
) -> Answer {
    let scope = query.resolve(&site).await?;
    let (scorecard, tree, checks, editions, submissions) = tokio::try_join!(
        scorecard(&site, &scope, visit.language),
        area_tree(&site, &scope, visit.language),
        checks(&site),
        latest_editions(&site, visit.language),
        latest_submissions(&site, visit.language),
    )?;
    let area = scorecard.first().map_or_else(|| scope.area.clone(), |figure| figure.area.clone());
    let content = context! {
        area, area_code => scope.area.as_str(), period => scope.period.to_string(),
        period_words => scope.period_words(visit.language),
        below => next_below(&scope.area),
        scope => scope.query(),
        tree => to_value(tree),
        legend => to_value(legend(&scorecard)),
        scorecard => to_value(&scorecard),
        checks => to_value(checks),
        editions => to_value(editions),
        submissions => to_value(submissions),
    };
    let simulated = scorecard.iter().any(|figure| figure.simulated);
    let title = visit.text("The programme at a glance", "扶贫工作概览").to_owned();
    let page = Page { template: "overview.html", title, simulated, cache: CachePolicy::Revalidate, content };
    Ok(site.show(&visit, page)?)
}

async fn scorecard(site: &Site, scope: &Scope, language: Language) -> Result<Vec<FigureView>> {
    let catalogue = site.catalogue().await?;
    let indicators = &catalogue.indicators;
    let mut listed: Vec<_> = indicators.iter().filter(|indicator| indicator.scorecard > 0).collect();
    // What is known for whole years has no value for a part of one.
    listed.retain(|indicator| scope.period.is_year() || !is_yearly(indicator));
    listed.sort_by_key(|indicator| indicator.scorecard);
    let query = IndicatorQuery {
        indicators: listed.iter().map(|indicator| indicator.indicator_id.clone()).collect(),
        area_code: scope.area.clone(),
        periods: vec![scope.period.to_string()],
        compare_previous_year: true,
        mark_under_query: true,
        ..IndicatorQuery::default()
    };
    let answer = figures(site, query).await?;
    let view = |figure: uplift_proto::v1::metrics::Figure| {
        let indicator = listed.iter().find(|indicator| indicator.indicator_id == figure.indicator_id);
        FigureView::new(figure, indicator.copied(), language)
    };
    Ok(answer.figures.into_iter().map(view).collect())
}

async fn checks(site: &Site) -> Result<Checks> {
    let request = CheckStatementsRequest {
        verdict: Verdict::Inconsistent.into(),
        page_size: 1,
        ..CheckStatementsRequest::default()
    };
    let answer = site.services.metrics().check_statements(request).await.map_err(failed)?.into_inner();
    Ok(Checks { all: answer.checks, inconsistent: answer.inconsistent, undetermined: answer.undetermined })
}

async fn latest_editions(site: &Site, language: Language) -> Result<Vec<EditionView>> {
    let request = ListEditionsRequest { page_size: LATEST, ..Default::default() };
    let answer = site.services.reporting().list_editions(request).await.map_err(failed)?.into_inner();
    Ok(answer.editions.into_iter().map(|edition| EditionView::new(edition, language)).collect())
}

async fn latest_submissions(site: &Site, language: Language) -> Result<Vec<SubmissionView>> {
    let request = ListSubmissionsRequest { page_size: LATEST, ..Default::default() };
    let answer = site.services.ingest().list_submissions(request).await.map_err(failed)?.into_inner();
    Ok(answer.submissions.into_iter().map(|submission| SubmissionView::new(submission, language)).collect())
}
