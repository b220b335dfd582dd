//! Streamed submissions: batches, each committed by itself and acknowledged when it is. The submission
//! as a whole is the sum of its batches.

use std::cmp::Ordering;
use std::sync::Arc;

use futures::stream::FuturesOrdered;
use futures::{Stream, StreamExt};
use tokio::sync::mpsc;
use uplift_core::error::{Error, ErrorKind, FieldViolation, Result};
use uplift_proto::rows::Rows;

use crate::active_ids::ActiveId;
use crate::budget::{Budget, Share};
use crate::header::Header;
use crate::ledger::Ledger;
use crate::outcome::{CommitRequest, Held, Outcome, ValidatedRows};
use crate::pipeline::Pipeline;
use crate::quarantine::Quarantine;
use crate::submission::{Submission, batch_id};

/// Maximum number of batches between arrival and acknowledgement; further ones wait at the sender, which
/// is the backpressure. Several can share a commit.
const MAX_IN_FLIGHT: usize = 16;

#[derive(Debug)]
pub(crate) struct Batch {
    /// Counted from 1 without gaps.
    pub(crate) sequence: i64,
    pub(crate) rows: Rows,
}

/// What is durable so far.
#[derive(Debug)]
pub(crate) struct Ack {
    /// Every batch up to this one is committed.
    pub(crate) sequence: i64,
    /// Accepted rows of all of them.
    pub(crate) rows_accepted: i64,
    /// Rejected rows of all of them.
    pub(crate) rows_rejected: i64,
    /// The outcome of the batch; none in the first acknowledgement, which says where to continue.
    pub(crate) batch: Option<Outcome>,
}

/// Receives the batches of one stream and commits each to the pipeline of its dataset.
pub(crate) struct StreamWriter<'a> {
    pub(crate) pipeline: &'a Pipeline,
    pub(crate) ledger: &'a Ledger,
    pub(crate) quarantine: &'a Quarantine,
    pub(crate) budget: &'a Budget,
    pub(crate) header: Header,
    pub(crate) active: Arc<ActiveId>,
}

