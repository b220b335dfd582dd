//! Queries of indicators: figures by area, period and dimension, compared with the previous year, the
//! target, and what was published.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use rust_decimal::Decimal;
use uplift_core::area::AreaCode;
use uplift_core::error::{Error, ErrorKind, FieldViolation, Result};
use uplift_core::interval::Interval;
use uplift_core::language::Bilingual;
use uplift_core::period::Period;
use uplift_core::printed::PERCENT;
use uplift_core::verdict::{Relation, Verdict};
use uplift_proto::v1::records::Statistic;

use super::area_names::AreasByCode;
use super::catalogue::Catalogue;
use super::code_names::DimensionNames;
use super::indicator::{Component, Indicator};
use super::measurement::Measurement;
use super::plan::{self, Breakdown};
use super::ranking::Ranking;
use super::reference_data::{ReferenceData, Targets};
use super::scan::{GroupKey, GroupResult, Observation, Observations, Origin, Scanner, Uncertainty};
use super::survey::is_measure;
use super::under_query::{Concerned, FigureSubject};
use super::value::Value;
use crate::snapshots::SnapshotSet;
use crate::statements::read::PublishedFigure;

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Query {
    /// Ids, with or without versions; empty is all, or those of the sections.
    pub(crate) indicators: Vec<String>,
    /// Sections whose indicators are included too.
    pub(crate) sections: Vec<String>,
    /// Area; none is everywhere.
    pub(crate) area: Option<AreaCode>,
    /// Digits of the level of areas that the area is broken down by.
    pub(crate) by_level: Option<usize>,
    pub(crate) periods: Vec<Period>,
    /// Columns that figures are broken down by.
    pub(crate) dimensions: Vec<String>,
    /// Whether the previous year is included too.
    pub(crate) compare_previous_year: bool,
    /// Whether figures that open findings concern are marked.
    pub(crate) mark_under_query: bool,
    /// Which places of the breakdown are wanted; all, unless told.
    pub(crate) ranking: Option<Ranking>,
}

/// One value of an indicator.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    pub(crate) indicator: Arc<Indicator>,
    /// Code of the area; empty is everywhere.
    pub(crate) area: String,
    pub(crate) area_name: Bilingual,
    pub(crate) period: Period,
    /// Dimensions: column and code.
    pub(crate) dimensions: BTreeMap<String, String>,
    /// What those codes are called, by column.
    pub(crate) dimension_names: BTreeMap<String, Bilingual>,
    pub(crate) observation: Observation,
    /// What kind of records it is of.
    pub(crate) origin: Origin,
    /// Value of the previous year.
    pub(crate) previous: Option<Value>,
    /// Uncertainty of the change since then.
    pub(crate) change_uncertainty: Option<Uncertainty>,
    /// Target of the year.
    pub(crate) target: Option<f64>,
    /// The same figure as documents publish it.
    pub(crate) published: Vec<PublishedValue>,
    /// Whether an inspection of what it counts has an open finding, if that was asked for.
    pub(crate) under_query: bool,
    /// Of a sum over an area whose areas inside are told apart, what is recorded above their level.
    pub(crate) recorded_above: Option<Value>,
}

/// A figure as a document publishes it.
#[derive(Debug, Clone)]
pub(crate) struct PublishedValue {
    pub(crate) figure: PublishedFigure,
    /// Whether it agrees with the records.
    pub(crate) verdict: Verdict,
}

impl Figure {
    /// What it is of.
    pub(crate) fn subject(&self) -> FigureSubject {
        FigureSubject {
            indicator: (self.indicator.id.clone(), self.indicator.version),
            period: self.period,
            area: self.area.clone(),
            dimensions: self.dimensions.clone(),
            origin: self.origin.clone(),
        }
    }
}

impl Query {
    fn breakdown(&self) -> Breakdown {
        let area = self.area.as_ref().map(|a| a.as_str().to_owned()).unwrap_or_default();
        Breakdown { area, by_level: self.by_level, dimensions: self.dimensions.clone() }
    }

