//! A node: one service or all of them in one process, from bound ports to drained requests.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower::util::MapRequestLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use tracing::Level;
use uplift_client::connect_lazy;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_ingest::Ingest;
use uplift_metrics::Metrics;
use uplift_proto::service::Service;
use uplift_proto::status::MAX_MESSAGE;
use uplift_proto::stop::Stop;
use uplift_reporting::{Archive, Reporting};
use uplift_store::Store;

use crate::component::Component;
use crate::config::Config;
use crate::connection::{PING_INTERVAL, PING_TIMEOUT, limited as limited_connections};
use crate::disk::{DiskWatch, private_folder};
use crate::isolation::{Isolation, work};

/// A node that runs.
#[derive(Debug)]
pub struct Node {
    addresses: Vec<(Service, SocketAddr)>,
    /// Where the portal listens, if it runs here.
    portal: Option<SocketAddr>,
    health: Vec<HealthReporter>,
    stop: watch::Sender<bool>,
    servers: JoinSet<Result<()>>,
    /// By service: the calls under way.
    calls: Vec<Isolation>,
    grace: Duration,
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Bytes of the headers of a request, and calls under way on one connection.
const MAX_HEADERS: u32 = 16 << 10;
const MAX_STREAMS_OF_CONNECTION: u32 = 128;
/// After this time a connection ends with its last call, and a client that is still there opens another.
const MAX_CONNECTION_AGE: Duration = Duration::from_secs(30 * 60);

/// Calls under way in a service: each of ingest may hold a batch, each of metrics computes.
fn max_calls(service: Service) -> usize {
    match service {
        Service::Ingest => 256,
        Service::Metrics => 64,
        Service::Reporting => 16,
    }
}

impl Node {
    /// Serves metrics over a folder that an export of evidence was put into: by its definitions and no others.
    pub async fn start_over_export(folder: &Path) -> Result<Self> {
        let config = Config { services: vec![Service::Metrics.into()], ..Config::on_free_ports(folder) };
        Self::start_with(&config, Definitions::Exported(folder.join("definitions"))).await
    }

    /// Binds every port, builds the services, and serves. When this returns, they are healthy.
    pub async fn start(config: &Config) -> Result<Self> {
        Self::start_with(config, Definitions::OwnOfOffice(config.data_dir.join("indicators"))).await
    }

