//! Findings that are open, and which figures they put under query: those that count a record of the project, the funds, the
//! organisation or the village that they concern.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Schema;
use uplift_core::error::Result;
use uplift_engine::error::query_failed;
use uplift_formats::columns::{boolean, integer, text, text_at};
use uplift_store::schema::SIMULATED;

use super::indicator::Component;
use super::plan;
use crate::snapshots::SnapshotSet;
use crate::tables::table;

/// The tables that findings are read from: what inspections tell in numbers, and findings one by one.
pub(crate) const FINDING_TABLES: [&str; 2] = [INSPECTION, FINDING];
const INSPECTION: &str = "inspection";
const FINDING: &str = "finding";

/// Digits of a village's code.
const VILLAGE_DIGITS: usize = 12;
/// Subjects of one condition: a longer one is planned slowly.
const MAX_TOGETHER: usize = 200;

/// What a finding concerns. The first of project, organisation, document and programme that it names tells; of none of
/// these it is the village.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Subject {
    area: String,
    project: String,
    organisation: String,
    document: String,
    programme: String,
    /// Source of the programme's funds; empty is every source.
    source: String,
    /// Budget year of a document's or a programme's money; none is every year.
    year: Option<i64>,
    simulated: bool,
}

/// An open finding, or an inspection that tells only how many there are.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OpenFinding {
    /// Empty if only the inspection is on record.
    pub(crate) finding: String,
    /// Empty of what no inspection found.
    pub(crate) inspection: String,
    pub(crate) date: String,
    /// Empty if there is none.
    pub(crate) deadline: String,
}

/// What open findings concern, each with the findings.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct OpenFindings(BTreeMap<Subject, BTreeSet<OpenFinding>>);

impl OpenFindings {
    /// The open findings of a version. A finding is open until it is put right. An inspection whose findings are not recorded
    /// one by one is open until its result is there and its findings are resolved.
    pub(crate) async fn read(snapshots: &SnapshotSet) -> Result<Arc<Self>> {
        let mut open = Self::default();
        // By inspection, the findings that are recorded one by one.
        let mut recorded: BTreeMap<String, i64> = BTreeMap::new();
        for batch in rows(snapshots, FINDING).await? {
            let (id, inspection) = (text(&batch, "finding_id")?, text(&batch, "inspection_id")?);
            let (date, deadline) = (text(&batch, "date")?, text(&batch, "deadline")?);
            let rectified = text(&batch, "rectified_on")?;
            let subjects = Subjects::of(&batch)?;
            for row in 0..batch.num_rows() {
                if inspection.is_valid(row) {
                    *recorded.entry(text_at(&inspection, row)).or_default() += 1;
                }
                if rectified.is_null(row) {
                    let finding = OpenFinding {
                        finding: text_at(&id, row),
                        inspection: text_at(&inspection, row),
                        date: text_at(&date, row),
                        deadline: text_at(&deadline, row),
                    };
                    open.0.entry(subjects.at(row)).or_default().insert(finding);
                }
            }
        }
        for batch in rows(snapshots, INSPECTION).await? {
            let (id, result) = (text(&batch, "inspection_id")?, text(&batch, "result")?);
            let date = text(&batch, "date")?;
            let (findings, rectified) = (integer(&batch, "findings")?, integer(&batch, "rectified")?);
            let count = |column: &Int64Array, row| if column.is_valid(row) { column.value(row) } else { 0 };
            let subjects = Subjects::of(&batch)?;
            for row in 0..batch.num_rows() {
                let (id, found) = (text_at(&id, row), count(&findings, row));
                // Of how many there are nobody knows, they cannot all be on record.
                let told = findings.is_valid(row);
                let one_by_one = told && recorded.get(&id).is_some_and(|recorded| *recorded >= found);
                let subject = subjects.at(row);
                let settled = text_at(&result, row) != "open" && found <= count(&rectified, row);
                if !one_by_one && !settled && subject.is_told() {
                    let date = text_at(&date, row);
                    let finding = OpenFinding { inspection: id, date, ..OpenFinding::default() };
                    open.0.entry(subject).or_default().insert(finding);
                }
            }
        }
        Ok(Arc::new(open))
    }

    /// Components that count the records of a component which findings concern; none if no record can be.
    pub(crate) fn components(&self, component: &Component, dimensions: &[String]) -> Vec<Component> {
        let conditions: Vec<String> =
            self.conditions(component, dimensions).into_iter().map(|(condition, _)| condition).collect();
        let any = |conditions: &[String]| {
            let any = conditions.iter().map(|c| format!("({c})")).collect::<Vec<_>>().join(" OR ");
            counting(component, &any)
        };
        conditions.chunks(MAX_TOGETHER).map(any).collect()
    }

    /// The same by subject, each with its findings.
    pub(crate) fn by_subject(
        &self,
        component: &Component,
        dimensions: &[String],
    ) -> Vec<(Component, &BTreeSet<OpenFinding>)> {
        let conditions = self.conditions(component, dimensions).into_iter();
        conditions.map(|(condition, ids)| (counting(component, &condition), ids)).collect()
    }

