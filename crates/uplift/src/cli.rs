//! The command line.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands::measure::options::Measure;
use crate::node::Service;

/// Records what a poverty-alleviation programme does, measures what changed, and publishes
/// figures that can be traced.
#[derive(Debug, Parser)]
#[command(
    name = "uplift",
    version,
    propagate_version = true,
    after_help = "Begin with:\n  uplift demo            load the article of 2011, find its contradictions, write a report\n  \
                  uplift demo --serve    the same, then keep the services running for grpcurl\n\n\
                  Exit codes: 0 done, 1 refused or found wrong, 2 wrong usage."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Language of titles and explanations.
    #[arg(long, global = true, value_enum, default_value_t = Language::En, env = "UPLIFT_LANGUAGE")]
    pub language: Language,
    /// How log lines are written to stderr; RUST_LOG says which.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, env = "UPLIFT_LOG_FORMAT")]
    pub log_format: LogFormat,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Load the published article and show what it says and where it contradicts itself.
    ///
    /// Runs all three services in this process on free loopback ports, hands the article's figures
    /// in over gRPC, has the checks judged, and writes a report to open in a browser. Running it
    /// again on the same folder changes nothing: every submission is known already.
    Demo(Demo),
    /// Run one service, several, or all of them.
    ///
    /// Without --service all three run in this process. Reporting asks metrics over gRPC; where
    /// metrics runs elsewhere, say where with --metrics-url.
    #[command(after_help = "Example, three processes on one folder:\n  \
        uplift serve --service ingest --data-dir data\n  \
        uplift serve --service metrics --data-dir data\n  \
        uplift serve --service reporting --data-dir data --metrics-url http://localhost:7102")]
    Serve(Serve),
    /// Print the configuration that `serve` with the same options would run with.
    ///
    /// Settings come from a TOML file, then the environment (UPLIFT_…), then flags: the later counts.
    #[command(after_help = "Example:\n  uplift config --config uplift.toml --ingest-port 8101")]
    Config(Serve),
    /// Hand the demo's records in to a running ingest service: the article and a simulated programme.
    Load(Load),
    /// Hand a CSV file in; rows that come back are written beside it with the reasons.
    ///
    /// The file may be UTF-8, UTF-16 or GB18030 (GBK), its headings English, Chinese or field names.
    /// A heading may say its unit in brackets, as 金额（万元）. Exits 1 if rows came back.
    #[command(
        after_help = "Example:\n  uplift import 资金.csv --dataset fund_flow --area 500101 --period 2011 --unit amount=万元"
    )]
    Import(Import),
    /// Hand in made-up records of a whole programme: two years, all counties, all datasets.
    ///
    /// The same seed makes the same records. They are labelled simulated wherever they show, and
    /// their totals are the article's where its figures can be true together.
    Simulate(Simulate),
    /// List the datasets that can be handed in, or the fields of one.
    Datasets(Datasets),
    /// Save an empty CSV file with the headings of a dataset.
    Template(Template),
    /// List the indicators, or tell how one is defined.
    #[command(
        after_help = "Examples:\n  uplift indicators --section funds\n  uplift indicators fund.absorption"
    )]
    Indicators(Indicators),
    /// Compute indicators for an area, the places in it, and periods.
    #[command(
        after_help = "Examples:\n  uplift query fund.absorption --area 50 --by county --period 2011 --compare\n  \
                      uplift query fund.fiscal --by-dimension source --period 2011 --format csv"
    )]
    Query(Query),
    /// Show the year at a glance: actual, target, last year, and what was published.
    Scorecard(Scorecard),
    /// Open the evidence of a figure: definition, SQL, submissions, records, and its value again.
    ///
    /// Takes the trace of a figure as QueryIndicators gives it, or the indicator's id with --area and
    /// --period. Exits 1 if the value computed again is another one.
    #[command(after_help = "Example:\n  uplift trace fund.fiscal --area 50 --period 2011")]
    Trace(Trace),
    /// Measure poverty and inequality in a CSV or Parquet file; no service is needed.
    ///
    /// Prints the measures of docs/measures.md, with standard errors and intervals where the design of
    /// the sample is given. Rows without an income, weight or size are left out, and counted.
    #[command(
        after_help = "Examples:\n  uplift measure survey.csv --income income --weight weight --size size --line cn2300\n  \
                      uplift measure survey.parquet --income income --weight weight --stratum county \\\n    \
                        --cluster village --by county --line 60%\n  \
                      uplift measure survey.csv --income income --deprived school=1/3,health=1/3,water=1/3\n  \
                      uplift measure tenths.csv --grouped --weight people --income income --mean 9000 --line 2300"
    )]
    Measure(Box<Measure>),
    /// Judge the checks between published figures; exits 1 if figures contradict each other.
    Check(Check),
    /// Write a report and save it to a file.
    Report(Report),
    /// Ask services whether they are healthy; exits 1 if one is not.
    Health(Health),
}

