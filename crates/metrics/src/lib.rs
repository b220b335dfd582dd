//! Answers: indicators computed from records and traced to them; published figures as intervals, and
//! whether they agree.
//!
//! Owns every computation over the tables. Never writes a table, never lays out a page.

mod background;
mod catalogue;
mod convert;
mod figures;
mod grpc;
mod offered;
mod pins;
mod places;
mod plan;
mod query;
mod reconcile;
mod sampled;
mod scan;
mod service;
mod token;
mod trace;
mod value;

pub use grpc::Grpc;
pub use service::Metrics;

/// The gRPC service, ready for a server.
pub type Server = uplift_proto::v1::metrics::metrics_service_server::MetricsServiceServer<Grpc>;
