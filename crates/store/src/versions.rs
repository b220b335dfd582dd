//! Earlier states of a table: by version, by instant, and what the log says of each.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use deltalake_core::logstore::object_store::path::Path;
use serde_json::Value;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_engine::error::table_failed;

use crate::expired::{Expired, Run};
use crate::snapshot::Snapshot;
use crate::table::{TIME, Table};

/// Which versions are kept, for the one who asks for another.
const KEPT: &str =
    "versions are kept that an answer named, the last of each day, and every one for some time";

/// One entry of the log: a version and the metadata of its commit.
#[derive(Debug, Clone)]
pub struct LogEntry {
    /// Version that the commit made.
    pub version: u64,
    /// Metadata of the commit.
    pub metadata: HashMap<String, Value>,
}

/// The actions of an entry of the log, as JSON.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    actions: Vec<Value>,
}

impl Entry {
    pub(crate) fn parse(content: &[u8]) -> Self {
        let lines = content.split(|b| *b == b'\n');
        Self { actions: lines.filter_map(|line| serde_json::from_slice(line).ok()).collect() }
    }

    /// What one kind of action says: `add`, `remove`, `commitInfo`.
    pub(crate) fn actions<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.actions.iter().filter_map(move |action| action.get(kind))
    }

    /// Data files that it adds or removes.
    pub(crate) fn files<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = String> {
        self.actions(kind).filter_map(|action| Some(decoded(action.get("path")?.as_str()?)))
    }

    /// When its version was committed.
    fn time(&self) -> Option<i64> {
        let info = self.actions("commitInfo").next()?;
        // Other programs, and earlier versions of this one, write only the time of their clock.
        info.get(TIME).or_else(|| info.get("timestamp"))?.as_i64()
    }
}

impl Table {
    /// The entry of a version; none if it is not there.
    pub(crate) async fn entry(&self, version: u64) -> Result<Option<Entry>> {
        let content = self.log.read_commit_entry(version).await;
        let content = content.map_err(|e| table_failed(self.name(), "reading the log of", e))?;
        Ok(content.map(|content| Entry::parse(&content)))
    }

    /// When a version was committed; none if its entry is not there.
    pub async fn time(&self, version: u64) -> Result<Option<DateTime<Utc>>> {
        let known = self.times().get(&version).copied();
        let time = match known {
            Some(known) => Some(known),
            None => self.entry(version).await?.and_then(|entry| entry.time()),
        };
        if let Some(time) = time {
            self.times().insert(version, time);
        }
        Ok(time.and_then(DateTime::from_timestamp_millis))
    }

    /// The time of the next commit after a version.
    pub(crate) async fn next_time(&self, version: u64) -> Result<i64> {
        let now = Utc::now().timestamp_millis();
        Ok(self.time(version).await?.map_or(now, |last| now.max(last.timestamp_millis() + 1)))
    }

    /// The state at a version.
    pub async fn at(&self, version: i64) -> Result<Snapshot> {
        let newest = self.snapshot().await?;
        if version == newest.version() {
            return Ok(newest);
        }
        let unknown = || {
            let last = newest.version();
            Error::not_found(format!("table {} has no version {version}; the newest is {last}", self.name()))
        };
        let Some(known) = u64::try_from(version).ok().filter(|_| version < newest.version()) else {
            return Err(unknown());
        };
        let expired = self.expired();
        if let Some(run) = expired.run_of(known) {
            let nearest: Vec<_> = around(run).map(|v| v.to_string()).collect();
            let message = format!(
                "version {version} of table {} expired on {}; the nearest that are kept are {} ({KEPT})",
                self.name(),
                run.expired.format("%F %R"),
                nearest.join(" and "),
            );
            return Err(Error::not_found(message));
        }
        let mut table = self.newest.lock().await.clone();
        match table.load_version(known).await {
            Ok(()) => Ok(Snapshot::new(table)),
            Err(e) => match table_failed(self.name(), "reading", e) {
                damaged if damaged.kind == ErrorKind::DataLoss => Err(damaged),
                other => Err(Error { source: other.source, ..unknown() }),
            },
        }
    }

