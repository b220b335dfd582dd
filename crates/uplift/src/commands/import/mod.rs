//! `uplift import`: a file submitted, and its rejected rows as a file of the same kind.

mod arguments;
mod rejected_file;

use futures::{Stream, StreamExt};
use indicatif::{ProgressBar, ProgressStyle};
use uplift_client::{IngestClient, connect, from_status};
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_core::format::grouped;
use uplift_core::language::Language;
use uplift_proto::v1::ingest::upload_file_request::Part;
use uplift_proto::v1::ingest::{
    ListRejectionsRequest, Reading, Rejection, State, Submission, UploadFileRequest, UploadFileResponse,
    UploadHeader,
};

pub(crate) use self::arguments::ImportArgs;
use crate::outcome::Outcome;
use crate::terminal::{message, say, say_in};

/// Bytes of one message of an upload.
const CHUNK: usize = 256 * 1024;
/// Rejections that are printed.
const MAX_PRINTED: usize = 10;

/// Submits a file, prints the outcome, and writes the rejected rows beside it.
pub(crate) async fn run(args: ImportArgs, language: Language) -> Result<Outcome> {
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
    print_outcome(&args, &submission, &answer, language);
    if !answer.replaced_by.is_empty() {
        let by = &answer.replaced_by;
        say_in!(
            language,
            "It was committed before and replaced by {by} since: its rows are not in the table. To put them there again, import it with --replace.",
            "该文件此前已入库，后被{by}替换，其记录已不在表中。如需恢复，请加 --replace 重新导入。"
        );
        return Ok(Outcome::ProblemsFound);
    }
    if submission.rows_rejected == 0 {
        return Ok(Outcome::Done);
    }
    let rejections = match args.dry_run {
        true => answer.rejections.clone(),
        false => match all_rejections(&mut client, submission_id(&submission)).await {
            Ok(rejections) => rejections,
            Err(error) => {
                say_in!(
                    language,
                    "  the reasons cannot be fetched now ({}); the same command fetches them again",
                    "  暂时无法取得退回原因（{}）；重新执行同一命令即可再取",
                    message(&error.message, language)
                );
                return Ok(Outcome::ProblemsFound);
            }
        },
    };
    let word = position_word(&args, bytes.clone());
    let mark = answer.reading.as_ref().map_or("", |reading| reading.decimal_mark.as_str());
    for rejection in rejections.iter().take(MAX_PRINTED) {
        let comma = language.choose(", ", "，");
        let field = match rejection.field.as_str() {
            "" => String::new(),
            field => format!("{comma}{field}"),
        };
        let row = rejection.row;
        let said = message(&rejection.message, language);
        say_in!(language, "  {word} {row}{field}: {said}", "  第{row}行{field}：{said}",);
    }
    if rejections.len() > MAX_PRINTED {
        let more = rejections.len() - MAX_PRINTED;
        say_in!(language, "  and {more} more", "  另有{more}条");
    }
    if args.dry_run || submission.state() != State::Committed {
        let file = args.file.display();
        say_in!(
            language,
            "Nothing was committed. Correct {file} and import it again.",
            "未入库任何记录。请改正{file}后重新导入。"
        );
        if args.replace && !args.dry_run {
            say_in!(
                language,
                "With --accept-good-rows, the good rows replace the earlier ones and the others are rejected.",
                "加上 --accept-good-rows，则合格行替换原有记录，其余退回。"
            );
        }
        return Ok(Outcome::ProblemsFound);
    }
    rejected_file::save(&args, bytes, &rejections, submission.rows_rejected, mark, language)?;
    Ok(Outcome::ProblemsFound)
}

fn submission_id(submission: &Submission) -> &str {
    submission.header.as_ref().map(|h| h.submission_id.as_str()).unwrap_or_default()
}

/// A number of rows, in words.
fn rows(number: i64) -> String {
    format!("{} {}", grouped(number.into()), if number == 1 { "row" } else { "rows" })
}

