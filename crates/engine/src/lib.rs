//! The query engine as Uplift uses it: the session with our functions, and what its errors mean.
//!
//! Owns how DataFusion is set up and the one place where engine and table errors become kinds of
//! errors. Never opens a table, never knows what a dataset or an indicator is.

pub mod error;
pub mod expressions;
pub mod levels;
mod period_end;
mod session;
mod sum_once;

pub use session::{SESSION, session};
