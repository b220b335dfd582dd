//! How far targets are, from the figures that tell.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use uplift_core::error::Result;
use uplift_core::language::Bilingual;
use uplift_core::period::Period;
use uplift_core::unit::unit_code;
use uplift_proto::v1::metrics::{ForecastMethod, ObjectiveStatus};

use super::forecast::{Course, forecast};
use super::question::Question;
use super::target::{Objective, Target, targets};
use crate::indicators::catalogue::Catalogue;
use crate::indicators::indicator::Indicator;
use crate::indicators::query::{Figure, Query, answer};
use crate::indicators::reference_data::ReferenceData;
use crate::indicators::scan::Scanner;
use crate::snapshots::SnapshotSet;

/// What figures are computed with.
#[derive(Clone, Copy)]
pub(crate) struct Computing<'a> {
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) scanner: &'a Scanner,
    pub(crate) reference_data: &'a ReferenceData,
    pub(crate) snapshots: &'a SnapshotSet,
}

/// The targets of an area, and of areas of a level inside if that is asked for.
pub(crate) async fn objectives(with: Computing<'_>, question: &Question) -> Result<Vec<Objective>> {
    let year = question.year;
    let own = |area: &str| match question.digits {
        _ if area == question.area.as_str() => true,
        Some(digits) => area.len() == digits && area.starts_with(question.area.as_str()),
        None => false,
    };
    let mut wanted: BTreeMap<String, Vec<Target>> = BTreeMap::new();
    for target in targets(with.snapshots, year).await?.into_iter().filter(|target| own(&target.area)) {
        wanted.entry(target.measure.clone()).or_default().push(target);
    }
    let mut all = Vec::new();
    for (measure, targets) in wanted {
        let named = |i: &&Arc<Indicator>| i.target == measure || i.id == measure;
        let Some(indicator) = with.catalogue.newest().find(named) else {
            all.extend(targets.into_iter().map(|target| target.not_measured(None)));
            continue;
        };
        let progress = Progress::read(with, question, indicator).await?;
        for target in targets {
            let same = target.unit.is_empty() || unit_code(&target.unit) == unit_code(&indicator.unit);
            let attended = unit_code(&target.unit) == "person" && indicator.unit == "attendance";
            if same || attended {
                all.extend(progress.objectives(question, indicator, &target));
            } else {
                all.push(target.not_measured(Some(indicator)));
            }
        }
    }
    all.sort_by(|a, b| {
        let key = |o: &Objective| (o.simulated, o.area.clone(), o.programme.clone(), o.measure.clone());
        key(a).cmp(&key(b))
    });
    Ok(all)
}

/// The figures of one indicator, by kind of records, area and period.
struct Progress {
    figures: BTreeMap<bool, HashMap<(String, Period), Figure>>,
    /// Whether its records tell of months that add up.
    monthly: bool,
}

impl Progress {
    async fn read(with: Computing<'_>, question: &Question, indicator: &Arc<Indicator>) -> Result<Self> {
        let [_, now] = question.months();
        let years = question.years();
        let before = question.all_months_before();
        let monthly: Vec<Period> = before.iter().chain(&now).chain(&years).copied().collect();
        let ask = |periods: Vec<Period>| Query {
            indicators: vec![indicator.id.clone()],
            area: Some(question.area.clone()),
            by_level: Some(question.inside()),
            periods,
            ..Query::default()
        };
        let Computing { catalogue, scanner, reference_data, snapshots } = with;
        let query = ask(monthly);
        // An indicator of years has no value in a month; months of a rate or of a stock do not add up.
        let adds_up = indicator.components().count() == 1 && indicator.components().all(|c| !c.stock);
        let monthly = adds_up && query.indicators(catalogue).is_ok();
        let query = if monthly { query } else { ask(years.to_vec()) };
        let mut figures: BTreeMap<bool, HashMap<(String, Period), Figure>> = BTreeMap::new();
        for figure in answer(catalogue, scanner, reference_data, snapshots, &query).await? {
            let of_kind = figures.entry(figure.origin.simulated).or_default();
            of_kind.insert((figure.area.clone(), figure.period), figure);
        }
        Ok(Self { figures, monthly })
    }

    fn value(&self, simulated: bool, area: &str, period: Period) -> Option<f64> {
        let figure = self.figures.get(&simulated)?.get(&(area.to_owned(), period))?;
        figure.observation.value.map(|value| value.as_f64()).filter(|_| figure.observation.records > 0)
    }

    fn sum(&self, simulated: bool, area: &str, months: &[Period]) -> f64 {
        months.iter().filter_map(|month| self.value(simulated, area, *month)).sum()
    }

