//! The way in: takes submissions, checks every row, commits the good ones once and says which
//! came back and why.
//!
//! Owns validation, idempotence and the ledger of submissions; it is the only writer of tables.
//! Never computes a figure, never answers a question about what the rows mean.

/// A span of one stage of the way in, for those who ask where the time goes.
macro_rules! stage_span {
    ($name:literal) => {
        tracing::debug_span!(target: "uplift_stage", $name)
    };
}

mod builder;
mod committer;
mod decode;
mod fault;
mod file;
mod grpc;
mod header;
mod intake;
mod keys;
mod ledger;
mod quarantine;
mod references;
mod service;
mod stream;
mod submission;
mod validate;

pub use file::{REASON, encoding_of};
pub use grpc::Grpc;
pub use service::Ingest;

/// The gRPC service, ready for a server.
pub type Server = uplift_proto::v1::ingest::ingest_service_server::IngestServiceServer<Grpc>;
