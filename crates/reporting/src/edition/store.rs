//! The editions on disk: for each a record, and a folder with its files. The record comes last and is made only where
//! there is none, so that an edition is there whole or not at all, and only once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use prost::Message;
use sha2::{Digest, Sha256};
use uplift_core::disk::unwritable;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_proto::v1::reporting::Edition;
use uuid::Uuid;

use crate::digest::digest;
use crate::edition::name::EditionName;
use crate::figure_key::EarlierFigures;

const FOLDER: &str = "editions";
const RECORD: &str = ".bin";
const DIGEST: usize = 32;

/// Editions on an object store.
#[derive(Debug, Clone)]
pub(crate) struct EditionStore {
    store: Arc<dyn ObjectStore>,
}

impl EditionStore {
    /// Beside the reports of an archive.
    pub(crate) fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store }
    }

    /// Removes what publishing left behind that was cut off, as by the end of the process: folders that no record names,
    /// a day after they were begun, so that none is somebody's who is at it.
    pub(crate) async fn sweep(&self, series: &str) -> Result<()> {
        let mut named = BTreeSet::new();
        for number in self.numbers().await?.remove(series).unwrap_or_default() {
            named.insert(self.read(&EditionName { series: series.to_owned(), number }).await?.folder);
        }
        for object in self.objects(&Key::from_iter([FOLDER, series])).await? {
            let parts: Vec<_> = object.parts().collect();
            let [_, _, folder, _] = parts.as_slice() else { continue };
            let folder = folder.as_ref();
            if !named.contains(folder)
                && begun(folder).is_some_and(|time| Utc::now() - time > TimeDelta::days(1))
            {
                let _ = self.store.delete(&object).await;
            }
        }
        Ok(())
    }

    /// Keeps an edition for ever; ABORTED if there is one of its number by now.
    pub(crate) async fn put(
        &self,
        name: &EditionName,
        mut edition: Edition,
        files: Vec<(String, Vec<u8>)>,
    ) -> Result<Edition> {
        // A folder of its own: who publishes the same number at once writes into another.
        edition.folder = format!("{}-{}", name.number, Uuid::now_v7());
        let keys: Vec<_> = files.iter().map(|(file, _)| self.file_key(name, &edition.folder, file)).collect();
        let kept = self.write(name, &edition, files).await;
        if kept.is_err() {
            // What there is of it is of no use to anybody, and a full disk needs the room.
            for key in keys {
                let _ = self.store.delete(&key).await;
            }
        }
        edition.sha256 = kept?;
        Ok(edition)
    }

    async fn write(
        &self,
        name: &EditionName,
        edition: &Edition,
        files: Vec<(String, Vec<u8>)>,
    ) -> Result<String> {
        let failed = |e: object_store::Error| {
            unwritable(&e).unwrap_or_else(|| Error::internal("keeping the edition", e))
        };
        for (file, content) in files {
            let key = self.file_key(name, &edition.folder, &file);
            self.store.put(&key, content.into()).await.map_err(failed)?;
        }
        let record = edition.encode_to_vec();
        let sha256 = digest(&record);
        let content = PutPayload::from([Sha256::digest(&record).as_slice(), &record].concat());
        let only_new = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store.put_opts(&self.record_key(name), content, only_new).await {
            Ok(_) => Ok(sha256),
            Err(object_store::Error::AlreadyExists { .. }) => {
                let message = format!(
                    "edition {name} was published by somebody else meanwhile; see what it says, and publish again"
                );
                Err(Error::new(ErrorKind::Aborted, message))
            }
            Err(e) => Err(failed(e)),
        }
    }

    /// An edition, which must be what was published; it says by which it is superseded.
    pub(crate) async fn get(&self, name: &EditionName) -> Result<Edition> {
        let mut edition = self.read(name).await?;
        let numbers = self.numbers().await?.remove(&name.series).unwrap_or_default();
        let mut later = numbers.into_iter().filter(|number| *number > name.number);
        if let Some(next) = later.next() {
            let of = |number| EditionName { series: name.series.clone(), number };
            edition.superseded_by = of(later.next_back().unwrap_or(next)).to_string();
            // That the next cannot be read takes nothing from this one.
            edition.supersede_time = self.read(&of(next)).await.ok().and_then(|next| next.publish_time);
        }
        Ok(edition)
    }

    async fn read(&self, name: &EditionName) -> Result<Edition> {
        decoded(name, self.record(name).await?)
    }

    /// The record of an edition as it is kept, which must be what was published.
    pub(crate) async fn record(&self, name: &EditionName) -> Result<Bytes> {
        let damaged = || damaged(name, "record");
        let mut record = match self.store.get(&self.record_key(name)).await {
            Ok(object) => object.bytes().await.map_err(|e| Error::internal("reading an edition", e))?,
            Err(object_store::Error::NotFound { .. }) => return Err(self.missing(name).await),
            Err(e) => return Err(Error::internal("reading an edition", e)),
        };
        if record.len() < DIGEST {
            return Err(damaged());
        }
        let told = record.split_to(DIGEST);
        if Sha256::digest(&record).as_slice() != &*told {
            return Err(damaged());
        }
        Ok(record)
    }

    async fn missing(&self, name: &EditionName) -> Error {
        match self.newest(&name.series).await {
            Ok(Some(newest)) => {
                let message = format!("there is no edition {name}; the newest is {}/{newest}", name.series);
                Error::not_found(message)
            }
            Ok(None) => Error::not_found(format!("there is no edition {name}; ListEditions lists them")),
            Err(e) => e,
        }
    }

    /// A file of an edition, as it is now: whether it is what was published is its reader's to see.
    pub(crate) async fn file(
        &self,
        name: &EditionName,
        edition: &Edition,
        file: &str,
    ) -> Result<Option<Bytes>> {
        match self.store.get(&self.file_key(name, &edition.folder, file)).await {
            Ok(object) => {
                object.bytes().await.map(Some).map_err(|e| Error::internal("reading a file of an edition", e))
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(e) => Err(Error::internal("reading a file of an edition", e)),
        }
    }

    /// A file of an edition, which must be what was published; an empty name is its first.
    pub(crate) async fn content(&self, name: &EditionName, file: &str) -> Result<Bytes> {
        let edition = self.read(name).await?;
        let files = edition.report.as_ref().map(|report| report.files.as_slice()).unwrap_or_default();
        let Some(found) = files.iter().find(|known| file.is_empty() || known.name == file) else {
            let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
            let names = names.join(", ");
            return Err(Error::not_found(format!("edition {name} has no file {file:?}; it has {names}")));
        };
        let content = self.file(name, &edition, &found.name).await?;
        content.filter(|content| digest(content) == found.sha256).ok_or_else(|| damaged(name, &found.name))
    }

    /// The figures of the newest edition of a series; none if there is none, or if it cannot be read, which is told when it
    /// is asked for itself.
    pub(crate) async fn newest_figures(&self, series: &str) -> Result<EarlierFigures> {
        let Some(number) = self.newest(series).await? else { return Ok(EarlierFigures::default()) };
        let name = EditionName { series: series.to_owned(), number };
        match self.read(&name).await {
            Ok(edition) => Ok(EarlierFigures::of_edition(&edition.figures)),
            Err(error) => {
                tracing::warn!(edition = %name, cause = ?error, "an edition cannot be read");
                Ok(EarlierFigures::default())
            }
        }
    }

    /// Number of the newest edition of a series.
    pub(crate) async fn newest(&self, series: &str) -> Result<Option<i32>> {
        Ok(self.numbers().await?.get(series).and_then(|numbers| numbers.last().copied()))
    }

    /// Names of all editions, by series, the newest first in each; those below the newest that are gone are among them.
    pub(crate) async fn names(&self) -> Result<Vec<EditionName>> {
        let of = |(series, numbers): (String, Vec<i32>)| {
            let name = move |number| EditionName { series: series.clone(), number };
            (1..=numbers.last().copied().unwrap_or_default()).rev().map(name).collect::<Vec<_>>()
        };
        Ok(self.numbers().await?.into_iter().flat_map(of).collect())
    }

    async fn numbers(&self) -> Result<BTreeMap<String, Vec<i32>>> {
        let mut numbers: BTreeMap<String, Vec<i32>> = BTreeMap::new();
        for object in self.objects(&Key::from(FOLDER)).await? {
            let parts: Vec<_> = object.parts().collect();
            let [_, series, file] = parts.as_slice() else { continue };
            let number = file.as_ref().strip_suffix(RECORD).and_then(|number| number.parse::<i32>().ok());
            numbers.entry(series.as_ref().to_owned()).or_default().extend(number);
        }
        numbers.values_mut().for_each(|numbers| numbers.sort_unstable());
        Ok(numbers)
    }

    async fn objects(&self, folder: &Key) -> Result<Vec<Key>> {
        let listed = self.store.list(Some(folder)).map_ok(|object| object.location).try_collect().await;
        listed.map_err(|e| Error::internal("listing the editions", e))
    }

    fn record_key(&self, name: &EditionName) -> Key {
        Key::from_iter([FOLDER, &name.series, &format!("{}{RECORD}", name.number)])
    }

    fn file_key(&self, name: &EditionName, folder: &str, file: &str) -> Key {
        Key::from_iter([FOLDER, &name.series, folder, file])
    }
}

/// An edition from its record, with the digest of that.
fn decoded(name: &EditionName, record: Bytes) -> Result<Edition> {
    let sha256 = digest(&record);
    let edition = Edition::decode(record).ok().filter(|edition| edition.edition_id == name.to_string());
    let edition = edition.ok_or_else(|| damaged(name, "record"))?;
    Ok(Edition { sha256, ..edition })
}

/// When a folder was begun: its name ends with an id that begins with the time.
fn begun(folder: &str) -> Option<DateTime<Utc>> {
    let (_, id) = folder.split_once('-')?;
    let (seconds, _) = id.parse::<Uuid>().ok()?.get_timestamp()?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, 0)
}

pub(crate) fn damaged(name: &EditionName, part: &str) -> Error {
    let message = format!("the {part} of edition {name} is not what was published; restore it from a backup");
    Error::new(ErrorKind::DataLoss, message)
}
