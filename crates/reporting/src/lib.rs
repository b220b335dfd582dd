//! Reports: answers of the metrics service laid out for people, and kept as they were written.
//!
//! Owns templates, layout, words and the archive of reports. Never reads a table and never computes a figure:
//! everything that it prints is an answer of the metrics service.

mod answers;
mod archive;
mod chart;
mod compose;
mod digest;
mod document;
mod document_tables;
mod evidence;
mod grpc;
mod output;
mod reconciliation;
mod request;
mod scale;
mod service;
mod table;
mod template;
mod upstream;
mod words;
mod writer;

pub use archive::Archive;
pub use grpc::Grpc;
pub use request::ReportRequest;
pub use service::{Preview, Progress, Reporting, Step, preview};

/// The gRPC service, ready for a server.
pub type Server = uplift_proto::v1::reporting::reporting_service_server::ReportingServiceServer<Grpc>;
