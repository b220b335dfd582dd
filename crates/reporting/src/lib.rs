//! Reports: answers of the metrics service laid out for people, and kept as they were written.
//!
//! Owns layout, words and the archive of reports. Never reads a table and never computes a figure:
//! everything that it prints is an answer of the metrics service.

mod archive;
mod chart;
mod content;
mod grpc;
mod page;
mod service;
mod template;

pub use archive::Archive;
pub use grpc::Grpc;
pub use service::Reporting;

/// The gRPC service, ready for a server.
pub type Server = uplift_proto::v1::reporting::reporting_service_server::ReportingServiceServer<Grpc>;
