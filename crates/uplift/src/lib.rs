//! The `uplift` command: runs one service or all of them, and is the client for people.
//!
//! Owns the command line, start and stop, and what the terminal shows. Never computes a figure and
//! never touches a table: it asks the services over gRPC, as any client would.

// Printing goes through `say`, which ends quietly when nobody reads on.
#![warn(clippy::print_stdout)]

pub mod cli;
pub mod commands;
pub mod config;
pub mod node;
pub mod seed;
pub mod simulate;
pub mod telemetry;
pub mod terminal;
