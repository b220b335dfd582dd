//! What a layout shows of a document beside its content: drawings, definitions and counts, by name.

use std::collections::BTreeMap;

use serde::Serialize;
use uplift_core::language::{Bilingual, Language};

use crate::document::{Block, Document, Figure, Mark};
use crate::evidence::Definition;
use crate::words::exact;

/// A document with what its layouts look up in it.
#[derive(Debug, Serialize)]
pub(super) struct View<'d> {
    #[serde(flatten)]
    document: &'d Document,
    /// en, zh: those that it is shown in.
    languages: Vec<&'static str>,
    /// SVG, by chart.
    drawings: BTreeMap<&'d str, &'d Bilingual>,
    /// SVG, by check.
    check_drawings: BTreeMap<&'d str, &'d Bilingual>,
    /// Checks by verdict.
    counts: BTreeMap<&'static str, usize>,
    /// Whether the statements of the document have a section of their own.
    groups_shown: bool,
    definition: BTreeMap<&'d str, &'d Definition>,
    /// Sign by mark.
    sign: BTreeMap<Mark, &'static str>,
    /// A figure with all its digits and its unit.
    amount: BTreeMap<&'d str, Bilingual>,
    part_name: BTreeMap<&'static str, Bilingual>,
}

impl<'d> View<'d> {
    pub(super) fn new(document: &'d Document, languages: &[Language]) -> Self {
        let mut view = Self {
            document,
            languages: languages.iter().map(|language| language.choose("en", "zh")).collect(),
            drawings: BTreeMap::new(),
            check_drawings: BTreeMap::new(),
            counts: [("consistent", 0), ("inconsistent", 0), ("undetermined", 0)].into(),
            groups_shown: false,
            definition: document.definitions.iter().map(|d| (d.indicator.as_str(), d)).collect(),
            sign: document.marks.iter().map(|meaning| (meaning.mark, meaning.sign)).collect(),
            amount: document.figures.iter().map(amount).collect(),
            part_name: [
                ("value", Bilingual::new("Value", "数值")),
                ("numerator", Bilingual::new("Numerator", "分子")),
                ("denominator", Bilingual::new("Denominator", "分母")),
            ]
            .into(),
        };
        for block in document.sections.iter().flat_map(|section| &section.blocks) {
            view.look_at(block);
        }
        view
    }

    fn look_at(&mut self, block: &'d Block) {
        match block {
            Block::Chart { chart } => {
                self.drawings.insert(&chart.id, &chart.drawing);
            }
            Block::Checks { checks, .. } => {
                for check in checks {
                    self.check_drawings.insert(&check.id, &check.drawing);
                    *self.counts.entry(check.verdict).or_default() += 1;
                }
            }
            Block::Statements { .. } => self.groups_shown = true,
            Block::Paragraph { .. } | Block::Note { .. } | Block::Table { .. } | Block::Conflicts { .. } => {}
        }
    }
}

fn amount(figure: &Figure) -> (&str, Bilingual) {
    (&figure.id, exact(figure.value.as_deref().unwrap_or_default(), &figure.unit))
}