impl StreamWriter<'_> {
    /// Acknowledges each batch once it is committed. Ends with the stream, or with the first error; what
    /// was acknowledged before it stays.
    pub(crate) async fn write<S>(&self, batches: S, acks: &mpsc::Sender<Ack>) -> Result<()>
    where
        S: Stream<Item = Result<Batch>> + Send,
    {
        self.require_append()?;
        let committed = self.ledger.batches(&self.header.submission_id).await;
        committed.first().map_or(Ok(()), |first| self.require_same_header(first))?;
        let mut progress = Progress::sum(&committed);
        let mut cursor = Cursor { next: progress.sequence + 1, rows_before: progress.received };
        send(acks, progress.ack(None)).await?;

        let mut batches = std::pin::pin!(batches);
        let mut in_flight = FuturesOrdered::new();
        // After an error no further batch is read, but those in flight are awaited, so that their outcome is
        // known when the stream is opened again.
        let mut result = Ok(());
        let mut open = true;
        while open || !in_flight.is_empty() {
            let step = tokio::select! {
                biased;
                Some(outcome) = in_flight.next(), if !in_flight.is_empty() => match result {
                    Ok(()) => acknowledge(outcome, &mut progress, acks).await,
                    // What is committed after a batch that failed is not acknowledged: that would pass a gap.
                    Err(_) => Ok(()),
                },
                batch = batches.next(), if open && in_flight.len() < MAX_IN_FLIGHT => match batch {
                    None => {
                        open = false;
                        Ok(())
                    }
                    Some(batch) => match self.receive(batch, &mut cursor).await {
                        Ok(Received::New(request, share)) => {
                            in_flight.push_back(async move {
                                let _share = share;
                                self.pipeline.commit(request).await
                            });
                            Ok(())
                        }
                        Ok(Received::Repeated(outcome)) => send(acks, progress.ack(Some(outcome))).await,
                        Err(error) => Err(error),
                    },
                },
            };
            if let Err(error) = step {
                (open, result) = (false, result.and(Err(error)));
            }
        }
        result
    }

    fn require_append(&self) -> Result<()> {
        if !self.header.replace && self.header.accept_good_rows {
            return Ok(());
        }
        let field = if self.header.replace { "open.mode" } else { "open.policy" };
        let message = "a stream supports only MODE_APPEND with POLICY_ACCEPT_GOOD_ROWS, because each batch is committed \
                       separately; to replace rows or to refuse all of them, call SubmitRecords or UploadFile";
        Err(Error::invalid_field(field, message))
    }

    /// A stream is one submission: it is continued as it was begun.
    fn require_same_header(&self, first: &Submission) -> Result<()> {
        let now = Submission::received(&self.header, String::new(), 0, 0);
        let fields = [
            ("dataset", &first.dataset, &now.dataset),
            ("area_code", &first.area_code, &now.area_code),
            ("period", &first.period, &now.period),
            ("sender", &first.sender, &now.sender),
            ("simulated", &first.simulated.to_string(), &now.simulated.to_string()),
        ];
        let other = fields.into_iter().filter(|(_, first, now)| first != now);
        let violations = other.map(|(field, first, now)| {
            let message =
                format!("is {now}, but the stream was begun with {first}; write that, or choose another id");
            FieldViolation::new(format!("open.{field}"), message)
        });
        let violations: Vec<_> = violations.collect();
        if violations.is_empty() { Ok(()) } else { Err(Error::invalid(violations)) }
    }

    /// The first answer to a batch that is sent again.
    async fn repeated(&self, id: &str, digest: &str) -> Result<Outcome> {
        let message = match self.ledger.get(id).await {
            Some(submission) if submission.digest == digest => {
                let rejections = self.quarantine.rejections(std::slice::from_ref(&submission)).await?;
                return Ok(Outcome::new(submission, rejections));
            }
            Some(_) => format!("batch {id} was committed with other content; continue after it"),
            None => format!(
                "batch {id} was sent before in this stream and is not committed yet; wait for its answer"
            ),
        };
        Err(Error::new(ErrorKind::AlreadyExists, message))
    }

    /// Validates a batch, or finds the first answer to one that was sent before.
    async fn receive(&self, batch: Result<Batch>, cursor: &mut Cursor) -> Result<Received> {
        let Batch { sequence, rows } = batch?;
        let share = self.budget.wait_for(rows.as_bytes().len()).await?;
        let id = batch_id(&self.header.submission_id, sequence);
        let digest = self.header.digest(&[rows.as_bytes()]);
        match sequence.cmp(&cursor.next) {
            // Sent again after a lost acknowledgement.
            Ordering::Less => self.repeated(&id, &digest).await.map(Received::Repeated),
            Ordering::Equal => {
                let references = self.pipeline.settle(&self.header).await;
                let rows = self.pipeline.validate_rows(&self.header, &rows, cursor.rows_before).await?;
                cursor.advance(&rows);
                let held = Held { _id: self.active.clone(), _references: references };
                let header = self.header.clone();
                Ok(Received::New(CommitRequest { header, id, digest, rows, dry_run: false, held }, share))
            }
            Ordering::Greater => {
                let message = format!("is {sequence}, but batch {} is expected next", cursor.next);
                Err(Error::invalid_field("batch.sequence", message))
            }
        }
    }
}

/// A batch that was read.
enum Received {
    New(CommitRequest, Share),
    Repeated(Outcome),
}

/// Where the next batch of a stream belongs.
struct Cursor {
    /// Its sequence.
    next: i64,
    /// Rows of all batches before it.
    rows_before: i64,
}

impl Cursor {
    fn advance(&mut self, rows: &ValidatedRows) {
        self.next += 1;
        self.rows_before += rows.received as i64;
    }
}

/// Progress of a stream: totals of its committed batches.
#[derive(Debug, Clone, Copy)]
struct Progress {
    sequence: i64,
    received: i64,
    accepted: i64,
    rejected: i64,
}

impl Progress {
    fn sum(batches: &[Submission]) -> Self {
        let sum = |rows: fn(&Submission) -> i64| batches.iter().map(rows).sum();
        Self {
            sequence: batches.len() as i64,
            received: sum(|b| b.rows_received),
            accepted: sum(|b| b.rows_accepted),
            rejected: sum(|b| b.rows_rejected),
        }
    }

    fn add(&mut self, submission: &Submission) {
        self.sequence += 1;
        self.received += submission.rows_received;
        self.accepted += submission.rows_accepted;
        self.rejected += submission.rows_rejected;
    }

    fn ack(self, batch: Option<Outcome>) -> Ack {
        Ack { sequence: self.sequence, rows_accepted: self.accepted, rows_rejected: self.rejected, batch }
    }
}

async fn acknowledge(
    outcome: Result<Outcome>,
    progress: &mut Progress,
    acks: &mpsc::Sender<Ack>,
) -> Result<()> {
    let outcome = outcome?;
    progress.add(&outcome.submission);
    send(acks, progress.ack(Some(outcome))).await
}

async fn send(acks: &mpsc::Sender<Ack>, ack: Ack) -> Result<()> {
    acks.send(ack).await.map_err(|_| Error::new(ErrorKind::Aborted, "the sender closed the connection"))
}
