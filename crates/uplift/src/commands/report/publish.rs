//! `uplift report publish`: a report published as an edition, which never changes again.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tonic::transport::Channel;
use uplift_client::{connect, from_status};
use uplift_core::error::{Error, Result};
use uplift_core::language::Language;
use uplift_proto::v1::reporting::{
    Amendment, AmendmentKind, Checklist, Edition, EditionNote, PublishReportRequest, Severity,
    publish_report_response::Event,
};

use super::download::{make_folder, save_all};
use super::print::print_report;
use super::step_bar::StepBar;
use super::subject::SubjectArgs;
use crate::arguments::ReportingAddress;
use crate::outcome::Outcome;
use crate::terminal::{say, say_in};

#[derive(Debug, Args)]
pub(super) struct PublishArgs {
    /// Template; see: uplift report templates.
    #[arg(default_value = "annual")]
    template: String,
    #[command(flatten)]
    subject: SubjectArgs,
    /// Who publishes it.
    #[arg(long, value_name = "NAME", required_unless_present = "check")]
    author: Option<String>,
    /// Warning of the checklist that is accepted; may be repeated.
    #[arg(long, value_name = "ITEM")]
    accept: Vec<String>,
    /// Error of the checklist with its explanation: ITEM=ENGLISH|CHINESE; may be repeated.
    #[arg(long, value_name = "ITEM=TEXT|TEXT", value_parser = note)]
    note: Vec<EditionNote>,
    /// Kind of a later edition.
    #[arg(long, value_enum, value_name = "KIND", requires = "cause")]
    kind: Option<KindArgument>,
    /// Cause of a later edition: ENGLISH|CHINESE.
    #[arg(long, value_name = "TEXT|TEXT", value_parser = both, requires = "kind")]
    cause: Option<(String, String)>,
    /// Show the checklist and publish nothing.
    #[arg(long)]
    check: bool,
    /// Folder for the files; made if need be.
    #[arg(long, short, value_name = "DIR", default_value = ".")]
    output: PathBuf,
    #[command(flatten)]
    address: ReportingAddress,
}

/// Kinds of later editions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KindArgument {
    /// Better records came in
    Revision,
    /// Something was wrong
    Correction,
}

pub(super) async fn run(args: PublishArgs, language: Language) -> Result<Outcome> {
    let channel = connect(&args.address.reporting_url).await?;
    let kind = args.kind.map(|kind| match kind {
        KindArgument::Revision => AmendmentKind::Revision,
        KindArgument::Correction => AmendmentKind::Correction,
    });
    let amendment = kind.zip(args.cause).map(|(kind, (cause_en, cause_zh))| Amendment {
        kind: kind.into(),
        cause_en,
        cause_zh,
        ..Amendment::default()
    });
    let request = PublishReportRequest {
        report: Some(args.subject.request(&args.template)),
        author: args.author.unwrap_or_default(),
        accepted: args.accept,
        notes: args.note,
        amendment,
        check_only: args.check,
    };
    if !args.check {
        make_folder(&args.output)?;
    }
    let (checklist, outcome) = publish(language, channel.clone(), request).await;
    print_checklist(&checklist, language);
    let Some(edition) = outcome? else {
        let open = checklist.items.iter().any(|item| !item.settled);
        return Ok(if open { Outcome::ProblemsFound } else { Outcome::Done });
    };
    let report = edition.report.clone().unwrap_or_default();
    save_all(&mut uplift_client::reporting(channel), &report, &args.output).await?;
    print_edition(&edition, language);
    print_report(&report, &args.output, language);
    Ok(Outcome::Done)
}

/// Publishes with a progress bar; returns the checklist, and the edition unless only the checklist was wanted.
pub(crate) async fn publish(
    language: Language,
    channel: Channel,
    request: PublishReportRequest,
) -> (Checklist, Result<Option<Edition>>) {
    let mut checklist = Checklist::default();
    let outcome = follow(language, channel, request, &mut checklist).await;
    (checklist, outcome)
}

async fn follow(
    language: Language,
    channel: Channel,
    request: PublishReportRequest,
    checklist: &mut Checklist,
) -> Result<Option<Edition>> {
    let check_only = request.check_only;
    let mut client = uplift_client::reporting(channel);
    let mut events = client.publish_report(request).await.map_err(|s| from_status(&s))?.into_inner();
    let bar = StepBar::new(language);
    let mut edition = None;
    while let Some(response) = events.message().await.map_err(|s| from_status(&s))? {
        match response.event {
            Some(Event::Progress(step)) => bar.show(&step.stage, step.done, step.total),
            Some(Event::Checklist(items)) => *checklist = items,
            Some(Event::Edition(published)) => edition = Some(published),
            None => {}
        }
    }
    drop(bar);
    match edition {
        None if !check_only => {
            Err(Error::internal("publishing the report", "the stream ended without an edition"))
        }
        edition => Ok(edition),
    }
}

fn print_checklist(checklist: &Checklist, language: Language) {
    for item in &checklist.items {
        let sign = match (item.settled, item.severity()) {
            (true, _) => "✓",
            (false, Severity::Warning) => "!",
            (false, _) => "✗",
        };
        say!(" {sign} {}: {}", item.item_id, language.choose(&item.message_en, &item.message_zh));
    }
}

/// What was published, and how to cite it.
pub(crate) fn print_edition(edition: &Edition, language: Language) {
    let id = &edition.edition_id;
    let digest = &edition.sha256;
    say_in!(
        language,
        "Edition {id} published by {}; cite a figure as {id}/f1\nSHA-256 {digest} (keep it elsewhere: uplift report verify {id} --sha256 …)",
        "已发布版本{id}，发布人：{}；引用数据请写作{id}/f1\nSHA-256 {digest}（请另行保存，供 uplift report verify {id} --sha256 … 核对）",
        edition.author
    );
    if let Some(amendment) = &edition.amendment {
        say_in!(
            language,
            "It changes {} figures of the edition before",
            "较上一版变动数据{}项",
            amendment.changes.len()
        );
    }
}

/// ITEM=ENGLISH|CHINESE.
fn note(text: &str) -> Result<EditionNote, String> {
    let (item, words) = text.split_once('=').ok_or("write ITEM=ENGLISH|CHINESE")?;
    let (text_en, text_zh) = both(words)?;
    Ok(EditionNote { item_id: item.trim().to_owned(), text_en, text_zh })
}

/// ENGLISH|CHINESE.
fn both(text: &str) -> Result<(String, String), String> {
    let (en, zh) = text.split_once(['|', '｜']).ok_or("write it in both languages: ENGLISH|CHINESE")?;
    Ok((en.trim().to_owned(), zh.trim().to_owned()))
}
