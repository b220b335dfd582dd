//! What stands against publishing a report: errors, which a note may explain, and warnings, which are accepted by name.

use std::collections::{BTreeMap, BTreeSet};

use uplift_core::error::{Error, ErrorKind, FieldViolation, Result};
use uplift_core::language::Bilingual;
use uplift_proto::v1::reporting::{ChecklistItem, EditionNote, Severity};

use crate::document::{Document, Figure, Mark};

/// Notes by the items that they explain, and warnings that are accepted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settlement {
    pub(crate) notes: Vec<EditionNote>,
    pub(crate) accepted: Vec<String>,
}

/// The items of a report; each says whether it is settled.
pub(crate) fn checklist(document: &Document, settlement: &Settlement) -> Vec<ChecklistItem> {
    let mut items = Vec::new();
    for section in &document.sections {
        if section.blocks.is_empty() {
            let message = Bilingual::new(
                format!("section {:?} has nothing in it", section.title.en),
                format!("“{}”一节没有内容", section.title.zh),
            );
            items.push(item(format!("missing-section:{}", section.id), Severity::Error, message));
        }
        for (indicator, title) in &section.missing {
            let message = Bilingual::new(
                format!("{} has no records, and section {:?} shows it", title.en, section.title.en),
                format!("“{}”一节所列“{}”没有记录", section.title.zh, title.zh),
            );
            items.push(item(format!("no-records:{indicator}"), Severity::Error, message));
        }
    }
    for figure in document.figures.iter().filter(|f| f.value.is_some() && !f.evidence.equal) {
        let message = Bilingual::new(
            format!("{} was not the same when it was computed again", of(figure).en),
            format!("{}重新计算的结果不一致", of(figure).zh),
        );
        items.push(item(format!("not-recomputed:{}", figure.id), Severity::Error, message));
    }
    for check in document.inconsistent_checks() {
        let message = Bilingual::new(
            format!("published figures break a relation: {}", check.title.en),
            format!("公布数据不符合勾稽关系：{}", check.title.zh),
        );
        items.push(item(format!("inconsistent:{}", check.id), Severity::Error, message));
    }
    for conflict in document.conflicts_of_several_checks() {
        let message = Bilingual::new(
            format!("published figures contradict each other: {}", conflict.message.en),
            format!("公布数据互相矛盾：{}", conflict.message.zh),
        );
        items.push(item(format!("conflict:{}", conflict.id()), Severity::Error, message));
    }
    for unmet in &document.unmet {
        let message = Bilingual::new(
            format!("a condition of the template is not met: {}", unmet.message.en),
            format!("不满足模板的条件：{}", unmet.message.zh),
        );
        items.push(item(format!("unmet:{}", unmet.id), Severity::Error, message));
    }
    items.extend(warnings(document));
    // An indicator that several sections lack is one item.
    let mut seen = BTreeSet::new();
    items.retain(|item| seen.insert(item.item_id.clone()));
    for item in &mut items {
        item.settled = match item.severity() {
            Severity::Warning => settlement.accepted.contains(&item.item_id),
            _ => settlement.notes.iter().any(|note| note.item_id == item.item_id),
        };
    }
    items
}

/// Warnings that there may be.
const WARNINGS: [&str; 6] =
    ["simulated", "mixed", "open-period", "under-query", "disagrees", "hand-ins-missing"];

/// What a reader must know of figures, by mark, and areas that handed in nothing.
fn warnings(document: &Document) -> Vec<ChecklistItem> {
    let marked = |mark: Mark| document.figures.iter().filter(move |f| f.marks.contains(&mark)).count();
    let mut items = Vec::new();
    let mut warn = |id: &str, count: usize, en: &str, zh: &str| {
        if count > 0 {
            let message = Bilingual::new(format!("{count} {en}"), format!("{count}{zh}"));
            items.push(item(id.to_owned(), Severity::Warning, message));
        }
    };
    warn("simulated", marked(Mark::Simulated), "figures are simulated", "项数据为模拟数据");
    let real = document.figures.iter().filter(|f| f.value.is_some() && !f.simulated).count();
    if marked(Mark::Simulated) > 0 {
        warn(
            "mixed",
            real,
            "figures are of real records, beside simulated ones",
            "项数据为真实数据，与模拟数据并列",
        );
    }
    warn(
        "open-period",
        marked(Mark::Provisional),
        "figures are of a period that is not over",
        "项数据的统计期尚未结束",
    );
    warn(
        "under-query",
        marked(Mark::UnderQuery),
        "figures count what an inspection has an open finding on",
        "项数据所涉检查问题尚未办结",
    );
    warn(
        "disagrees",
        marked(Mark::Inconsistent),
        "figures disagree with what a document publishes of them",
        "项数据与已公布的数据不一致",
    );
    let left_out = document.tables().filter(|table| table.left_out.is_some()).count();
    warn("hand-ins-missing", left_out, "tables lack areas that have no records", "张表缺少没有记录的地区");
    items
}

/// Refuses to publish while an item is not settled. A note that explains nothing would be published for nothing; a warning
/// that is accepted need not be there.
pub(crate) fn settle(items: &[ChecklistItem], settlement: &Settlement) -> Result<()> {
    let severities: BTreeMap<&str, Severity> =
        items.iter().map(|item| (item.item_id.as_str(), item.severity())).collect();
    let mut violations = Vec::new();
    let errors: Vec<_> =
        severities.iter().filter(|(_, s)| **s == Severity::Error).map(|(id, _)| *id).collect();
    let errors = match errors.as_slice() {
        [] => "it has none; leave the note out".to_owned(),
        errors => format!("it has {}", errors.join(", ")),
    };
    for (n, note) in settlement.notes.iter().enumerate() {
        if severities.get(note.item_id.as_str()) != Some(&Severity::Error) {
            let message = format!("{:?} is not an error of the checklist; {errors}", note.item_id);
            violations.push(FieldViolation::new(format!("notes[{n}].item_id"), message));
        }
    }
    for (n, accepted) in settlement.accepted.iter().enumerate() {
        if !WARNINGS.contains(&accepted.as_str()) {
            let message = format!("{accepted:?} is not a warning; there are {}", WARNINGS.join(", "));
            violations.push(FieldViolation::new(format!("accepted[{n}]"), message));
        }
    }
    if !violations.is_empty() {
        return Err(Error::invalid(violations));
    }
    let open: Vec<_> = items.iter().filter(|item| !item.settled).map(|item| item.item_id.as_str()).collect();
    if open.is_empty() {
        return Ok(());
    }
    let message = format!(
        "the checklist has {} open: {}; explain errors in notes, and accept warnings by name",
        open.len(),
        open.join(", ")
    );
    Err(Error::new(ErrorKind::FailedPrecondition, message))
}

fn item(item_id: String, severity: Severity, message: Bilingual) -> ChecklistItem {
    ChecklistItem {
        item_id,
        severity: severity.into(),
        message_en: message.en,
        message_zh: message.zh,
        settled: false,
    }
}

/// A figure in words: of what, where, when.
fn of(figure: &Figure) -> Bilingual {
    let words = |title: &str, area: &str| format!("{title} ({area}, {})", figure.period);
    Bilingual::new(words(&figure.title.en, &figure.area.en), words(&figure.title.zh, &figure.area.zh))
}
