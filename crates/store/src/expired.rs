//! Which versions of a table expired, and when: whoever asks for one is told.

use std::fs::OpenOptions;
use std::io::Write;
use std::ops::RangeInclusive;
use std::path::Path;

use chrono::{DateTime, SecondsFormat, Utc};

/// Name of the list in the folder of a table. A line has the first and the last version of a run, when the first
/// was committed, and when the run expired.
pub(crate) const FILE: &str = "_expired_versions";

/// Versions that expired together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) versions: RangeInclusive<u64>,
    /// When the first of them was committed.
    pub(crate) since: DateTime<Utc>,
    pub(crate) expired: DateTime<Utc>,
}

/// Every run of a table, in the order of versions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Expired {
    runs: Vec<Run>,
}

impl Expired {
    /// Reads the list of a table's folder; lines that are cut short are passed over.
    pub(crate) fn read(folder: &Path) -> Self {
        let list = std::fs::read_to_string(folder.join(FILE)).unwrap_or_default();
        let mut lines: Vec<_> = list.lines().filter_map(parse).collect();
        lines.sort_by_key(|run| *run.versions.start());
        let mut runs: Vec<Run> = Vec::new();
        for line in lines {
            match runs.last_mut().filter(|run| *run.versions.end() + 1 >= *line.versions.start()) {
                // What lies between two versions that are kept is one run.
                Some(run) => {
                    run.versions = *run.versions.start()..=*line.versions.end().max(run.versions.end());
                    run.expired = line.expired;
                }
                None => runs.push(line),
            }
        }
        Self { runs }
    }

    /// The run that a version is in; none if it did not expire.
    pub(crate) fn run_of(&self, version: u64) -> Option<&Run> {
        let after = self.runs.partition_point(|run| *run.versions.start() <= version);
        self.runs[..after].last().filter(|run| run.versions.contains(&version))
    }
}

/// Adds runs to the list of a table's folder; what it says is durable when this returns.
pub(crate) fn append(folder: &Path, runs: &[Run]) -> std::io::Result<()> {
    let mut list = OpenOptions::new().create(true).append(true).open(folder.join(FILE))?;
    for Run { versions, since, expired } in runs {
        let time = |t: &DateTime<Utc>| t.to_rfc3339_opts(SecondsFormat::Millis, true);
        // The break before a line ends one that a crash cut short.
        write!(list, "\n{} {} {} {}", versions.start(), versions.end(), time(since), time(expired))?;
    }
    list.sync_data()
}

fn parse(line: &str) -> Option<Run> {
    let mut words = line.split(' ');
    let mut word = || words.next();
    let (first, last) = (word()?.parse().ok()?, word()?.parse().ok()?);
    Some(Run { versions: first..=last, since: word()?.parse().ok()?, expired: word()?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_its_run() {
        let folder = tempfile::tempdir().unwrap();
        let now = DateTime::from_timestamp_millis(1_700_000_000_123).unwrap();
        let run = |versions| Run { versions, since: now, expired: now };
        append(folder.path(), &[run(20..=29)]).unwrap();
        append(folder.path(), &[run(1..=5), run(11..=11), run(6..=9)]).unwrap();
        let expired = Expired::read(folder.path());
        assert_eq!(expired.run_of(25), Some(&run(20..=29)));
        assert_eq!(expired.run_of(11), Some(&run(11..=11)));
        assert_eq!(expired.run_of(3), Some(&run(1..=9)));
        for kept in [0, 10, 12, 19, 30] {
            assert_eq!(expired.run_of(kept), None, "{kept}");
        }
    }
}
