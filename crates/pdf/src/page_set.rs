//! A template and its data to the bytes of a PDF.

use chrono::{DateTime, Datelike, Timelike, Utc};
use serde_json::Value;
use typst::diag::SourceDiagnostic;
use typst::foundations::{Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};
use uplift_core::error::{Error, Result};

use crate::fonts::Fonts;
use crate::printable::printable;
use crate::world::Sheet;

/// What is to be set.
#[derive(Debug, Clone)]
pub struct PageSet<'t> {
    /// The template, in typst. It reads `data.json`, and finds the families of fonts in `sys.inputs`: `sans`,
    /// `serif`, `mono`.
    pub template: &'t str,
    /// What it reads.
    pub data: Value,
    /// Names the content: the same for the same content.
    pub identity: String,
    /// Instant that the file bears as its date.
    pub date: DateTime<Utc>,
}

/// Sets pages. The same pages give the same bytes on a machine with the same fonts.
pub fn typeset(pages: PageSet<'_>) -> Result<Vec<u8>> {
    let fonts = Fonts::installed()?;
    let mut data = pages.data;
    printable(&mut data, fonts);
    let data = serde_json::to_vec(&data).map_err(|e| Error::internal("setting pages", e))?;
    let unnamed = || Error::internal("setting pages", "a file has no name");
    let sheet = Sheet::new(pages.template, data, fonts).ok_or_else(unnamed)?;
    let failed = |diagnostics: &[SourceDiagnostic]| failure(&sheet, diagnostics);
    let document = typst::compile::<PagedDocument>(&sheet).output.map_err(|e| failed(&e))?;
    let standards = PdfStandards::new(&[PdfStandard::A_2a, PdfStandard::Ua_1]);
    let standards =
        standards.map_err(|e| Error::internal("choosing the standards of a PDF", e.message().to_string()))?;
    let options = PdfOptions {
        ident: Smart::Custom(pages.identity),
        creator: Smart::Custom(Some("Uplift".to_owned())),
        timestamp: timestamp(pages.date),
        standards,
        ..PdfOptions::default()
    };
    let file = typst_pdf::pdf(&document, &options).map_err(|e| failed(&e));
    // Nothing of this document helps the next.
    typst::comemo::evict(0);
    file
}

fn timestamp(date: DateTime<Utc>) -> Option<Timestamp> {
    let part = |value: u32| value as u8;
    let (month, day) = (part(date.month()), part(date.day()));
    let (hour, minute, second) = (part(date.hour()), part(date.minute()), part(date.second()));
    Datetime::from_ymd_hms(date.year(), month, day, hour, minute, second).map(Timestamp::new_utc)
}

/// What typst says, and where in the template.
fn failure(sheet: &Sheet, diagnostics: &[SourceDiagnostic]) -> Error {
    let Some(first) = diagnostics.first() else {
        return Error::internal("setting pages", "no reason was told");
    };
    let line = sheet.line(first);
    let place = line.map_or_else(String::new, |line| format!("line {line} of the template: "));
    Error::internal("setting pages", format!("{place}{}", first.message))
}
