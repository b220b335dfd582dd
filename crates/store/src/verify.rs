//! Whether a folder of tables is what was committed: every file of every log and every data file compared with its
//! digest, versions without gaps, the ledger not ahead of the tables.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use deltalake_core::logstore::object_store::{ObjectStore, ObjectStoreExt, path::Path};
use futures::TryStreamExt;
use uplift_core::error::{Error, Result};
use uplift_engine::error::damage;
use uplift_formats::columns::{integer, text, text_at};

use crate::expired::Expired;
use crate::schema::{LEDGER, LOG_SUBMISSIONS};
use crate::store::Store;
use crate::sums::Sums;
use crate::versions::Entry;

/// What is wrong with one file, or with a table as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub table: String,
    /// The file; empty for the table as a whole.
    pub file: String,
    pub what: String,
    /// Version that added the file; none if the log does not tell.
    pub version: Option<u64>,
    /// Submissions whose rows are concerned, as far as the log tells.
    pub submissions: Vec<String>,
}

/// What was looked at, and what was found.
#[derive(Debug, Default)]
pub struct Verification {
    pub tables: usize,
    pub files: usize,
    /// Log files without a digest: of another program, of before there were digests, or of a moment before a crash.
    pub unproven: usize,
    pub findings: Vec<Finding>,
}

/// A submission as the ledger records it.
struct Recorded {
    dataset: String,
    submission_id: String,
    version: i64,
}

/// What the entries of a log say.
#[derive(Debug, Default)]
struct Log {
    /// By data file: the version that added it, and the submissions that its rows are of.
    added: BTreeMap<String, (u64, BTreeSet<String>)>,
    /// Its entries.
    versions: BTreeSet<u64>,
}

impl Store {
    /// Looks at every file of every table. `progress` is told each table before it is looked at.
    pub async fn verify(&self, progress: impl Fn(&str)) -> Result<Verification> {
        let mut verification = Verification::default();
        for table in self.table_names()? {
            progress(&table);
            verification.tables += 1;
            self.verify_table(&table, &mut verification).await?;
        }
        let recorded = self.recorded().await?;
        name_submissions(&mut verification.findings, &recorded);
        self.verify_ledger(&recorded, &mut verification).await?;
        Ok(verification)
    }

