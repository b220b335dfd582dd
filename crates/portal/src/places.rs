//! How what a page shows is asked elsewhere: by a call with grpcurl, and by a command.

use axum::http::Uri;
use serde_json::Value;
use uplift_proto::service::Service;

/// The ports of the services, in their order. Behind a composition they have names that nobody outside knows; ports are the
/// same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Places([u16; 3]);

impl Places {
    /// The ports of these addresses of ingest, metrics and reporting.
    pub(crate) fn of(addresses: [&str; 3]) -> Self {
        let port = |address: &str| address.parse::<Uri>().ok()?.port_u16();
        Self(std::array::from_fn(|n| port(addresses[n]).unwrap_or_else(|| Service::ALL[n].default_port())))
    }

    fn port(&self, service: Service) -> u16 {
        self.0[service as usize]
    }

    /// A call with grpcurl.
    pub(crate) fn call(&self, service: Service, method: &str, message: &Value) -> String {
        let message = message.to_string().replace('\'', "'\\''");
        let (port, name) = (self.port(service), service.grpc_name());
        format!("grpcurl -plaintext -d '{message}' localhost:{port} {name}/{method}")
    }

    /// A command, told where the service listens unless that is where it looks by itself.
    pub(crate) fn command(&self, service: Service, line: &str) -> String {
        match self.port(service) {
            port if port == service.default_port() => line.to_owned(),
            port => format!("{line} --{service}-url http://localhost:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_call_and_a_command_name_the_port_that_is_used() {
        let places = Places::of(["http://ingest:7101", "http://127.0.0.1:9102", "http://localhost"]);
        assert_eq!(
            places.call(Service::Metrics, "TraceFigure", &json!({ "trace": "it's" })),
            "grpcurl -plaintext -d '{\"trace\":\"it'\\''s\"}' localhost:9102 uplift.metrics.v1.MetricsService/TraceFigure"
        );
        assert_eq!(
            places.command(Service::Metrics, "uplift query"),
            "uplift query --metrics-url http://localhost:9102"
        );
        assert_eq!(places.command(Service::Ingest, "uplift datasets"), "uplift datasets");
    }
}
