//! The service on the wire: each call decodes, calls, encodes, and nothing else.

use std::pin::Pin;
use std::time::Duration;

use futures::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};
use uplift_core::dataset::{Code, Dataset, Field, Kind, MAX_RECORDS, RowRule, SetRule};
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_core::language::Language;
use uplift_core::rejection::Rejection;
use uplift_formats::{Reading, ReadingOptions, Upload, template};
use uplift_proto::answers::from_task;
use uplift_proto::chinese::chinese;
use uplift_proto::page::{self, Page};
use uplift_proto::status::{from_status, to_status};
use uplift_proto::stop::Stop;
use uplift_proto::v1::ingest as wire;
use uplift_proto::v1::ingest::ingest_service_server::IngestService;
use uplift_proto::v1::ingest::upload_file_request::Part;
use uplift_proto::v1::ingest::write_records_request::Part as WritePart;

use crate::budget::{Budget, Share};
use crate::header::{Header, unknown_dataset};
use crate::ledger::Position;
use crate::outcome::Outcome;
use crate::service::Ingest;
use crate::stream::{Ack, Batch};

/// Rejections in one answer.
const MAX_REJECTIONS: usize = 1_000;
/// Warnings in one answer.
const MAX_WARNINGS: usize = 100;
/// Bytes of the largest file: it is held in memory while it is checked.
const MAX_FILE: usize = 256 << 20;
/// Bytes of the rejections in one answer.
const MAX_REJECTION_BYTES: usize = 1 << 20;
/// Acknowledgements that may wait for a slow reader.
const MAX_ACKS: usize = 64;
/// How long a sender may be silent: within a file, and between the batches of a stream.
const MAX_PAUSE_IN_FILE: Duration = Duration::from_secs(60);
const MAX_PAUSE_IN_STREAM: Duration = Duration::from_secs(600);
const MAX_PAUSE_AT_STOP: Duration = Duration::from_millis(300);

/// The service as gRPC calls it.
#[derive(Debug, Clone)]
pub struct Grpc(pub Ingest);

#[tonic::async_trait]
impl IngestService for Grpc {
    type WriteRecordsStream = Pin<Box<dyn Stream<Item = Result<wire::WriteRecordsResponse, Status>> + Send>>;

    async fn write_records(
        &self,
        request: Request<Streaming<wire::WriteRecordsRequest>>,
    ) -> Result<Response<Self::WriteRecordsStream>, Status> {
        let mut parts = request.into_inner();
        let stop = self.0.stop();
        let first = within(MAX_PAUSE_IN_FILE, &stop, parts.message()).await?;
        let Some(WritePart::Open(open)) = first.and_then(|m| m.part) else {
            return Err(invalid("open", "must be sent first, before any batch"));
        };
        let header = Header::parse("open", Some(open)).map_err(to_status)?;
        let ingest = self.0.clone();
        // Batches that have begun complete even if the sender goes away.
        let batches = batches(parts, stop);
        let acks = from_task(MAX_ACKS, |acks| async move { ingest.write(header, batches, &acks).await });
        Ok(Response::new(acks.map(|ack| ack.map(Into::into)).boxed()))
    }

    async fn list_datasets(
        &self,
        _request: Request<wire::ListDatasetsRequest>,
    ) -> Result<Response<wire::ListDatasetsResponse>, Status> {
        let brief = |d| wire::Dataset { fields: Vec::new(), rules: Vec::new(), ..encode_dataset(d) };
        let datasets = uplift_proto::dataset::all().iter().map(brief).collect();
        Ok(Response::new(wire::ListDatasetsResponse { datasets }))
    }

    async fn get_dataset(
        &self,
        request: Request<wire::GetDatasetRequest>,
    ) -> Result<Response<wire::GetDatasetResponse>, Status> {
        let dataset = find_dataset(&request.into_inner().dataset)?;
        Ok(Response::new(wire::GetDatasetResponse { dataset: Some(encode_dataset(dataset)) }))
    }

