//! A kit unpacked, and each of its files compared with its digest.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Component, Path, PathBuf};

use prost::Message;
use tempfile::TempDir;
use tokio::sync::mpsc;
use uplift_client::MetricsClient;
use uplift_core::disk::files_of;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_core::language::Bilingual;
use uplift_proto::v1::reporting::{Difference, Edition, Verification};

use crate::digest::{digest, digest_of_file};
use crate::edition::difference::difference;
use crate::kit::layout::{FILES, LAYOUT, MANIFEST, Manifest, RECORD, TEMPLATE};
use crate::kit::replay::replay;
use crate::steps::{Progress, Steps};
use crate::template::{TEMPLATE_FILES, template_digest};

/// How many times its size an archive may hold, and in how many files: what a kit holds does not shrink so far.
const MAX_RATIO: u64 = 200;
const MAX_FILES: usize = 200_000;

/// How a file that zstd wrote begins.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// A kit in a folder that is removed when it is let go.
#[derive(Debug)]
pub struct Kit {
    folder: TempDir,
    manifest: Manifest,
    edition: Edition,
    /// What is not as the kit says.
    differences: Vec<Difference>,
}

impl Kit {
    /// Unpacks a kit and compares its files with their digests.
    pub fn open(archive: &Path) -> Result<Self> {
        let file = File::open(archive).map_err(|e| {
            Error::new(ErrorKind::NotFound, format!("cannot open {}: {e}", archive.display()))
        })?;
        let folder = tempfile::tempdir().map_err(no_room)?;
        unpack(file, folder.path())?;
        let manifest =
            std::fs::read(folder.path().join(MANIFEST)).map_err(|_| damaged(MANIFEST, "is missing"))?;
        let manifest: Manifest =
            serde_json::from_slice(&manifest).map_err(|e| damaged(MANIFEST, &e.to_string()))?;
        if manifest.layout != LAYOUT {
            let message = format!(
                "the kit has layout {}, and this program reads {LAYOUT}; use the version of Uplift that made it",
                manifest.layout
            );
            return Err(Error::new(ErrorKind::FailedPrecondition, message));
        }
        let record = std::fs::read(folder.path().join(RECORD)).map_err(|_| damaged(RECORD, "is missing"))?;
        let sha256 = digest(&record);
        let edition = Edition::decode(record.as_slice()).map_err(|e| damaged(RECORD, &e.to_string()))?;
        let mut kit =
            Self { folder, manifest, edition: Edition { sha256, ..edition }, differences: Vec::new() };
        kit.differences = kit.compared().map_err(|e| damaged("it", &e.to_string()))?;
        Ok(kit)
    }

    /// Where it is unpacked: the metrics service that replays it opens this folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Computes its figures again by a metrics service over its folder.
    pub async fn verify(
        &self,
        metrics: MetricsClient,
        progress: mpsc::Sender<Progress>,
    ) -> Result<Verification> {
        let mut steps = Steps::new(progress, 1);
        let mut differences = self.differences.clone();
        differences.extend(replay(&metrics, &self.edition, &mut steps).await?);
        Ok(Verification {
            edition_id: self.edition.edition_id.clone(),
            sha256: self.edition.sha256.clone(),
            figures: self.edition.figures.len() as i32,
            files: self.manifest.files.len() as i32,
            differences,
        })
    }

    /// What differs from the digests of the kit, and from those of the record.
    fn compared(&self) -> std::io::Result<Vec<Difference>> {
        let mut found = BTreeMap::new();
        for (path, file) in files_of(self.folder.path())? {
            found.insert(path, digest_of_file(&file)?);
        }
        found.remove(MANIFEST);
        let (manifest, edition) = (&self.manifest, &self.edition);
        let published: BTreeMap<String, String> = edition
            .report
            .iter()
            .flat_map(|report| &report.files)
            .map(|file| (format!("{FILES}/{}", file.name), file.sha256.clone()))
            .collect();
        let mut differences = differing(&manifest.files, &found);
        // A file that is what was published is not to blame for what the kit says of it.
        for difference in &mut differences {
            if published.get(&difference.part) == Some(&difference.current) {
                let message = Bilingual::new(
                    format!("the kit has another digest of {}, which is what was published", difference.part),
                    format!("{}与发布时一致，但包内所列摘要不同", difference.part),
                );
                (difference.message_en, difference.message_zh) = (message.en, message.zh);
                difference.part = MANIFEST.to_owned();
            }
        }
        let message =
            || Bilingual::new("the record is not the one that the kit is of", "记录不是本包所属版本的记录");
        if manifest.edition_id != edition.edition_id {
            differences.push(difference(MANIFEST, &manifest.edition_id, &edition.edition_id, message()));
        }
        if manifest.edition_sha256 != edition.sha256 {
            differences.push(difference(RECORD, &manifest.edition_sha256, &edition.sha256, message()));
        }
        let prefix = format!("{FILES}/");
        let kept = found.iter().filter(|(path, _)| path.starts_with(&prefix));
        let kept = kept.map(|(path, digest)| (path.clone(), digest.clone())).collect();
        differences.extend(differing(&published, &kept));
        let template = TEMPLATE_FILES
            .map(|file| std::fs::read(self.folder.path().join(TEMPLATE).join(file)).unwrap_or_default());
        let template = template_digest([&template[0], &template[1], &template[2]]);
        if template != edition.template_sha256 {
            let message = Bilingual::new("the template is not what was published", "模板与发布时不一致");
            differences.push(difference(TEMPLATE, &edition.template_sha256, &template, message));
        }
        // What two lists say of a file is one difference.
        let mut seen = BTreeSet::new();
        differences.retain(|difference| seen.insert(difference.part.clone()));
        Ok(differences)
    }
}

