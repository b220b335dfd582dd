//! `uplift extract`: the records that may be made public, as files to post.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use clap::Args;
use uplift_client::{MetricsClient, connect, from_status};
use uplift_core::cell;
use uplift_core::dataset::{Dataset, Field, Kind};
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_core::language::Language;
use uplift_proto::v1::metrics::StreamPublicRecordsRequest;

use crate::arguments::{MetricsAddress, OutputFormat};
use crate::outcome::Outcome;
use crate::saved_file::{SavedFile, save};
use crate::terminal::{Listing, progress, say, say_in};

#[derive(Debug, Args)]
pub(crate) struct ExtractArgs {
    /// Area code: records of the area and of areas in it.
    #[arg(long, value_name = "CODE", default_value = "50")]
    area: String,
    /// Period that the records were reported for, or that they were reported for a part of.
    #[arg(long, value_name = "PERIOD", default_value = "2011")]
    period: String,
    /// Folder to write into, one CSV file for each dataset with records; it is made, and must be empty.
    #[arg(long, short, value_name = "FOLDER")]
    output: PathBuf,
    /// Use the tables as they were at this instant, for example 2011-12-31T00:00:00Z.
    #[arg(long, value_name = "INSTANT")]
    as_of: Option<DateTime<Utc>>,
    #[command(flatten)]
    address: MetricsAddress,
}

/// The column that tells whether a record is simulated.
const SIMULATED: &str = "simulated";

/// What was written of a dataset.
struct Extracted {
    dataset: &'static Dataset,
    version: i64,
    records: usize,
    simulated: usize,
    withheld: Vec<String>,
    masked: i64,
}

/// Writes the files and a note on what they leave out.
pub(crate) async fn run(args: ExtractArgs, language: Language) -> Result<Outcome> {
    let mut client = uplift_client::metrics(connect(&args.address.metrics_url).await?);
    make_folder(&args.output)?;
    let public: Vec<_> = uplift_proto::dataset::all().iter().filter(|dataset| dataset.public).collect();
    let bar = progress(public.len() as u64);
    let mut extracts = Vec::new();
    for dataset in public {
        bar.set_message(dataset.name.clone());
        extracts.push(extract(&mut client, &args, dataset, language).await?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let shown = |e: &&Extracted| e.records > 0;
    if !extracts.iter().any(|e| e.records > 0) {
        let (area, period) = (&args.area, &args.period);
        say_in!(
            language,
            "No public record of area {area} was reported for {period}; correct the area or the period, or import records.",
            "没有地区{area}在{period}上报的可公开记录；请改正地区或时期，或先导入数据。"
        );
        return Ok(Outcome::ProblemsFound);
    }
    save(&args.output.join(NOTE), note(&args, &extracts).as_bytes())?;
    let row = |e: &Extracted| {
        let title = e.dataset.title.text(language).to_owned();
        let file = format!("{}.csv", e.dataset.name);
        vec![file, title, e.records.to_string(), e.simulated.to_string(), e.withheld.join(", ")]
    };
    let listing = Listing {
        columns: match language {
            Language::En => vec!["file", "records of", "records", "simulated", "left out"],
            Language::Zh => vec!["文件", "数据集", "记录数", "其中模拟", "不公开的栏"],
        },
        numbers: vec![2, 3],
        rows: extracts.iter().filter(shown).map(row).collect(),
    };
    listing.print(OutputFormat::Table)?;
    let masked: i64 = extracts.iter().map(|e| e.masked).sum();
    if masked > 0 {
        say_in!(
            language,
            "Values with an identity or telephone number, shown as ***: {masked}. Correct them at their source.",
            "含身份证号或电话号码、已显示为***的值：{masked}个。请在来源数据中更正。"
        );
    }
    say!("{}", args.output.display());
    Ok(Outcome::Done)
}

/// Name of the note beside the files.
const NOTE: &str = "README.md";

fn make_folder(folder: &Path) -> Result<()> {
    let refused = |reason: String| {
        Error::new(ErrorKind::FailedPrecondition, format!("cannot write {}: {reason}", folder.display()))
    };
    std::fs::create_dir_all(folder).map_err(|e| refused(e.to_string()))?;
    let mut entries = std::fs::read_dir(folder).map_err(|e| refused(e.to_string()))?;
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(refused("it is not empty; name a new folder".to_owned())),
    }
}

/// Writes the file of a dataset; none is left if it has no record.
async fn extract(
    client: &mut MetricsClient,
    args: &ExtractArgs,
    dataset: &'static Dataset,
    language: Language,
) -> Result<Extracted> {
    let request = StreamPublicRecordsRequest {
        dataset: dataset.name.clone(),
        area_code: args.area.clone(),
        period: args.period.clone(),
        as_of: args.as_of.map(|instant| SystemTime::from(instant).into()),
        ..Default::default()
    };
    let mut pieces = client.stream_public_records(request).await.map_err(|s| from_status(&s))?.into_inner();
    let mut file = SavedFile::create(&args.output.join(format!("{}.csv", dataset.name)))?;
    let mut extracted =
        Extracted { dataset, version: -1, records: 0, simulated: 0, withheld: Vec::new(), masked: 0 };
    let mut columns = Vec::new();
    while let Some(piece) = pieces.message().await.map_err(|s| from_status(&s))? {
        if columns.is_empty() {
            columns = piece.columns.clone();
            // Spreadsheets take a file for UTF-8 by this sign.
            file.write("\u{feff}".as_bytes())?;
            file.write(&line(columns.iter().map(|column| heading(dataset, column, language)))?)?;
            extracted.version = piece.table_versions.get(&dataset.name).copied().unwrap_or(-1);
            extracted.withheld = piece.withheld.clone();
        }
        for record in &piece.records {
            let is_simulated = record.values.last().is_some_and(|value| value == "true");
            extracted.simulated += usize::from(is_simulated);
            let cells = columns.iter().zip(&record.values);
            file.write(&line(cells.map(|(column, value)| shown(dataset, column, value, language)))?)?;
        }
        extracted.records += piece.records.len();
        extracted.masked += piece.masked;
    }
    if extracted.records > 0 {
        file.keep()?;
    }
    Ok(extracted)
}

fn line(cells: impl Iterator<Item = String>) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let written = writer.write_record(cells.map(|cell| cell::shown(&cell).into_owned()));
    written.map_err(|e| Error::internal("writing CSV", e))?;
    writer.into_inner().map_err(|e| Error::internal("writing CSV", e.to_string()))
}

