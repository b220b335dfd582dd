//! The measures as functions of the query engine.

mod aggregate;
mod functions;
mod rows;
mod sum;

use datafusion::logical_expr::AggregateUDF;

pub use functions::{check, estimate_type, estimates, is_measure, named};

/// The aggregate functions, for a query session to register.
pub fn aggregate_functions() -> Vec<AggregateUDF> {
    let mut functions = vec![sum::function()];
    functions.extend(functions::measures());
    functions
}
