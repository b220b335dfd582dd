//! Addresses of pages, and what every answer has: policies, tags, a page for each error.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, IF_NONE_MATCH, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use minijinja::context;
use tokio::net::TcpListener;
use uplift_core::error::{Error, Result};

use crate::cache::{CachePolicy, PAGE_POLICY};
use crate::failure::{Failure, words};
use crate::kept_pages::KeptPage;
use crate::pages;
use crate::services::Services;
use crate::site::{Page, STYLE, Site};
use crate::uploads::MAX_FILE;
use crate::visit::Visit;

/// Bytes of an address: longer ones are no question that a page asks.
const MAX_ADDRESS: usize = 4_000;
/// Bytes of a page that are kept to compute its tag; larger answers are files, which have none.
const MAX_TAGGED: usize = 4 << 20;
const ICON: &str = "/favicon.ico";
/// Bytes of a form beside its file.
const FORM: usize = 64 << 10;

/// Serves the portal until `stopped` is done, then waits for pages under way. Files that people are handing in are kept in the
/// folder `uploads`.
pub async fn serve(
    listener: TcpListener,
    services: Services,
    uploads: PathBuf,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let site = Arc::new(Site::new(services, &uploads)?);
    let served = axum::serve(listener, router(site)).with_graceful_shutdown(stopped).await;
    served.map_err(|e| Error::internal("serving the portal", e))
}

/// Every address. The language comes first, so that a switch keeps the place.
fn router(site: Arc<Site>) -> Router {
    let uploads = Router::new()
        .route("/{language}/upload", post(pages::upload::send))
        .layer(DefaultBodyLimit::max(MAX_FILE + FORM));
    let forms = Router::new()
        .route("/{language}/uploads/{id}", post(pages::upload::hand_in))
        .route("/{language}/editions/{series}/{number}/verification", post(pages::verification::begin));
    Router::new()
        .route("/", get(begin))
        .route(&site.style, get(style))
        .route(ICON, get(icon))
        .route("/{language}", get(pages::overview::show))
        .route("/{language}/", get(pages::overview::show))
        .route("/{language}/explore", get(pages::explorer::show))
        .route("/{language}/explore/{indicator}", get(pages::breakdown::show))
        .route("/{language}/indicators/{indicator}", get(pages::indicator::show))
        .route("/{language}/figures/{trace}", get(pages::figure::show))
        .route("/{language}/contradictions", get(pages::contradictions::show))
        .route("/{language}/editions", get(pages::editions::list))
        .route("/{language}/editions/{series}/{number}", get(pages::editions::show))
        .route("/{language}/editions/{series}/{number}/comparison", get(pages::comparison::show))
        .route("/{language}/editions/{series}/{number}/errata/{format}", get(pages::edition_files::errata))
        .route("/{language}/editions/{series}/{number}/verification", get(pages::verification::show))
        .route("/files/{series}/{number}/{file}", get(pages::edition_files::file))
        .route("/{language}/submissions", get(pages::submissions::list))
        .route("/{language}/submissions/{*id}", get(pages::submissions::show))
        .route("/{language}/datasets", get(pages::datasets::list))
        .route("/{language}/datasets/{dataset}", get(pages::datasets::show))
        .route("/{language}/datasets/{dataset}/template.csv", get(pages::datasets::template))
        .route("/{language}/areas/{area}", get(pages::area::show))
        .route("/{language}/upload", get(pages::upload::form))
        .route("/{language}/uploads/{id}", get(pages::upload::show))
        .route("/{language}/uploads/{id}/rejected", get(pages::upload::rejected))
        .merge(uploads)
        .merge(forms)
        .fallback(nothing)
        .layer(from_fn_with_state(site.clone(), tagged))
        .layer(from_fn_with_state(site.clone(), dressed))
        .with_state(site)
}

/// The overview in the language that the browser prefers.
async fn begin(visit: Visit) -> Redirect {
    Redirect::to(&visit.href("/"))
}

async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], [(CACHE_CONTROL, CachePolicy::Immutable.header())], STYLE)
}

/// Browsers ask for one; there is none.
async fn icon() -> impl IntoResponse {
    (StatusCode::NO_CONTENT, [(CACHE_CONTROL, CachePolicy::Immutable.header())])
}

async fn nothing() -> StatusCode {
    StatusCode::NOT_FOUND
}

/// Refuses what no page asks, gives every answer its policies, and every error a page.
async fn dressed(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let visit = Visit::of(request.uri(), request.headers());
    let path = request.uri().path();
    // The first part of an address is a language that there is, or one of the few that have none.
    let has_language = visit.path != path;
    let is_known =
        has_language || path == "/" || path == site.style || path == ICON || path.starts_with("/files/");
    let refused = if request.uri().to_string().len() > MAX_ADDRESS {
        Some(StatusCode::URI_TOO_LONG)
    } else if is_foreign(&request) {
        Some(StatusCode::FORBIDDEN)
    } else {
        None
    };
    let mut answer = match refused {
        Some(status) => status.into_response(),
        None if is_known => next.run(request).await,
        None => StatusCode::NOT_FOUND.into_response(),
    };
    let is_error = answer.status().is_client_error() || answer.status().is_server_error();
    // A form that is shown again says itself what is wrong.
    if is_error && !is_page(&answer) {
        answer = failure_page(&site, &visit, &answer);
    }
    let headers = answer.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    }
    answer
}

/// Whether an answer is a page already.
fn is_page(answer: &Response) -> bool {
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/html"))
}

/// Whether a form comes from another site: it would hand in a file in its reader's name.
fn is_foreign(request: &Request) -> bool {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = header(ORIGIN).filter(|_| request.method() == Method::POST) else { return false };
    let own = header(HOST).unwrap_or_default();
    origin.split_once("://").is_none_or(|(_, host)| host != own)
}

/// The page of an error: what is wrong, where, and what to do.
fn failure_page(site: &Site, visit: &Visit, answer: &Response) -> Response {
    let status = answer.status();
    let error = answer.extensions().get::<Arc<Error>>().cloned();
    let reason = match &error {
        // The cause of a fault of ours is for the log.
        Some(_) if status == StatusCode::INTERNAL_SERVER_ERROR => String::new(),
        Some(error) => visit.error(error),
        // What an extractor says names parts of programs.
        None => String::new(),
    };
    let [heading, remedy] = words(status).map(|(en, zh)| visit.text(en, zh));
    let page = Page {
        template: "failure.html",
        title: heading.to_owned(),
        simulated: false,
        cache: CachePolicy::Never,
        content: context! { reason, remedy },
    };
    match site.show(visit, page) {
        Ok(mut page) => {
            *page.status_mut() = status;
            page
        }
        Err(error) => Failure::from(error).into_response(),
    }
}

/// Gives pages that may be kept a tag by their content, answers that nothing changed where the browser has it, and makes a page
/// once for all who ask for it at the same time.
async fn tagged(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let known = request.headers().get(IF_NONE_MATCH).cloned();
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let address = request.uri().to_string();
    let make = async move {
        let answer = next.run(request).await;
        let may_be_kept = answer.headers().get(CACHE_CONTROL) == Some(&CachePolicy::Revalidate.header());
        if answer.status() != StatusCode::OK || !may_be_kept {
            return Err(answer);
        }
        let (parts, body) = answer.into_parts();
        match to_bytes(body, MAX_TAGGED).await {
            Ok(bytes) => Ok(KeptPage::new(parts.headers, bytes)),
            Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
        }
    };
    match site.pages.get(&address, make).await {
        Ok(page) => page.answer(known.as_ref()),
        Err(answer) => answer,
    }
}
