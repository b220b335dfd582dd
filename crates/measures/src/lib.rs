//! Poverty and inequality measures: pure functions over values and weights, and the same as
//! aggregate functions of the query engine.
//!
//! Owns formulas. Never reads a file or a table, never knows what a household or an indicator is.

#![warn(missing_docs)]

pub mod conventions;
pub mod curve;
pub mod decimal_sum;
pub mod deprivation;
pub mod design;
pub mod distribution;
pub mod engine;
pub mod error;
pub mod estimate;
pub mod exact;
mod fit;
pub mod grouped;
pub mod inequality;
pub mod influence;
pub mod line;
pub mod measure;
pub mod panel;
pub mod poverty;
pub mod quantile;
pub mod totals;
