//! Records in the forms that they arrive and leave in: protobuf rows, files of any kind, and the Arrow columns
//! that both become.
//!
//! Owns how values are read and written: kinds of files, encodings, headings, units, numbers, dates, codes. Never
//! checks a rule over records, never keeps anything.

mod builder;
pub mod columns;
mod field_names;
mod headings;
mod label;
mod reading;
pub mod records;
mod rejected_rows;
mod row;
mod row_numbers;
mod sheet;
mod source;
mod table;
mod template;
mod unit;
mod upload;
mod value;
mod wire;
mod workbook_rules;

pub use label::Label;
pub use reading::{Reading, ReadingOptions, SkippedRow};
pub use rejected_rows::{Reasons, RowReasons, reasons};
pub use row_numbers::RowNumbers;
pub use table::Table;
pub use template::template;
pub use upload::{Upload, UploadedFile};
pub use value::number::DecimalMark;
pub use wire::{DecodedRows, Decoder, messages};
pub use workbook_rules::{Breach, workbook_breaches};
