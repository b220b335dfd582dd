//! Streams of answers that a task of its own makes.

use futures::{Stream, StreamExt, stream};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use uplift_core::error::{Error, Result};

use crate::status::to_status;

/// What a task sends, then its error if it fails or panics. The task goes on if the reader leaves: what it
/// has begun is for it to complete, and it sees by its sender that nobody listens.
pub fn from_task<T, Work>(
    waiting: usize,
    task: impl FnOnce(mpsc::Sender<T>) -> Work,
) -> impl Stream<Item = Result<T, Status>> + Send + 'static
where
    T: Send + 'static,
    Work: Future<Output = Result<()>> + Send + 'static,
{
    let (sender, answers) = mpsc::channel(waiting);
    let task = tokio::spawn(task(sender));
    let end = stream::once(task).filter_map(|ended| async {
        match ended {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(Err(to_status(error))),
            Err(panic) => Some(Err(to_status(Error::internal("answering in a stream", panic)))),
        }
    });
    ReceiverStream::new(answers).map(Ok).chain(end)
}
