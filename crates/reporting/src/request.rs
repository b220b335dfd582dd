//! What a report is asked to be of: template, area, period, versions, languages, formats.

use std::collections::HashMap;

use uplift_core::area::AreaCode;
use uplift_core::error::{Error, Result};
use uplift_core::language::Language;
use uplift_core::period::Period;
use uplift_proto::v1::reporting::{GenerateReportRequest, ReportFormat};

use crate::output::can_be_written;
use crate::template::Template;

/// A request that is valid as far as it can be told without asking anybody.
#[derive(Debug, Clone)]
pub struct ReportRequest {
    /// Id of the template.
    pub(crate) template: String,
    /// Document whose statements are compared; empty is the template's own.
    pub(crate) document_id: String,
    pub(crate) scope: Scope,
    pub(crate) languages: Vec<Language>,
    pub(crate) formats: Vec<ReportFormat>,
}

/// Area, period and versions of a report.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    /// Empty is everywhere.
    pub(crate) area_code: String,
    pub(crate) period: Period,
    pub(crate) table_versions: HashMap<String, i64>,
    pub(crate) as_of: Option<prost_types::Timestamp>,
}

/// What a report by a template is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subject {
    /// Empty is everywhere, and of a document alone.
    pub(crate) area_code: String,
    /// Empty of a document alone, which has a period of its own.
    pub(crate) period: String,
    pub(crate) document_id: String,
}

impl Subject {
    pub(crate) fn new(template: &Template, request: &ReportRequest) -> Self {
        let document_id = match request.document_id.as_str() {
            "" => template.document.clone().unwrap_or_default(),
            id => id.to_owned(),
        };
        if template.figures.is_empty() {
            return Self { area_code: String::new(), period: String::new(), document_id };
        }
        let Scope { area_code, period, .. } = &request.scope;
        Self { area_code: area_code.clone(), period: period.to_string(), document_id }
    }
}

/// Template of a report that names a document alone.
const RECONCILIATION: &str = "reconciliation";
/// Template of any other report.
const ANNUAL: &str = "annual";

/// Formats that can be written, in their order.
pub(crate) const FORMATS: [ReportFormat; 5] =
    [ReportFormat::Html, ReportFormat::Xlsx, ReportFormat::Json, ReportFormat::Csv, ReportFormat::Pdf];

impl ReportRequest {
    /// Reads a request as it is sent.
    pub fn from_wire(request: GenerateReportRequest) -> Result<Self> {
        let template = match (request.template.as_str(), request.document_id.as_str()) {
            ("", "") => ANNUAL.to_owned(),
            ("", _) => RECONCILIATION.to_owned(),
            (template, _) => template.to_owned(),
        };
        let period = match request.period.as_str() {
            // What a document says has a period of its own, and none is asked for.
            "" if template == RECONCILIATION => chrono::Utc::now().format("%Y").to_string(),
            "" => {
                return Err(Error::invalid_field(
                    "period",
                    "is empty; write a year, as 2011, or a part of one, as 2011-Q3",
                ));
            }
            period => period.to_owned(),
        };
        let period = period.parse::<Period>().map_err(|e| Error::invalid_field("period", e))?;
        let area_code = match request.area_code.as_str() {
            "" => String::new(),
            code => code.parse::<AreaCode>().map_err(|e| Error::invalid_field("area_code", e))?.to_string(),
        };
        let mut formats = Vec::new();
        for (n, format) in request.formats.iter().enumerate() {
            let known = ReportFormat::try_from(*format).ok().filter(|format| FORMATS.contains(format));
            let unknown = || {
                Error::invalid_field(
                    format!("formats[{n}]"),
                    "is not a format; write HTML, XLSX, PDF, JSON or CSV",
                )
            };
            let format = known.ok_or_else(unknown)?;
            can_be_written(format)?;
            formats.push(format);
        }
        if formats.is_empty() {
            formats.extend(FORMATS.into_iter().filter(|format| can_be_written(*format).is_ok()));
        }
        formats.sort_unstable();
        formats.dedup();
        let mut languages = Vec::new();
        for (n, language) in request.languages.iter().enumerate() {
            languages.push(match language.as_str() {
                "en" => Language::En,
                "zh" => Language::Zh,
                other => {
                    let message = format!("{other:?} is not a language of reports; write en or zh");
                    return Err(Error::invalid_field(format!("languages[{n}]"), message));
                }
            });
        }
        if languages.is_empty() {
            languages = vec![Language::En, Language::Zh];
        }
        languages.dedup();
        let scope = Scope { area_code, period, table_versions: request.table_versions, as_of: request.as_of };
        Ok(Self { template, document_id: request.document_id, scope, languages, formats })
    }
}
