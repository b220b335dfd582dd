//! `uplift report cite` and `editions`: a figure by its citation, and the editions there are.

use clap::Args;
use uplift_client::{connect, from_status};
use uplift_core::error::Result;
use uplift_core::language::Language;
use uplift_proto::v1::reporting::{Edition, GetCitationRequest, ListEditionsRequest};

use crate::arguments::{OutputFormat, ReportingAddress};
use crate::outcome::Outcome;
use crate::terminal::{Listing, remark, say, say_in};

#[derive(Debug, Args)]
pub(super) struct CiteArgs {
    /// Figure of an edition, as annual-50-2011/1/f12.
    citation: String,
    #[command(flatten)]
    address: ReportingAddress,
}

#[derive(Debug, Args)]
pub(super) struct EditionsArgs {
    /// Output format.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    format: OutputFormat,
    #[command(flatten)]
    address: ReportingAddress,
}

pub(super) async fn cite(args: CiteArgs, language: Language) -> Result<Outcome> {
    let mut client = uplift_client::reporting(connect(&args.address.reporting_url).await?);
    let request = GetCitationRequest { citation: args.citation.clone() };
    let answer = client.get_citation(request).await.map_err(|s| from_status(&s))?.into_inner();
    let (figure, edition) = (answer.figure.unwrap_or_default(), answer.edition.unwrap_or_default());
    let time = edition.publish_time.map(|time| seconds(&time.to_string())).unwrap_or_default();
    let value = if figure.exact_value.is_empty() { "–" } else { &figure.exact_value };
    let area = &figure.area_code;
    say!("{}", args.citation);
    say!(
        "  {} · {area} · {}: {value} {}",
        language.choose(&figure.title_en, &figure.title_zh),
        figure.period,
        uplift_core::unit::unit_name(&figure.unit, language)
    );
    say_in!(
        language,
        "  definition {}@{} ({})",
        "  定义：{}@{}（{}）",
        figure.indicator_id,
        figure.definition_version,
        figure.definition_digest
    );
    say_in!(
        language,
        "  edition {} by {}, {time}",
        "  版本：{}，发布人：{}，{time}",
        edition.edition_id,
        edition.author
    );
    if !edition.superseded_by.is_empty() {
        let when = edition.supersede_time.map(|time| seconds(&time.to_string())).unwrap_or_default();
        say_in!(
            language,
            "  superseded since {when}; the newest edition is {}",
            "  自{when}起已被新版取代，最新版为{}",
            edition.superseded_by
        );
    }
    say_in!(language, "  evidence: uplift trace {}", "  佐证：uplift trace {}", figure.trace);
    Ok(Outcome::Done)
}

pub(super) async fn editions(args: EditionsArgs, language: Language) -> Result<Outcome> {
    let mut client = uplift_client::reporting(connect(&args.address.reporting_url).await?);
    let (mut editions, mut damaged, mut request) = (Vec::new(), Vec::new(), ListEditionsRequest::default());
    loop {
        let page = client.list_editions(request.clone()).await.map_err(|s| from_status(&s))?.into_inner();
        editions.extend(page.editions);
        damaged.extend(page.damaged_edition_ids);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    let row = |edition: &Edition| {
        let report = edition.report.clone().unwrap_or_default();
        vec![
            edition.edition_id.clone(),
            edition.publish_time.map(|time| seconds(&time.to_string())).unwrap_or_default(),
            language.choose(&report.title_en, &report.title_zh).to_owned(),
            edition.author.clone(),
            edition.superseded_by.clone(),
            report.figures.to_string(),
        ]
    };
    let columns = match language {
        Language::En => vec!["edition", "published", "title", "author", "superseded by", "figures"],
        Language::Zh => vec!["版本", "发布时间", "标题", "发布人", "被取代", "数据项"],
    };
    Listing { columns, numbers: vec![5], rows: editions.iter().map(row).collect() }.print(args.format)?;
    for id in &damaged {
        remark(&match language {
            Language::En => format!("edition {id} is gone or cannot be read; restore it from a backup"),
            Language::Zh => format!("版本{id}已丢失或无法读取，请从备份恢复"),
        });
    }
    Ok(if damaged.is_empty() { Outcome::Done } else { Outcome::ProblemsFound })
}

/// An instant to the second, as 2011-12-31T00:00:00Z.
fn seconds(instant: &str) -> String {
    instant.split_once('.').map_or_else(|| instant.to_owned(), |(whole, _)| format!("{whole}Z"))
}