fn differing(expected: &BTreeMap<String, String>, found: &BTreeMap<String, String>) -> Vec<Difference> {
    let paths: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
    let mut differences = Vec::new();
    for path in paths {
        let (expected, found) = (expected.get(path), found.get(path));
        let message = match (expected, found) {
            (Some(expected), Some(found)) if expected == found => continue,
            (Some(_), Some(_)) => {
                Bilingual::new("the file is not what the kit says", "文件与包内所列摘要不一致")
            }
            (Some(_), None) => Bilingual::new("the file is gone", "文件已丢失"),
            (None, _) => Bilingual::new("the file does not belong here", "文件不属于本包"),
        };
        let text = |digest: Option<&String>| digest.cloned().unwrap_or_default();
        differences.push(difference(path, &text(expected), &text(found), message));
    }
    differences
}

/// Unpacks regular files, each within the folder and none twice.
fn unpack(mut archive: File, folder: &Path) -> Result<()> {
    let unreadable = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::StorageFull => no_room(e),
        _ => Error::new(
            ErrorKind::DataLoss,
            format!("this is not a whole kit: {e}; it was cut off or changed, fetch it again"),
        ),
    };
    let most = archive.metadata().map_or(0, |about| about.len()).saturating_mul(MAX_RATIO) + (64 << 20);
    let mut magic = [0; 4];
    let is_zstd = archive.read_exact(&mut magic).is_ok() && magic == ZSTD;
    if !is_zstd || archive.rewind().is_err() {
        let message = "this is not a kit; a kit is a file that uplift report kit writes, as annual-50-2011-1.kit.tar.zst";
        return Err(Error::new(ErrorKind::FailedPrecondition, message));
    }
    let unpacked = zstd::Decoder::new(archive).map_err(unreadable)?;
    let mut packed = tar::Archive::new(unpacked);
    let (mut bytes, mut files) = (0u64, 0);
    for entry in packed.entries().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        let path = entry.path().map_err(unreadable)?.to_string_lossy().into_owned();
        // Who packs a folder again has these.
        let path = path.strip_prefix("./").unwrap_or(&path).to_owned();
        if entry.header().entry_type().is_dir() {
            continue;
        }
        let target =
            inside(folder, &path).filter(|target| entry.header().entry_type().is_file() && !target.exists());
        let Some(target) = target else {
            return Err(damaged(&format!("{path:?}"), "is not a file of a kit"));
        };
        (bytes, files) = (bytes.saturating_add(entry.size()), files + 1);
        if bytes > most || files > MAX_FILES {
            return Err(damaged("it", "holds more than a kit can"));
        }
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).map_err(no_room)?;
        }
        let mut file = File::create(&target).map_err(no_room)?;
        std::io::copy(&mut entry, &mut file).map_err(unreadable)?;
    }
    // What follows the last entry is read too, so that the checksum of the archive is compared.
    let mut rest = packed.into_inner();
    std::io::copy(&mut rest, &mut std::io::sink()).map(drop).map_err(unreadable)
}

fn no_room(e: std::io::Error) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!("cannot unpack the kit into the folder of temporary files: {e}"),
    )
}

fn damaged(part: &str, how: &str) -> Error {
    Error::new(ErrorKind::DataLoss, format!("the kit is damaged: {part} {how}; fetch it again"))
}

/// A path within a folder; `None` for one that would leave it.
pub(crate) fn inside(folder: &Path, path: &str) -> Option<PathBuf> {
    let plain =
        !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    plain.then(|| folder.join(path))
}
