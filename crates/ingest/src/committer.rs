//! The one place where rows of a dataset are committed: submissions that wait share a commit.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use tokio::sync::{mpsc, oneshot};
use tracing::Instrument;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_store::{Commit, Snapshot};

use crate::destination::Destination;
use crate::keys::Keys;
use crate::ledger::Ledger;
use crate::outcome::{CommitRequest, Outcome};
use crate::staging::{Disposition, StagedSubmission, stage_group};

/// Sends validated rows to the committer's task. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Committer {
    queue: mpsc::Sender<Queued>,
}

#[derive(Debug)]
struct Queued {
    request: CommitRequest,
    reply: oneshot::Sender<Result<Outcome>>,
}

/// Maximum number of queued submissions; further ones wait in their callers, which is the backpressure.
const MAX_QUEUED: usize = 64;
/// Limits of one commit: rows keep memory and file size in bounds, submissions the log entry.
const MAX_ROWS: usize = 1_000_000;
const MAX_SUBMISSIONS: usize = 256;
/// What a refusal names of the records that would be named in vain.
const MAX_NAMED: usize = 5;

impl Committer {
    /// Starts the task; it ends when the last handle is gone and the queue is empty.
    pub(crate) fn start(destination: Destination) -> Self {
        let (queue, requests) = mpsc::channel(MAX_QUEUED);
        tokio::spawn(run(destination, requests));
        Self { queue }
    }

    /// Waits until the rows are committed, or refused.
    pub(crate) async fn commit(&self, request: CommitRequest) -> Result<Outcome> {
        let (reply, outcome) = oneshot::channel();
        let stopped = |_| Error::new(ErrorKind::Unavailable, "the service is shutting down; retry");
        self.queue.send(Queued { request, reply }).await.map_err(stopped)?;
        outcome.await.map_err(|e| Error::internal("committing", e))?
    }
}

async fn run(destination: Destination, mut queue: mpsc::Receiver<Queued>) {
    let mut known = Known { version: destination.version, keys: None };
    let mut carried = None;
    loop {
        let first = match carried.take() {
            Some(queued) => queued,
            None => match queue.recv().await {
                Some(queued) => queued,
                None => return,
            },
        };
        let group;
        (group, carried) = gather(first, &mut queue);
        // A panic is the failure of one group: those who wait for it learn that, and the next one is committed.
        if AssertUnwindSafe(commit(&destination, &mut known, group)).catch_unwind().await.is_err() {
            known.keys = None;
        }
        let compacting = async {
            let compacted = destination.table.compact().await;
            // The same rows in other files.
            if compacted == Some(known.version + 1) {
                known.version += 1;
                destination.set_rules.compacted(known.version).await;
            }
            destination.ledger.compact().await;
            destination.quarantine.compact().await;
            destination.table.expire(destination.retention).await;
            destination.ledger.expire(destination.retention).await;
            destination.quarantine.expire(destination.retention).await;
        };
        let compacting = compacting.instrument(stage_span!("compact files"));
        // A panic here costs speed and nothing else; the hook has logged it.
        let _ = AssertUnwindSafe(compacting).catch_unwind().await;
    }
}

/// The submissions that share a commit with the first, and one that must wait for the next commit.
fn gather(first: Queued, queue: &mut mpsc::Receiver<Queued>) -> (Vec<Queued>, Option<Queued>) {
    let mut rows = first.request.rows.received;
    let mut group = vec![first];
    // A replacing submission removes rows, so it has a commit of its own.
    while !group[0].request.header.replace && group.len() < MAX_SUBMISSIONS && rows < MAX_ROWS {
        let Ok(next) = queue.try_recv() else { break };
        if next.request.header.replace {
            return (group, Some(next));
        }
        rows += next.request.rows.received;
        group.push(next);
    }
    (group, None)
}

/// What a committer knows of its table.
struct Known {
    /// The version until which the ledger knows what was committed, and whose keys are known.
    version: i64,
    /// None at first, and after a failure.
    keys: Option<Keys>,
}

async fn commit(destination: &Destination, known: &mut Known, group: Vec<Queued>) {
    let (requests, replies): (Vec<_>, Vec<_>) = group.into_iter().map(|q| (q.request, q.reply)).unzip();
    let held: Vec<_> = requests.iter().map(|request| request.held.clone()).collect();
    let again = requests.clone();
    let mut committed = try_commit(destination, known, requests).await;
    if let Err(error) = &committed {
        tracing::warn!(dataset = destination.dataset.name, cause = ?error, "a commit failed; it is looked at again");
        // Another process may have come first, or the commit may be durable although its answer was lost. With what
        // the log says known, a submission that is in it gets its answer, and one that is not is committed.
        known.keys = None;
        committed = try_commit(destination, known, again).await;
    }
    // Ids are free before callers have their answers.
    drop(held);
    match committed {
        Ok(outcomes) => {
            for (reply, outcome) in replies.into_iter().zip(outcomes) {
                // A caller that went away finds the outcome by the submission's id.
                let _ = reply.send(outcome);
            }
        }
        Err(error) => {
            known.keys = None;
            tracing::error!(dataset = destination.dataset.name, cause = ?error, "commit failed");
            for reply in replies {
                let _ = reply.send(Err(Error::new(error.kind, error.message.clone())));
            }
        }
    }
}

