//! What differs between an edition and another of its series, or what its figures are now.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use minijinja::context;
use serde::{Deserialize, Serialize};
use uplift_core::error::{Error, Result};
use uplift_core::language::Language;
use uplift_proto::service::Service;
use uplift_proto::v1::reporting::{ChangeCause, ChangeCauseKind, CompareReportsRequest, FigureChange};
use uplift_proto::words::change_cause;

use super::Answer;
use super::editions::{edition, others, words};
use crate::cache::CachePolicy;
use crate::services::failed;
use crate::site::{Page, Site, to_value};
use crate::visit::Visit;

/// A figure that is another now.
#[derive(Debug, Serialize)]
struct ChangeView {
    figure: String,
    title: String,
    subject: String,
    before: String,
    after: String,
    causes: Vec<String>,
}

/// What an edition is compared with.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CompareQuery {
    /// Number of another edition of the series; empty is what the figures are now.
    with: String,
}

impl CompareQuery {
    /// Id of the other edition; empty is now.
    pub(super) fn other(&self, series: &str) -> Result<String> {
        match (self.with.as_str(), self.with.parse::<u32>()) {
            ("", _) => Ok(String::new()),
            (_, Ok(number)) => Ok(format!("{series}/{number}")),
            (other, Err(_)) => {
                let message = format!("{other:?} is no number of an edition; write one, as 2");
                Err(Error::invalid_field("with", message))
            }
        }
    }
}

/// The differences.
pub(crate) async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path((_, series, number)): Path<(String, String, String)>,
    Query(query): Query<CompareQuery>,
) -> Answer {
    let id = format!("{series}/{number}");
    let other = query.other(&series)?;
    let edition = edition(&site, &id).await?;
    let request = CompareReportsRequest { edition_id: id.clone(), other_edition_id: other.clone() };
    let answer = site.services.reporting().compare_reports(request).await.map_err(failed)?.into_inner();
    let is_origin = |cause: &ChangeCause| cause.kind() == ChangeCauseKind::Origin;
    let another_origin = answer.changes.iter().flat_map(|change| &change.causes).any(is_origin);
    let changes: Vec<_> = answer.changes.into_iter().map(|c| change(c, visit.language)).collect();
    let simulated = edition.report.as_ref().is_some_and(|report| report.simulated);
    // What came before an edition is not put right by it.
    let has_errata = query.with.parse::<i32>().map_or(other.is_empty(), |with| with > edition.number);
    let with = match other.as_str() {
        "" => visit.text("what its figures are now", "当前数据"),
        other => other,
    };
    let title = match visit.language {
        Language::En => format!("{id} beside {with}"),
        Language::Zh => format!("{id}与{with}对照"),
    };
    let asked = serde_json::json!({ "edition_id": id, "other_edition_id": other });
    let places = &site.services.places;
    let content = context! {
        id => id.as_str(), other => other.as_str(), with => query.with, others => others(&edition), has_errata,
        figures => answer.figures, count => changes.len(),
        changes => to_value(changes), another_origin,
        call => places.call(Service::Reporting, "CompareReports", &asked),
        line => places.command(Service::Reporting, format!("uplift report compare {id} {other}").trim_end()),
    };
    let page =
        Page { template: "comparison.html", title, simulated, cache: CachePolicy::Revalidate, content };
    Ok(site.show(&visit, page)?)
}

fn change(change: FigureChange, language: Language) -> ChangeView {
    let causes = change.causes.iter().map(|cause| change_cause(cause).text(language).to_owned());
    ChangeView {
        figure: change.figure_id.clone(),
        title: language.choose(&change.title_en, &change.title_zh).to_owned(),
        subject: language.choose(&change.subject_en, &change.subject_zh).to_owned(),
        before: words(&change.exact_value_before, &change.unit, language),
        after: words(&change.exact_value_after, &change.unit, language),
        causes: causes.collect(),
    }
}
