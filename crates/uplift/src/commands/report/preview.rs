//! `uplift report preview`: a template checked, and a report written by it that is not kept.

use std::path::PathBuf;

use clap::Args;
use tokio::sync::mpsc;
use uplift_client::connect;
use uplift_core::error::Result;
use uplift_core::language::Language;
use uplift_reporting::{Progress, ReportRequest, preview};

use super::download::make_folder;
use super::print::print_report;
use super::step_bar::StepBar;
use super::subject::SubjectArgs;
use crate::arguments::MetricsAddress;
use crate::outcome::Outcome;
use crate::saved_file::save;

/// Steps that wait to be shown.
const QUEUED: usize = 16;

#[derive(Debug, Args)]
pub(super) struct PreviewArgs {
    /// Folder of the template, or the name of a shipped one.
    template: String,
    #[command(flatten)]
    subject: SubjectArgs,
    /// Folder for the files; made if need be.
    #[arg(long, short, value_name = "DIR", default_value = "preview")]
    output: PathBuf,
    #[command(flatten)]
    address: MetricsAddress,
}

pub(super) async fn run(args: PreviewArgs, language: Language) -> Result<Outcome> {
    make_folder(&args.output)?;
    let metrics = uplift_client::metrics(connect(&args.address.metrics_url).await?);
    let request = ReportRequest::from_wire(args.subject.request(&args.template))?;
    let (steps, mut shown) = mpsc::channel(QUEUED);
    let bar = StepBar::new(language);
    let show = async {
        while let Some(step) = shown.recv().await {
            if let Progress::Begun(step) = step {
                bar.show(step.stage, step.done, step.total);
            }
        }
    };
    let (written, ()) = tokio::join!(preview(metrics, &args.template, &request, steps), show);
    drop(bar);
    let written = written?;
    for (name, content) in &written.files {
        save(&args.output.join(name), content)?;
    }
    print_report(&written.report, &args.output, language);
    Ok(Outcome::Done)
}
