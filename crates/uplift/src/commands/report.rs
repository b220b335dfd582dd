//! `uplift report`.

use std::path::Path;

use sha2::{Digest, Sha256};
use tonic::transport::Channel;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_proto::status::from_status;
use uplift_proto::v1::reporting::reporting_service_client::ReportingServiceClient;
use uplift_proto::v1::reporting::{
    DownloadReportRequest, GenerateReportRequest, Report as Written, download_report_response::Part,
    generate_report_response::Event,
};

use crate::cli::Report;
use crate::commands::{Outcome, connect};
use crate::terminal::progress;

/// Has a report written and saves it.
pub async fn run(options: Report) -> Result<Outcome> {
    let channel = connect(&options.reporting_url).await?;
    let report = generate(channel, &options.document, &options.output).await?;
    eprintln!(
        "{}: {} figures, {} contradictions",
        options.output.display(),
        report.figures,
        report.contradictions
    );
    Ok(Outcome::Done)
}

/// Has a report written, showing how far it is, and saves it to a file once its digest fits.
pub async fn generate(channel: Channel, document: &str, output: &Path) -> Result<Written> {
    let mut client = ReportingServiceClient::new(channel);
    let asked = GenerateReportRequest { document_id: document.to_owned() };
    let mut events = client.generate_report(asked).await.map_err(|s| from_status(&s))?.into_inner();
    let bar = progress(1);
    let mut report = None;
    while let Some(message) = events.message().await.map_err(|s| from_status(&s))? {
        match message.event {
            Some(Event::Progress(step)) => {
                bar.set_length(step.of as u64);
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
    std::fs::write(output, content).map_err(|e| {
        Error::new(ErrorKind::FailedPrecondition, format!("cannot write {}: {e}", output.display()))
    })?;
    Ok(report)
}

async fn download(client: &mut ReportingServiceClient<Channel>, report_id: &str) -> Result<Vec<u8>> {
    let asked = DownloadReportRequest { report_id: report_id.to_owned() };
    let mut parts = client.download_report(asked).await.map_err(|s| from_status(&s))?.into_inner();
    let mut content = Vec::new();
    while let Some(message) = parts.message().await.map_err(|s| from_status(&s))? {
        match message.part {
            Some(Part::Chunk(chunk)) => content.extend_from_slice(&chunk),
            Some(Part::Sha256(sent)) => {
                let got: String = Sha256::digest(&content).iter().map(|b| format!("{b:02x}")).collect();
                if got == sent {
                    return Ok(content);
                }
                break;
            }
            None => {}
        }
    }
    Err(Error::new(ErrorKind::Unavailable, "the report was cut short on its way; ask for it again"))
}
