//! The published article as data, compiled in so that the demo needs no files.

use serde::Deserialize;
use uplift_core::error::{Error, Result};
use uplift_proto::dataset::code_number;
use uplift_proto::v1::records::{Statement, StatementCheck};

/// The article: the document, its statements, the checks between them.
#[derive(Debug)]
pub struct Article {
    pub document: Document,
    pub statements: Vec<Statement>,
    pub checks: Vec<StatementCheck>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    pub document_id: String,
    pub title_en: String,
    pub title_zh: String,
    pub area_code: String,
    pub period: String,
    /// Who recorded its figures.
    pub sender: String,
    pub provenance: Provenance,
}

/// Where a document's figures come from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    pub source: String,
    /// How the figures were recorded.
    pub method: String,
    pub simulated: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatementRow {
    section: String,
    statement_id: String,
    locator: String,
    printed: String,
    qualifier: String,
    unit: String,
    statistic: String,
    part_of: String,
    subject: String,
    period: String,
    title_en: String,
    title_zh: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Checks {
    check: Vec<CheckRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckRow {
    check_id: String,
    statement_id: String,
    relation: String,
    expression: String,
    kind: String,
    title_en: String,
    title_zh: String,
}

impl Article {
    /// The article on Chongqing's year 2011.
    pub fn chongqing_2011() -> Result<Self> {
        Self::read(
            include_str!("../../../seeds/chongqing-2011/document.toml"),
            include_str!("../../../seeds/chongqing-2011/statements.csv"),
            include_str!("../../../seeds/chongqing-2011/checks.toml"),
        )
    }

    /// What is at hand of the article on the year before.
    pub fn chongqing_2010() -> Result<Self> {
        Self::read(
            include_str!("../../../seeds/chongqing-2010/document.toml"),
            include_str!("../../../seeds/chongqing-2010/statements.csv"),
            include_str!("../../../seeds/chongqing-2010/checks.toml"),
        )
    }

    fn read(document: &str, statements: &str, checks: &str) -> Result<Self> {
        let document: Document =
            toml::from_str(document).map_err(|e| Error::internal("reading document.toml", e))?;
        let mut rows = Vec::new();
        for row in csv::Reader::from_reader(statements.as_bytes()).deserialize() {
            rows.push(statement(&document, row.map_err(|e| Error::internal("reading statements.csv", e))?)?);
        }
        let checks: Checks = toml::from_str(checks).map_err(|e| Error::internal("reading checks.toml", e))?;
        let checks = checks.check.into_iter().map(|row| check(&document, row)).collect::<Result<_>>()?;
        Ok(Self { document, statements: rows, checks })
    }
}

fn statement(document: &Document, row: StatementRow) -> Result<Statement> {
    Ok(Statement {
        statement_id: row.statement_id,
        document_id: document.document_id.clone(),
        area_code: document.area_code.clone(),
        period: row.period,
        section: row.section,
        locator: row.locator,
        subject: row.subject,
        title_en: row.title_en,
        title_zh: row.title_zh,
        printed: row.printed,
        qualifier: code("statement", "qualifier", &row.qualifier)?,
        unit: row.unit,
        statistic: code("statement", "statistic", &row.statistic)?,
        part_of: row.part_of,
    })
}

fn check(document: &Document, row: CheckRow) -> Result<StatementCheck> {
    Ok(StatementCheck {
        check_id: row.check_id,
        document_id: document.document_id.clone(),
        statement_id: row.statement_id,
        relation: code("statement_check", "relation", &row.relation)?,
        expression: row.expression,
        kind: code("statement_check", "kind", &row.kind)?,
        title_en: row.title_en,
        title_zh: row.title_zh,
    })
}

/// The number of a code as seeds write it, "more than" or "more_than"; empty is 0.
fn code(dataset: &str, field: &str, text: &str) -> Result<i32> {
    if text.is_empty() {
        return Ok(0);
    }
    let stored = text.replace(' ', "_");
    code_number(dataset, field, &stored)
        .ok_or_else(|| Error::internal("reading the seed", format!("{text:?} is not a {field} of {dataset}")))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use uplift_core::expression::Expression;

    #[test]
    fn every_statement_reads_and_every_check_names_statements_that_exist() {
        let articles = [Article::chongqing_2011().unwrap(), Article::chongqing_2010().unwrap()];
        assert!(articles[0].statements.len() >= 60);
        let all: HashSet<_> =
            articles.iter().flat_map(|a| &a.statements).map(|s| (&s.document_id, &s.statement_id)).collect();
        assert_eq!(all.len(), articles.iter().map(|a| a.statements.len()).sum::<usize>());
        let known = |document: &str, id: &str| all.contains(&(&document.to_owned(), &id.to_owned()));
        for article in &articles {
            let document = &article.document.document_id;
            for statement in &article.statements {
                let id = &statement.statement_id;
                statement.interval().unwrap_or_else(|e| panic!("{id}: {}", e.description));
                assert!(statement.part_of.is_empty() || known(document, &statement.part_of));
            }
            for check in &article.checks {
                let expression = Expression::parse(&check.expression).unwrap();
                for name in expression.names().into_iter().chain([check.statement_id.as_str()]) {
                    let other = name.split_once('/').is_some_and(|(document, id)| known(document, id));
                    assert!(known(document, name) || other, "{} names {name}", check.check_id);
                }
            }
        }
    }
}
