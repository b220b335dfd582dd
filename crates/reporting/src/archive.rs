//! The archive of reports: for each a folder with its files and its record.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use prost::Message;
use sha2::{Digest, Sha256};
use uplift_core::disk::unwritable;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_proto::v1::reporting::{Report, ReportFile};

use crate::output::File;

/// Reports on an object store. Files are written before the record, so that a report that is listed is complete.
#[derive(Debug, Clone)]
pub struct Archive {
    store: Arc<dyn ObjectStore>,
}

/// The page as earlier versions kept it.
const OLD_CONTENT: &str = "report.html";
/// The record, and before it the SHA-256 of it.
const RECORD: &str = "record.bin";
/// The record as earlier versions kept it.
const OLD_RECORD: &str = "report.bin";
const DIGEST: usize = 32;

impl Archive {
    /// An archive in a folder, created if need be.
    pub fn open(folder: &Path) -> Result<Self> {
        let unusable = |e: String| {
            Error::new(
                ErrorKind::FailedPrecondition,
                format!("cannot keep reports in {}: {e}", folder.display()),
            )
        };
        std::fs::create_dir_all(folder).map_err(|e| unusable(e.to_string()))?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(|e| unusable(e.to_string()))?;
        // A folder whose last file is deleted goes with it.
        let store = store.with_automatic_cleanup(true);
        Ok(Self { store: Arc::new(store) })
    }

    /// Where it is kept; editions stand beside reports.
    pub(crate) fn store(&self) -> Arc<dyn ObjectStore> {
        self.store.clone()
    }

    /// Keeps a report.
    pub(crate) async fn put(&self, report: &Report, files: Vec<File>) -> Result<()> {
        let names: Vec<_> = files.iter().map(|file| file.record.name.clone()).collect();
        let kept = self.write(report, files).await;
        if kept.is_err() {
            // What there is of it is of no use to anybody, and a full disk needs the room.
            for name in names.iter().map(String::as_str).chain([RECORD]) {
                let _ = self.store.delete(&key(&report.report_id, name)).await;
            }
        }
        kept
    }

    async fn write(&self, report: &Report, files: Vec<File>) -> Result<()> {
        let failed = |e: object_store::Error| {
            unwritable(&e).unwrap_or_else(|| Error::internal("keeping the report", e))
        };
        for file in files {
            let key = key(&report.report_id, &file.record.name);
            self.store.put(&key, file.content.into()).await.map_err(failed)?;
        }
        let record = report.encode_to_vec();
        let record = PutPayload::from([Sha256::digest(&record).as_slice(), &record].concat());
        self.store.put(&key(&report.report_id, RECORD), record).await.map_err(failed)?;
        Ok(())
    }

    /// The record of a report.
    pub async fn get(&self, report_id: &str) -> Result<Report> {
        let damaged = || damaged(report_id, "record");
        let record = match self.read(report_id, RECORD).await {
            Ok(mut record) if record.len() >= DIGEST => {
                let digest = record.split_to(DIGEST);
                if Sha256::digest(&record).as_slice() != &*digest {
                    return Err(damaged());
                }
                record
            }
            Ok(_) => return Err(damaged()),
            Err(e) if e.kind == ErrorKind::NotFound => self.read(report_id, OLD_RECORD).await?,
            Err(e) => return Err(e),
        };
        let report = Report::decode(record).map_err(|_| damaged())?;
        if report.report_id == report_id { Ok(report) } else { Err(damaged()) }
    }

    /// A file of a report, which must be what was kept at first; an empty name is its first.
    pub(crate) async fn content(&self, report_id: &str, file: &str) -> Result<Bytes> {
        let report = self.get(report_id).await?;
        // Reports of earlier versions have one file, which their record does not list.
        let old = ReportFile {
            name: OLD_CONTENT.to_owned(),
            sha256: report.sha256.clone(),
            ..ReportFile::default()
        };
        let files = if report.files.is_empty() { vec![old] } else { report.files };
        let Some(found) = files.iter().find(|known| file.is_empty() || known.name == file) else {
            let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
            let names = names.join(", ");
            return Err(Error::not_found(format!("report {report_id} has no file {file:?}; it has {names}")));
        };
        match self.read(report_id, &found.name).await {
            Ok(content) if hex::encode(Sha256::digest(&content)) == found.sha256 => Ok(content),
            Ok(_) => Err(damaged(report_id, "content")),
            Err(e) if e.kind == ErrorKind::NotFound => Err(damaged(report_id, "content")),
            Err(e) => Err(e),
        }
    }

    /// Ids of all reports, the newest first: ids begin with their time.
    pub async fn ids(&self) -> Result<Vec<String>> {
        let listed: Vec<_> = self
            .store
            .list(None)
            .try_collect()
            .await
            .map_err(|e| Error::internal("listing the reports", e))?;
        let mut ids: Vec<_> = listed
            .iter()
            .filter(|object| matches!(object.location.filename(), Some(RECORD | OLD_RECORD)))
            .filter_map(|object| object.location.parts().next().map(|id| id.as_ref().to_owned()))
            // A folder that is not a report's is somebody else's.
            .filter(|id| is_id(id))
            .collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.dedup();
        Ok(ids)
    }

    async fn read(&self, report_id: &str, file: &str) -> Result<Bytes> {
        let missing =
            || Error::not_found(format!("there is no report {report_id:?}; ListReports lists them"));
        // An id is the name of a folder: what could leave the archive is not an id.
        if !is_id(report_id) {
            return Err(missing());
        }
        let object = match self.store.get(&key(report_id, file)).await {
            Ok(object) => object,
            Err(object_store::Error::NotFound { .. }) => return Err(missing()),
            Err(e) => return Err(Error::internal("reading a report", e)),
        };
        object.bytes().await.map_err(|e| Error::internal("reading a report", e))
    }
}

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

fn damaged(report_id: &str, part: &str) -> Error {
    let message = format!("the {part} of report {report_id} is not what was kept; restore it from a backup");
    Error::new(ErrorKind::DataLoss, message)
}

fn key(report_id: &str, file: &str) -> Key {
    Key::from_iter([report_id, file])
}
