//! Every submission and its outcome. The logs of the data tables are the truth: the ledger is what they
//! say, kept where it can be searched, and caught up when it lags behind.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Mutex;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_engine::error::query_failed;
use uplift_formats::records::{from_batches, to_batch};
use uplift_store::{Commit, Store, Table, schema};

use crate::submission::{Submission, batch_id};

/// Versions before the newest recorded one that are looked through for submissions that were not recorded.
const LOOK_BACK: i64 = 100;

/// The submissions, all in memory: about 400 bytes each, so that a million take 400 MB.
#[derive(Debug)]
pub(crate) struct Ledger {
    table: Arc<Table>,
    entries: Mutex<Entries>,
    /// Number of entries that are in the table; locked while more are written.
    saved: Mutex<usize>,
}

#[derive(Debug, Default)]
struct Entries {
    /// In the order in which they were answered.
    list: Vec<Submission>,
    /// Index of the newest answer to each id.
    newest: HashMap<String, usize>,
}

impl Entries {
    fn batches(&self, id: &str) -> Vec<Submission> {
        let index = |n: i64| self.newest.get(&batch_id(id, n));
        (1..).map_while(|n| index(n).map(|index| self.list[*index].clone())).collect()
    }

    /// Adds an answer. One that was committed is never replaced by a refused one, whatever the clock says: a
    /// committed id is not tried again.
    fn push(&mut self, submission: Submission) {
        let known = self.newest.get(&submission.submission_id).map(|index| &self.list[*index]);
        if !known.is_some_and(|known| known.committed && !submission.committed) {
            self.newest.insert(submission.submission_id.clone(), self.list.len());
        }
        self.list.push(submission);
    }

    /// Whether an answer is in the list.
    fn contains(&self, submission: &Submission) -> bool {
        let known = self.newest.get(&submission.submission_id).map(|index| &self.list[*index]);
        known
            .is_some_and(|known| known.digest == submission.digest && known.committed >= submission.committed)
    }

    /// The submission to list for an entry, of a ledger that ended at `end`: none if a later answer replaced it, or if
    /// it is a batch that is not the last of its stream, which is listed once as the sum of its batches.
    fn listed(&self, index: usize, end: usize) -> Option<Submission> {
        let entry = &self.list[index];
        let newest = self.newest.get(&entry.submission_id).copied().unwrap_or(index);
        let later =
            || self.list[index + 1..end].iter().any(|other| other.submission_id == entry.submission_id);
        if newest != index && (newest < end || later()) {
            return None;
        }
        let Some((id, sequence)) = entry.batch() else { return Some(entry.clone()) };
        let index_of = |n: i64| self.newest.get(&batch_id(id, n)).copied().filter(|index| *index < end);
        if index_of(sequence + 1).is_some() {
            return None;
        }
        let batches: Vec<_> =
            (1..).map_while(|n| index_of(n).map(|index| self.list[index].clone())).collect();
        Some(Submission::sum(id, &batches).unwrap_or_else(|| entry.clone()))
    }
}

/// A place in the list of submissions as it was when its first page was read: what is answered meanwhile takes nothing
/// off later pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// Entries that there were.
    pub(crate) end: usize,
    /// The entries before this one are still to be listed.
    pub(crate) before: usize,
}

impl Ledger {
    /// Opens the ledger and reads it.
    pub(crate) async fn open(store: &Store) -> Result<Self> {
        let table = store.create(&schema::ledger()).await?;
        let rows = table.snapshot().await?.rows().await?;
        let batches = rows.collect().await.map_err(|e| query_failed("reading the ledger", e))?;
        let mut list: Vec<Submission> = from_batches(&batches)?;
        list.sort_by_key(|s| s.create_time);
        let mut entries = Entries::default();
        list.into_iter().for_each(|s| entries.push(s));
        let saved = Mutex::new(entries.list.len());
        Ok(Self { table, entries: Mutex::new(entries), saved })
    }

    /// The metadata of a commit with these submissions.
    pub(crate) fn log_metadata(submissions: &[Submission]) -> Result<Vec<(String, Value)>> {
        let value = serde_json::to_value(submissions);
        let value = value.map_err(|e| Error::internal("describing submissions", e))?;
        Ok(vec![(schema::LOG_SUBMISSIONS.to_owned(), value)])
    }

    /// Refuses a table that is older than what was answered for it.
    pub(crate) async fn check(&self, dataset: &Table) -> Result<()> {
        let newest = dataset.snapshot().await?.version();
        let entries = self.entries.lock().await;
        let beyond =
            |s: &&Submission| s.dataset == dataset.name() && s.table_version.is_some_and(|v| v > newest);
        let Some(lost) = entries.list.iter().filter(beyond).max_by_key(|s| s.table_version) else {
            return Ok(());
        };
        let message = format!(
            "table {} is at version {newest}, and submission {} was committed as version {}: an older copy was put \
             back or files were lost; restore the whole data folder from a backup",
            dataset.name(),
            lost.submission_id,
            lost.table_version.unwrap_or_default(),
        );
        Err(Error::new(ErrorKind::DataLoss, message))
    }

    /// The newest version of a table that the ledger tells of, less a margin: a version may have been recorded
    /// while an earlier one could not be.
    pub(crate) async fn recorded(&self, dataset: &Table) -> i64 {
        let entries = self.entries.lock().await;
        let versions = entries.list.iter().filter(|s| s.dataset == dataset.name());
        let newest = versions.filter_map(|s| s.table_version).max().unwrap_or_default();
        (newest - LOOK_BACK).max(0)
    }

