//! Clients of the services: connections, limits on messages, errors as ours.
//!
//! Owns how a service is reached, and how an answer in pages is read to its end. Never knows what an answer means.

mod pages;

use std::time::Duration;

use tonic::transport::{Channel, Endpoint};
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_proto::v1::ingest::ingest_service_client::IngestServiceClient;
use uplift_proto::v1::metrics::metrics_service_client::MetricsServiceClient;
use uplift_proto::v1::reporting::reporting_service_client::ReportingServiceClient;

pub use pages::all_checks;
use uplift_proto::status::MAX_MESSAGE;
pub use uplift_proto::status::from_status;

/// Time that a peer has to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A peer that does not answer pings is given up, so that no call waits for ever on a port that is mute.
const PING_INTERVAL: Duration = Duration::from_secs(10);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

pub type IngestClient = IngestServiceClient<Channel>;
pub type MetricsClient = MetricsServiceClient<Channel>;
pub type ReportingClient = ReportingServiceClient<Channel>;

/// Connects now; fails if the service cannot be reached.
pub async fn connect(url: &str) -> Result<Channel> {
    endpoint(url)?.connect().await.map_err(|e| Error {
        source: Some(e.into()),
        ..Error::new(
            ErrorKind::Unavailable,
            format!("no service answers at {url}; start one with: uplift serve"),
        )
    })
}

/// A connection that is made when it is first used.
pub fn connect_lazy(url: &str) -> Result<Channel> {
    Ok(endpoint(url)?.connect_lazy())
}

/// An endpoint that gives up on a peer that does not answer, instead of waiting for ever.
fn endpoint(url: &str) -> Result<Endpoint> {
    let endpoint = Endpoint::from_shared(url.to_owned());
    let endpoint =
        endpoint.map_err(|e| Error::invalid_field("url", format!("{url:?} is not an address: {e}")))?;
    Ok(endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .keep_alive_while_idle(true)
        .tcp_nodelay(true))
}

/// A client of ingest over a connection.
pub fn ingest(channel: Channel) -> IngestClient {
    IngestServiceClient::new(channel)
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE)
}

/// A client of metrics over a connection.
pub fn metrics(channel: Channel) -> MetricsClient {
    MetricsServiceClient::new(channel)
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE)
}

/// A client of reporting over a connection.
pub fn reporting(channel: Channel) -> ReportingClient {
    ReportingServiceClient::new(channel)
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE)
}
