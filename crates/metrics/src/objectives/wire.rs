//! Objectives between the service and the wire.

use std::collections::BTreeMap;

use uplift_core::area::AreaCode;
use uplift_core::error::{Error, Result};
use uplift_core::period::Period;
use uplift_proto::v1::metrics as wire;

use super::income::Income;
use super::read::Objective;
use crate::asked::Violations;
use crate::indicators::trace::Trace;
use crate::snapshots::AsOf;

/// Yuan that the article's objective is.
const INCOME: f64 = 10_000.0;

/// A request, read.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) area: AreaCode,
    pub(crate) year: i32,
    /// The last month that is looked at.
    pub(crate) month: u32,
    /// Digits of the areas whose targets are asked for as well.
    pub(crate) digits: Option<usize>,
    pub(crate) income: f64,
    pub(crate) as_of: AsOf,
}

impl Question {
    pub(crate) fn parse(request: wire::GetObjectivesRequest) -> Result<Self> {
        let mut violations = Violations::default();
        let area = violations.area(&request.area_code);
        let period = violations.period(&request.period);
        if period.is_some_and(|period| !period.is_year() && !is_month(period)) {
            violations.add("period", "is not a month or a year; write it as 2011-09 or 2011");
        }
        let digits = violations.level_inside(request.by_level, area.as_ref());
        let income = request.income_objective;
        if !income.is_finite() || income < 0.0 {
            violations.add("income_objective", format!("is {income}; write yuan a household, 0 or more"));
        }
        let as_of = violations.as_of(request.table_versions, request.as_of.map(|t| (t.seconds, t.nanos)));
        match (area, period, as_of) {
            (Some(area), Some(period), Some(as_of)) if violations.0.is_empty() => Ok(Self {
                area,
                year: i32::from(period.year()),
                month: month(period),
                digits,
                income: if income == 0.0 { INCOME } else { income },
                as_of,
            }),
            _ => Err(Error::invalid(violations.0)),
        }
    }

    /// Months until the one asked for, of the year before and of the year.
    pub(super) fn months(&self) -> [Vec<Period>; 2] {
        [self.year - 1, self.year].map(|year| months(year, self.month))
    }

    pub(super) fn all_months_before(&self) -> Vec<Period> {
        months(self.year - 1, 12)
    }

    /// The year before and the year.
    pub(super) fn years(&self) -> [Period; 2] {
        [self.year - 1, self.year].map(|year| year.to_string().parse().expect("a year is a period"))
    }

    /// Digits of the areas inside that a forecast's error is taken from.
    pub(super) fn inside(&self) -> usize {
        let own = self.area.as_str().len();
        self.digits.unwrap_or(if own < 6 {
            6
        } else if own < 9 {
            9
        } else {
            12
        })
    }
}

fn months(year: i32, until: u32) -> Vec<Period> {
    (1..=until).filter_map(|month| format!("{year}-{month:02}").parse().ok()).collect()
}

fn is_month(period: Period) -> bool {
    period.to_string().len() == 7 && !period.to_string().contains('Q')
}

fn month(period: Period) -> u32 {
    period.to_string().get(5..7).and_then(|month| month.parse().ok()).unwrap_or(12)
}

/// An objective as callers see it.
pub(crate) fn encode(objective: Objective, versions: &BTreeMap<String, i64>) -> wire::Objective {
    let behind = objective.due.map(|due| (due - objective.achieved).max(0.0));
    let months = objective.months.iter();
    let months = months
        .map(|(month, achieved)| wire::ObjectiveMonth { month: month.to_string(), achieved: *achieved });
    wire::Objective {
        simulated: objective.simulated,
        area_code: objective.area,
        area_name_en: objective.area_name.en,
        area_name_zh: objective.area_name.zh,
        programme_id: objective.programme,
        measure: objective.indicator.id.clone(),
        title_en: objective.indicator.title_en.clone(),
        title_zh: objective.indicator.title_zh.clone(),
        unit: objective.indicator.unit.clone(),
        target: objective.target,
        months: months.collect(),
        achieved: objective.achieved,
        forecast: objective.forecast,
        forecast_error: objective.error,
        method: objective.method.into(),
        due: objective.due,
        behind,
        status: objective.status.into(),
        trace: objective.figure.map(|f| Trace::for_figure(&f, versions).token()).unwrap_or_default(),
    }
}

/// Growth of incomes as callers see it.
pub(crate) fn encode_income(income: &Income, objective: f64) -> wire::IncomeObjective {
    let (growth, others) = (income.growth, income.growth_of_others);
    wire::IncomeObjective {
        simulated: income.simulated,
        households: income.households as i32,
        growth: growth.value,
        standard_error: growth.error,
        lower: growth.bounds.map(|[lower, _]| lower),
        upper: growth.bounds.map(|[_, upper]| upper),
        growth_of_others: others.map(|others| others.value),
        standard_error_of_others: others.and_then(|others| others.error),
        others: income.others as i32,
        objective,
        verdict: growth.at_least(objective).into(),
    }
}
