//! The content of a report, the same for every format: sections of sentences, tables and charts, and the figures that
//! they show.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;
use uplift_core::language::Bilingual;
pub(crate) use uplift_core::mark::Mark;

use crate::edition_words::EditionWords;
use crate::evidence::{Definition, Evidence};
use crate::figure_key::FigureKey;
use crate::reconciliation::{Check, Conflict, ConflictGroup, Statement};

/// A report.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Document {
    pub(crate) template: String,
    pub(crate) title: Bilingual,
    /// Of what and when: Chongqing, 2011.
    pub(crate) subject: Bilingual,
    pub(crate) area_code: String,
    pub(crate) period: String,
    pub(crate) document_id: String,
    /// Which edition it is, once it is published.
    pub(crate) edition: Option<EditionWords>,
    /// Statements of the document that it shows or checks.
    #[serde(skip)]
    pub(crate) statements: usize,
    /// Digests of statements and checks.
    #[serde(skip)]
    pub(crate) statement_digests: BTreeMap<String, String>,
    /// Conditions of the template that are not met.
    pub(crate) unmet: Vec<Unmet>,
    pub(crate) sections: Vec<Section>,
    /// Every figure that is shown, in the order in which it first is.
    pub(crate) figures: Vec<Figure>,
    /// The definitions of their indicators.
    pub(crate) definitions: Vec<Definition>,
    /// Marks that figures have, with what they mean.
    pub(crate) marks: Vec<MarkMeaning>,
    /// Whether any figure is simulated.
    pub(crate) simulated: bool,
    /// Contradictions of the document.
    pub(crate) contradictions: usize,
    /// Versions of the tables that it was computed from, by dataset.
    pub(crate) table_versions: BTreeMap<String, i64>,
    /// When the newest of them was committed: no later record is in it.
    pub(crate) records_time: Option<DateTime<Utc>>,
}

/// A section.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Section {
    pub(crate) id: String,
    pub(crate) title: Bilingual,
    pub(crate) blocks: Vec<Block>,
    /// Indicators that it names and that have no records, with their titles.
    #[serde(skip)]
    pub(crate) missing: BTreeMap<String, Bilingual>,
}

/// A piece of a section.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Block {
    Paragraph {
        text: Sentence,
    },
    /// A remark, in smaller print.
    Note {
        text: Sentence,
    },
    Table {
        table: Table,
    },
    Chart {
        chart: Chart,
    },
    /// Checks of the document, the contradictions first.
    Checks {
        checks: Vec<Check>,
        table: Table,
    },
    /// What its checks say together.
    Conflicts {
        groups: Vec<ConflictGroup>,
        /// Whether there can be more than were looked for.
        limited: bool,
        table: Table,
    },
    /// Statements of the document, by its sections.
    Statements {
        groups: Vec<StatementGroup>,
        table: Table,
    },
}

/// The statements of one section of a document.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct StatementGroup {
    pub(crate) section: String,
    pub(crate) title: Bilingual,
    pub(crate) statements: Vec<Statement>,
}

/// A text in both languages, with figures in place.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Sentence {
    pub(crate) en: Vec<Inline>,
    pub(crate) zh: Vec<Inline>,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Inline {
    Text(String),
    /// What is shown of a figure, as words.
    Figure {
        figure: usize,
        text: String,
        marks: Vec<Mark>,
    },
    /// In place of a figure that is not available.
    Missing,
}

/// One value of an indicator as the report shows it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    /// Names it within the report: f12.
    pub(crate) id: String,
    #[serde(skip)]
    pub(crate) key: FigureKey,
    /// Whether its records are simulated.
    #[serde(skip)]
    pub(crate) simulated: bool,
    pub(crate) indicator: String,
    pub(crate) version: i32,
    pub(crate) title: Bilingual,
    pub(crate) area_code: String,
    pub(crate) area: Bilingual,
    pub(crate) period: String,
    pub(crate) dimensions: BTreeMap<String, Bilingual>,
    pub(crate) unit: String,
    /// As decimal text, exact where records are counts or money; absent where there is no value.
    pub(crate) value: Option<String>,
    pub(crate) previous: Option<f64>,
    pub(crate) target: Option<f64>,
    pub(crate) records: i64,
    /// What documents publish of it, with what that says of it.
    pub(crate) published: Option<Bilingual>,
    pub(crate) marks: Vec<Mark>,
    pub(crate) evidence: Evidence,
}

