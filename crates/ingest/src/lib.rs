//! The way in: receives submissions, checks every row, commits the accepted ones once and says which
//! were rejected and why.
//!
//! Owns validation, idempotence and the ledger of submissions; it is the only writer of tables.
//! Never computes a figure, never answers a question about what the rows mean.

/// A span of one stage of a submission, to measure where the time goes.
macro_rules! stage_span {
    ($name:literal) => {
        tracing::debug_span!(target: "uplift_stage", $name)
    };
}

mod active_ids;
mod budget;
mod committer;
mod destination;
mod grpc;
mod header;
mod key_index;
mod keys;
mod ledger;
mod outcome;
mod pipeline;
mod quarantine;
mod references;
mod replay;
mod service;
mod set_rules;
mod staging;
mod stream;
mod submission;
mod validate;

pub use grpc::Grpc;
pub use service::Ingest;

/// The gRPC service, ready for a server.
pub type Server = uplift_proto::v1::ingest::ingest_service_server::IngestServiceServer<Grpc>;
