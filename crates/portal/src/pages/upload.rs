//! Handing a file in: choose what it is, try it, correct what is rejected, then hand it in for good.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use axum::extract::multipart::{Field, Multipart, MultipartRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::context;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use uplift_core::area::AreaCode;
use uplift_core::chinese::chinese;
use uplift_core::error::{Error, FieldViolation, Result};
use uplift_core::language::Language;
use uplift_core::period::Period;
use uplift_formats::Upload as Reader;
use uplift_proto::v1::ingest::{ListRejectionsRequest, Rejection, State as Outcome, UploadFileResponse};

use super::Answer;
use super::submissions::{RejectionView, SubmissionView, dataset_title};
use crate::cache::CachePolicy;
use crate::download::attachment;
use crate::failure::Failure;
use crate::services::failed;
use crate::site::{Page, Site, ask_again, to_value};
use crate::uploads::{Described, MAX_FILE, Progress, Upload};
use crate::visit::Visit;

/// Rejected rows that the page shows; the file to download has them all.
const SHOWN: usize = 100;
/// Rejections of one call, and of the file to download.
const PAGE: i32 = 10_000;
const MAX_REJECTIONS: usize = 1_000_000;
/// Bytes of a field that is no file.
const MAX_TEXT: usize = 2_000;

/// What the form is filled in with.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FormQuery {
    dataset: String,
    area: String,
    period: String,
    sender: String,
}

/// The form.
pub(crate) async fn form(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Query(query): Query<FormQuery>,
) -> Answer {
    let (_, year) = site.scope().await?;
    let FormQuery { dataset, area, period, sender } = query;
    let period = if period.is_empty() { year } else { period };
    let described = Described { dataset, area, period, sender, ..Described::default() };
    form_page(&site, &visit, &described, &[])
}

/// The form as it was filled in, with what is wrong beside each field.
fn form_page(site: &Site, visit: &Visit, described: &Described, faults: &[FieldViolation]) -> Answer {
    let datasets: Vec<_> = uplift_proto::dataset::all()
        .iter()
        .map(|dataset| (dataset.name.clone(), dataset.title.text(visit.language).to_owned()))
        .collect();
    let told = |fault: &FieldViolation| {
        let description = match visit.language {
            Language::En => fault.description.clone(),
            Language::Zh => chinese(&fault.description).unwrap_or_else(|| fault.description.clone()),
        };
        (fault.field.clone(), description)
    };
    let Described { dataset, area, period, sender, replace, simulated, .. } = described;
    let content = context! {
        datasets => to_value(datasets), dataset, area, sender, period, replace,
        practice => simulated,
        faults => to_value(faults.iter().map(told).collect::<BTreeMap<_, _>>()),
    };
    let title = match faults {
        [] => visit.text("Hand in a file", "报送文件"),
        _ => visit.text("Correct the form", "请改正表单"),
    };
    let page = Page {
        template: "upload.html",
        title: title.to_owned(),
        simulated: false,
        cache: CachePolicy::Never,
        content,
    };
    Ok(site.show(visit, page)?)
}

/// What is wrong with what is said of a file.
fn faults(described: &Described) -> Vec<FieldViolation> {
    let mut faults = Vec::new();
    let mut check = |field: &str, value: &str, fault: Option<String>| {
        let fault = if value.is_empty() { Some("is required; fill it in".to_owned()) } else { fault };
        faults.extend(fault.map(|fault| FieldViolation::new(field, fault)));
    };
    let Described { dataset, area, period, sender, .. } = described;
    let known = uplift_proto::dataset::find(dataset);
    check(
        "dataset",
        dataset,
        known.is_none().then(|| format!("there is no dataset {dataset:?}; choose one of the list")),
    );
    check("area", area, area.parse::<AreaCode>().err().map(|e| e.to_string()));
    check("period", period, period.parse::<Period>().err().map(|e| e.to_string()));
    check("sender", sender, None);
    faults
}

