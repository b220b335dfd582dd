//! Answers in pages, read to the last one at the table versions of the first.

use tonic::transport::Channel;
use uplift_core::error::Result;
use uplift_proto::status::from_status;
use uplift_proto::v1::metrics::metrics_service_client::MetricsServiceClient;
use uplift_proto::v1::metrics::{CheckStatementsRequest, CheckStatementsResponse};

/// Every judged check that a request asks for, as one answer.
pub async fn all_checks(
    metrics: &mut MetricsServiceClient<Channel>,
    mut request: CheckStatementsRequest,
) -> Result<CheckStatementsResponse> {
    let mut all = CheckStatementsResponse::default();
    loop {
        let page = metrics.check_statements(request.clone()).await.map_err(|s| from_status(&s))?.into_inner();
        let (results, groups) = (std::mem::take(&mut all.results), std::mem::take(&mut all.conflict_groups));
        let is_limited = all.conflicts_limited;
        request.page_token = page.next_page_token.clone();
        all = page;
        all.results.splice(0..0, results);
        all.conflict_groups.splice(0..0, groups);
        all.conflicts_limited |= is_limited;
        if request.page_token.is_empty() {
            return Ok(all);
        }
    }
}
