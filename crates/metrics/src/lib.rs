//! Answers: indicators computed from records and traced to them; published statements as intervals, and
//! whether they agree.
//!
//! Owns every computation over the tables. Never writes a table, but for copies of rows that it hands out; never lays out
//! a page.

mod asked;
mod export;
mod export_stream;
mod funds;
mod grpc;
mod household;
mod indicators;
mod objectives;
mod outcomes;
mod panel;
mod public_records;
mod red_flags;
mod row_cache;
mod sample;
mod service;
mod snapshots;
mod statements;
mod subscription;
mod table_session;
mod tables;
mod versioned_page;
mod wire;

use uplift_core::error::Result;

pub use grpc::Grpc;
pub use service::Metrics;

/// What is wrong with the text of a file of declared indicators, before it is put into the folder of an office.
pub fn check_declarations(text: &str) -> Vec<String> {
    static BUILT_IN: std::sync::LazyLock<Result<indicators::catalogue::Catalogue>> =
        std::sync::LazyLock::new(indicators::catalogue::Catalogue::built_in);
    match &*BUILT_IN {
        Ok(catalogue) => {
            catalogue.problems(text).into_iter().map(|v| format!("{}: {}", v.field, v.description)).collect()
        }
        Err(error) => vec![error.message.clone()],
    }
}

/// The gRPC service, ready for a server.
pub type Server = uplift_proto::v1::metrics::metrics_service_server::MetricsServiceServer<Grpc>;
