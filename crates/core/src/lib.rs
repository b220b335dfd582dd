//! The words that Uplift's parts share: areas, periods, figures as intervals, checks and verdicts,
//! what a dataset is, and the one error.
//!
//! Owns the meaning of these types and the arithmetic on them. Never does IO, never knows of
//! protobuf, gRPC or tables: those crates depend on this one.

pub mod area;
pub mod dataset;
pub mod error;
pub mod expression;
pub mod interval;
pub mod number;
pub mod period;
pub mod printed;
pub mod verdict;
