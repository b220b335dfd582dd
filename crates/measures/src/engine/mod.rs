//! The measures as functions of the query engine.

mod aggregate;
mod functions;
mod rows;
mod sum;

use datafusion::logical_expr::{AggregateUDF, ScalarUDF};

pub use functions::{DIFFERENCE, DISTRIBUTION, ESTIMATE, check, is_measure};

/// The aggregate functions, for a query session to register.
pub fn aggregate_functions() -> Vec<AggregateUDF> {
    let mut functions = vec![sum::function(), functions::distribution()];
    functions.extend(functions::measures());
    functions
}

/// The scalar functions, for a query session to register.
pub fn scalar_functions() -> Vec<ScalarUDF> {
    functions::estimates()
}
