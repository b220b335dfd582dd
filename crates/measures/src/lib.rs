//! Poverty and inequality measures: pure functions over values and weights, and the same as
//! aggregate functions of the query engine.
//!
//! Owns formulas. Never reads a file or a table, never knows what a household or an indicator is.

pub mod engine;
pub mod exact;
pub mod functions;
mod sum;
