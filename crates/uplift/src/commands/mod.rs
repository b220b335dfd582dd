//! One file for each command.

mod check;
mod config;
mod county_file;
mod datasets;
mod demo;
mod health;
mod import;
mod indicators;
mod load;
pub mod measure;
mod query;
mod report;
mod scorecard;
mod serve;
pub mod simulate;
mod trace;

use std::process::ExitCode;

use tonic::transport::Channel;
use uplift_core::error::{Error, ErrorKind, Result};

use crate::cli::{Cli, Command};
use crate::node::endpoint;

/// How a command that ran went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// It ran, and found something wrong.
    FoundWrong,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::FoundWrong => Self::from(1),
        }
    }
}

/// Runs one command.
pub fn run(cli: Cli) -> Result<Outcome> {
    let runtime = tokio::runtime::Runtime::new().map_err(|e| Error::internal("starting", e))?;
    let language = cli.language;
    runtime.block_on(async {
        match cli.command {
            Command::Demo(options) => demo::run(options, language).await,
            Command::Serve(options) => serve::run(options).await,
            Command::Config(options) => config::run(options),
            Command::Load(options) => load::run(options).await,
            Command::Import(options) => import::run(options).await,
            Command::Simulate(options) => simulate::run(options).await,
            Command::Datasets(options) => datasets::list(options, language),
            Command::Template(options) => datasets::template(options, language).await,
            Command::Indicators(options) => indicators::run(options, language).await,
            Command::Query(options) => query::run(options, language).await,
            Command::Scorecard(options) => scorecard::run(options, language).await,
            Command::Trace(options) => trace::run(options, language).await,
            Command::Measure(options) => measure::run(&options, language),
            Command::Check(options) => check::run(options, language).await,
            Command::Report(options) => report::run(options).await,
            Command::Health(options) => health::run(options).await,
        }
    })
}

/// A channel to a service that must be there.
async fn connect(url: &str) -> Result<Channel> {
    endpoint(url)?.connect().await.map_err(|e| Error {
        source: Some(e.into()),
        ..Error::new(
            ErrorKind::Unavailable,
            format!("no service answers at {url}; start one with: uplift serve"),
        )
    })
}