    async fn submit_records(
        &self,
        request: Request<wire::SubmitRecordsRequest>,
    ) -> Result<Response<wire::SubmitRecordsResponse>, Status> {
        let wire::SubmitRecordsRequest { header, rows, dry_run } = request.into_inner();
        let header = Header::parse("header", header).map_err(to_status)?;
        let size = rows.as_ref().map_or(0, |rows| rows.as_bytes().len());
        let _share = self.0.budget().take(size).map_err(to_status)?;
        let outcome = self.0.submit(header, rows.unwrap_or_default(), dry_run).await.map_err(to_status)?;
        let warnings = outcome.warnings.iter().take(MAX_WARNINGS).cloned().collect();
        let rows_removed = outcome.rows_removed as i64;
        let replaced_by = outcome.replaced_by.clone().unwrap_or_default();
        let (submission, rejections) = encode_outcome(outcome);
        let submission = Some(submission);
        Ok(Response::new(wire::SubmitRecordsResponse {
            submission,
            rejections,
            warnings,
            rows_removed,
            replaced_by,
        }))
    }

    async fn upload_file(
        &self,
        request: Request<Streaming<wire::UploadFileRequest>>,
    ) -> Result<Response<wire::UploadFileResponse>, Status> {
        let mut parts = request.into_inner();
        let stop = self.0.stop();
        let first = within(MAX_PAUSE_IN_FILE, &stop, parts.message()).await?;
        let Some(Part::Header(upload)) = first.and_then(|m| m.part) else {
            return Err(invalid("header", "must be sent first, before any chunk"));
        };
        let decimal_mark = ReadingOptions::decimal_mark_named(&upload.decimal_mark)
            .map_err(|_| invalid("header.decimal_mark", "is neither point nor comma"))?;
        let said = |text: String| Some(text).filter(|text| !text.is_empty());
        let options = ReadingOptions {
            encoding: said(upload.encoding),
            decimal_mark,
            missing_marks: upload.missing_marks,
            sheet: said(upload.sheet),
        };
        let header = Header::parse("header.submission", upload.submission).map_err(to_status)?;
        let (bytes, _share) = receive_file(parts, &stop, self.0.budget()).await?;
        let mut units: Vec<_> = upload.units.into_iter().collect();
        // A map has no order, and a repeat must have the same digest.
        units.sort_unstable();
        let mut constants: Vec<_> = upload.constants.into_iter().collect();
        constants.sort_unstable();
        let ignored_columns = upload.ignored_columns;
        let file = Upload { bytes, units, ignored_columns, constants, options };
        let mut outcome = self.0.submit_file(header, file, upload.dry_run).await.map_err(to_status)?;
        let warnings = outcome.warnings.iter().take(MAX_WARNINGS).cloned().collect();
        let reading = outcome.reading.take().map(encode_reading);
        let rows_removed = outcome.rows_removed as i64;
        let replaced_by = outcome.replaced_by.clone().unwrap_or_default();
        let (submission, rejections) = encode_outcome(outcome);
        let submission = Some(submission);
        Ok(Response::new(wire::UploadFileResponse {
            submission,
            rejections,
            warnings,
            reading,
            rows_removed,
            replaced_by,
        }))
    }

    async fn get_template(
        &self,
        request: Request<wire::GetTemplateRequest>,
    ) -> Result<Response<wire::GetTemplateResponse>, Status> {
        let wire::GetTemplateRequest { dataset, language } = request.into_inner();
        let dataset = find_dataset(&dataset)?;
        let language = match language.as_str() {
            "" | "zh" => Language::Zh,
            "en" => Language::En,
            other => {
                let message = format!("{other:?} is not a language of templates; write en or zh");
                return Err(invalid("language", message));
            }
        };
        let content = template(dataset, language).into_bytes().into();
        Ok(Response::new(wire::GetTemplateResponse { content, file_name: format!("{}.csv", dataset.name) }))
    }

    async fn get_submission(
        &self,
        request: Request<wire::GetSubmissionRequest>,
    ) -> Result<Response<wire::GetSubmissionResponse>, Status> {
        let submission = self.0.submission(&request.into_inner().submission_id).await.map_err(to_status)?;
        let replaced_by = self.0.replaced_by(&submission).await.unwrap_or_default();
        Ok(Response::new(wire::GetSubmissionResponse { submission: Some((&submission).into()), replaced_by }))
    }

