//! What the service does, in the words of the domain.

use chrono::Utc;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tonic::transport::Channel;
use uplift_core::error::{Error, Result};
use uplift_proto::status::from_status;
use uplift_proto::v1::metrics::metrics_service_client::MetricsServiceClient;
use uplift_proto::v1::metrics::{
    CheckStatementsRequest, PublishedFigure, QueryStatementsRequest, TableVersions,
};
use uplift_proto::v1::reporting::Report;
use uuid::Uuid;

use crate::archive::Archive;
use crate::content::Content;
use crate::page::render;
use crate::template::Template;

/// Writes reports and keeps them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reporting {
    metrics: MetricsServiceClient<Channel>,
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

/// Stages of a report, in order.
const STAGES: [&str; 4] = ["reading figures", "judging checks", "laying out the page", "keeping the report"];

impl Step {
    /// Steps in all.
    pub const OF: i32 = STAGES.len() as i32;
}

impl Reporting {
    /// A service that asks this metrics service and keeps reports in this archive.
    pub fn new(metrics: MetricsServiceClient<Channel>, archive: Archive) -> Self {
        Self { metrics, archive }
    }

    /// Writes a report, telling each step as it begins.
    pub async fn generate(&self, document_id: &str, steps: mpsc::Sender<Step>) -> Result<Report> {
        let step = async |n: usize| {
            // Nobody listening is no reason to stop: the report is kept all the same.
            let _ = steps.send(Step { stage: STAGES[n], done: n as i32 }).await;
        };
        step(0).await;
        let (figures, mut versions) = self.figures(document_id).await?;
        if figures.is_empty() {
            let message = format!("no figures of document {document_id:?} have been handed in");
            return Err(Error::not_found(message));
        }
        step(1).await;
        let asked = CheckStatementsRequest {
            document_id: document_id.to_owned(),
            versions: Some(versions),
            ..CheckStatementsRequest::default()
        };
        let checks =
            self.metrics.clone().check_statements(asked).await.map_err(|s| upstream(&s))?.into_inner();
        versions.statement_check = checks.versions.and_then(|v| v.statement_check);
        step(2).await;
        let template = Template::reconciliation()?;
        let content = Content::new(&template, document_id, figures, checks, versions)?;
        let page = render(&content)?;
        step(3).await;
        let now = Utc::now();
        let report = Report {
            report_id: Uuid::now_v7().to_string(),
            document_id: document_id.to_owned(),
            title_en: content.title.en.clone(),
            title_zh: content.title.zh.clone(),
            figures: content.figures as i32,
            contradictions: content.contradictions.len() as i32,
            versions: Some(versions),
            media_type: "text/html; charset=utf-8".to_owned(),
            size: page.len() as i64,
            sha256: digest(page.as_bytes()),
            create_time: Some(prost_types::Timestamp {
                seconds: now.timestamp(),
                nanos: now.timestamp_subsec_nanos() as i32,
            }),
            simulated: content.simulated,
        };
        self.archive.put(&report, page.into()).await?;
        Ok(report)
    }

    /// The reports.
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// All figures of a document, page by page, every page at the version of the first.
    async fn figures(&self, document_id: &str) -> Result<(Vec<PublishedFigure>, TableVersions)> {
        let mut figures = Vec::new();
        let mut asked = QueryStatementsRequest { document_id: document_id.to_owned(), ..Default::default() };
        loop {
            let page =
                self.metrics.clone().query_statements(asked.clone()).await.map_err(|s| upstream(&s))?;
            let page = page.into_inner();
            figures.extend(page.figures);
            let versions = page.versions.unwrap_or_default();
            if page.next_page_token.is_empty() {
                return Ok((figures, versions));
            }
            asked.versions = Some(versions);
            asked.page_token = page.next_page_token;
        }
    }
}

/// SHA-256 in hex.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

fn upstream(status: &tonic::Status) -> Error {
    let error = from_status(status);
    Error { message: format!("the metrics service answered: {}", error.message), ..error }
}
