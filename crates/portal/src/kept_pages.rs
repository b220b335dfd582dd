//! Pages that were rendered a moment ago: many readers of one page cost what one does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

/// How long a page is as new as anybody notices, and how long it is shown while it is made again.
const FRESH: Duration = Duration::from_secs(1);
const SHOWN: Duration = Duration::from_secs(2);
/// Pages that are kept, of at most so many bytes each.
const MAX_PAGES: usize = 256;
const MAX_BYTES: usize = 256 << 10;

/// Pages by their address.
#[derive(Debug, Clone)]
pub(crate) struct KeptPages(Arc<Cache<String, Arc<KeptPage>>>);

/// A page with its tag, which is its digest.
#[derive(Debug)]
pub(crate) struct KeptPage {
    since: Instant,
    headers: HeaderMap,
    bytes: Bytes,
    tag: String,
    /// Whether somebody makes it again.
    is_renewed: AtomicBool,
}

impl KeptPages {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Cache::new(MAX_PAGES)))
    }

    /// The page of an address; made once, however many ask for it meanwhile. One that is no longer fresh is shown while it is made
    /// again, so that no reader waits for it. What is no page that may be kept is an answer of its own.
    pub(crate) async fn get(
        &self,
        address: &str,
        make: impl Future<Output = Result<KeptPage, Response>> + Send + 'static,
    ) -> Result<Arc<KeptPage>, Response> {
        self.0.remove_if(address, |page| page.since.elapsed() >= SHOWN);
        match self.0.get_value_or_guard_async(address).await {
            Ok(page) => {
                if page.since.elapsed() >= FRESH && !page.is_renewed.swap(true, Ordering::Relaxed) {
                    tokio::spawn(self.clone().renew(address.to_owned(), make));
                }
                Ok(page)
            }
            Err(place) => {
                let page = Arc::new(make.await?);
                if page.bytes.len() <= MAX_BYTES {
                    // The place is gone if everything was dropped meanwhile, which loses nothing.
                    let _ = place.insert(page.clone());
                }
                Ok(page)
            }
        }
    }

    async fn renew(self, address: String, make: impl Future<Output = Result<KeptPage, Response>>) {
        match make.await {
            Ok(page) if page.bytes.len() <= MAX_BYTES => self.0.insert(address, Arc::new(page)),
            // It is no page any more: whoever asks next is told so.
            _ => drop(self.0.remove(&address)),
        }
    }
}

impl KeptPage {
    pub(crate) fn new(mut headers: HeaderMap, bytes: Bytes) -> Self {
        let tag = format!("\"{}\"", &hex::encode(Sha256::digest(&bytes))[..32]);
        headers.extend(HeaderValue::from_str(&tag).ok().map(|tag| (ETAG, tag)));
        Self { since: Instant::now(), headers, bytes, tag, is_renewed: AtomicBool::new(false) }
    }

    /// The page for a browser that has what these tags name: itself, or that nothing changed.
    pub(crate) fn answer(&self, known: Option<&HeaderValue>) -> Response {
        let is_known = known.is_some_and(|known| known.to_str().is_ok_and(|known| known.contains(&self.tag)));
        let mut answer = match is_known {
            true => Response::new(Body::empty()),
            false => Response::new(Body::from(self.bytes.clone())),
        };
        answer.headers_mut().clone_from(&self.headers);
        if is_known {
            *answer.status_mut() = StatusCode::NOT_MODIFIED;
            answer.headers_mut().remove(CONTENT_TYPE);
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    fn page(text: &'static str) -> KeptPage {
        KeptPage::new(HeaderMap::new(), Bytes::from_static(text.as_bytes()))
    }

    #[tokio::test]
    async fn a_page_is_made_once_for_all_who_ask_and_shown_while_it_is_made_again() {
        let pages = KeptPages::new();
        let made = Arc::new(AtomicUsize::new(0));
        let make = || {
            let made = made.clone();
            async move {
                tokio::task::yield_now().await;
                Ok(page(["a", "b", "c"][made.fetch_add(1, Ordering::Relaxed)]))
            }
        };
        let tags = async |count| {
            let asked = (0..count).map(|_| pages.get("/en/", make()));
            let all = futures::future::join_all(asked).await.into_iter();
            all.map(|page| page.unwrap().tag.clone()).collect::<std::collections::BTreeSet<_>>()
        };
        let tag = |text| std::collections::BTreeSet::from([page(text).tag]);
        assert_eq!(tags(20).await, tag("a"));
        // No longer fresh: everybody sees it, and one makes it again.
        tokio::time::sleep(FRESH).await;
        assert_eq!(tags(20).await, tag("a"));
        tokio::time::sleep(FRESH / 4).await;
        assert_eq!(tags(20).await, tag("b"));
        assert_eq!(made.load(Ordering::Relaxed), 2);
        // Old: nobody sees it.
        tokio::time::sleep(SHOWN).await;
        assert_eq!(tags(20).await, tag("c"));
    }

    #[tokio::test]
    async fn what_fails_is_not_kept() {
        let pages = KeptPages::new();
        let failed = pages.get("/en/", async { Err(Response::new(Body::from("no"))) }).await;
        assert!(failed.is_err());
        assert!(pages.get("/en/", async { Ok(page("yes")) }).await.is_ok());
        // Nor is what fails when it is made again.
        tokio::time::sleep(FRESH).await;
        let gone = || async { Err(Response::new(Body::from("gone"))) };
        assert!(pages.get("/en/", gone()).await.is_ok());
        tokio::time::sleep(FRESH / 4).await;
        assert!(pages.get("/en/", gone()).await.is_err());
    }

    #[test]
    fn a_tag_that_a_browser_has_spares_it_the_page() {
        let (one, other) = (page("a"), page("b"));
        let known = HeaderValue::from_str(&format!("{}, {}", other.tag, one.tag)).unwrap();
        assert_eq!(one.answer(Some(&known)).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(one.answer(None).status(), StatusCode::OK);
        assert_eq!(page("c").answer(Some(&known)).status(), StatusCode::OK);
    }
}
