//! What was done in villages, and what changed for the households that live in them.

mod compare;
mod read;
pub(crate) mod wire;

pub(crate) use self::compare::comparisons;
