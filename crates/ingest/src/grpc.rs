//! The service on the wire: each call decodes, calls, encodes, and nothing else.

use std::pin::Pin;

use futures::{Stream, StreamExt};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};
use uplift_core::dataset::{Dataset, Field, Kind};
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_proto::page;
use uplift_proto::status::{from_status, to_status};
use uplift_proto::v1::ingest as wire;
use uplift_proto::v1::ingest::ingest_service_server::IngestService;
use uplift_proto::v1::ingest::upload_file_request::Part;
use uplift_proto::v1::ingest::write_records_request::Part as WritePart;

use crate::file::{File, template};
use crate::header::{Header, unknown_dataset};
use crate::quarantine::Reject;
use crate::service::Ingest;
use crate::stream::{Ack, Batch};

/// So many rejections go into one answer.
const MAX_REJECTIONS: usize = 1_000;

/// The largest file: it is held in memory while it is checked.
const MAX_FILE: usize = 256 << 20;

/// The service as gRPC calls it.
#[derive(Debug, Clone)]
pub struct Grpc(pub Ingest);

/// Acknowledgements that may wait for a slow reader.
const ACKS: usize = 64;

#[tonic::async_trait]
impl IngestService for Grpc {
    type WriteRecordsStream = Pin<Box<dyn Stream<Item = Result<wire::WriteRecordsResponse, Status>> + Send>>;

    async fn write_records(
        &self,
        request: Request<Streaming<wire::WriteRecordsRequest>>,
    ) -> Result<Response<Self::WriteRecordsStream>, Status> {
        let mut parts = request.into_inner();
        let Some(WritePart::Open(open)) = parts.message().await?.and_then(|m| m.part) else {
            return Err(to_status(Error::invalid_field(
                "open",
                "must be the first message; then come batches",
            )));
        };
        let header = Header::parse(Some(open)).map_err(to_status)?;
        let batches = parts.map(|message| match message.map(|m| m.part) {
            Ok(Some(WritePart::Batch(wire::RecordBatch { sequence, rows: Some(rows) }))) => {
                Ok(Batch { sequence, rows })
            }
            Ok(_) => {
                Err(Error::invalid_field("batch.rows", "is missing; after open come batches of records"))
            }
            Err(status) => Err(from_status(&status)),
        });
        let (acks, answers) = mpsc::channel(ACKS);
        let ingest = self.0.clone();
        tokio::spawn(async move {
            if let Err(error) = ingest.write(header, batches, &acks).await {
                // Nobody listens where the sender went away.
                let _ = acks.send(Err(error)).await;
            }
        });
        let answers = ReceiverStream::new(answers).map(|ack| ack.map(acknowledgement).map_err(to_status));
        Ok(Response::new(answers.boxed()))
    }

    async fn list_datasets(
        &self,
        _request: Request<wire::ListDatasetsRequest>,
    ) -> Result<Response<wire::ListDatasetsResponse>, Status> {
        let brief = |d| wire::Dataset { fields: Vec::new(), rules: Vec::new(), ..dataset(d) };
        let datasets = uplift_proto::dataset::all().iter().map(brief).collect();
        Ok(Response::new(wire::ListDatasetsResponse { datasets }))
    }

    async fn get_dataset(
        &self,
        request: Request<wire::GetDatasetRequest>,
    ) -> Result<Response<wire::GetDatasetResponse>, Status> {
        let name = request.into_inner().dataset;
        match uplift_proto::dataset::find(&name) {
            Some(found) => Ok(Response::new(wire::GetDatasetResponse { dataset: Some(dataset(found)) })),
            None => Err(to_status(Error::not_found(unknown_dataset(&name)))),
        }
    }

    async fn submit_records(
        &self,
        request: Request<wire::SubmitRecordsRequest>,
    ) -> Result<Response<wire::SubmitRecordsResponse>, Status> {
        let wire::SubmitRecordsRequest { header, rows, dry_run } = request.into_inner();
        let header = Header::parse(header).map_err(to_status)?;
        let outcome = self.0.submit(header, rows.unwrap_or_default(), dry_run).await.map_err(to_status)?;
        let rejections = outcome.rejects.into_iter().take(MAX_REJECTIONS).map(rejection);
        Ok(Response::new(wire::SubmitRecordsResponse {
            submission: Some(outcome.submission.to_wire()),
            rejections: rejections.collect(),
        }))
    }

    async fn upload_file(
        &self,
        request: Request<Streaming<wire::UploadFileRequest>>,
    ) -> Result<Response<wire::UploadFileResponse>, Status> {
        let mut parts = request.into_inner();
        let Some(Part::Header(upload)) = parts.message().await?.and_then(|m| m.part) else {
            return Err(to_status(Error::invalid_field(
                "header",
                "must be the first message; then come chunks",
            )));
        };
        let header = Header::parse(upload.submission).map_err(to_status)?;
        let mut bytes = Vec::new();
        while let Some(message) = parts.message().await? {
            let Some(Part::Chunk(chunk)) = message.part else {
                return Err(to_status(Error::invalid_field(
                    "chunk",
                    "is missing; only the first message is a header",
                )));
            };
            if bytes.len() + chunk.len() > MAX_FILE {
                let message =
                    format!("the file is larger than {} MiB; hand it in by county or year", MAX_FILE >> 20);
                return Err(to_status(Error::new(ErrorKind::ResourceExhausted, message)));
            }
            bytes.extend_from_slice(&chunk);
        }
        let mut units: Vec<_> = upload.units.into_iter().collect();
        // A map has no order, and a repeat must have the same digest.
        units.sort_unstable();
        let file = File { bytes, units };
        let outcome = self.0.submit_file(header, file, upload.dry_run).await.map_err(to_status)?;
        Ok(Response::new(wire::UploadFileResponse {
            submission: Some(outcome.submission.to_wire()),
            rejections: outcome.rejects.into_iter().take(MAX_REJECTIONS).map(rejection).collect(),
        }))
    }

