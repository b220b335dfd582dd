//! An export on the wire: what is asked for, and its files in chunks.

use std::collections::BTreeMap;

use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;
use uplift_core::area::AreaCode;
use uplift_core::disk::files_of;
use uplift_core::error::{Error, Result};
use uplift_proto::v1::metrics as wire;
use uplift_proto::v1::metrics::export_evidence_response::Part;

use crate::service::Metrics;

/// Indicators of one export.
const MAX_INDICATORS: usize = 1_000;

/// Bytes of one chunk.
const CHUNK: usize = 256 * 1024;

/// What is to be exported.
pub(crate) struct ExportRequest {
    indicators: Vec<String>,
    area: Option<AreaCode>,
    versions: BTreeMap<String, i64>,
}

impl ExportRequest {
    pub(crate) fn from_wire(request: wire::ExportEvidenceRequest) -> Result<Self> {
        let count = request.indicators.len();
        if count > MAX_INDICATORS {
            let message = format!("has {count} entries; name at most {MAX_INDICATORS}, as fund.fiscal@1");
            return Err(Error::invalid_field("indicators", message));
        }
        if request.table_versions.is_empty() {
            let message = "is empty; send the table_versions of the answer that has the figures";
            return Err(Error::invalid_field("table_versions", message));
        }
        let area = Some(request.area_code).filter(|code| !code.is_empty());
        let area = area.map(|code| code.parse::<AreaCode>()).transpose();
        Ok(Self {
            indicators: request.indicators,
            area: area.map_err(|e| Error::invalid_field("area_code", e.to_string()))?,
            versions: request.table_versions.into_iter().collect(),
        })
    }
}

/// Sends the files, then the versions of the tables. Ends when nobody listens.
pub(crate) async fn send_export(
    metrics: Metrics,
    request: ExportRequest,
    parts: mpsc::Sender<wire::ExportEvidenceResponse>,
) -> Result<()> {
    let export = metrics.export(&request.indicators, request.area.as_ref(), request.versions).await?;
    let failed = |e: std::io::Error| Error::internal("reading an export", e);
    let send = async |part: Part| parts.send(wire::ExportEvidenceResponse { part: Some(part) }).await.is_ok();
    for (path, file) in files_of(export.folder.path()).map_err(failed)? {
        let mut file = tokio::fs::File::open(file).await.map_err(failed)?;
        let size = file.metadata().await.map_err(failed)?.len();
        if !send(Part::File(wire::ExportedFile { path, size: size as i64 })).await {
            return Ok(());
        }
        loop {
            let mut chunk = Vec::with_capacity(CHUNK);
            (&mut file).take(CHUNK as u64).read_to_end(&mut chunk).await.map_err(failed)?;
            if chunk.is_empty() {
                break;
            }
            if !send(Part::Chunk(chunk.into())).await {
                return Ok(());
            }
        }
    }
    let table_versions = export.versions.into_iter().collect();
    send(Part::Tables(wire::ExportedTables { table_versions })).await;
    Ok(())
}
