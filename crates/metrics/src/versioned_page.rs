//! Pages of an answer at the table versions of its first page.

use std::collections::BTreeMap;
use std::fmt::Debug;

use prost::Message;
use sha2::{Digest, Sha256};
use uplift_core::error::{Error, Result};
use uplift_proto::page::{self, MAX_BYTES, Page, fitting, unknown_token};
use uplift_proto::token;

/// A page, the versions at which its positions count, and the question that it answers.
#[derive(Debug)]
pub(crate) struct VersionedPage {
    page: Page,
    pub(crate) versions: BTreeMap<String, i64>,
    question: Vec<u8>,
}

/// The content of a page token.
#[derive(Clone, PartialEq, Message)]
struct PageToken {
    #[prost(uint64, tag = "1")]
    position: u64,
    #[prost(btree_map = "string, int64", tag = "2")]
    versions: BTreeMap<String, i64>,
    /// Digest of the question.
    #[prost(bytes = "vec", tag = "3")]
    question: Vec<u8>,
}

impl VersionedPage {
    /// The page that a request asks for; its token must be one of the same question.
    pub(crate) fn parse(size: i32, token: &str, question: &impl Debug) -> Result<Self> {
        let size = page::page_size(size, 1_000, 10_000)?;
        let asked = Sha256::digest(format!("{question:?}"))[..8].to_vec();
        let PageToken { position, versions, question } = token::decode(token).ok_or_else(unknown_token)?;
        if !token.is_empty() && question != asked {
            let message = "belongs to another question; omit it for the first page";
            return Err(Error::invalid_field("page_token", message));
        }
        Ok(Self { page: Page { start: position as usize, size }, versions, question: asked })
    }

    /// The entries of the page as messages, and the token of the next.
    pub(crate) fn cut<T, M: Message>(
        self,
        entries: Vec<T>,
        versions: &BTreeMap<String, i64>,
        encode: impl Fn(T) -> M,
    ) -> (Vec<M>, String) {
        let total = entries.len();
        let entries = entries.into_iter().skip(self.page.start).take(self.page.size).map(encode);
        let page = fitting(&mut entries.peekable(), MAX_BYTES);
        let next = Page { size: page.len(), ..self.page }.next(total).filter(|_| !page.is_empty());
        let token = |next: usize| {
            token::encode(&PageToken {
                position: next as u64,
                versions: versions.clone(),
                question: self.question.clone(),
            })
        };
        (page, next.map(token).unwrap_or_default())
    }
}
