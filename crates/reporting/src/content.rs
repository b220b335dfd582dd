//! The content of a report: answers of the metrics service in the order and words of a template.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use uplift_core::error::{Error, Result};
use uplift_core::format::readable_interval;
use uplift_core::interval::Interval;
use uplift_core::language::{Bilingual, Language};
use uplift_core::unit::unit_name;
use uplift_proto::dataset::code_title;
use uplift_proto::v1::metrics::{CheckResult, CheckStatementsResponse, PublishedFigure, Verdict};

use crate::chart::{Band, intervals};
use crate::template::Template;

/// Everything a page shows.
#[derive(Debug, Serialize)]
pub(crate) struct Content {
    pub title: Bilingual,
    pub document_id: String,
    /// Sections with their figures.
    pub sections: Vec<Section>,
    /// Checks that fail.
    pub contradictions: Vec<Check>,
    pub checks: Vec<Check>,
    /// Number of figures.
    pub figures: usize,
    /// Checks that hold.
    pub consistent: i32,
    /// Checks that are undetermined.
    pub undetermined: i32,
    /// Whether any figure is simulated.
    pub simulated: bool,
    /// Versions of the tables that it was computed from, by dataset.
    pub table_versions: BTreeMap<String, i64>,
}

/// A section of the document.
#[derive(Debug, Serialize)]
pub(crate) struct Section {
    name: String,
    title: Bilingual,
    figures: Vec<Figure>,
}

/// A printed figure.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    id: String,
    title: Bilingual,
    printed: String,
    qualifier: Bilingual,
    unit: Bilingual,
    stands_for: Bilingual,
    locator: String,
    section: String,
    submission_id: String,
    row_number: i64,
    simulated: bool,
    /// The first contradiction that it takes part in.
    contradiction: Option<String>,
}

/// A check with its verdict.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Check {
    id: String,
    title: Bilingual,
    kind: Bilingual,
    verdict: &'static str,
    explanation: Bilingual,
    chart: Bilingual,
    figures: Vec<Figure>,
}

impl Content {
    /// Puts answers into a template's order.
    pub(crate) fn new(
        template: &Template,
        document_id: &str,
        figures: Vec<PublishedFigure>,
        checks: CheckStatementsResponse,
        table_versions: BTreeMap<String, i64>,
    ) -> Result<Self> {
        let mut contradicted = HashMap::new();
        for result in checks.results.iter().filter(|r| r.verdict() == Verdict::Inconsistent) {
            let id = result.check.as_ref().map(|c| c.check_id.clone()).unwrap_or_default();
            for figure in result.statement.iter().chain(&result.operands) {
                contradicted.entry(statement_id(figure)).or_insert_with(|| id.clone());
            }
        }
        let simulated = figures.iter().any(|f| f.simulated);
        let count = figures.len();
        let mut by_section: BTreeMap<String, Vec<Figure>> = BTreeMap::new();
        for figure in &figures {
            let figure = figure_content(figure, &contradicted)?;
            by_section.entry(figure.section.clone()).or_default().push(figure);
        }
        let mut sections = Vec::new();
        for declared in &template.sections {
            let Some(figures) = by_section.remove(&declared.name) else { continue };
            let title = Bilingual::new(&declared.title_en, &declared.title_zh);
            sections.push(Section { name: declared.name.clone(), title, figures });
        }
        // A section that the template does not know still shows its figures, under its own name.
        for (name, figures) in by_section {
            let title = Bilingual::new(&name, &name);
            sections.push(Section { name, title, figures });
        }
        let judged: Vec<_> =
            checks.results.iter().map(|r| check_content(r, &contradicted)).collect::<Result<_>>()?;
        Ok(Self {
            title: Bilingual::new(&template.title_en, &template.title_zh),
            document_id: document_id.to_owned(),
            sections,
            contradictions: judged.iter().filter(|c| c.verdict == "inconsistent").cloned().collect(),
            checks: judged,
            figures: count,
            consistent: checks.consistent,
            undetermined: checks.undetermined,
            simulated,
            table_versions,
        })
    }
}

fn statement_id(figure: &PublishedFigure) -> String {
    figure.statement.as_ref().map(|s| s.statement_id.clone()).unwrap_or_default()
}

fn figure_content(wire: &PublishedFigure, contradicted: &HashMap<String, String>) -> Result<Figure> {
    let statement = wire.statement.clone().unwrap_or_default();
    let interval = interval(wire.interval.as_ref())?.unwrap_or_default();
    let qualifier = code_title("statement", "qualifier", statement.qualifier);
    Ok(Figure {
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

fn check_content(result: &CheckResult, contradicted: &HashMap<String, String>) -> Result<Check> {
    let declared = result.check.clone().unwrap_or_default();
    let kind = code_title("statement_check", "kind", declared.kind);
    let printed = result.statement.as_ref().map(|s| interval(s.interval.as_ref())).transpose()?.flatten();
    let computed = interval(result.computed.as_ref())?;
    let chart = |language| match (printed, computed) {
        (Some(printed), Some(computed)) => {
            let (labels, words) = match language {
                Language::En => (["printed", "computed"], &result.explanation_en),
                Language::Zh => (["公布", "推算"], &result.explanation_zh),
            };
            let bands = [
                Band { label: labels[0], interval: printed, class: "printed" },
                Band { label: labels[1], interval: computed, class: "computed" },
            ];
            intervals(&bands, words, language)
        }
        _ => String::new(),
    };
    let figures = result.statement.iter().chain(&result.operands);
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
        chart: Bilingual::new(chart(Language::En), chart(Language::Zh)),
        figures: figures.map(|f| figure_content(f, contradicted)).collect::<Result<_>>()?,
    })
}

fn interval(wire: Option<&uplift_proto::v1::types::Interval>) -> Result<Option<Interval>> {
    let read = wire.map(Interval::try_from).transpose();
    read.map_err(|e| Error::internal("reading an answer of the metrics service", e.description))
}
