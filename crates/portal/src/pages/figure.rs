//! The evidence of a figure: what it means, how it is computed, from which records of whom, and that it still is equal.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use minijinja::context;
use serde::{Deserialize, Serialize};
use uplift_core::dataset::Dataset;
use uplift_core::language::Language;
use uplift_core::unit::unit_name;
use uplift_proto::dataset::{find, stored_title};
use uplift_proto::service::Service;
use uplift_proto::v1::metrics::{Indicator, TraceFigureRequest, TracePart};

use super::Answer;
use super::indicator::definition;
use crate::cache::CachePolicy;
use crate::figures::{FigureView, legend};
use crate::services::failed;
use crate::site::{Page, Site, to_value};
use crate::visit::Visit;

/// Records of a page of evidence.
const RECORDS: i32 = 50;
/// Submissions that are named; more are counted.
const SUBMISSIONS: usize = 50;
/// Findings that are named; more are counted.
const FINDINGS: usize = 10;

/// Which page of the records.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FigureQuery {
    page: String,
}

/// The value, the numerator or the denominator.
#[derive(Debug, Serialize)]
struct PartView {
    name: &'static str,
    sql: String,
    value: String,
    records: i64,
    submissions: Vec<SubmissionPart>,
    more_submissions: usize,
    /// Titles of the columns of its records; those that are masked come last.
    columns: Vec<String>,
    masked: Vec<String>,
    rows: Vec<RowView>,
}

/// What a submission gives to the figure.
#[derive(Debug, Serialize)]
struct SubmissionPart {
    id: String,
    records: i64,
    value: String,
}

/// A record that it counts.
#[derive(Debug, Serialize)]
struct RowView {
    submission: String,
    row: i64,
    values: Vec<String>,
}

/// The evidence of a figure.
pub(crate) async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path((_, trace)): Path<(String, String)>,
    Query(query): Query<FigureQuery>,
) -> Answer {
    let request = TraceFigureRequest {
        trace: trace.clone(),
        page_size: RECORDS,
        page_token: query.page,
        tell_findings: true,
        ..TraceFigureRequest::default()
    };
    let answer = site.services.metrics().trace_figure(request).await.map_err(failed)?.into_inner();
    let indicator = answer.indicator.unwrap_or_default();
    let mut traced = answer.figure.unwrap_or_default();
    traced.under_query |= !answer.findings.is_empty();
    let figure = FigureView::new(traced, Some(&indicator), visit.language);
    let versions: std::collections::BTreeMap<_, _> = answer.table_versions.into_iter().collect();
    let more_findings = answer.findings.len().saturating_sub(FINDINGS);
    let findings = answer.findings.iter().take(FINDINGS).map(|finding| {
        serde_json::json!({
            "id": if finding.finding_id.is_empty() { &finding.inspection_id } else { &finding.finding_id },
            "date": finding.date, "deadline": finding.deadline,
        })
    });
    let title = format!(
        "{}{}{}{}{}",
        figure.title,
        visit.text(", ", "，"),
        figure.area,
        visit.text(", ", "，"),
        figure.period
    );
    let parts = answer.parts.into_iter().map(|p| {
        let dataset = dataset_of(&indicator, &p.name);
        part(p, dataset, visit.language)
    });
    let parts: Vec<_> = parts.collect();
    let places = &site.services.places;
    let content = context! {
        indicator => to_value(definition(&indicator)),
        legend => to_value(legend(std::slice::from_ref(&figure))),
        recomputed => answer.recomputed_exact_value, agrees => answer.agrees,
        has_value => answer.recomputed.is_some(),
        parts => to_value(parts),
        versions => to_value(versions),
        more_findings,
        findings => to_value(findings.collect::<Vec<_>>()),
        next => next(&visit, &answer.next_page_token),
        call => places.call(Service::Metrics, "TraceFigure", &serde_json::json!({ "trace": trace })),
        line => places.command(Service::Metrics, &format!("uplift trace {trace}")),
        simulated_figure => figure.simulated,
        figure => to_value(&figure),
    };
    let page = Page {
        template: "figure.html",
        title,
        simulated: figure.simulated,
        cache: CachePolicy::Revalidate,
        content,
    };
    Ok(site.show(&visit, page)?)
}

fn next(visit: &Visit, token: &str) -> String {
    if token.is_empty() {
        return String::new();
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    format!("{}?{}", visit.href(&visit.path), query.append_pair("page", token).finish())
}

/// The dataset whose records a part counts.
fn dataset_of(indicator: &Indicator, part: &str) -> Option<&'static Dataset> {
    let component = match part {
        "numerator" => &indicator.numerator,
        "denominator" => &indicator.denominator,
        _ => &indicator.value,
    };
    find(&component.as_ref()?.dataset)
}

/// A value as people read it: codes by their titles, units in words.
fn words(dataset: Option<&Dataset>, column: &str, stored: String, language: Language) -> String {
    if column == "unit" {
        return unit_name(&stored, language).to_owned();
    }
    let field = dataset.and_then(|dataset| dataset.fields.iter().find(|field| field.column() == column));
    let title =
        dataset.zip(field).and_then(|(dataset, field)| stored_title(&dataset.name, &field.name, &stored));
    title.map_or(stored, |title| title.text(language).to_owned())
}

fn part(part: TracePart, dataset: Option<&'static Dataset>, language: Language) -> PartView {
    let name = match part.name.as_str() {
        "numerator" => language.choose("Numerator", "分子"),
        "denominator" => language.choose("Denominator", "分母"),
        _ => language.choose("Value", "数值"),
    };
    let more_submissions = part.submissions.len().saturating_sub(SUBMISSIONS);
    let submissions = part.submissions.into_iter().take(SUBMISSIONS).map(|s| SubmissionPart {
        id: s.submission_id,
        records: s.records,
        value: s.exact_value,
    });
    // What no record of the page has is no column of it.
    let is_told = |n: &usize| part.rows.iter().any(|row| row.values.get(*n).is_some_and(|v| !v.is_empty()));
    let told: Vec<usize> = (0..part.columns.len()).filter(is_told).collect();
    let title = |column: &String| {
        let field = dataset.and_then(|dataset| dataset.fields.iter().find(|field| field.column() == column));
        field.map_or_else(|| column.clone(), |field| field.title.text(language).to_owned())
    };
    let masked = dataset.into_iter().flat_map(|dataset| &dataset.fields).filter(|field| field.personal);
    let rows = part.rows.iter().map(|row| RowView {
        submission: row.submission_id.clone(),
        row: row.row_number,
        values: told
            .iter()
            .map(|n| words(dataset, &part.columns[*n], row.values[*n].clone(), language))
            .collect(),
    });
    PartView {
        name,
        sql: part.sql,
        value: part.exact_value,
        records: part.records,
        submissions: submissions.collect(),
        more_submissions,
        rows: rows.collect(),
        columns: told.iter().map(|n| title(&part.columns[*n])).collect(),
        masked: masked.map(|field| field.title.text(language).to_owned()).collect(),
    }
}
