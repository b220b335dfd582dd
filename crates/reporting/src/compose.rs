//! A template and the answers of the metrics service to the sections of a document.

use std::collections::BTreeSet;

use uplift_core::language::{Bilingual, Language};

use crate::annex::Annexes;
use crate::chart::draw;
use crate::document::{Block, Inline, Section, Sentence, StatementGroup};
use crate::document_tables::{checks_table, conflicts_table, statements_table};
use crate::reconciliation::Reconciliation;
use crate::table::{chart_data, table};
use crate::template::{Content, Indicators, Part};
use crate::writer::{Local, Writer};

/// The sections, with what the document says where the template has it.
pub(crate) fn sections(
    writer: &mut Writer<'_>,
    document: &Reconciliation,
    annexes: &Annexes,
) -> Vec<Section> {
    let template = writer.template;
    let mut sections = Vec::new();
    for declared in &template.sections {
        let title = writer.sentence(&declared.id, &Local::new()).plain();
        let mut missing = BTreeSet::new();
        let mut blocks: Vec<_> = declared
            .content
            .iter()
            .flat_map(|content| {
                let of_annex = match content {
                    Content::Annex(annex) => annexes.blocks(*annex, writer),
                    _ => Vec::new(),
                };
                let block = block(writer, content, &mut missing, document);
                of_annex.into_iter().chain(block).chain(conflicts(content, document))
            })
            .collect();
        if !missing.is_empty() {
            blocks.push(Block::Note { text: no_records(writer.indicators, &missing) });
        }
        let missing = missing.into_iter().map(|id| {
            let title = writer.indicators.get(&id).map(|i| Bilingual::new(&i.title_en, &i.title_zh));
            (id, title.unwrap_or_default())
        });
        let missing = missing.collect();
        sections.push(Section { id: declared.id.clone(), title, blocks, missing });
    }
    sections
}

/// A block; none where nothing of it is known, which `missing` then names.
fn block(
    writer: &mut Writer<'_>,
    content: &Content,
    missing: &mut BTreeSet<String>,
    document: &Reconciliation,
) -> Option<Block> {
    match content {
        Content::Text(id) | Content::Note(id) => {
            let text = writer.sentence(id, &Local::new()).complete();
            missing.extend(without_value(writer, &mentioned(writer, id)));
            let text = text?;
            Some(match content {
                Content::Note(_) => Block::Note { text },
                _ => Block::Paragraph { text },
            })
        }
        Content::Table(declared) => match table(writer, declared) {
            Some(table) => {
                if declared.by.is_none() {
                    missing.extend(without_value(writer, &declared.figures));
                }
                Some(Block::Table { table })
            }
            None => {
                missing.extend(without_value(writer, &declared.figures));
                None
            }
        },
        Content::Chart(declared) => match chart_data(writer, declared) {
            Some(data) => Some(Block::Chart { chart: draw(writer, declared, data) }),
            None => {
                missing.extend(without_value(writer, &declared.figures));
                None
            }
        },
        Content::Annex(_) => None,
        Content::Contradictions if document.checks.is_empty() => None,
        Content::Contradictions => {
            Some(Block::Checks { checks: document.checks.clone(), table: checks_table(&document.checks) })
        }
        Content::Statements => Some(Block::Statements {
            groups: groups(writer, document),
            table: statements_table(&document.statements),
        }),
    }
}

/// What the checks of a document say together follows what each says.
fn conflicts(content: &Content, document: &Reconciliation) -> Option<Block> {
    let is_shown = matches!(content, Content::Contradictions) && !document.conflict_groups.is_empty();
    is_shown.then(|| Block::Conflicts {
        groups: document.conflict_groups.clone(),
        limited: document.conflicts_limited,
        table: conflicts_table(&document.conflict_groups),
    })
}

/// The statements of a document by its sections, in the order in which these begin.
fn groups(writer: &Writer<'_>, document: &Reconciliation) -> Vec<StatementGroup> {
    let mut groups: Vec<StatementGroup> = Vec::new();
    for statement in &document.statements {
        match groups.iter_mut().find(|group| group.section == statement.section) {
            Some(group) => group.statements.push(statement.clone()),
            None => groups.push(StatementGroup {
                section: statement.section.clone(),
                title: writer.label(None, "section", &statement.section),
                statements: vec![statement.clone()],
            }),
        }
    }
    groups
}

/// The indicators of figures that have no value.
fn without_value(writer: &Writer<'_>, names: &[String]) -> Vec<String> {
    let without = names.iter().filter(|name| writer.named(name).is_none_or(|f| f.value.is_none()));
    without.filter_map(|name| indicator_of(writer, name)).collect()
}

fn indicator_of(writer: &Writer<'_>, name: &str) -> Option<String> {
    writer.template.figures.get(name).map(|reference| reference.indicator_id().to_owned())
}

/// The figures that a text mentions.
fn mentioned(writer: &Writer<'_>, id: &str) -> Vec<String> {
    let parts =
        [Language::En, Language::Zh].into_iter().flat_map(|language| writer.template.text(language, id));
    let mut names = BTreeSet::new();
    collect_names(parts, &mut names);
    names.retain(|name| writer.template.figures.contains_key(name));
    names.into_iter().collect()
}

fn collect_names<'p>(parts: impl IntoIterator<Item = &'p Part>, names: &mut BTreeSet<String>) {
    for part in parts {
        match part {
            Part::Text(_) => {}
            Part::Mention { name, .. } => {
                names.insert(name.clone());
            }
            Part::Choice { name, variants, otherwise, .. } => {
                names.insert(name.clone());
                variants.iter().for_each(|(_, parts)| collect_names(parts, names));
                collect_names(otherwise, names);
            }
        }
    }
}

/// What a section cannot tell, named once.
fn no_records(indicators: &Indicators, missing: &BTreeSet<String>) -> Sentence {
    let titles = |language: Language| {
        let titles = missing.iter().filter_map(|id| indicators.get(id));
        let titles: Vec<_> = titles.map(|i| language.choose(&i.title_en, &i.title_zh)).collect();
        titles.join(language.choose(", ", "、"))
    };
    Sentence {
        en: vec![Inline::Text(format!("Not available: {}.", titles(Language::En)))],
        zh: vec![Inline::Text(format!("以下指标无记录：{}。", titles(Language::Zh)))],
    }
}
