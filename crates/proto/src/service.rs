//! The three services by name and port, as callers and servers agree on them.

use std::fmt;

/// A service of Uplift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Receives records.
    Ingest,
    /// Computes figures.
    Metrics,
    /// Writes reports.
    Reporting,
}

impl Service {
    /// All of them, in the order in which they start.
    pub const ALL: [Self; 3] = [Self::Ingest, Self::Metrics, Self::Reporting];

    /// The port unless another is configured.
    pub const fn default_port(self) -> u16 {
        7101 + self as u16
    }

    /// The address on this machine unless another is configured.
    pub fn default_url(self) -> String {
        format!("http://localhost:{}", self.default_port())
    }

    /// Full name in gRPC.
    pub const fn grpc_name(self) -> &'static str {
        match self {
            Self::Ingest => crate::v1::ingest::ingest_service_server::SERVICE_NAME,
            Self::Metrics => crate::v1::metrics::metrics_service_server::SERVICE_NAME,
            Self::Reporting => crate::v1::reporting::reporting_service_server::SERVICE_NAME,
        }
    }

    /// Short name, as configuration and commands write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Metrics => "metrics",
            Self::Reporting => "reporting",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
