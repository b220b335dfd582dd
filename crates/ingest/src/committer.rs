//! The one place where a dataset's rows are committed: gathers what waits into one commit.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use datafusion::logical_expr::{Expr, col, lit};
use tokio::sync::{mpsc, oneshot};
use tracing::Instrument;
use uplift_core::dataset::Dataset;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_store::columns::integer;
use uplift_store::schema::{self, ROW_NUMBER};
use uplift_store::{Commit, Table};

use crate::fault::{Fault, Rule};
use crate::header::Header;
use crate::intake::Checked;
use crate::keys::{Keys, digests};
use crate::ledger::Ledger;
use crate::quarantine::{Quarantine, Reject};
use crate::submission::Submission;

/// Hands checked rows to the committer's task. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Committer {
    queue: mpsc::Sender<Waiting>,
}

/// What a committer commits to.
#[derive(Debug, Clone)]
pub struct Target {
    /// The dataset.
    pub dataset: &'static Dataset,
    /// Its table.
    pub table: Arc<Table>,
    /// Where every submission is written down.
    pub ledger: Arc<Ledger>,
    /// Where rejected rows are kept.
    pub quarantine: Arc<Quarantine>,
}

/// Checked rows of one submission.
#[derive(Debug)]
pub struct Ready {
    /// What the sender said of it.
    pub header: Header,
    /// Its name in the ledger: the submission's, or that of one of its batches.
    pub id: String,
    /// Its digest.
    pub digest: String,
    /// Its rows.
    pub checked: Checked,
    /// Decide, and keep nothing.
    pub dry_run: bool,
}

/// What became of a submission.
#[derive(Debug)]
pub struct Decided {
    /// The submission.
    pub submission: Submission,
    /// What was wrong with rows that came back.
    pub rejects: Vec<Reject>,
}

#[derive(Debug)]
struct Waiting {
    ready: Ready,
    reply: oneshot::Sender<Result<Decided>>,
}

/// So many submissions may wait; more wait in their callers, which is the backpressure.
const QUEUE: usize = 64;
/// Limits of one commit: rows keep memory and file size in bounds, submissions the log entry.
const MAX_ROWS: usize = 1_000_000;
const MAX_SUBMISSIONS: usize = 256;

impl Committer {
    /// Starts the task; it ends when the last handle is gone and the queue is empty.
    pub fn start(target: Target) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(run(target, waiting));
        Self { queue }
    }

    /// Waits until the rows are committed, or refused.
    pub async fn commit(&self, ready: Ready) -> Result<Decided> {
        let gone = || Error::new(ErrorKind::Unavailable, "the service is stopping; send it again");
        let (reply, decided) = oneshot::channel();
        self.queue.send(Waiting { ready, reply }).await.map_err(|_| gone())?;
        decided.await.map_err(|_| gone())?
    }
}

async fn run(target: Target, mut queue: mpsc::Receiver<Waiting>) {
    let mut keys = None;
    let mut carried = None;
    loop {
        let first = match carried.take() {
            Some(waiting) => waiting,
            None => match queue.recv().await {
                Some(waiting) => waiting,
                None => return,
            },
        };
        let mut rows = first.ready.checked.received;
        let mut group = vec![first];
        // A replacing submission takes rows away, so it has a commit of its own.
        while !group[0].ready.header.replace && group.len() < MAX_SUBMISSIONS && rows < MAX_ROWS {
            match queue.try_recv() {
                // The same id again, after a caller gave up and came back, must find the answer.
                Ok(next)
                    if next.ready.header.replace || group.iter().any(|w| w.ready.id == next.ready.id) =>
                {
                    carried = Some(next);
                    break;
                }
                Ok(next) => {
                    rows += next.ready.checked.received;
                    group.push(next);
                }
                Err(_) => break,
            }
        }
        commit(&target, &mut keys, group).await;
        let gathered = async {
            target.table.maintain().await;
            target.ledger.maintain().await;
        };
        gathered.instrument(stage_span!("gather files")).await;
    }
}

/// One submission of a group, decided and not yet kept.
struct Staged {
    submission: Submission,
    rejects: Vec<Reject>,
    rows: RecordBatch,
    digests: Vec<[u8; 16]>,
    header: Header,
    keep: Keep,
}

/// Whether a staged submission is to be kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Yes,
    /// Asked only what would become of it.
    DryRun,
    /// It was committed before: here is the first answer again.
    Known,
}

async fn commit(target: &Target, keys: &mut Option<Keys>, group: Vec<Waiting>) {
    let (ready, replies): (Vec<_>, Vec<_>) = group.into_iter().map(|w| (w.ready, w.reply)).unzip();
    match try_commit(target, keys, ready).await {
        Ok(decided) => {
            for (reply, decided) in replies.into_iter().zip(decided) {
                // A caller that went away finds the answer by the submission's id.
                let _ = reply.send(Ok(decided));
            }
        }
        Err(error) => {
            // Nothing is known to have landed; read the keys afresh before the next commit.
            *keys = None;
            tracing::error!(dataset = target.dataset.name, cause = ?error, "commit failed");
            for reply in replies {
                let _ = reply.send(Err(Error::new(error.kind, error.message.clone())));
            }
        }
    }
}