    /// Adds what the log of a table says after a version and the ledger does not: commits of a process that
    /// ended before it could record them, or of another one.
    pub(crate) async fn catch_up(&self, dataset: &Table, since: i64) -> Result<()> {
        let mut missing = Vec::new();
        for entry in dataset.log_after(since).await? {
            let Some(value) = entry.metadata.get(schema::LOG_SUBMISSIONS) else { continue };
            let logged: Vec<Submission> = serde_json::from_value(value.clone())
                .map_err(|e| Error::internal("reading submissions from the log", e))?;
            let version = entry.version as i64;
            let with_version =
                |s: Submission| Submission { table_version: s.committed.then_some(version), ..s };
            missing.extend(logged.into_iter().map(with_version));
        }
        {
            let entries = self.entries.lock().await;
            missing.retain(|submission| !entries.contains(submission));
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

    /// Records outcomes. They count from this call on even if writing fails: the next call, or the next
    /// start, writes what is missing.
    pub(crate) async fn record(&self, submissions: Vec<Submission>) -> Result<()> {
        let recorded = {
            let mut entries = self.entries.lock().await;
            submissions.into_iter().for_each(|s| entries.push(s));
            entries.list.len()
        };
        // While this call waited, another one may have saved its entries.
        let mut saved = self.saved.lock().await;
        if *saved >= recorded {
            return Ok(());
        }
        let (batch, end) = {
            let entries = self.entries.lock().await;
            (to_batch(schema::ledger().columns, &entries.list[*saved..])?, entries.list.len())
        };
        let written = self.table.commit(Commit { batches: vec![batch], ..Commit::default() }).await;
        *saved = match written {
            Ok(_) => end,
            // It may be durable although its answer was lost: what is in the table is not written again.
            Err(error) => match self.table.snapshot().await?.row_count() {
                rows if rows >= end => rows,
                rows => {
                    *saved = rows;
                    return Err(error);
                }
            },
        };
        Ok(())
    }

    /// Compacts the table if need be.
    pub(crate) async fn compact(&self) {
        self.table.compact().await;
    }

    /// Lets old versions of the table expire if need be.
    pub(crate) async fn expire(&self, kept_for: Duration) {
        self.table.expire(kept_for).await;
    }

    /// The newest answer to an id.
    pub(crate) async fn get(&self, submission_id: &str) -> Option<Submission> {
        let entries = self.entries.lock().await;
        entries.newest.get(submission_id).map(|index| entries.list[*index].clone())
    }

    /// The submission that took the rows of a committed one away, by replacing its area and period.
    pub(crate) async fn replaced_by(&self, submission: &Submission) -> Option<String> {
        let entries = self.entries.lock().await;
        let of_same = |other: &&Submission| {
            (&other.dataset, &other.area_code, &other.period)
                == (&submission.dataset, &submission.area_code, &submission.period)
        };
        let later =
            entries.list.iter().rev().take_while(|other| other.submission_id != submission.submission_id);
        let replacing = later.filter(of_same).find(|other| other.committed && other.mode == "replace");
        replacing.map(|other| other.submission_id.clone())
    }

    /// The committed batches of a streamed submission, in order.
    pub(crate) async fn batches(&self, submission_id: &str) -> Vec<Submission> {
        self.entries.lock().await.batches(submission_id)
    }

    /// Submissions before a position of the ledger, the newest first, and the position to continue from.
    pub(crate) async fn list(
        &self,
        dataset: &str,
        from: Option<Position>,
        limit: usize,
    ) -> (Vec<Submission>, Option<Position>) {
        let entries = self.entries.lock().await;
        let all = entries.list.len();
        let Position { end, before } = from.unwrap_or(Position { end: all, before: all });
        let end = end.min(all);
        let mut page = Vec::new();
        for index in (0..before.min(end)).rev() {
            if !dataset.is_empty() && entries.list[index].dataset != dataset {
                continue;
            }
            let Some(submission) = entries.listed(index, end) else { continue };
            if page.len() == limit {
                return (page, Some(Position { end, before: index + 1 }));
            }
            page.push(submission);
        }
        (page, None)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, Utc};

    use super::*;

    fn answer(digest: &str, committed: bool, years_ahead: i64) -> Submission {
        Submission {
            submission_id: "one".into(),
            dataset: "area".into(),
            area_code: "50".into(),
            period: "2011".into(),
            mode: "append".into(),
            policy: "all_or_nothing".into(),
            sender: "Tests".into(),
            simulated: false,
            committed,
            rows_received: 1,
            rows_accepted: i64::from(committed),
            rows_rejected: i64::from(!committed),
            table_version: committed.then_some(1),
            digest: digest.into(),
            create_time: Utc::now() + TimeDelta::days(365 * years_ahead),
        }
    }

    #[test]
    fn a_clock_that_was_ahead_does_not_make_a_committed_id_free_again() {
        let mut entries = Entries::default();
        // After a restart entries come in the order of the clock: the refused try, made five years ahead, is last.
        for entry in [answer("b", true, 0), answer("a", false, 5)] {
            entries.push(entry);
        }
        assert_eq!(entries.list[entries.newest["one"]].digest, "b");
        assert!(entries.contains(&answer("b", true, 0)) && !entries.contains(&answer("a", true, 0)));
        let mut refused_first = Entries::default();
        refused_first.push(answer("a", false, 0));
        refused_first.push(answer("b", true, 0));
        assert_eq!(refused_first.list[refused_first.newest["one"]].digest, "b");
    }
}