    /// Names of the folders that hold tables.
    pub(crate) fn table_names(&self) -> Result<Vec<String>> {
        let failed = |e| Error::internal("listing the tables", e);
        let mut names = self.files().sums().made_tables();
        for entry in std::fs::read_dir(self.root()).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let known = self.files().sums().newest_version(&name).is_some();
            if known || entry.path().join("_delta_log").is_dir() {
                names.push(name);
            }
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    async fn verify_table(&self, table: &str, verification: &mut Verification) -> Result<()> {
        let listing = |e| Error::internal(format!("listing the files of {table}"), e);
        let folder = Path::from(table);
        let files: Vec<_> = self.files().list(Some(&folder)).try_collect().await.map_err(listing)?;
        let mut files: BTreeSet<Path> = files.into_iter().map(|file| file.location).collect();
        let expired = self.files().sums().expired(table);
        let log = self.read_log(&files, &expired).await;
        files.extend(self.files().sums().files(table));
        files.extend(log.added.keys().map(|file| Path::from(format!("{table}/{file}"))));
        let opened = self.get(table).await;
        if let Ok(Some(opened)) = &opened {
            // Versions between which others expired, and the newest, have files that no entry may name any more.
            let before_a_gap = log.versions.iter().filter(|v| expired.run_of(**v + 1).is_some());
            let after_a_gap =
                log.versions.iter().filter(|v| v.checked_sub(1).is_some_and(|v| expired.run_of(v).is_some()));
            let newest = log.versions.last();
            let alone: BTreeSet<_> = before_a_gap.chain(after_a_gap).chain(newest).collect();
            for version in alone {
                let live =
                    opened.at(*version as i64).await.map(|snapshot| snapshot.files()).unwrap_or_default();
                files.extend(live.into_iter().map(|file| Path::from(format!("{table}/{file}"))));
            }
        }
        let mut found = Vec::new();
        for file in &files {
            verification.files += 1;
            if Sums::holds(file) && self.files().sums().get(file).is_none() {
                verification.unproven += 1;
            }
            let wrong = match self.files().check(file).await {
                // A file without a digest must at least be there.
                Ok(()) => self.files().head(file).await.err(),
                Err(e) => Some(e),
            };
            if let Some(error) = wrong {
                let name = file.as_ref().strip_prefix(&format!("{table}/")).unwrap_or(file.as_ref());
                let added = log.added.get(name);
                found.push(Finding {
                    table: table.to_owned(),
                    file: name.to_owned(),
                    what: damage(&error).map_or_else(|| error.to_string(), |d| d.what.to_owned()),
                    version: added.map(|(version, _)| *version).or_else(|| version_of(name)),
                    submissions: added.map(|(_, of)| of.iter().cloned().collect()).unwrap_or_default(),
                });
            }
        }
        let whole = |what: String| Finding {
            table: table.to_owned(),
            file: String::new(),
            what,
            version: None,
            submissions: Vec::new(),
        };
        if let (Some(first), Some(last)) = (log.versions.first(), log.versions.last()) {
            let missing = |v: &u64| !log.versions.contains(v) && expired.run_of(*v).is_none();
            let gaps: Vec<_> = (*first..*last).filter(missing).collect();
            found.extend(gaps.iter().map(|v| Finding {
                version: Some(*v),
                ..whole("the version is missing from the log".to_owned())
            }));
        }
        if !self.files().sums().is_listed(table) {
            found.push(whole("its list of digests is gone: its log is not proven".to_owned()));
        }
        if let Err(error) = opened
            && found.is_empty()
        {
            found.push(whole(error.message));
        }
        verification.findings.extend(found);
        Ok(())
    }

    /// The log as far as it can be read: what is wrong with it is found by its digests.
    async fn read_log(&self, files: &BTreeSet<Path>, expired: &Expired) -> Log {
        let mut log = Log::default();
        let mut sources: HashMap<String, BTreeSet<String>> = HashMap::new();
        for file in files {
            let Some(version) = file.filename().and_then(version_of) else { continue };
            // A copy that was made meanwhile may have the entry and no longer its files.
            if expired.run_of(version).is_some() {
                continue;
            }
            log.versions.insert(version);
            let Ok(content) = self.files().get(file).await else { continue };
            let Ok(content) = content.bytes().await else { continue };
            let entry = Entry::parse(&content);
            let own = entry.actions("commitInfo").filter_map(|info| info.get(LOG_SUBMISSIONS)?.as_array());
            let own: BTreeSet<_> =
                own.flatten().filter_map(|s| Some(s.get("submission_id")?.as_str()?.to_owned())).collect();
            // Rows of a file that was removed are in the files that were added to the same folder.
            for removed in entry.files("remove") {
                let of = log.added.get(&removed).map(|(_, of)| of.clone()).unwrap_or_default();
                sources.entry(folder(&removed).to_owned()).or_default().extend(of);
            }
            for added in entry.files("add") {
                let mut of = own.clone();
                of.extend(sources.get(folder(&added)).cloned().unwrap_or_default());
                log.added.insert(added, (version, of));
            }
            sources.clear();
        }
        log
    }

    /// What the ledger records of committed submissions, as far as it can be read: what is wrong with it is found
    /// by its digests.
    async fn recorded(&self) -> Result<Vec<Recorded>> {
        let Ok(Some(ledger)) = self.get(LEDGER).await else { return Ok(Vec::new()) };
        let Ok(batches) = ledger.snapshot().await?.rows().await?.collect().await else {
            return Ok(Vec::new());
        };
        let mut recorded = Vec::new();
        for batch in batches {
            let (datasets, ids) = (text(&batch, "dataset")?, text(&batch, "submission_id")?);
            let versions = integer(&batch, "table_version")?;
            recorded.extend(versions.iter().enumerate().filter_map(|(row, version)| {
                let (dataset, submission_id) = (text_at(&datasets, row), text_at(&ids, row));
                Some(Recorded { dataset, submission_id, version: version? })
            }));
        }
        Ok(recorded)
    }

    /// The ledger must not tell of versions that a table does not have.
    async fn verify_ledger(&self, recorded: &[Recorded], verification: &mut Verification) -> Result<()> {
        let mut newest: BTreeMap<&str, &Recorded> = BTreeMap::new();
        for entry in recorded {
            let known = newest.entry(&entry.dataset).or_insert(entry);
            if known.version < entry.version {
                *known = entry;
            }
        }
        for (table, newest) in newest {
            let version = match self.get(table).await {
                Ok(Some(opened)) => opened.snapshot().await.map_or(i64::MAX, |s| s.version()),
                Ok(None) => -1,
                // What is wrong with it was found above.
                Err(_) => continue,
            };
            if version < newest.version {
                verification.findings.push(Finding {
                    table: table.to_owned(),
                    file: String::new(),
                    what: format!("the table is at version {version}, the ledger at {}", newest.version),
                    version: Some(newest.version.unsigned_abs()),
                    submissions: vec![newest.submission_id.clone()],
                });
            }
        }
        Ok(())
    }
}

/// Names the submissions of a damaged log entry, which cannot name them itself.
fn name_submissions(findings: &mut [Finding], recorded: &[Recorded]) {
    for finding in findings.iter_mut().filter(|finding| finding.submissions.is_empty()) {
        let Some(version) = finding.version.and_then(|v| i64::try_from(v).ok()) else { continue };
        let of_version = recorded.iter().filter(|r| r.dataset == finding.table && r.version == version);
        finding.submissions = of_version.map(|r| r.submission_id.clone()).collect();
    }
}

/// The version of a log entry, by the name of its file.
fn version_of(name: &str) -> Option<u64> {
    name.rsplit('/').next()?.strip_suffix(".json")?.parse().ok()
}

fn folder(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}
