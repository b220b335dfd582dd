//! A template that was read: its figures, its sections, its texts.

use std::collections::BTreeMap;

use uplift_core::language::{Bilingual, Language};

use super::annex::Annex;
use super::condition::Condition;
use super::files::SourceFiles;
use super::reference::FigureReference;
use super::structure::{Breakdown, ChartKind};
use super::text::{Form, Part};

/// A template that fits the catalogue of indicators.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    pub(crate) id: String,
    /// Figures by the name that texts give them.
    pub(crate) figures: BTreeMap<String, FigureReference>,
    pub(crate) sections: Vec<Section>,
    /// Document whose statements are compared.
    pub(crate) document: Option<String>,
    /// What must hold for a report to be published, by the id of the text that says it.
    pub(crate) conditions: BTreeMap<String, Condition>,
    /// English and Chinese texts by id.
    pub(super) texts: [BTreeMap<String, Vec<Part>>; 2],
    /// Its files.
    pub(crate) source: SourceFiles,
}

/// A section of a template. Its title is the text of its id.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    pub(crate) id: String,
    pub(crate) content: Vec<Content>,
}

/// A piece of a section.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// A paragraph: the text of this id.
    Text(String),
    /// A remark, in smaller print: the text of this id.
    Note(String),
    Table(TableDeclaration),
    Chart(ChartDeclaration),
    /// What the checks of the document say.
    Contradictions,
    /// The statements of the document.
    Statements,
    /// What another call tells.
    Annex(Annex),
}

/// A table. Its title is the text of its id.
#[derive(Debug, Clone)]
pub(crate) struct TableDeclaration {
    pub(crate) id: String,
    pub(crate) figures: Vec<String>,
    /// What its rows are, where they are not the figures themselves.
    pub(crate) by: Option<Breakdown>,
    /// What is shown of each figure.
    pub(crate) show: Vec<Form>,
    /// Figure by which rows are sorted, the greatest first.
    pub(crate) sort: Option<String>,
}

/// A chart. Its title, which tells the finding, is the text of its id.
#[derive(Debug, Clone)]
pub(crate) struct ChartDeclaration {
    pub(crate) id: String,
    pub(crate) kind: ChartKind,
    pub(crate) figures: Vec<String>,
    pub(crate) by: Option<Breakdown>,
    /// Where areas lie on a map of tiles: a line for each row, codes of areas and points for nothing.
    pub(crate) grid: String,
}

impl Template {
    /// Its title, as far as it is the same for every area and period.
    pub(crate) fn title(&self) -> Bilingual {
        let words = |language| {
            let words = self.text(language, "title").iter().map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Mention { .. } | Part::Choice { .. } => "…".to_owned(),
            });
            words.collect::<String>()
        };
        Bilingual { en: words(Language::En), zh: words(Language::Zh) }
    }

    /// The text of an id in a language.
    pub(crate) fn text(&self, language: Language, id: &str) -> &[Part] {
        let [en, zh] = &self.texts;
        let texts = match language {
            Language::En => en,
            Language::Zh => zh,
        };
        texts.get(id).map(Vec::as_slice).unwrap_or_default()
    }
}
