//! A report published: composed, held against its checklist, laid out, and kept once.

use std::time::SystemTime;

use chrono::Utc;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_core::language::{Bilingual, Language};
use uplift_proto::v1::reporting::{
    Amendment, AmendmentKind, Checklist, ChecklistItem, Edition, EditionNote, FigureChange,
    PublishReportRequest, Severity,
};

use crate::document::Document;
use crate::draft::{Sources, compose, lay_out};
use crate::edition::checklist::{Settlement, checklist, settle};
use crate::edition::figures::{changes, kept_figures, kept_sections};
use crate::edition::name::{EditionName, series_of};
use crate::edition::store::EditionStore;
use crate::edition_words::{AmendmentWords, ChangeWords, EditionWords, NoteWords};
use crate::figure_key::{EarlierFigures, FigureKey};
use crate::request::{ReportRequest, Subject};
use crate::steps::{KEEPING, Progress, Steps};
use crate::words::exact;

/// Characters of the name of an author, and of a note or cause in one language.
const MAX_AUTHOR: usize = 200;
const MAX_TEXT: usize = 2_000;

/// What is to be published, by whom, and why.
#[derive(Debug, Clone)]
pub(crate) struct PublicationRequest {
    pub(crate) report: ReportRequest,
    author: String,
    settlement: Settlement,
    amendment: Option<Amendment>,
    /// Only the checklist is wanted.
    check_only: bool,
}

impl PublicationRequest {
    pub(crate) fn from_wire(request: PublishReportRequest) -> Result<Self> {
        let report = ReportRequest::from_wire(request.report.unwrap_or_default())?;
        let author = request.author.trim();
        if !request.check_only && !(1..=MAX_AUTHOR).contains(&author.chars().count()) {
            let message = format!("name who publishes it, in 1 to {MAX_AUTHOR} characters");
            return Err(Error::invalid_field("author", message));
        }
        let unseen =
            |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if author.contains(unseen) {
            let message = "has line breaks or signs that cannot be seen; write a name";
            return Err(Error::invalid_field("author", message));
        }
        if let Some(amendment) = &request.amendment {
            if amendment.kind() == AmendmentKind::Unspecified {
                let message = "say what it is: AMENDMENT_KIND_REVISION or AMENDMENT_KIND_CORRECTION";
                return Err(Error::invalid_field("amendment.kind", message));
            }
            let cause = both_languages(&amendment.cause_en, &amendment.cause_zh, "cause");
            cause.map_err(|e| Error::invalid_field("amendment", e))?;
        }
        for (n, note) in request.notes.iter().enumerate() {
            let text = both_languages(&note.text_en, &note.text_zh, "text");
            text.map_err(|e| Error::invalid_field(format!("notes[{n}]"), e))?;
        }
        Ok(Self {
            report,
            author: author.to_owned(),
            settlement: Settlement { notes: request.notes, accepted: request.accepted },
            amendment: request.amendment,
            check_only: request.check_only,
        })
    }
}

/// What readers of either language are told.
fn both_languages(en: &str, zh: &str, what: &str) -> Result<(), String> {
    if en.trim().is_empty() || zh.trim().is_empty() {
        return Err(format!("lacks its {what} in English or Chinese; write it in both"));
    }
    if en.chars().count() > MAX_TEXT || zh.chars().count() > MAX_TEXT {
        return Err(format!("has a {what} of more than {MAX_TEXT} characters; write less"));
    }
    Ok(())
}

