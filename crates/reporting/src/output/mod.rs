//! A document to files: a page, a workbook, pages for print, data.

mod html;
mod json;
#[cfg(feature = "pdf")]
mod pdf;
mod separated;
mod view;
mod workbook;

use uplift_core::error::Result;
#[cfg(not(feature = "pdf"))]
use uplift_core::error::{Error, ErrorKind};
use uplift_core::language::Language;
use uplift_proto::v1::reporting::{ReportFile, ReportFormat};

use crate::digest::digest;
use crate::document::Document;

/// A file of a report, and what is recorded of it.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) record: ReportFile,
    pub(crate) content: Vec<u8>,
}

const HTML: &str = "text/html; charset=utf-8";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
#[cfg(feature = "pdf")]
const PDF: &str = "application/pdf";
const JSON: &str = "application/json";
const CSV: &str = "text/csv; charset=utf-8";

/// An error if this service cannot write a format, whatever the report: told before any work is done.
pub(crate) fn can_be_written(format: ReportFormat) -> Result<()> {
    match format {
        #[cfg(feature = "pdf")]
        ReportFormat::Pdf => uplift_pdf::Fonts::installed().map(|_| ()),
        #[cfg(not(feature = "pdf"))]
        ReportFormat::Pdf => {
            let message = "this build of the reporting service writes no PDF; use the image, or build with: cargo build --features pdf";
            Err(Error::new(ErrorKind::FailedPrecondition, message))
        }
        _ => Ok(()),
    }
}

/// The files of a report in the formats that are asked for.
pub(crate) fn render(
    document: &Document,
    languages: &[Language],
    formats: &[ReportFormat],
) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for format in formats {
        match format {
            ReportFormat::Html => {
                let page = html::render(document, languages)?;
                files.push(file(document, *format, None, "", "html", HTML, page.into_bytes()));
            }
            ReportFormat::Xlsx => {
                for language in languages {
                    let workbook = workbook::render(document, *language)?;
                    files.push(file(document, *format, Some(*language), "", "xlsx", XLSX, workbook));
                }
            }
            ReportFormat::Json => {
                files.push(file(document, *format, None, "", "json", JSON, json::render(document)?));
            }
            ReportFormat::Csv => {
                for (table, language) in document.tables().flat_map(|t| languages.iter().map(move |l| (t, l)))
                {
                    let rows = separated::render(table, *language)?;
                    files.push(file(document, *format, Some(*language), &table.id, "csv", CSV, rows));
                }
            }
            #[cfg(feature = "pdf")]
            ReportFormat::Pdf => {
                for language in languages {
                    let pages = pdf::render(document, *language)?;
                    files.push(file(document, *format, Some(*language), "", "pdf", PDF, pages));
                }
            }
            #[cfg(not(feature = "pdf"))]
            ReportFormat::Pdf => {}
            ReportFormat::Unspecified => {}
        }
    }
    Ok(files)
}

fn file(
    document: &Document,
    format: ReportFormat,
    language: Option<Language>,
    part: &str,
    extension: &str,
    media_type: &str,
    content: Vec<u8>,
) -> File {
    let language = language.map_or("", |language| language.choose("en", "zh"));
    let of = if document.area_code.is_empty() { &document.document_id } else { &document.area_code };
    let pieces = [document.template.as_str(), of, &document.period, part, language];
    let name: Vec<_> = pieces.into_iter().filter(|piece| !piece.is_empty()).collect();
    File {
        record: ReportFile {
            name: format!("{}.{extension}", name.join("-")),
            format: format.into(),
            language: language.to_owned(),
            media_type: media_type.to_owned(),
            size: content.len() as i64,
            sha256: digest(&content),
        },
        content,
    }
}
