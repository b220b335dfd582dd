//! Where the money of a budget year is: what came into each node of its way, what went on, what is left, and what nobody
//! recorded the receipt of.

pub(crate) mod names;
pub(crate) mod node;
pub(crate) mod read;
pub(crate) mod statement;
pub(crate) mod wire;
