//! Every submission and what became of it. The data tables' logs are the truth: the ledger is
//! what they say, kept where it can be searched, and caught up when it lags behind.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Mutex;
use uplift_core::error::{Error, Result};
use uplift_store::{Commit, Store, Table};

use crate::stream::BATCH;
use crate::submission::{Submission, from_batch, to_batch};
use uplift_store::schema;

/// Under this name a commit's log entry carries the submissions it holds.
const IN_LOG: &str = "uplift.submissions";

/// The submissions, all in memory: about 400 bytes each, so that a million take 400 MB.
#[derive(Debug)]
pub struct Ledger {
    table: Arc<Table>,
    entries: Mutex<Entries>,
    /// So many of the entries are in the table; held while more are written.
    saved: Mutex<usize>,
}

#[derive(Debug, Default)]
struct Entries {
    /// In the order in which they were answered.
    list: Vec<Submission>,
    /// Place in the list of the newest answer to each id.
    newest: HashMap<String, usize>,
}

impl Entries {
    fn batches(&self, id: &str) -> Vec<Submission> {
        let known = |n: usize| self.newest.get(&format!("{id}{BATCH}{n}"));
        (1..).map_while(|n| known(n).map(|at| self.list[*at].clone())).collect()
    }

    fn push(&mut self, submission: Submission) {
        self.newest.insert(submission.submission_id.clone(), self.list.len());
        self.list.push(submission);
    }
}

impl Ledger {
    /// Opens the ledger and reads it.
    pub async fn open(store: &Store) -> Result<Self> {
        let table = store.create(&schema::ledger()).await?;
        let rows = table.snapshot().await?.rows().await?;
        let batches = rows.collect().await.map_err(|e| Error::internal("reading the ledger", e))?;
        let mut list = Vec::new();
        for batch in &batches {
            list.extend(from_batch(batch)?);
        }
        list.sort_by_key(|s| s.create_time);
        let mut entries = Entries::default();
        list.into_iter().for_each(|s| entries.push(s));
        let saved = Mutex::new(entries.list.len());
        Ok(Self { table, entries: Mutex::new(entries), saved })
    }

    /// What a commit should say in its log of the submissions it holds.
    pub fn log_metadata(submissions: &[Submission]) -> Result<Vec<(String, Value)>> {
        let value = serde_json::to_value(submissions);
        let value = value.map_err(|e| Error::internal("describing submissions", e))?;
        Ok(vec![(IN_LOG.to_owned(), value)])
    }

    /// Takes in what a table's log says and the ledger does not: the commits of a process that
    /// ended before it could write them down.
    pub async fn catch_up(&self, dataset: &Table) -> Result<()> {
        let known = {
            let entries = self.entries.lock().await;
            let versions = entries.list.iter().filter(|s| s.dataset == dataset.name());
            versions.filter_map(|s| s.table_version).max().unwrap_or_default()
        };
        let mut missing = Vec::new();
        for entry in dataset.log_after(known).await? {
            let Some(value) = entry.metadata.get(IN_LOG) else { continue };
            let listed: Vec<Submission> = serde_json::from_value(value.clone())
                .map_err(|e| Error::internal("reading submissions from the log", e))?;
            let version = entry.version as i64;
            let placed = |s: Submission| Submission { table_version: s.committed.then_some(version), ..s };
            missing.extend(listed.into_iter().map(placed));
        }
        if !missing.is_empty() {
            tracing::info!(
                dataset = dataset.name(),
                submissions = missing.len(),
                "ledger caught up with the log"
            );
            self.record(missing).await?;
        }
        Ok(())
    }

    /// Writes answers down. They count from this call on even if writing fails: the next call,
    /// or the next start, writes what is missing.
    pub async fn record(&self, submissions: Vec<Submission>) -> Result<()> {
        let upto = {
            let mut entries = self.entries.lock().await;
            submissions.into_iter().for_each(|s| entries.push(s));
            entries.list.len()
        };
        // Who waits here for another's commit may find its own entries written by the next one.
        let mut saved = self.saved.lock().await;
        if *saved >= upto {
            return Ok(());
        }
        let (batch, end) = {
            let entries = self.entries.lock().await;
            (to_batch(&entries.list[*saved..])?, entries.list.len())
        };
        self.table.commit(Commit { batches: vec![batch], ..Commit::default() }).await?;
        *saved = end;
        Ok(())
    }

    /// Keeps the table quick to write.
    pub async fn maintain(&self) {
        self.table.maintain().await;
    }

    /// The newest answer to an id.
    pub async fn get(&self, submission_id: &str) -> Option<Submission> {
        let entries = self.entries.lock().await;
        entries.newest.get(submission_id).map(|at| entries.list[*at].clone())
    }

    /// The committed batches of a submission that was streamed, in order.
    pub async fn batches(&self, submission_id: &str) -> Vec<Submission> {
        self.entries.lock().await.batches(submission_id)
    }

    /// Answers before a place in the ledger, the newest first, and the place to read on from.
    /// An answer that a later one to the same id replaced is left out.
    pub async fn list(
        &self,
        dataset: &str,
        before: Option<usize>,
        limit: usize,
    ) -> (Vec<Submission>, Option<usize>) {
        let entries = self.entries.lock().await;
        let end = before.unwrap_or(entries.list.len()).min(entries.list.len());
        let mut page = Vec::new();
        for at in (0..end).rev() {
            let submission = &entries.list[at];
            let newest = entries.newest.get(&submission.submission_id) == Some(&at);
            let whole = match submission.submission_id.split_once(BATCH) {
                None => true,
                // A stream is shown once, where its newest batch stands.
                Some((id, n)) => {
                    let next = n.parse().map(|n: u64| format!("{id}{BATCH}{}", n + 1));
                    next.is_ok_and(|next| !entries.newest.contains_key(&next))
                }
            };
            if newest && whole && (dataset.is_empty() || submission.dataset == dataset) {
                if page.len() == limit {
                    return (page, Some(at + 1));
                }
                page.push(match submission.submission_id.split_once(BATCH) {
                    None => submission.clone(),
                    Some((id, _)) => {
                        Submission::sum(id, &entries.batches(id)).unwrap_or_else(|| submission.clone())
                    }
                });
            }
        }
        (page, None)
    }
}