/// Options of `uplift demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Folder for tables and reports.
    #[arg(long, value_name = "DIR", default_value = "uplift-demo", env = "UPLIFT_DATA_DIR")]
    pub data_dir: PathBuf,
    /// Hand in a simulated programme too, with so many households; 0 is the article alone.
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub households: usize,
    /// Seed of the simulated programme.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Keep the services running on their usual ports until Ctrl-C.
    #[arg(long)]
    pub serve: bool,
}

/// Options of `uplift serve`. What is not given comes from the file, then from the defaults.
#[derive(Debug, Args)]
pub struct Serve {
    /// TOML file with settings by the names that `uplift config` prints.
    #[arg(long, value_name = "FILE", env = "UPLIFT_CONFIG")]
    pub config: Option<PathBuf>,
    /// Services to run; may be given several times, or as a list with commas [default: all].
    #[arg(
        long = "service",
        value_enum,
        value_delimiter = ',',
        value_name = "SERVICE",
        env = "UPLIFT_SERVICES"
    )]
    pub services: Option<Vec<Service>>,
    /// Folder for tables and reports [default: uplift-data].
    #[arg(long, value_name = "DIR", env = "UPLIFT_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// Address to listen on. Anything but loopback can be reached by others: there is no
    /// authentication yet [default: 127.0.0.1].
    #[arg(long, value_name = "IP", env = "UPLIFT_LISTEN")]
    pub listen: Option<IpAddr>,
    /// Port of the ingest service [default: 7101].
    #[arg(long, value_name = "PORT", env = "UPLIFT_INGEST_PORT")]
    pub ingest_port: Option<u16>,
    /// Port of the metrics service [default: 7102].
    #[arg(long, value_name = "PORT", env = "UPLIFT_METRICS_PORT")]
    pub metrics_port: Option<u16>,
    /// Port of the reporting service [default: 7103].
    #[arg(long, value_name = "PORT", env = "UPLIFT_REPORTING_PORT")]
    pub reporting_port: Option<u16>,
    /// Where reporting finds metrics, if not in this process.
    #[arg(long, value_name = "URL", env = "UPLIFT_METRICS_URL")]
    pub metrics_url: Option<String>,
    /// Seconds that requests under way may take to finish once the node stops [default: 10].
    #[arg(long, value_name = "SECONDS", env = "UPLIFT_GRACE")]
    pub grace: Option<u64>,
}

/// Options of `uplift load`.
#[derive(Debug, Args)]
pub struct Load {
    /// Households of the simulated programme; 0 is the article alone.
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub households: usize,
    /// Same seed, same records.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// The ingest service.
    #[arg(long, value_name = "URL", default_value = "http://localhost:7101", env = "UPLIFT_INGEST_URL")]
    pub ingest_url: String,
}

/// Options of `uplift import`.
#[derive(Debug, Args)]
pub struct Import {
    /// The CSV file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Dataset of its rows; `uplift datasets` lists them.
    #[arg(long, value_name = "NAME")]
    pub dataset: String,
    /// Area that the file reports for.
    #[arg(long, value_name = "CODE")]
    pub area: String,
    /// Period that the file reports for: 2011, 2011-Q3, 2011-10.
    #[arg(long, value_name = "PERIOD")]
    pub period: String,
    /// Who sends it.
    #[arg(long, value_name = "NAME", default_value = "uplift import")]
    pub sender: String,
    /// Take the place of all rows handed in before for this dataset, area and period.
    #[arg(long)]
    pub replace: bool,
    /// Let one bad row refuse the whole file; without it, good rows land.
    #[arg(long)]
    pub all_or_nothing: bool,
    /// Check and answer, and keep nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Unit of a money column, as amount=万元; may be given several times.
    #[arg(long = "unit", value_name = "COLUMN=UNIT")]
    pub units: Vec<String>,
    /// Id of the submission; without it, one made of the file's content.
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
    /// The ingest service.
    #[arg(long, value_name = "URL", default_value = "http://localhost:7101", env = "UPLIFT_INGEST_URL")]
    pub ingest_url: String,
}

/// Options of `uplift simulate`.
#[derive(Debug, Args)]
pub struct Simulate {
    /// Households of the sample, each described in both years.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub households: usize,
    /// Same seed, same records.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// The ingest service.
    #[arg(long, value_name = "URL", default_value = "http://localhost:7101", env = "UPLIFT_INGEST_URL")]
    pub ingest_url: String,
}

