//! A node: one service or all of them in one process, from bound ports to drained requests.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use http::HeaderName;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use tracing::Level;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_ingest::Ingest;
use uplift_metrics::Metrics;
use uplift_proto::v1::metrics::metrics_service_client::MetricsServiceClient;
use uplift_reporting::{Archive, Reporting};
use uplift_store::Store;

/// The services that a node can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Takes records in.
    Ingest,
    /// Answers from the tables.
    Metrics,
    /// Writes reports.
    Reporting,
}

/// What a node needs to know.
#[derive(Debug, Clone)]
pub struct Options {
    /// Services to run.
    pub services: Vec<Service>,
    /// Folder of tables and reports.
    pub data_dir: PathBuf,
    /// Address to listen on.
    pub listen: IpAddr,
    /// Ports of ingest, metrics and reporting; 0 takes any free one.
    pub ports: [u16; 3],
    /// Where reporting finds metrics when it runs elsewhere.
    pub metrics_url: Option<String>,
    /// How long requests may take to finish once the node stops.
    pub grace: Duration,
}

/// A node that runs.
#[derive(Debug)]
pub struct Node {
    addresses: Vec<(Service, SocketAddr)>,
    health: Vec<HealthReporter>,
    stop: watch::Sender<bool>,
    servers: JoinSet<Result<(), tonic::transport::Error>>,
    grace: Duration,
}

/// A larger request or answer is refused: a submission of this size belongs in a stream.
pub const MAX_MESSAGE: usize = 32 * 1024 * 1024;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

impl Service {
    /// All of them, in the order in which they start.
    pub const ALL: [Self; 3] = [Self::Ingest, Self::Metrics, Self::Reporting];

    /// The port it has unless another is asked for.
    pub const fn default_port(self) -> u16 {
        7101 + self as u16
    }

    /// Its name in gRPC.
    pub const fn grpc_name(self) -> &'static str {
        match self {
            Self::Ingest => "uplift.ingest.v1.IngestService",
            Self::Metrics => "uplift.metrics.v1.MetricsService",
            Self::Reporting => "uplift.reporting.v1.ReportingService",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ingest => "ingest",
            Self::Metrics => "metrics",
            Self::Reporting => "reporting",
        })
    }
}

