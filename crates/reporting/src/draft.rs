//! From a request to a document and its files: figures asked for, composed by a template, with their evidence, laid out.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures::StreamExt;
use uplift_client::MetricsClient;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_proto::v1::reporting::Report;

use crate::annex::Annexes;
use crate::answers::Answers;
use crate::compose::sections;
use crate::conditions::unmet;
use crate::document::{Document, Mark};
use crate::document_answers::document_answers;
use crate::evidence::{Definition, open};
use crate::figure_key::EarlierFigures;
use crate::output::{File, render};
use crate::reconciliation::Reconciliation;
use crate::request::{ReportRequest, Scope, Subject};
use crate::steps::{CHECKING, LAYING_OUT, OPENING, READING, Steps};
use crate::template::{Content, Indicators, Template};
use crate::writer::Writer;

/// Figures of one report, each of which has its evidence.
const MAX_FIGURES: usize = 5_000;
/// Steps beside one for each figure: reading, checking, laying out, keeping.
pub(crate) const STEPS: i32 = 4;

/// What a document is composed from.
#[derive(Debug)]
pub(crate) struct Sources {
    pub(crate) metrics: MetricsClient,
    pub(crate) template: Template,
    pub(crate) indicators: Indicators,
}

/// A document with the evidence of its figures. Those that an earlier edition has with another value are marked.
pub(crate) async fn compose(
    sources: &Sources,
    request: &ReportRequest,
    earlier: &EarlierFigures,
    steps: &mut Steps,
) -> Result<Document> {
    let Sources { metrics, template, indicators } = sources;
    let scope = &request.scope;
    steps.begin(READING).await;
    let answers = Answers::ask(metrics, template, indicators, scope).await?;
    steps.begin(CHECKING).await;
    let Subject { area_code, period, document_id } = Subject::new(template, request);
    let mut versions = answers.table_versions.clone();
    let mut records_time = answers.records_time;
    let statements =
        reconciliation(metrics, template, &document_id, (&mut versions, &mut records_time)).await?;
    let annexes = Annexes::ask(metrics, template, (&area_code, scope.period), &mut versions).await?;
    let open_period = scope.period.last_day() >= Utc::now().date_naive();
    let mut writer =
        Writer::new(template, &answers, indicators, &area_code, scope.period, open_period, earlier);
    let title = writer.title();
    let sections = sections(&mut writer, &statements, &annexes);
    let unmet = unmet(&mut writer);
    let marks = writer.mark_meanings(&sections);
    let subject = writer.area_name(&area_code);
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
    steps.expect(figures.len());
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
    let simulated = marks.iter().any(|meaning| meaning.mark == Mark::Simulated)
        || statements.statements.iter().any(|s| s.simulated);
    Ok(Document {
        template: template.id.clone(),
        title,
        subject,
        area_code,
        period,
        document_id,
        edition: None,
        statements: statements.statements.len(),
        statement_digests: statements.digests.clone(),
        simulated,
        contradictions: statements.contradictions(),
        unmet,
        sections,
        figures,
        definitions,
        marks,
        table_versions: versions,
        records_time,
    })
}

/// The files of a document, and its record without an id.
pub(crate) async fn lay_out(
    document: Document,
    request: &ReportRequest,
    steps: &mut Steps,
) -> Result<(Report, Vec<File>)> {
    steps.begin(LAYING_OUT).await;
    // Pages take seconds, in which other calls go on.
    let (languages, formats) = (request.languages.clone(), request.formats.clone());
    let laid_out = tokio::task::spawn_blocking(move || (render(&document, &languages, &formats), document));
    let (files, document) = laid_out.await.map_err(|e| Error::internal("laying out the pages", e))?;
    let files = files?;
    let first = files.first().map(|file| file.record.clone()).unwrap_or_default();
    let report = Report {
        report_id: String::new(),
        document_id: document.document_id,
        title_en: document.title.en,
        title_zh: document.title.zh,
        figures: (document.figures.len() + document.statements) as i32,
        contradictions: document.contradictions as i32,
        table_versions: document.table_versions.into_iter().collect(),
        media_type: first.media_type,
        size: first.size,
        sha256: first.sha256,
        create_time: None,
        simulated: document.simulated,
        template: document.template,
        area_code: document.area_code,
        period: document.period,
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
    let mut content = template.sections.iter().flat_map(|section| &section.content);
    content.any(|content| matches!(content, Content::Contradictions | Content::Statements))
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
    let answers = document_answers(metrics, document_id, versions.clone().into_iter().collect()).await?;
    versions.extend(answers.versions.clone());
    *records_time = answers.records_time.max(*records_time);
    Reconciliation::from_answers(&answers)
}
