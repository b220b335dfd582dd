//! Published statements: read from the tables, and checked against each other.

mod conflict_words;
pub(crate) mod conflicts;
pub(crate) mod documents;
pub(crate) mod read;
pub(crate) mod reconcile;
