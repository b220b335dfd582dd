//! The object store below the tables: what is read is what was written.
//!
//! A data file carries the SHA-256 of its content in its name, and the commit names the file. The log has a list
//! of the digests of its own files, which `sha256sum -c` understands. A file is read whole and compared
//! before any part of it is used, once in the life of a process.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    Attributes, CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    RenameOptions, Result, UploadPart,
};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use uplift_engine::error::{CHANGED, Damaged, GUARDED, MISSING};

use crate::sums::{LOG, Sums, entry_name, table_and_file};

/// A folder of tables whose files are checked when they are first read. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct GuardedStore {
    inner: Arc<dyn ObjectStore>,
    state: Arc<Mutex<State>>,
    sums: Arc<Sums>,
}

/// Files of a log that are looked for at once.
const LOOKED_FOR_AT_ONCE: usize = 8;

#[derive(Debug, Default)]
struct State {
    /// Files that were compared with their digest, and when that began.
    checked: HashMap<Path, SystemTime>,
    /// Digests of data files that were written and have no name yet that tells them.
    written: HashMap<Path, String>,
}

impl GuardedStore {
    /// Over a folder; `between` may put another store between this one and the folder.
    pub(crate) fn new(
        root: &std::path::Path,
        between: impl FnOnce(Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore>,
    ) -> Result<Self> {
        let inner = between(Arc::new(LocalFileSystem::new_with_prefix(root)?));
        Ok(Self { inner, state: Arc::default(), sums: Arc::new(Sums::new(root)) })
    }

    /// The digest of a data file that was just written.
    pub(crate) fn take_digest(&self, location: &Path) -> Option<String> {
        self.state().written.remove(location)
    }

    /// Digests of log files.
    pub(crate) fn sums(&self) -> &Sums {
        &self.sums
    }

    /// Compares a file with its digest, if it has one and was not compared before.
    pub(crate) async fn check(&self, location: &Path) -> Result<()> {
        self.check_since(location, SystemTime::UNIX_EPOCH).await
    }

    /// The same, unless it was compared since an instant.
    pub(crate) async fn check_since(&self, location: &Path, instant: SystemTime) -> Result<()> {
        self.read_to_check(location, instant).await.map(drop)
    }

    /// The file as it was read to be compared; none where it was not read.
    async fn read_to_check(&self, location: &Path, instant: SystemTime) -> Result<Option<Read>> {
        if self.state().checked.get(location).is_some_and(|checked| *checked >= instant) {
            return Ok(None);
        }
        let now = SystemTime::now();
        let Some(expected) = digest_in_name(location).or_else(|| self.sums.get(location)) else {
            return Ok(None);
        };
        let damaged = |what| {
            let damaged = Damaged { file: location.to_string(), what };
            object_store::Error::Generic { store: GUARDED, source: Box::new(damaged) }
        };
        let found = match self.inner.get(location).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Err(damaged(MISSING)),
            Err(e) => return Err(e),
        };
        let (meta, attributes) = (found.meta.clone(), found.attributes.clone());
        let bytes = found.bytes().await?;
        if digest_of(bytes.clone()).await.is_some_and(|digest| digest == expected) {
            self.state().checked.insert(location.clone(), now);
            return Ok(Some(Read { bytes, meta, attributes }));
        }
        Err(damaged(CHANGED))
    }

