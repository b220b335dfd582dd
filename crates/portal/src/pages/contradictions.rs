//! What published figures contradict: intervals on one axis, the arithmetic, the verdict in words.

use std::sync::Arc;

use axum::extract::{Query, State};
use minijinja::context;
use serde::{Deserialize, Serialize};
use uplift_charts::printed_and_computed;
use uplift_core::error::{Error, Result};
use uplift_core::format::printed;
use uplift_core::interval::Interval;
use uplift_core::language::Language;
use uplift_proto::v1::metrics::{
    CheckResult, CheckStatementsRequest, PublishedFigure, QueryStatementsRequest, Verdict,
};
use uplift_proto::v1::types::Interval as WireInterval;

use super::Answer;
use crate::cache::CachePolicy;
use crate::figures::code_words;
use crate::services::failed;
use crate::site::{Page, Site, to_value};
use crate::visit::Visit;

/// Which checks.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ChecksQuery {
    document: String,
    /// all; empty is those that contradict each other.
    show: String,
}

/// A check that was judged.
#[derive(Debug, Serialize)]
struct CheckView {
    id: String,
    document: String,
    title: String,
    verdict: &'static str,
    verdict_words: &'static str,
    explanation: String,
    /// SVG; empty where nothing can be drawn.
    drawing: String,
    statements: Vec<StatementView>,
}

/// A printed figure.
#[derive(Debug, Serialize)]
struct StatementView {
    title: String,
    printed: String,
    unit: String,
    place: String,
    row: i64,
    submission: String,
}

/// The contradictions.
pub(crate) async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Query(query): Query<ChecksQuery>,
) -> Answer {
    let all = match query.show.as_str() {
        "" => false,
        "all" => true,
        show => {
            let message = format!("{show:?} is not a choice; write all, or nothing");
            return Err(Error::invalid_field("show", message).into());
        }
    };
    let request = CheckStatementsRequest {
        document_id: query.document.clone(),
        verdict: if all { Verdict::Unspecified } else { Verdict::Inconsistent }.into(),
        ..CheckStatementsRequest::default()
    };
    let answer = uplift_client::all_checks(&mut site.services.metrics(), request).await?;
    if answer.checks == 0 && !query.document.is_empty() && !is_on_record(&site, &query.document).await? {
        let message = format!(
            "there is no document {:?} on record; documents are named by their statements, as article",
            query.document
        );
        return Err(Error::not_found(message).into());
    }
    let simulated = answer.results.iter().any(|r| r.statement.as_ref().is_some_and(|s| s.simulated));
    let checks: Vec<_> = answer.results.iter().map(|result| check(result, visit.language)).collect();
    let conflicts = answer.conflict_groups.iter().map(|group| {
        let said =
            |c: &uplift_proto::v1::metrics::Conflict| visit.text(&c.message_en, &c.message_zh).to_owned();
        group.conflicts.iter().map(said).collect::<Vec<_>>()
    });
    let content = context! {
        document => query.document, all, count => answer.checks, inconsistent => answer.inconsistent,
        consistent => answer.consistent, undetermined => answer.undetermined,
        checks => to_value(checks),
        conflicts => to_value(conflicts.collect::<Vec<_>>()),
    };
    let title = visit.text("Contradictions in what was published", "公布数据中的矛盾").to_owned();
    let page =
        Page { template: "contradictions.html", title, simulated, cache: CachePolicy::Revalidate, content };
    Ok(site.show(&visit, page)?)
}

/// Whether a document has published figures; it may have none that can be checked.
async fn is_on_record(site: &Site, document: &str) -> Result<bool> {
    let request = QueryStatementsRequest {
        document_id: document.to_owned(),
        page_size: 1,
        ..QueryStatementsRequest::default()
    };
    let answer = site.services.metrics().query_statements(request).await.map_err(failed)?.into_inner();
    Ok(!answer.figures.is_empty())
}

fn check(result: &CheckResult, language: Language) -> CheckView {
    let declared = result.check.clone().unwrap_or_default();
    let title = language.choose(&declared.title_en, &declared.title_zh).to_owned();
    let explanation = language.choose(&result.explanation_en, &result.explanation_zh).to_owned();
    let (verdict, verdict_words) = match result.verdict() {
        Verdict::Consistent => ("consistent", language.choose("consistent", "相符")),
        Verdict::Inconsistent => ("inconsistent", language.choose("inconsistent", "矛盾")),
        Verdict::Undetermined | Verdict::Unspecified => {
            ("undetermined", language.choose("undetermined", "无法判定"))
        }
    };
    let interval = |wire: Option<&WireInterval>| wire.and_then(|wire| Interval::try_from(wire).ok());
    let printed = result.statement.as_ref().and_then(|s| interval(s.interval.as_ref()));
    let words = format!("{title}: {explanation}");
    let drawing = printed_and_computed(printed, interval(result.computed.as_ref()), &words, language);
    let statements = result.statement.iter().chain(&result.operands);
    CheckView {
        id: declared.check_id,
        document: declared.document_id,
        title,
        verdict,
        verdict_words,
        explanation,
        drawing,
        statements: statements.map(|figure| statement(figure, language)).collect(),
    }
}

fn statement(figure: &PublishedFigure, language: Language) -> StatementView {
    let statement = figure.statement.clone().unwrap_or_default();
    let qualifier = code_words("statement", "qualifier", statement.qualifier, language);
    let title = language.choose(&statement.title_en, &statement.title_zh);
    StatementView {
        title: if title.is_empty() { statement.statement_id.clone() } else { title.to_owned() },
        printed: format!("{qualifier} {}", printed(&statement.printed, language)).trim().to_owned(),
        unit: uplift_core::unit::unit_name(&statement.unit, language).to_owned(),
        place: [statement.section, statement.locator]
            .into_iter()
            .filter(|s| !s.is_empty())
            .collect::<Vec<_>>()
            .join(", "),
        row: figure.row_number,
        submission: figure.submission_id.clone(),
    }
}