    /// The indicators of the query; refuses those without a value in one of its periods.
    pub(crate) fn indicators(&self, catalogue: &Catalogue) -> Result<Vec<Arc<Indicator>>> {
        if self.periods.is_empty() {
            return Err(Error::invalid_field(
                "query.periods",
                "is empty; write at least one, for example 2011",
            ));
        }
        let has_all = |i: &Indicator| self.dimensions.iter().all(|d| i.dimensions.contains(d));
        let mut violations = Vec::new();
        let mut indicators: Vec<Arc<Indicator>> = Vec::new();
        for (n, name) in self.indicators.iter().enumerate() {
            let indicator = catalogue.get(name)?;
            let field = format!("query.indicators[{n}]");
            if !has_all(indicator) {
                let known = match indicator.dimensions.as_slice() {
                    [] => "it has none".to_owned(),
                    known => format!("it has {}", known.join(", ")),
                };
                violations.push(FieldViolation::new(
                    &field,
                    format!("{name} lacks a dimension of the query; {known}"),
                ));
            }
            if let Some(period) = self.periods.iter().find(|p| !has_period(indicator, **p)) {
                let year = period.year();
                violations.push(FieldViolation::new(
                    &field,
                    format!("{name} is yearly and has no value for {period}; ask for {year}"),
                ));
            }
            indicators.push(indicator.clone());
        }
        if !violations.is_empty() {
            return Err(Error::invalid(violations));
        }
        if let Some(n) = self.sections.iter().position(|s| catalogue.newest().all(|i| i.section != *s)) {
            let known: BTreeSet<_> = catalogue.newest().map(|i| i.section.as_str()).collect();
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            let message = format!("there is no section {:?}; there are {known}", self.sections[n]);
            return Err(Error::invalid_field(format!("query.sections[{n}]"), message));
        }
        let all = self.indicators.is_empty() && self.sections.is_empty();
        let more = catalogue.newest().filter(|i| (all || self.sections.contains(&i.section)) && has_all(i));
        indicators.extend(more.cloned());
        let mut seen = BTreeSet::new();
        indicators.retain(|i| seen.insert((i.id.clone(), i.version)));
        let years = if self.compare_previous_year { 2 } else { 1 };
        let asked = indicators.len() * self.periods.len() * years;
        if asked > MAX_VALUES {
            let message = format!(
                "{} indicators in {} periods are {asked} values to compute; ask for at most {MAX_VALUES} at a time",
                indicators.len(),
                self.periods.len() * years,
            );
            return Err(Error::invalid_field("query.periods", message));
        }
        Ok(indicators)
    }
}

/// Indicators times periods of one query.
const MAX_VALUES: usize = 20_000;

/// Figures of one answer, in all its pages.
const MAX_FIGURES: usize = 500_000;

/// Statements of one figure.
const MAX_PUBLISHED: usize = 100;

fn has_period(indicator: &Indicator, period: Period) -> bool {
    period.is_year() || !indicator.components().any(plan::yearly)
}

/// Answers a query: figures by indicator, period and area, the area itself first.
pub(crate) async fn answer(
    catalogue: &Catalogue,
    scanner: &Scanner,
    reference_data: &ReferenceData,
    snapshots: &SnapshotSet,
    query: &Query,
) -> Result<Vec<Figure>> {
    let indicators = query.indicators(catalogue)?;
    let areas = reference_data.areas(snapshots).await?;
    // Before anything is computed, as far as it can be told then: dimensions have as many values as records say.
    let at_most = query.ranking.map_or(MAX_FIGURES, Ranking::places);
    let places = 1 + areas_inside(query, &areas, None).take(at_most).count();
    within_limit(places * indicators.iter().map(|i| periods(query, i).count()).sum::<usize>())?;
    let measurements = measurements(query, &indicators);
    let rows = scanner.measure(snapshots, &query.breakdown(), &measurements).await?;
    let results: Results<'_> =
        measurements.iter().map(|i| (&i.component, i.period, i.since)).zip(rows).collect();
    let targets = reference_data.targets(snapshots).await?;
    let published = reference_data.published(snapshots).await?;
    let findings = match query.mark_under_query {
        true => {
            Concerned::measure(scanner, snapshots, &query.breakdown(), &asked(query, &indicators)).await?
        }
        false => Concerned::default(),
    };
    let mut figures = Vec::new();
    for indicator in &indicators {
        let names = dimension_names(query, indicator, reference_data, snapshots).await?;
        for period in periods(query, indicator) {
            for mut figure in computed_figures(query, indicator, period, &results, &areas) {
                figure.under_query = query.mark_under_query && findings.has(&figure.subject());
                figure.area_name = areas.name(&figure.area, period).cloned().unwrap_or_default();
                let name = |names: &DimensionNames<'_>| {
                    let name = names.name(figure.dimensions.get(names.dimension())?)?;
                    Some((names.dimension().to_owned(), name.clone()))
                };
                figure.dimension_names = names.iter().filter_map(name).collect();
                figure.target = target(&figure, &targets);
                figure.published = published_values(&figure, &published, query.compare_previous_year);
                figures.push(figure);
            }
            within_limit(figures.len())?;
        }
    }
    Ok(figures)
}

