//! The wire: generated messages, clients and servers, their descriptors, and the conversions between
//! wire types and the types of `uplift-core`.
//!
//! Owns what callers see: messages, statuses, pages, tokens, the names and ports of services. Never
//! decides anything: no service logic, no IO.

pub mod answers;
pub mod chinese;
pub mod codec;
pub mod dataset;
pub mod figure;
pub mod page;
pub mod rows;
pub mod service;
pub mod status;
pub mod stop;
pub mod token;
mod wire;
pub mod words;

/// Generated code, by package.
#[allow(clippy::all, unreachable_pub, clippy::unwrap_used)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/uplift.rs"));
}

/// The packages under short names: `v1::ingest::Submission`.
pub mod v1 {
    pub use crate::generated::uplift::ingest::v1 as ingest;
    pub use crate::generated::uplift::metrics::v1 as metrics;
    pub use crate::generated::uplift::records::v1 as records;
    pub use crate::generated::uplift::reporting::v1 as reporting;
    pub use crate::generated::uplift::schema::v1 as schema;
    pub use crate::generated::uplift::r#type::v1 as types;
}

/// Every file descriptor, encoded, with options and comments: what reflection serves.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// The descriptors of error details (google.rpc.BadRequest and the like), encoded.
pub const ERROR_DETAILS: &[u8] = tonic_types::pb::FILE_DESCRIPTOR_SET;
