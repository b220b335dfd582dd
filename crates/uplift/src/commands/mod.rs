//! One file for each subcommand, or a folder.

pub(crate) mod check;
mod config;
pub(crate) mod datasets;
pub(crate) mod demo;
mod demo_edition;
pub(crate) mod extract;
pub(crate) mod flags;
pub(crate) mod folder;
pub(crate) mod funds;
pub(crate) mod health;
pub(crate) mod household;
pub(crate) mod import;
pub(crate) mod indicators;
pub(crate) mod load;
pub(crate) mod measure;
pub(crate) mod objectives;
pub(crate) mod outcomes;
pub(crate) mod query;
pub(crate) mod report;
pub(crate) mod sample;
pub(crate) mod scorecard;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod trace;

use uplift_core::error::{Error, Result};

use crate::cli::{Cli, Command};
use crate::outcome::Outcome;

/// Runs one command.
pub(crate) fn run(cli: Cli) -> Result<Outcome> {
    let runtime = tokio::runtime::Runtime::new().map_err(|e| Error::internal("starting", e))?;
    let language = cli.language.into();
    runtime.block_on(async {
        match cli.command {
            Command::Demo(args) => demo::run(args, language).await,
            Command::Serve(args) => serve::run(args).await,
            Command::Config(args) => config::run(args),
            Command::Load(args) => load::run(args, language).await,
            Command::Import(args) => import::run(args, language).await,
            Command::Simulate(args) => simulate::run(args, language).await,
            Command::Datasets(args) => datasets::list(args, language),
            Command::Template(args) => datasets::template(args, language).await,
            Command::Indicators(args) => indicators::run(args, language).await,
            Command::Query(args) => query::run(args, language).await,
            Command::Scorecard(args) => scorecard::run(args, language).await,
            Command::Trace(args) => trace::run(args, language).await,
            Command::Funds(args) => funds::run(args, language).await,
            Command::Sample(args) => sample::run(args, language).await,
            Command::Extract(args) => extract::run(args, language).await,
            Command::Flags(args) => flags::run(args, language).await,
            Command::Household(args) => household::run(args, language).await,
            Command::Objectives(args) => objectives::run(args, language).await,
            Command::Outcomes(args) => outcomes::run(args, language).await,
            Command::Measure(args) => measure::run(&args, language),
            Command::Check(args) => check::run(args, language).await,
            Command::Report(args) => report::run(args, language).await,
            Command::Health(args) => health::run(args, language).await,
            Command::Verify(args) => folder::verify(args, language).await,
            Command::Backup(args) => folder::backup(args, language).await,
            Command::Restore(args) => folder::restore(args, language).await,
        }
    })
}
