//! What a document publishes, and what its checks say of it, as blocks of a report.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use uplift_charts::printed_and_computed;
use uplift_core::error::{Error, Result};
use uplift_core::format::readable_interval;
use uplift_core::interval::Interval;
use uplift_core::language::{Bilingual, Language};
use uplift_core::unit::unit_name;
use uplift_proto::dataset::code_title;
use uplift_proto::v1::metrics as wire;
use uplift_proto::v1::metrics::{CheckResult, PublishedFigure, Verdict};

use crate::document_answers::DocumentAnswers;

/// The statements and checks of a document.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reconciliation {
    pub(crate) statements: Vec<Statement>,
    /// The contradictions first.
    pub(crate) checks: Vec<Check>,
    /// What the checks say together.
    pub(crate) conflict_groups: Vec<ConflictGroup>,
    pub(crate) conflicts_limited: bool,
    /// Digests of statements and checks.
    pub(crate) digests: BTreeMap<String, String>,
}

/// Conflicts that share statements.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ConflictGroup {
    pub(crate) conflicts: Vec<Conflict>,
    /// The fewest misprints that would explain all of them, one way each.
    pub(crate) explanations: Vec<Bilingual>,
}

/// Statements that cannot all be true.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Conflict {
    /// Ids of the statements.
    pub(crate) statements: Vec<String>,
    pub(crate) message: Bilingual,
    pub(crate) checks: Vec<String>,
    /// Those of which a misprint alone would explain it.
    pub(crate) misprints: Vec<Misprint>,
}

/// A statement that would have to be another.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Misprint {
    pub(crate) statement_id: String,
    pub(crate) title: Bilingual,
    pub(crate) needed: Bilingual,
    /// Conflicts of the group that it would explain.
    pub(crate) conflicts: i32,
}

/// A printed figure.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Statement {
    pub(crate) id: String,
    pub(crate) title: Bilingual,
    pub(crate) printed: String,
    pub(crate) qualifier: Bilingual,
    pub(crate) unit: Bilingual,
    pub(crate) stands_for: Bilingual,
    pub(crate) locator: String,
    pub(crate) section: String,
    pub(crate) submission_id: String,
    pub(crate) row_number: i64,
    pub(crate) simulated: bool,
    /// The first contradiction that it takes part in.
    pub(crate) contradiction: Option<String>,
}

/// A check with its verdict.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Check {
    pub(crate) id: String,
    pub(crate) title: Bilingual,
    pub(crate) kind: Bilingual,
    pub(crate) verdict: &'static str,
    pub(crate) explanation: Bilingual,
    /// SVG.
    #[serde(skip)]
    pub(crate) drawing: Bilingual,
    pub(crate) statements: Vec<Statement>,
}

impl Check {
    pub(crate) fn is_contradiction(&self) -> bool {
        self.verdict == "inconsistent"
    }
}

impl Reconciliation {
    /// Reads the answers of the metrics service.
    pub(crate) fn from_answers(answers: &DocumentAnswers) -> Result<Self> {
        let (statements, answer) = (&answers.statements, &answers.checks);
        let results = &answer.results;
        let mut contradicted = HashMap::new();
        for result in results.iter().filter(|r| r.verdict() == Verdict::Inconsistent) {
            let id = result.check.as_ref().map(|c| c.check_id.clone()).unwrap_or_default();
            for figure in result.statement.iter().chain(&result.operands) {
                contradicted.entry(statement_id(figure)).or_insert_with(|| id.clone());
            }
        }
        let read = statements.iter().map(|figure| statement(figure, &contradicted));
        let mut checks = results.iter().map(|r| check(r, &contradicted)).collect::<Result<Vec<_>>>()?;
        checks.sort_by_key(|check| !check.is_contradiction());
        Ok(Self {
            statements: read.collect::<Result<_>>()?,
            checks,
            conflict_groups: answer.conflict_groups.iter().map(conflict_group).collect(),
            conflicts_limited: answer.conflicts_limited,
            digests: answers.digests(),
        })
    }

    /// Number of contradictions.
    pub(crate) fn contradictions(&self) -> usize {
        self.checks.iter().filter(|check| check.is_contradiction()).count()
    }
}

