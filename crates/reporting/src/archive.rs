//! The archive of reports: for each a folder with its content and its record.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use prost::Message;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_proto::v1::reporting::Report;

/// Reports on an object store. Content is written before its record, so that a report that is listed is
/// complete.
#[derive(Debug, Clone)]
pub struct Archive {
    store: Arc<dyn ObjectStore>,
}

const CONTENT: &str = "report.html";
const RECORD: &str = "report.bin";

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
        Ok(Self { store: Arc::new(store) })
    }

    /// Keeps a report.
    pub async fn put(&self, report: &Report, content: Bytes) -> Result<()> {
        let failed = |e| Error::internal("keeping the report", e);
        self.store.put(&key(&report.report_id, CONTENT), content.into()).await.map_err(failed)?;
        let record = PutPayload::from(report.encode_to_vec());
        self.store.put(&key(&report.report_id, RECORD), record).await.map_err(failed)?;
        Ok(())
    }

    /// The record of a report.
    pub async fn get(&self, report_id: &str) -> Result<Report> {
        let bytes = self.read(report_id, RECORD).await?;
        Report::decode(bytes).map_err(|e| Error::internal("reading a report's record", e))
    }

    /// A report's content.
    pub async fn content(&self, report_id: &str) -> Result<Bytes> {
        self.read(report_id, CONTENT).await
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
            .filter(|object| object.location.filename() == Some(RECORD))
            .filter_map(|object| object.location.parts().next().map(|id| id.as_ref().to_owned()))
            .collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        Ok(ids)
    }

    async fn read(&self, report_id: &str, file: &str) -> Result<Bytes> {
        let missing =
            || Error::not_found(format!("there is no report {report_id:?}; ListReports lists them"));
        // An id is the name of a folder: what could leave the archive is not an id.
        if report_id.is_empty() || !report_id.chars().all(|c| c.is_ascii_hexdigit() || c == '-') {
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

fn key(report_id: &str, file: &str) -> Key {
    Key::from_iter([report_id, file])
}
