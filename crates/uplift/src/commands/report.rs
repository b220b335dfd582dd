//! `uplift report`: a report written, downloaded and saved.

use std::path::{Path, PathBuf};

use clap::Args;
use sha2::{Digest, Sha256};
use tonic::transport::Channel;
use uplift_client::{ReportingClient, connect, from_status};
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_core::language::Language;
use uplift_proto::v1::reporting::{
    DownloadReportRequest, GenerateReportRequest, Report, download_report_response::Part,
    generate_report_response::Event,
};

use crate::arguments::ReportingAddress;
use crate::outcome::Outcome;
use crate::saved_file::save;
use crate::terminal::progress;

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Document whose figures the report shows.
    #[arg(long, value_name = "ID", default_value = "chongqing-2011")]
    document: String,
    /// File to write.
    #[arg(long, short, value_name = "FILE", default_value = "report.html")]
    output: PathBuf,
    #[command(flatten)]
    address: ReportingAddress,
}

pub(crate) async fn run(args: ReportArgs, language: Language) -> Result<Outcome> {
    let channel = connect(&args.address.reporting_url).await?;
    let report = generate(channel, &args.document, &args.output).await?;
    let (file, figures, contradictions) = (args.output.display(), report.figures, report.contradictions);
    match language {
        Language::En => eprintln!("{file}: {figures} figures, {contradictions} contradictions"),
        Language::Zh => eprintln!("{file}：{figures}个数字，{contradictions}处不相符"),
    }
    Ok(Outcome::Done)
}

/// Has a report written, with a progress bar, and saves it to a file once its digest fits.
pub(crate) async fn generate(channel: Channel, document: &str, output: &Path) -> Result<Report> {
    let mut client = uplift_client::reporting(channel);
    let request = GenerateReportRequest { document_id: document.to_owned() };
    let mut events = client.generate_report(request).await.map_err(|s| from_status(&s))?.into_inner();
    let bar = progress(1);
    let mut report = None;
    while let Some(message) = events.message().await.map_err(|s| from_status(&s))? {
        match message.event {
            Some(Event::Progress(step)) => {
                bar.set_length(step.total as u64);
                bar.set_position(step.done as u64);
                bar.set_message(step.stage);
            }
            Some(Event::Report(written)) => report = Some(written),
            None => {}
        }
    }
    bar.finish_and_clear();
    let report =
        report.ok_or_else(|| Error::internal("writing the report", "the stream ended without one"))?;
    let content = download(&mut client, &report.report_id).await?;
    save(output, &content)?;
    Ok(report)
}

async fn download(client: &mut ReportingClient, report_id: &str) -> Result<Vec<u8>> {
    let request = DownloadReportRequest { report_id: report_id.to_owned() };
    let mut parts = client.download_report(request).await.map_err(|s| from_status(&s))?.into_inner();
    let mut content = Vec::new();
    while let Some(message) = parts.message().await.map_err(|s| from_status(&s))? {
        match message.part {
            Some(Part::Chunk(chunk)) => content.extend_from_slice(&chunk),
            Some(Part::Sha256(sent)) if hex::encode(Sha256::digest(&content)) == sent => return Ok(content),
            Some(Part::Sha256(_)) => break,
            None => {}
        }
    }
    Err(Error::new(ErrorKind::Unavailable, "the download was incomplete; try again"))
}
