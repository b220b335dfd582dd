//! `uplift import`: a file to ingest, and what came back as a file of the same kind.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use futures::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};
use tonic::transport::Channel;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_core::number::grouped;
use uplift_ingest::{REASON, encoding_of};
use uplift_proto::status::from_status;
use uplift_proto::v1::ingest::ingest_service_client::IngestServiceClient;
use uplift_proto::v1::ingest::upload_file_request::Part;
use uplift_proto::v1::ingest::{
    ListRejectsRequest, Mode, Policy, Rejection, SubmissionHeader, UploadFileRequest, UploadHeader,
};

use crate::cli::Import;
use crate::commands::{Outcome, connect};
use crate::terminal::say;

const CHUNK: usize = 256 * 1024;

/// Hands a file in, says what became of it, and writes the rows that came back beside it.
pub async fn run(options: Import) -> Result<Outcome> {
    let bytes = std::fs::read(&options.file).map_err(|e| {
        Error::new(ErrorKind::FailedPrecondition, format!("cannot read {}: {e}", options.file.display()))
    })?;
    let mut client = IngestServiceClient::new(connect(&options.ingest_url).await?);
    let header = header(&options, &bytes)?;
    let submission_id = header.submission.as_ref().map(|s| s.submission_id.clone()).unwrap_or_default();
    let bar = bar(bytes.len() as u64);
    let answer = client.upload_file(parts(header, &bytes, bar.clone())).await.map_err(|s| from_status(&s));
    bar.finish_and_clear();
    let answer = answer?.into_inner();
    let submission = answer.submission.unwrap_or_default();
    let rejections = match options.dry_run {
        true => answer.rejections,
        false => all_rejections(&mut client, &submission_id).await?,
    };
    let verb = if options.dry_run { "would land" } else { "landed" };
    say!(
        "{}: {} rows, {} {verb}, {} came back{}",
        options.file.display(),
        submission.rows_received,
        submission.rows_landed,
        submission.rows_rejected,
        submission
            .table_version
            .map(|v| format!(" (table version {v}, submission {submission_id})"))
            .unwrap_or_default(),
    );
    if rejections.is_empty() {
        return Ok(Outcome::Done);
    }
    for rejection in rejections.iter().take(10) {
        say!("  row {}, {}: {}", rejection.row, rejection.field, rejection.message);
    }
    if rejections.len() > 10 {
        say!("  and {} more", rejections.len() - 10);
    }
    let beside = rejects_path(&options.file);
    write_rejects(&bytes, &rejections, &beside)?;
    say!("Rows that came back, with reasons: {}. Correct them there and import that file.", beside.display());
    Ok(Outcome::FoundWrong)
}

fn header(options: &Import, bytes: &[u8]) -> Result<UploadHeader> {
    let mut units = std::collections::HashMap::new();
    for unit in &options.units {
        let Some((field, unit)) = unit.split_once('=') else {
            return Err(Error::invalid_field(
                "--unit",
                format!("{unit:?} is no COLUMN=UNIT, as amount=万元"),
            ));
        };
        units.insert(field.to_owned(), unit.to_owned());
    }
    // Named by its content, so that importing a file again is the same submission.
    let hash = Sha256::new().chain_update(bytes).chain_update(options.units.join(","));
    let digest: String = hash.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect();
    let made = || format!("{}/{}/{}/{digest}", options.area, options.period, options.dataset);
    let policy = if options.all_or_nothing { Policy::AllOrNothing } else { Policy::AcceptGoodRows };
    let mode = if options.replace { Mode::Replace } else { Mode::Append };
    let submission = SubmissionHeader {
        submission_id: options.id.clone().unwrap_or_else(made),
        dataset: options.dataset.clone(),
        area_code: options.area.clone(),
        period: options.period.clone(),
        mode: mode.into(),
        policy: policy.into(),
        sender: options.sender.clone(),
        simulated: false,
    };
    Ok(UploadHeader { submission: Some(submission), units, dry_run: options.dry_run })
}

/// The messages of an upload; the bar moves as they are taken.
fn parts(
    header: UploadHeader,
    bytes: &[u8],
    bar: ProgressBar,
) -> impl futures::Stream<Item = UploadFileRequest> + Send + 'static {
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

async fn all_rejections(client: &mut IngestServiceClient<Channel>, id: &str) -> Result<Vec<Rejection>> {
    let mut asked = ListRejectsRequest { submission_id: id.to_owned(), ..Default::default() };
    let mut all = Vec::new();
    loop {
        let page = client.list_rejects(asked.clone()).await.map_err(|s| from_status(&s))?.into_inner();
        all.extend(page.rejections);
        if page.next_page_token.is_empty() {
            return Ok(all);
        }
        asked.page_token = page.next_page_token;
    }
}

/// Writes the rows at fault as they stood, in the file's own encoding, with a column of reasons.
fn write_rejects(bytes: &[u8], rejections: &[Rejection], path: &Path) -> Result<()> {
    let mut reasons: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for rejection in rejections {
        reasons.entry(rejection.row).or_default().push(format!("{}: {}", rejection.field, rejection.message));
    }
    let encoding = encoding_of(bytes);
    let (text, _, _) = encoding.decode(bytes);
    let failed = |e: String| Error::internal("writing the rejects file", e);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    let mut headings = reader.headers().map_err(|e| failed(e.to_string()))?.clone();
    let reason_at = headings.iter().position(|h| h == REASON);
    if reason_at.is_none() {
        headings.push_field(REASON);
    }
    writer.write_record(&headings).map_err(|e| failed(e.to_string()))?;
    for (row, record) in (1..).zip(reader.records()) {
        let record = record.map_err(|e| failed(e.to_string()))?;
        if let Some(reasons) = reasons.get(&row) {
            let cells = record.iter().enumerate().filter(|(i, _)| Some(*i) != reason_at).map(|(_, c)| c);
            let reason = reasons.join("; ");
            writer.write_record(cells.chain([reason.as_str()])).map_err(|e| failed(e.to_string()))?;
        }
    }
    let csv = String::from_utf8(writer.into_inner().map_err(|e| failed(e.to_string()))?);
    let csv = csv.map_err(|e| failed(e.to_string()))?;
    std::fs::write(path, encode(&csv, encoding, bytes)).map_err(|e| failed(e.to_string()))
}

/// Text in the encoding of the file that it came from, with its mark if that had one.
fn encode(text: &str, encoding: &'static Encoding, original: &[u8]) -> Vec<u8> {
    let marked = Encoding::for_bom(original).is_some();
    let mark = if marked { "\u{feff}" } else { "" };
    let text = format!("{mark}{text}");
    match encoding {
        e if e == UTF_16LE => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        e if e == UTF_16BE => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        e if e == UTF_8 => text.into_bytes(),
        e => e.encode(&text).0.into_owned(),
    }
}

fn rejects_path(file: &Path) -> PathBuf {
    let stem = file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    file.with_file_name(format!("{stem}.rejects.csv"))
}

fn bar(bytes: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:24} {bytes}/{total_bytes} {bytes_per_sec} {msg}");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