/// Options of `uplift datasets`.
#[derive(Debug, Args)]
pub struct Datasets {
    /// Show the fields of this one.
    #[arg(value_name = "NAME")]
    pub dataset: Option<String>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

/// Options of `uplift template`.
#[derive(Debug, Args)]
pub struct Template {
    /// Name of the dataset.
    #[arg(value_name = "NAME")]
    pub dataset: String,
    /// File to write; without it, the dataset's name with .csv.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The ingest service.
    #[arg(long, value_name = "URL", default_value = "http://localhost:7101", env = "UPLIFT_INGEST_URL")]
    pub ingest_url: String,
}

/// Options of `uplift indicators`.
#[derive(Debug, Args)]
pub struct Indicators {
    /// Tell how this one is defined, and was before.
    #[arg(value_name = "ID")]
    pub indicator: Option<String>,
    /// Only this section of the annual report.
    #[arg(long, value_name = "SECTION", default_value = "")]
    pub section: String,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// The metrics service.
    #[arg(long, value_name = "URL", default_value = METRICS_URL, env = "UPLIFT_METRICS_URL")]
    pub metrics_url: String,
}

/// Options of `uplift query`.
#[derive(Debug, Args)]
pub struct Query {
    /// Indicators, as fund.absorption or fund.absorption@1; none is all.
    #[arg(value_name = "INDICATOR")]
    pub indicators: Vec<String>,
    /// Indicators of these sections too.
    #[arg(long = "section", value_name = "SECTION")]
    pub sections: Vec<String>,
    /// Area; empty is everywhere.
    #[arg(long, value_name = "CODE", default_value = "50")]
    pub area: String,
    /// A figure for each place of this level too.
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub by: Option<Level>,
    /// A figure for each value of this dimension, as source; may be given several times.
    #[arg(long = "by-dimension", value_name = "COLUMN")]
    pub dimensions: Vec<String>,
    /// Periods: 2011, 2011-Q3, 2011-10.
    #[arg(long = "period", value_name = "PERIOD", required = true, value_delimiter = ',')]
    pub periods: Vec<String>,
    /// Compare with the same period of the year before.
    #[arg(long)]
    pub compare: bool,
    /// What the tables held at this instant, as 2011-12-31T00:00:00Z.
    #[arg(long, value_name = "INSTANT")]
    pub as_of: Option<chrono::DateTime<chrono::Utc>>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// The metrics service.
    #[arg(long, value_name = "URL", default_value = METRICS_URL, env = "UPLIFT_METRICS_URL")]
    pub metrics_url: String,
}

/// Options of `uplift scorecard`.
#[derive(Debug, Args)]
pub struct Scorecard {
    /// Area.
    #[arg(long, value_name = "CODE", default_value = "50")]
    pub area: String,
    /// Period.
    #[arg(long, value_name = "PERIOD", default_value = "2011")]
    pub period: String,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// The metrics service.
    #[arg(long, value_name = "URL", default_value = METRICS_URL, env = "UPLIFT_METRICS_URL")]
    pub metrics_url: String,
}

/// Options of `uplift trace`.
#[derive(Debug, Args)]
pub struct Trace {
    /// Trace of a figure, or id of an indicator.
    #[arg(value_name = "TRACE|INDICATOR")]
    pub figure: String,
    /// Area of the figure, with an indicator.
    #[arg(long, value_name = "CODE", default_value = "50")]
    pub area: String,
    /// Period of the figure, with an indicator.
    #[arg(long, value_name = "PERIOD", default_value = "2011")]
    pub period: String,
    /// Records to show of each part.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub records: i32,
    /// The metrics service.
    #[arg(long, value_name = "URL", default_value = METRICS_URL, env = "UPLIFT_METRICS_URL")]
    pub metrics_url: String,
}

/// Options of `uplift check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Document whose figures are checked; without it, all documents.
    #[arg(long, value_name = "ID", default_value = "")]
    pub document: String,
    /// Show only contradictions.
    #[arg(long)]
    pub contradictions: bool,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// The metrics service.
    #[arg(long, value_name = "URL", default_value = METRICS_URL, env = "UPLIFT_METRICS_URL")]
    pub metrics_url: String,
}

/// Options of `uplift report`.
#[derive(Debug, Args)]
pub struct Report {
    /// Document whose figures the report shows.
    #[arg(long, value_name = "ID", default_value = "chongqing-2011")]
    pub document: String,
    /// File to write.
    #[arg(long, short, value_name = "FILE", default_value = "report.html")]
    pub output: PathBuf,
    /// The reporting service.
    #[arg(long, value_name = "URL", default_value = "http://localhost:7103", env = "UPLIFT_REPORTING_URL")]
    pub reporting_url: String,
}

/// Options of `uplift health`.
#[derive(Debug, Args)]
pub struct Health {
    /// Addresses to ask; without any, the three usual ones.
    #[arg(value_name = "URL")]
    pub urls: Vec<String>,
}

/// Where the metrics service is unless another is asked for.
const METRICS_URL: &str = "http://localhost:7102";

/// Levels of areas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Level {
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

/// Languages of titles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// English
    En,
    /// 中文
    Zh,
}

/// Shapes of printed lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For reading
    Table,
    /// One JSON array
    Json,
    /// With a head line
    Csv,
}

/// Shapes of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For reading
    Text,
    /// One JSON object a line
    Json,
}

impl Language {
    /// The text in this language.
    pub fn of<'a>(self, en: &'a str, zh: &'a str) -> &'a str {
        match self {
            Self::En => en,
            Self::Zh => zh,
        }
    }
}

impl From<Language> for uplift_core::number::Language {
    fn from(language: Language) -> Self {
        match language {
            Language::En => Self::En,
            Language::Zh => Self::Zh,
        }
    }
}
