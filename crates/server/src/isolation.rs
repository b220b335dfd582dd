//! Calls kept apart: their work runs on threads of its own, so that health answers whatever they do; their number
//! is limited; a panic in one is the INTERNAL of that one; and who leaves stops the work that was for them.

use std::convert::Infallible;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::runtime::Runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};
use tracing::Instrument;
use uplift_core::error::{Error, ErrorKind};
use uplift_proto::status::{to_status, too_large};

/// The threads that calls work on.
static WORK: LazyLock<Runtime> = LazyLock::new(|| {
    let threads = std::thread::available_parallelism().map_or(2, |n| n.get().max(2));
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(threads).thread_name("uplift-work").enable_all();
    builder.build().expect("the system gives this process threads")
});

/// Runs a future on the threads that calls work on.
pub(crate) fn work<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    WORK.spawn(future)
}

/// Calls that may be under way in one service; those that stay open, as subscriptions, are counted apart.
const MAX_STREAMS: usize = 256;
const STREAMS: [&str; 2] = ["/WriteRecords", "/SubscribeIndicators"];

/// Calls that must be answered whatever others do.
const DIRECT: [&str; 2] = ["/grpc.health.", "/grpc.reflection."];

/// Isolates the calls of one service.
#[derive(Debug, Clone)]
pub(crate) struct Isolation {
    calls: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    max_calls: usize,
}

impl Isolation {
    /// With at most so many calls under way.
    pub(crate) fn new(calls: usize) -> Self {
        let streams = Arc::new(Semaphore::new(MAX_STREAMS));
        Self { calls: Arc::new(Semaphore::new(calls)), streams, max_calls: calls }
    }

    /// Whether no call is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.calls.available_permits() == self.max_calls && self.streams.available_permits() == MAX_STREAMS
    }
}

impl<S> Layer<S> for Isolation {
    type Service = Isolated<S>;

    fn layer(&self, inner: S) -> Isolated<S> {
        Isolated { inner, isolation: self.clone() }
    }
}

/// A service whose calls are isolated.
#[derive(Debug, Clone)]
pub(crate) struct Isolated<S> {
    inner: S,
    isolation: Isolation,
}

impl<S> Service<Request<Body>> for Isolated<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The clone is taken for the next call: this one was made ready.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let path = request.uri().path();
        if DIRECT.iter().any(|prefix| path.starts_with(prefix)) {
            return Box::pin(inner.call(request));
        }
        let stays_open = STREAMS.iter().any(|method| path.ends_with(method));
        let limit = if stays_open { &self.isolation.streams } else { &self.isolation.calls };
        let Ok(permit) = limit.clone().try_acquire_owned() else {
            let message = "as many calls are under way as this service allows; retry in a second";
            let status = to_status(Error::new(ErrorKind::ResourceExhausted, message));
            return Box::pin(async move { Ok(status.into_http()) });
        };
        let call = async move { inner.call(request).await };
        let mut task = Task(work(call.in_current_span()));
        Box::pin(async move {
            Ok(match (&mut task.0).await {
                Ok(Ok(response)) if is_too_large(&response) => to_status(too_large()).into_http(),
                Ok(Ok(response)) => response.map(|body| Body::new(ContainedBody::new(body, permit))),
                Ok(Err(impossible)) => match impossible {},
                Err(_) => panicked().into_http(),
            })
        })
    }
}

/// A task that ends with whoever waits for it.
struct Task<T>(JoinHandle<T>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Whether a request was refused for its size, which the library does with a code that is not an argument's.
fn is_too_large(response: &Response<Body>) -> bool {
    response.headers().get(Status::GRPC_STATUS).is_some_and(|code| code == "11")
}

/// The panic itself is logged where it happens, by the hook of `telemetry`.
fn panicked() -> Status {
    to_status(Error::internal("answering a call", "it panicked"))
}

/// The body of an answer: a panic while it is made becomes its status, as an error would.
struct ContainedBody {
    inner: Option<Body>,
    _permit: OwnedSemaphorePermit,
}

impl ContainedBody {
    fn new(inner: Body, permit: OwnedSemaphorePermit) -> Self {
        Self { inner: Some(inner), _permit: permit }
    }
}

impl HttpBody for ContainedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Some(inner) = &mut self.inner else { return Poll::Ready(None) };
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(inner).poll_frame(context)));
        polled.unwrap_or_else(|_| {
            self.inner = None;
            let mut trailers = HeaderMap::new();
            let written = panicked().add_header(&mut trailers);
            Poll::Ready(Some(written.map(|()| Frame::trailers(trailers))))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map(HttpBody::size_hint).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use http_body::Frame;
    use tonic::Code;
    use tower::{ServiceExt, service_fn};

    use super::*;

    fn request(path: &str) -> Request<Body> {
        Request::builder().uri(path).body(Body::empty()).unwrap()
    }

    /// A service that panics at once, panics while its body is read, or never answers.
    async fn faulty(request: Request<Body>) -> Result<Response<Body>, Infallible> {
        match request.uri().path() {
            "/at-once" => panic!("at once"),
            "/never" => std::future::pending().await,
            "/late" => Ok(Response::new(Body::new(Late))),
            _ => Ok(Response::new(Body::empty())),
        }
    }

    struct Late;

    impl HttpBody for Late {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
            panic!("late")
        }
    }

    /// The code in the trailers of an answer, or in its headers.
    async fn code(mut response: Response<Body>) -> Code {
        let frame = std::future::poll_fn(|context| Pin::new(response.body_mut()).poll_frame(context)).await;
        let trailers = frame.and_then(|f| f.unwrap().into_trailers().ok());
        let headers = trailers.unwrap_or_else(|| response.headers().clone());
        Status::from_header_map(&headers).map_or(Code::Ok, |status| status.code())
    }

    #[tokio::test]
    async fn a_panic_is_the_answer_of_one_call_and_what_is_beyond_the_limit_is_told_to_retry() {
        let service = Isolation::new(1).layer(service_fn(faulty));
        let call = |path| service.clone().oneshot(request(path));
        assert_eq!(code(call("/at-once").await.unwrap()).await, Code::Internal);
        assert_eq!(code(call("/late").await.unwrap()).await, Code::Internal);
        assert_eq!(code(call("/well").await.unwrap()).await, Code::Ok);
        let never = tokio::spawn(call("/never"));
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        assert_eq!(code(call("/well").await.unwrap()).await, Code::ResourceExhausted);
        assert_eq!(code(call("/grpc.health.v1.Health/Check").await.unwrap()).await, Code::Ok);
        // Who leaves gives the place back.
        never.abort();
        let _ = never.await;
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        assert_eq!(code(call("/well").await.unwrap()).await, Code::Ok);
    }
}
