//! The service on the wire: each call decodes, calls, encodes, and nothing else.

use std::collections::{BTreeMap, HashMap};
use std::pin::Pin;
use std::time::Duration;

use futures::{Stream, stream};
use tonic::{Request, Response, Status};
use uplift_core::error::Error;
use uplift_core::verdict::Verdict;
use uplift_proto::page;
use uplift_proto::status::to_status;
use uplift_proto::v1::metrics as wire;
use uplift_proto::v1::metrics::metrics_service_server::MetricsService;

use crate::figures::Filter;
use crate::pins::AsOf;
use crate::query::Query;
use crate::reconcile::Judged;
use crate::service::{Answer, Metrics, Versions};
use crate::trace::Trace;
use crate::{convert, token};

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
        let indicators = indicators.map(|i| i.as_ref().into()).collect();
        Ok(Response::new(wire::ListIndicatorsResponse { indicators, problems }))
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
        let size = page::size(request.page_size, 1_000, 10_000).map_err(to_status)?;
        let (query, mut as_of) = convert::query(request.query).map_err(to_status)?;
        let page = Page::read(&request.page_token).map_err(to_status)?;
        let start = page.position as usize;
        as_of.versions.extend(page.versions);
        let Answer { figures, versions } = self.0.query(&query, as_of).await.map_err(to_status)?;
        let total = figures.len();
        let next = start.saturating_add(size);
        let next_page_token = match next < total {
            true => Page { position: next as u64, versions: versions.clone() }.token(),
            false => String::new(),
        };
        let figures = figures.into_iter().skip(start).take(size);
        Ok(Response::new(wire::QueryIndicatorsResponse {
            figures: figures.map(|f| convert::figure(f, &versions)).collect(),
            table_versions: versions.into_iter().collect(),
            next_page_token,
            total: total as i32,
        }))
    }

    type StreamIndicatorsStream = Answers<wire::StreamIndicatorsResponse>;

    async fn stream_indicators(
        &self,
        request: Request<wire::StreamIndicatorsRequest>,
    ) -> Result<Response<Self::StreamIndicatorsStream>, Status> {
        let (query, as_of) = convert::query(request.into_inner().query).map_err(to_status)?;
        let Answer { figures, versions } = self.0.query(&query, as_of).await.map_err(to_status)?;
        let mut figures = figures.into_iter();
        // Messages are made as they are taken, so that a slow reader does not pile them up here.
        let messages = std::iter::from_fn(move || {
            let some: Vec<_> = figures.by_ref().take(PART).map(|f| convert::figure(f, &versions)).collect();
            let table_versions = versions.clone().into_iter().collect();
            (!some.is_empty()).then_some(Ok(wire::StreamIndicatorsResponse { figures: some, table_versions }))
        });
        Ok(Response::new(Box::pin(stream::iter(messages))))
    }

    type SubscribeIndicatorsStream = Answers<wire::SubscribeIndicatorsResponse>;

    async fn subscribe_indicators(
        &self,
        request: Request<wire::SubscribeIndicatorsRequest>,
    ) -> Result<Response<Self::SubscribeIndicatorsStream>, Status> {
        let (query, as_of) = convert::query(request.into_inner().query).map_err(to_status)?;
        if as_of != AsOf::default() {
            let said = "what the tables held does not change; leave table_versions and as_of out";
            return Err(to_status(Error::invalid_field("query.as_of", said)));
        }
        let watch = Watch { metrics: self.0.clone(), query, versions: None, sent: HashMap::new() };
        let answers = stream::try_unfold(watch, |mut watch| async move {
            let changed = watch.next().await.map_err(to_status)?;
            Ok(Some((changed, watch)))
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn trace_figure(
        &self,
        request: Request<wire::TraceFigureRequest>,
    ) -> Result<Response<wire::TraceFigureResponse>, Status> {
        let request = request.into_inner();
        let size = page::size(request.page_size, 20, 1_000).map_err(to_status)?;
        let start = page::position(&request.page_token).map_err(to_status)?.unwrap_or_default();
        let trace = Trace::read(&request.trace).map_err(to_status)?;
        let traced = self.0.trace(&trace, (start, size)).await.map_err(to_status)?;
        let next = start.saturating_add(size);
        let more = traced.parts.iter().any(|p| p.records > next as i64);
        Ok(Response::new(convert::traced(traced, page::token(more.then_some(next)))))
    }

    async fn check_statements(
        &self,
        request: Request<wire::CheckStatementsRequest>,
    ) -> Result<Response<wire::CheckStatementsResponse>, Status> {
        let request = request.into_inner();
        let wanted = wire::Verdict::try_from(request.verdict).map_err(|_| {
            to_status(Error::invalid_field("verdict", format!("{} is no verdict", request.verdict)))
        })?;
        let (judged, versions) =
            self.0.check(request.versions.into(), &request.document_id).await.map_err(to_status)?;
        let count = |verdict| judged.iter().filter(|j| j.verdict == verdict).count() as i32;
        Ok(Response::new(wire::CheckStatementsResponse {
            checks: judged.len() as i32,
            consistent: count(Verdict::Consistent),
            inconsistent: count(Verdict::Inconsistent),
            undetermined: count(Verdict::Undetermined),
            versions: Some(versions.into()),
            results: judged
                .into_iter()
                .filter(|j| wanted == wire::Verdict::Unspecified || wanted == j.verdict.into())
                .map(Into::into)
                .collect(),
        }))
    }

    async fn query_statements(
        &self,
        request: Request<wire::QueryStatementsRequest>,
    ) -> Result<Response<wire::QueryStatementsResponse>, Status> {
        let request = request.into_inner();
        let size = page::size(request.page_size, 1_000, 10_000).map_err(to_status)?;
        let start = page::position(&request.page_token).map_err(to_status)?.unwrap_or_default();
        let filter = Filter {
            document_id: &request.document_id,
            section: &request.section,
            subject: &request.subject,
        };
        let found = self.0.statements(request.versions.into(), &filter).await.map_err(to_status)?;
        let next = start.saturating_add(size);
        let more = next < found.items.len();
        Ok(Response::new(wire::QueryStatementsResponse {
            figures: found.items.into_iter().skip(start).take(size).map(Into::into).collect(),
            versions: Some(Versions { statement: found.version, check: None }.into()),
            next_page_token: page::token(more.then_some(next)),
        }))
    }
}

/// Where a page ends: a position, and the versions at which it counts.
#[derive(Clone, PartialEq, prost::Message)]
struct Page {
    #[prost(uint64, tag = "1")]
    position: u64,
    #[prost(btree_map = "string, int64", tag = "2")]
    versions: BTreeMap<String, i64>,
}

impl Page {
    fn token(&self) -> String {
        token::write(self)
    }

    fn read(token: &str) -> Result<Self, Error> {
        token::read(token).ok_or_else(|| {
            Error::invalid_field("page_token", "is not one that this call gave; leave it out to begin again")
        })
    }
}

/// Figures that a subscriber follows.
struct Watch {
    metrics: Metrics,
    query: Query,
    versions: Option<BTreeMap<String, i64>>,
    /// By trace without versions: what was sent last.
    sent: HashMap<String, wire::Figure>,
}

impl Watch {
    /// Waits for the next figures that are new or changed; the first time, all of them.
    async fn next(&mut self) -> Result<wire::SubscribeIndicatorsResponse, Error> {
        loop {
            let standing = self.metrics.standing(&self.query).await?;
            if self.versions.as_ref() == Some(&standing) {
                tokio::time::sleep(LOOK_EVERY).await;
                continue;
            }
            let first = self.versions.is_none();
            let as_of = AsOf { versions: standing.clone(), instant: None };
            let Answer { figures, versions } = self.metrics.query(&self.query, as_of).await?;
            self.versions = Some(standing);
            let mut changed = Vec::new();
            for figure in figures {
                let key = Trace::of(&figure, &BTreeMap::new()).token();
                let figure = convert::figure(figure, &versions);
                // The trace names versions; a figure is the same if nothing else changed.
                let plain = wire::Figure { trace: String::new(), ..figure.clone() };
                if self.sent.get(&key) != Some(&plain) {
                    self.sent.insert(key, plain);
                    changed.push(figure);
                }
            }
            if first || !changed.is_empty() {
                let table_versions = versions.into_iter().collect();
                return Ok(wire::SubscribeIndicatorsResponse { figures: changed, table_versions });
            }
        }
    }
}

/// Figures of one message of a stream.
const PART: usize = 1_000;
/// How often a subscription looks for commits: looking asks for one log entry of each table.
const LOOK_EVERY: Duration = Duration::from_millis(250);

impl From<Option<wire::TableVersions>> for Versions {
    fn from(wire: Option<wire::TableVersions>) -> Self {
        let wire = wire.unwrap_or_default();
        Self { statement: wire.statement, check: wire.statement_check }
    }
}

impl From<Versions> for wire::TableVersions {
    fn from(versions: Versions) -> Self {
        Self { statement: versions.statement, statement_check: versions.check }
    }
}

impl From<Judged> for wire::CheckResult {
    fn from(judged: Judged) -> Self {
        Self {
            check: Some(judged.check),
            verdict: wire::Verdict::from(judged.verdict).into(),
            statement: judged.statement.map(Into::into),
            computed: judged.computed.as_ref().map(Into::into),
            arithmetic: judged.arithmetic,
            explanation_en: judged.explanation_en,
            explanation_zh: judged.explanation_zh,
            operands: judged.operands.into_iter().map(Into::into).collect(),
        }
    }
}
