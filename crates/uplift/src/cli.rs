//! The command line: every command with its help. The arguments of a command are declared beside it.

use clap::{Parser, Subcommand};

use crate::arguments::{LanguageArgument, LogFormat};
use crate::commands::check::CheckArgs;
use crate::commands::datasets::{DatasetsArgs, TemplateArgs};
use crate::commands::demo::DemoArgs;
use crate::commands::extract::ExtractArgs;
use crate::commands::flags::FlagsArgs;
use crate::commands::folder::{BackupArgs, RestoreArgs, VerifyArgs};
use crate::commands::funds::FundsArgs;
use crate::commands::health::HealthArgs;
use crate::commands::household::HouseholdArgs;
use crate::commands::import::ImportArgs;
use crate::commands::indicators::IndicatorsArgs;
use crate::commands::load::LoadArgs;
use crate::commands::measure::MeasureArgs;
use crate::commands::objectives::ObjectivesArgs;
use crate::commands::outcomes::OutcomesArgs;
use crate::commands::query::QueryArgs;
use crate::commands::report::ReportArgs;
use crate::commands::sample::SampleArgs;
use crate::commands::scorecard::ScorecardArgs;
use crate::commands::serve::ServeArgs;
use crate::commands::simulate::SimulateArgs;
use crate::commands::trace::TraceArgs;

