//! `uplift report verify`: whether an edition is what was published, and whether its figures can be computed again.

use std::path::PathBuf;

use clap::Args;
use tonic::transport::Channel;
use uplift_client::{connect, from_status};
use uplift_core::error::{Error, Result};
use uplift_core::language::Language;
use uplift_proto::v1::reporting::{
    Difference, Verification, VerifyReportRequest, verify_report_response::Event,
};

use super::replay::verify_kit;
use super::step_bar::StepBar;
use crate::arguments::ReportingAddress;
use crate::outcome::Outcome;
use crate::terminal::{say, say_in};

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Edition, as annual-50-2011/1; see: uplift report editions.
    #[arg(required_unless_present = "kit")]
    edition_id: Option<String>,
    /// Replay kit to verify instead, without a service; see: uplift report kit.
    #[arg(long, value_name = "FILE", conflicts_with = "edition_id")]
    kit: Option<PathBuf>,
    /// SHA-256 of its record, as it was printed when it was published: tells a record that was exchanged.
    #[arg(long, value_name = "DIGEST")]
    sha256: Option<String>,
    #[command(flatten)]
    address: ReportingAddress,
}

pub(super) async fn run(args: VerifyArgs, language: Language) -> Result<Outcome> {
    let mut verification = match &args.kit {
        Some(kit) => verify_kit(kit, language).await?,
        None => {
            let channel = connect(&args.address.reporting_url).await?;
            verify(language, channel, &args.edition_id.unwrap_or_default()).await?
        }
    };
    let told = args.sha256.is_some();
    if let Some(published) = args.sha256.filter(|digest| !digest.eq_ignore_ascii_case(&verification.sha256)) {
        verification.differences.push(Difference {
            part: "record".to_owned(),
            published,
            current: verification.sha256.clone(),
            message_en: "the record is not the one that was published".to_owned(),
            message_zh: "记录不是发布时的记录".to_owned(),
        });
    }
    print_verification(&verification, language);
    if !told {
        say_in!(
            language,
            "Its record has SHA-256 {}; compare it with what was printed when it was published (--sha256)",
            "其记录的SHA-256为{}；请与发布时显示的核对（--sha256）",
            verification.sha256
        );
    }
    Ok(if verification.differences.is_empty() { Outcome::Done } else { Outcome::ProblemsFound })
}

/// Verifies an edition with a progress bar.
pub(crate) async fn verify(language: Language, channel: Channel, edition_id: &str) -> Result<Verification> {
    let request = VerifyReportRequest { edition_id: edition_id.to_owned() };
    let mut client = uplift_client::reporting(channel);
    let mut events = client.verify_report(request).await.map_err(|s| from_status(&s))?.into_inner();
    let bar = StepBar::new(language);
    let mut verification = None;
    while let Some(response) = events.message().await.map_err(|s| from_status(&s))? {
        match response.event {
            Some(Event::Progress(step)) => bar.show(&step.stage, step.done, step.total),
            Some(Event::Verification(done)) => verification = Some(done),
            None => {}
        }
    }
    drop(bar);
    verification.ok_or_else(|| Error::internal("verifying the edition", "the stream ended without a result"))
}

pub(crate) fn print_verification(verification: &Verification, language: Language) {
    let Verification { edition_id, figures, files, differences, .. } = verification;
    for difference in differences {
        let words = language.choose(&difference.message_en, &difference.message_zh);
        let none = language.choose("none", "无");
        let current = if difference.current.is_empty() { none } else { &difference.current };
        say!(" ≠ {}: {words}: {} → {current}", difference.part, difference.published);
    }
    match differences.len() {
        0 => say_in!(
            language,
            "Edition {edition_id} verified: {figures} figures computed again and {files} files compared, all equal",
            "版本{edition_id}核验通过：重新计算数据{figures}项，核对文件{files}个，全部一致"
        ),
        n => say_in!(
            language,
            "Edition {edition_id} is not what was published: {n} differences in its record, {figures} figures and {files} files",
            "版本{edition_id}与发布时不一致：在记录、{figures}项数据和{files}个文件中有{n}处不同"
        ),
    }
}
