//! `uplift report errata` and `watch`: what differs from an edition, for its readers, and told as it happens.

use std::path::PathBuf;

use clap::Args;
use uplift_client::{connect, from_status};
use uplift_core::error::Result;
use uplift_core::language::Language;
use uplift_proto::v1::reporting::{CompareReportsResponse, SubscribeChangesRequest, WriteErrataRequest};

use super::compare::print_comparison;
use super::download::make_folder;
use crate::arguments::{OutputFormat, ReportingAddress};
use crate::outcome::Outcome;
use crate::saved_file::save;
use crate::terminal::say;

#[derive(Debug, Args)]
pub(super) struct ErrataArgs {
    /// Edition, as annual-50-2011/1.
    edition_id: String,
    /// Later edition of the same series [default: what its figures are now].
    other_edition_id: Option<String>,
    /// Folder for the files; made if need be.
    #[arg(long, short, value_name = "DIR", default_value = ".")]
    output: PathBuf,
    #[command(flatten)]
    address: ReportingAddress,
}

#[derive(Debug, Args)]
pub(super) struct WatchArgs {
    /// Edition, as annual-50-2011/1.
    edition_id: String,
    /// Output format; of JSON and CSV there is one listing for each time that something changes.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    format: OutputFormat,
    #[command(flatten)]
    address: ReportingAddress,
}

pub(super) async fn errata(args: ErrataArgs) -> Result<Outcome> {
    let mut client = uplift_client::reporting(connect(&args.address.reporting_url).await?);
    let request = WriteErrataRequest {
        edition_id: args.edition_id,
        other_edition_id: args.other_edition_id.unwrap_or_default(),
    };
    let answer = client.write_errata(request).await.map_err(|s| from_status(&s))?.into_inner();
    make_folder(&args.output)?;
    for file in answer.files {
        let path = args.output.join(&file.name);
        save(&path, &file.content)?;
        say!("{}", path.display());
    }
    Ok(Outcome::Done)
}

pub(super) async fn watch(args: WatchArgs, language: Language) -> Result<Outcome> {
    let mut client = uplift_client::reporting(connect(&args.address.reporting_url).await?);
    let request = SubscribeChangesRequest { edition_id: args.edition_id };
    let mut told = client.subscribe_changes(request).await.map_err(|s| from_status(&s))?.into_inner();
    while let Some(message) = told.message().await.map_err(|s| from_status(&s))? {
        let comparison = CompareReportsResponse { figures: message.figures, changes: message.changes };
        if args.format == OutputFormat::Table {
            say!("{}", chrono::Local::now().format("%Y-%m-%d %H:%M:%S"));
        }
        print_comparison(&comparison, args.format, usize::MAX, language)?;
    }
    Ok(Outcome::Done)
}
