//! What a report is of, as arguments.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};
use uplift_proto::v1::reporting::{GenerateReportRequest, ReportFormat};

use crate::arguments::LanguageArgument;

/// What a report is of.
#[derive(Debug, Args)]
pub(super) struct SubjectArgs {
    /// Area code.
    #[arg(long, value_name = "CODE", default_value = "50")]
    area: String,
    /// Year, quarter or month.
    #[arg(long, value_name = "PERIOD", default_value = "2011")]
    period: String,
    /// Document whose statements are compared [default: the template's own].
    #[arg(long, value_name = "ID")]
    document: Option<String>,
    /// What the tables held at an instant, as 2011-12-31T00:00:00Z [default: now].
    #[arg(long, value_name = "INSTANT")]
    as_of: Option<DateTime<Utc>>,
    /// Formats, with commas between [default: all that can be written].
    #[arg(long, value_enum, value_name = "FORMAT", value_delimiter = ',')]
    format: Vec<FormatArgument>,
    /// Languages of the report, with commas between [default: both].
    #[arg(long, value_enum, value_name = "LANGUAGE", value_delimiter = ',')]
    report_language: Vec<LanguageArgument>,
}

/// Formats of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatArgument {
    /// A page with the evidence of every figure
    Html,
    /// A workbook for each language
    Xlsx,
    /// Pages for print and archive, for each language; of a build with the feature pdf
    Pdf,
    /// The content as data
    Json,
    /// A file for each table
    Csv,
}

impl SubjectArgs {
    /// The request of a report by a template.
    pub(super) fn request(&self, template: &str) -> GenerateReportRequest {
        let format = |format: &FormatArgument| match format {
            FormatArgument::Html => ReportFormat::Html.into(),
            FormatArgument::Xlsx => ReportFormat::Xlsx.into(),
            FormatArgument::Pdf => ReportFormat::Pdf.into(),
            FormatArgument::Json => ReportFormat::Json.into(),
            FormatArgument::Csv => ReportFormat::Csv.into(),
        };
        let language = |language: &LanguageArgument| match language {
            LanguageArgument::En => "en".to_owned(),
            LanguageArgument::Zh => "zh".to_owned(),
        };
        GenerateReportRequest {
            template: template.to_owned(),
            document_id: self.document.clone().unwrap_or_default(),
            area_code: self.area.clone(),
            period: self.period.clone(),
            formats: self.format.iter().map(format).collect(),
            languages: self.report_language.iter().map(language).collect(),
            as_of: self.as_of.map(|instant| SystemTime::from(instant).into()),
            ..GenerateReportRequest::default()
        }
    }
}