    /// SQL for the records of a component that each subject concerns.
    fn conditions(
        &self,
        component: &Component,
        dimensions: &[String],
    ) -> Vec<(String, &BTreeSet<OpenFinding>)> {
        let Ok(columns) = table(&component.dataset) else { return Vec::new() };
        // What supervision itself tells is not under query.
        if FINDING_TABLES.contains(&component.dataset.as_str()) {
            return Vec::new();
        }
        // What is added up first is looked at before it is, unless it is told apart by a column that only the sums have.
        if component.per.is_some() && dimensions.iter().any(|name| columns.index_of(name).is_err()) {
            return Vec::new();
        }
        let area = component.area_column(&columns);
        let condition = |(subject, ids)| Some((Subject::condition(subject, &columns, &area)?, ids));
        self.0.iter().filter_map(condition).collect()
    }
}

/// The rows of a table, none where it does not exist.
async fn rows(snapshots: &SnapshotSet, table: &str) -> Result<Vec<RecordBatch>> {
    let Some(snapshot) = snapshots.snapshot(table).await? else { return Ok(Vec::new()) };
    let rows = snapshot.rows().await?.collect().await;
    rows.map_err(|e| query_failed(format!("reading {table}"), e))
}

/// Counts the records of a component under a condition.
fn counting(component: &Component, condition: &str) -> Component {
    let condition = match component.condition.as_str() {
        "" => condition.to_owned(),
        own => format!("({own}) AND ({condition})"),
    };
    Component { measure: "count(*)".to_owned(), condition, per: None, ..component.clone() }
}

impl Subject {
    /// Whether it names anything: an inspection need not.
    fn is_told(&self) -> bool {
        let named = [&self.project, &self.organisation, &self.document, &self.programme];
        named.iter().any(|name| !name.is_empty()) || self.area.len() == VILLAGE_DIGITS
    }

    /// SQL for the records of a dataset that it concerns; none if there cannot be any.
    fn condition(&self, columns: &Schema, area: &str) -> Option<String> {
        let has = |name: &str| columns.index_of(name).is_ok();
        let is = |name: &str, text: &str| has(name).then(|| format!("{name} = {}", plan::quoted(text)));
        let inside = || plan::within(area, &self.area);
        let concerned = if !self.project.is_empty() {
            is("project_id", &self.project)?
        } else if !self.organisation.is_empty() {
            let columns = ["organisation_id", "payer_id", "payee_id"];
            let any: Vec<_> = columns.iter().filter_map(|name| is(name, &self.organisation)).collect();
            if any.is_empty() {
                return None;
            }
            format!("({})", any.join(" OR "))
        } else if !self.document.is_empty() {
            format!("{} AND {}{}", is("document_number", &self.document)?, inside()?, self.of_year(has)?)
        } else if !self.programme.is_empty() {
            // The funds of one source are money: what has no source is not of them.
            let source = match self.source.as_str() {
                "" => String::new(),
                source => format!(" AND {}", is("source", source)?),
            };
            format!(
                "{} AND {}{source}{}",
                is("programme_id", &self.programme)?,
                inside()?,
                self.of_year(has)?
            )
        } else {
            inside()?
        };
        // Simulated findings say nothing of real records.
        Some(format!("{SIMULATED} = {} AND {concerned}", self.simulated))
    }

    /// SQL that a record is of its year, after another condition; none if records have no year.
    fn of_year(&self, has: impl Fn(&str) -> bool) -> Option<String> {
        let Some(year) = self.year else { return Some(String::new()) };
        let own = match (has("budget_year"), has("date"), has("year")) {
            (true, true, _) => "coalesce(budget_year, date_part('year', date))",
            (_, true, _) => "date_part('year', date)",
            (_, _, true) => "year",
            _ => return None,
        };
        Some(format!(" AND {own} = {year}"))
    }
}

/// The columns of a batch that tell subjects; those that a dataset lacks are empty.
struct Subjects {
    area: StringArray,
    simulated: BooleanArray,
    named: [Option<StringArray>; 5],
    year: Option<Int64Array>,
}

impl Subjects {
    fn of(batch: &RecordBatch) -> Result<Self> {
        let column = |name: &str| batch.column_by_name(name).is_some().then(|| text(batch, name)).transpose();
        Ok(Self {
            area: text(batch, "area_code")?,
            simulated: boolean(batch, SIMULATED)?,
            named: [
                column("project_id")?,
                column("organisation_id")?,
                column("document_number")?,
                column("programme_id")?,
                column("source")?,
            ],
            year: batch.column_by_name("budget_year").map(|_| integer(batch, "budget_year")).transpose()?,
        })
    }

    fn at(&self, row: usize) -> Subject {
        let [project, organisation, document, programme, source] = &self.named;
        let at = |column: &Option<StringArray>| {
            column.as_ref().filter(|c| c.is_valid(row)).map(|c| text_at(c, row)).unwrap_or_default()
        };
        Subject {
            area: text_at(&self.area, row),
            project: at(project),
            organisation: at(organisation),
            document: at(document),
            programme: at(programme),
            source: at(source),
            year: self.year.as_ref().filter(|year| year.is_valid(row)).map(|year| year.value(row)),
            simulated: self.simulated.value(row),
        }
    }
}