    async fn start_with(config: &Config, definitions: Definitions) -> Result<Self> {
        if config.is_open() {
            tracing::warn!(
                listen = %config.listen,
                "others than this machine can reach the services, and there is no authentication: keep the ports \
                 behind a firewall or a proxy that authenticates"
            );
        }
        let mut bound = Vec::new();
        let serves = |component: Component| config.services.contains(&component);
        for service in Service::ALL.into_iter().filter(|service| serves((*service).into())) {
            let address = SocketAddr::new(config.listen, config.port(service.into()));
            let incoming = TcpIncoming::bind(address).and_then(|i| Ok((i.local_addr()?, i)));
            let (address, incoming) = incoming.map_err(|e| taken(address, service.into(), &e))?;
            bound.push((service, address, incoming.with_nodelay(Some(true))));
        }
        let portal = match serves(Component::Portal) {
            true => Some(bind_portal(config).await?),
            false => None,
        };
        let addresses: Vec<_> = bound.iter().map(|(service, address, _)| (*service, *address)).collect();
        private_folder(&config.data_dir)?;
        let (stop, stopped) = watch::channel(false);
        let state = SharedState::new(config, definitions, &addresses, Stop::on(stopped))?;
        let mut node = Self {
            addresses,
            portal: None,
            health: Vec::new(),
            stop,
            servers: JoinSet::new(),
            calls: Vec::new(),
            grace: config.grace(),
        };
        for (service, address, incoming) in bound {
            let (health, health_service) = tonic_health::server::health_reporter();
            health.set_service_status(service.grpc_name(), ServingStatus::NotServing).await;
            health.set_service_status("", ServingStatus::NotServing).await;
            let opened = state.clone();
            // Tasks that a service starts, as committers, belong to the threads that calls work on.
            let routes = work(async move { opened.routes(service).await });
            let routes = routes.await.map_err(|e| Error::internal("starting a service", e))??;
            let routes = reflection(service, routes.add_service(health_service))?;
            let mut stopped = node.stop.subscribe();
            let shutdown = async move {
                // An error means that the node was dropped, which is a reason to stop too.
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            let calls = Isolation::new(max_calls(service));
            // A refused request is not a failure; failures are logged where they become a status.
            let trace = TraceLayer::new_for_grpc()
                .make_span_with(span)
                .on_response(DefaultOnResponse::new().level(Level::INFO))
                .on_failure(());
            let server = Server::builder()
                .http2_keepalive_interval(Some(PING_INTERVAL))
                .http2_keepalive_timeout(Some(PING_TIMEOUT))
                .http2_max_header_list_size(MAX_HEADERS)
                .max_concurrent_streams(MAX_STREAMS_OF_CONNECTION)
                .max_connection_age(MAX_CONNECTION_AGE)
                .layer(MapRequestLayer::new(readable_request_id))
                .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
                .layer(trace)
                .layer(PropagateRequestIdLayer::new(REQUEST_ID))
                .layer(calls.clone())
                .add_routes(routes)
                .serve_with_incoming_shutdown(limited_connections(incoming), shutdown);
            let failed = |e| Error::internal("serving", e);
            node.servers.spawn(async move { server.await.map_err(failed) });
            node.calls.push(calls);
            health.set_service_status(service.grpc_name(), ServingStatus::Serving).await;
            health.set_service_status("", ServingStatus::Serving).await;
            if service == Service::Ingest {
                node.watch_disk(&config.data_dir, health.clone());
            }
            tracing::info!(%service, %address, "serving");
            node.health.push(health);
        }
        if let Some(listener) = portal {
            node.serve_portal(config, listener)?;
        }
        Ok(node)
    }

    /// Serves the portal, which reads through the services: those of this node, or those that it is told of.
    fn serve_portal(&mut self, config: &Config, listener: TcpListener) -> Result<()> {
        let address = |service: Service, told: &Option<String>| {
            let own = self.address(service).map(|address| format!("http://{address}"));
            told.clone().or(own).unwrap_or_else(|| service.default_url())
        };
        let services = uplift_portal::Services::at(&uplift_portal::Addresses {
            ingest: address(Service::Ingest, &config.portal.ingest_url),
            metrics: address(Service::Metrics, &config.portal.metrics_url),
            reporting: address(Service::Reporting, &config.portal.reporting_url),
        })?;
        let address = listener.local_addr().map_err(|e| Error::internal("listening", e))?;
        let mut stopped = self.stop.subscribe();
        let shutdown = async move {
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        self.servers.spawn(uplift_portal::serve(
            listener,
            services,
            config.data_dir.join("uploads"),
            shutdown,
        ));
        self.portal = Some(address);
        tracing::info!(%address, "serving the portal");
        Ok(())
    }

    /// Reports ingest NOT_SERVING while its disk cannot be written: what arrives then would be refused.
    fn watch_disk(&self, folder: &Path, health: HealthReporter) {
        let watch = DiskWatch::new(folder);
        let mut stopped = self.stop.subscribe();
        tokio::spawn(async move {
            let mut writable = true;
            loop {
                tokio::select! {
                    // The node has stopped, or was dropped.
                    _ = stopped.wait_for(|stop| *stop) => return,
                    found = watch.changed(writable) => writable = found,
                }
                let status = if writable { ServingStatus::Serving } else { ServingStatus::NotServing };
                health.set_service_status(Service::Ingest.grpc_name(), status).await;
                health.set_service_status("", status).await;
            }
        });
    }

    /// Where a service listens.
    pub fn address(&self, service: Service) -> Option<SocketAddr> {
        self.addresses.iter().find(|(s, _)| *s == service).map(|(_, address)| *address)
    }

    /// Where the portal listens, if it runs here.
    pub fn portal(&self) -> Option<SocketAddr> {
        self.portal
    }

    /// Where all its services listen.
    pub fn addresses(&self) -> &[(Service, SocketAddr)] {
        &self.addresses
    }

    /// Reports NOT_SERVING, accepts no new requests, and waits for those under way.
    pub async fn stop(mut self) -> Result<()> {
        for (health, (service, _)) in self.health.iter().zip(&self.addresses) {
            health.set_service_status(service.grpc_name(), ServingStatus::NotServing).await;
            health.set_service_status("", ServingStatus::NotServing).await;
        }
        self.stop.send_replace(true);
        let drained = async {
            while let Some(ended) = self.servers.join_next().await {
                ended.map_err(|e| Error::internal("stopping", e))??;
            }
            Ok(())
        };
        let drained = async {
            tokio::select! {
                ended = drained => ended,
                // A peer may keep its half of a call open that was answered: nobody waits for that.
                () = idle(&self.calls) => Ok(()),
            }
        };
        match tokio::time::timeout(self.grace, drained).await {
            Ok(result) => result,
            // Acknowledged means committed, so ending the others loses nothing.
            Err(_) => {
                tracing::warn!(grace = ?self.grace, "requests were still under way and are ended");
                Ok(())
            }
        }
    }
}

async fn bind_portal(config: &Config) -> Result<TcpListener> {
    let address = SocketAddr::new(config.listen, config.port(Component::Portal));
    TcpListener::bind(address).await.map_err(|e| taken(address, Component::Portal, &e))
}

/// A port that cannot be listened on.
fn taken(address: SocketAddr, component: Component, error: &dyn std::fmt::Display) -> Error {
    let hint = format!(
        "is Uplift running already? stop it, or choose another port with: uplift serve --{component}-port"
    );
    let message = format!("cannot listen on {address} for {component}: {error}; {hint}");
    Error::new(ErrorKind::FailedPrecondition, message)
}

/// Waits until no call has been under way for a moment.
async fn idle(calls: &[Isolation]) {
    let mut quiet = 0;
    while quiet < QUIET_CHECKS {
        tokio::time::sleep(CHECK_INTERVAL).await;
        quiet = if calls.iter().all(Isolation::is_idle) { quiet + 1 } else { 0 };
    }
}

/// How often, and how many times in a row, no call must be under way before a node that stops ends its connections.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);
const QUIET_CHECKS: u32 = 10;

/// A generated server with our limits; its methods come with each type and share no trait.
macro_rules! limited {
    ($server:ty, $service:expr) => {
        <$server>::new($service).max_decoding_message_size(MAX_MESSAGE).max_encoding_message_size(MAX_MESSAGE)
    };
}

/// Where metrics finds definitions of indicators.
#[derive(Debug, Clone)]
enum Definitions {
    /// Uplift's, and those that an office declares in a folder.
    OwnOfOffice(PathBuf),
    /// Those of an export, and no others.
    Exported(PathBuf),
}

/// What the services of one node share.
#[derive(Clone)]
struct SharedState {
    store: Arc<Store>,
    retention: Duration,
    stop: Stop,
    reports: PathBuf,
    definitions: Definitions,
    templates: PathBuf,
    metrics: Channel,
    /// Folder of what metrics saves, and the bytes that it may take.
    cache: (PathBuf, u64),
}

impl SharedState {
    fn new(
        config: &Config,
        definitions: Definitions,
        addresses: &[(Service, SocketAddr)],
        stop: Stop,
    ) -> Result<Self> {
        let own = addresses.iter().find(|(service, _)| *service == Service::Metrics);
        let url = match (&config.reporting.metrics_url, own) {
            (Some(url), _) => url.clone(),
            (None, Some((_, address))) => format!("http://{address}"),
            (None, None) => Service::Metrics.default_url(),
        };
        Ok(Self {
            retention: Duration::from_secs(config.ingest.retention),
            stop,
            store: Arc::new(Store::open(&config.data_dir.join("tables"))?),
            reports: config.data_dir.join("reports"),
            definitions,
            templates: config.data_dir.join("templates"),
            metrics: connect_lazy(&url)?,
            cache: (config.data_dir.join("cache"), config.metrics.cache_mb.saturating_mul(1 << 20)),
        })
    }

    async fn routes(&self, service: Service) -> Result<Routes> {
        Ok(match service {
            Service::Ingest => {
                let ingest =
                    uplift_ingest::Grpc(Ingest::open(&self.store, self.retention, self.stop.clone()).await?);
                Routes::new(limited!(uplift_ingest::Server, ingest))
            }
            Service::Metrics => {
                let (store, stop) = (self.store.clone(), self.stop.clone());
                let metrics = match self.definitions.clone() {
                    Definitions::OwnOfOffice(folder) => {
                        let metrics = Metrics::new(store, Some(folder), stop)?;
                        match &self.cache {
                            (_, 0) => metrics,
                            (folder, limit) => metrics.saved_in(folder, *limit),
                        }
                    }
                    Definitions::Exported(folder) => Metrics::of_definitions(store, folder, stop)?,
                };
                Routes::new(limited!(uplift_metrics::Server, uplift_metrics::Grpc(metrics)))
            }
            Service::Reporting => {
                let client = uplift_client::metrics(self.metrics.clone());
                let own = Some(self.templates.clone());
                let reporting = Reporting::new(client, Archive::open(&self.reports)?, own);
                let reporting = uplift_reporting::Grpc(reporting);
                Routes::new(limited!(uplift_reporting::Server, reporting))
            }
        })
    }
}

fn reflection(service: Service, routes: Routes) -> Result<Routes> {
    // Only what the port serves is listed, so that a caller does not find calls that lead nowhere.
    let builder = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(uplift_proto::DESCRIPTORS)
            // Field violations travel as google.rpc details: a caller needs their descriptors to read them.
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

/// Drops a request id that is not short and plain: it is written into log lines and sent back.
fn readable_request_id<B>(mut request: http::Request<B>) -> http::Request<B> {
    let plain = |id: &http::HeaderValue| {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':' | b'/');
        (1..=100).contains(&id.len()) && id.as_bytes().iter().all(plain)
    };
    if request.headers().get(&REQUEST_ID).is_some_and(|id| !plain(id)) {
        request.headers_mut().remove(&REQUEST_ID);
    }
    request
}

fn span<B>(request: &http::Request<B>) -> tracing::Span {
    let id = request.headers().get(&REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default();
    // A path is whatever the caller wrote: what no call has is not written out.
    let call = request.uri().path();
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'_');
    let call = if call.len() <= 100 && call.bytes().all(plain) { call } else { "?" };
    tracing::info_span!("request", id, call)
}
