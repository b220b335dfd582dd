//! Published statements: read from the tables, and checked against each other.

pub(crate) mod read;
pub(crate) mod reconcile;