    async fn get_template(
        &self,
        request: Request<wire::GetTemplateRequest>,
    ) -> Result<Response<wire::GetTemplateResponse>, Status> {
        let wire::GetTemplateRequest { dataset, language } = request.into_inner();
        let found = uplift_proto::dataset::find(&dataset);
        let found = found.ok_or_else(|| to_status(Error::not_found(unknown_dataset(&dataset))))?;
        let chinese = match language.as_str() {
            "" | "zh" => true,
            "en" => false,
            other => {
                let message = format!("{other:?} is no language of templates; write en or zh");
                return Err(to_status(Error::invalid_field("language", message)));
            }
        };
        let content = template(found, chinese).into_bytes().into();
        Ok(Response::new(wire::GetTemplateResponse { content, file_name: format!("{dataset}.csv") }))
    }

    async fn get_submission(
        &self,
        request: Request<wire::GetSubmissionRequest>,
    ) -> Result<Response<wire::GetSubmissionResponse>, Status> {
        let submission = self.0.submission(&request.into_inner().submission_id).await.map_err(to_status)?;
        Ok(Response::new(wire::GetSubmissionResponse { submission: Some(submission.to_wire()) }))
    }

    async fn list_rejects(
        &self,
        request: Request<wire::ListRejectsRequest>,
    ) -> Result<Response<wire::ListRejectsResponse>, Status> {
        let request = request.into_inner();
        let size = page::size(request.page_size, 1_000, 10_000).map_err(to_status)?;
        let start = page::position(&request.page_token).map_err(to_status)?.unwrap_or_default();
        let rejects = self.0.rejects(&request.submission_id).await.map_err(to_status)?;
        let next = start.saturating_add(size);
        let next_page_token = page::token((next < rejects.len()).then_some(next));
        let rejections = rejects.into_iter().skip(start).take(size).map(rejection).collect();
        Ok(Response::new(wire::ListRejectsResponse { rejections, next_page_token }))
    }

    async fn list_submissions(
        &self,
        request: Request<wire::ListSubmissionsRequest>,
    ) -> Result<Response<wire::ListSubmissionsResponse>, Status> {
        let request = request.into_inner();
        let size = page::size(request.page_size, 100, 1_000).map_err(to_status)?;
        let before = page::position(&request.page_token).map_err(to_status)?;
        let (page, next) = self.0.submissions(&request.dataset, before, size).await.map_err(to_status)?;
        Ok(Response::new(wire::ListSubmissionsResponse {
            submissions: page.iter().map(|s| s.to_wire()).collect(),
            next_page_token: page::token(next),
        }))
    }
}

fn acknowledgement(ack: Ack) -> wire::WriteRecordsResponse {
    let (table_version, rejects) = match ack.batch {
        Some(batch) => (batch.submission.table_version, batch.rejects),
        None => (None, Vec::new()),
    };
    wire::WriteRecordsResponse {
        sequence: ack.sequence,
        table_version,
        rows_landed: ack.rows_landed,
        rows_rejected: ack.rows_rejected,
        rejections: rejects.into_iter().take(MAX_REJECTIONS).map(rejection).collect(),
    }
}

fn rejection(reject: Reject) -> wire::Rejection {
    let Reject { row, field, rule, value, message } = reject;
    wire::Rejection { row, field, rule, value, message }
}

fn dataset(dataset: &Dataset) -> wire::Dataset {
    let rule = |r: &uplift_core::dataset::RowRule| wire::RowRule {
        sql: r.sql.clone(),
        field: r.field.clone(),
        remedy: r.remedy.clone(),
    };
    wire::Dataset {
        name: dataset.name.clone(),
        rows_field: dataset.rows_field.clone(),
        title_en: dataset.title.en.clone(),
        title_zh: dataset.title.zh.clone(),
        key: dataset.key.clone(),
        fields: dataset.fields.iter().map(field).collect(),
        rules: dataset.rules.iter().map(rule).collect(),
    }
}

fn field(field: &Field) -> wire::Field {
    let (format, codes) = match &field.kind {
        Kind::Text(format) => (format.describe(), &[][..]),
        Kind::Code(codes) => ("", codes.as_slice()),
        Kind::Integer | Kind::Number | Kind::Money | Kind::Boolean => ("", &[][..]),
    };
    let limit = |d: Option<rust_decimal::Decimal>| d.map(|d| d.to_string()).unwrap_or_default();
    let code = |c: &uplift_core::dataset::Code| wire::Code {
        name: c.name.clone(),
        stored: c.stored.clone(),
        title_en: c.title.en.clone(),
        title_zh: c.title.zh.clone(),
    };
    wire::Field {
        name: field.name.clone(),
        number: field.number as i32,
        title_en: field.title.en.clone(),
        title_zh: field.title.zh.clone(),
        r#type: field.kind.name().to_owned(),
        format: format.to_owned(),
        unit: field.unit.clone(),
        required: field.required,
        minimum: limit(field.minimum),
        maximum: limit(field.maximum),
        codes: codes.iter().map(code).collect(),
        personal: field.personal,
    }
}
