//! The service on the wire: each call decodes, calls, encodes, and nothing else.

use std::pin::Pin;

use futures::{Stream, StreamExt, future, stream};
use tonic::{Request, Response, Status};
use uplift_core::error::Error;
use uplift_proto::answers::from_task;
use uplift_proto::page::Page;
use uplift_proto::status::to_status;
use uplift_proto::v1::reporting as wire;
use uplift_proto::v1::reporting::reporting_service_server::ReportingService;
use uplift_proto::v1::reporting::{download_report_response::Part, generate_report_response::Event};

use crate::digest::digest;
use crate::edition::name::{Citation, EditionName};
use crate::edition::publication::PublicationRequest;
use crate::request::ReportRequest;
use crate::service::Reporting;
use crate::steps::{Progress, Step};
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
    type PublishReportStream = Streamed<wire::PublishReportResponse>;
    type VerifyReportStream = Streamed<wire::VerifyReportResponse>;
    type SubscribeChangesStream = Streamed<wire::SubscribeChangesResponse>;
    type ExportKitStream = Streamed<wire::ExportKitResponse>;

    async fn generate_report(
        &self,
        request: Request<wire::GenerateReportRequest>,
    ) -> Result<Response<Self::GenerateReportStream>, Status> {
        let request = ReportRequest::from_wire(request.into_inner()).map_err(to_status)?;
        let reporting = self.0.clone();
        let events =
            from_task(QUEUED, |progress| async move { reporting.generate(&request, progress).await });
        let events = events.filter_map(|progress| future::ready(progress.map(generated).transpose()));
        Ok(Response::new(events.boxed()))
    }

    async fn publish_report(
        &self,
        request: Request<wire::PublishReportRequest>,
    ) -> Result<Response<Self::PublishReportStream>, Status> {
        let request = PublicationRequest::from_wire(request.into_inner()).map_err(to_status)?;
        let reporting = self.0.clone();
        let events = from_task(QUEUED, |progress| async move { reporting.publish(&request, progress).await });
        let events = events.filter_map(|progress| future::ready(progress.map(published).transpose()));
        Ok(Response::new(events.boxed()))
    }

    async fn get_edition(
        &self,
        request: Request<wire::GetEditionRequest>,
    ) -> Result<Response<wire::GetEditionResponse>, Status> {
        let name = request.into_inner().edition_id.parse().map_err(to_status)?;
        let edition = self.0.editions().get(&name).await.map_err(to_status)?;
        Ok(Response::new(wire::GetEditionResponse { edition: Some(edition) }))
    }

    async fn list_editions(
        &self,
        request: Request<wire::ListEditionsRequest>,
    ) -> Result<Response<wire::ListEditionsResponse>, Status> {
        let request = request.into_inner();
        let page =
            Page::parse(request.page_size, &request.page_token, "editions", 100, 1_000).map_err(to_status)?;
        let names = self.0.editions().names().await.map_err(to_status)?;
        let ids = names.iter().map(EditionName::to_string).collect();
        let (ids, next_page_token) = page.cut(ids, "editions", |id: String| id);
        let (mut editions, mut damaged_edition_ids) = (Vec::new(), Vec::new());
        for id in ids {
            match self.0.editions().get(&id.parse().map_err(to_status)?).await {
                Ok(edition) => editions.push(wire::Edition { figures: Vec::new(), ..edition }),
                // One that cannot be read does not hide the others; GetEdition tells what is wrong with it.
                Err(error) => {
                    tracing::warn!(edition = id, cause = ?error, "an edition cannot be read");
                    damaged_edition_ids.push(id);
                }
            }
        }
        Ok(Response::new(wire::ListEditionsResponse { editions, next_page_token, damaged_edition_ids }))
    }

    async fn get_citation(
        &self,
        request: Request<wire::GetCitationRequest>,
    ) -> Result<Response<wire::GetCitationResponse>, Status> {
        let citation: Citation = request.into_inner().citation.parse().map_err(to_status)?;
        let mut edition = self.0.editions().get(&citation.edition).await.map_err(to_status)?;
        let figures = std::mem::take(&mut edition.figures);
        let figure = figures.into_iter().find(|figure| figure.figure_id == citation.figure);
        let missing = || {
            let message = format!("edition {} has no figure {}", citation.edition, citation.figure);
            to_status(Error::not_found(message))
        };
        let figure = Some(figure.ok_or_else(missing)?);
        Ok(Response::new(wire::GetCitationResponse { figure, edition: Some(edition) }))
    }

    async fn verify_report(
        &self,
        request: Request<wire::VerifyReportRequest>,
    ) -> Result<Response<Self::VerifyReportStream>, Status> {
        let name: EditionName = request.into_inner().edition_id.parse().map_err(to_status)?;
        let reporting = self.0.clone();
        let events = from_task(QUEUED, |progress| async move { reporting.verify(&name, progress).await });
        let events = events.filter_map(|progress| future::ready(progress.map(verified).transpose()));
        Ok(Response::new(events.boxed()))
    }

    async fn export_kit(
        &self,
        request: Request<wire::ExportKitRequest>,
    ) -> Result<Response<Self::ExportKitStream>, Status> {
        let name: EditionName = request.into_inner().edition_id.parse().map_err(to_status)?;
        let reporting = self.0.clone();
        let events = from_task(QUEUED, |progress| async move { reporting.make_kit(&name, progress).await });
        Ok(Response::new(events.flat_map(exported).boxed()))
    }

    async fn compare_reports(
        &self,
        request: Request<wire::CompareReportsRequest>,
    ) -> Result<Response<wire::CompareReportsResponse>, Status> {
        let request = request.into_inner();
        let (name, other) = two_editions(&request.edition_id, &request.other_edition_id)?;
        self.0.compare(&name, other.as_ref()).await.map(Response::new).map_err(to_status)
    }

    async fn write_errata(
        &self,
        request: Request<wire::WriteErrataRequest>,
    ) -> Result<Response<wire::WriteErrataResponse>, Status> {
        let request = request.into_inner();
        let (name, other) = two_editions(&request.edition_id, &request.other_edition_id)?;
        let files = self.0.errata(&name, other.as_ref()).await.map_err(to_status)?;
        Ok(Response::new(wire::WriteErrataResponse { files }))
    }

    async fn subscribe_changes(
        &self,
        request: Request<wire::SubscribeChangesRequest>,
    ) -> Result<Response<Self::SubscribeChangesStream>, Status> {
        let name: EditionName = request.into_inner().edition_id.parse().map_err(to_status)?;
        let reporting = self.0.clone();
        let told = from_task(1, |answers| async move { reporting.watch(&name, answers).await });
        Ok(Response::new(told.boxed()))
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
        let content = match request.report_id.parse() {
            Ok(edition) => self.0.editions().content(&edition, &request.file).await,
            Err(_) => self.0.archive().content(&request.report_id, &request.file).await,
        };
        let content = content.map_err(to_status)?;
        let sha256 = digest(&content);
        let starts = (0..content.len()).step_by(CHUNK);
        let chunks = starts.map(move |at| Part::Chunk(content.slice(at..(at + CHUNK).min(content.len()))));
        let parts = chunks.chain([Part::Sha256(sha256)]);
        let parts = parts.map(|part| Ok(wire::DownloadReportResponse { part: Some(part) }));
        Ok(Response::new(stream::iter(parts.collect::<Vec<_>>()).boxed()))
    }
}