    async fn list_rejections(
        &self,
        request: Request<wire::ListRejectionsRequest>,
    ) -> Result<Response<wire::ListRejectionsResponse>, Status> {
        let request = request.into_inner();
        let question = format!("rejections of {}", request.submission_id);
        let page = Page::parse(request.page_size, &request.page_token, &question, 1_000, 10_000);
        let page = page.map_err(to_status)?;
        let rejections = self.0.rejections(&request.submission_id).await.map_err(to_status)?;
        let (rejections, next_page_token) = page.cut(rejections, &question, encode_rejection);
        Ok(Response::new(wire::ListRejectionsResponse { rejections, next_page_token }))
    }

    async fn list_submissions(
        &self,
        request: Request<wire::ListSubmissionsRequest>,
    ) -> Result<Response<wire::ListSubmissionsResponse>, Status> {
        let request = request.into_inner();
        let size = page::page_size(request.page_size, 100, 1_000).map_err(to_status)?;
        let from = submissions_from(&request.page_token, &request.dataset).map_err(to_status)?;
        let (page, next) = self.0.submissions(&request.dataset, from, size).await.map_err(to_status)?;
        Ok(Response::new(wire::ListSubmissionsResponse {
            submissions: page.iter().map(Into::into).collect(),
            next_page_token: next.map(|next| submissions_token(next, &request.dataset)).unwrap_or_default(),
        }))
    }
}

/// The place that a token of ListSubmissions names; none for the first page.
fn submissions_from(token: &str, dataset: &str) -> Result<Option<Position>> {
    if token.is_empty() {
        return Ok(None);
    }
    let (end, token) = token.split_once('.').ok_or_else(page::unknown_token)?;
    let before = page::position(token, &submissions_before(end, dataset))?;
    let end = end.parse().map_err(|_| page::unknown_token())?;
    Ok(before.map(|before| Position { end, before }))
}

fn submissions_token(Position { end, before }: Position, dataset: &str) -> String {
    let question = submissions_before(&end.to_string(), dataset);
    format!("{end}.{}", page::token(Some(before), &question))
}

fn submissions_before(end: &str, dataset: &str) -> String {
    format!("submissions of {dataset} before {end}")
}

/// The batches of a stream, until it ends, the sender is silent for too long, or the process stops.
fn batches(parts: Streaming<wire::WriteRecordsRequest>, stop: Stop) -> impl Stream<Item = Result<Batch>> {
    futures::stream::unfold((parts, stop), |(mut parts, stop)| async move {
        let message = within(MAX_PAUSE_IN_STREAM, &stop, parts.message()).await;
        let batch = match message {
            Ok(None) => return None,
            Ok(Some(message)) => match message.part {
                Some(WritePart::Batch(wire::RecordBatch { sequence, rows: Some(rows) })) => {
                    Ok(Batch { sequence, rows })
                }
                _ => Err(Error::invalid_field(
                    "batch.rows",
                    "is missing; every message after open must carry a batch",
                )),
            },
            Err(status) => Err(from_status(&status)),
        };
        Some((batch, (parts, stop)))
    })
}

/// The next message, unless the sender is silent for too long, or for a moment once the process stops.
async fn within<T>(
    pause: Duration,
    stop: &Stop,
    message: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    let silent = async {
        tokio::time::sleep(pause).await;
        let seconds = pause.as_secs();
        let message =
            format!("nothing was sent for {seconds} seconds; send it again, what was committed is found");
        Error::new(ErrorKind::Aborted, message)
    };
    let stopped = async {
        stop.requested().await;
        tokio::time::sleep(MAX_PAUSE_AT_STOP).await;
        Stop::error()
    };
    tokio::select! {
        message = message => message,
        error = silent => Err(to_status(error)),
        error = stopped => Err(to_status(error)),
    }
}

async fn receive_file(
    mut parts: Streaming<wire::UploadFileRequest>,
    stop: &Stop,
    budget: &Budget,
) -> Result<(Vec<u8>, Share), Status> {
    let mut bytes = Vec::new();
    let mut share = budget.take(0).map_err(to_status)?;
    while let Some(message) = within(MAX_PAUSE_IN_FILE, stop, parts.message()).await? {
        let Some(Part::Chunk(chunk)) = message.part else {
            return Err(invalid("chunk", "is missing; every message after the header must carry a chunk"));
        };
        if bytes.len() + chunk.len() > MAX_FILE {
            let message = format!("is larger than {} MiB; split it by county or year", MAX_FILE >> 20);
            return Err(invalid("file", message));
        }
        share.merge(budget.take(chunk.len()).map_err(to_status)?);
        bytes.extend_from_slice(&chunk);
    }
    Ok((bytes, share))
}