async fn try_commit(target: &Target, keys: &mut Option<Keys>, group: Vec<Ready>) -> Result<Vec<Decided>> {
    let keys = match keys {
        Some(keys) => keys,
        None => keys.insert(Keys::read(target.dataset, &target.table).await?),
    };
    let mut seen = HashSet::new();
    let mut staged = Vec::new();
    let keyed = stage_span!("check keys");
    for ready in group {
        // The committer is where requests with one id meet, so it is here that they are told apart.
        let known = target.ledger.get(&ready.id).await.filter(|s| s.committed && s.digest == ready.digest);
        staged.push(match known {
            Some(first) => again(target, ready, first).await?,
            None => keyed.in_scope(|| stage(target.dataset, keys, &mut seen, ready))?,
        });
    }
    drop(keyed);
    let kept: Vec<_> = staged.iter().filter(|s| s.keep == Keep::Yes).collect();
    let rejected: Vec<_> = kept.iter().map(|s| (&s.submission, s.rejects.as_slice())).collect();
    target.quarantine.keep(&rejected).await?;

    let landing: Vec<_> = kept.iter().filter(|s| s.submission.committed).collect();
    let mut version = None;
    if let Some(first) = landing.first() {
        // The log names the refused of the group too: a batch missing from a stream would be a gap.
        let submissions: Vec<_> = kept.iter().map(|s| s.submission.clone()).collect();
        let commit = Commit {
            batches: landing.iter().map(|s| s.rows.clone()).collect(),
            replace: first.header.replace.then(|| replaced_by(&first.header)),
            transactions: landing.iter().map(|s| s.submission.submission_id.clone()).collect(),
            metadata: Ledger::log_metadata(&submissions)?,
        };
        version = Some(target.table.commit(commit).instrument(stage_span!("commit rows")).await?);
    }
    let mut answers = Vec::new();
    let mut decided = Vec::new();
    for staged in staged {
        let Staged { mut submission, rejects, digests, header, keep, .. } = staged;
        if submission.committed && keep == Keep::Yes {
            submission.table_version = version;
            let scope = (header.area.to_string(), header.period.to_string());
            keys.add(&digests, scope, header.replace);
        }
        match keep {
            Keep::Yes => answers.push(submission.clone()),
            Keep::DryRun => submission.committed = false,
            Keep::Known => {}
        }
        decided.push(Decided { submission, rejects });
    }
    // The rows are committed whatever happens now, so these are the answers: the log holds what
    // the ledger could not write.
    if !answers.is_empty()
        && let Err(error) = target.ledger.record(answers).instrument(stage_span!("write ledger")).await
    {
        tracing::error!(cause = ?error, "the ledger lags behind the log");
    }
    Ok(decided)
}

/// The first answer to a submission that comes again.
async fn again(target: &Target, ready: Ready, first: Submission) -> Result<Staged> {
    let rejects = target.quarantine.of(std::slice::from_ref(&first)).await?;
    let rows = ready.checked.good.slice(0, 0);
    Ok(Staged {
        submission: first,
        rejects,
        rows,
        digests: Vec::new(),
        header: ready.header,
        keep: Keep::Known,
    })
}

/// Takes out rows whose key is used already and decides whether the rest lands.
fn stage(dataset: &Dataset, keys: &mut Keys, seen: &mut HashSet<[u8; 16]>, ready: Ready) -> Result<Staged> {
    let Ready { header, id, digest, checked, dry_run } = ready;
    let Checked { received, good, mut faults, key_field } = checked;
    let all = digests(dataset, &good)?;
    let scope = (header.area.to_string(), header.period.to_string());
    let mut keep = vec![true; all.len()];
    let numbers = integer(&good, ROW_NUMBER)?;
    let mut duplicate = |row: usize, why: String| {
        keep[row] = false;
        faults.push(Fault::new(numbers.value(row) as usize - 1, &key_field, Rule::DuplicateKey, "", why));
    };
    for (row, (area, period)) in keys.taken(&all, scope, header.replace) {
        duplicate(
            row,
            format!(
                "has the key of a record handed in before for {area}, {period}; replace that or use another key"
            ),
        );
    }
    for row in (0..all.len()).filter(|row| seen.contains(&all[*row])) {
        duplicate(row, "has the key of a record that landed just before; use another key".to_owned());
    }
    faults.sort_by_key(|f| f.row);
    let mask = BooleanArray::from(keep.clone());
    let rows = filter_record_batch(&good, &mask).map_err(|e| Error::internal("parting rows", e))?;
    let refused = rows.num_rows() == 0 || !(faults.is_empty() || header.accept_good_rows);
    let landed = if refused { 0 } else { rows.num_rows() };
    let rejected = received - rows.num_rows();
    let digests: Vec<_> = all.into_iter().zip(&keep).filter(|(_, keep)| **keep).map(|(key, _)| key).collect();
    if !refused && !dry_run {
        seen.extend(&digests);
    }
    let submission = Submission {
        submission_id: id,
        committed: !refused,
        rows_landed: landed as i64,
        ..Submission::received(&header, digest, received, rejected)
    };
    let rejects = faults.into_iter().map(Reject::from).collect();
    let keep = if dry_run { Keep::DryRun } else { Keep::Yes };
    Ok(Staged { submission, rejects, rows, digests, header, keep })
}

/// The rows that a replacing submission takes the place of. The partition columns come first, so
/// that only files of that year and county are looked at.
fn replaced_by(header: &Header) -> Expr {
    col(schema::REPORTING_YEAR)
        .eq(lit(i32::from(header.period.year())))
        .and(col(schema::REPORTING_COUNTY).eq(lit(header.area.county())))
        .and(col(schema::REPORTING_AREA).eq(lit(header.area.as_str())))
        .and(col(schema::REPORTING_PERIOD).eq(lit(header.period.to_string())))
}

impl From<Fault> for Reject {
    fn from(fault: Fault) -> Self {
        Self {
            row: fault.row as i64 + 1,
            field: fault.field,
            rule: fault.rule.to_string(),
            value: fault.value,
            message: fault.message,
        }
    }
}
