//! The wish to stop: streams that would stay open end with it.

use tokio::sync::watch;
use uplift_core::error::{Error, ErrorKind};

/// Hears that the process wants to stop. Cheap to clone; by default it never does.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    signal: Option<watch::Receiver<bool>>,
}

impl Stop {
    /// Stops when the signal becomes true, or its sender is gone.
    pub fn on(signal: watch::Receiver<bool>) -> Self {
        Self { signal: Some(signal) }
    }

    /// Waits until the process wants to stop.
    pub async fn requested(&self) {
        match self.signal.clone() {
            Some(mut signal) => drop(signal.wait_for(|stop| *stop).await),
            None => std::future::pending().await,
        }
    }

    /// How a stream ends then.
    pub fn error() -> Error {
        let message = "the service is stopping; send it again, or open the stream again, which goes on where it was: what was \
                       acknowledged is kept";
        Error::new(ErrorKind::Unavailable, message)
    }
}