/// What the codes of the query's dimensions are called.
async fn dimension_names<'a>(
    query: &'a Query,
    indicator: &'a Indicator,
    reference_data: &ReferenceData,
    snapshots: &SnapshotSet,
) -> Result<Vec<DimensionNames<'a>>> {
    let mut names = Vec::new();
    for dimension in &query.dimensions {
        if let Some(component) = indicator.components().next() {
            names.push(reference_data.code_names.of(snapshots, component, dimension).await?);
        }
    }
    Ok(names)
}

fn within_limit(figures: usize) -> Result<()> {
    if figures <= MAX_FIGURES {
        return Ok(());
    }
    let message =
        format!("the answer has more than {MAX_FIGURES} figures; ask for fewer indicators, periods or areas");
    Err(Error::new(ErrorKind::ResourceExhausted, message))
}

/// Indicators, each in each of its periods.
fn asked(query: &Query, indicators: &[Arc<Indicator>]) -> Vec<(Arc<Indicator>, Period)> {
    let all = indicators.iter().flat_map(|i| periods(query, i).map(move |period| (i.clone(), period)));
    all.collect()
}

/// What must be measured: each component in its period; to compare, also in the year before, and for
/// measures the change between both.
fn measurements(query: &Query, indicators: &[Arc<Indicator>]) -> Vec<Measurement> {
    let mut measurements = Vec::new();
    for indicator in indicators {
        for period in periods(query, indicator) {
            let years =
                std::iter::once(period).chain(query.compare_previous_year.then(|| period.year_before()));
            for period in years {
                let measurement = |c: &Component| Measurement { component: c.clone(), period, since: None };
                measurements.extend(indicator.components().map(measurement));
            }
            let measures = indicator.value.iter().filter(|c| query.compare_previous_year && is_measure(c));
            let since = Some(period.year_before());
            measurements.extend(measures.map(|c| Measurement { component: c.clone(), period, since }));
        }
    }
    measurements
}

/// An indicator's figures in a period: its values, those of the year before and the uncertainty of the
/// change, without names, targets and published figures.
fn computed_figures(
    query: &Query,
    indicator: &Arc<Indicator>,
    period: Period,
    results: &Results<'_>,
    areas: &AreasByCode,
) -> Vec<Figure> {
    let compare = query.compare_previous_year;
    let previous =
        if compare { combine(indicator, period.year_before(), results) } else { Observations::default() };
    let change = indicator.value.as_ref().filter(|_| compare);
    let change = change.map(|c| observations(c, period, Some(period.year_before()), results));
    let change = change.unwrap_or_default();
    let is_ranked = |key: &GroupKey| query.by_level.is_none() || key.area.is_some();
    let (mut places, above) = match (query.ranking, indicator.value.as_ref()) {
        // Of many places a few are wanted: nothing is looked up.
        (Some(ranking), Some(value)) if !has_above(query, indicator) => {
            let all = rows(value, period, None, results);
            let all = all.iter().map(|row| (row.key.clone(), row.observation.times(indicator.factor())));
            (ranking.of(all, is_ranked), HashMap::new())
        }
        (ranking, _) => {
            let observed = combine(indicator, period, results);
            let above = recorded_above(query, indicator, &observed);
            let places = match ranking {
                Some(ranking) => ranking.of(observed, is_ranked),
                None => listed(query, period, observed, &previous, areas),
            };
            (places, above)
        }
    };
    // The area itself is told, also without records.
    if query.dimensions.is_empty() && places.first().is_none_or(|(key, _)| key.area.is_some()) {
        places.insert(0, Default::default());
    }
    let area = query.breakdown().area;
    let figure = |(key, observation): (Arc<GroupKey>, Observation)| Figure {
        indicator: indicator.clone(),
        area: key.area.clone().unwrap_or_else(|| area.clone()),
        area_name: Bilingual::default(),
        period,
        dimensions: named(&query.dimensions, &key),
        dimension_names: BTreeMap::new(),
        observation,
        origin: key.origin.clone(),
        previous: previous.get(&key).and_then(|o| o.value),
        change_uncertainty: change.get(&key).and_then(|o| o.times(indicator.factor()).uncertainty),
        target: None,
        published: Vec::new(),
        under_query: false,
        recorded_above: above.get(&key).copied(),
    };
    places.into_iter().map(figure).collect()
}

