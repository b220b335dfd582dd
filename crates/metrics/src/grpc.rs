//! The service on the wire: each call decodes, calls, encodes, and nothing else.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::pin::Pin;
use std::time::SystemTime;

use chrono::DateTime;
use futures::{Stream, stream};
use prost::Message;
use tonic::{Request, Response, Status};
use uplift_core::error::{Error, ErrorKind};
use uplift_core::verdict::Verdict;
use uplift_proto::answers::from_task;
use uplift_proto::page::{MAX_BYTES, Page, fitting};
use uplift_proto::status::to_status;
use uplift_proto::v1::metrics as wire;
use uplift_proto::v1::metrics::metrics_service_server::MetricsService;

use crate::export_stream::{ExportRequest, send_export};
use crate::funds::wire::Question;
use crate::household;
use crate::indicators::trace::Trace;
use crate::objectives;
use crate::outcomes;
use crate::public_records;
use crate::red_flags;
use crate::sample;
use crate::service::{AtVersion, Metrics};
use crate::snapshots::AsOf;
use crate::statements::read::Filter;
use crate::statements::reconcile::CheckResult;
use crate::subscription::Subscription;
use crate::versioned_page::VersionedPage;
use crate::wire::{decode_query, encode_evidence, encode_figure};

/// Bytes of the figures in one message of a stream.
const BYTES_PER_MESSAGE: usize = 1 << 20;

/// Findings of one answer.
const MAX_FINDINGS: usize = 1_000;

/// Parts of an export, or pieces of records, that wait to be sent.
const QUEUED: usize = 4;

