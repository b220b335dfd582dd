//! Records that look like abuse, as a table of a report: how many each rule found, and no record of a person.

use std::collections::BTreeMap;

use uplift_client::{MetricsClient, from_status};
use uplift_core::error::Result;
use uplift_core::language::Bilingual;
use uplift_core::period::Period;
use uplift_proto::v1::metrics::{ListRedFlagsRequest, RedFlagCount};

use super::cells::{count as number, marked, numbers, table};
use crate::document::{Block, Column, TableRow};
use crate::upstream::upstream;

/// Rules with what each found.
pub(super) type Answer = Vec<RedFlagCount>;

/// What the rules find of an area and a period at these versions, which are added to.
pub(super) async fn ask(
    metrics: &MetricsClient,
    (area, period): (&str, Period),
    versions: &mut BTreeMap<String, i64>,
) -> Result<Answer> {
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
    Ok(answer.counts)
}

pub(super) fn blocks(answer: &Answer) -> Option<Block> {
    let table = table(
        "red-flags",
        Bilingual::new(
            "Records that look like abuse: reasons to look, which prove nothing",
            "疑点记录：仅为核查线索，不是结论",
        ),
        Bilingual::new("What is found", "疑点"),
        vec![
            numbers("Flags", "条数"),
            numbers("Records", "涉及记录"),
            Column { unit: Bilingual::new("yuan", "元"), ..numbers("Amount", "金额") },
        ],
        answer.iter().filter(|count| count.flags > 0).map(row).collect(),
    )?;
    Some(Block::Table { table })
}

fn row(count: &RedFlagCount) -> TableRow {
    let rule = count.rule.clone().unwrap_or_default();
    TableRow {
        label: Bilingual::new(rule.title_en, rule.title_zh),
        cells: vec![
            marked(number(&count.flags.to_string(), ""), count.simulated > 0),
            number(&count.records.to_string(), "record"),
            number(&count.amount, "CNY"),
        ],
        total: false,
    }
}