/// Every place of the breakdown in order.
fn listed(
    query: &Query,
    period: Period,
    observed: Observations,
    previous: &Observations,
    areas: &AreasByCode,
) -> Vec<(Arc<GroupKey>, Observation)> {
    // What only the year before had is listed too, so that the parts of `previous` add up to the whole's.
    let before = previous.keys().cloned().map(|key| (key, Observation::default()));
    let mut by_key: BTreeMap<Arc<GroupKey>, Observation> = before.collect();
    by_key.extend(observed);
    // A place without records of any kind is listed without a value.
    let with_records: HashSet<_> = by_key.keys().map(|key| key.area.clone()).collect();
    let whole = query.dimensions.is_empty().then(GroupKey::default);
    let places = whole.into_iter().chain(areas_inside(query, areas, Some(period)));
    let without: Vec<_> = places.filter(|key| !with_records.contains(&key.area)).collect();
    by_key.extend(without.into_iter().map(|key| (key.into(), Observation::default())));
    by_key.into_iter().collect()
}

/// How far the sum of parts may be from the whole, where both were added up from doubles.
const ROUNDING: f64 = 1e-9;

/// Whether something may be recorded above the areas inside: of sums.
fn has_above(query: &Query, indicator: &Indicator) -> bool {
    query.by_level.is_some() && indicator.value.as_ref().is_some_and(|value| adds_up(&value.measure))
}

/// Of sums over the whole area, what none of the areas inside has; nothing where that is nothing.
fn recorded_above(query: &Query, indicator: &Indicator, observed: &Observations) -> HashMap<GroupKey, Value> {
    let mut above = HashMap::new();
    if !has_above(query, indicator) {
        return above;
    }
    // Sums of doubles depend on their order.
    let in_order: BTreeMap<&Arc<GroupKey>, &Observation> = observed.iter().collect();
    for (key, observation) in in_order {
        let whole = GroupKey { area: None, ..GroupKey::clone(key) };
        let Some(value) = observation.value else { continue };
        match &key.area {
            // The whole comes before its parts.
            None => drop(above.insert(whole, value)),
            Some(_) => {
                let rest = above.get(&whole).and_then(|rest: &Value| rest.minus(value));
                rest.map(|rest| above.insert(whole, rest));
            }
        }
    }
    // The last digits of doubles are nothing that anybody recorded.
    above.retain(|whole, rest| match rest {
        Value::Exact(rest) => !rest.is_zero(),
        Value::Double(rest) => {
            let of_whole =
                observed.get(whole).and_then(|o| o.value).map_or(0.0, |value| value.as_f64().abs());
            rest.abs() > of_whole * ROUNDING
        }
    });
    above
}

fn periods(query: &Query, indicator: &Indicator) -> impl Iterator<Item = Period> {
    query.periods.iter().copied().filter(|p| has_period(indicator, *p)).collect::<Vec<_>>().into_iter()
}

type Results<'a> = HashMap<(&'a Component, Period, Option<Period>), Arc<Vec<GroupResult>>>;

fn rows<'r>(
    component: &'r Component,
    period: Period,
    since: Option<Period>,
    results: &'r Results<'_>,
) -> &'r [GroupResult] {
    results.get(&(component, period, since)).map(|rows| rows.as_slice()).unwrap_or_default()
}

fn observations(
    component: &Component,
    period: Period,
    since: Option<Period>,
    results: &Results<'_>,
) -> Observations {
    rows(component, period, since, results).iter().map(|row| (row.key.clone(), row.observation)).collect()
}

