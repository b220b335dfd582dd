//! Arguments that several commands share: addresses of services, formats, languages, levels of areas.

use clap::{Args, ValueEnum};
use uplift_formats::{DecimalMark, ReadingOptions};
use uplift_proto::service::Service;
use uplift_proto::v1::records::AreaLevel;
use uplift_server::telemetry;

/// Address of the ingest service.
#[derive(Debug, Args)]
pub(crate) struct IngestAddress {
    /// The ingest service.
    #[arg(long, value_name = "URL", default_value_t = Service::Ingest.default_url(), env = "UPLIFT_INGEST_URL")]
    pub(crate) ingest_url: String,
}

/// Address of the metrics service.
#[derive(Debug, Args)]
pub(crate) struct MetricsAddress {
    /// The metrics service.
    #[arg(long, value_name = "URL", default_value_t = Service::Metrics.default_url(), env = "UPLIFT_METRICS_URL")]
    pub(crate) metrics_url: String,
}

/// Address of the reporting service.
#[derive(Debug, Args)]
pub(crate) struct ReportingAddress {
    /// The reporting service.
    #[arg(long, value_name = "URL", default_value_t = Service::Reporting.default_url(), env = "UPLIFT_REPORTING_URL")]
    pub(crate) reporting_url: String,
}

/// How a file is written, where that is not to be found in it.
#[derive(Debug, Args)]
pub(crate) struct ReadingArgs {
    /// Encoding of a text, for example gb18030, big5 or windows-1252 [default: found in the file].
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
    /// Decimal mark of numbers [default: found in the file].
    #[arg(long = "decimal", value_enum, value_name = "MARK")]
    decimal: Option<DecimalArgument>,
    /// Text that stands for a missing value, for example NA; may be given several times.
    #[arg(long = "missing", value_name = "TEXT", allow_hyphen_values = true)]
    missing: Vec<String>,
    /// Sheet of a workbook [default: the one whose headings are known].
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
}

/// Decimal marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DecimalArgument {
    /// 1,234.50
    Point,
    /// 1.234,50
    Comma,
}

impl ReadingArgs {
    pub(crate) fn options(&self) -> ReadingOptions {
        ReadingOptions {
            encoding: self.encoding.clone(),
            decimal_mark: self.decimal.map(|mark| match mark {
                DecimalArgument::Point => DecimalMark::Point,
                DecimalArgument::Comma => DecimalMark::Comma,
            }),
            missing_marks: self.missing.clone(),
            sheet: self.sheet.clone(),
        }
    }

    /// The decimal mark as the wire has it.
    pub(crate) fn decimal_word(&self) -> &'static str {
        match self.decimal {
            None => "",
            Some(DecimalArgument::Point) => "point",
            Some(DecimalArgument::Comma) => "comma",
        }
    }
}

/// How many records to simulate, and which.
#[derive(Debug, Args)]
pub(crate) struct ProgrammeSize {
    /// Households of the simulated programme; 0 loads only the article.
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    pub(crate) households: usize,
    /// Seed of the simulated programme: the same seed makes the same records.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
}

/// How a list is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// For people to read
    Table,
    /// One JSON array
    Json,
    /// With a header row
    Csv,
}

/// Language of titles and explanations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LanguageArgument {
    /// English
    En,
    /// 中文
    Zh,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people to read
    Text,
    /// One JSON object per line
    Json,
}

/// Levels of areas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    /// Province or municipality
    Province,
    /// Prefecture
    Prefecture,
    /// County or district
    County,
    /// Township
    Township,
    /// Village
    Village,
}

impl From<LanguageArgument> for uplift_core::language::Language {
    fn from(language: LanguageArgument) -> Self {
        match language {
            LanguageArgument::En => Self::En,
            LanguageArgument::Zh => Self::Zh,
        }
    }
}

impl From<LogFormat> for telemetry::LogFormat {
    fn from(format: LogFormat) -> Self {
        match format {
            LogFormat::Text => Self::Text,
            LogFormat::Json => Self::Json,
        }
    }
}

impl From<Level> for AreaLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Province => Self::Province,
            Level::Prefecture => Self::Prefecture,
            Level::County => Self::County,
            Level::Township => Self::Township,
            Level::Village => Self::Village,
        }
    }
}
