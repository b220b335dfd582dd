//! Targets of a year: what is reached, what would be due by now, and where that leads to by the end of the year.

use std::collections::BTreeMap;

use chrono::Datelike;
use uplift_client::{MetricsClient, from_status};
use uplift_core::error::Result;
use uplift_core::language::Bilingual;
use uplift_core::period::Period;
use uplift_proto::v1::metrics::{
    ForecastMethod, GetObjectivesRequest, GetObjectivesResponse, IncomeObjective, Objective, ObjectiveStatus,
};
use uplift_proto::words::{claim_verdict, objective_status};

use super::cells::{estimate, marked, numbers, table, text, words};
use crate::document::{Block, Column, TableRow};
use crate::upstream::upstream;
use crate::writer::Writer;

pub(super) type Answer = GetObjectivesResponse;

/// The targets of an area until the end of a period at these versions, which are added to.
pub(super) async fn ask(
    metrics: &MetricsClient,
    (area, period): (&str, Period),
    versions: &mut BTreeMap<String, i64>,
) -> Result<Answer> {
    let last = period.last_day();
    let until = match period.is_year() {
        true => period.to_string(),
        false => format!("{}-{:02}", last.year(), last.month()),
    };
    let request = GetObjectivesRequest {
        area_code: area.to_owned(),
        period: until,
        table_versions: versions.clone().into_iter().collect(),
        ..GetObjectivesRequest::default()
    };
    let answer = metrics.clone().get_objectives(request).await.map_err(|s| upstream(from_status(&s)))?;
    let answer = answer.into_inner();
    versions.extend(answer.table_versions.clone());
    Ok(answer)
}

pub(super) fn blocks(answer: &Answer, writer: &mut Writer<'_>) -> Vec<Block> {
    // Once the year is over nothing is due or forecast any more.
    let is_over = answer.objectives.iter().all(|o| o.method() == ForecastMethod::Complete);
    let mut columns = vec![numbers("Target", "目标数"), numbers("Reached", "已完成")];
    if !is_over {
        columns.extend([numbers("Due by now", "应完成"), numbers("Forecast", "全年预测"), numbers("±", "±")]);
    }
    columns.extend([numbers("Behind by", "差额"), words("Status", "状态")]);
    let rows = answer.objectives.iter().map(|objective| row(objective, is_over, writer)).collect();
    let targets = table(
        "objectives",
        Bilingual::new("Targets of the year and what is reached of each", "年度目标完成情况"),
        Bilingual::new("Target", "目标"),
        columns,
        rows,
    );
    let income = table(
        "income-objective",
        Bilingual::new(
            "Growth of income of pilot households, the same ones in both years",
            "试点户增收情况（两年同一批农户）",
        ),
        Bilingual::new("Households", "农户"),
        income_columns(),
        answer.income.iter().flat_map(income_rows).collect(),
    );
    targets.into_iter().chain(income).map(|table| Block::Table { table }).collect()
}

fn row(objective: &Objective, is_over: bool, writer: &mut Writer<'_>) -> TableRow {
    let shown = |value: Option<f64>| estimate(value, &objective.unit);
    let measured = !matches!(objective.status(), ObjectiveStatus::NotMeasured | ObjectiveStatus::NoRecords);
    let mut reached = marked(shown(measured.then_some(objective.achieved)), objective.simulated);
    if let Some(answer) = writer.whole(&objective.measure) {
        let is_same = answer.value == Some(objective.achieved) && answer.simulated == objective.simulated;
        reached.figure = is_same.then(|| writer.figure(answer));
    }
    let mut cells = vec![shown(Some(objective.target)), reached];
    if !is_over {
        cells.extend([shown(objective.due), shown(objective.forecast), shown(objective.forecast_error)]);
    }
    cells.extend([shown(objective.behind), text(objective_status(objective.status()))]);
    let title = match objective.title_en.is_empty() {
        true => Bilingual::new(&objective.measure, &objective.measure),
        false => Bilingual::new(&objective.title_en, &objective.title_zh),
    };
    TableRow { label: title, cells, total: false }
}

fn income_columns() -> Vec<Column> {
    vec![
        numbers("In the sample", "样本户"),
        numbers("Growth", "户均增收"),
        numbers("Standard error", "标准误"),
        numbers("Objective", "目标"),
        words("Above the objective", "是否达到目标"),
    ]
}

/// The pilot households, and the others of the same counties beside them.
fn income_rows(income: &IncomeObjective) -> Vec<TableRow> {
    let yuan = |value: Option<f64>| estimate(value, "CNY");
    let households = |count: i32| estimate(Some(count.into()), "household");
    let pilots = TableRow {
        label: Bilingual::new("Pilot households", "试点户"),
        cells: vec![
            marked(households(income.households), income.simulated),
            yuan(Some(income.growth)),
            yuan(income.standard_error),
            yuan(Some(income.objective)),
            text(claim_verdict(income.verdict())),
        ],
        total: false,
    };
    let others = TableRow {
        label: Bilingual::new("Other registered poor households", "其他建档立卡贫困户"),
        cells: vec![
            marked(households(income.others), income.simulated),
            yuan(income.growth_of_others),
            yuan(income.standard_error_of_others),
            yuan(None),
            text(Bilingual::new("–", "–")),
        ],
        total: false,
    };
    match income.others {
        0 => vec![pilots],
        _ => vec![pilots, others],
    }
}
