//! `uplift config`.

use uplift_core::error::{Error, Result};

use crate::cli::Serve;
use crate::commands::Outcome;
use crate::config::Config;
use crate::terminal::say;

/// Prints the effective configuration, as a file that gives the same.
pub fn run(options: Serve) -> Result<Outcome> {
    let config = Config::of(options)?;
    let text = toml::to_string(&config).map_err(|e| Error::internal("printing the configuration", e))?;
    say!("{}", text.trim_end());
    Ok(Outcome::Done)
}
