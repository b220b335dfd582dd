//! The words that Uplift's parts share: areas, periods, figures as intervals, checks and verdicts,
//! what a dataset is, what is wrong with a row, texts in two languages, and the one error.
//!
//! Owns the meaning of these types and the arithmetic on them. Never does IO, never knows of
//! protobuf, gRPC or tables: those crates depend on this one.

#![warn(missing_docs)]

pub mod area;
pub mod cell;
pub mod chinese;
pub mod contained;
pub mod dataset;
pub mod disk;
pub mod error;
pub mod expression;
pub mod format;
pub mod interval;
pub mod language;
pub mod mark;
pub mod nearest;
pub mod period;
pub mod personal_number;
pub mod printed;
pub mod quantity;
pub mod rejection;
pub mod text;
pub mod unit;
pub mod verdict;
mod width;