/// The service as gRPC calls it.
#[derive(Debug, Clone)]
pub struct Grpc(pub Metrics);

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl MetricsService for Grpc {
    async fn list_indicators(
        &self,
        request: Request<wire::ListIndicatorsRequest>,
    ) -> Result<Response<wire::ListIndicatorsResponse>, Status> {
        let section = request.into_inner().section;
        let (catalogue, problems) = self.0.catalogue();
        let indicators = catalogue.newest().filter(|i| section.is_empty() || i.section == section);
        let indicators: Vec<wire::Indicator> = indicators.map(|i| i.as_ref().into()).collect();
        let mut sections: Vec<wire::Section> = Vec::new();
        for indicator in &indicators {
            match sections.iter_mut().find(|known| known.section == indicator.section) {
                Some(known) => known.indicators += 1,
                None => {
                    let title = catalogue.title(&indicator.section);
                    let section = indicator.section.clone();
                    sections.push(wire::Section {
                        section,
                        title_en: title.en,
                        title_zh: title.zh,
                        indicators: 1,
                    });
                }
            }
        }
        Ok(Response::new(wire::ListIndicatorsResponse { indicators, problems, sections }))
    }

    async fn get_indicator(
        &self,
        request: Request<wire::GetIndicatorRequest>,
    ) -> Result<Response<wire::GetIndicatorResponse>, Status> {
        let name = request.into_inner().indicator;
        let (catalogue, _) = self.0.catalogue();
        let indicator = catalogue.get(&name).map_err(to_status)?;
        let history = catalogue.history(&indicator.id).map_err(to_status)?;
        Ok(Response::new(wire::GetIndicatorResponse {
            indicator: Some(indicator.as_ref().into()),
            history: history.iter().rev().map(|i| i.as_ref().into()).collect(),
        }))
    }

    async fn query_indicators(
        &self,
        request: Request<wire::QueryIndicatorsRequest>,
    ) -> Result<Response<wire::QueryIndicatorsResponse>, Status> {
        let request = request.into_inner();
        let (query, mut as_of) = decode_query(request.query).map_err(to_status)?;
        let page = VersionedPage::parse(request.page_size, &request.page_token, &(&query, &as_of));
        let page = page.map_err(to_status)?;
        as_of.versions.extend(page.versions.clone());
        let AtVersion { items: figures, versions, records_time } =
            self.0.query(&query, as_of).await.map_err(to_status)?;
        let total = figures.len();
        let (figures, next_page_token) = page.cut(figures, &versions, |f| encode_figure(f, &versions));
        Ok(Response::new(wire::QueryIndicatorsResponse {
            figures,
            table_versions: versions.into_iter().collect(),
            next_page_token,
            total: total as i32,
            records_time: records_time.map(|time| SystemTime::from(time).into()),
        }))
    }

    type StreamIndicatorsStream = Answers<wire::StreamIndicatorsResponse>;

    async fn stream_indicators(
        &self,
        request: Request<wire::StreamIndicatorsRequest>,
    ) -> Result<Response<Self::StreamIndicatorsStream>, Status> {
        let (query, as_of) = decode_query(request.into_inner().query).map_err(to_status)?;
        let AtVersion { items: figures, versions, records_time } =
            self.0.query(&query, as_of).await.map_err(to_status)?;
        let records_time = records_time.map(|time| SystemTime::from(time).into());
        let table_versions: HashMap<_, _> = versions.clone().into_iter().collect();
        let mut figures = figures.into_iter().map(move |f| encode_figure(f, &versions)).peekable();
        // Messages are encoded as they are read, so that they do not pile up for a slow reader.
        let messages = std::iter::from_fn(move || {
            let figures = fitting(&mut figures, BYTES_PER_MESSAGE);
            let table_versions = table_versions.clone();
            let message = wire::StreamIndicatorsResponse { figures, table_versions, records_time };
            (!message.figures.is_empty()).then_some(Ok(message))
        });
        Ok(Response::new(Box::pin(stream::iter(messages))))
    }

    type SubscribeIndicatorsStream = Answers<wire::SubscribeIndicatorsResponse>;

    async fn subscribe_indicators(
        &self,
        request: Request<wire::SubscribeIndicatorsRequest>,
    ) -> Result<Response<Self::SubscribeIndicatorsStream>, Status> {
        let (query, as_of) = decode_query(request.into_inner().query).map_err(to_status)?;
        if as_of != AsOf::default() {
            let message = "cannot be subscribed to, because earlier versions do not change; omit table_versions and as_of";
            return Err(to_status(Error::invalid_field("query.as_of", message)));
        }
        let subscription = Subscription::new(self.0.clone(), query);
        Ok(Response::new(Box::pin(from_task(1, |answers| subscription.run(answers)))))
    }

    async fn trace_figure(
        &self,
        request: Request<wire::TraceFigureRequest>,
    ) -> Result<Response<wire::TraceFigureResponse>, Status> {
        let request = request.into_inner();
        let page = Page::parse(request.page_size, &request.page_token, &request.trace, 20, 1_000)
            .map_err(to_status)?;
        let trace = Trace::parse(&request.trace).map_err(to_status)?;
        let unreadable = |_| to_status(Error::invalid_field("read_after", "is not an instant"));
        let read_after = request.read_after.map(|time| SystemTime::try_from(time).map_err(unreadable));
        let read_after = read_after.transpose()?.map(DateTime::from);
        let evidence = self.0.trace(&trace, (page.start, page.size), read_after).await.map_err(to_status)?;
        let findings = match request.tell_findings {
            true => self.0.findings(&trace, &evidence.figure).await.map_err(to_status)?,
            false => BTreeSet::new(),
        };
        let mut answer = encode_evidence(evidence, page, &request.trace);
        answer.findings = findings.into_iter().take(MAX_FINDINGS).map(Into::into).collect();
        Ok(Response::new(answer))
    }

    async fn get_fund_statement(
        &self,
        request: Request<wire::GetFundStatementRequest>,
    ) -> Result<Response<wire::GetFundStatementResponse>, Status> {
        let question = Question::parse(request.into_inner()).map_err(to_status)?;
        let AtVersion { items: statements, versions, records_time } =
            self.0.fund_statement(question).await.map_err(to_status)?;
        let answer = wire::GetFundStatementResponse {
            statements,
            table_versions: versions.into_iter().collect(),
            records_time: records_time.map(|time| SystemTime::from(time).into()),
        };
        // Every village of the country as a node would not fit; a page of a statement would not close.
        if answer.encoded_len() > MAX_BYTES {
            let message =
                "the statement has more nodes than an answer holds; ask for a higher level or a smaller area";
            return Err(to_status(Error::new(ErrorKind::ResourceExhausted, message)));
        }
        Ok(Response::new(answer))
    }

    async fn draw_inspection_sample(
        &self,
        request: Request<wire::DrawInspectionSampleRequest>,
    ) -> Result<Response<wire::DrawInspectionSampleResponse>, Status> {
        let question = sample::wire::Question::parse(request.into_inner()).map_err(to_status)?;
        let (AtVersion { items: projects, versions, .. }, population) =
            self.0.sample(question).await.map_err(to_status)?;
        Ok(Response::new(wire::DrawInspectionSampleResponse {
            projects,
            population: population as i32,
            table_versions: versions.into_iter().collect(),
        }))
    }

    async fn get_household(
        &self,
        request: Request<wire::GetHouseholdRequest>,
    ) -> Result<Response<wire::GetHouseholdResponse>, Status> {
        let question = household::wire::Question::parse(request.into_inner()).map_err(to_status)?;
        let AtVersion { items: households, versions, .. } =
            self.0.household(question).await.map_err(to_status)?;
        let answer =
            wire::GetHouseholdResponse { households, table_versions: versions.into_iter().collect() };
        if answer.encoded_len() > MAX_BYTES {
            let message = "the household has more records than an answer holds";
            return Err(to_status(Error::new(ErrorKind::ResourceExhausted, message)));
        }
        Ok(Response::new(answer))
    }

    async fn list_red_flags(
        &self,
        request: Request<wire::ListRedFlagsRequest>,
    ) -> Result<Response<wire::ListRedFlagsResponse>, Status> {
        let request = request.into_inner();
        let mut question = red_flags::wire::Question::parse(&request).map_err(to_status)?;
        let page = VersionedPage::parse(request.page_size, &request.page_token, &question);
        let page = page.map_err(to_status)?;
        question.as_of.versions.extend(page.versions.clone());
        let (AtVersion { items: flags, versions, .. }, counts) =
            self.0.red_flags(question).await.map_err(to_status)?;
        let total = flags.len() as i32;
        let (flags, next_page_token) = page.cut(flags, &versions, |flag| flag);
        Ok(Response::new(wire::ListRedFlagsResponse {
            counts: if request.page_token.is_empty() { counts } else { Vec::new() },
            flags,
            total,
            next_page_token,
            table_versions: versions.into_iter().collect(),
        }))
    }

    async fn get_objectives(
        &self,
        request: Request<wire::GetObjectivesRequest>,
    ) -> Result<Response<wire::GetObjectivesResponse>, Status> {
        let question = objectives::Question::parse(request.into_inner()).map_err(to_status)?;
        let (AtVersion { items: objectives, versions, .. }, income) =
            self.0.objectives(question).await.map_err(to_status)?;
        let table_versions = versions.into_iter().collect();
        let answer = wire::GetObjectivesResponse { objectives, income, table_versions };
        if answer.encoded_len() > MAX_BYTES {
            let message =
                "there are more targets than an answer holds; ask for a higher level or a smaller area";
            return Err(to_status(Error::new(ErrorKind::ResourceExhausted, message)));
        }
        Ok(Response::new(answer))
    }

    async fn compare_outcomes(
        &self,
        request: Request<wire::CompareOutcomesRequest>,
    ) -> Result<Response<wire::CompareOutcomesResponse>, Status> {
        let question = outcomes::wire::Question::parse(request.into_inner()).map_err(to_status)?;
        let AtVersion { items: comparisons, versions, .. } =
            self.0.outcomes(question).await.map_err(to_status)?;
        let table_versions = versions.into_iter().collect();
        Ok(Response::new(wire::CompareOutcomesResponse { comparisons, table_versions }))
    }

    type StreamPublicRecordsStream = Answers<wire::StreamPublicRecordsResponse>;

    async fn stream_public_records(
        &self,
        request: Request<wire::StreamPublicRecordsRequest>,
    ) -> Result<Response<Self::StreamPublicRecordsStream>, Status> {
        let question = public_records::wire::Question::parse(request.into_inner()).map_err(to_status)?;
        let metrics = self.0.clone();
        let pieces = from_task(QUEUED, |pieces| public_records::send(metrics, question, pieces));
        Ok(Response::new(Box::pin(pieces)))
    }

    type ExportEvidenceStream = Answers<wire::ExportEvidenceResponse>;

    async fn export_evidence(
        &self,
        request: Request<wire::ExportEvidenceRequest>,
    ) -> Result<Response<Self::ExportEvidenceStream>, Status> {
        let request = ExportRequest::from_wire(request.into_inner()).map_err(to_status)?;
        let metrics = self.0.clone();
        Ok(Response::new(Box::pin(from_task(QUEUED, |parts| send_export(metrics, request, parts)))))
    }

    async fn check_statements(
        &self,
        request: Request<wire::CheckStatementsRequest>,
    ) -> Result<Response<wire::CheckStatementsResponse>, Status> {
        let request = request.into_inner();
        let verdict = wire::Verdict::try_from(request.verdict).map_err(|_| {
            to_status(Error::invalid_field("verdict", format!("{} is not a verdict", request.verdict)))
        })?;
        let mut versions: BTreeMap<_, _> = request.table_versions.into_iter().collect();
        let question = (&request.document_id, verdict, &versions);
        let page = VersionedPage::parse(request.page_size, &request.page_token, &question);
        let page = page.map_err(to_status)?;
        versions.extend(page.versions.clone());
        let is_first_page = request.page_token.is_empty();
        let (AtVersion { items: results, versions, .. }, conflicts) =
            self.0.check(versions, &request.document_id, is_first_page).await.map_err(to_status)?;
        let count = |verdict| results.iter().filter(|r| r.verdict == verdict).count() as i32;
        let answer = wire::CheckStatementsResponse {
            checks: results.len() as i32,
            consistent: count(Verdict::Consistent),
            inconsistent: count(Verdict::Inconsistent),
            undetermined: count(Verdict::Undetermined),
            conflict_groups: conflicts.groups,
            conflicts_limited: conflicts.is_limited,
            ..wire::CheckStatementsResponse::default()
        };
        let asked = |r: &CheckResult| verdict == wire::Verdict::Unspecified || verdict == r.verdict.into();
        let (results, next_page_token) =
            page.cut(results.into_iter().filter(asked).collect(), &versions, Into::into);
        let table_versions = versions.into_iter().collect();
        Ok(Response::new(wire::CheckStatementsResponse {
            results,
            table_versions,
            next_page_token,
            ..answer
        }))
    }

    async fn query_statements(
        &self,
        request: Request<wire::QueryStatementsRequest>,
    ) -> Result<Response<wire::QueryStatementsResponse>, Status> {
        let request = request.into_inner();
        let filter = Filter {
            document_id: &request.document_id,
            section: &request.section,
            subject: &request.subject,
        };
        let mut versions: BTreeMap<_, _> = request.table_versions.into_iter().collect();
        let page = VersionedPage::parse(request.page_size, &request.page_token, &(&filter, &versions));
        let page = page.map_err(to_status)?;
        versions.extend(page.versions.clone());
        let AtVersion { items, versions, records_time } =
            self.0.statements(versions, &filter).await.map_err(to_status)?;
        let (figures, next_page_token) = page.cut(items, &versions, Into::into);
        Ok(Response::new(wire::QueryStatementsResponse {
            figures,
            table_versions: versions.into_iter().collect(),
            next_page_token,
            records_time: records_time.map(|time| SystemTime::from(time).into()),
        }))
    }
}
