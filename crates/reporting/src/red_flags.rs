//! Records that look like abuse, as a table of a report: how many each rule found, and no record of a person.

use std::collections::BTreeMap;

use uplift_client::{MetricsClient, from_status};
use uplift_core::error::Result;
use uplift_core::format::grouped;
use uplift_core::language::Bilingual;
use uplift_core::period::Period;
use uplift_proto::v1::metrics::{ListRedFlagsRequest, RedFlagCount};

use crate::document::{Cell, Column, Inline, Mark, Sentence, Table, TableRow};
use crate::upstream::upstream;

/// The table of an area and a period at these versions, which are added to; none where no rule found anything.
pub(crate) async fn table(
    metrics: &MetricsClient,
    (area, period): (&str, Period),
    versions: &mut BTreeMap<String, i64>,
) -> Result<Option<Table>> {
    if area.is_empty() {
        return Ok(None);
    }
    let request = ListRedFlagsRequest {
        area_code: area.to_owned(),
        period: period.to_string(),
        page_size: 1,
        table_versions: versions.clone().into_iter().collect(),
        ..ListRedFlagsRequest::default()
    };
    let answer = metrics.clone().list_red_flags(request).await.map_err(|s| upstream(from_status(&s)))?;
    let answer = answer.into_inner();
    versions.extend(answer.table_versions);
    let found: Vec<_> = answer.counts.iter().filter(|count| count.flags > 0).collect();
    if found.is_empty() {
        return Ok(None);
    }
    let numeric =
        |en: &str, zh: &str, unit: Bilingual| Column { title: Bilingual::new(en, zh), unit, numeric: true };
    Ok(Some(Table {
        id: "red-flags".to_owned(),
        title: Sentence {
            en: vec![Inline::Text(
                "Records that look like abuse: reasons to look, which prove nothing".to_owned(),
            )],
            zh: vec![Inline::Text("疑点记录：仅为核查线索，不是结论".to_owned())],
        },
        rows_head: Bilingual::new("What is found", "疑点"),
        columns: vec![
            numeric("Flags", "条数", Bilingual::default()),
            numeric("Records", "涉及记录", Bilingual::default()),
            numeric("Amount", "金额", Bilingual::new("yuan", "元")),
        ],
        rows: found.into_iter().map(row).collect(),
        left_out: None,
    }))
}

fn row(count: &RedFlagCount) -> TableRow {
    let rule = count.rule.clone().unwrap_or_default();
    let marks = if count.simulated > 0 { vec![Mark::Simulated] } else { Vec::new() };
    let cell = |value: String, unit: &str, marks: Vec<Mark>| {
        let text = value.parse().map_or_else(|_| "–".to_owned(), grouped);
        Cell {
            text: Bilingual::new(text.clone(), text),
            value: Some(value).filter(|value| !value.is_empty()),
            unit: unit.to_owned(),
            figure: None,
            bar: None,
            marks,
        }
    };
    TableRow {
        label: Bilingual::new(rule.title_en, rule.title_zh),
        cells: vec![
            cell(count.flags.to_string(), "", marks),
            cell(count.records.to_string(), "record", Vec::new()),
            cell(count.amount.clone(), "CNY", Vec::new()),
        ],
        total: false,
    }
}
