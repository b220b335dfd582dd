//! Services in a process: configuration, start and stop, log lines.
//!
//! Owns how a node is configured, which ports it binds and how it drains. Never decides what a call
//! does: that belongs to the services.

pub mod backup;
pub mod component;
pub mod config;
mod connection;
mod disk;
mod isolation;
pub mod node;
pub mod telemetry;
