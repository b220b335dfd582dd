//! Makes the kit of an edition: its record, files and template from the archive, definitions and rows from the metrics
//! service, then the digests of all, packed into one archive.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use uplift_client::MetricsClient;
use uplift_core::disk::files_of;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_proto::status::from_status;
use uplift_proto::v1::metrics::ExportEvidenceRequest;
use uplift_proto::v1::metrics::export_evidence_response::Part;
use uplift_proto::v1::reporting::Edition;

use crate::digest::{digest, digest_of_file};
use crate::edition::name::EditionName;
use crate::edition::store::EditionStore;
use crate::kit::layout::{FILES, LAYOUT, MANIFEST, Manifest, README, RECORD, TEMPLATE, readme};
use crate::kit::opened::inside;
use crate::kit::packed::PackedKit;
use crate::steps::{EXPORTING, GATHERING, PACKING, Steps};
use crate::template::TEMPLATE_FILES;
use crate::upstream::upstream;

/// Compression: a kit is made once and sent often, so that some time is given for size.
const LEVEL: i32 = 9;

/// Steps of making a kit.
pub(crate) const KIT_STEPS: i32 = 3;

/// Makes the kit of an edition.
pub(crate) async fn make_kit(
    metrics: &MetricsClient,
    editions: &EditionStore,
    name: &EditionName,
    steps: &mut Steps,
) -> Result<PackedKit> {
    let folder = tempfile::tempdir().map_err(no_room)?;
    let content = folder.path().join("content");
    let edition = editions.get(name).await?;
    steps.begin(GATHERING).await;
    gather(editions, name, &edition, &content).await?;
    steps.begin(EXPORTING).await;
    export(metrics, &edition, &content).await?;
    steps.begin(PACKING).await;
    let kit = PackedKit::new(folder);
    let archive = kit.path();
    let packed = tokio::task::spawn_blocking(move || {
        write_manifest(&content, &edition)?;
        pack(&content, &archive)
    });
    packed.await.map_err(|e| Error::internal("packing the kit", e))?.map_err(no_room)?;
    Ok(kit)
}

fn no_room(e: std::io::Error) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!("cannot write the kit into the folder of temporary files: {e}"),
    )
}

/// The record, files and template; each file must be what was published.
async fn gather(editions: &EditionStore, name: &EditionName, edition: &Edition, folder: &Path) -> Result<()> {
    write(folder, RECORD, &editions.record(name).await?)?;
    let simulated = edition.figures.iter().any(|figure| figure.simulated);
    write(folder, README, readme(&edition.edition_id, simulated).as_bytes())?;
    for file in edition.report.iter().flat_map(|report| &report.files) {
        let content = editions.content(name, &file.name).await?;
        write(folder, &format!("{FILES}/{}", file.name), &content)?;
    }
    for file in TEMPLATE_FILES {
        if let Some(content) = editions.file(name, edition, file).await? {
            write(folder, &format!("{TEMPLATE}/{file}"), &content)?;
        }
    }
    Ok(())
}

/// The definitions and rows.
async fn export(metrics: &MetricsClient, edition: &Edition, folder: &Path) -> Result<()> {
    let report = edition.report.clone().unwrap_or_default();
    let name = |f: &uplift_proto::v1::reporting::EditionFigure| {
        format!("{}@{}", f.indicator_id, f.definition_version)
    };
    let indicators: BTreeSet<String> = edition.figures.iter().map(name).collect();
    if report.table_versions.is_empty() {
        return Ok(());
    }
    let request = ExportEvidenceRequest {
        indicators: indicators.into_iter().collect(),
        area_code: report.area_code,
        table_versions: report.table_versions,
    };
    let failed = |status: tonic::Status| upstream(from_status(&status));
    let mut parts = metrics.clone().export_evidence(request).await.map_err(failed)?.into_inner();
    let mut file: Option<BufWriter<File>> = None;
    while let Some(message) = parts.message().await.map_err(failed)? {
        match message.part {
            Some(Part::File(next)) => {
                finish(file.take())?;
                let path = inside(folder, &next.path).ok_or_else(|| {
                    Error::internal("reading an export", format!("{:?} is no path", next.path))
                })?;
                make_folder_of(&path)?;
                file = Some(BufWriter::new(File::create(path).map_err(no_room)?));
            }
            Some(Part::Chunk(chunk)) => {
                if let Some(file) = &mut file {
                    file.write_all(&chunk).map_err(no_room)?;
                }
            }
            Some(Part::Tables(_)) => return finish(file.take()),
            None => {}
        }
    }
    Err(Error::new(ErrorKind::Unavailable, "the export of the metrics service was cut off; try again"))
}

fn finish(file: Option<BufWriter<File>>) -> Result<()> {
    match file {
        Some(mut file) => file.flush().map_err(no_room),
        None => Ok(()),
    }
}

fn write(folder: &Path, path: &str, content: &[u8]) -> Result<()> {
    let path = inside(folder, path)
        .ok_or_else(|| Error::new(ErrorKind::DataLoss, format!("{path:?} is not the name of a file")))?;
    make_folder_of(&path)?;
    std::fs::write(path, content).map_err(no_room)
}

fn make_folder_of(path: &Path) -> Result<()> {
    path.parent().map_or(Ok(()), |parent| std::fs::create_dir_all(parent).map_err(no_room))
}

fn write_manifest(folder: &Path, edition: &Edition) -> std::io::Result<()> {
    let mut files = BTreeMap::new();
    for (path, file) in files_of(folder)? {
        files.insert(path, digest_of_file(&file)?);
    }
    let manifest = Manifest {
        layout: LAYOUT,
        edition_id: edition.edition_id.clone(),
        edition_sha256: digest(&std::fs::read(folder.join(RECORD))?),
        files,
    };
    std::fs::write(folder.join(MANIFEST), serde_json::to_vec_pretty(&manifest)?)
}

/// Packs a folder: regular files in order, without owners and times, so that what is packed is all that it tells.
fn pack(folder: &Path, archive: &Path) -> std::io::Result<()> {
    let mut compressed = zstd::Encoder::new(BufWriter::new(File::create(archive)?), LEVEL)?;
    compressed.include_checksum(true)?;
    let mut packed = tar::Builder::new(compressed);
    for (path, file) in files_of(folder)? {
        let mut header = tar::Header::new_ustar();
        header.set_size(file.metadata()?.len());
        header.set_mode(0o644);
        packed.append_data(&mut header, path, File::open(file)?)?;
    }
    packed.into_inner()?.finish()?.flush()
}