fn print_outcome(
    args: &ImportArgs,
    submission: &Submission,
    answer: &UploadFileResponse,
    language: Language,
) {
    let verb = if args.dry_run { "would be accepted" } else { "accepted" };
    let version = submission.table_version;
    let id = submission_id(submission);
    let version = version.map(|v| match language {
        Language::En => format!(" (table version {v}, submission {id})"),
        Language::Zh => format!("（表版本{v}，上报编号{id}）"),
    });
    let version = version.unwrap_or_default();
    let (file, received) = (args.file.display(), submission.rows_received);
    let (accepted, rejected) = (submission.rows_accepted, submission.rows_rejected);
    match language {
        Language::En => say!("{file}: {}, {accepted} {verb}, {rejected} rejected{version}", rows(received)),
        Language::Zh if args.dry_run => {
            say!("{file}：共{received}行，可入库{accepted}行，退回{rejected}行{version}")
        }
        Language::Zh => say!("{file}：共{received}行，入库{accepted}行，退回{rejected}行{version}"),
    }
    if args.replace && (submission.state() != State::Refused || args.dry_run) && answer.reading.is_some() {
        let (rows, number) = (rows(answer.rows_removed), answer.rows_removed);
        let (verb, zh) = if args.dry_run { ("would take", "将替换") } else { ("took", "已替换") };
        say_in!(language, "  {verb} the place of {rows} reported before", "  {zh}此前上报的{number}行",);
    }
    if let Some(reading) = &answer.reading {
        print_reading(reading, language);
    }
    let (removed, zh) = if args.dry_run { ("would remove", "将移除") } else { ("removed", "已移除") };
    answer
        .warnings
        .iter()
        .for_each(|warning| say_in!(language, "  {removed} {warning}", "  {zh}：{warning}"));
}

/// What the file was read as, so that a wrong guess is seen.
fn print_reading(reading: &Reading, language: Language) {
    let is_workbook = reading.kind == "XLSX";
    let word = if is_workbook { "row" } else { "line" };
    let in_words = |en: String, zh: String| if language == Language::En { en } else { zh };
    let mut told = vec![reading.kind.clone()];
    if !reading.encoding.is_empty() {
        told.push(reading.encoding.clone());
    }
    if !reading.separator.is_empty() {
        let separator = match reading.separator.as_str() {
            "comma" => "逗号",
            "semicolon" => "分号",
            "tab" => "制表符",
            "bar" => "竖线",
            other => other,
        };
        told.push(in_words(format!("{} between cells", reading.separator), format!("以{separator}分隔")));
    }
    if !reading.sheet.is_empty() {
        told.push(in_words(format!("sheet {}", reading.sheet), format!("工作表“{}”", reading.sheet)));
    }
    if reading.head_line > 1 {
        let line = reading.head_line;
        told.push(in_words(format!("headings in {word} {line}"), format!("表头在第{line}行")));
    }
    let mut units: Vec<_> = reading.units.iter().collect();
    units.sort();
    told.extend(units.into_iter().map(|(heading, unit)| {
        in_words(format!("{heading:?} in {unit}"), format!("“{heading}”单位为{}", message(unit, language)))
    }));
    if !reading.decimal_mark.is_empty() {
        let mark = match reading.decimal_mark.as_str() {
            "point" => "小数点为点号",
            "comma" => "小数点为逗号",
            _ => "小数点写法不一",
        };
        told.push(in_words(format!("decimal {}", reading.decimal_mark), mark.to_owned()));
    }
    say_in!(language, "  read as {}", "  识别为：{}", told.join(language.choose(", ", "，")));
    if !reading.ignored_columns.is_empty() {
        let names: Vec<_> = reading.ignored_columns.iter().map(|name| format!("{name:?}")).collect();
        say_in!(language, "  not read: {}", "  未读取的列：{}", names.join(language.choose(", ", "、")));
    }
    for row in &reading.skipped_rows {
        let kind = match row.kind.as_str() {
            "total" => "合计行",
            "note" => "说明或签名行",
            _ => "重复的表头",
        };
        let (line, text, name) = (row.line, &row.text, &row.kind);
        say_in!(
            language,
            "  {word} {line} is a {name} and no record: {text}",
            "  第{line}行为{kind}，不作记录：{text}"
        );
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