/// A condition of the template that is not met.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Unmet {
    pub(crate) id: String,
    /// What should hold, and why it does not.
    pub(crate) message: Bilingual,
}

/// A table: what its rows are, and columns of figures.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Table {
    pub(crate) id: String,
    pub(crate) title: Sentence,
    /// Heading of the first column.
    pub(crate) rows_head: Bilingual,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<TableRow>,
    /// What is left out, named once.
    pub(crate) left_out: Option<Bilingual>,
}

/// A column of a table.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Column {
    pub(crate) title: Bilingual,
    /// Unit of the printed numbers: million yuan, 万元. Empty where each row has its own.
    pub(crate) unit: Bilingual,
    /// Whether numbers are in it.
    pub(crate) numeric: bool,
}

/// A row of a table.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TableRow {
    pub(crate) label: Bilingual,
    pub(crate) cells: Vec<Cell>,
    /// Whether it is that of the whole area, which the others are parts of.
    pub(crate) total: bool,
}

/// A cell of a table.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Cell {
    /// As printed, in the unit of the column.
    pub(crate) text: Bilingual,
    /// The number in the unit of the figure: exact, as decimal text.
    pub(crate) value: Option<String>,
    /// Unit of that number.
    pub(crate) unit: String,
    pub(crate) figure: Option<usize>,
    /// Per hundred of the greatest of the column, for a bar.
    pub(crate) bar: Option<u8>,
    pub(crate) marks: Vec<Mark>,
}

/// A chart, drawn for each language, and its data.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Chart {
    pub(crate) id: String,
    /// The finding.
    pub(crate) title: Sentence,
    /// What it shows, in words.
    pub(crate) alternative: Bilingual,
    /// SVG.
    #[serde(skip)]
    pub(crate) drawing: Bilingual,
    pub(crate) data: Table,
}

/// A mark with its sign and meaning.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct MarkMeaning {
    pub(crate) mark: Mark,
    pub(crate) sign: &'static str,
    pub(crate) meaning: Bilingual,
}

impl Inline {
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Figure { text, .. } => text,
            Self::Missing => Mark::NotAvailable.sign(),
        }
    }
}

impl Sentence {
    /// The text without its sentences that lack a figure; none if no sentence is left.
    pub(crate) fn complete(self) -> Option<Self> {
        let Self { en, zh } = self;
        let (en, zh) = (complete(en, ". "), complete(zh, "。"));
        (!en.is_empty() && !zh.is_empty()).then_some(Self { en, zh })
    }

    /// Positions of the figures in it.
    fn figures(&self) -> impl Iterator<Item = usize> {
        self.en.iter().chain(&self.zh).filter_map(|part| match part {
            Inline::Figure { figure, .. } => Some(*figure),
            Inline::Text(_) | Inline::Missing => None,
        })
    }

    /// The words alone.
    pub(crate) fn plain(&self) -> Bilingual {
        let words = |parts: &[Inline]| parts.iter().map(Inline::text).collect::<String>();
        Bilingual { en: words(&self.en), zh: words(&self.zh) }
    }
}