/// Publishes a report; its checklist is told even where it is refused.
pub(crate) async fn publish(
    sources: &Sources,
    editions: &EditionStore,
    request: &PublicationRequest,
    steps: &mut Steps,
) -> Result<()> {
    let subject = Subject::new(&sources.template, &request.report);
    let series = series_of(&sources.template.id, &subject);
    let newest = editions.newest(&series).await?.unwrap_or_default();
    let before = match newest {
        0 => None,
        number => Some(editions.get(&EditionName { series: series.clone(), number }).await?),
    };
    if !request.check_only {
        check_amendment(before.as_ref(), request.amendment.as_ref())?;
    }
    let earlier =
        before.as_ref().map(|edition| EarlierFigures::of_edition(&edition.figures)).unwrap_or_default();
    let mut document = compose(sources, &request.report, &earlier, steps).await?;
    let items = checklist(&document, &request.settlement);
    steps.tell(Progress::Checked(Checklist { items: items.clone() })).await;
    if request.check_only {
        return Ok(());
    }
    settle(&items, &request.settlement)?;
    let (figures, sections) = (kept_figures(&document), kept_sections(&document));
    let statement_digests = document.statement_digests.clone().into_iter().collect();
    let amendment = request.amendment.clone().map(|amendment| Amendment {
        changes: before.iter().flat_map(|edition| changes(&edition.figures, &figures)).collect(),
        ..amendment
    });
    let name = EditionName { series: series.clone(), number: newest + 1 };
    let now = Utc::now();
    document.edition = Some(EditionWords {
        edition_id: name.to_string(),
        author: request.author.clone(),
        publish_time: now,
        amendment: amendment.as_ref().zip(before).map(|(a, before)| amendment_words(a, &before, &document)),
        notes: note_words(&request.settlement, &items),
    });
    editions.sweep(&series).await?;
    let (mut report, files) = lay_out(document, &request.report, steps).await?;
    steps.begin(KEEPING).await;
    report.report_id = name.to_string();
    report.create_time = Some(SystemTime::from(now).into());
    let accepted = items.iter().filter(|item| item.severity() == Severity::Warning);
    let edition = Edition {
        edition_id: name.to_string(),
        series,
        number: name.number,
        author: request.author.clone(),
        publish_time: report.create_time,
        template_sha256: sources.template.source.sha256(),
        report: Some(report),
        figures,
        sections,
        statement_digests,
        notes: request.settlement.notes.clone(),
        accepted_warnings: accepted.map(|item| item.item_id.clone()).collect(),
        amendment,
        ..Edition::default()
    };
    // The template as it is now, which its office may change.
    let template = sources.template.source.contents().map(|(name, text)| (name.to_owned(), text.into()));
    let files = files.into_iter().map(|file| (file.record.name, file.content)).chain(template);
    let edition = editions.put(&name, edition, files.collect()).await?;
    steps.tell(Progress::Published(Box::new(edition))).await;
    Ok(())
}

/// The first edition of a series changes nothing; each later one says why it is there.
fn check_amendment(before: Option<&Edition>, amendment: Option<&Amendment>) -> Result<()> {
    match (before, amendment) {
        (Some(before), None) => {
            let message = format!(
                "edition {} is published and does not change; say in amendment why there is another: kind, cause_en, cause_zh",
                before.edition_id
            );
            Err(Error::new(ErrorKind::FailedPrecondition, message))
        }
        (None, Some(_)) => Err(Error::invalid_field(
            "amendment",
            "is of no use: there is no edition yet that it could change",
        )),
        _ => Ok(()),
    }
}

fn amendment_words(amendment: &Amendment, before: &Edition, document: &Document) -> AmendmentWords {
    let kind = match amendment.kind() {
        AmendmentKind::Correction => Bilingual::new("correction", "更正"),
        _ => Bilingual::new("revision", "修订"),
    };
    AmendmentWords {
        before: before.edition_id.clone(),
        kind,
        cause: Bilingual::new(&amendment.cause_en, &amendment.cause_zh),
        changes: amendment.changes.iter().map(|change| change_words(change, document)).collect(),
    }
}

fn change_words(change: &FigureChange, document: &Document) -> ChangeWords {
    let mut of = vec![Bilingual::new(&change.title_en, &change.title_zh)];
    let figure = document.figures.iter().find(|figure| figure.key == FigureKey::of_change(change));
    of.push(figure.map_or_else(|| Bilingual::new(&change.area_code, &change.area_code), |f| f.area.clone()));
    of.extend(figure.into_iter().flat_map(|figure| figure.dimensions.values().cloned()));
    let shown = document.sections.iter().filter(|section| change.sections.contains(&section.id));
    ChangeWords {
        title: joined(of.iter(), " · ", " · "),
        before: exact(&change.exact_value_before, &change.unit),
        after: exact(&change.exact_value_after, &change.unit),
        sections: joined(shown.map(|section| &section.title), ", ", "、"),
    }
}

fn joined<'t>(texts: impl Iterator<Item = &'t Bilingual> + Clone, en: &str, zh: &str) -> Bilingual {
    let joined = |language: Language, by: &str| {
        let parts = texts.clone().map(|t| t.text(language)).filter(|t| !t.is_empty());
        parts.collect::<Vec<_>>().join(by)
    };
    Bilingual { en: joined(Language::En, en), zh: joined(Language::Zh, zh) }
}

fn note_words(settlement: &Settlement, items: &[ChecklistItem]) -> Vec<NoteWords> {
    let words = |note: &EditionNote| {
        let item = items.iter().find(|item| item.item_id == note.item_id)?;
        Some(NoteWords {
            item: Bilingual::new(&item.message_en, &item.message_zh),
            text: Bilingual::new(&note.text_en, &note.text_zh),
        })
    };
    settlement.notes.iter().filter_map(words).collect()
}