/// Commits a group in phases: decide each submission, keep rejections, commit the rows, record outcomes.
async fn try_commit(
    destination: &Destination,
    known: &mut Known,
    group: Vec<CommitRequest>,
) -> Result<Vec<Result<Outcome>>> {
    let snapshot = destination.table.snapshot().await?;
    let newest = snapshot.version();
    if known.version != newest {
        // A commit whose answer was lost, or of another process that writes in spite of the lock: what is in the log
        // counts, whoever wrote it.
        destination.ledger.catch_up(&destination.table, known.version).await?;
        *known = Known { version: newest, keys: None };
    }
    let keys = match &mut known.keys {
        Some(keys) => keys,
        none => none.insert(Keys::read(destination.dataset, &snapshot).await?),
    };
    let mut staged = stage_group(destination, &snapshot, keys, group).await?;
    for one in &mut staged {
        if let Ok(replacing) = one
            && let Err(error) = keep_references(destination, &snapshot, replacing).await
        {
            *one = Err(error);
        }
    }
    keep_rejections(destination, &staged).await?;
    let version = commit_rows(destination, &staged, newest).await?;
    if let Some(version) = version {
        let accepted: Vec<_> = staged.iter().flatten().filter(|s| s.is_accepted()).collect();
        // What is kept of a replaced table is read again.
        if !accepted.iter().any(|s| s.header.replace) {
            destination
                .set_rules
                .committed(version, &accepted.iter().map(|s| &s.rows).collect::<Vec<_>>())
                .await;
        }
    }
    for staged in staged.iter_mut().flatten().filter(|s| s.is_accepted()) {
        staged.outcome.submission.table_version = version;
        keys.add(&staged.keys, staged.header.area_and_period(), staged.header.replace);
    }
    known.version = version.unwrap_or(known.version);
    // The rows are committed whatever happens now, so these are the answers: the log holds what the
    // ledger could not write.
    let recorded: Vec<_> =
        staged.iter().flatten().filter(|s| s.is_new()).map(|s| s.outcome.submission.clone()).collect();
    if !recorded.is_empty()
        && let Err(error) = destination.ledger.record(recorded).instrument(stage_span!("write ledger")).await
    {
        tracing::error!(cause = ?error, "the ledger lags behind the log");
    }
    Ok(staged.into_iter().map(|staged| staged.map(answer)).collect())
}

/// Whether other records name what a replacing submission would remove: it is refused, or told which and how many, as its
/// sender chose.
async fn keep_references(
    destination: &Destination,
    snapshot: &Snapshot,
    staged: &mut StagedSubmission,
) -> Result<()> {
    let StagedSubmission { outcome, rows, header, disposition, .. } = staged;
    if !header.replace || *disposition == Disposition::Replay || !outcome.submission.committed {
        return Ok(());
    }
    let references = &destination.references;
    let in_vain = references.named_in_vain(header.dataset, snapshot, &header.scope(), rows).await?;
    if in_vain.is_empty() || header.accept_good_rows {
        outcome.warnings = in_vain;
        return Ok(());
    }
    let more = in_vain.len().saturating_sub(MAX_NAMED);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let message = format!(
        "these rows would remove {}{more}; keep them in, replace those that name them first, or send \
         POLICY_ACCEPT_GOOD_ROWS to remove them all the same",
        in_vain.into_iter().take(MAX_NAMED).collect::<Vec<_>>().join("; ")
    );
    Err(Error::new(ErrorKind::FailedPrecondition, message))
}

async fn keep_rejections(destination: &Destination, staged: &[Result<StagedSubmission>]) -> Result<()> {
    let new = staged.iter().flatten().filter(|s| s.is_new());
    let rejected: Vec<_> = new.map(|s| (&s.outcome.submission, s.outcome.rejections.as_slice())).collect();
    destination.quarantine.keep(&rejected).await
}

/// Commits the accepted rows onto the version that they were judged by, and returns theirs; none if no row was
/// accepted.
async fn commit_rows(
    destination: &Destination,
    staged: &[Result<StagedSubmission>],
    judged_by: i64,
) -> Result<Option<i64>> {
    let accepted: Vec<_> = staged.iter().flatten().filter(|s| s.is_accepted()).collect();
    let Some(first) = accepted.first() else { return Ok(None) };
    // The log names the refused ones of the group too: a batch missing from a stream would be a gap.
    let new = staged.iter().flatten().filter(|s| s.is_new());
    let new: Vec<_> = new.map(|s| s.outcome.submission.clone()).collect();
    let commit = Commit {
        batches: accepted.iter().map(|s| s.rows.clone()).collect(),
        replace: first.header.replace.then(|| first.header.scope()),
        metadata: Ledger::log_metadata(&new)?,
        onto: Some(judged_by),
    };
    destination.table.commit(commit).instrument(stage_span!("commit rows")).await.map(Some)
}

fn answer(staged: StagedSubmission) -> Outcome {
    let mut outcome = staged.outcome;
    if staged.disposition == Disposition::DryRun {
        outcome.would_commit = std::mem::take(&mut outcome.submission.committed);
    }
    outcome
}
