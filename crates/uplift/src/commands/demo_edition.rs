//! The end of the demo: an edition published and verified; then a county hands in what it forgot, and which figures that
//! would change.

use std::path::Path;

use tonic::transport::Channel;
use uplift_client::from_status;
use uplift_core::error::{Error, Result};
use uplift_core::language::Language;
use uplift_proto::v1::reporting::{
    Edition, EditionNote, GenerateReportRequest, ListEditionsRequest, PublishReportRequest, Report,
};

use crate::arguments::OutputFormat;
use crate::commands::report;
use crate::county_file;
use crate::terminal::say_in;

/// Warnings that a reader of the demo may accept: its records are simulated.
const ACCEPTED: [&str; 5] = ["simulated", "mixed", "under-query", "disagrees", "hand-ins-missing"];

/// Publishes the report, unless an earlier run of the demo did, and verifies it. Where there is an edition, the report
/// is written beside it.
pub(super) async fn publish(
    reporting: Channel,
    request: GenerateReportRequest,
    contradictions: &[String],
    folder: &Path,
    language: Language,
) -> Result<(Edition, Report)> {
    let published = newest(reporting.clone(), &request.template).await?;
    let (edition, report) = match published {
        Some(edition) => {
            let written = report::generate(language, reporting.clone(), request, folder).await?;
            (edition, written)
        }
        None => {
            let notes = contradictions.iter().map(|check| note(check)).collect();
            let request = PublishReportRequest {
                report: Some(request),
                author: language.choose("Uplift demo", "Uplift演示").to_owned(),
                accepted: ACCEPTED.map(str::to_owned).to_vec(),
                notes,
                ..PublishReportRequest::default()
            };
            let (_, edition) = report::publish(language, reporting.clone(), request).await;
            let none = || Error::internal("publishing the report", "there is no edition");
            let edition = edition?.ok_or_else(none)?;
            let report = edition.report.clone().unwrap_or_default();
            report::save_all(&mut uplift_client::reporting(reporting.clone()), &report, folder).await?;
            report::print_edition(&edition, language);
            (edition, report)
        }
    };
    let verification = report::verify(language, reporting, &edition.edition_id).await?;
    report::print_verification(&verification, language);
    Ok((edition, report))
}

/// Hands in what a county forgot, and shows what it would change in the edition.
pub(super) async fn correct(
    ingest: Channel,
    reporting: Channel,
    edition: &Edition,
    language: Language,
) -> Result<()> {
    county_file::submit_late(ingest, language).await?;
    let comparison = report::compare(reporting, &edition.edition_id, "").await?;
    say_in!(language, "What it would change in edition {}:", "对版本{}的影响：", edition.edition_id);
    report::print_comparison(&comparison, OutputFormat::Table, 6, language)
}

/// The newest edition by a template; the demo publishes one area and period.
async fn newest(reporting: Channel, template: &str) -> Result<Option<Edition>> {
    let answer = uplift_client::reporting(reporting).list_editions(ListEditionsRequest::default()).await;
    let editions = answer.map_err(|s| from_status(&s))?.into_inner().editions;
    let of_template = |edition: &Edition| edition.report.as_ref().is_some_and(|r| r.template == template);
    Ok(editions.into_iter().find(of_template))
}

/// Why the article's contradictions do not keep the report from being published.
fn note(check: &str) -> EditionNote {
    EditionNote {
        item_id: format!("inconsistent:{check}"),
        text_en: "The article is quoted as printed; the annex shows the contradiction.".to_owned(),
        text_zh: "原文数据照录，矛盾见附录。".to_owned(),
    }
}
