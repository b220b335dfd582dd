//! Pages that were rendered a moment ago: many readers of one page cost what one does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

/// How long a page is shown again: shorter than anybody who reloads notices.
const KEPT: Duration = Duration::from_secs(1);
/// Pages that are kept, of at most so many bytes each.
const MAX_PAGES: usize = 256;
const MAX_BYTES: usize = 256 << 10;

/// Pages by their address.
#[derive(Debug)]
pub(crate) struct KeptPages(Cache<String, Arc<KeptPage>>);

/// A page with its tag, which is its digest.
#[derive(Debug)]
pub(crate) struct KeptPage {
    since: Instant,
    headers: HeaderMap,
    bytes: Bytes,
    tag: String,
}

impl KeptPages {
    pub(crate) fn new() -> Self {
        Self(Cache::new(MAX_PAGES))
    }

    /// The page of an address; made once, however many ask for it meanwhile. What is no page that may be kept is an answer of
    /// its own.
    pub(crate) async fn get(
        &self,
        address: &str,
        make: impl AsyncFnOnce() -> Result<KeptPage, Response>,
    ) -> Result<Arc<KeptPage>, Response> {
        self.0.remove_if(address, |page| page.since.elapsed() >= KEPT);
        match self.0.get_value_or_guard_async(address).await {
            Ok(page) => Ok(page),
            Err(place) => {
                let page = Arc::new(make().await?);
                if page.bytes.len() <= MAX_BYTES {
                    // The place is gone if everything was dropped meanwhile, which loses nothing.
                    let _ = place.insert(page.clone());
                }
                Ok(page)
            }
        }
    }
}

impl KeptPage {
    pub(crate) fn new(mut headers: HeaderMap, bytes: Bytes) -> Self {
        let tag = format!("\"{}\"", &hex::encode(Sha256::digest(&bytes))[..32]);
        headers.extend(HeaderValue::from_str(&tag).ok().map(|tag| (ETAG, tag)));
        Self { since: Instant::now(), headers, bytes, tag }
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
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn page(text: &'static str) -> KeptPage {
        KeptPage::new(HeaderMap::new(), Bytes::from_static(text.as_bytes()))
    }

    #[tokio::test]
    async fn a_page_is_made_once_for_all_who_ask_for_it_and_again_once_it_is_old() {
        let pages = KeptPages::new();
        let made = AtomicUsize::new(0);
        let make = async || {
            made.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            Ok(page("a"))
        };
        let all = futures::future::join_all((0..20).map(|_| pages.get("/en/", make))).await;
        assert!(
            all.iter().all(|page| page.as_ref().is_ok_and(|page| page.tag == all[0].as_ref().unwrap().tag))
        );
        assert_eq!(made.load(Ordering::Relaxed), 1);
        tokio::time::sleep(KEPT).await;
        pages.get("/en/", make).await.unwrap();
        assert_eq!(made.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn what_fails_is_not_kept() {
        let pages = KeptPages::new();
        let failed = pages.get("/en/", async || Err(Response::new(Body::from("no")))).await;
        assert!(failed.is_err());
        assert!(pages.get("/en/", async || Ok(page("yes"))).await.is_ok());
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
