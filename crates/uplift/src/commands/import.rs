//! `uplift import`: a file submitted, and its rejected rows as a file of the same kind.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use clap::Args;
use futures::{Stream, StreamExt};
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};
use uplift_client::{IngestClient, connect, from_status};
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_core::format::grouped;
use uplift_formats::rejected_rows;
use uplift_proto::v1::ingest::upload_file_request::Part;
use uplift_proto::v1::ingest::{
    ListRejectionsRequest, Mode, Policy, Rejection, Submission, SubmissionHeader, UploadFileRequest,
    UploadHeader,
};
use uuid::Uuid;

use crate::arguments::IngestAddress;
use crate::outcome::Outcome;
use crate::saved_file::save_private;
use crate::terminal::say;

/// Bytes of one message of an upload.
const CHUNK: usize = 256 * 1024;
/// Rejections that are printed.
const MAX_PRINTED: usize = 10;

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The CSV file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Dataset of its rows; `uplift datasets` lists them.
    #[arg(long, value_name = "NAME")]
    dataset: String,
    /// Area that the file reports for.
    #[arg(long, value_name = "CODE")]
    area: String,
    /// Period that the file reports for: 2011, 2011-Q3, 2011-10.
    #[arg(long, value_name = "PERIOD")]
    period: String,
    /// Who sends it.
    #[arg(long, value_name = "NAME", default_value = "uplift import")]
    sender: String,
    /// Replace all earlier rows of this dataset, area and period.
    #[arg(long)]
    replace: bool,
    /// Refuse the whole file if one row is bad; without it, good rows are accepted.
    #[arg(long)]
    all_or_nothing: bool,
    /// Check the file without committing anything.
    #[arg(long)]
    dry_run: bool,
    /// Unit of a money column, for example amount=万元; may be given several times.
    #[arg(long = "unit", value_name = "COLUMN=UNIT")]
    units: Vec<String>,
    /// Id of the submission [default: derived from the file's content; of its own for each --replace].
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    #[command(flatten)]
    address: IngestAddress,
}

/// Submits a file, prints the outcome, and writes the rejected rows beside it.
pub(crate) async fn run(args: ImportArgs) -> Result<Outcome> {
    let bytes = std::fs::read(&args.file).map_err(|e| {
        Error::new(ErrorKind::FailedPrecondition, format!("cannot read {}: {e}", args.file.display()))
    })?;
    let mut client = uplift_client::ingest(connect(&args.address.ingest_url).await?);
    let header = args.header(&bytes)?;
    let bar = upload_bar(bytes.len() as u64);
    let answer = client.upload_file(parts(header, &bytes, bar.clone())).await.map_err(|s| from_status(&s));
    bar.finish_and_clear();
    let answer = answer?.into_inner();
    let submission = answer.submission.unwrap_or_default();
    print_outcome(&args, &submission);
    let removed = if args.dry_run { "would remove" } else { "removed" };
    answer.warnings.iter().for_each(|warning| say!("  {removed} {warning}"));
    let rejections = match args.dry_run {
        true => answer.rejections,
        false => all_rejections(&mut client, submission_id(&submission)).await?,
    };
    if rejections.is_empty() {
        return Ok(Outcome::Done);
    }
    for rejection in rejections.iter().take(MAX_PRINTED) {
        say!("  row {}, {}: {}", rejection.row, rejection.field, rejection.message);
    }
    if rejections.len() > MAX_PRINTED {
        say!("  and {} more", rejections.len() - MAX_PRINTED);
    }
    if args.dry_run || args.all_or_nothing {
        say!("Nothing was committed. Correct {} and import it again.", args.file.display());
        return Ok(Outcome::ProblemsFound);
    }
    let path = rejected_path(&args.file);
    let reasons = reasons(&rejections);
    save_private(&path, &rejected_rows(bytes, &reasons)?)?;
    let unexplained = submission.rows_rejected - reasons.len() as i64;
    if unexplained > 0 {
        say!(
            "  and {unexplained} further rows were rejected, whose reasons are not kept; import them again after these"
        );
    }
    say!("Rejected rows, with reasons: {}. Correct them there and import that file.", path.display());
    Ok(Outcome::ProblemsFound)
}

fn submission_id(submission: &Submission) -> &str {
    submission.header.as_ref().map(|h| h.submission_id.as_str()).unwrap_or_default()
}

