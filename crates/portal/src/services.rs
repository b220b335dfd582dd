//! The services that the portal reads through.

use tonic::Status;
use uplift_client::{IngestClient, MetricsClient, ReportingClient, connect_lazy};
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_proto::status::from_status;

use crate::places::Places;

/// Where the services listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// Ingest.
    pub ingest: String,
    /// Metrics.
    pub metrics: String,
    /// Reporting.
    pub reporting: String,
}

/// A client of each service, made when it is first used.
#[derive(Debug, Clone)]
pub struct Services {
    /// Where calls can be made by hand.
    pub(crate) places: Places,
    ingest: IngestClient,
    metrics: MetricsClient,
    reporting: ReportingClient,
}

impl Services {
    /// Clients of the services at these addresses.
    pub fn at(addresses: &Addresses) -> Result<Self> {
        Ok(Self {
            places: Places::of([&addresses.ingest, &addresses.metrics, &addresses.reporting]),
            ingest: uplift_client::ingest(connect_lazy(&addresses.ingest)?),
            metrics: uplift_client::metrics(connect_lazy(&addresses.metrics)?),
            reporting: uplift_client::reporting(connect_lazy(&addresses.reporting)?),
        })
    }

    pub(crate) fn ingest(&self) -> IngestClient {
        self.ingest.clone()
    }

    pub(crate) fn metrics(&self) -> MetricsClient {
        self.metrics.clone()
    }

    pub(crate) fn reporting(&self) -> ReportingClient {
        self.reporting.clone()
    }
}

/// The error behind a status. What a page asked of a service in the reader's name is the reader's to correct.
pub(crate) fn failed(status: Status) -> Error {
    from_status(&status)
}

/// A stream that ended before its last message.
pub(crate) fn ended() -> Error {
    Error::new(ErrorKind::Unavailable, "the service ended its answer early; try again")
}
