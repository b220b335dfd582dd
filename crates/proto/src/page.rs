//! Pages of long answers: sizes with a default and a limit, and tokens that say where the next begins.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::iter::Peekable;

use prost::Message;
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
    pub fn parse(size: i32, token: &str, question: &str, default: usize, limit: usize) -> Result<Self> {
        let start = position(token, question)?.unwrap_or_default();
        Ok(Self { start, size: page_size(size, default, limit)? })
    }

    /// Where the next page begins; none after the last of `total` entries.
    pub fn next(self, total: usize) -> Option<usize> {
        Some(self.start.saturating_add(self.size)).filter(|next| *next < total)
    }

    /// The entries of the page as messages, and the token of the next: as many as were asked for and as
    /// an ordinary client can read.
    pub fn cut<T, M: Message>(
        self,
        entries: Vec<T>,
        question: &str,
        encode: impl Fn(T) -> M,
    ) -> (Vec<M>, String) {
        let total = entries.len();
        let entries = entries.into_iter().skip(self.start).take(self.size).map(encode);
        let page = fitting(&mut entries.peekable(), MAX_BYTES);
        let next = Self { size: page.len(), ..self }.next(total).filter(|_| !page.is_empty());
        (page, token(next, question))
    }
}

/// Bytes of the entries of one page. An ordinary client reads messages of 4 MiB.
pub const MAX_BYTES: usize = 2 << 20;

/// The next messages, at least one, that together are not larger than so many bytes.
pub fn fitting<M: Message>(messages: &mut Peekable<impl Iterator<Item = M>>, bytes: usize) -> Vec<M> {
    // A tag and a length belong to each entry.
    let size = |message: &M| message.encoded_len() + 8;
    let mut fitting: Vec<_> = messages.next().into_iter().collect();
    let mut room = bytes.saturating_sub(fitting.iter().map(size).sum());
    while let Some(message) = messages.next_if(|message| size(message) <= room) {
        room -= size(&message);
        fitting.push(message);
    }
    fitting
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

/// The position in a token of the same question; none for the first page.
pub fn position(token: &str, question: &str) -> Result<Option<usize>> {
    if token.is_empty() {
        return Ok(None);
    }
    let parts = token.strip_prefix('p').and_then(|rest| rest.split_once('-'));
    let (digits, asked) = parts.ok_or_else(unknown_token)?;
    if asked != mark(question) {
        let message = "belongs to another question; omit it for the first page";
        return Err(Error::invalid_field("page_token", message));
    }
    digits.parse().map(Some).map_err(|_| unknown_token())
}

/// The token for a position in the answer to a question; empty when there is nothing more.
pub fn token(position: Option<usize>, question: &str) -> String {
    position.map(|p| format!("p{p}-{}", mark(question))).unwrap_or_default()
}

/// What tells the tokens of one question from those of another: the call and what was asked.
fn mark(question: &str) -> String {
    let mut hasher = DefaultHasher::new();
    question.hash(&mut hasher);
    format!("{:08x}", hasher.finish() as u32)
}

/// The error for a token that this call never returned.
pub fn unknown_token() -> Error {
    Error::invalid_field("page_token", "is not a page token of this call; omit it for the first page")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_cut_by_bytes_and_nothing_is_lost_between_them() {
        let entries: Vec<String> = (0..7).map(|n| n.to_string().repeat(900_000)).collect();
        let mut page = Page { start: 0, size: 100 };
        let mut read = Vec::new();
        loop {
            let (entries, next) = page.cut(entries.clone(), "q", |text| text);
            assert!(entries.iter().map(|e| e.len()).sum::<usize>() <= MAX_BYTES);
            read.extend(entries);
            let Some(start) = position(&next, "q").unwrap() else { break };
            page.start = start;
        }
        assert_eq!(read, entries);
        let alone = Page { start: 0, size: 9 }.cut(vec!["x".repeat(3 << 20); 2], "q", |text| text);
        assert_eq!((alone.0.len(), position(&alone.1, "q").unwrap()), (1, Some(1)));
        assert!(position(&alone.1, "another").is_err());
    }
}
