//! Comparisons between the service and the wire.

use uplift_core::area::AreaCode;
use uplift_core::error::{Error, Result};
use uplift_core::period::Period;
use uplift_proto::v1::metrics as wire;

use super::compare::{Claim, Comparison, Group};
use crate::asked::Violations;
use crate::snapshots::AsOf;

/// A request, read.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) area: AreaCode,
    pub(crate) period: Period,
    pub(crate) as_of: AsOf,
}

impl Question {
    pub(crate) fn parse(request: wire::CompareOutcomesRequest) -> Result<Self> {
        let mut violations = Violations::default();
        let area = violations.area(&request.area_code);
        let period = violations.period(&request.period);
        if period.is_some_and(|period| !period.is_year()) {
            violations.add("period", "is not a year; incomes are those of years");
        }
        let as_of = violations.as_of(request.table_versions, request.as_of.map(|t| (t.seconds, t.nanos)));
        match (area, period, as_of) {
            (Some(area), Some(period), Some(as_of)) if violations.0.is_empty() => {
                Ok(Self { area, period, as_of })
            }
            _ => Err(Error::invalid(violations.0)),
        }
    }
}

/// A comparison as callers see it.
pub(crate) fn encode(comparison: &Comparison) -> wire::OutcomeComparison {
    wire::OutcomeComparison {
        simulated: comparison.simulated,
        groups: comparison.groups.iter().map(group).collect(),
        claims: comparison.claims.iter().map(claim).collect(),
    }
}

fn group(group: &Group) -> wire::OutcomeGroup {
    let (change, difference) = (group.change, group.difference);
    // That poverty fell more is a difference below zero.
    let verdict = difference.map(|difference| difference.is_negative());
    wire::OutcomeGroup {
        batch: group.batch.clone(),
        villages: group.villages as i32,
        accepted: group.accepted as i32,
        sampled_villages: group.sampled as i32,
        households: group.households as i32,
        spent: group.spent.normalize().to_string(),
        before: group.poor.map(|[before, _]| before),
        after: group.poor.map(|[_, after]| after),
        change: change.map(|c| c.value),
        standard_error: change.and_then(|c| c.error),
        difference: difference.map(|d| d.value),
        difference_error: difference.and_then(|d| d.error),
        lower: difference.and_then(|d| d.bounds).map(|[lower, _]| lower),
        upper: difference.and_then(|d| d.bounds).map(|[_, upper]| upper),
        verdict: verdict.unwrap_or_default().into(),
    }
}

fn claim(claim: &Claim) -> wire::OutcomeClaim {
    let measured = claim.measured;
    wire::OutcomeClaim {
        text_en: claim.text.en.clone(),
        text_zh: claim.text.zh.clone(),
        claimed: claim.claimed,
        measured: measured.value,
        standard_error: measured.error,
        lower: measured.bounds.map(|[lower, _]| lower),
        upper: measured.bounds.map(|[_, upper]| upper),
        verdict: claim.verdict.into(),
    }
}