impl Section {
    /// Every table, those of charts too.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &Table> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Table { table }
            | Block::Checks { table, .. }
            | Block::Conflicts { table, .. }
            | Block::Statements { table, .. } => Some(table),
            Block::Chart { chart } => Some(&chart.data),
            Block::Paragraph { .. } | Block::Note { .. } => None,
        })
    }

    /// Positions of the figures that it shows, each as often as it does.
    pub(crate) fn figures(&self) -> Vec<usize> {
        let mut figures = Vec::new();
        for block in &self.blocks {
            match block {
                Block::Paragraph { text } | Block::Note { text } => figures.extend(text.figures()),
                Block::Table { table }
                | Block::Checks { table, .. }
                | Block::Conflicts { table, .. }
                | Block::Statements { table, .. } => figures.extend(table.figures()),
                Block::Chart { chart } => {
                    figures.extend(chart.title.figures().chain(chart.data.figures()));
                }
            }
        }
        figures
    }
}

impl Table {
    fn figures(&self) -> impl Iterator<Item = usize> {
        let cells = self.rows.iter().flat_map(|row| &row.cells);
        self.title.figures().chain(cells.filter_map(|cell| cell.figure))
    }
}

impl Document {
    /// Checks of the document whose figures contradict each other.
    pub(crate) fn inconsistent_checks(&self) -> impl Iterator<Item = &Check> {
        let blocks = self.sections.iter().flat_map(|section| &section.blocks);
        let checks = blocks.filter_map(|block| match block {
            Block::Checks { checks, .. } => Some(checks),
            _ => None,
        });
        checks.flatten().filter(|check| check.is_contradiction())
    }

    /// Conflicts that only several checks show together, none of which is broken alone.
    pub(crate) fn conflicts_of_several_checks(&self) -> impl Iterator<Item = &Conflict> {
        let broken: BTreeSet<&str> = self.inconsistent_checks().map(|check| check.id.as_str()).collect();
        let blocks = self.sections.iter().flat_map(|section| &section.blocks);
        let groups = blocks.filter_map(|block| match block {
            Block::Conflicts { groups, .. } => Some(groups),
            _ => None,
        });
        let conflicts = groups.flatten().flat_map(|group| &group.conflicts);
        conflicts.filter(move |conflict| {
            let mut checks =
                conflict.checks.iter().map(|id| id.rsplit_once('/').map_or(id.as_str(), |(_, id)| id));
            checks.all(|check| !broken.contains(check))
        })
    }

    /// Every table, those of charts too.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &Table> {
        self.sections.iter().flat_map(Section::tables)
    }
}

/// Sentences that lack no figure; each but the last ends with `end`.
fn complete(inlines: Vec<Inline>, end: &str) -> Vec<Inline> {
    let mut sentences: Vec<Vec<Inline>> = vec![Vec::new()];
    for inline in inlines {
        let Inline::Text(text) = inline else {
            sentences.last_mut().into_iter().for_each(|sentence| sentence.push(inline.clone()));
            continue;
        };
        for piece in text.split_inclusive(end) {
            if let Some(sentence) = sentences.last_mut() {
                sentence.push(Inline::Text(piece.to_owned()));
            }
            if piece.ends_with(end) {
                sentences.push(Vec::new());
            }
        }
    }
    sentences.retain(|sentence| !sentence.contains(&Inline::Missing));
    let mut kept: Vec<_> = sentences.into_iter().flatten().collect();
    if let Some(Inline::Text(last)) = kept.last_mut() {
        last.truncate(last.trim_end().len());
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_that_lacks_a_figure_is_left_out_and_the_others_stay() {
        let text = |text: &str| Inline::Text(text.to_owned());
        let sentence = Sentence {
            en: vec![text("One of "), Inline::Missing, text(" is. Two is 1.5 here. "), text("Three.")],
            zh: vec![text("甲"), Inline::Missing, text("。乙。")],
        };
        let kept = sentence.complete().unwrap().plain();
        assert_eq!((kept.en.as_str(), kept.zh.as_str()), ("Two is 1.5 here. Three.", "乙。"));
        let none = Sentence { en: vec![Inline::Missing, text(".")], zh: vec![Inline::Missing, text("。")] };
        assert!(none.complete().is_none());
    }
}
