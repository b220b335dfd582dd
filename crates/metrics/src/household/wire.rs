//! Histories between the service and the wire.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use uplift_core::error::{Error, Result};
use uplift_core::language::Bilingual;
use uplift_core::text::is_plain_identifier;
use uplift_proto::dataset::stored_title;
use uplift_proto::v1::metrics as wire;

use super::history::{History, Receipt, Year};
use super::remarks::{kind_title, remarks};
use crate::asked::Violations;
use crate::snapshots::AsOf;

/// A request, read.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) household: String,
    pub(crate) as_of: AsOf,
}

impl Question {
    pub(crate) fn parse(request: wire::GetHouseholdRequest) -> Result<Self> {
        let mut violations = Violations::default();
        let household = request.household_id.trim().to_owned();
        if household.is_empty() {
            violations.add("household_id", "is required: the number of a household, as its records have it");
        } else if !is_plain_identifier(&household) && household.chars().count() > MAX_ID {
            violations.add(
                "household_id",
                format!("is longer than {MAX_ID} characters; no household has such a number"),
            );
        }
        let as_of = violations.as_of(request.table_versions, request.as_of.map(|t| (t.seconds, t.nanos)));
        match as_of {
            Some(as_of) if violations.0.is_empty() => Ok(Self { household, as_of }),
            _ => Err(Error::invalid(violations.0)),
        }
    }
}

/// Characters of the longest id.
const MAX_ID: usize = 100;

/// A history as callers see it; names of areas come from the function.
pub(crate) fn encode(history: &History, area: impl Fn(&str, i64) -> Bilingual) -> wire::HouseholdHistory {
    let remarks = remarks(history).into_iter().map(|remark| wire::HouseholdRemark {
        kind: remark.kind.into(),
        text_en: remark.text.en,
        text_zh: remark.text.zh,
        records: remark.records,
    });
    wire::HouseholdHistory {
        household_id: history.household.clone(),
        simulated: history.simulated,
        years: history.years.iter().map(|y| year(y, area(&y.area, y.year))).collect(),
        receipts: history.receipts.iter().map(receipt).collect(),
        money: money(history),
        outcome: Some(outcome(history)),
        remarks: remarks.collect(),
    }
}

fn title(field: &str, stored: &str) -> Bilingual {
    stored_title("household", field, stored).cloned().unwrap_or_default()
}

fn year(year: &Year, area: Bilingual) -> wire::HouseholdYear {
    let text = |amount: Option<Decimal>| amount.map(|a| a.normalize().to_string()).unwrap_or_default();
    let (status, attribute) = (title("status", &year.status), title("attribute", &year.attribute));
    let cause = title("cause", &year.cause);
    let members = year.members.iter().map(|member| wire::HouseholdMember {
        person_id: member.person.clone(),
        sex: member.sex.clone(),
        age: member.age as i32,
        work: member.work.clone(),
        died: member.died.clone(),
    });
    wire::HouseholdYear {
        year: year.year as i32,
        area_code: year.area.clone(),
        area_name_en: area.en,
        area_name_zh: area.zh,
        record: year.record.clone(),
        status: year.status.clone(),
        status_en: status.en,
        status_zh: status.zh,
        attribute_en: attribute.en,
        attribute_zh: attribute.zh,
        cause_en: cause.en,
        cause_zh: cause.zh,
        size: year.size as i32,
        income: text(year.income),
        income_per_head: text(year.per_head()),
        poverty_line: text(year.line),
        poor: year.is_poor(),
        deprivations: year.deprivations.clone(),
        members: members.collect(),
    }
}

fn receipt(receipt: &Receipt) -> wire::Receipt {
    let kind = kind_title(&receipt.kind);
    wire::Receipt {
        date: receipt.date.clone(),
        dataset: receipt.dataset.clone(),
        record: receipt.record.clone(),
        kind: receipt.kind.clone(),
        kind_en: kind.en,
        kind_zh: kind.zh,
        programme_id: receipt.programme.clone(),
        area_code: receipt.area.clone(),
        person_id: receipt.person.clone(),
        quantity: receipt.quantity,
        unit: receipt.unit.clone(),
        amount: receipt.amount.map(|a| a.normalize().to_string()).unwrap_or_default(),
        source: receipt.source.clone(),
        submission_id: receipt.submission.clone(),
    }
}

/// Money that was given, by year, line of work and source. A loan is not given.
fn money(history: &History) -> Vec<wire::ReceivedMoney> {
    let mut sums: BTreeMap<(i64, &str, &str), Decimal> = BTreeMap::new();
    for receipt in history.receipts.iter().filter(|receipt| receipt.kind == "payment") {
        let key = (receipt.year(), receipt.programme.as_str(), receipt.source.as_str());
        *sums.entry(key).or_default() += receipt.amount.unwrap_or_default();
    }
    let money = |((year, programme, source), amount): ((i64, &str, &str), Decimal)| {
        let title = stored_title("payment", "source", source).cloned().unwrap_or_default();
        wire::ReceivedMoney {
            year: year as i32,
            programme_id: programme.to_owned(),
            source: source.to_owned(),
            source_en: title.en,
            source_zh: title.zh,
            amount: amount.normalize().to_string(),
        }
    };
    sums.into_iter().map(money).collect()
}

fn outcome(history: &History) -> wire::HouseholdOutcome {
    let told: Vec<&Year> = history.years.iter().filter(|year| year.income.is_some()).collect();
    let (Some(first), Some(last)) = (told.first(), told.last()) else {
        return wire::HouseholdOutcome {
            text_en: "no income is on record".to_owned(),
            text_zh: "没有收入记录".to_owned(),
            ..wire::HouseholdOutcome::default()
        };
    };
    let known = wire::HouseholdOutcome {
        first_year: first.year as i32,
        last_year: last.year as i32,
        ..wire::HouseholdOutcome::default()
    };
    let (Some(before), Some(after), true) = (first.income, last.income, last.year > first.year) else {
        return wire::HouseholdOutcome {
            text_en: "its income is on record of one year alone".to_owned(),
            text_zh: "只有一个年度的收入记录".to_owned(),
            ..known
        };
    };
    let growth = after - before;
    let percent = (before > Decimal::ZERO).then(|| (growth * Decimal::ONE_HUNDRED / before).round_dp(1));
    let text = match (first.is_poor(), last.is_poor()) {
        (Some(true), Some(false)) => Bilingual::new("rose above the poverty line", "收入越过贫困线"),
        (Some(false), Some(true)) => Bilingual::new("fell below the poverty line", "收入跌至贫困线以下"),
        (Some(true), Some(true)) => Bilingual::new("stayed below the poverty line", "收入仍低于贫困线"),
        (Some(false), Some(false)) => Bilingual::new("stayed above the poverty line", "收入始终高于贫困线"),
        _ => Bilingual::new("no poverty line is known for a year", "有年度没有贫困线"),
    };
    wire::HouseholdOutcome {
        income_growth: growth.normalize().to_string(),
        income_growth_percent: percent.and_then(|percent| percent.to_f64()),
        text_en: text.en,
        text_zh: text.zh,
        ..known
    }
}
