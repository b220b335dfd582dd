//! A document to files: a page, a workbook, data.

mod html;
mod json;
mod separated;
mod workbook;

use uplift_core::error::Result;
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
const JSON: &str = "application/json";
const CSV: &str = "text/csv; charset=utf-8";

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