    /// What an area had and has until the month; none where months do not add up to the year.
    fn course(&self, simulated: bool, area: &str, question: &Question) -> Option<Course> {
        let ([before, now], [last_year, _]) = (question.months(), question.years());
        let year_before = self.value(simulated, area, last_year).unwrap_or_default();
        let all = self.sum(simulated, area, &question.all_months_before());
        let adds_up = (all - year_before).abs() <= 1e-6 * year_before.abs().max(1.0);
        let course = Course {
            before: self.sum(simulated, area, &before),
            year_before,
            now: self.sum(simulated, area, &now),
        };
        (self.monthly && adds_up).then_some(course)
    }

    fn objectives(&self, question: &Question, indicator: &Arc<Indicator>, target: &Target) -> Vec<Objective> {
        let area = target.area.as_str();
        let known =
            |simulated: &bool| question.years().iter().any(|y| self.value(*simulated, area, *y).is_some());
        let kinds: Vec<bool> = self.figures.keys().copied().filter(known).collect();
        let kinds = if kinds.is_empty() { vec![false] } else { kinds };
        kinds.into_iter().map(|simulated| self.objective(question, indicator, (simulated, target))).collect()
    }

    fn objective(
        &self,
        question: &Question,
        indicator: &Arc<Indicator>,
        (simulated, recorded): (bool, &Target),
    ) -> Objective {
        let (area, target) = (recorded.area.as_str(), recorded.value);
        let [_, this_year] = question.years();
        let [_, now] = question.months();
        let of_year = self.figures.get(&simulated).and_then(|f| f.get(&(area.to_owned(), this_year)));
        let mut sum = 0.0;
        let months: Vec<(Period, f64)> = now
            .iter()
            .map(|month| {
                sum += self.value(simulated, area, *month).unwrap_or_default();
                (*month, sum)
            })
            .collect();
        let course = self.course(simulated, area, question);
        let is_over = question.month == 12;
        let year_value = self.value(simulated, area, this_year);
        // What counts something once a year is not the sum of its months.
        let by_months = self.monthly
            && (!is_over || year_value.is_none_or(|v| (v - sum).abs() <= 1e-6 * v.abs().max(1.0)));
        let achieved = if by_months { sum } else { year_value.unwrap_or_default() };
        let told = course.and_then(|course| forecast(course, &self.parts(simulated, area, question)));
        let passed = f64::from(question.month) / 12.0;
        let (value, error, method, part) = match told {
            _ if is_over => (None, None, ForecastMethod::Complete, 1.0),
            // Records of years alone tell nothing of a part of one.
            _ if !self.monthly => (None, None, ForecastMethod::Unspecified, 0.0),
            Some(f) => (Some(f.value), f.error, ForecastMethod::YearBefore, f.part),
            // The year before had nothing by then, and much later: nothing is due, and nothing can be told.
            None if course.is_some_and(|course| course.year_before > 0.0) => {
                (None, None, ForecastMethod::Unspecified, 0.0)
            }
            None => (Some(achieved / passed), None, ForecastMethod::Months, passed),
        };
        // Some targets are ceilings.
        let reaches = |value: f64| match indicator.less_is_better {
            true => value <= target,
            false => value >= target,
        };
        let any = year_value.is_some() || achieved > 0.0;
        let status = match (any, value) {
            (false, _) => ObjectiveStatus::NoRecords,
            _ if reaches(achieved) => ObjectiveStatus::Reached,
            (_, None) if method == ForecastMethod::Unspecified => ObjectiveStatus::Uncertain,
            (_, None) => ObjectiveStatus::Missed,
            (_, Some(value)) if (value - target).abs() <= 2.0 * error.unwrap_or_default() => {
                ObjectiveStatus::Uncertain
            }
            (_, Some(value)) if reaches(value) => ObjectiveStatus::OnCourse,
            _ => ObjectiveStatus::Behind,
        };
        Objective {
            simulated,
            area: area.to_owned(),
            area_name: of_year.map(|f| f.area_name.clone()).unwrap_or_default(),
            programme: recorded.programme.clone(),
            measure: indicator.id.clone(),
            titles: Bilingual::new(&indicator.title_en, &indicator.title_zh),
            unit: indicator.unit.clone(),
            target,
            months: if by_months { months } else { Vec::new() },
            achieved,
            forecast: value,
            error,
            method,
            due: (any && (part > 0.0 || self.monthly) && !indicator.less_is_better).then_some(target * part),
            status,
            figure: of_year.filter(|f| f.observation.value.is_some()).cloned(),
        }
    }

    /// The courses of the areas inside of one.
    fn parts(&self, simulated: bool, area: &str, question: &Question) -> Vec<Course> {
        let Some(figures) = self.figures.get(&simulated) else { return Vec::new() };
        let inside = |code: &String| code.len() > area.len() && code.starts_with(area);
        let areas: BTreeSet<&String> =
            figures.keys().map(|(code, _)| code).filter(|code| inside(code)).collect();
        areas.into_iter().filter_map(|code| self.course(simulated, code, question)).collect()
    }
}
