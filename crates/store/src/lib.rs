//! The tables: Delta Lake on a folder, read at any version, written in commits that happen once.
//!
//! Owns where rows are kept and how they become durable and queryable. Never knows what a row
//! means: validation belongs to ingest, figures to metrics.

mod columns;
mod compaction;
mod copy;
mod data_files;
mod expired;
mod files;
mod guarded;
mod layout;
mod pins;
mod retention;
pub mod schema;
mod snapshot;
mod store;
mod sums;
mod table;
mod verify;
mod versions;
mod writer_lock;

pub use files::DataFile;
pub use snapshot::Snapshot;
pub use store::Store;
pub use table::{Commit, Table};
pub use verify::{Finding, Verification};
pub use versions::LogEntry;
pub use writer_lock::WriterLock;
