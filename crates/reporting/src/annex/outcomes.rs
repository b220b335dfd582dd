//! What changed for households in villages of each batch and in others, and whether the data support what is claimed.

use std::collections::BTreeMap;

use uplift_client::{MetricsClient, from_status};
use uplift_core::error::Result;
use uplift_core::language::{Bilingual, Language};
use uplift_core::period::Period;
use uplift_core::quantity::quantity;
use uplift_proto::v1::metrics::{CompareOutcomesRequest, OutcomeClaim, OutcomeComparison, OutcomeGroup};
use uplift_proto::words::claim_verdict;

use super::cells::{count, estimate, marked, numbers, table, text, words};
use crate::document::{Block, Cell, TableRow};
use crate::upstream::upstream;

pub(super) type Answer = Vec<OutcomeComparison>;

/// The comparison of an area's year with the one before at these versions, which are added to.
pub(super) async fn ask(
    metrics: &MetricsClient,
    (area, period): (&str, Period),
    versions: &mut BTreeMap<String, i64>,
) -> Result<Answer> {
    let request = CompareOutcomesRequest {
        area_code: area.to_owned(),
        period: period.to_string(),
        table_versions: versions.clone().into_iter().collect(),
        ..CompareOutcomesRequest::default()
    };
    let answer = metrics.clone().compare_outcomes(request).await.map_err(|s| upstream(from_status(&s)))?;
    let answer = answer.into_inner();
    versions.extend(answer.table_versions);
    Ok(answer.comparisons)
}

pub(super) fn blocks(answer: &Answer) -> Vec<Block> {
    let groups = answer.iter().flat_map(|c| c.groups.iter().map(|group| group_row(group, c.simulated)));
    let groups = table(
        "outcomes",
        Bilingual::new(
            "Share of people below the poverty line in villages of each batch, beside villages of none in the same counties",
            "各批次村与同区县其他村贫困率变化对比",
        ),
        Bilingual::new("Batch", "批次"),
        vec![
            numbers("Villages", "村数"),
            numbers("Accepted", "已验收"),
            numbers("Spent", "投入"),
            numbers("Households in the sample", "样本户"),
            numbers("Year before", "上年"),
            numbers("Year", "当年"),
            numbers("Change", "变化"),
            numbers("Beside others", "与其他村之差"),
            words("95 % interval", "95%置信区间"),
            words("Fell more", "降幅更大"),
        ],
        groups.collect(),
    );
    let claims = answer.iter().flat_map(|c| c.claims.iter().map(|claim| claim_row(claim, c.simulated)));
    let claims = table(
        "claims",
        Bilingual::new(
            "Claimed reductions of poverty, held against what the same households say",
            "减贫说法与同一批农户调查结果的对照",
        ),
        Bilingual::new("Claim", "说法"),
        vec![
            numbers("Claimed", "所称减少"),
            numbers("Measured", "测算减少"),
            words("95 % interval", "95%置信区间"),
            words("Verdict", "判断"),
        ],
        claims.collect(),
    );
    groups.into_iter().chain(claims).map(|table| Block::Table { table }).collect()
}

fn group_row(group: &OutcomeGroup, simulated: bool) -> TableRow {
    let count = |number: i32| count(&number.to_string(), "");
    let percent = |value: Option<f64>| estimate(value, "percent");
    let points = |value: Option<f64>| estimate(value, "percentage_point");
    let label = match group.batch.as_str() {
        "" => Bilingual::new("none", "未列入任何批次"),
        "?" => Bilingual::new("not named", "未注明"),
        batch => Bilingual::new(batch, batch),
    };
    TableRow {
        label,
        cells: vec![
            count(group.villages),
            count(group.accepted),
            spent(&group.spent),
            count(group.households),
            marked(percent(group.before), simulated),
            marked(percent(group.after), simulated),
            points(group.change),
            points(group.difference),
            interval(group.lower, group.upper, "percentage_point"),
            text(claim_verdict(group.verdict())),
        ],
        total: false,
    }
}

fn claim_row(claim: &OutcomeClaim, simulated: bool) -> TableRow {
    TableRow {
        label: Bilingual::new(&claim.text_en, &claim.text_zh),
        cells: vec![
            estimate(Some(claim.claimed), "person"),
            marked(estimate(Some(claim.measured), "person"), simulated),
            interval(claim.lower, claim.upper, "person"),
            text(claim_verdict(claim.verdict())),
        ],
        total: false,
    }
}

/// Money is exact, and rounded for reading.
fn spent(amount: &str) -> Cell {
    let Ok(exact) = amount.parse() else { return text(Bilingual::new("–", "–")) };
    let words = |language| quantity(exact, "CNY", language);
    let words = Bilingual::new(words(Language::En), words(Language::Zh));
    Cell { value: Some(amount.to_owned()), unit: "CNY".to_owned(), ..text(words) }
}

fn interval(lower: Option<f64>, upper: Option<f64>, unit: &str) -> Cell {
    match (lower, upper) {
        (Some(_), Some(_)) => {
            let [lower, upper] = [lower, upper].map(|end| estimate(end, unit).text);
            text(Bilingual::new(
                format!("{} to {}", lower.en, upper.en),
                format!("{}至{}", lower.zh, upper.zh),
            ))
        }
        _ => text(Bilingual::new("–", "–")),
    }
}
