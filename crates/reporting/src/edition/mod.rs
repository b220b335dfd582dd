//! Editions: reports that are published once, verified by anyone, and compared with what came after.

pub(crate) mod checklist;
pub(crate) mod comparison;
pub(crate) mod difference;
pub(crate) mod errata;
pub(crate) mod figures;
pub(crate) mod name;
pub(crate) mod publication;
pub(crate) mod recomputed;
pub(crate) mod same_value;
pub(crate) mod statements;
pub(crate) mod store;
pub(crate) mod verification;
pub(crate) mod watch;
