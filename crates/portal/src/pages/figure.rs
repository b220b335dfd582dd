//! The evidence of a figure: what it means, how it is computed, from which records of whom, and that it still is equal.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use minijinja::context;
use serde::{Deserialize, Serialize};
use uplift_core::language::Language;
use uplift_proto::v1::metrics::{TraceFigureRequest, TracePart};

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
#[serde(default)]
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
    columns: Vec<String>,
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
    let content = context! {
        indicator => to_value(definition(&indicator)),
        legend => to_value(legend(std::slice::from_ref(&figure))),
        recomputed => answer.recomputed_exact_value, agrees => answer.agrees,
        has_value => answer.recomputed.is_some(),
        parts => to_value(answer.parts.into_iter().map(|p| part(p, visit.language)).collect::<Vec<_>>()),
        versions => to_value(versions),
        more_findings,
        findings => to_value(findings.collect::<Vec<_>>()),
        next => next(&visit, &answer.next_page_token),
        call => format!("grpcurl -plaintext -d '{{\"trace\":\"{trace}\"}}' localhost:7102 uplift.metrics.v1.MetricsService/TraceFigure"),
        line => format!("uplift trace {trace}"),
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

fn part(part: TracePart, language: Language) -> PartView {
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
    let rows = part.rows.into_iter().map(|row| RowView {
        submission: row.submission_id,
        row: row.row_number,
        values: row.values,
    });
    PartView {
        name,
        sql: part.sql,
        value: part.exact_value,
        records: part.records,
        submissions: submissions.collect(),
        more_submissions,
        columns: part.columns,
        rows: rows.collect(),
    }
}