/// The values of an indicator from those of its components. A ratio is one of sums over the same area, so
/// that a larger area's is not an average of its parts'.
fn combine(indicator: &Indicator, period: Period, results: &Results<'_>) -> Observations {
    let (Some(over), Some(under)) = (&indicator.numerator, &indicator.denominator) else {
        let own = indicator.value.as_ref().map(|v| observations(v, period, None, results));
        let mut own = own.unwrap_or_default();
        own.values_mut().for_each(|value| *value = value.times(indicator.factor()));
        return own;
    };
    let over = observations(over, period, None, results);
    let ratio = |(key, under): (Arc<GroupKey>, Observation)| {
        // Records of no household, as flows of money, go with both kinds of records of households.
        let any_kind =
            GroupKey { origin: Origin { kind: None, ..key.origin.clone() }, ..GroupKey::clone(&key) };
        // Where only the denominator has records, the numerator is zero.
        let over = over.get(&key).or_else(|| over.get(&any_kind)).copied().unwrap_or_default();
        let part = over.value.unwrap_or(Value::Exact(Decimal::ZERO));
        let value = under.value.and_then(|under| part.ratio(under, indicator.factor()));
        let records = over.records + under.records;
        (key, Observation { value, records, uncertainty: None })
    };
    observations(under, period, None, results).into_iter().map(ratio).collect()
}

/// The areas of the level of the query that there were in a period: one without records is listed without a value.
fn areas_inside<'a>(
    query: &'a Query,
    areas: &'a AreasByCode,
    period: Option<Period>,
) -> impl Iterator<Item = GroupKey> + 'a {
    let area = query.area.as_ref().map_or("", |a| a.as_str());
    // Without a level, the areas inside are not looked through.
    let level = query.by_level.filter(|digits| query.dimensions.is_empty() && *digits > area.len());
    let codes = level.into_iter().flat_map(move |digits| areas.within(area, digits, period));
    codes.map(|code| GroupKey { area: Some(code.clone()), ..GroupKey::default() })
}

/// Whether the areas inside of one have together what it has, but for what is recorded above them.
fn adds_up(measure: &str) -> bool {
    plan::is_sum(measure) && !measure.to_ascii_lowercase().contains("distinct")
}

fn named(dimensions: &[String], key: &GroupKey) -> BTreeMap<String, String> {
    let code = |code: &Option<String>| code.clone().unwrap_or_default();
    dimensions.iter().cloned().zip(key.dimensions.iter().map(code)).collect()
}

/// The target of the year that the area's own office set.
fn target(figure: &Figure, targets: &Targets) -> Option<f64> {
    let yearly = figure.period.is_year() && figure.dimensions.is_empty();
    let key = (figure.indicator.target.clone(), figure.period.year(), figure.area.clone());
    let (target, unit) = targets.get(&key).filter(|_| yearly && !figure.indicator.target.is_empty())?;
    // Attendances are counted in people too; a target in any other unit is not that of the figure.
    let same = unit.is_empty() || *unit == figure.indicator.unit || unit == "attendance";
    same.then_some(*target)
}

/// Statements of the same thing: subject, area, period, unit, and total or average; where the year before is compared, its
/// change and growth too. Each is judged against the figure.
fn published_values(figure: &Figure, statements: &[PublishedFigure], compare: bool) -> Vec<PublishedValue> {
    let Figure { indicator, period, .. } = figure;
    if indicator.published.is_empty() || !figure.dimensions.is_empty() {
        return Vec::new();
    }
    let about = |s: &&PublishedFigure| {
        let same = match s.statement.statistic() {
            Statistic::Target => false,
            Statistic::Change | Statistic::Growth => compare,
            Statistic::Average => indicator.is_average(),
            Statistic::Total => !indicator.is_average(),
            Statistic::Unspecified => true,
        };
        s.statement.subject == indicator.published
            && s.statement.area_code == figure.area
            && s.statement.period.parse() == Ok(*period)
            && s.statement.unit
                == if s.statement.statistic() == Statistic::Growth { PERCENT } else { &indicator.unit }
            && same
    };
    let judged = |s: &PublishedFigure| {
        let change = || figure.observation.value?.as_decimal()?.checked_sub(figure.previous?.as_decimal()?);
        // Documents write by how much, and say in words whether it is more or less.
        let value = match s.statement.statistic() {
            Statistic::Change => change().map(|change| change.abs()),
            Statistic::Growth => figure.previous.and_then(Value::as_decimal).and_then(|previous| {
                change()?.abs().checked_mul(Decimal::ONE_HUNDRED)?.checked_div(previous.abs())
            }),
            _ => figure.observation.value.and_then(Value::as_decimal),
        };
        let verdict = value.map_or(Verdict::Undetermined, |value| {
            Relation::Contains.judge(&s.interval, &Interval::exact(value))
        });
        PublishedValue { figure: s.clone(), verdict }
    };
    statements.iter().filter(about).take(MAX_PUBLISHED).map(judged).collect()
}
