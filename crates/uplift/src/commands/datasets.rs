//! `uplift datasets` and `uplift template`: what can be submitted, and an empty file for it.

use std::path::{Path, PathBuf};

use clap::Args;
use uplift_client::{connect, from_status};
use uplift_core::dataset::{Code, Dataset, Field, Format, Kind, SHOWN};
use uplift_core::error::{Error, Result};
use uplift_core::format::grouped;
use uplift_core::language::{Bilingual, Language};
use uplift_core::unit::unit_name;
use uplift_proto::v1::ingest::GetTemplateRequest;

use crate::arguments::{IngestAddress, OutputFormat};
use crate::outcome::Outcome;
use crate::saved_file::save;
use crate::terminal::{Listing, message, say, say_in};

#[derive(Debug, Args)]
pub(crate) struct DatasetsArgs {
    /// Show the fields of this one.
    #[arg(value_name = "NAME")]
    dataset: Option<String>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    format: OutputFormat,
}

#[derive(Debug, Args)]
pub(crate) struct TemplateArgs {
    /// Name of the dataset.
    #[arg(value_name = "NAME")]
    dataset: String,
    /// File to write; without it, the dataset's name with .csv.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    address: IngestAddress,
}

/// Lists the datasets, or the fields of one.
pub(crate) fn list(args: DatasetsArgs, language: Language) -> Result<Outcome> {
    let Some(name) = &args.dataset else {
        return datasets(language).print(args.format).map(|()| Outcome::Done);
    };
    let unknown = || Error::not_found(format!("there is no dataset {name:?}; see: uplift datasets"));
    let dataset = uplift_proto::dataset::find(name).ok_or_else(unknown)?;
    fields(dataset, language).print(args.format)?;
    // What other programs read is one table.
    if args.format == OutputFormat::Table {
        print_rules(dataset, language);
    }
    Ok(Outcome::Done)
}

/// The rules of a dataset beside those of each field, in the words that a rejected row is told.
fn print_rules(dataset: &Dataset, language: Language) {
    let own = dataset.rules.iter().map(|rule| (&rule.field, &rule.remedy));
    let several = dataset.set_rules.iter().map(|rule| (&rule.field, &rule.remedy));
    let print = |field: &String, remedy: &Bilingual| {
        let title = dataset.field(field).map_or(field.as_str(), |field| field.title.text(language));
        say!("  {title} {}", remedy.text(language).replace(SHOWN, "…"));
    };
    if !dataset.rules.is_empty() {
        say_in!(language, "Rules over several fields of a row:", "同一行内各栏之间的规则：");
        own.for_each(|(field, remedy)| print(field, remedy));
    }
    if !dataset.set_rules.is_empty() {
        say_in!(
            language,
            "Rules over several rows, those that are there among them:",
            "多行之间的规则（与已入库的行一并核对）："
        );
        several.for_each(|(field, remedy)| print(field, remedy));
    }
}

fn datasets(language: Language) -> Listing<'static> {
    let row = |d: &Dataset| {
        vec![d.name.clone(), d.title.text(language).to_owned(), d.fields.len().to_string(), d.key.join(", ")]
    };
    let rows = uplift_proto::dataset::all().iter().map(row).collect();
    let columns = match language {
        Language::En => vec!["dataset", "title", "fields", "key"],
        Language::Zh => vec!["数据集", "名称", "字段数", "主键"],
    };
    Listing { columns, numbers: vec![2], rows }
}

fn fields(dataset: &Dataset, language: Language) -> Listing<'static> {
    let row = |f: &Field| {
        let holds = match (&f.kind, f.limits) {
            (Kind::Text(Format::Free), _) => {
                let most = Format::Free.max_length();
                language.choose(&format!("at most {most} characters"), &format!("最多{most}字")).to_owned()
            }
            (Kind::Text(format), _) => message(format.describe(), language),
            (Kind::Code(codes), _) => {
                let name = |c: &Code| match language {
                    Language::En => c.stored.clone(),
                    Language::Zh => format!("{} {}", c.stored, c.title.zh),
                };
                codes.iter().map(name).collect::<Vec<_>>().join(language.choose(", ", "、"))
            }
            (_, Some((low, high))) => {
                let to = language.choose("to", "至");
                let unit = unit_name(&f.unit, language);
                format!("{unit} {} {to} {}", grouped(low), grouped(high)).trim_start().to_owned()
            }
            (_, None) => unit_name(&f.unit, language).to_owned(),
        };
        let required = if f.required { language.choose("yes", "是") } else { "" };
        let title = f.title.text(language).to_owned();
        vec![f.name.clone(), title, message(f.kind.name(), language), required.to_owned(), holds]
    };
    let columns = match language {
        Language::En => vec!["field", "title", "type", "required", "holds"],
        Language::Zh => vec!["字段", "名称", "类型", "必填", "内容"],
    };
    Listing { columns, numbers: Vec::new(), rows: dataset.fields.iter().map(row).collect() }
}

/// Saves an empty file with a dataset's headings.
pub(crate) async fn template(args: TemplateArgs, language: Language) -> Result<Outcome> {
    let mut client = uplift_client::ingest(connect(&args.address.ingest_url).await?);
    let language = language.choose("en", "zh").to_owned();
    let request = GetTemplateRequest { dataset: args.dataset, language };
    let answer = client.get_template(request).await.map_err(|s| from_status(&s))?.into_inner();
    let output = args.output.unwrap_or_else(|| {
        // Only the name counts: where it is saved is not for a service to say.
        Path::new(&answer.file_name).file_name().unwrap_or_default().into()
    });
    // What is there may be filled in already.
    if std::fs::read(&output).is_ok_and(|there| there != answer.content) {
        let message = "exists and is not an empty template; name another file with --output, or move it away";
        return Err(Error::invalid_field(output.display().to_string(), message));
    }
    save(&output, &answer.content)?;
    say!("{}", output.display());
    Ok(Outcome::Done)
}
