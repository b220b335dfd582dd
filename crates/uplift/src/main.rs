//! The `uplift` command: reads the line, listens for the end, runs one command, says how it went.

use std::process::ExitCode;

use clap::Parser;
use uplift::cli::Cli;
use uplift::commands;

fn main() -> ExitCode {
    let cli = Cli::parse();
    uplift::telemetry::start(&cli);
    match commands::run(cli) {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            uplift::terminal::print_error(&error);
            ExitCode::from(1)
        }
    }
}
