//! Writes what is to be saved, by itself and mostly while nothing is computed: nobody waits for it.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{Builder, JoinHandle};

use super::names::{FileName, Name};

/// Bytes of states that may wait to be written; from half of them on they are written at once.
const MAX_WAITING: usize = 256 << 20;

/// Makes the bytes of a part when it is written; none where it cannot be.
pub(crate) type Content = Box<dyn FnOnce() -> Option<Vec<u8>> + Send>;

/// Parts for one file.
pub(crate) struct Job {
    pub(crate) file: FileName,
    pub(crate) parts: Vec<(Name, Content)>,
    /// Bytes of memory that it holds.
    pub(crate) size: usize,
}

/// A thread that writes, and what waits for it.
pub(crate) struct Writer {
    waiting: Arc<(Mutex<Waiting>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    size: usize,
    /// Answers that are being computed.
    computing: usize,
    stops: bool,
}

impl Writer {
    pub(crate) fn start(write: impl FnMut(Job) + Send + 'static) -> std::io::Result<Self> {
        let waiting = Arc::<(Mutex<Waiting>, Condvar)>::default();
        let of_thread = waiting.clone();
        let thread = Builder::new().name("saved-states".to_owned()).spawn(move || run(&of_thread, write))?;
        Ok(Self { waiting, thread: Some(thread) })
    }

    /// Takes a job; waits while too much is there already.
    pub(crate) fn push(&self, job: Job) {
        let (waiting, changed) = self.waiting.as_ref();
        let is_full = |waiting: &mut Waiting| waiting.size > MAX_WAITING;
        let mut waiting =
            changed.wait_while(lock(waiting), is_full).unwrap_or_else(|poisoned| poisoned.into_inner());
        waiting.size += job.size;
        waiting.jobs.push_back(job);
        changed.notify_all();
    }

    /// Tells that an answer is being computed, as long as the value is there.
    pub(crate) fn computing(&self) -> Computing {
        lock(&self.waiting.0).computing += 1;
        Computing(self.waiting.clone())
    }
}

pub(crate) struct Computing(Arc<(Mutex<Waiting>, Condvar)>);

impl Drop for Computing {
    fn drop(&mut self) {
        let (waiting, changed) = self.0.as_ref();
        lock(waiting).computing -= 1;
        changed.notify_all();
    }
}

/// Finishes what waits.
impl Drop for Writer {
    fn drop(&mut self) {
        let (waiting, changed) = self.waiting.as_ref();
        lock(waiting).stops = true;
        changed.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

fn run(waiting: &(Mutex<Waiting>, Condvar), mut write: impl FnMut(Job)) {
    let (all, changed) = waiting;
    let is_time = |all: &Waiting| all.stops || all.computing == 0 || all.size > MAX_WAITING / 2;
    loop {
        let has_none = |all: &mut Waiting| !all.stops && (all.jobs.is_empty() || !is_time(all));
        let mut all =
            changed.wait_while(lock(all), has_none).unwrap_or_else(|poisoned| poisoned.into_inner());
        let Some(job) = all.jobs.pop_front() else { return };
        drop(all);
        let size = job.size;
        if catch_unwind(AssertUnwindSafe(|| write(job))).is_err() {
            tracing::error!("what was computed cannot be written");
        }
        // Only now is its memory free.
        lock(&waiting.0).size -= size;
        changed.notify_all();
    }
}

fn lock(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
