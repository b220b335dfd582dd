//! Files of editions: read in the browser or downloaded, and the errata of one.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::Response;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_proto::v1::reporting::download_report_response::Part;
use uplift_proto::v1::reporting::{DownloadReportRequest, WriteErrataRequest};

use super::Answer;
use super::comparison::CompareQuery;
use super::editions::edition;
use crate::cache::{CachePolicy, REPORT_POLICY};
use crate::download::attachment;
use crate::services::{ended, failed};
use crate::site::Site;

/// Bytes of a file that is shown or downloaded.
const MAX_FILE: usize = 64 << 20;

/// A file of an edition. It never changes, so that a browser may keep it.
pub(crate) async fn file(
    State(site): State<Arc<Site>>,
    Path((series, number, name)): Path<(String, String, String)>,
) -> Answer {
    let id = format!("{series}/{number}");
    let files = edition(&site, &id).await?.report.unwrap_or_default().files;
    let record = files.into_iter().find(|file| file.name == name);
    let record = record.ok_or_else(|| Error::not_found(format!("edition {id} has no file {name:?}")))?;
    let request = DownloadReportRequest { report_id: id, file: name.clone() };
    let bytes = whole(&site, request).await?;
    if !record.media_type.starts_with("text/html") {
        return Ok(attachment(bytes, &record.media_type, &name, CachePolicy::Immutable));
    }
    Ok(report(bytes, CachePolicy::Immutable))
}

/// The errata of an edition, as a page or as JSON.
pub(crate) async fn errata(
    State(site): State<Arc<Site>>,
    Path((_, series, number, format)): Path<(String, String, String, String)>,
    Query(query): Query<CompareQuery>,
) -> Answer {
    let edition_id = format!("{series}/{number}");
    let other_edition_id = query.other(&series)?;
    let request = WriteErrataRequest { edition_id, other_edition_id };
    let answer = site.services.reporting().write_errata(request).await.map_err(failed)?.into_inner();
    let file = answer.files.into_iter().find(|file| file.name.ends_with(&format!(".{format}")));
    let file =
        file.ok_or_else(|| Error::not_found(format!("errata are no {format:?}; ask for html or json")))?;
    match file.media_type.starts_with("text/html") {
        true => Ok(report(file.content.into(), CachePolicy::Revalidate)),
        false => Ok(attachment(file.content, &file.media_type, &file.name, CachePolicy::Revalidate)),
    }
}

/// A page that reporting wrote, with its own style.
fn report(bytes: Vec<u8>, cache: CachePolicy) -> Response {
    let mut answer = Response::new(bytes.into());
    for (name, value) in [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CACHE_CONTROL, cache.header()),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(REPORT_POLICY)),
    ] {
        answer.headers_mut().insert(name, value);
    }
    answer
}

async fn whole(site: &Site, request: DownloadReportRequest) -> Result<Vec<u8>> {
    let mut parts = site.services.reporting().download_report(request).await.map_err(failed)?.into_inner();
    let mut bytes = Vec::new();
    while let Some(part) = parts.message().await.map_err(failed)? {
        match part.part {
            Some(Part::Chunk(chunk)) => bytes.extend_from_slice(&chunk),
            Some(Part::Sha256(_)) => return Ok(bytes),
            None => {}
        }
        if bytes.len() > MAX_FILE {
            return Err(Error::new(
                ErrorKind::FailedPrecondition,
                "the file is larger than 64 MiB; download it with: uplift report download",
            ));
        }
    }
    Err(ended())
}
