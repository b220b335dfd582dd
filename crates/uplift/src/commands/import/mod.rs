//! `uplift import`: a file submitted, and its rejected rows as a file of the same kind.

mod arguments;
mod rejected_file;

use futures::{Stream, StreamExt};
use indicatif::{ProgressBar, ProgressStyle};
use uplift_client::{IngestClient, connect, from_status};
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_core::format::grouped;
use uplift_proto::v1::ingest::upload_file_request::Part;
use uplift_proto::v1::ingest::{
    ListRejectionsRequest, Reading, Rejection, State, Submission, UploadFileRequest, UploadFileResponse,
    UploadHeader,
};

pub(crate) use self::arguments::ImportArgs;
use crate::outcome::Outcome;
use crate::terminal::say;

/// Bytes of one message of an upload.
const CHUNK: usize = 256 * 1024;
/// Rejections that are printed.
const MAX_PRINTED: usize = 10;

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
    let submission = answer.submission.clone().unwrap_or_default();
    print_outcome(&args, &submission, &answer);
    if submission.rows_rejected == 0 {
        return Ok(Outcome::Done);
    }
    let rejections = match args.dry_run {
        true => answer.rejections.clone(),
        false => match all_rejections(&mut client, submission_id(&submission)).await {
            Ok(rejections) => rejections,
            Err(error) => {
                say!(
                    "  the reasons cannot be fetched now ({}); the same command fetches them again",
                    error.message
                );
                return Ok(Outcome::ProblemsFound);
            }
        },
    };
    let word = position_word(&args, bytes.clone());
    let mark = answer.reading.as_ref().map_or("", |reading| reading.decimal_mark.as_str());
    for rejection in rejections.iter().take(MAX_PRINTED) {
        let field = if rejection.field.is_empty() { String::new() } else { format!(", {}", rejection.field) };
        say!("  {word} {}{field}: {}", rejection.row, rejection.message);
    }
    if rejections.len() > MAX_PRINTED {
        say!("  and {} more", rejections.len() - MAX_PRINTED);
    }
    if args.dry_run || submission.state() != State::Committed {
        say!("Nothing was committed. Correct {} and import it again.", args.file.display());
        if args.replace && !args.dry_run {
            say!(
                "With --accept-good-rows, the good rows replace the earlier ones and the others are rejected."
            );
        }
        return Ok(Outcome::ProblemsFound);
    }
    rejected_file::save(&args, bytes, &rejections, submission.rows_rejected, mark)?;
    Ok(Outcome::ProblemsFound)
}

fn submission_id(submission: &Submission) -> &str {
    submission.header.as_ref().map(|h| h.submission_id.as_str()).unwrap_or_default()
}

/// A number of rows, in words.
fn rows(number: i64) -> String {
    format!("{} {}", grouped(number.into()), if number == 1 { "row" } else { "rows" })
}

fn print_outcome(args: &ImportArgs, submission: &Submission, answer: &UploadFileResponse) {
    let verb = if args.dry_run { "would be accepted" } else { "accepted" };
    let version = submission.table_version;
    let version = version.map(|v| format!(" (table version {v}, submission {})", submission_id(submission)));
    say!(
        "{}: {}, {} {verb}, {} rejected{}",
        args.file.display(),
        rows(submission.rows_received),
        submission.rows_accepted,
        submission.rows_rejected,
        version.unwrap_or_default(),
    );
    if args.replace && (submission.state() != State::Refused || args.dry_run) && answer.reading.is_some() {
        let verb = if args.dry_run { "would take" } else { "took" };
        say!("  {verb} the place of {} reported before", rows(answer.rows_removed));
    }
    if let Some(reading) = &answer.reading {
        print_reading(reading);
    }
    let removed = if args.dry_run { "would remove" } else { "removed" };
    answer.warnings.iter().for_each(|warning| say!("  {removed} {warning}"));
}

/// What the file was read as, so that a wrong guess is seen.
fn print_reading(reading: &Reading) {
    let mut told = vec![reading.kind.clone()];
    if !reading.encoding.is_empty() {
        told.push(reading.encoding.clone());
    }
    if !reading.separator.is_empty() {
        told.push(format!("{} between cells", reading.separator));
    }
    if !reading.sheet.is_empty() {
        told.push(format!("sheet {}", reading.sheet));
    }
    if reading.head_line > 1 {
        let word = if reading.kind == "XLSX" { "row" } else { "line" };
        told.push(format!("headings in {word} {}", reading.head_line));
    }
    let mut units: Vec<_> = reading.units.iter().collect();
    units.sort();
    told.extend(units.into_iter().map(|(heading, unit)| format!("{heading:?} in {unit}")));
    if !reading.decimal_mark.is_empty() {
        told.push(format!("decimal {}", reading.decimal_mark));
    }
    say!("  read as {}", told.join(", "));
    if !reading.ignored_columns.is_empty() {
        let names: Vec<_> = reading.ignored_columns.iter().map(|name| format!("{name:?}")).collect();
        say!("  not read: {}", names.join(", "));
    }
    let word = if reading.kind == "XLSX" { "row" } else { "line" };
    for row in &reading.skipped_rows {
        say!("  {word} {} is a {} and no record: {}", row.line, row.kind, row.text);
    }
}

/// What a position in the file is called: the same that the service says in its messages.
fn position_word(args: &ImportArgs, bytes: Vec<u8>) -> &'static str {
    let upload = args.upload(bytes);
    let file = upload.ok().zip(uplift_proto::dataset::find(&args.dataset));
    file.and_then(|(upload, dataset)| upload.open(dataset).ok()).map_or("row", |file| file.line_word())
}

/// The messages of an upload; the bar moves as they are sent.
fn parts(
    header: UploadHeader,
    bytes: &[u8],
    bar: ProgressBar,
) -> impl Stream<Item = UploadFileRequest> + Send + 'static {
    let chunks: Vec<_> = bytes.chunks(CHUNK).map(|c| Part::Chunk(c.to_vec().into())).collect();
    futures::stream::iter(std::iter::once(Part::Header(header)).chain(chunks)).map(move |part| {
        if let Part::Chunk(chunk) = &part {
            bar.inc(chunk.len() as u64);
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

fn upload_bar(bytes: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:24} {bytes}/{total_bytes} {bytes_per_sec}");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
