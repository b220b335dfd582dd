//! `uplift report download`: files of a report that is kept.

use std::path::{Path, PathBuf};

use clap::Args;
use sha2::{Digest, Sha256};
use uplift_client::{ReportingClient, connect, from_status};
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_core::language::Language;
use uplift_proto::v1::reporting::{
    DownloadReportRequest, GetEditionRequest, GetReportRequest, Report, ReportFile,
    download_report_response::Part,
};

use super::print::print_report;
use crate::arguments::ReportingAddress;
use crate::outcome::Outcome;
use crate::saved_file::save;

/// The page of reports that earlier versions wrote.
const OLD_PAGE: &str = "report.html";

#[derive(Debug, Args)]
pub(super) struct DownloadArgs {
    /// Id of the report, or of an edition, as annual-50-2011/1.
    report_id: String,
    /// Name of one of its files [default: all].
    #[arg(long, value_name = "NAME")]
    file: Option<String>,
    /// Folder for the files; made if need be.
    #[arg(long, short, value_name = "DIR", default_value = ".")]
    output: PathBuf,
    #[command(flatten)]
    address: ReportingAddress,
}

pub(super) async fn run(args: DownloadArgs, language: Language) -> Result<Outcome> {
    let mut client = uplift_client::reporting(connect(&args.address.reporting_url).await?);
    let mut report = record(&mut client, &args.report_id).await?;
    if report.files.is_empty() {
        report.files.push(ReportFile { name: OLD_PAGE.to_owned(), ..ReportFile::default() });
    }
    if let Some(name) = &args.file {
        report.files.retain(|file| file.name == *name);
        if report.files.is_empty() {
            // The service tells which files there are.
            download(&mut client, &args.report_id, name).await?;
        }
    }
    save_all(&mut client, &report, &args.output).await?;
    print_report(&report, &args.output, language);
    Ok(Outcome::Done)
}

/// The record of a report, or of the report that is an edition.
async fn record(client: &mut ReportingClient, id: &str) -> Result<Report> {
    if id.contains('/') {
        let request = GetEditionRequest { edition_id: id.to_owned() };
        let edition = client.get_edition(request).await.map_err(|s| from_status(&s))?.into_inner().edition;
        return Ok(edition.and_then(|edition| edition.report).unwrap_or_default());
    }
    let request = GetReportRequest { report_id: id.to_owned() };
    let report = client.get_report(request).await.map_err(|s| from_status(&s))?.into_inner().report;
    Ok(report.unwrap_or_default())
}

/// Saves every file of a report in a folder, which is made if need be.
pub(crate) async fn save_all(client: &mut ReportingClient, report: &Report, folder: &Path) -> Result<()> {
    make_folder(folder)?;
    for file in &report.files {
        // A name is that of a file: what could leave the folder is not one.
        let name = Path::new(&file.name).file_name().and_then(|name| name.to_str());
        let name = name.filter(|name| *name == file.name).ok_or_else(|| {
            Error::new(ErrorKind::DataLoss, format!("{:?} is not the name of a file", file.name))
        })?;
        let content = download(client, &report.report_id, &file.name).await?;
        save(&folder.join(name), &content)?;
    }
    Ok(())
}

pub(super) fn make_folder(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|e| {
        Error::new(ErrorKind::FailedPrecondition, format!("cannot make the folder {}: {e}", folder.display()))
    })
}

async fn download(client: &mut ReportingClient, report_id: &str, file: &str) -> Result<Vec<u8>> {
    let request = DownloadReportRequest { report_id: report_id.to_owned(), file: file.to_owned() };
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