    /// The files of a log after a name: those that may be there by what is known of it, and what follows that. A folder
    /// is not listed, because that would cost more with every version.
    fn list_log(
        &self,
        log: &Path,
        names: Vec<String>,
        next: u64,
        after: String,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let find = {
            let (inner, log) = (self.inner.clone(), log.clone());
            move |name: String| {
                let (inner, path) = (inner.clone(), log.clone().join(name));
                async move {
                    match inner.head(&path).await {
                        Err(object_store::Error::NotFound { .. }) => Ok(None),
                        found => found.map(Some),
                    }
                }
            }
        };
        let known = stream::iter(names).map(find.clone()).buffered(LOOKED_FOR_AT_ONCE);
        let known = known.try_filter_map(|found| async move { Ok(found) });
        let further = stream::try_unfold(next, move |version| {
            let found = find(entry_name(version));
            async move { Ok(found.await?.map(|found| (found, version + 1))) }
        });
        let later =
            move |file: &ObjectMeta| file.location.filename().is_some_and(|name| name > after.as_str());
        known.chain(further).try_filter(move |file| futures::future::ready(later(file))).boxed()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Remembers the digest of a file that was written.
    fn keep(&self, location: &Path, digest: String) {
        if Sums::holds(location) {
            self.sums.add(location, digest);
        } else {
            self.state().written.insert(location.clone(), digest);
        }
    }
}

/// A file as it was read.
struct Read {
    bytes: Bytes,
    meta: ObjectMeta,
    attributes: Attributes,
}

impl From<Read> for GetResult {
    fn from(Read { bytes, meta, attributes }: Read) -> Self {
        let range = 0..meta.size;
        let payload = GetResultPayload::Stream(stream::once(async { Ok(bytes) }).boxed());
        Self { payload, meta, range, attributes }
    }
}

/// Bytes whose digest takes less than handing them to another thread.
const SMALL: usize = 2 << 20;

/// The SHA-256 of some bytes; none if computing it was cut off.
async fn digest_of(bytes: Bytes) -> Option<String> {
    let is_small = bytes.len() < SMALL;
    let digest = move || hex::encode(Sha256::digest(&bytes));
    match Handle::try_current() {
        Ok(runtime) if !is_small => runtime.spawn_blocking(digest).await.ok(),
        // A thread that belongs to no runtime may take its time.
        _ => Some(digest()),
    }
}

/// The name of a data file with the digest of its content: `part-….parquet` to `part-…-<digest>.parquet`.
pub(crate) fn with_digest(location: &str, digest: &str) -> String {
    let stem = location.strip_suffix(".parquet").unwrap_or(location);
    format!("{stem}-{digest}.parquet")
}

fn digest_in_name(location: &Path) -> Option<String> {
    let (_, digest) = location.filename()?.strip_suffix(".parquet")?.rsplit_once('-')?;
    let is_digest = digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit());
    is_digest.then(|| digest.to_owned())
}

impl fmt::Display for GuardedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tables")
    }
}

#[async_trait]
impl ObjectStore for GuardedStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let mut hash = Sha256::new();
        payload.iter().for_each(|bytes| hash.update(bytes));
        let put = self.inner.put_opts(location, payload, options).await?;
        self.keep(location, hex::encode(hash.finalize()));
        Ok(put)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let inner = self.inner.put_multipart_opts(location, options).await?;
        Ok(Box::new(Upload { inner, hash: Sha256::new(), location: location.clone(), store: self.clone() }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if options.head {
            return self.inner.get_opts(location, options).await;
        }
        let GetOptions { if_match, if_none_match, if_modified_since, if_unmodified_since, .. } = &options;
        let unconditional = if_match.is_none()
            && if_none_match.is_none()
            && if_modified_since.is_none()
            && if_unmodified_since.is_none();
        let is_whole = unconditional && options.range.is_none() && options.version.is_none();
        match self.read_to_check(location, SystemTime::UNIX_EPOCH).await? {
            // What was compared is what is given.
            Some(read) if is_whole => Ok(read.into()),
            _ => self.inner.get_opts(location, options).await,
        }
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.check(location).await?;
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let state = self.state.clone();
        let deleted = self.inner.delete_stream(locations).inspect_ok(move |location| {
            state.lock().unwrap_or_else(|e| e.into_inner()).checked.remove(location);
        });
        deleted.boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        sorted(self.inner.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let log = table_and_file(offset).filter(|_| prefix.is_some_and(|p| p.filename() == Some(LOG)));
        let names = log.and_then(|(table, after)| Some((self.sums.log_names(&table, &after)?, after)));
        match (names, prefix) {
            (Some(((names, next), after)), Some(prefix)) => self.list_log(prefix, names, next, after),
            _ => sorted(self.inner.list_with_offset(prefix, offset)),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.inner.rename_opts(from, to, options).await
    }
}

/// A listing by name, as object stores give it and folders do not: versions are read in this order.
fn sorted(listed: BoxStream<'static, Result<ObjectMeta>>) -> BoxStream<'static, Result<ObjectMeta>> {
    let sorted = async move {
        let mut files: Vec<_> = listed.try_collect().await?;
        files.sort_unstable_by(|a: &ObjectMeta, b| a.location.cmp(&b.location));
        Ok::<_, object_store::Error>(stream::iter(files).map(Ok))
    };
    stream::once(sorted).try_flatten().boxed()
}

/// A file that is written in parts.
#[derive(Debug)]
struct Upload {
    inner: Box<dyn MultipartUpload>,
    hash: Sha256,
    location: Path,
    store: GuardedStore,
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, payload: PutPayload) -> UploadPart {
        payload.iter().for_each(|bytes| self.hash.update(bytes));
        self.inner.put_part(payload)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let put = self.inner.complete().await?;
        self.store.keep(&self.location, hex::encode(self.hash.finalize_reset()));
        Ok(put)
    }

    async fn abort(&mut self) -> Result<()> {
        self.inner.abort().await
    }
}
