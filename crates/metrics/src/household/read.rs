//! Reads a household from every table that names it.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use datafusion::prelude::SessionContext;
use rust_decimal::Decimal;
use uplift_core::dataset::{Dataset, Kind};
use uplift_core::error::{Error, Result};
use uplift_engine::error::query_failed;
use uplift_formats::columns::{boolean, integer, text, text_at};
use uplift_proto::dataset::find;

use super::history::{History, Member, Receipt, Year};
use crate::indicators::lines::{Lines, STANDARD};
use crate::indicators::plan::quoted;
use crate::snapshots::SnapshotSet;
use crate::table_session::over;

/// The tables that name households or their members.
const TABLES: [&str; 7] =
    ["household", "person", "delivery", "payment", "relocation", "mutual_fund_member", "mutual_fund_entry"];

/// The household as real records have it, and as simulated ones do.
pub(crate) async fn histories(snapshots: &SnapshotSet, household: &str) -> Result<Vec<History>> {
    let session = over(snapshots, TABLES).await?;
    let lines = Lines::read(snapshots).await?;
    let id = quoted(household);
    let mut by_kind: BTreeMap<bool, History> = BTreeMap::new();
    for batch in
        rows(&session, &format!("SELECT * FROM household WHERE household_id = {id} ORDER BY year")).await?
    {
        years(&batch, &lines, &mut by_kind)?;
    }
    let mut people: BTreeSet<String> = BTreeSet::new();
    for batch in
        rows(&session, &format!("SELECT * FROM person WHERE household_id = {id} ORDER BY person_id")).await?
    {
        members(&batch, &mut by_kind, &mut people)?;
    }
    for sql in received(&id, &people) {
        for batch in rows(&session, &sql).await? {
            receipts(&batch, &mut by_kind)?;
        }
    }
    let sql = format!(
        "SELECT simulated, CAST(date AS VARCHAR) AS date, standard * people AS amount FROM relocation WHERE household_id = {id} AND standard IS NOT NULL"
    );
    for batch in rows(&session, &sql).await? {
        let (simulated, date, amount) =
            (boolean(&batch, "simulated")?, text(&batch, "date")?, text(&batch, "amount")?);
        for row in 0..batch.num_rows() {
            if let Ok(amount) = text_at(&amount, row).parse() {
                of(&mut by_kind, simulated.value(row)).standards.push((text_at(&date, row), amount));
            }
        }
    }
    let histories = by_kind.into_iter().map(|(simulated, mut history)| {
        history
            .receipts
            .sort_by(|a, b| (&a.date, &a.dataset, &a.record).cmp(&(&b.date, &b.dataset, &b.record)));
        History { household: household.to_owned(), simulated, ..history }
    });
    Ok(histories.collect())
}

fn of(by_kind: &mut BTreeMap<bool, History>, simulated: bool) -> &mut History {
    by_kind.entry(simulated).or_default()
}

async fn rows(session: &SessionContext, sql: &str) -> Result<Vec<RecordBatch>> {
    let failed = |e| query_failed("reading a household", e);
    session.sql(sql).await.map_err(failed)?.collect().await.map_err(failed)
}

/// Queries for what a household and its members received, each with the columns of a receipt.
fn received(id: &str, people: &BTreeSet<String>) -> Vec<String> {
    let members: Vec<_> = people.iter().map(|person| quoted(person)).collect();
    let its = |household: &str| match members.as_slice() {
        [] => household.to_owned(),
        members => {
            format!("({household} OR (household_id IS NULL AND person_id IN ({})))", members.join(", "))
        }
    };
    let own = its(&format!("household_id = {id}"));
    vec![
        format!(
            "SELECT simulated, CAST(date AS VARCHAR) AS date, 'delivery' AS dataset, delivery_id AS record, kind, programme_id, area_code, \
             person_id, quantity, unit, CAST(NULL AS DECIMAL(20, 2)) AS amount, NULL AS source, submission_id FROM delivery WHERE {own}"
        ),
        format!(
            "SELECT simulated, CAST(date AS VARCHAR) AS date, 'payment' AS dataset, payment_id AS record, 'payment' AS kind, programme_id, \
             area_code, person_id, CAST(NULL AS DOUBLE) AS quantity, NULL AS unit, amount, source, submission_id FROM payment WHERE household_id = {id}"
        ),
        format!(
            "SELECT simulated, CAST(date AS VARCHAR) AS date, 'relocation' AS dataset, household_id || '/' || CAST(date AS VARCHAR) AS record, \
             'relocation' AS kind, 'relocation' AS programme_id, area_code, NULL AS person_id, CAST(people AS DOUBLE) AS quantity, \
             'person' AS unit, CAST(NULL AS DECIMAL(20, 2)) AS amount, NULL AS source, submission_id \
             FROM relocation WHERE household_id = {id}"
        ),
        format!(
            "SELECT e.simulated, CAST(e.date AS VARCHAR) AS date, 'mutual_fund_entry' AS dataset, e.loan_id AS record, 'loan' AS kind, \
             'mutual_fund' AS programme_id, e.area_code, NULL AS person_id, CAST(NULL AS DOUBLE) AS quantity, NULL AS unit, \
             e.debit AS amount, 'members' AS source, e.submission_id \
             FROM mutual_fund_entry e JOIN (SELECT DISTINCT simulated, organisation_id, member_id FROM mutual_fund_member \
               WHERE household_id = {id}) m \
             ON m.simulated = e.simulated AND m.organisation_id = e.organisation_id AND m.member_id = e.member_id \
             WHERE e.account = 'loans' AND e.debit > 0"
        ),
    ]
}

