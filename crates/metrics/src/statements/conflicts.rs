//! What checks say together: statements and checks as a system, and what is found in it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use uplift_core::expression::Expression;
use uplift_core::interval::{Bound, Interval};
use uplift_core::verdict::Relation;
use uplift_proto::v1::metrics as wire;
use uplift_proto::v1::records::{StatementCheck, Statistic};
use uplift_reconciliation::{Figure, Findings, System, Tie, find};

use super::conflict_words::{conflict_words, explanation_words, needed_words};
use super::documents::{Documents, full_name};
use super::read::PublishedFigure;
use super::reconcile::of_another_unit;

/// Steps of the search, so that no document keeps a call busy for long.
const EFFORT: usize = 5_000_000;

/// Groups that an answer has.
const MAX_GROUPS: usize = 200;

/// Conflicts, and whether there can be more.
#[derive(Debug, Default)]
pub(crate) struct Conflicts {
    pub(crate) groups: Vec<wire::ConflictGroup>,
    pub(crate) is_limited: bool,
}

/// Searches the checks of documents for what they say together.
pub(crate) fn search(checks: &[StatementCheck], figures: &[PublishedFigure]) -> Conflicts {
    let documents = Documents::new(figures);
    let by_name: BTreeMap<String, &PublishedFigure> = figures.iter().map(|f| (name_of(f), f)).collect();
    let ties: Vec<_> = checks.iter().filter_map(|check| tie(check, &documents)).collect();
    let known = by_name.iter().map(|(name, figure)| self::figure(name, figure)).collect();
    let titles: BTreeMap<String, &StatementCheck> =
        checks.iter().map(|check| (full_name(&check.document_id, &check.check_id), check)).collect();
    let Findings { mut groups, is_complete } = find(System::new(known, ties), EFFORT);
    let is_limited = !is_complete || groups.len() > MAX_GROUPS;
    groups.truncate(MAX_GROUPS);
    let words = Wording { figures: &by_name, checks: &titles };
    Conflicts { groups: groups.into_iter().map(|group| words.group(group)).collect(), is_limited }
}

fn name_of(figure: &PublishedFigure) -> String {
    full_name(&figure.statement.document_id, &figure.statement.statement_id)
}

fn figure(name: &str, published: &PublishedFigure) -> Figure {
    Figure { id: name.to_owned(), printed: Some(published.interval), possible: possible(published) }
}

/// What a figure can be: a number of people or an amount is not below zero, a change can be.
fn possible(published: &PublishedFigure) -> Interval {
    let zero = Bound::closed(Decimal::ZERO);
    match published.statement.statistic() {
        Statistic::Change | Statistic::Growth => Interval::default(),
        _ if published.interval.low.is_some_and(|low| low.value < zero.value) => Interval::default(),
        _ => Interval::from(zero),
    }
}

/// A check as a tie between names of all documents; `None` if it says nothing, for which its own result gives the reason.
fn tie(check: &StatementCheck, documents: &Documents<'_>) -> Option<Tie> {
    let expression = Expression::parse(&check.expression).ok()?;
    let relation = Relation::try_from(check.relation()).ok()?;
    let found = |name: &str| documents.find(&check.document_id, name);
    if let Some(statement) = found(&check.statement_id)
        && of_another_unit(statement, &expression, &found).is_some()
    {
        return None;
    }
    let name = |name: &str| found(name).map_or_else(|| full_name(&check.document_id, name), name_of);
    Some(Tie {
        id: full_name(&check.document_id, &check.check_id),
        figure: name(&check.statement_id),
        relation,
        expression: expression.renamed(&name),
    })
}

/// What names stand for, to say what was found.
struct Wording<'a> {
    figures: &'a BTreeMap<String, &'a PublishedFigure>,
    checks: &'a BTreeMap<String, &'a StatementCheck>,
}

impl Wording<'_> {
    fn group(&self, group: uplift_reconciliation::Group) -> wire::ConflictGroup {
        wire::ConflictGroup {
            conflicts: group.conflicts.into_iter().map(|conflict| self.conflict(conflict)).collect(),
            explanations: group.explanations.into_iter().map(|e| self.explanation(e)).collect(),
        }
    }

    fn conflict(&self, conflict: uplift_reconciliation::Conflict) -> wire::Conflict {
        let figures: Vec<_> =
            conflict.figures.iter().filter_map(|name| self.figures.get(name)).copied().collect();
        let checks: Vec<_> = conflict.ties.iter().filter_map(|name| self.checks.get(name)).copied().collect();
        let message = conflict_words(&figures, &checks);
        wire::Conflict {
            statements: figures.into_iter().map(|figure| figure.statement.clone()).collect(),
            check_ids: conflict.ties,
            misprints: conflict.misprints.iter().filter_map(|misprint| self.misprint(misprint)).collect(),
            message_en: message.en,
            message_zh: message.zh,
        }
    }

    fn explanation(&self, explanation: uplift_reconciliation::Explanation) -> wire::Explanation {
        let misprints = &explanation.misprints;
        let found = misprints.iter().filter_map(|m| Some((*self.figures.get(&m.figure)?, &m.needed)));
        let message = explanation_words(&found.collect::<Vec<_>>());
        wire::Explanation {
            misprints: misprints.iter().filter_map(|misprint| self.misprint(misprint)).collect(),
            message_en: message.en,
            message_zh: message.zh,
        }
    }

    fn misprint(&self, misprint: &uplift_reconciliation::Misprint) -> Option<wire::Misprint> {
        let figure = self.figures.get(&misprint.figure)?;
        let needed = needed_words(figure, &misprint.needed);
        Some(wire::Misprint {
            document_id: figure.statement.document_id.clone(),
            statement_id: figure.statement.statement_id.clone(),
            needed: Some((&misprint.needed).into()),
            conflicts: misprint.conflicts as i32,
            needed_en: needed.en,
            needed_zh: needed.zh,
        })
    }
}
