//! Editions: all of them, and each with its files and figures.

use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use minijinja::context;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uplift_core::error::Result;
use uplift_core::language::Language;
use uplift_core::quantity::quantity;
use uplift_proto::service::Service;
use uplift_proto::v1::reporting::{Edition, GetEditionRequest, ListEditionsRequest};

use super::Answer;
use super::submissions::instant;
use crate::cache::CachePolicy;
use crate::services::failed;
use crate::site::{Page, Site, to_value};
use crate::visit::Visit;

/// Editions of a page.
const EDITIONS: i32 = 100;

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

/// Which page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
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

/// One edition: its files, its figures, and what can be asked of it.
pub(crate) async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path((_, series, number)): Path<(String, String, String)>,
) -> Answer {
    let id = format!("{series}/{number}");
    let edition = edition(&site, &id).await?;
    let figures: Vec<_> = edition.figures.iter().map(|figure| {
        serde_json::json!({
            "id": figure.figure_id, "title": visit.text(&figure.title_en, &figure.title_zh),
            "subject": visit.text(&figure.subject_en, &figure.subject_zh), "period": figure.period,
            "value": words(&figure.exact_value, &figure.unit, visit.language), "exact": figure.exact_value,
            "trace": figure.trace,
        })
    }).collect();
    let others = others(&edition);
    let view = EditionView::new(edition, visit.language);
    let (simulated, title) = (view.simulated, format!("{} · {}", view.title, view.id));
    let places = &site.services.places;
    let content = context! {
        edition => to_value(view), others,
        figures => to_value(figures),
        call => places.call(Service::Reporting, "GetEdition", &serde_json::json!({ "edition_id": id })),
        line => places.command(Service::Reporting, &format!("uplift report download {id}")),
    };
    let page = Page { template: "edition.html", title, simulated, cache: CachePolicy::Revalidate, content };
    Ok(site.show(&visit, page)?)
}

/// An edition by its id.
pub(super) async fn edition(site: &Site, id: &str) -> Result<Edition> {
    let request = GetEditionRequest { edition_id: id.to_owned() };
    let answer = site.services.reporting().get_edition(request).await.map_err(failed)?.into_inner();
    Ok(answer.edition.unwrap_or_default())
}

/// The other editions of its series, the newest first: numbers are counted from 1.
pub(super) fn others(edition: &Edition) -> Vec<i32> {
    let newest = edition.superseded_by.rsplit_once('/').and_then(|(_, number)| number.parse().ok());
    let newest: i32 = newest.unwrap_or(edition.number);
    (1..=newest).rev().filter(|number| *number != edition.number).take(EDITIONS as usize).collect()
}

/// A value as people read it; its evidence has every digit.
pub(super) fn words(exact: &str, unit: &str, language: Language) -> String {
    let number = Decimal::from_str(exact).or_else(|_| Decimal::from_scientific(exact));
    number.map_or_else(|_| exact.to_owned(), |number| quantity(number, unit, language))
}
