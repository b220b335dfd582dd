//! Answers that are no pages: files with their names.

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::Response;

use crate::cache::CachePolicy;

/// A file to be saved under its name.
pub(crate) fn attachment(bytes: impl Into<Body>, kind: &str, name: &str, cache: CachePolicy) -> Response {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
    let mut answer = Response::new(bytes.into());
    let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let disposition =
        format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", name.replace('+', "%20"));
    for (name, value) in [
        (CONTENT_TYPE, HeaderValue::from_str(kind).ok()),
        (CONTENT_DISPOSITION, HeaderValue::from_str(&disposition).ok()),
        (CACHE_CONTROL, Some(cache.header())),
    ] {
        answer.headers_mut().extend(value.map(|value| (name, value)));
    }
    answer
}
