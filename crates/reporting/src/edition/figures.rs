//! The figures of editions: how they are kept, and how two sets of them differ.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use uplift_core::language::Language;
use uplift_proto::v1::reporting::{EditionFigure, EditionSection, FigureChange};

use crate::document::{Document, Figure, Section};
use crate::edition::same_value::is_same_value;
use crate::figure_key::FigureKey;

/// The figures of a document as an edition keeps them.
pub(crate) fn kept_figures(document: &Document) -> Vec<EditionFigure> {
    let digests: HashMap<&str, &str> =
        document.definitions.iter().map(|d| (d.indicator.as_str(), d.digest.as_str())).collect();
    let mut sections: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    for section in &document.sections {
        for position in section.figures() {
            sections.entry(position).or_default().insert(&section.id);
        }
    }
    let kept = |(position, figure): (usize, &Figure)| EditionFigure {
        subject_en: subject(figure, Language::En),
        subject_zh: subject(figure, Language::Zh),
        figure_id: figure.id.clone(),
        indicator_id: figure.indicator.clone(),
        definition_version: figure.version,
        definition_digest: digests.get(figure.indicator.as_str()).copied().unwrap_or_default().to_owned(),
        area_code: figure.area_code.clone(),
        period: figure.period.clone(),
        dimensions: figure.key.dimensions.clone().into_iter().collect(),
        simulated: figure.simulated,
        household_record: figure.key.household_record,
        unit: figure.unit.clone(),
        exact_value: figure.value.clone().unwrap_or_default(),
        trace: figure.evidence.trace.clone(),
        sections: sections.get(&position).into_iter().flatten().map(|&id| id.to_owned()).collect(),
        title_en: figure.title.en.clone(),
        title_zh: figure.title.zh.clone(),
    };
    document.figures.iter().enumerate().map(kept).collect()
}

/// The sections of a document.
pub(crate) fn kept_sections(document: &Document) -> Vec<EditionSection> {
    let kept = |section: &Section| EditionSection {
        section_id: section.id.clone(),
        title_en: section.title.en.clone(),
        title_zh: section.title.zh.clone(),
    };
    document.sections.iter().map(kept).collect()
}

/// Area and dimensions of a figure.
fn subject(figure: &Figure, language: Language) -> String {
    let parts = std::iter::once(&figure.area).chain(figure.dimensions.values());
    let parts: Vec<_> = parts.map(|part| part.text(language)).filter(|part| !part.is_empty()).collect();
    parts.join(" · ")
}

/// What differs from one set of figures to another, in the order of the first, then what only the other has.
pub(crate) fn changes(before: &[EditionFigure], after: &[EditionFigure]) -> Vec<FigureChange> {
    let later: HashMap<FigureKey, &EditionFigure> =
        after.iter().map(|f| (FigureKey::of_edition(f), f)).collect();
    let earlier: BTreeSet<FigureKey> = before.iter().map(FigureKey::of_edition).collect();
    let mut changes = Vec::new();
    for figure in before {
        let value =
            later.get(&FigureKey::of_edition(figure)).map(|f| f.exact_value.as_str()).unwrap_or_default();
        if !is_same_value(value, &figure.exact_value) {
            changes.push(change(figure, &figure.exact_value, value, &figure.figure_id));
        }
    }
    for figure in
        after.iter().filter(|f| !f.exact_value.is_empty() && !earlier.contains(&FigureKey::of_edition(f)))
    {
        changes.push(change(figure, "", &figure.exact_value, ""));
    }
    changes
}

fn change(figure: &EditionFigure, before: &str, after: &str, id: &str) -> FigureChange {
    FigureChange {
        figure_id: id.to_owned(),
        indicator_id: figure.indicator_id.clone(),
        area_code: figure.area_code.clone(),
        period: figure.period.clone(),
        dimensions: figure.dimensions.clone(),
        unit: figure.unit.clone(),
        exact_value_before: before.to_owned(),
        exact_value_after: after.to_owned(),
        sections: figure.sections.clone(),
        title_en: figure.title_en.clone(),
        title_zh: figure.title_zh.clone(),
        causes: Vec::new(),
        simulated: figure.simulated,
        household_record: figure.household_record,
        subject_en: figure.subject_en.clone(),
        subject_zh: figure.subject_zh.clone(),
    }
}
