//! Pages: sizes with a default and a limit, and tokens that say where to read on.

use uplift_core::error::{Error, Result};

/// The page size to use: the default for 0, never more than the limit.
pub fn size(asked: i32, default: usize, limit: usize) -> Result<usize> {
    match usize::try_from(asked) {
        Ok(0) => Ok(default),
        Ok(size) => Ok(size.min(limit)),
        Err(_) => {
            Err(Error::invalid_field("page_size", format!("{asked} is below 0; leave it out for {default}")))
        }
    }
}

/// The position that a token stands for; none for the first page.
pub fn position(token: &str) -> Result<Option<usize>> {
    if token.is_empty() {
        return Ok(None);
    }
    let position = token.strip_prefix('p').and_then(|digits| digits.parse().ok());
    let unknown =
        || Error::invalid_field("page_token", "is not one that this call gave; leave it out to begin again");
    position.map(Some).ok_or_else(unknown)
}

/// The token for a position; empty when there is nothing more.
pub fn token(position: Option<usize>) -> String {
    position.map(|p| format!("p{p}")).unwrap_or_default()
}