/// Takes the form with its file, and begins the trial.
pub(crate) async fn send(
    State(site): State<Arc<Site>>,
    visit: Visit,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Failure> {
    let mut form = form.map_err(|e| Error::invalid_field("form", e.body_text()))?;
    let mut described = Described::default();
    let mut file: Option<(NamedTempFile, u64, String)> = None;
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            described.name = field.file_name().unwrap_or_default().chars().take(200).collect();
            file = Some(stored(&site, field).await?);
            continue;
        }
        let value = text(field).await?;
        match name.as_str() {
            "dataset" => described.dataset = value,
            "area" => described.area = value,
            "period" => described.period = value,
            "sender" => described.sender = value,
            "replace" => described.replace = value == "yes",
            "simulated" => described.simulated = value == "yes",
            _ => {}
        }
    }
    let mut faults = faults(&described);
    let file = file.filter(|(_, size, _)| *size > 0);
    if file.is_none() {
        faults.push(FieldViolation::new("file", "is required; choose a file that is not empty"));
    }
    let Some((file, size, digest)) = file.filter(|_| faults.is_empty()) else {
        let mut page = form_page(&site, &visit, &described, &faults)?;
        *page.status_mut() = StatusCode::BAD_REQUEST;
        return Ok(page);
    };
    let upload = site.uploads.keep(&site.services, described, file, (size, digest));
    Ok(Redirect::to(&visit.href(&format!("/uploads/{}", upload.id))).into_response())
}

fn unreadable(error: axum::extract::multipart::MultipartError) -> Error {
    Error::invalid_field(
        "file",
        format!("{}; send files of at most {} MiB", error.body_text(), MAX_FILE >> 20),
    )
}

async fn text(field: Field<'_>) -> Result<String> {
    let name = field.name().unwrap_or_default().to_owned();
    let text = field.text().await.map_err(unreadable)?;
    if text.len() > MAX_TEXT {
        return Err(Error::invalid_field(name, format!("is longer than {MAX_TEXT} bytes; shorten it")));
    }
    Ok(text.trim().to_owned())
}

/// A file as it comes, with its size and digest.
async fn stored(site: &Site, mut field: Field<'_>) -> Result<(NamedTempFile, u64, String)> {
    let mut file = site.uploads.create()?;
    let (mut size, mut digest) = (0, Sha256::new());
    while let Some(chunk) = field.chunk().await.map_err(unreadable)? {
        digest.update(&chunk);
        size += chunk.len() as u64;
        file.write_all(&chunk).map_err(|e| Error::internal("keeping a file", e))?;
    }
    Ok((file, size, hex::encode(digest.finalize())))
}

/// Hands a tried file in for good.
pub(crate) async fn hand_in(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Failure> {
    site.uploads.find(&id)?.hand_in(&site.services)?;
    Ok(Redirect::to(&visit.href(&visit.path)).into_response())
}

/// How far a file is, and what became of it. While work is under way the page asks again by itself.
pub(crate) async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path((_, id)): Path<(String, String)>,
) -> Answer {
    let upload = site.uploads.find(&id)?;
    let (stage, sent, answer, failure) = match upload.progress() {
        Progress::Checking(sent) => ("checking", sent, None, None),
        Progress::HandingIn(sent) => ("handing_in", sent, None, None),
        Progress::Checked(answer) => ("checked", upload.size, Some(answer), None),
        Progress::HandedIn(answer) => ("handed_in", upload.size, Some(answer), None),
        Progress::Repeated(_) => ("repeated", upload.size, None, None),
        Progress::Failed(error) => ("failed", upload.size, None, Some(error)),
    };
    let earlier = match upload.progress() {
        Progress::Repeated(submission) => Some(to_value(SubmissionView::new(*submission, visit.language))),
        _ => None,
    };
    let submission = answer.as_ref().and_then(|answer| answer.submission.as_ref());
    let is_refused = submission.is_some_and(|submission| submission.state() == Outcome::Refused);
    let is_working = matches!(stage, "checking" | "handing_in");
    let failure = failure.map(|error| visit.error(&error));
    let described = &upload.described;
    let content = context! {
        stage, sent, earlier, size => upload.size, percent => sent * 100 / upload.size.max(1), failure, id,
        name => described.name.as_str(), dataset => described.dataset.as_str(), replace => described.replace,
        dataset_title => dataset_title(&described.dataset, visit.language),
        area => described.area.as_str(), period => described.period.as_str(), sender => described.sender.as_str(),
        outcome => answer.as_deref().map(|answer| to_value(outcome(answer, visit.language))),
        again => again(&visit, described),
    };
    let title = match stage {
        "checking" => visit.text("Trying the file", "正在试报"),
        "handing_in" => visit.text("Handing the file in", "正在报送"),
        "checked" => visit.text("The trial of the file", "试报结果"),
        "repeated" => visit.text("This file was handed in before", "该文件此前已报送"),
        "handed_in" if is_refused => visit.text("The file was refused", "文件被退回"),
        "handed_in" => visit.text("Handed in", "报送结果"),
        _ => visit.text("The file was refused", "文件被退回"),
    };
    let page = Page {
        template: "upload_status.html",
        title: title.to_owned(),
        simulated: described.simulated,
        cache: CachePolicy::Never,
        content,
    };
    let mut answer = site.show(&visit, page)?;
    if is_working {
        ask_again(&mut answer);
    }
    Ok(answer)
}

