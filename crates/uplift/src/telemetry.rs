//! Log lines to stderr.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command, LogFormat};

/// Starts logging. Services tell what they do; commands for people stay quiet unless asked.
pub fn start(cli: &Cli) {
    let default = match cli.command {
        Command::Serve(_) => "info,deltalake_core=warn",
        _ => "warn",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match cli.log_format {
        LogFormat::Text => {
            let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            builder.with_target(false).with_ansi(color).init();
        }
        LogFormat::Json => builder.json().init(),
    }
}
