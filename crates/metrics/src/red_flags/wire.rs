//! Flags between the service and the wire.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use uplift_core::area::AreaCode;
use uplift_core::error::{Error, Result};
use uplift_core::language::Bilingual;
use uplift_core::period::Period;
use uplift_proto::v1::metrics as wire;

use super::find::Found;
use super::flag::Flag;
use super::rule::{RULES, Rule};
use crate::asked::Violations;
use crate::snapshots::AsOf;

/// Most records that a flag names.
const MAX_RECORDS: usize = 50;

/// A request, read.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) area: AreaCode,
    pub(crate) period: Period,
    /// With the limits asked for.
    pub(crate) rules: Vec<Rule>,
    pub(crate) as_of: AsOf,
}

impl Question {
    pub(crate) fn parse(request: &wire::ListRedFlagsRequest) -> Result<Self> {
        let mut violations = Violations::default();
        let area = violations.area(&request.area_code);
        let period = violations.period(&request.period);
        let known: Vec<&str> = RULES.iter().map(|rule| rule.id.as_str()).collect();
        for (n, asked) in request.rules.iter().enumerate() {
            if !known.contains(&asked.as_str()) {
                let message = format!("there is no rule {asked:?}; name one of {}", known.join(", "));
                violations.add(&format!("rules[{n}]"), message);
            }
        }
        let limits: BTreeMap<String, f64> =
            request.limits.iter().map(|(name, limit)| (name.clone(), *limit)).collect();
        for (name, limit) in &limits {
            let of = name.split_once('.').and_then(|(rule, limit)| {
                let rule = RULES.iter().find(|known| known.id == rule)?;
                rule.limits.contains_key(limit).then_some(())
            });
            let field = format!("limits[{name:?}]");
            if of.is_none() {
                let all = RULES.iter().flat_map(|r| r.limits.keys().map(move |l| format!("{}.{l}", r.id)));
                let all: Vec<_> = all.collect();
                violations.add(&field, format!("there is no such limit; there are {}", all.join(", ")));
            } else if !limit.is_finite() || *limit < 0.0 || *limit > most(name) {
                violations.add(&field, format!("is {limit}; write a number from 0 to {}", most(name)));
            }
        }
        let as_of = violations
            .as_of(request.table_versions.clone(), request.as_of.as_ref().map(|t| (t.seconds, t.nanos)));
        match (area, period, as_of) {
            (Some(area), Some(period), Some(as_of)) if violations.0.is_empty() => {
                let asked = |rule: &&Rule| request.rules.is_empty() || request.rules.contains(&rule.id);
                let rules = RULES.iter().filter(asked).map(|rule| rule.with_limits(&limits)).collect();
                Ok(Self { area, period, rules, as_of })
            }
            _ => Err(Error::invalid(violations.0)),
        }
    }
}

/// No limit is greater: a century of days, or a trillion of anything else.
fn most(limit: &str) -> f64 {
    if limit.ends_with(".days") { 36_525.0 } else { 1e12 }
}

/// A rule as callers see it, with how much it found.
pub(crate) fn count(found: &Found) -> wire::RedFlagCount {
    let Found { rule, flags } = found;
    let money = flags.iter().filter_map(|flag| flag.amount.parse::<Decimal>().ok());
    let any_money = flags.iter().any(|flag| !flag.amount.is_empty());
    let definition = rule.definition();
    wire::RedFlagCount {
        rule: Some(wire::RedFlagRule {
            rule: rule.id.clone(),
            title_en: rule.title_en.clone(),
            title_zh: rule.title_zh.clone(),
            definition_en: definition.en,
            definition_zh: definition.zh,
            finding_kind: rule.finding_kind.clone(),
            datasets: rule.datasets.clone(),
            limits: rule.limits.clone().into_iter().collect(),
            sql: rule.query(),
        }),
        flags: flags.len() as i64,
        records: flags.iter().map(|flag| flag.records.len() as i64).sum(),
        amount: if any_money { money.sum::<Decimal>().normalize().to_string() } else { String::new() },
        simulated: flags.iter().filter(|flag| flag.simulated).count() as i64,
    }
}

/// A flag as callers see it.
pub(crate) fn encode(flag: Flag, area: &Bilingual) -> wire::RedFlag {
    wire::RedFlag {
        flag_id: flag.id(),
        rule: flag.rule,
        simulated: flag.simulated,
        area_code: flag.area,
        area_name_en: area.en.clone(),
        area_name_zh: area.zh.clone(),
        date: flag.date,
        amount: flag.amount,
        text_en: flag.text.en,
        text_zh: flag.text.zh,
        dataset: flag.dataset,
        record_count: flag.records.len() as i32,
        records: flag.records.into_iter().take(MAX_RECORDS).collect(),
        household_id: flag.household,
        project_id: flag.project,
        programme_id: flag.programme,
        organisation_id: flag.organisation,
    }
}