fn step(Step { stage, done, total }: Step) -> wire::Progress {
    wire::Progress { stage: stage.to_owned(), done, total }
}

fn generated(progress: Progress) -> Option<wire::GenerateReportResponse> {
    let event = match progress {
        Progress::Begun(begun) => Event::Progress(step(begun)),
        Progress::Written(report) => Event::Report(*report),
        _ => return None,
    };
    Some(wire::GenerateReportResponse { event: Some(event) })
}

fn published(progress: Progress) -> Option<wire::PublishReportResponse> {
    use wire::publish_report_response::Event;
    let event = match progress {
        Progress::Begun(begun) => Event::Progress(step(begun)),
        Progress::Checked(checklist) => Event::Checklist(checklist),
        Progress::Published(edition) => Event::Edition(*edition),
        _ => return None,
    };
    Some(wire::PublishReportResponse { event: Some(event) })
}

fn verified(progress: Progress) -> Option<wire::VerifyReportResponse> {
    use wire::verify_report_response::Event;
    let event = match progress {
        Progress::Begun(begun) => Event::Progress(step(begun)),
        Progress::Verified(verification) => Event::Verification(verification),
        _ => return None,
    };
    Some(wire::VerifyReportResponse { event: Some(event) })
}

/// An edition, and what it is compared with, if that is another.
fn two_editions(edition: &str, other: &str) -> Result<(EditionName, Option<EditionName>), Status> {
    let other = Some(other).filter(|other| !other.is_empty());
    let other = other.map(|other| other.parse().map_err(to_status)).transpose()?;
    Ok((edition.parse().map_err(to_status)?, other))
}

/// A step, or the whole kit in chunks and its digest.
fn exported(progress: Result<Progress, Status>) -> Streamed<wire::ExportKitResponse> {
    use wire::export_kit_response::Event;
    let event = |event| wire::ExportKitResponse { event: Some(event) };
    match progress {
        Ok(Progress::Begun(begun)) => stream::iter([Ok(event(Event::Progress(step(begun))))]).boxed(),
        Ok(Progress::Packed(kit)) => {
            let unreadable = |e| to_status(Error::internal("reading the kit", e));
            let sha256 = kit.sha256().map(|sha256| event(Event::Sha256(sha256))).map_err(unreadable);
            let chunks = kit
                .chunks(CHUNK)
                .map(move |chunk| chunk.map(|chunk| event(Event::Chunk(chunk))).map_err(unreadable));
            chunks.chain(stream::iter([sha256])).boxed()
        }
        Ok(_) => stream::empty().boxed(),
        Err(status) => stream::iter([Err(status)]).boxed(),
    }
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