fn statement_id(figure: &PublishedFigure) -> String {
    figure.statement.as_ref().map(|s| s.statement_id.clone()).unwrap_or_default()
}

fn statement(wire: &PublishedFigure, contradicted: &HashMap<String, String>) -> Result<Statement> {
    let statement = wire.statement.clone().unwrap_or_default();
    let interval = interval(wire.interval.as_ref())?.unwrap_or_default();
    let qualifier = code_title("statement", "qualifier", statement.qualifier);
    Ok(Statement {
        title: Bilingual::new(statement.title_en, statement.title_zh),
        printed: statement.printed,
        qualifier: qualifier.cloned().unwrap_or_default(),
        unit: Bilingual::new(
            unit_name(&statement.unit, Language::En),
            unit_name(&statement.unit, Language::Zh),
        ),
        stands_for: Bilingual::new(
            readable_interval(&interval, Language::En),
            readable_interval(&interval, Language::Zh),
        ),
        locator: statement.locator,
        section: statement.section,
        submission_id: wire.submission_id.clone(),
        row_number: wire.row_number,
        simulated: wire.simulated,
        contradiction: contradicted.get(&statement.statement_id).cloned(),
        id: statement.statement_id,
    })
}

fn check(result: &CheckResult, contradicted: &HashMap<String, String>) -> Result<Check> {
    let declared = result.check.clone().unwrap_or_default();
    let kind = code_title("statement_check", "kind", declared.kind);
    let printed = result.statement.as_ref().map(|s| interval(s.interval.as_ref())).transpose()?.flatten();
    let computed = interval(result.computed.as_ref())?;
    let drawing = |language: Language| {
        let words = language.choose(&result.explanation_en, &result.explanation_zh);
        printed_and_computed(printed, computed, words, language)
    };
    let statements = result.statement.iter().chain(&result.operands);
    Ok(Check {
        id: declared.check_id,
        title: Bilingual::new(declared.title_en, declared.title_zh),
        kind: kind.cloned().unwrap_or_default(),
        verdict: match result.verdict() {
            Verdict::Consistent => "consistent",
            Verdict::Inconsistent => "inconsistent",
            Verdict::Undetermined | Verdict::Unspecified => "undetermined",
        },
        explanation: Bilingual::new(&result.explanation_en, &result.explanation_zh),
        drawing: Bilingual::new(drawing(Language::En), drawing(Language::Zh)),
        statements: statements.map(|f| statement(f, contradicted)).collect::<Result<_>>()?,
    })
}

impl Conflict {
    /// Names it: the statements with plus signs between them.
    pub(crate) fn id(&self) -> String {
        self.statements.join("+")
    }
}

fn conflict_group(group: &wire::ConflictGroup) -> ConflictGroup {
    let explained = group.explanations.iter().map(|e| Bilingual::new(&e.message_en, &e.message_zh));
    ConflictGroup {
        conflicts: group.conflicts.iter().map(conflict).collect(),
        explanations: explained.collect(),
    }
}

fn conflict(conflict: &wire::Conflict) -> Conflict {
    let misprint = |misprint: &wire::Misprint| {
        let mut statements = conflict.statements.iter();
        let statement = statements
            .find(|s| s.statement_id == misprint.statement_id && s.document_id == misprint.document_id);
        let title = statement.map(|s| Bilingual::new(&s.title_en, &s.title_zh));
        Misprint {
            statement_id: misprint.statement_id.clone(),
            title: title.unwrap_or_default(),
            needed: Bilingual::new(&misprint.needed_en, &misprint.needed_zh),
            conflicts: misprint.conflicts,
        }
    };
    Conflict {
        statements: conflict.statements.iter().map(|s| s.statement_id.clone()).collect(),
        message: Bilingual::new(&conflict.message_en, &conflict.message_zh),
        checks: conflict.check_ids.clone(),
        misprints: conflict.misprints.iter().map(misprint).collect(),
    }
}

fn interval(wire: Option<&uplift_proto::v1::types::Interval>) -> Result<Option<Interval>> {
    let read = wire.map(Interval::try_from).transpose();
    read.map_err(|e| Error::internal("reading an answer of the metrics service", e.description))
}
