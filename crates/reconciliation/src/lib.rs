//! What printed figures and the relations between them say together: which sets of figures cannot all be true, and
//! what a misprint of one of them would explain.
//!
//! Owns the search for conflicts. Never reads a table, never words a finding, never takes what cannot be decided for a
//! contradiction: every step keeps all values that a figure can have.

#![warn(missing_docs)]

mod arithmetic;
mod conflict;
mod consistency;
mod fraction;
mod group;
mod linear;
mod propagation;
mod system;
mod term;

pub use group::{Conflict, Explanation, Findings, Group, Misprint, find};
pub use system::{Figure, System, Tie};
