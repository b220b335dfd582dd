//! The aggregate functions by the names that declared indicators and SQL use.

use datafusion::logical_expr::AggregateUDF;

/// All of them, for a query session to register.
pub fn all() -> Vec<AggregateUDF> {
    vec![crate::sum::function()]
}
