//! Records in the forms that they arrive and leave in: protobuf rows, CSV files, and the Arrow columns
//! that both become.
//!
//! Owns how values are read and written: encodings, headings, units, numbers, dates, codes. Never
//! checks a rule over records, never keeps anything.

mod builder;
pub mod cell;
pub mod columns;
mod csv_reader;
mod headings;
pub mod records;
mod rejected_rows;
mod table;
mod template;
mod text;
mod upload;
mod value;
mod wire;

pub use rejected_rows::rejected_rows;
pub use table::Table;
pub use template::template;
pub use upload::{Upload, UploadedFile};
pub use wire::{DecodedRows, Decoder, messages};
