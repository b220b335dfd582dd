//! The reporting service: a report written from answers of the metrics service, and kept.

use std::collections::HashMap;
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use uplift_client::{MetricsClient, all_checks};
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_proto::status::from_status;
use uplift_proto::v1::metrics::{CheckStatementsRequest, PublishedFigure, QueryStatementsRequest};
use uplift_proto::v1::reporting::Report;
use uuid::Uuid;

use crate::archive::Archive;
use crate::content::Content;
use crate::page::render;
use crate::template::Template;

/// Writes reports and keeps them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reporting {
    metrics: MetricsClient,
    archive: Archive,
}

/// A step of writing a report.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// What is being done.
    pub stage: &'static str,
    /// Steps done before it.
    pub done: i32,
}

/// What is sent while a report is written.
#[derive(Debug)]
pub enum Progress {
    /// A step begins.
    Begun(Step),
    /// It is written and kept.
    Written(Box<Report>),
}

/// Figures of one report.
const MAX_FIGURES: usize = 20_000;
const PAGE: i32 = 10_000;

/// Stages of a report, in order.
const STAGES: [&str; 4] = ["reading figures", "judging checks", "laying out the page", "keeping the report"];

impl Step {
    /// Number of steps.
    pub const TOTAL: i32 = STAGES.len() as i32;
}

impl Reporting {
    /// A service that asks this metrics service and keeps reports in this archive.
    pub fn new(metrics: MetricsClient, archive: Archive) -> Self {
        Self { metrics, archive }
    }

    /// Writes a report and sends each step as it begins, then the report.
    pub async fn generate(&self, document_id: &str, progress: mpsc::Sender<Progress>) -> Result<()> {
        let step = async |n: usize| {
            // The report is written even if nobody listens.
            let _ = progress.send(Progress::Begun(Step { stage: STAGES[n], done: n as i32 })).await;
        };
        step(0).await;
        let (figures, mut versions) = self.figures(document_id).await?;
        if figures.is_empty() {
            let message = format!("no figures of document {document_id:?} were submitted");
            return Err(Error::not_found(message));
        }
        step(1).await;
        let request = CheckStatementsRequest {
            document_id: document_id.to_owned(),
            table_versions: versions.clone(),
            ..CheckStatementsRequest::default()
        };
        let checks = all_checks(&mut self.metrics.clone(), request).await.map_err(upstream)?;
        versions.extend(checks.table_versions.clone());
        step(2).await;
        let template = Template::reconciliation()?;
        let content =
            Content::new(&template, document_id, figures, checks, versions.clone().into_iter().collect())?;
        let page = render(&content)?;
        step(3).await;
        let report = Report {
            report_id: Uuid::now_v7().to_string(),
            document_id: document_id.to_owned(),
            title_en: content.title.en.clone(),
            title_zh: content.title.zh.clone(),
            figures: content.figures as i32,
            contradictions: content.contradictions.len() as i32,
            table_versions: versions,
            media_type: "text/html; charset=utf-8".to_owned(),
            size: page.len() as i64,
            sha256: digest(page.as_bytes()),
            create_time: Some(SystemTime::now().into()),
            simulated: content.simulated,
        };
        self.archive.put(&report, page.into()).await?;
        let _ = progress.send(Progress::Written(report.into())).await;
        Ok(())
    }

    /// The reports.
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// All figures of a document, page by page, every page at the versions of the first.
    async fn figures(&self, document_id: &str) -> Result<(Vec<PublishedFigure>, HashMap<String, i64>)> {
        let mut figures = Vec::new();
        // Pages as large as they may be: each reads the document's statements anew.
        let mut request = QueryStatementsRequest {
            document_id: document_id.to_owned(),
            page_size: PAGE,
            ..Default::default()
        };
        loop {
            let page = self.metrics.clone().query_statements(request.clone()).await;
            let page = page.map_err(|s| upstream(from_status(&s)))?;
            let page = page.into_inner();
            figures.extend(page.figures);
            if figures.len() > MAX_FIGURES {
                let message = format!(
                    "document {document_id} has more than {MAX_FIGURES} figures, which no page can show"
                );
                return Err(Error::new(ErrorKind::ResourceExhausted, message));
            }
            if page.next_page_token.is_empty() {
                return Ok((figures, page.table_versions));
            }
            request.page_token = page.next_page_token;
        }
    }
}

/// SHA-256 in hex.
pub(crate) fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn upstream(error: Error) -> Error {
    let message = match error.kind {
        ErrorKind::Unavailable => "the metrics service cannot be reached; see whether it runs".to_owned(),
        _ => format!("the metrics service answered: {}", error.message),
    };
    Error { message, ..error }
}
