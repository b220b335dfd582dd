//! The service on the wire: each call decodes, calls, encodes, and nothing else.

use tonic::{Request, Response, Status};
use uplift_core::error::Error;
use uplift_core::verdict::Verdict;
use uplift_proto::page;
use uplift_proto::status::to_status;
use uplift_proto::v1::metrics as wire;
use uplift_proto::v1::metrics::metrics_service_server::MetricsService;

use crate::figures::Filter;
use crate::reconcile::Judged;
use crate::service::{Metrics, Versions};

/// The service as gRPC calls it.
#[derive(Debug, Clone)]
pub struct Grpc(pub Metrics);

#[tonic::async_trait]
impl MetricsService for Grpc {
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
