//! `uplift report generate`: a report written and kept, and its files saved.

use std::path::{Path, PathBuf};

use clap::Args;
use tonic::transport::Channel;
use uplift_client::{connect, from_status};
use uplift_core::error::{Error, Result};
use uplift_core::language::Language;
use uplift_proto::v1::reporting::{GenerateReportRequest, Report, generate_report_response::Event};

use super::download::{make_folder, save_all};
use super::print::print_report;
use super::step_bar::StepBar;
use super::subject::SubjectArgs;
use crate::arguments::ReportingAddress;
use crate::outcome::Outcome;

#[derive(Debug, Args)]
pub(super) struct GenerateArgs {
    /// Template; see: uplift report templates.
    #[arg(default_value = "annual")]
    template: String,
    #[command(flatten)]
    subject: SubjectArgs,
    /// Folder for the files; made if need be.
    #[arg(long, short, value_name = "DIR", default_value = ".")]
    output: PathBuf,
    #[command(flatten)]
    address: ReportingAddress,
}

pub(super) async fn run(args: GenerateArgs, language: Language) -> Result<Outcome> {
    let channel = connect(&args.address.reporting_url).await?;
    let request = args.subject.request(&args.template);
    let report = generate(language, channel, request, &args.output).await?;
    print_report(&report, &args.output, language);
    Ok(Outcome::Done)
}

/// Has a report written, with a progress bar, and saves its files once their digests fit.
pub(crate) async fn generate(
    language: Language,
    channel: Channel,
    request: GenerateReportRequest,
    folder: &Path,
) -> Result<Report> {
    // Before anything is written and kept.
    make_folder(folder)?;
    let mut client = uplift_client::reporting(channel);
    let mut events = client.generate_report(request).await.map_err(|s| from_status(&s))?.into_inner();
    let bar = StepBar::new(language);
    let mut report = None;
    while let Some(response) = events.message().await.map_err(|s| from_status(&s))? {
        match response.event {
            Some(Event::Progress(step)) => bar.show(&step.stage, step.done, step.total),
            Some(Event::Report(written)) => report = Some(written),
            None => {}
        }
    }
    drop(bar);
    let report =
        report.ok_or_else(|| Error::internal("writing the report", "the stream ended without one"))?;
    save_all(&mut client, &report, folder).await?;
    Ok(report)
}
