//! Arguments that several commands share: addresses of services, formats, languages, levels of areas.

use clap::{Args, ValueEnum};
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

/// How many records to simulate, and which.
#[derive(Debug, Args)]
pub(crate) struct ProgrammeSize {
    /// Households of the simulated programme; 0 loads only the article.
    #[arg(long, value_name = "N", default_value_t = 500)]
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
