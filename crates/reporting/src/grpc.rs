//! The service on the wire: each call decodes, calls, encodes, and nothing else.

use std::pin::Pin;

use futures::{Stream, StreamExt, stream};
use tonic::{Request, Response, Status};
use uplift_proto::answers::from_task;
use uplift_proto::page::Page;
use uplift_proto::status::to_status;
use uplift_proto::v1::reporting as wire;
use uplift_proto::v1::reporting::reporting_service_server::ReportingService;
use uplift_proto::v1::reporting::{download_report_response::Part, generate_report_response::Event};

use crate::digest::digest;
use crate::request::ReportRequest;
use crate::service::{Progress, Reporting, Step};
use crate::template::Template;

/// Steps that wait to be sent.
const QUEUED: usize = 16;
/// Bytes of one chunk of a download.
const CHUNK: usize = 64 * 1024;

type Streamed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The service as gRPC calls it.
#[derive(Debug, Clone)]
pub struct Grpc(pub Reporting);

#[tonic::async_trait]
impl ReportingService for Grpc {
    type GenerateReportStream = Streamed<wire::GenerateReportResponse>;
    type DownloadReportStream = Streamed<wire::DownloadReportResponse>;

    async fn generate_report(
        &self,
        request: Request<wire::GenerateReportRequest>,
    ) -> Result<Response<Self::GenerateReportStream>, Status> {
        let request = ReportRequest::from_wire(request.into_inner()).map_err(to_status)?;
        let reporting = self.0.clone();
        let events =
            from_task(QUEUED, |progress| async move { reporting.generate(&request, progress).await });
        let events = events.map(|progress| progress.map(event));
        Ok(Response::new(events.boxed()))
    }

    async fn list_templates(
        &self,
        _: Request<wire::ListTemplatesRequest>,
    ) -> Result<Response<wire::ListTemplatesResponse>, Status> {
        let templates = self.0.templates().await.map_err(to_status)?;
        Ok(Response::new(wire::ListTemplatesResponse {
            templates: templates.into_iter().map(template).collect(),
        }))
    }

    async fn get_report(
        &self,
        request: Request<wire::GetReportRequest>,
    ) -> Result<Response<wire::GetReportResponse>, Status> {
        let report = self.0.archive().get(&request.into_inner().report_id).await.map_err(to_status)?;
        Ok(Response::new(wire::GetReportResponse { report: Some(report) }))
    }

    async fn list_reports(
        &self,
        request: Request<wire::ListReportsRequest>,
    ) -> Result<Response<wire::ListReportsResponse>, Status> {
        let request = request.into_inner();
        let page =
            Page::parse(request.page_size, &request.page_token, "reports", 100, 1_000).map_err(to_status)?;
        let (ids, next_page_token) =
            page.cut(self.0.archive().ids().await.map_err(to_status)?, "reports", |id| id);
        let (mut reports, mut damaged_report_ids) = (Vec::new(), Vec::new());
        for id in &ids {
            match self.0.archive().get(id).await {
                Ok(report) => reports.push(report),
                // One that cannot be read does not hide the others; GetReport tells what is wrong with it.
                Err(error) => {
                    tracing::warn!(report = id, cause = ?error, "a report cannot be read");
                    damaged_report_ids.push(id.clone());
                }
            }
        }
        Ok(Response::new(wire::ListReportsResponse { reports, next_page_token, damaged_report_ids }))
    }

    async fn download_report(
        &self,
        request: Request<wire::DownloadReportRequest>,
    ) -> Result<Response<Self::DownloadReportStream>, Status> {
        let request = request.into_inner();
        let content = self.0.archive().content(&request.report_id, &request.file).await.map_err(to_status)?;
        let sha256 = digest(&content);
        let starts = (0..content.len()).step_by(CHUNK);
        let chunks = starts.map(move |at| Part::Chunk(content.slice(at..(at + CHUNK).min(content.len()))));
        let parts = chunks.chain([Part::Sha256(sha256)]);
        let parts = parts.map(|part| Ok(wire::DownloadReportResponse { part: Some(part) }));
        Ok(Response::new(stream::iter(parts.collect::<Vec<_>>()).boxed()))
    }
}

fn event(progress: Progress) -> wire::GenerateReportResponse {
    let event = match progress {
        Progress::Written(report) => Event::Report(*report),
        Progress::Begun(Step { stage, done, total }) => {
            Event::Progress(wire::Progress { stage: stage.to_owned(), done, total })
        }
    };
    wire::GenerateReportResponse { event: Some(event) }
}

fn template((template_id, template): (String, uplift_core::error::Result<Template>)) -> wire::Template {
    match template {
        Ok(template) => {
            let title = template.title();
            wire::Template { template_id, title_en: title.en, title_zh: title.zh, problems: Vec::new() }
        }
        Err(error) => {
            let problems = error.violations.iter().map(|v| format!("{}: {}", v.field, v.description));
            let mut problems: Vec<_> = problems.collect();
            if problems.is_empty() {
                problems.push(error.message);
            }
            wire::Template { template_id, problems, ..wire::Template::default() }
        }
    }
}
