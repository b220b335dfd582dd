//! Errata: what differs from an edition, for its readers, as a page and as JSON.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use rust_decimal::Decimal;
use serde::Serialize;
use uplift_core::error::{Error, Result};
use uplift_core::language::{Bilingual, Language};
use uplift_core::unit::is_rate;
use uplift_proto::v1::reporting::{
    ChangeCause, ChangeCauseKind, CompareReportsResponse, Edition, ErrataFile, FigureChange,
};
use uplift_proto::words::change_cause;

use crate::words::exact;

/// Instants, to the second.
const TIME: &str = "%Y-%m-%dT%H:%M:%SZ";

/// What readers are told.
#[derive(Debug, Serialize)]
struct Errata {
    edition_id: String,
    title: Bilingual,
    author: String,
    published: String,
    /// The later edition that it is compared with, or nothing: what its figures are now.
    other_edition_id: String,
    /// Why that was published.
    cause: Option<Bilingual>,
    /// When this was written.
    written: String,
    figures: i32,
    simulated: bool,
    changes: Vec<Change>,
}

/// A figure that differs.
#[derive(Debug, Serialize)]
struct Change {
    /// Cites it; empty if the edition did not have it.
    citation: String,
    indicator: String,
    title: Bilingual,
    /// Area and dimensions.
    subject: Bilingual,
    area_code: String,
    period: String,
    unit: String,
    value_before: Option<String>,
    value_after: Option<String>,
    before: Bilingual,
    after: Bilingual,
    difference: Bilingual,
    /// Titles of the sections that show it.
    sections: Vec<Bilingual>,
    causes: Vec<Cause>,
    simulated: bool,
}

/// What made it differ.
#[derive(Debug, Serialize)]
struct Cause {
    kind: &'static str,
    name: String,
    records_before: i64,
    records_after: i64,
    /// What it adds to the figure, where that can be told.
    share: Option<String>,
    words: Bilingual,
}

/// The page and the JSON.
pub(crate) fn errata_files(
    edition: &Edition,
    other: Option<&Edition>,
    comparison: &CompareReportsResponse,
    now: DateTime<Utc>,
) -> Result<Vec<ErrataFile>> {
    let errata = errata(edition, other, comparison, now);
    let name = format!("errata-{}", edition.edition_id.replace('/', "-"));
    let failed = |e: serde_json::Error| Error::internal("writing errata", e);
    let file = |extension: &str, media_type: &str, content: Vec<u8>| ErrataFile {
        name: format!("{name}.{extension}"),
        media_type: media_type.to_owned(),
        content: content.into(),
    };
    Ok(vec![
        file("html", "text/html", page(&errata)?.into_bytes()),
        file("json", "application/json", serde_json::to_vec_pretty(&errata).map_err(failed)?),
    ])
}

fn page(errata: &Errata) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let failed = |e| Error::internal("rendering errata", e);
    environment.add_template("errata.html", include_str!("../../templates/errata.html")).map_err(failed)?;
    let template = environment.get_template("errata.html").map_err(failed)?;
    let style = Value::from_safe_string(include_str!("../../templates/style.css").to_owned());
    template.render(context! { style, ..Value::from(Serde(errata)) }).map_err(failed)
}

fn errata(
    edition: &Edition,
    other: Option<&Edition>,
    comparison: &CompareReportsResponse,
    now: DateTime<Utc>,
) -> Errata {
    let report = edition.report.clone().unwrap_or_default();
    let published =
        edition.publish_time.and_then(|time| SystemTime::try_from(time).ok()).map(DateTime::<Utc>::from);
    let amendment = other.and_then(|other| other.amendment.as_ref());
    let changes: Vec<_> = comparison.changes.iter().map(|change| self::change(change, edition)).collect();
    Errata {
        edition_id: edition.edition_id.clone(),
        title: Bilingual::new(report.title_en, report.title_zh),
        author: edition.author.clone(),
        published: published.map(|time| time.format(TIME).to_string()).unwrap_or_default(),
        other_edition_id: other.map(|other| other.edition_id.clone()).unwrap_or_default(),
        cause: amendment.map(|amendment| Bilingual::new(&amendment.cause_en, &amendment.cause_zh)),
        written: now.format(TIME).to_string(),
        figures: comparison.figures,
        simulated: changes.iter().any(|change| change.simulated),
        changes,
    }
}

fn change(change: &FigureChange, edition: &Edition) -> Change {
    let (before, after) = (&change.exact_value_before, &change.exact_value_after);
    let shown = |id: &String| {
        let section = edition.sections.iter().find(|section| section.section_id == *id);
        section.map_or_else(|| Bilingual::new(id, id), |s| Bilingual::new(&s.title_en, &s.title_zh))
    };
    let subject = match change.subject_en.as_str() {
        "" => Bilingual::new(&change.area_code, &change.area_code),
        _ => Bilingual::new(&change.subject_en, &change.subject_zh),
    };
    let value = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    Change {
        citation: match change.figure_id.as_str() {
            "" => String::new(),
            figure => format!("{}/{figure}", edition.edition_id),
        },
        indicator: change.indicator_id.clone(),
        title: Bilingual::new(&change.title_en, &change.title_zh),
        subject,
        area_code: change.area_code.clone(),
        period: change.period.clone(),
        unit: change.unit.clone(),
        value_before: value(before),
        value_after: value(after),
        before: exact(before, &change.unit),
        after: exact(after, &change.unit),
        difference: match change.causes.iter().any(|cause| cause.kind() == ChangeCauseKind::Origin) {
            true => Bilingual::default(),
            false => difference(before, after, &change.unit),
        },
        sections: change.sections.iter().map(shown).collect(),
        causes: change.causes.iter().map(cause).collect(),
        simulated: change.simulated,
    }
}

/// The difference of two values with its sign: of a rate in percentage points.
fn difference(before: &str, after: &str, unit: &str) -> Bilingual {
    let (Ok(before), Ok(after)) = (before.parse::<Decimal>(), after.parse::<Decimal>()) else {
        return Bilingual::default();
    };
    let Some(difference) = after.checked_sub(before) else { return Bilingual::default() };
    let unit = if is_rate(unit) { "percentage_point" } else { unit };
    let sign = if difference.is_sign_positive() { "+" } else { "" };
    let words = exact(&difference.normalize().to_string(), unit);
    let text = |language: Language| format!("{sign}{}", words.text(language));
    Bilingual { en: text(Language::En), zh: text(Language::Zh) }
}

fn cause(cause: &ChangeCause) -> Cause {
    Cause {
        kind: match cause.kind() {
            ChangeCauseKind::SubmissionAdded => "submission_added",
            ChangeCauseKind::SubmissionRemoved => "submission_removed",
            ChangeCauseKind::Definition => "definition",
            ChangeCauseKind::Reference => "reference",
            ChangeCauseKind::Origin => "origin",
            ChangeCauseKind::Unspecified => "unspecified",
        },
        name: cause.name.clone(),
        records_before: cause.records_before,
        records_after: cause.records_after,
        share: Some(cause.exact_share.clone()).filter(|share| !share.is_empty()),
        words: change_cause(cause),
    }
}
