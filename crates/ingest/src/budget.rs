//! Memory for what was received and is not committed yet: a limit on the sum over all calls.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uplift_core::error::{Error, ErrorKind, Result};

/// Bytes that all calls may hold together. Checking a file takes a few times its size.
const TOTAL: usize = 512 << 20;
/// Bytes of one unit of the semaphore.
const UNIT: usize = 1 << 10;

/// The budget of a service. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    free: Arc<Semaphore>,
}

/// A part of the budget; given back when it is dropped.
pub(crate) type Share = OwnedSemaphorePermit;

impl Default for Budget {
    fn default() -> Self {
        Self { free: Arc::new(Semaphore::new(TOTAL / UNIT)) }
    }
}

impl Budget {
    /// Takes room for so many bytes, or refuses the call.
    pub(crate) fn take(&self, bytes: usize) -> Result<Share> {
        self.free.clone().try_acquire_many_owned(units(bytes)).map_err(|_| {
            let message = format!(
                "the service holds {} MiB of unfinished uploads, which is its limit; retry in a second",
                TOTAL >> 20
            );
            Error::new(ErrorKind::ResourceExhausted, message)
        })
    }

    /// Waits for room for so many bytes: the backpressure of a stream.
    pub(crate) async fn wait_for(&self, bytes: usize) -> Result<Share> {
        let share = self.free.clone().acquire_many_owned(units(bytes)).await;
        share.map_err(|e| Error::internal("waiting for memory", e))
    }
}

fn units(bytes: usize) -> u32 {
    bytes.div_ceil(UNIT).min(TOTAL / UNIT) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_limit_is_refused_until_room_is_given_back() {
        let budget = Budget::default();
        let all = budget.take(TOTAL).unwrap();
        assert_eq!(budget.take(1).unwrap_err().kind, ErrorKind::ResourceExhausted);
        drop(all);
        assert!(budget.take(1).is_ok());
    }
}
