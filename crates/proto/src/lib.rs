//! The wire: generated messages, clients and servers, their descriptors, and the two-way map
//! between wire types and the words of `uplift-core`.
//!
//! Owns how things look to a caller, error statuses included. Never decides anything: no service
//! logic, no IO.

pub mod convert;
pub mod dataset;
pub mod page;
pub mod rows;
pub mod status;

/// Generated code, by package.
#[allow(missing_docs, clippy::all, unreachable_pub, clippy::unwrap_used)]
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

/// The descriptors of the details that errors carry (google.rpc.BadRequest and its kin), encoded.
pub const ERROR_DETAILS: &[u8] = tonic_types::pb::FILE_DESCRIPTOR_SET;