/// Records what a poverty-alleviation programme does, measures what changed, and publishes
/// figures that can be traced.
#[derive(Debug, Parser)]
#[command(
    name = "uplift",
    version,
    propagate_version = true,
    after_help = "Begin with:\n  uplift demo            load the article of 2011, find its contradictions, write a report\n  \
                  uplift demo --serve    the same, then keep the services running for grpcurl\n\n\
                  Exit codes: 0 done, 1 refused or problems found, 2 wrong usage."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Language of titles and explanations.
    #[arg(long, global = true, value_enum, default_value_t = LanguageArgument::En, env = "UPLIFT_LANGUAGE")]
    pub(crate) language: LanguageArgument,
    /// How log lines are written to stderr; RUST_LOG selects them.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, env = "UPLIFT_LOG_FORMAT")]
    pub(crate) log_format: LogFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Load the published article and show what it says and where it contradicts itself.
    ///
    /// Runs all three services in this process on free loopback ports, submits the article and a simulated
    /// programme over gRPC, computes the checks, and writes a report to open in a browser. Running it again
    /// on the same folder changes nothing: every submission was committed before.
    Demo(DemoArgs),
    /// Run one service, several, or all of them.
    ///
    /// Without --service all three services and the portal run in this process. Reporting asks metrics over gRPC; where
    /// metrics runs in another process, give its address with --metrics-url.
    #[command(after_help = "Example, three processes on one folder:\n  \
        uplift serve --service ingest --data-dir data\n  \
        uplift serve --service metrics --data-dir data\n  \
        uplift serve --service reporting --data-dir data --metrics-url http://localhost:7102")]
    Serve(ServeArgs),
    /// Print the configuration that `serve` with the same options would run with.
    ///
    /// Settings come from a TOML file, then the environment (UPLIFT_…), then flags; a later source overrides an earlier one.
    #[command(after_help = "Example:\n  uplift config --config uplift.toml --ingest-port 8101")]
    Config(ServeArgs),
    /// Submit the records of the demo to a running ingest service: the article and a simulated programme.
    Load(LoadArgs),
    /// Submit a CSV file; rejected rows are written beside it with the reasons.
    ///
    /// The file may be UTF-8, UTF-16 or GB18030 (GBK), its headings English, Chinese or field names.
    /// A heading may name its unit in brackets: 金额（万元）. Exits 1 if rows are rejected.
    #[command(
        after_help = "Example:\n  uplift import 资金.csv --dataset fund_flow --area 500101 --period 2011 --unit amount=万元"
    )]
    Import(ImportArgs),
    /// Submit simulated records of a whole programme: two years, all counties, all datasets.
    ///
    /// The same seed makes the same records. They are labelled simulated wherever they are shown, and
    /// their totals are the article's where its figures can be true together.
    Simulate(SimulateArgs),
    /// List the datasets that can be submitted, or the fields of one.
    Datasets(DatasetsArgs),
    /// Save an empty CSV file with the headings of a dataset.
    Template(TemplateArgs),
    /// List the indicators, or show how one is defined.
    #[command(
        after_help = "Examples:\n  uplift indicators --section funds\n  uplift indicators fund.absorption"
    )]
    Indicators(IndicatorsArgs),
    /// Compute indicators for an area, the areas in it, and periods.
    #[command(
        after_help = "Examples:\n  uplift query fund.absorption --area 50 --by county --period 2011 --compare\n  \
                      uplift query fund.fiscal --by-dimension source --period 2011 --format csv"
    )]
    Query(QueryArgs),
    /// Show the year at a glance: actual, target, last year, and what was published.
    Scorecard(ScorecardArgs),
    /// Show the evidence of a figure: definition, SQL, submissions, records, and its value recomputed.
    ///
    /// Takes the trace of a figure as QueryIndicators gives it, or the indicator's id with --area and
    /// --period. Exits 1 if the recomputed value differs.
    #[command(after_help = "Example:\n  uplift trace fund.fiscal --area 50 --period 2011")]
    Trace(TraceArgs),
    /// State where the money of a budget year is, from budget to expenditure.
    ///
    /// At each node what came in is what went out, what is left, and what is unexplained. Money that several levels record
    /// on its way counts once. Exits 1 if some is unexplained.
    #[command(after_help = "Example:\n  uplift funds --area 50 --period 2011 --by county")]
    Funds(FundsArgs),
    /// Draw accepted projects to be inspected again, by risk.
    ///
    /// Risk is one, and points for evidence withdrawn, an inspection that failed, open findings, criteria that were lacking,
    /// people still poor, and what was not made public. The same seed over the same records draws the same projects.
    #[command(after_help = "Example:\n  uplift sample --area 50 --period 2011 --size 20 --seed 2011")]
    Sample(SampleArgs),
    /// Write the records that may be made public as files to post, without what tells of a person.
    ///
    /// One CSV file for each dataset that has such records: funds, projects, inspections, findings, disclosures. Records of
    /// people are left out, with columns that may name somebody; numbers of identity cards and telephones are masked.
    #[command(after_help = "Example:\n  uplift extract --area 500101 --period 2011 --output public")]
    Extract(ExtractArgs),
    /// List records that look like abuse, by declared rules: reasons to look, which prove nothing.
    ///
    /// Help to people in no register, one account for many, money after death, orders split below the limit, figures copied
    /// from last year, and others. Nothing is changed by it. Exits 1 if anything is found.
    #[command(after_help = "Examples:\n  uplift flags --area 50 --period 2011\n  \
                      uplift flags --rule shared_account --limit shared_account.households=4\n  \
                      uplift flags --explain")]
    Flags(FlagsArgs),
    /// Tell the story of one household: its years, what it received from every line of work, what became of it.
    ///
    /// Reads every dataset that names the household or one of its members, and marks what to look at: helped twice for the
    /// same, in need and never helped. It shows records of people: keep it to those who need it.
    #[command(after_help = "Example:\n  uplift household H500101-000012")]
    Household(HouseholdArgs),
    /// Show how far the targets of a year are, and where they lead to.
    ///
    /// The forecast goes as the year before went; its error is from how the areas inside differ. Income of households in
    /// tourism pilots is measured on the same households in both years. Exits 1 if a target is behind or was missed.
    #[command(after_help = "Example:\n  uplift objectives --area 50 --period 2011-09 --by county")]
    Objectives(ObjectivesArgs),
    /// Compare what changed for households in villages that were helped and in others, and what claims are worth.
    ///
    /// Poverty before and after in the villages of each batch, with standard errors by the design of the sample, beside
    /// what was spent there. Exits 1 if the data do not support a claim.
    #[command(after_help = "Example:\n  uplift outcomes --area 50 --period 2011")]
    Outcomes(OutcomesArgs),
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
    Measure(Box<MeasureArgs>),
    /// Judge the checks between published figures; exits 1 if figures contradict each other.
    Check(CheckArgs),
    /// Write reports by templates, preview them, list and download them.
    Report(ReportArgs),
    /// Ask services whether they are healthy; exits 1 if one is not.
    Health(HealthArgs),
    /// Verify that the tables are what was committed; exits 1 if a file is damaged or missing.
    ///
    /// Reads every file of the data folder and compares it with the digest that was kept when it was
    /// written; names the table, the version and the submissions of what differs. Services may run meanwhile.
    #[command(after_help = "Example:\n  uplift verify tables --data-dir uplift-data")]
    Verify(VerifyArgs),
    /// Copy the data folder to another place, and verify the copy. Services may run meanwhile.
    #[command(after_help = "Example:\n  uplift backup /backups/2011-12-31 --data-dir uplift-data")]
    Backup(BackupArgs),
    /// Put a backup back as a data folder that does not exist yet. The backup is verified first.
    #[command(after_help = "Example:\n  uplift restore /backups/2011-12-31 --data-dir uplift-data")]
    Restore(RestoreArgs),
}
