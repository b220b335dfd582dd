//! What a node can serve: the services, and the portal that reads through them.

use std::fmt;
use std::str::FromStr;

use uplift_core::error::{Error, Result};
use uplift_proto::service::Service;

/// Something that a node serves on a port of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Component {
    /// A service, over gRPC.
    Service(Service),
    /// Pages, over HTTP.
    Portal,
}

/// The port of the portal unless another is configured: the one after those of the services.
pub const PORTAL_PORT: u16 = Service::Reporting.default_port() + 1;

impl Component {
    /// All of them, in the order in which they start.
    pub const ALL: [Self; 4] = [
        Self::Service(Service::Ingest),
        Self::Service(Service::Metrics),
        Self::Service(Service::Reporting),
        Self::Portal,
    ];

    /// Short name, as configuration and commands write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Service(service) => service.name(),
            Self::Portal => "portal",
        }
    }
}

impl From<Service> for Component {
    fn from(service: Service) -> Self {
        Self::Service(service)
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Component {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|component| component.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::invalid_field("services", format!("{name:?} is not a service; write one of {names}"))
        })
    }
}
