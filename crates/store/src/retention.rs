//! Which versions of a table are kept, and the rest let go.
//!
//! Kept are: every version for a time; what an answer named, for ever, since its figures may be traced; and the
//! last version of each day. A version that is kept has a checkpoint, so that it needs no entry before it, and the data
//! files of that checkpoint.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use deltalake_core::logstore::object_store::{Error as StoreError, ObjectStoreExt, path::Path};
use uplift_core::error::{Error, Result};
use uplift_engine::error::table_failed;

use crate::expired::{self, Run};
use crate::snapshot::Snapshot;
use crate::sums::{LOG, entry_name};
use crate::table::Table;

/// Commits after which a table is looked through for versions to expire.
const EXPIRE_AFTER: usize = 250;

/// Newest versions that stay whatever their age: the ledger catches up from their entries.
const NEWEST: u64 = 200;

const HINT: &str = "_delta_log/_last_checkpoint";

/// A version with the time of its commit.
type Committed = (u64, DateTime<Utc>);

impl Table {
    /// Lets versions older than `kept_for` expire, if it is time to look. A failure costs disk space and nothing else.
    pub async fn expire(&self, kept_for: Duration) {
        if self.unexpired.load(Ordering::Relaxed) < EXPIRE_AFTER {
            return;
        }
        // Several committers share a table: one of them looks through it.
        let Ok(_alone) = self.expiring.try_lock() else { return };
        self.unexpired.store(0, Ordering::Relaxed);
        if let Err(error) = self.expire_now(kept_for).await {
            tracing::warn!(table = self.name(), cause = ?error, "old versions could not be let go");
        }
    }

    async fn expire_now(&self, kept_for: Duration) -> Result<()> {
        let newest = self.snapshot().await?;
        let Some((end, candidates)) = self.candidates(&newest, kept_for).await? else { return Ok(()) };
        let pinned = self.pins.of(self.name());
        let (kept, expiring) = split(&candidates, end, &pinned);
        let Some(runs) = runs(&expiring) else { return Ok(()) };
        self.give_checkpoints(&kept).await?;
        let mut files = Vec::new();
        for run in &runs {
            files.extend(self.files_only_in(run).await?);
        }
        // From here on whoever asks is told, whatever becomes of the files.
        expired::append(&self.folder, &runs).map_err(|e| Error::internal("recording expired versions", e))?;
        let gone = expiring.iter().flat_map(|(version, _)| [entry_name(*version), checkpoint_name(*version)]);
        let gone: Vec<_> = gone.collect();
        files.extend(gone.iter().map(|name| format!("{LOG}/{name}")));
        let removed = self.remove(files).await?;
        self.files
            .sums()
            .remove(self.name(), &gone)
            .map_err(|e| Error::internal("shortening the list", e))?;
        tracing::info!(
            table = self.name(),
            versions = expiring.len(),
            from = expiring[0].0,
            to = expiring[expiring.len() - 1].0,
            files = removed,
            "versions expired: no answer named them, they were not the last of their day, and they are older than is kept"
        );
        Ok(())
    }

    /// The versions that are old enough to expire, and the one that comes after them; none if there is no such. That
    /// one has a checkpoint.
    async fn candidates(
        &self,
        newest: &Snapshot,
        kept_for: Duration,
    ) -> Result<Option<(Committed, Vec<Committed>)>> {
        let newest_version = u64::try_from(newest.version()).unwrap_or_default();
        let names = self.files.sums().log_names(self.name(), "");
        let checkpoints: BTreeSet<u64> =
            names.iter().flat_map(|(names, _)| names).filter_map(|name| checkpointed(name)).collect();
        let since = TimeDelta::from_std(kept_for).ok().and_then(|kept| Utc::now().checked_sub_signed(kept));
        let Some(since) = since else { return Ok(None) };
        let mut old = Vec::new();
        for version in self.kept_versions(newest, &self.expired()) {
            let Some(time) = self.time(version).await? else { continue };
            // A version is the newest until the next one comes, and as old as that.
            old.push((version, time));
            if time > since || version + NEWEST >= newest_version {
                break;
            }
        }
        let end = old.iter().rposition(|(version, _)| checkpoints.contains(version));
        Ok(end.map(|end| {
            let after = old[end];
            old.truncate(end);
            (after, old)
        }))
    }

