//! Long hand-ins: batches of one submission, each committed by itself and acknowledged when it is.
//!
//! A batch is kept in the ledger as `submission#sequence`; the sign is not allowed in a sender's
//! id, so the two never meet. The submission as a whole is what its batches add up to.

use std::cmp::Ordering;

use futures::stream::FuturesOrdered;
use futures::{Stream, StreamExt};
use tokio::sync::mpsc;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_proto::rows::Rows;

use crate::committer::Decided;
use crate::header::Header;
use crate::intake::Checked;
use crate::service::Ingest;
use crate::submission::Submission;

/// Stands between a submission's id and a batch's sequence.
pub const BATCH: char = '#';

/// So many batches may be on their way to the table at once; more wait at the sender, which is
/// the backpressure. Several on their way can share a commit.
const IN_FLIGHT: usize = 16;

/// A batch of a stream.
#[derive(Debug)]
pub struct Batch {
    /// Its place, counted from 1 without gaps.
    pub sequence: i64,
    /// Its records.
    pub rows: Rows,
}

/// What is durable so far.
#[derive(Debug)]
pub struct Ack {
    /// Every batch up to this one is in the table.
    pub sequence: i64,
    /// Rows of all of them in the table.
    pub rows_landed: i64,
    /// Rows of all of them that came back.
    pub rows_rejected: i64,
    /// The batch's own outcome; none in the first acknowledgement, which says where to go on.
    pub batch: Option<Decided>,
}

/// Progress of a stream: totals over its batches.
#[derive(Debug, Default, Clone, Copy)]
pub struct Progress {
    sequence: i64,
    received: i64,
    landed: i64,
    rejected: i64,
}

impl Progress {
    /// What batches of the ledger add up to.
    pub fn of(batches: &[Submission]) -> Self {
        let sum = |get: fn(&Submission) -> i64| batches.iter().map(get).sum();
        Self {
            sequence: batches.len() as i64,
            received: sum(|b| b.rows_received),
            landed: sum(|b| b.rows_landed),
            rejected: sum(|b| b.rows_rejected),
        }
    }

    fn add(&mut self, decided: &Decided) {
        self.sequence += 1;
        self.received += decided.submission.rows_received;
        self.landed += decided.submission.rows_landed;
        self.rejected += decided.submission.rows_rejected;
    }

    fn ack(self, batch: Option<Decided>) -> Ack {
        Ack { sequence: self.sequence, rows_landed: self.landed, rows_rejected: self.rejected, batch }
    }
}

/// Takes a stream's batches in and acknowledges each once it is committed. Ends with the stream,
/// or with the first error; what was acknowledged before it stays.
pub async fn write<S>(
    ingest: &Ingest,
    header: Header,
    batches: S,
    acks: &mpsc::Sender<Result<Ack>>,
) -> Result<()>
where
    S: Stream<Item = Result<Batch>> + Send,
{
    if header.replace || !header.accept_good_rows {
        let message = "must be MODE_APPEND with POLICY_ACCEPT_GOOD_ROWS in a stream, whose batches land one by \
                       one; send a whole that replaces or refuses with SubmitRecords or UploadFile";
        return Err(Error::invalid_field("open.header.mode", message));
    }
    let earlier = ingest.batches(&header.submission_id).await;
    let mut progress = Progress::of(&earlier);
    let (mut next, mut first_row) = (progress.sequence + 1, progress.received);
    let gone = || Error::new(ErrorKind::Aborted, "the sender went away");
    acks.send(Ok(progress.ack(None))).await.map_err(|_| gone())?;

    let mut batches = std::pin::pin!(batches);
    let mut in_flight = FuturesOrdered::new();
    // Once something is wrong no more is read, and what is on its way is still seen to its end:
    // whoever opens the stream next must find it settled.
    let mut reading = Ok(());
    let mut open = true;
    while open || !in_flight.is_empty() {
        tokio::select! {
            biased;
            Some(decided) = in_flight.next(), if !in_flight.is_empty() => {
                let told = match decided {
                    Ok(decided) => {
                        progress.add(&decided);
                        acks.send(Ok(progress.ack(Some(decided)))).await.map_err(|_| gone())
                    }
                    Err(error) => Err(error),
                };
                if let Err(error) = told {
                    (open, reading) = (false, reading.and(Err(error)));
                }
            }
            batch = batches.next(), if open && in_flight.len() < IN_FLIGHT => {
                let Some(batch) = batch else {
                    open = false;
                    continue;
                };
                let place = |sequence: i64| sequence.cmp(&next);
                let taken = async {
                    let Batch { sequence, rows } = batch?;
                    let id = format!("{}{BATCH}{sequence}", header.submission_id);
                    match place(sequence) {
                        // Sent again after a lost acknowledgement: the first answer again.
                        Ordering::Less => Ok(Taken::Again(ingest.batch_again(&header, &id, &rows).await?)),
                        Ordering::Equal => {
                            let checked = ingest.check_batch(&header, &rows, first_row as usize).await?;
                            Ok(Taken::New(id, rows, checked))
                        }
                        Ordering::Greater => {
                            let message = format!("{sequence} leaves a gap: the next batch is {next}");
                            Err(Error::invalid_field("batch.sequence", message))
                        }
                    }
                };
                match taken.await {
                    Ok(Taken::New(id, rows, checked)) => {
                        first_row += checked.received as i64;
                        next += 1;
                        in_flight.push_back(ingest.commit_batch(header.clone(), id, rows, checked));
                    }
                    Ok(Taken::Again(decided)) => {
                        if acks.send(Ok(progress.ack(Some(decided)))).await.is_err() {
                            (open, reading) = (false, Err(gone()));
                        }
                    }
                    Err(error) => (open, reading) = (false, Err(error)),
                }
            }
        }
    }
    reading
}

/// A batch that was read.
enum Taken {
    New(String, Rows, Checked),
    Again(Decided),
}