fn field<'a>(dataset: &'a Dataset, column: &str) -> Option<&'a Field> {
    dataset.fields.iter().find(|field| field.column() == column)
}

/// A heading that an import of the file would understand.
fn heading(dataset: &Dataset, column: &str, language: Language) -> String {
    let Some(field) = field(dataset, column) else {
        let simulated = language.choose("Simulated", "模拟数据");
        return if column == SIMULATED { simulated } else { column }.to_owned();
    };
    let title = field.title.text(language);
    match field.kind {
        Kind::Money => language.choose(&format!("{title} (yuan)"), &format!("{title}（元）")).to_owned(),
        _ => title.to_owned(),
    }
}

/// A value in the reader's language.
fn shown(dataset: &Dataset, column: &str, value: &str, language: Language) -> String {
    match (field(dataset, column).map(|field| &field.kind), value) {
        (Some(Kind::Code(codes)), _) => {
            let code = codes.iter().find(|code| code.stored == value);
            code.map_or(value, |code| code.title.text(language)).to_owned()
        }
        (Some(Kind::Boolean) | None, "true") => language.choose("yes", "是").to_owned(),
        (Some(Kind::Boolean) | None, "false") => language.choose("no", "否").to_owned(),
        _ => value.to_owned(),
    }
}

/// What the files are and leave out, in both languages, for whoever finds them.
fn note(args: &ExtractArgs, extracts: &[Extracted]) -> String {
    let (area, period) = (&args.area, &args.period);
    let listed = |language: Language| {
        let shown = extracts.iter().filter(|e| e.records > 0).map(|e| {
            let (name, title) = (&e.dataset.name, e.dataset.title.text(language));
            let (records, simulated, version) = (e.records, e.simulated, e.version);
            let left_out = match e.withheld.is_empty() {
                true => language.choose("nothing", "无").to_owned(),
                false => e.withheld.join(", "),
            };
            match language {
                Language::En => format!(
                    "- `{name}.csv`: {title}, {records} records ({simulated} simulated), table version {version}; left out: {left_out}\n"
                ),
                Language::Zh => format!(
                    "- `{name}.csv`：{title}，{records}条记录（其中模拟{simulated}条），数据表版本{version}；不公开的栏：{left_out}\n"
                ),
            }
        });
        shown.collect::<String>()
    };
    let kept_back = |language: Language| {
        let kept = uplift_proto::dataset::all().iter().filter(|dataset| !dataset.public);
        kept.map(|dataset| dataset.title.text(language)).collect::<Vec<_>>().join(language.choose(", ", "、"))
    };
    format!(
        "# Public records of area {area}, {period}\n\n{}\n\
         Records of people are not here ({}): what they add up to is in the indicators. Numbers of identity cards, and \
         of telephones in words, are shown as ***. Amounts are in yuan.\n\n\
         # {area}地区{period}公开数据\n\n{}\n\
         涉及个人的记录不予公开（{}），其汇总数见各项指标。身份证号和文字中的电话号码显示为***。金额单位为元。\n",
        listed(Language::En),
        kept_back(Language::En),
        listed(Language::Zh),
        kept_back(Language::Zh),
    )
}