fn print_outcome(args: &ImportArgs, submission: &Submission) {
    let verb = if args.dry_run { "would be accepted" } else { "accepted" };
    let version = submission.table_version;
    let version = version.map(|v| format!(" (table version {v}, submission {})", submission_id(submission)));
    say!(
        "{}: {} rows, {} {verb}, {} rejected{}",
        args.file.display(),
        submission.rows_received,
        submission.rows_accepted,
        submission.rows_rejected,
        version.unwrap_or_default(),
    );
}

impl ImportArgs {
    fn header(&self, bytes: &[u8]) -> Result<UploadHeader> {
        let mut units = HashMap::new();
        for unit in &self.units {
            let Some((field, unit)) = unit.split_once('=') else {
                let message = format!("{unit:?} is not COLUMN=UNIT, for example amount=万元");
                return Err(Error::invalid_field("--unit", message));
            };
            if units.insert(field.to_owned(), unit.to_owned()).is_some() {
                let message = format!("{field:?} is given two units; give it one");
                return Err(Error::invalid_field("--unit", message));
            }
        }
        // Appended, it is named by its content, so that importing a file again is the same submission. Replacing is
        // an act: a file may replace what replaced it.
        let hash = Sha256::new().chain_update(bytes).chain_update(self.units.join(","));
        let digest = hex::encode(&hash.finalize()[..8]);
        let act = if self.replace { format!("/{}", Uuid::now_v7()) } else { String::new() };
        let by_content = || format!("{}/{}/{}/{digest}{act}", self.area, self.period, self.dataset);
        let policy = if self.all_or_nothing { Policy::AllOrNothing } else { Policy::AcceptGoodRows };
        let mode = if self.replace { Mode::Replace } else { Mode::Append };
        let submission = SubmissionHeader {
            submission_id: self.id.clone().unwrap_or_else(by_content),
            dataset: self.dataset.clone(),
            area_code: self.area.clone(),
            period: self.period.clone(),
            mode: mode.into(),
            policy: policy.into(),
            sender: self.sender.clone(),
            simulated: false,
        };
        Ok(UploadHeader { submission: Some(submission), units, dry_run: self.dry_run })
    }
}

/// The messages of an upload; the bar moves as they are sent.
fn parts(
    header: UploadHeader,
    bytes: &[u8],
    bar: ProgressBar,
) -> impl Stream<Item = UploadFileRequest> + Send + 'static {
    let chunks: Vec<_> = bytes.chunks(CHUNK).map(|c| Part::Chunk(c.to_vec().into())).collect();
    let mut lines = 0;
    futures::stream::iter(std::iter::once(Part::Header(header)).chain(chunks)).map(move |part| {
        if let Part::Chunk(chunk) = &part {
            // A line feed is the same byte in every encoding that is read; the first ends the head.
            lines += chunk.iter().filter(|byte| **byte == b'\n').count();
            bar.inc(chunk.len() as u64);
            bar.set_message(format!("{} rows sent", grouped((lines.saturating_sub(1) as i64).into())));
        }
        UploadFileRequest { part: Some(part) }
    })
}

async fn all_rejections(client: &mut IngestClient, submission_id: &str) -> Result<Vec<Rejection>> {
    let mut request = ListRejectionsRequest { submission_id: submission_id.to_owned(), ..Default::default() };
    let mut all = Vec::new();
    loop {
        let page = client.list_rejections(request.clone()).await.map_err(|s| from_status(&s))?.into_inner();
        all.extend(page.rejections);
        if page.next_page_token.is_empty() {
            return Ok(all);
        }
        request.page_token = page.next_page_token;
    }
}

/// The reasons of each rejected row in one text.
fn reasons(rejections: &[Rejection]) -> BTreeMap<i64, String> {
    let mut reasons: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for rejection in rejections {
        reasons.entry(rejection.row).or_default().push(format!("{}: {}", rejection.field, rejection.message));
    }
    reasons.into_iter().map(|(row, reasons)| (row, reasons.join("; "))).collect()
}

fn rejected_path(file: &Path) -> PathBuf {
    let stem = file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    file.with_file_name(format!("{stem}.rejected.csv"))
}

fn upload_bar(bytes: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:24} {bytes}/{total_bytes} {bytes_per_sec} {msg}");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
