//! Pages of long answers: sizes with a default and a limit, and tokens that say where the next begins.

use uplift_core::error::{Error, Result};

/// A page that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Entries before it.
    pub start: usize,
    /// Most entries in it.
    pub size: usize,
}

impl Page {
    /// The page that a request asks for: the default size for 0, never more than the limit; the first
    /// page without a token.
    pub fn parse(size: i32, token: &str, default: usize, limit: usize) -> Result<Self> {
        Ok(Self { start: position(token)?.unwrap_or_default(), size: page_size(size, default, limit)? })
    }

    /// Where the next page begins; none after the last of `total` entries.
    pub fn next(self, total: usize) -> Option<usize> {
        Some(self.start.saturating_add(self.size)).filter(|next| *next < total)
    }

    /// The entries of the page, and the token of the next.
    pub fn cut<T>(self, entries: Vec<T>) -> (Vec<T>, String) {
        let next = token(self.next(entries.len()));
        (entries.into_iter().skip(self.start).take(self.size).collect(), next)
    }
}

/// The page size to use: the default for 0, never more than the limit.
pub fn page_size(size: i32, default: usize, limit: usize) -> Result<usize> {
    match usize::try_from(size) {
        Ok(0) => Ok(default),
        Ok(size) => Ok(size.min(limit)),
        Err(_) => {
            Err(Error::invalid_field("page_size", format!("{size} is negative; omit it for {default}")))
        }
    }
}

/// The position in a token; none for the first page.
pub fn position(token: &str) -> Result<Option<usize>> {
    if token.is_empty() {
        return Ok(None);
    }
    let position = token.strip_prefix('p').and_then(|digits| digits.parse().ok());
    position.map(Some).ok_or_else(unknown_token)
}

/// The token for a position; empty when there is nothing more.
pub fn token(position: Option<usize>) -> String {
    position.map(|p| format!("p{p}")).unwrap_or_default()
}

/// The error for a token that this call never returned.
pub fn unknown_token() -> Error {
    Error::invalid_field("page_token", "is not a page token of this call; omit it for the first page")
}
