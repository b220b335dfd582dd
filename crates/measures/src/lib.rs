//! Poverty and inequality measures: pure functions over values and weights, and the same as
//! aggregate functions of the query engine. So far: sums that do not depend on the order of rows.
//!
//! Owns formulas. Never reads a file or a table, never knows what a household or an indicator is.

mod engine;
pub mod exact;
mod sum;

/// The aggregate functions, for a query session to register.
pub fn functions() -> Vec<datafusion::logical_expr::AggregateUDF> {
    vec![sum::function()]
}
