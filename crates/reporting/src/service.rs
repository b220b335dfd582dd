//! The reporting service: a report written from answers of the metrics service, and kept.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use futures::StreamExt;
use tokio::sync::mpsc;
use uplift_client::{MetricsClient, all_checks};
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_proto::status::from_status;
use uplift_proto::v1::metrics::{
    CheckStatementsRequest, ListIndicatorsRequest, PublishedFigure, QueryStatementsRequest,
};
use uplift_proto::v1::reporting::Report;
use uuid::Uuid;

use crate::answers::Answers;
use crate::archive::Archive;
use crate::compose::sections;
use crate::document::Document;
use crate::evidence::{Definition, open};
use crate::output::{File, render};
use crate::reconciliation::Reconciliation;
use crate::request::{ReportRequest, Scope};
use crate::template::{Content, Indicators, Template, Templates, load_folder};
use crate::upstream::{instant, upstream};
use crate::writer::Writer;

/// Writes reports and keeps them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reporting {
    metrics: MetricsClient,
    archive: Archive,
    templates: Templates,
}

/// A step of writing a report.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// What is being done.
    pub stage: &'static str,
    /// Steps done before it.
    pub done: i32,
    /// Steps in all, as far as is known.
    pub total: i32,
}

/// What is sent while a report is written.
#[derive(Debug)]
pub enum Progress {
    /// A step begins.
    Begun(Step),
    /// It is written and kept.
    Written(Box<Report>),
}

/// A report that is not kept.
#[derive(Debug)]
pub struct Preview {
    /// Its record, without an id.
    pub report: Report,
    /// Its files: name and content.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Statements of one report.
const MAX_STATEMENTS: usize = 20_000;
const PAGE: i32 = 10_000;
/// Figures of one report, each of which has its evidence.
const MAX_FIGURES: usize = 5_000;

/// Stages before and after the evidence is opened.
const READING: &str = "reading figures";
const CHECKING: &str = "judging checks";
const OPENING: &str = "opening the evidence";
const LAYING_OUT: &str = "laying out the pages";
const KEEPING: &str = "keeping the report";
/// Steps beside one for each figure.
const STEPS: i32 = 4;

/// Where steps are told.
struct Steps {
    progress: mpsc::Sender<Progress>,
    done: i32,
    total: i32,
}

impl Steps {
    async fn begin(&mut self, stage: &'static str) {
        // The report is written even if nobody listens.
        let _ = self.progress.send(Progress::Begun(Step { stage, done: self.done, total: self.total })).await;
        self.done += 1;
    }
}

impl Reporting {
    /// A service that asks this metrics service and keeps reports in this archive. An office's own templates are in
    /// `templates`, each a folder.
    pub fn new(metrics: MetricsClient, archive: Archive, templates: Option<PathBuf>) -> Self {
        Self { metrics, archive, templates: Templates::with_folder(templates) }
    }

    /// Writes a report and sends each step as it begins, then the report.
    pub async fn generate(&self, request: &ReportRequest, progress: mpsc::Sender<Progress>) -> Result<()> {
        let mut steps = Steps { progress, done: 0, total: STEPS };
        let indicators = self.indicators().await?;
        let template = self.templates.load(&request.template, &indicators)?;
        let (mut report, files) = write(&self.metrics, &template, &indicators, request, &mut steps).await?;
        steps.begin(KEEPING).await;
        report.report_id = Uuid::now_v7().to_string();
        report.create_time = Some(SystemTime::now().into());
        self.archive.put(&report, files).await?;
        let _ = steps.progress.send(Progress::Written(report.into())).await;
        Ok(())
    }

    /// The templates with their titles; those that are not valid with what is wrong.
    pub(crate) async fn templates(&self) -> Result<Vec<(String, Result<Template>)>> {
        let indicators = self.indicators().await?;
        let load = |id: String| {
            let template = self.templates.load(&id, &indicators);
            (id, template)
        };
        Ok(self.templates.ids().into_iter().map(load).collect())
    }

