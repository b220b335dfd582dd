//! What a report says: the metrics service's answers, put in the order and words of a template.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use uplift_core::error::{Error, Result};
use uplift_core::interval::Interval;
use uplift_core::number::{Language, readable_interval};
use uplift_proto::dataset::code_title;
use uplift_proto::v1::metrics::{
    CheckResult, CheckStatementsResponse, PublishedFigure, TableVersions, Verdict,
};

use crate::chart::{Band, intervals};
use crate::template::Template;

/// A text in both languages.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Both {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

/// Everything a page shows.
#[derive(Debug, Serialize)]
pub struct Content {
    /// Title of the report.
    pub title: Both,
    /// Document it is about.
    pub document_id: String,
    /// Sections with their figures.
    pub sections: Vec<Section>,
    /// Checks that fail.
    pub contradictions: Vec<Check>,
    /// All checks.
    pub checks: Vec<Check>,
    /// Number of figures.
    pub figures: usize,
    /// Checks that hold.
    pub consistent: i32,
    /// Checks that cannot be told.
    pub undetermined: i32,
    /// Whether any figure is made up for trying out.
    pub simulated: bool,
    /// Version of the statements' table.
    pub statement_version: Option<i64>,
    /// Version of the checks' table.
    pub check_version: Option<i64>,
}

/// A section of the document.
#[derive(Debug, Serialize)]
pub struct Section {
    name: String,
    title: Both,
    figures: Vec<Figure>,
}

/// A printed figure.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    id: String,
    title: Both,
    printed: String,
    qualifier: Both,
    unit: Both,
    stands_for: Both,
    locator: String,
    section: String,
    submission_id: String,
    row_number: i64,
    simulated: bool,
    /// The first contradiction that it takes part in.
    contradiction: Option<String>,
}

/// A check, judged.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    id: String,
    title: Both,
    kind: Both,
    verdict: &'static str,
    explanation: Both,
    chart: Both,
    figures: Vec<Figure>,
}

impl Content {
    /// Puts answers into a template's order.
    pub fn new(
        template: &Template,
        document_id: &str,
        figures: Vec<PublishedFigure>,
        checks: CheckStatementsResponse,
        versions: TableVersions,
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
            let figure = self::figure(template, figure, &contradicted)?;
            by_section.entry(figure.section.clone()).or_default().push(figure);
        }
        let mut sections = Vec::new();
        for declared in &template.sections {
            let Some(figures) = by_section.remove(&declared.name) else { continue };
            let title = Both { en: declared.title_en.clone(), zh: declared.title_zh.clone() };
            sections.push(Section { name: declared.name.clone(), title, figures });
        }
        // A section that the template does not know still shows its figures, under its own name.
        for (name, figures) in by_section {
            let title = Both { en: name.clone(), zh: name.clone() };
            sections.push(Section { name, title, figures });
        }
        let judged: Vec<_> =
            checks.results.iter().map(|r| check(template, r, &contradicted)).collect::<Result<_>>()?;
        Ok(Self {
            title: Both { en: template.title_en.clone(), zh: template.title_zh.clone() },
            document_id: document_id.to_owned(),
            sections,
            contradictions: judged.iter().filter(|c| c.verdict == "inconsistent").cloned().collect(),
            checks: judged,
            figures: count,
            consistent: checks.consistent,
            undetermined: checks.undetermined,
            simulated,
            statement_version: versions.statement,
            check_version: versions.statement_check,
        })
    }
}

fn statement_id(figure: &PublishedFigure) -> String {
    figure.statement.as_ref().map(|s| s.statement_id.clone()).unwrap_or_default()
}

fn figure(
    template: &Template,
    wire: &PublishedFigure,
    contradicted: &HashMap<String, String>,
) -> Result<Figure> {
    let statement = wire.statement.clone().unwrap_or_default();
    let interval = interval(wire.interval.as_ref())?.unwrap_or_default();
    let (unit_en, unit_zh) = template.unit(&statement.unit);
    let qualifier = code_title("statement", "qualifier", statement.qualifier);
    Ok(Figure {
        title: Both { en: statement.title_en, zh: statement.title_zh },
        printed: statement.printed,
        qualifier: qualifier.map(|t| Both { en: t.en.clone(), zh: t.zh.clone() }).unwrap_or_default(),
        unit: Both { en: unit_en.to_owned(), zh: unit_zh.to_owned() },
        stands_for: Both {
            en: readable_interval(&interval, Language::En),
            zh: readable_interval(&interval, Language::Zh),
        },
        locator: statement.locator,
        section: statement.section,
        submission_id: wire.submission_id.clone(),
        row_number: wire.row_number,
        simulated: wire.simulated,
        contradiction: contradicted.get(&statement.statement_id).cloned(),
        id: statement.statement_id,
    })
}

fn check(template: &Template, result: &CheckResult, contradicted: &HashMap<String, String>) -> Result<Check> {
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
        title: Both { en: declared.title_en, zh: declared.title_zh },
        kind: kind.map(|t| Both { en: t.en.clone(), zh: t.zh.clone() }).unwrap_or_default(),
        verdict: match result.verdict() {
            Verdict::Consistent => "consistent",
            Verdict::Inconsistent => "inconsistent",
            Verdict::Undetermined | Verdict::Unspecified => "undetermined",
        },
        explanation: Both { en: result.explanation_en.clone(), zh: result.explanation_zh.clone() },
        chart: Both { en: chart(Language::En), zh: chart(Language::Zh) },
        figures: figures.map(|f| figure(template, f, contradicted)).collect::<Result<_>>()?,
    })
}

fn interval(wire: Option<&uplift_proto::v1::types::Interval>) -> Result<Option<Interval>> {
    let read = wire.map(Interval::try_from).transpose();
    read.map_err(|e| Error::internal("reading an answer of the metrics service", e.description))
}
