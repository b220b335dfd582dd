//! Answers: indicators computed from records and traced to them; published statements as intervals, and
//! whether they agree.
//!
//! Owns every computation over the tables. Never writes a table, never lays out a page.

mod grpc;
mod indicators;
mod service;
mod snapshots;
mod statements;
mod subscription;
mod versioned_page;
mod wire;

pub use grpc::Grpc;
pub use service::Metrics;

/// The gRPC service, ready for a server.
pub type Server = uplift_proto::v1::metrics::metrics_service_server::MetricsServiceServer<Grpc>;
