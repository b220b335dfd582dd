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
mod outcome;
mod saved_file;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = environment::check() {
        terminal::print_error(&error);
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
            terminal::print_error(&error);
            ExitCode::from(1)
        }
    }
}