impl Node {
    /// Binds every port, builds the services, and serves. When this returns, they are healthy.
    pub async fn start(options: Options) -> Result<Self> {
        let mut bound = Vec::new();
        for service in Service::ALL.into_iter().filter(|s| options.services.contains(s)) {
            let address = SocketAddr::new(options.listen, options.ports[service as usize]);
            let incoming = TcpIncoming::bind(address).and_then(|i| Ok((i.local_addr()?, i)));
            let (address, incoming) = incoming.map_err(|e| {
                let hint = "is another node running? choose another with the service's --…-port";
                Error::new(
                    ErrorKind::FailedPrecondition,
                    format!("cannot listen on {address} for {service}: {e}; {hint}"),
                )
            })?;
            bound.push((service, address, incoming.with_nodelay(Some(true))));
        }
        let addresses: Vec<_> = bound.iter().map(|(service, address, _)| (*service, *address)).collect();
        let parts = Parts::new(&options, &addresses)?;
        let (stop, _) = watch::channel(false);
        let mut node =
            Self { addresses, health: Vec::new(), stop, servers: JoinSet::new(), grace: options.grace };
        for (service, address, incoming) in bound {
            let (health, health_service) = tonic_health::server::health_reporter();
            health.set_service_status(service.grpc_name(), ServingStatus::NotServing).await;
            health.set_service_status("", ServingStatus::NotServing).await;
            let routes = parts.routes(service).await?.add_service(health_service);
            let routes = reflection(service, routes)?;
            let mut stopped = node.stop.subscribe();
            let shutdown = async move {
                // An error means that the node is gone, which is as good a reason to stop.
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            // A refusal is no failure of ours; what is, is logged where it becomes a status.
            let trace = TraceLayer::new_for_grpc()
                .make_span_with(span)
                .on_response(DefaultOnResponse::new().level(Level::INFO))
                .on_failure(());
            let server = Server::builder()
                .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
                .layer(trace)
                .layer(PropagateRequestIdLayer::new(REQUEST_ID))
                .add_routes(routes)
                .serve_with_incoming_shutdown(incoming, shutdown);
            node.servers.spawn(server);
            health.set_service_status(service.grpc_name(), ServingStatus::Serving).await;
            health.set_service_status("", ServingStatus::Serving).await;
            tracing::info!(%service, %address, "serving");
            node.health.push(health);
        }
        Ok(node)
    }

    /// Where a service listens.
    pub fn address(&self, service: Service) -> Option<SocketAddr> {
        self.addresses.iter().find(|(s, _)| *s == service).map(|(_, address)| *address)
    }

    /// Where all its services listen.
    pub fn addresses(&self) -> &[(Service, SocketAddr)] {
        &self.addresses
    }

    /// Tells callers to go elsewhere, takes no new requests, and waits for those under way.
    pub async fn stop(mut self) -> Result<()> {
        for (health, (service, _)) in self.health.iter().zip(&self.addresses) {
            health.set_service_status(service.grpc_name(), ServingStatus::NotServing).await;
            health.set_service_status("", ServingStatus::NotServing).await;
        }
        self.stop.send_replace(true);
        let drained = async {
            while let Some(ended) = self.servers.join_next().await {
                ended
                    .map_err(|e| Error::internal("stopping", e))?
                    .map_err(|e| Error::internal("serving", e))?;
            }
            Ok(())
        };
        match tokio::time::timeout(self.grace, drained).await {
            Ok(result) => result,
            // What is acknowledged is committed, so cutting the rest off loses nothing.
            Err(_) => {
                tracing::warn!(grace = ?self.grace, "requests were still under way and are cut off");
                Ok(())
            }
        }
    }
}

/// A generated server with our limits; its methods come with each type and share no trait.
macro_rules! limited {
    ($server:ty, $service:expr) => {
        <$server>::new($service).max_decoding_message_size(MAX_MESSAGE).max_encoding_message_size(MAX_MESSAGE)
    };
}

/// What the services of one node share.
struct Parts {
    store: Arc<Store>,
    reports: PathBuf,
    indicators: PathBuf,
    metrics: Channel,
}

impl Parts {
    fn new(options: &Options, addresses: &[(Service, SocketAddr)]) -> Result<Self> {
        let own = addresses.iter().find(|(service, _)| *service == Service::Metrics);
        let url = match (&options.metrics_url, own) {
            (Some(url), _) => url.clone(),
            (None, Some((_, address))) => format!("http://{address}"),
            (None, None) => format!("http://localhost:{}", Service::Metrics.default_port()),
        };
        Ok(Self {
            store: Arc::new(Store::open(&options.data_dir.join("tables"))?),
            reports: options.data_dir.join("reports"),
            indicators: options.data_dir.join("indicators"),
            metrics: endpoint(&url)?.connect_lazy(),
        })
    }

    async fn routes(&self, service: Service) -> Result<Routes> {
        Ok(match service {
            Service::Ingest => {
                let ingest = uplift_ingest::Grpc(Ingest::open(&self.store).await?);
                Routes::new(limited!(uplift_ingest::Server, ingest))
            }
            Service::Metrics => {
                let own = Some(self.indicators.clone());
                let metrics = uplift_metrics::Grpc(Metrics::new(self.store.clone(), own)?);
                Routes::new(limited!(uplift_metrics::Server, metrics))
            }
            Service::Reporting => {
                let client =
                    MetricsServiceClient::new(self.metrics.clone()).max_decoding_message_size(MAX_MESSAGE);
                let reporting = uplift_reporting::Grpc(Reporting::new(client, Archive::open(&self.reports)?));
                Routes::new(limited!(uplift_reporting::Server, reporting))
            }
        })
    }
}

/// An endpoint that gives up on a peer that does not answer, instead of waiting for ever.
pub fn endpoint(url: &str) -> Result<Endpoint> {
    let endpoint = Endpoint::from_shared(url.to_owned());
    let endpoint =
        endpoint.map_err(|e| Error::invalid_field("url", format!("{url:?} is no address: {e}")))?;
    Ok(endpoint.connect_timeout(Duration::from_secs(5)).tcp_nodelay(true))
}

fn reflection(service: Service, routes: Routes) -> Result<Routes> {
    // Only what the port serves is listed, so that a caller does not find calls that lead nowhere.
    let builder = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(uplift_proto::DESCRIPTORS)
            // Field violations travel as google.rpc details: a caller needs their shape to read them.
            .register_encoded_file_descriptor_set(uplift_proto::ERROR_DETAILS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .with_service_name(service.grpc_name())
            .with_service_name("grpc.health.v1.Health")
    };
    let failed = |e| Error::internal("describing the service", e);
    Ok(routes
        .add_service(builder().build_v1().map_err(failed)?)
        .add_service(builder().build_v1alpha().map_err(failed)?))
}

fn span<B>(request: &http::Request<B>) -> tracing::Span {
    let id = request.headers().get(&REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default();
    tracing::info_span!("request", id, call = request.uri().path())
}
