//! Editions: read in the browser, verified, compared with what their figures are now, and downloaded.

use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::Response;
use minijinja::context;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uplift_core::error::{Error, Result};
use uplift_core::language::Language;
use uplift_core::quantity::quantity;
use uplift_proto::v1::reporting::download_report_response::Part;
use uplift_proto::v1::reporting::verify_report_response::Event;
use uplift_proto::v1::reporting::{
    ChangeCauseKind, CompareReportsRequest, DownloadReportRequest, Edition, FigureChange, GetEditionRequest,
    ListEditionsRequest, VerifyReportRequest,
};

use super::Answer;
use super::submissions::instant;
use crate::cache::{CachePolicy, REPORT_POLICY};
use crate::download::attachment;
use crate::services::{ended, failed};
use crate::site::{Page, Site, to_value};
use crate::visit::Visit;

/// Editions of a page.
const EDITIONS: i32 = 100;
/// Bytes of a file that is shown or downloaded.
const MAX_FILE: usize = 64 << 20;

/// An edition as pages show it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EditionView {
    id: String,
    title: String,
    author: String,
    published: String,
    area_code: String,
    period: String,
    figures: i32,
    contradictions: i32,
    simulated: bool,
    superseded_by: String,
    sha256: String,
    /// What it changes; empty for the first.
    amendment: String,
    files: Vec<FileView>,
}

/// A file of an edition.
#[derive(Debug, Clone, Serialize)]
struct FileView {
    name: String,
    size: String,
    sha256: String,
    /// Whether a browser shows it.
    is_page: bool,
    /// Whether it is one table of many.
    is_table: bool,
}

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

/// Which page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    page: String,
}

impl EditionView {
    pub(crate) fn new(edition: Edition, language: Language) -> Self {
        let report = edition.report.unwrap_or_default();
        let files = report.files.iter().map(|file| FileView {
            name: file.name.clone(),
            size: size(file.size, language),
            sha256: file.sha256.clone(),
            is_page: file.media_type.starts_with("text/html"),
            is_table: file.media_type.starts_with("text/csv") || file.media_type.starts_with("text/tab"),
        });
        Self {
            title: language.choose(&report.title_en, &report.title_zh).to_owned(),
            author: edition.author,
            published: instant(edition.publish_time),
            area_code: report.area_code,
            period: report.period,
            figures: report.figures,
            contradictions: report.contradictions,
            simulated: report.simulated,
            superseded_by: edition.superseded_by,
            sha256: edition.sha256,
            amendment: edition
                .amendment
                .map(|a| language.choose(&a.cause_en, &a.cause_zh).to_owned())
                .unwrap_or_default(),
            files: files.collect(),
            id: edition.edition_id,
        }
    }
}

fn size(bytes: i64, language: Language) -> String {
    let space = language.choose(" ", "");
    match bytes {
        ..1_000 => format!("{bytes}{}", language.choose(" bytes", "字节")),
        1_000..1_000_000 => format!("{:.0}{space}kB", bytes as f64 / 1e3),
        _ => format!("{:.1}{space}MB", bytes as f64 / 1e6),
    }
}

/// All editions.
pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Query(query): Query<ListQuery>,
) -> Answer {
    let request = ListEditionsRequest { page_size: EDITIONS, page_token: query.page };
    let answer = site.services.reporting().list_editions(request).await.map_err(failed)?.into_inner();
    let editions: Vec<_> = answer.editions.into_iter().map(|e| EditionView::new(e, visit.language)).collect();
    let simulated = editions.iter().any(|edition| edition.simulated);
    let content = context! {
        editions => to_value(editions), damaged => answer.damaged_edition_ids, next => answer.next_page_token,
    };
    let title = visit.text("Editions", "已发布版本").to_owned();
    let page = Page { template: "editions.html", title, simulated, cache: CachePolicy::Revalidate, content };
    Ok(site.show(&visit, page)?)
}

/// One edition, with what its figures would be now.
pub(crate) async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path((_, series, number)): Path<(String, String, String)>,
) -> Answer {
    edition_page(&site, &visit, &format!("{series}/{number}"), None).await
}

/// The same, after every figure was computed again and every file compared with its digest.
pub(crate) async fn verify(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path((_, series, number)): Path<(String, String, String)>,
) -> Answer {
    let id = format!("{series}/{number}");
    let request = VerifyReportRequest { edition_id: id.clone() };
    let mut events = site.services.reporting().verify_report(request).await.map_err(failed)?.into_inner();
    let verification = loop {
        match events.message().await.map_err(failed)?.and_then(|answer| answer.event) {
            Some(Event::Verification(verification)) => break verification,
            Some(Event::Progress(_)) => {}
            None => return Err(ended().into()),
        }
    };
    let differences = verification.differences.iter().map(|d| {
        serde_json::json!({
            "part": d.part, "published": d.published, "current": d.current,
            "message": visit.text(&d.message_en, &d.message_zh),
        })
    });
    let result = serde_json::json!({
        "figures": verification.figures, "files": verification.files, "sha256": verification.sha256,
        "differences": differences.collect::<Vec<_>>(),
    });
    edition_page(&site, &visit, &id, Some(result)).await
}

