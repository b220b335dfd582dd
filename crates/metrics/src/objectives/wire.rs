//! Objectives on their way to callers.

use std::collections::BTreeMap;

use uplift_proto::v1::metrics as wire;

use super::income::Income;
use super::target::Objective;
use crate::indicators::trace::Trace;

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
        measure: objective.measure,
        title_en: objective.titles.en,
        title_zh: objective.titles.zh,
        unit: objective.unit,
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
