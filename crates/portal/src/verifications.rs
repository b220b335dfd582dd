//! Editions that are being verified: each once for all who ask, one after the other, with how far it is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::Semaphore;
use uplift_core::error::{Error, Result};
use uplift_proto::v1::reporting::verify_report_response::Event;
use uplift_proto::v1::reporting::{Progress, Verification, VerifyReportRequest};

use crate::services::{Services, ended, failed};

/// How long a result is told, and of how many editions.
const KEPT_FOR: Duration = Duration::from_secs(60 * 60);
const MAX_KEPT: usize = 256;

/// The verifications by edition.
#[derive(Debug)]
pub(crate) struct Verifications {
    kept: Mutex<HashMap<String, Arc<Work>>>,
    /// Verifying computes every figure again: more at once would keep readers waiting.
    turn: Arc<Semaphore>,
}

/// One verification.
#[derive(Debug)]
pub(crate) struct Work {
    since: Instant,
    state: Mutex<State>,
}

/// How far it is.
#[derive(Debug, Clone)]
pub(crate) enum State {
    /// Another is verified before it.
    Waiting,
    /// A step is under way.
    Working(Progress),
    /// The result, and when it was known.
    Done(Arc<Verification>, DateTime<Utc>),
    /// It could not be verified.
    Failed(Arc<Error>),
}

impl Work {
    pub(crate) fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    fn is_over(&self) -> bool {
        matches!(self.state(), State::Done(..) | State::Failed(_))
    }
}

impl Verifications {
    pub(crate) fn new() -> Self {
        Self { kept: Mutex::default(), turn: Arc::new(Semaphore::new(1)) }
    }

    /// The verification of an edition that was asked for last.
    pub(crate) fn find(&self, edition: &str) -> Option<Arc<Work>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(edition).cloned()
    }

    /// Verifies an edition, unless that is under way.
    pub(crate) fn begin(&self, services: &Services, edition: &str) {
        let work = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.retain(|_, work| !work.is_over() || work.since.elapsed() < KEPT_FOR);
            if kept.get(edition).is_some_and(|work| !work.is_over()) {
                return;
            }
            while kept.len() >= MAX_KEPT {
                let oldest = kept.iter().min_by_key(|(_, work)| work.since).map(|(id, _)| id.clone());
                let Some(oldest) = oldest else { break };
                kept.remove(&oldest);
            }
            let work = Arc::new(Work { since: Instant::now(), state: Mutex::new(State::Waiting) });
            kept.insert(edition.to_owned(), work.clone());
            work
        };
        let (services, edition, turn) = (services.clone(), edition.to_owned(), self.turn.clone());
        tokio::spawn(async move {
            let _turn = turn.acquire().await;
            let result = verify(&services, edition, |step| work.set(State::Working(step))).await;
            work.set(match result {
                Ok(verification) => State::Done(Arc::new(verification), Utc::now()),
                Err(error) => State::Failed(Arc::new(error)),
            });
        });
    }
}

async fn verify(services: &Services, edition_id: String, told: impl Fn(Progress)) -> Result<Verification> {
    let request = VerifyReportRequest { edition_id };
    let mut events = services.reporting().verify_report(request).await.map_err(failed)?.into_inner();
    loop {
        match events.message().await.map_err(failed)?.and_then(|answer| answer.event) {
            Some(Event::Verification(verification)) => return Ok(verification),
            Some(Event::Progress(step)) => told(step),
            None => return Err(ended()),
        }
    }
}