async fn edition_page(
    site: &Site,
    visit: &Visit,
    id: &str,
    verification: Option<serde_json::Value>,
) -> Answer {
    let request = GetEditionRequest { edition_id: id.to_owned() };
    let answer = site.services.reporting().get_edition(request).await.map_err(failed)?.into_inner();
    let edition = answer.edition.unwrap_or_default();
    let figures: Vec<_> = edition.figures.iter().map(|figure| {
        serde_json::json!({
            "id": figure.figure_id, "title": visit.text(&figure.title_en, &figure.title_zh),
            "subject": visit.text(&figure.subject_en, &figure.subject_zh), "period": figure.period,
            "value": words(&figure.exact_value, &figure.unit, visit.language), "exact": figure.exact_value,
            "trace": figure.trace,
        })
    }).collect();
    let compared = CompareReportsRequest { edition_id: id.to_owned(), ..Default::default() };
    let changes = match verification {
        // Verifying has computed everything again; what it would be now is another question.
        Some(_) => Ok(None),
        None => {
            // An edition is read even if its figures cannot be computed any more, as after a definition changed.
            let answer = site.services.reporting().compare_reports(compared).await.map_err(failed);
            answer.map(|answer| {
                let changes = answer.into_inner().changes.into_iter();
                Some(changes.map(|c| change(c, visit.language)).collect::<Vec<_>>())
            })
        }
    };
    let (changes, incomparable) = match changes {
        Ok(changes) => (changes, String::new()),
        Err(error) => (None, visit.error(&error)),
    };
    let view = EditionView::new(edition, visit.language);
    let (simulated, title) = (view.simulated, format!("{} · {}", view.title, view.id));
    let content = context! {
        edition => to_value(view),
        figures => to_value(figures),
        changes => changes.map(to_value), incomparable,
        verification => verification.map(to_value),
        line => format!("uplift report verify {id}"),
    };
    let page = Page { template: "edition.html", title, simulated, cache: CachePolicy::Revalidate, content };
    Ok(site.show(visit, page)?)
}

/// A value as people read it; its evidence has every digit.
fn words(exact: &str, unit: &str, language: Language) -> String {
    let number = Decimal::from_str(exact).or_else(|_| Decimal::from_scientific(exact));
    number.map_or_else(|_| exact.to_owned(), |number| quantity(number, unit, language))
}

fn change(change: FigureChange, language: Language) -> ChangeView {
    let causes = change.causes.iter().map(|cause| {
        let share =
            if cause.exact_share.is_empty() { String::new() } else { format!(" ({})", cause.exact_share) };
        format!("{}{}{share}", kind(cause.kind(), language), cause.name)
    });
    ChangeView {
        figure: change.figure_id.clone(),
        title: language.choose(&change.title_en, &change.title_zh).to_owned(),
        subject: language.choose(&change.subject_en, &change.subject_zh).to_owned(),
        before: words(&change.exact_value_before, &change.unit, language),
        after: words(&change.exact_value_after, &change.unit, language),
        causes: causes.collect(),
    }
}

/// What a cause is, before its name.
fn kind(kind: ChangeCauseKind, language: Language) -> &'static str {
    match kind {
        ChangeCauseKind::SubmissionAdded => language.choose("added: ", "新增："),
        ChangeCauseKind::SubmissionRemoved => language.choose("taken away: ", "移除："),
        ChangeCauseKind::Definition => language.choose("another definition: ", "定义变更："),
        _ => "",
    }
}

/// A file of an edition. It never changes, so that a browser may keep it.
pub(crate) async fn file(
    State(site): State<Arc<Site>>,
    Path((series, number, name)): Path<(String, String, String)>,
) -> Answer {
    let id = format!("{series}/{number}");
    let request = GetEditionRequest { edition_id: id.clone() };
    let answer = site.services.reporting().get_edition(request).await.map_err(failed)?.into_inner();
    let files = answer.edition.and_then(|edition| edition.report).unwrap_or_default().files;
    let record = files.into_iter().find(|file| file.name == name);
    let record = record.ok_or_else(|| Error::not_found(format!("edition {id} has no file {name:?}")))?;
    let request = DownloadReportRequest { report_id: id, file: name.clone() };
    let bytes = whole(&site, request).await?;
    if !record.media_type.starts_with("text/html") {
        return Ok(attachment(bytes, &record.media_type, &name, CachePolicy::Immutable));
    }
    let mut answer = Response::new(bytes.into());
    for (name, value) in [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CACHE_CONTROL, CachePolicy::Immutable.header()),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(REPORT_POLICY)),
    ] {
        answer.headers_mut().insert(name, value);
    }
    Ok(answer)
}

async fn whole(site: &Site, request: DownloadReportRequest) -> Result<Vec<u8>> {
    let mut parts = site.services.reporting().download_report(request).await.map_err(failed)?.into_inner();
    let mut bytes = Vec::new();
    while let Some(part) = parts.message().await.map_err(failed)? {
        match part.part {
            Some(Part::Chunk(chunk)) => bytes.extend_from_slice(&chunk),
            Some(Part::Sha256(_)) => return Ok(bytes),
            None => {}
        }
        if bytes.len() > MAX_FILE {
            return Err(Error::new(
                uplift_core::error::ErrorKind::FailedPrecondition,
                "the file is larger than 64 MiB; download it with: uplift report download",
            ));
        }
    }
    Err(ended())
}
