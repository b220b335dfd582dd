//! Verifying an edition: begun by a form, told step by step, and what came of it.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::context;
use uplift_core::chinese::chinese;
use uplift_core::language::Language;
use uplift_proto::service::Service;

use super::Answer;
use super::editions::edition;
use crate::cache::CachePolicy;
use crate::failure::Failure;
use crate::site::{Page, Site, ask_again, to_value};
use crate::verifications::State as Work;
use crate::visit::Visit;

/// Begins to verify an edition that there is.
pub(crate) async fn begin(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path((_, series, number)): Path<(String, String, String)>,
) -> Result<Response, Failure> {
    let edition = edition(&site, &format!("{series}/{number}")).await?;
    site.verifications.begin(&site.services, &edition.edition_id);
    Ok(Redirect::to(&visit.href(&visit.path)).into_response())
}

/// How far it is, or what came of it. While work is under way the page asks again by itself.
pub(crate) async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path((_, series, number)): Path<(String, String, String)>,
) -> Answer {
    let id = format!("{series}/{number}");
    let report = edition(&site, &id).await?.report.unwrap_or_default();
    let work = site.verifications.find(&id).map(|work| work.state());
    let is_working = matches!(work, Some(Work::Waiting | Work::Working(_)));
    let (mut step, mut result, mut failure) = (None, None, String::new());
    let stage = match &work {
        None => "none",
        Some(Work::Waiting) => "waiting",
        Some(Work::Working(progress)) => {
            let words = match visit.language {
                Language::En => progress.stage.clone(),
                Language::Zh => chinese(&progress.stage).unwrap_or_else(|| progress.stage.clone()),
            };
            step = Some((words, progress.done, progress.total.max(1)));
            "working"
        }
        Some(Work::Done(verification, time)) => {
            let differences = verification.differences.iter().map(|d| {
                serde_json::json!({
                    "part": d.part, "published": d.published, "current": d.current,
                    "message": visit.text(&d.message_en, &d.message_zh),
                })
            });
            result = Some(serde_json::json!({
                "figures": verification.figures, "files": verification.files, "sha256": verification.sha256,
                "time": time.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
                "differences": differences.collect::<Vec<_>>(),
            }));
            "done"
        }
        Some(Work::Failed(error)) => {
            failure = visit.error(error);
            "failed"
        }
    };
    let title = format!("{} {id}", visit.text("Verification of", "核验"));
    let places = &site.services.places;
    let content = context! {
        id => id.as_str(), stage, step => step.map(to_value), result => result.map(to_value), failure,
        line => places.command(Service::Reporting, &format!("uplift report verify {id}")),
        call => places.call(Service::Reporting, "VerifyReport", &serde_json::json!({ "edition_id": id })),
    };
    let page = Page {
        template: "verification.html",
        title,
        simulated: report.simulated,
        cache: CachePolicy::Never,
        content,
    };
    let mut answer = site.show(&visit, page)?;
    if is_working {
        ask_again(&mut answer);
    }
    Ok(answer)
}