    /// What the table held at an instant: nothing before its first commit.
    pub async fn at_instant(&self, instant: DateTime<Utc>) -> Result<Snapshot> {
        let newest = self.snapshot().await?;
        let expired = self.expired();
        let kept: Vec<u64> = self.kept_versions(&newest, &expired).collect();
        let (mut before, mut after) = (0, kept.len());
        while before < after {
            let middle = (before + after) / 2;
            let time = self.time(kept[middle]).await?;
            if time.is_none_or(|time| time <= instant) { before = middle + 1 } else { after = middle }
        }
        // For an instant before the table was created this is version 0, which has no rows.
        let version = kept.get(before.saturating_sub(1)).copied().unwrap_or_default();
        if let Some(run) = expired.run_of(version + 1).filter(|run| run.since <= instant) {
            let mut nearest = Vec::new();
            for version in around(run) {
                nearest.extend(self.time(version).await?.map(|t| t.format("%FT%TZ").to_string()));
            }
            let message = format!(
                "what table {} held then expired on {}; its nearest states that are kept began at {} ({KEPT})",
                self.name(),
                run.expired.format("%F %R"),
                nearest.join(" and "),
            );
            return Err(Error::not_found(message));
        }
        self.at(version as i64).await
    }

    /// The versions that did not expire.
    pub(crate) fn kept_versions<'a>(
        &self,
        newest: &Snapshot,
        expired: &'a Expired,
    ) -> impl Iterator<Item = u64> + use<'a> {
        let all = 0..=u64::try_from(newest.version()).unwrap_or_default();
        all.filter(|version| expired.run_of(*version).is_none())
    }

    /// The log after a version, the oldest first, as far as it is kept.
    pub async fn log_after(&self, version: i64) -> Result<Vec<LogEntry>> {
        let newest = u64::try_from(self.snapshot().await?.version()).unwrap_or_default();
        let mut entries = Vec::new();
        for version in u64::try_from(version + 1).unwrap_or_default()..=newest {
            let Some(entry) = self.entry(version).await? else { continue };
            let metadata = entry.actions("commitInfo").filter_map(Value::as_object).flatten();
            let metadata = metadata.map(|(key, value)| (key.clone(), value.clone())).collect();
            entries.push(LogEntry { version, metadata });
        }
        Ok(entries)
    }

    fn times(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, i64>> {
        self.times.lock().unwrap_or_else(|e| e.into_inner())
    }

    pub(crate) fn expired(&self) -> Arc<Expired> {
        self.files.sums().expired(self.name())
    }
}

/// The versions beside a run: both are kept, since runs that touch are one.
fn around(run: &Run) -> impl Iterator<Item = u64> {
    run.versions.start().checked_sub(1).into_iter().chain([run.versions.end() + 1])
}

/// A path of the log without its percent encoding.
fn decoded(path: &str) -> String {
    let url = url::Url::parse("file:///").and_then(|base| base.join(path));
    let decoded = url.ok().and_then(|url| Path::from_url_path(url.path()).ok());
    decoded.map_or_else(|| path.to_owned(), |path| path.to_string())
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::{Commit, Store, schema};

    #[tokio::test]
    async fn times_go_up_although_the_clock_was_set_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("tables")).unwrap();
        let table = store.create(&schema::ledger()).await.unwrap();
        let began = Utc::now() + TimeDelta::seconds(1);
        table.commit(Commit::default()).await.unwrap();
        // As if that commit had been made by a clock five years ahead.
        let ahead = Utc::now() + TimeDelta::days(5 * 365);
        table.times().insert(1, ahead.timestamp_millis());
        table.commit(Commit::default()).await.unwrap();
        let later = table.time(2).await.unwrap().unwrap();
        assert_eq!(later.timestamp_millis(), ahead.timestamp_millis() + 1);
        let at = async |instant| table.at_instant(instant).await.unwrap().version();
        assert_eq!((at(began).await, at(ahead).await, at(later).await), (0, 1, 2));
    }
}