    /// Gives every version a checkpoint that has none.
    async fn give_checkpoints(&self, kept: &[Committed]) -> Result<()> {
        let names = self.files.sums().log_names(self.name(), "");
        let has: BTreeSet<u64> =
            names.iter().flat_map(|(names, _)| names).filter_map(|name| checkpointed(name)).collect();
        let without: Vec<u64> =
            kept.iter().map(|(version, _)| *version).filter(|v| !has.contains(v)).collect();
        if without.is_empty() {
            return Ok(());
        }
        let failed = |e| table_failed(self.name(), "writing a checkpoint of", e);
        let store = self.log.object_store(None);
        let hint = match store.get(&Path::from(HINT)).await {
            Ok(hint) => Some(hint.bytes().await.map_err(|e| failed(e.into()))?),
            Err(_) => None,
        };
        for version in without {
            let snapshot = self.at(version as i64).await?;
            let written = deltalake_core::checkpoints::create_checkpoint(snapshot.delta(), None).await;
            written.map_err(failed)?;
        }
        // The hint names the newest checkpoint, and not one of the past.
        if let Some(hint) = hint {
            store.put(&Path::from(HINT), hint.into()).await.map_err(|e| failed(e.into()))?;
        }
        Ok(())
    }

    /// Data files that only versions of a run hold: what they added and the next version does not have.
    async fn files_only_in(&self, run: &Run) -> Result<Vec<String>> {
        let live = self.at(*run.versions.end() as i64 + 1).await?.files();
        let mut only = Vec::new();
        for version in run.versions.clone() {
            let Some(entry) = self.entry(version).await? else { continue };
            only.extend(entry.files("add").filter(|file| !live.contains(file)));
        }
        Ok(only)
    }

    /// Removes files of the table's folder and returns how many were there.
    async fn remove(&self, files: Vec<String>) -> Result<usize> {
        let store = self.log.object_store(None);
        let mut removed = 0;
        for file in files {
            match store.delete(&Path::from(file)).await {
                Ok(()) => removed += 1,
                Err(StoreError::NotFound { .. }) => {}
                Err(e) => return Err(table_failed(self.name(), "removing files of", e.into())),
            }
        }
        Ok(removed)
    }
}

/// The versions to keep and those to let go. `next` comes after them.
fn split(old: &[Committed], next: Committed, pinned: &BTreeSet<u64>) -> (Vec<Committed>, Vec<Committed>) {
    let times_after = old.iter().skip(1).map(|(_, time)| *time).chain([next.1]);
    let last_of_day =
        old.iter().zip(times_after).map(|((_, time), after)| time.date_naive() != after.date_naive());
    let keep = old
        .iter()
        .zip(last_of_day)
        .map(|((version, _), last)| *version == 0 || last || pinned.contains(version));
    let keep: Vec<bool> = keep.collect();
    let chosen =
        |kept: bool| old.iter().zip(&keep).filter(move |(_, k)| **k == kept).map(|(v, _)| *v).collect();
    (chosen(true), chosen(false))
}

/// Versions put together that follow each other; none if there is none.
fn runs(expiring: &[Committed]) -> Option<Vec<Run>> {
    let expired = Utc::now();
    let mut runs: Vec<Run> = Vec::new();
    for (version, since) in expiring {
        match runs.last_mut().filter(|run| *run.versions.end() + 1 == *version) {
            Some(run) => run.versions = *run.versions.start()..=*version,
            None => runs.push(Run { versions: *version..=*version, since: *since, expired }),
        }
    }
    Some(runs).filter(|runs| !runs.is_empty())
}

fn checkpoint_name(version: u64) -> String {
    format!("{version:020}.checkpoint.parquet")
}

/// The version of a checkpoint, by the name of its file.
fn checkpointed(name: &str) -> Option<u64> {
    name.strip_suffix(".checkpoint.parquet")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(version: u64, day: u32, hour: u32) -> Committed {
        (version, format!("2026-11-{day:02}T{hour:02}:00:00Z").parse().unwrap())
    }

    #[test]
    fn kept_are_the_first_the_pinned_and_the_last_of_each_day() {
        let old =
            [at(0, 1, 8), at(1, 1, 9), at(2, 1, 10), at(3, 2, 8), at(4, 2, 9), at(5, 2, 10), at(6, 2, 11)];
        let (kept, expiring) = split(&old, at(7, 2, 12), &BTreeSet::from([4]));
        assert_eq!(kept, [old[0], old[2], old[4]]);
        assert_eq!(expiring, [old[1], old[3], old[5], old[6]]);
        let runs: Vec<_> =
            runs(&expiring).unwrap().into_iter().map(|run| (run.versions, run.since)).collect();
        assert_eq!(runs, [(1..=1, old[1].1), (3..=3, old[3].1), (5..=6, old[5].1)]);
        assert_eq!(split(&old[3..], at(7, 3, 1), &BTreeSet::new()).0, [old[6]]);
    }
}