fn invalid(field: &str, message: impl std::fmt::Display) -> Status {
    to_status(Error::invalid_field(field, message))
}

fn find_dataset(name: &str) -> Result<&'static Dataset, Status> {
    uplift_proto::dataset::find(name).ok_or_else(|| to_status(Error::not_found(unknown_dataset(name))))
}

fn encode_outcome(outcome: Outcome) -> (wire::Submission, Vec<wire::Rejection>) {
    let rejections = outcome.rejections.into_iter().take(MAX_REJECTIONS).map(encode_rejection);
    let mut submission = wire::Submission::from(&outcome.submission);
    if outcome.would_commit {
        submission.state = wire::State::Checked.into();
    }
    (submission, page::fitting(&mut rejections.peekable(), MAX_REJECTION_BYTES))
}

impl From<Ack> for wire::WriteRecordsResponse {
    fn from(ack: Ack) -> Self {
        let (submission, rejections) = ack.batch.map(encode_outcome).unwrap_or_default();
        Self {
            sequence: ack.sequence,
            table_version: submission.table_version,
            rows_accepted: ack.rows_accepted,
            rows_rejected: ack.rows_rejected,
            rejections,
        }
    }
}

fn encode_reading(reading: Reading) -> wire::Reading {
    let skipped_rows = reading.skipped.into_iter().map(|row| wire::SkippedRow {
        line: row.line,
        kind: row.label.to_string(),
        text: row.text,
    });
    wire::Reading {
        kind: reading.kind.to_owned(),
        encoding: reading.encoding,
        separator: reading.separator.to_owned(),
        sheet: reading.sheet,
        head_line: reading.head_line,
        units: reading.units.into_iter().collect(),
        decimal_mark: reading.decimal_mark.to_owned(),
        ignored_columns: reading.ignored_columns,
        skipped_rows: skipped_rows.collect(),
    }
}

fn encode_rejection(rejection: Rejection) -> wire::Rejection {
    let Rejection { row, field, rule, value, message } = rejection;
    let message_zh = chinese(&message).unwrap_or_default();
    wire::Rejection { row, field, rule: rule.to_string(), value, message, message_zh }
}

fn encode_dataset(dataset: &Dataset) -> wire::Dataset {
    let rule = |r: &RowRule| wire::RowRule {
        sql: r.sql.clone(),
        field: r.field.clone(),
        remedy: r.remedy.en.clone(),
        remedy_zh: r.remedy.zh.clone(),
    };
    let set_rule = |r: &SetRule| wire::SetRule {
        group: r.group.clone(),
        order: r.order.clone(),
        when: r.when.clone(),
        sql: r.sql.clone(),
        field: r.field.clone(),
        remedy: r.remedy.en.clone(),
        remedy_zh: r.remedy.zh.clone(),
    };
    wire::Dataset {
        name: dataset.name.clone(),
        rows_field: dataset.rows_field.clone(),
        title_en: dataset.title.en.clone(),
        title_zh: dataset.title.zh.clone(),
        key: dataset.key.clone(),
        fields: dataset.fields.iter().map(encode_field).collect(),
        rules: dataset.rules.iter().map(rule).collect(),
        max_records: MAX_RECORDS as i32,
        set_rules: dataset.set_rules.iter().map(set_rule).collect(),
        public: dataset.public,
    }
}

fn encode_field(field: &Field) -> wire::Field {
    let (format, codes) = match &field.kind {
        Kind::Text(format) => (format.describe(), &[][..]),
        Kind::Code(codes) => ("", codes.as_slice()),
        Kind::Integer | Kind::Number | Kind::Money | Kind::Boolean => ("", &[][..]),
    };
    let code = |c: &Code| wire::Code {
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
        minimum: field.limits.map(|(low, _)| low.to_string()).unwrap_or_default(),
        maximum: field.limits.map(|(_, high)| high.to_string()).unwrap_or_default(),
        max_length: field.kind.max_length().unwrap_or_default() as i32,
        codes: codes.iter().map(code).collect(),
        personal: field.personal,
        withheld: field.withheld,
    }
}