    /// The reports.
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    async fn indicators(&self) -> Result<Indicators> {
        indicators(&self.metrics).await
    }
}

/// Writes a report by the template of a folder, or by a shipped one, and keeps it nowhere.
pub async fn preview(
    metrics: MetricsClient,
    template: &str,
    request: &ReportRequest,
    progress: mpsc::Sender<Progress>,
) -> Result<Preview> {
    let indicators = indicators(&metrics).await?;
    let template = match Path::new(template) {
        folder if folder.is_dir() => load_folder(folder, &indicators)?,
        _ => Templates::default().load(template, &indicators)?,
    };
    let mut steps = Steps { progress, done: 0, total: STEPS };
    let (report, files) = write(&metrics, &template, &indicators, request, &mut steps).await?;
    Ok(Preview { report, files: files.into_iter().map(|file| (file.record.name, file.content)).collect() })
}

async fn indicators(metrics: &MetricsClient) -> Result<Indicators> {
    let answer = metrics.clone().list_indicators(ListIndicatorsRequest::default()).await;
    let answer = answer.map_err(|s| upstream(from_status(&s)))?.into_inner();
    Ok(answer.indicators.into_iter().map(|i| (i.indicator_id.clone(), i)).collect())
}

/// Writes the files of a report.
async fn write(
    metrics: &MetricsClient,
    template: &Template,
    indicators: &Indicators,
    request: &ReportRequest,
    steps: &mut Steps,
) -> Result<(Report, Vec<File>)> {
    let scope = &request.scope;
    steps.begin(READING).await;
    let answers = Answers::ask(metrics, template, indicators, scope).await?;
    steps.begin(CHECKING).await;
    let document_id = match request.document_id.as_str() {
        "" => template.document.clone().unwrap_or_default(),
        id => id.to_owned(),
    };
    // A document has an area and a period of its own.
    let area_code = if template.figures.is_empty() { "" } else { scope.area_code.as_str() };
    let mut versions = answers.table_versions.clone();
    let mut records_time = answers.records_time;
    let statements =
        reconciliation(metrics, template, &document_id, (&mut versions, &mut records_time)).await?;
    let open_period = scope.period.last_day() >= Utc::now().date_naive();
    let mut writer = Writer::new(template, &answers, indicators, area_code, scope.period, open_period);
    let title = writer.title();
    let sections = sections(&mut writer, &statements);
    let marks = writer.mark_meanings();
    let subject = writer.area_name(area_code);
    let mut figures = writer.figures;
    let unknown_document = !request.document_id.is_empty() && statements.statements.is_empty();
    if unknown_document && shows_document(template) {
        return Err(Error::not_found(format!("no figures of document {document_id:?} were submitted")));
    }
    if figures.is_empty() && statements.statements.is_empty() {
        return Err(nothing(template, &document_id, scope));
    }
    if figures.len() > MAX_FIGURES {
        let message =
            format!("has {} figures, and a report at most {MAX_FIGURES}; name fewer areas", figures.len());
        return Err(Error::new(ErrorKind::ResourceExhausted, message));
    }
    steps.total += figures.len() as i32;
    let traces = figures.iter().map(|figure| figure.evidence.trace.clone()).collect();
    let mut opened = open(metrics, traces);
    for figure in &mut figures {
        steps.begin(OPENING).await;
        let evidence = opened.next().await;
        figure.evidence =
            evidence.ok_or_else(|| Error::internal("opening the evidence", "a figure has none"))??;
    }
    let mut shown: Vec<_> = figures.iter().map(|figure| figure.indicator.clone()).collect();
    shown.sort();
    shown.dedup();
    let definitions =
        shown.iter().filter_map(|id| indicators.get(id)).map(Definition::of_indicator).collect();
    let document = Document {
        template: template.id.clone(),
        title,
        subject,
        area_code: area_code.to_owned(),
        period: if template.figures.is_empty() { String::new() } else { scope.period.to_string() },
        document_id,
        simulated: figures.iter().any(|f| f.marks.contains(&crate::document::Mark::Simulated))
            || statements.statements.iter().any(|s| s.simulated),
        contradictions: statements.contradictions(),
        sections,
        figures,
        definitions,
        marks,
        table_versions: versions,
        records_time,
    };
    steps.begin(LAYING_OUT).await;
    // Pages take seconds, in which other calls go on.
    let (languages, formats) = (request.languages.clone(), request.formats.clone());
    let laid_out = tokio::task::spawn_blocking(move || (render(&document, &languages, &formats), document));
    let (files, document) = laid_out.await.map_err(|e| Error::internal("laying out the pages", e))?;
    let files = files?;
    let first = files.first().map(|file| file.record.clone()).unwrap_or_default();
    let report = Report {
        report_id: String::new(),
        document_id: document.document_id.clone(),
        title_en: document.title.en.clone(),
        title_zh: document.title.zh.clone(),
        figures: (document.figures.len() + statements.statements.len()) as i32,
        contradictions: document.contradictions as i32,
        table_versions: document.table_versions.clone().into_iter().collect(),
        media_type: first.media_type,
        size: first.size,
        sha256: first.sha256,
        create_time: None,
        simulated: document.simulated,
        template: document.template.clone(),
        area_code: document.area_code.clone(),
        period: document.period.clone(),
        files: files.iter().map(|file| file.record.clone()).collect(),
    };
    Ok((report, files))
}

fn nothing(template: &Template, document_id: &str, scope: &Scope) -> Error {
    let message = match template.figures.is_empty() {
        true => format!("no figures of document {document_id:?} were submitted"),
        false => {
            let area = if scope.area_code.is_empty() { "any area" } else { &scope.area_code };
            format!(
                "there are no records of {area} for {}; see what was submitted with: uplift query",
                scope.period
            )
        }
    };
    Error::not_found(message)
}

fn shows_document(template: &Template) -> bool {
    let shows = |content: &Content| matches!(content, Content::Contradictions | Content::Statements);
    template.sections.iter().flat_map(|section| &section.content).any(shows)
}

/// What a document publishes and what its checks say, if the template shows it.
async fn reconciliation(
    metrics: &MetricsClient,
    template: &Template,
    document_id: &str,
    (versions, records_time): (&mut BTreeMap<String, i64>, &mut Option<DateTime<Utc>>),
) -> Result<Reconciliation> {
    if document_id.is_empty() || !shows_document(template) {
        return Ok(Reconciliation::default());
    }
    let pinned: HashMap<String, i64> = versions.clone().into_iter().collect();
    let (statements, read, time) = statements(metrics, document_id, pinned).await?;
    versions.extend(read);
    *records_time = time.max(*records_time);
    let request = CheckStatementsRequest {
        document_id: document_id.to_owned(),
        table_versions: versions.clone().into_iter().collect(),
        ..CheckStatementsRequest::default()
    };
    let checks = all_checks(&mut metrics.clone(), request).await.map_err(upstream)?;
    versions.extend(checks.table_versions);
    Reconciliation::from_answers(&statements, &checks.results)
}

/// All statements of a document, page by page, every page at the versions of the first.
async fn statements(
    metrics: &MetricsClient,
    document_id: &str,
    table_versions: HashMap<String, i64>,
) -> Result<(Vec<PublishedFigure>, HashMap<String, i64>, Option<DateTime<Utc>>)> {
    let mut figures = Vec::new();
    // Pages as large as they may be: each reads the document's statements anew.
    let mut request = QueryStatementsRequest {
        document_id: document_id.to_owned(),
        table_versions,
        page_size: PAGE,
        ..Default::default()
    };
    loop {
        let page = metrics.clone().query_statements(request.clone()).await;
        let page = page.map_err(|s| upstream(from_status(&s)))?;
        let page = page.into_inner();
        figures.extend(page.figures);
        if figures.len() > MAX_STATEMENTS {
            let message = format!(
                "document {document_id} has more than {MAX_STATEMENTS} figures, which no page can show"
            );
            return Err(Error::new(ErrorKind::ResourceExhausted, message));
        }
        if page.next_page_token.is_empty() {
            return Ok((figures, page.table_versions, page.records_time.and_then(instant)));
        }
        request.page_token = page.next_page_token;
    }
}
