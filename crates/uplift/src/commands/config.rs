//! `uplift config`: the effective configuration, as a file that gives the same.

use uplift_core::error::{Error, Result};

use crate::commands::serve::ServeArgs;
use crate::outcome::Outcome;
use crate::terminal::say;

pub(crate) fn run(args: ServeArgs) -> Result<Outcome> {
    let text = toml::to_string(&args.config()?);
    let text = text.map_err(|e| Error::internal("printing the configuration", e))?;
    say!("{}", text.trim_end());
    Ok(Outcome::Done)
}