fn years(batch: &RecordBatch, lines: &Lines, by_kind: &mut BTreeMap<bool, History>) -> Result<()> {
    let dataset = find("household")
        .ok_or_else(|| Error::internal("reading a household", "there is no such dataset"))?;
    let simulated = boolean(batch, "simulated")?;
    let [area, record, status, attribute, cause, income] =
        ["area_code", "record", "status", "attribute", "cause", "income"].map(|name| text(batch, name));
    let (area, record, status) = (area?, record?, status?);
    let (attribute, cause, income) = (attribute?, cause?, income?);
    let (year, size) = (integer(batch, "year")?, integer(batch, "size")?);
    let lacking = deprivations(dataset).map(|name| Ok((name, boolean(batch, name)?)));
    let lacking: Vec<_> = lacking.collect::<Result<_>>()?;
    for row in 0..batch.num_rows() {
        let (year, area) = (year.value(row), text_at(&area, row));
        let lacks = lacking.iter().filter(|(_, column)| column.is_valid(row) && column.value(row));
        of(by_kind, simulated.value(row)).years.push(Year {
            year,
            record: text_at(&record, row),
            status: text_at(&status, row),
            attribute: text_at(&attribute, row),
            cause: text_at(&cause, row),
            size: size.value(row),
            income: text_at(&income, row).parse().ok(),
            line: lines.line(STANDARD, year, &area),
            deprivations: lacks.map(|(name, _)| (*name).to_owned()).collect(),
            members: Vec::new(),
            area,
        });
    }
    Ok(())
}

fn deprivations(dataset: &Dataset) -> impl Iterator<Item = &str> {
    let lacks = |kind: &Kind| matches!(kind, Kind::Boolean);
    dataset.fields.iter().filter(move |field| lacks(&field.kind)).map(|field| field.column())
}

fn members(
    batch: &RecordBatch,
    by_kind: &mut BTreeMap<bool, History>,
    people: &mut BTreeSet<String>,
) -> Result<()> {
    let simulated = boolean(batch, "simulated")?;
    let [person, sex, work, died] = ["person_id", "sex", "work", "died"].map(|name| text(batch, name));
    let (person, sex, work, died) = (person?, sex?, work?, died?);
    let (year, age) = (integer(batch, "year")?, integer(batch, "age")?);
    for row in 0..batch.num_rows() {
        let member = Member {
            person: text_at(&person, row),
            sex: text_at(&sex, row),
            age: age.value(row),
            work: text_at(&work, row),
            died: text_at(&died, row),
        };
        people.insert(member.person.clone());
        let years = &mut of(by_kind, simulated.value(row)).years;
        if let Some(of_year) = years.iter_mut().find(|known| known.year == year.value(row)) {
            of_year.members.push(member);
        }
    }
    Ok(())
}

fn receipts(batch: &RecordBatch, by_kind: &mut BTreeMap<bool, History>) -> Result<()> {
    let simulated = boolean(batch, "simulated")?;
    let column = |name: &str| text(batch, name);
    let (date, dataset, record, kind) =
        (column("date")?, column("dataset")?, column("record")?, column("kind")?);
    let (programme, area, person) = (column("programme_id")?, column("area_code")?, column("person_id")?);
    let (unit, amount, source) = (column("unit")?, column("amount")?, column("source")?);
    let submission = column("submission_id")?;
    let quantity =
        batch.column_by_name("quantity").map(|column| cast(column, &DataType::Float64)).transpose();
    let quantity = quantity.map_err(|e| Error::internal("reading a quantity", e))?;
    for row in 0..batch.num_rows() {
        let quantity = quantity.as_ref().map(|column| column.as_primitive::<Float64Type>());
        of(by_kind, simulated.value(row)).receipts.push(Receipt {
            date: text_at(&date, row),
            dataset: text_at(&dataset, row),
            record: text_at(&record, row),
            kind: text_at(&kind, row),
            programme: text_at(&programme, row),
            area: text_at(&area, row),
            person: text_at(&person, row),
            quantity: quantity.filter(|column| column.is_valid(row)).map(|column| column.value(row)),
            unit: text_at(&unit, row),
            amount: text_at(&amount, row).parse::<Decimal>().ok(),
            source: text_at(&source, row),
            submission: text_at(&submission, row),
        });
    }
    Ok(())
}
