//! The whole, as its users meet it: real services, real clients, a folder for each test.

// A test ends at the first thing that is not as it should be; that is what unwrap is for here.
#![allow(clippy::unwrap_used)]

mod architecture;
mod clients;
mod command;
mod compose;
mod indicators;
mod ingest;
mod metrics;
mod platforms;
mod reporting;
mod streaming;