/// The form, filled in as it was.
fn again(visit: &Visit, described: &Described) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let Described { dataset, area, period, sender, .. } = described;
    for (name, value) in [("dataset", dataset), ("area", area), ("period", period), ("sender", sender)] {
        query.append_pair(name, value);
    }
    format!("{}?{}", visit.href("/upload"), query.finish())
}

/// What a trial or the real thing came to.
fn outcome(answer: &UploadFileResponse, language: Language) -> serde_json::Value {
    let submission = answer.submission.clone().unwrap_or_default();
    let is_refused = submission.state() == Outcome::Refused;
    let reading = answer.reading.clone().unwrap_or_default();
    let skipped = reading.skipped_rows.iter().map(
        |row| serde_json::json!({ "line": row.line, "kind": kind(&row.kind, language), "text": row.text }),
    );
    let told = answer.rejections.iter().cloned().map(|rejection| RejectionView::new(rejection, language));
    let told: Vec<_> = told.collect();
    let rejections: Vec<_> = told.iter().take(SHOWN).cloned().collect();
    let units: std::collections::BTreeMap<_, _> = reading.units.iter().collect();
    serde_json::json!({
        "is_refused": is_refused,
        // A row may have several faults.
        "more": submission.rows_rejected - RejectionView::rows(&rejections),
        "told": RejectionView::rows(&told), "rejections": rejections,
        "warnings": answer.warnings, "rows_removed": answer.rows_removed, "replaced_by": answer.replaced_by,
        "read_as": reading.kind, "encoding": reading.encoding, "sheet": reading.sheet, "units": units,
        "ignored": reading.ignored_columns, "skipped": skipped.collect::<Vec<_>>(),
        "submission": SubmissionView::new(submission, language),
    })
}

fn kind(kind: &str, language: Language) -> &str {
    match kind {
        "total" => language.choose("total", "合计"),
        "note" => language.choose("note", "说明"),
        "head" => language.choose("heading", "表头"),
        other => other,
    }
}

/// The rejected rows as a file of the same kind, each with its reason.
pub(crate) async fn rejected(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let upload = site.uploads.find(&id)?;
    let rejections = rejections(&site, &upload).await?;
    let written =
        tokio::task::spawn_blocking(move || rejected_file(&upload, &rejections, visit.language)).await;
    let (bytes, name) = written.map_err(|e| Error::internal("writing rejected rows", e))??;
    let kind = match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("csv") => "text/csv; charset=utf-8",
        Some("xlsx") => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        Some("ndjson") => "application/x-ndjson",
        _ => "application/octet-stream",
    };
    Ok(attachment(bytes, kind, &name, CachePolicy::Never))
}

/// All rejected rows of what was handed in; of a trial, which nothing keeps, those that it told.
async fn rejections(site: &Site, upload: &Upload) -> Result<Vec<Rejection>> {
    let told = match upload.progress() {
        Progress::Checked(answer) => return Ok(answer.rejections.clone()),
        Progress::HandedIn(answer) => answer,
        _ => return Ok(Vec::new()),
    };
    let submission = told.submission.as_ref().and_then(|submission| submission.header.as_ref());
    let submission_id = submission.map(|header| header.submission_id.clone()).unwrap_or_default();
    let mut request = ListRejectionsRequest { submission_id, page_size: PAGE, ..Default::default() };
    let mut all = Vec::new();
    loop {
        let page =
            site.services.ingest().list_rejections(request.clone()).await.map_err(failed)?.into_inner();
        all.extend(page.rejections);
        if page.next_page_token.is_empty() || all.len() >= MAX_REJECTIONS {
            return Ok(all);
        }
        request.page_token = page.next_page_token;
    }
}

fn rejected_file(upload: &Upload, rejections: &[Rejection], language: Language) -> Result<(Vec<u8>, String)> {
    let name = &upload.described.dataset;
    let dataset = uplift_proto::dataset::find(name);
    let dataset = dataset.ok_or_else(|| Error::not_found(format!("there is no dataset {name:?}")))?;
    let bytes = std::fs::read(upload.path()).map_err(|e| Error::internal("reading a kept file", e))?;
    let file = Reader { bytes, ..Reader::default() }.open(dataset)?;
    let rows = file.rejected_rows(&uplift_formats::reasons(rejections, language))?;
    let stem =
        upload.described.name.rsplit_once('.').map_or(upload.described.name.as_str(), |(stem, _)| stem);
    Ok((rows, format!("{stem}.rejected.{}", file.extension())))
}
