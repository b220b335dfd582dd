//! The `uplift` command: runs services, and is the client for people.
//!
//! Owns the command line and what the terminal shows. Never computes a figure of an office's records and
//! never reads a table: it asks the services over gRPC, as any client would; only verify, backup and restore work
//! on the folder itself.

// Printing goes through `say`, which ends quietly if the reader has closed the pipe.
#![warn(clippy::print_stdout)]

mod arguments;
mod cli;
mod commands;
mod county_file;
mod environment;
mod figure_text;
mod help;
mod outcome;
mod saved_file;
mod terminal;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser};
use uplift_core::language::Language;

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = match parse() {
        Ok(cli) => cli,
        Err(status) => return status,
    };
    let language = cli.language.into();
    if let Err(error) = environment::check() {
        terminal::print_error(&error, language);
        return ExitCode::from(2);
    }
    let level = match cli.command {
        // Services log what they do; commands for people stay quiet unless asked.
        Command::Serve(_) => "warn,uplift=info",
        // What is wrong with files is what these tell, in their own words.
        Command::Verify(_) | Command::Backup(_) | Command::Restore(_) => "off,uplift=warn",
        _ => "warn",
    };
    let measure_stages = matches!(cli.command, Command::Demo(_));
    uplift_server::telemetry::start(level, cli.log_format.into(), measure_stages);
    match commands::run(cli) {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            terminal::print_error(&error, language);
            ExitCode::from(1)
        }
    }
}

/// The command line; or the status to end with, once its help or its error was printed in the reader's language.
fn parse() -> Result<Cli, ExitCode> {
    let arguments: Vec<_> = std::env::args_os().collect();
    if help::asked_language(&arguments) == Language::En {
        return Ok(Cli::parse_from(arguments));
    }
    let parsed = help::in_chinese(Cli::command()).try_get_matches_from(arguments);
    parsed.and_then(|matches| Cli::from_arg_matches(&matches)).map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => error.exit(),
        _ => {
            eprint!("{}", help::usage_error(&error));
            ExitCode::from(2)
        }
    })
}
