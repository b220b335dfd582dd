//! Reports: answers of the metrics service laid out for people, and kept as they were written.
//!
//! Owns templates, layout, words, the archive of reports, and editions. Never reads a table and never computes a figure:
//! everything that it prints is an answer of the metrics service.

mod annex;
mod answers;
mod archive;
mod chart;
mod compose;
mod conditions;
mod digest;
mod document;
mod document_answers;
mod document_tables;
mod draft;
mod edition;
mod edition_words;
mod evidence;
mod figure_key;
mod grpc;
mod kit;
mod output;
mod reconciliation;
mod request;
mod scale;
mod service;
mod steps;
mod table;
mod template;
mod upstream;
mod words;
mod writer;

pub use archive::Archive;
pub use chart::funds::fund_picture;
pub use grpc::Grpc;
pub use kit::opened::Kit;
pub use kit::packed::PackedKit;
pub use request::ReportRequest;
pub use service::{Preview, Reporting, preview};
pub use steps::{Progress, Step};

/// The gRPC service, ready for a server.
pub type Server = uplift_proto::v1::reporting::reporting_service_server::ReportingServiceServer<Grpc>;
