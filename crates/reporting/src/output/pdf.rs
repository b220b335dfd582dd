//! A document as a PDF: pages for print and for the archive, in one language, with the evidence of every figure.

use uplift_core::error::{Error, Result};
use uplift_core::language::Language;
use uplift_pdf::{PageSet, typeset};

use super::view::View;
use crate::document::Document;

pub(super) fn render(document: &Document, language: Language) -> Result<Vec<u8>> {
    let data = serde_json::to_value(View::new(document, &[language]));
    let data = data.map_err(|e| Error::internal("rendering the report", e))?;
    let identity = [&document.template, &document.area_code, &document.period, &document.document_id];
    typeset(PageSet {
        template: include_str!("../../templates/report.typ"),
        identity: identity.map(String::as_str).join("/"),
        data,
        // A report without records has no instant of its own.
        date: document.records_time.unwrap_or_default(),
    })
}
