//! Questions about indicators and their figures: places, periods, dimensions; compared with the year
//! before, the target, and what was published.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use rust_decimal::Decimal;
use uplift_core::area::AreaCode;
use uplift_core::error::{Error, FieldViolation, Result};
use uplift_core::interval::Interval;
use uplift_core::period::Period;
use uplift_core::verdict::{Relation, Verdict};
use uplift_proto::v1::records::Statistic;

use crate::background::{Background, Targets};
use crate::catalogue::{Catalogue, Component, Indicator, scale};
use crate::figures::PublishedFigure;
use crate::pins::Pins;
use crate::places::{Place, Places};
use crate::plan::{self, Ask};
use crate::sampled::is_measure;
use crate::scan::{Item, Measured, Row, Scanner, Sure};
use crate::value::Value;

/// What is asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    /// Ids, with or without versions; empty is all, or those of the sections.
    pub indicators: Vec<String>,
    /// Sections whose indicators are wanted too.
    pub sections: Vec<String>,
    /// Area; none is everywhere.
    pub area: Option<AreaCode>,
    /// Digits of the level that the area is broken down by.
    pub by: Option<usize>,
    /// Periods.
    pub periods: Vec<Period>,
    /// Columns that figures are told apart by.
    pub dimensions: Vec<String>,
    /// Whether the year before is wanted too.
    pub compare: bool,
}

/// One value of an indicator.
#[derive(Debug, Clone)]
pub struct Figure {
    /// Its indicator.
    pub indicator: Arc<Indicator>,
    /// Code of the area; empty is everywhere.
    pub area: String,
    /// Names of the area.
    pub place: Place,
    /// Period.
    pub period: Period,
    /// Dimensions: column and code.
    pub dimensions: BTreeMap<String, String>,
    /// What its records come to.
    pub measured: Measured,
    /// Value of the year before.
    pub previous: Option<Value>,
    /// How sure the change since then is.
    pub change: Option<Sure>,
    /// Target of the year.
    pub target: Option<f64>,
    /// What documents say of it.
    pub published: Vec<Published>,
}

/// What a document says of a figure.
#[derive(Debug, Clone)]
pub struct Published {
    /// As handed in.
    pub figure: PublishedFigure,
    /// Whether the records agree.
    pub verdict: Verdict,
}

impl Query {
    fn ask(&self) -> Ask {
        let area = self.area.as_ref().map(|a| a.as_str().to_owned()).unwrap_or_default();
        Ask { area, by: self.by, dimensions: self.dimensions.clone() }
    }

    /// The indicators asked for, and whether each has a value in a period.
    pub fn indicators(&self, catalogue: &Catalogue) -> Result<Vec<Arc<Indicator>>> {
        if self.periods.is_empty() {
            return Err(Error::invalid_field("query.periods", "is empty; write at least one, as 2011"));
        }
        let has_all = |i: &Indicator| self.dimensions.iter().all(|d| i.dimensions.contains(d));
        let mut wrong = Vec::new();
        let mut wanted: Vec<Arc<Indicator>> = Vec::new();
        for (n, name) in self.indicators.iter().enumerate() {
            let indicator = catalogue.get(name)?;
            let field = format!("query.indicators[{n}]");
            if !has_all(indicator) {
                let known = match indicator.dimensions.as_slice() {
                    [] => "it has none".to_owned(),
                    known => format!("it has {}", known.join(", ")),
                };
                wrong.push(FieldViolation::new(
                    &field,
                    format!("{name} lacks a dimension asked for; {known}"),
                ));
            }
            if let Some(period) = self.periods.iter().find(|p| !has_period(indicator, **p)) {
                let year = period.year();
                wrong.push(FieldViolation::new(
                    &field,
                    format!("{name} is yearly and has no value for {period}; ask for {year}"),
                ));
            }
            wanted.push(indicator.clone());
        }
        if !wrong.is_empty() {
            return Err(Error::invalid(wrong));
        }
        if let Some(n) = self.sections.iter().position(|s| catalogue.newest().all(|i| i.section != *s)) {
            let known: BTreeSet<_> = catalogue.newest().map(|i| i.section.as_str()).collect();
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            let said = format!("there is no section {:?}; there are {known}", self.sections[n]);
            return Err(Error::invalid_field(format!("query.sections[{n}]"), said));
        }
        let all = self.indicators.is_empty() && self.sections.is_empty();
        let more = catalogue.newest().filter(|i| (all || self.sections.contains(&i.section)) && has_all(i));
        wanted.extend(more.cloned());
        let mut seen = BTreeSet::new();
        wanted.retain(|i| seen.insert((i.id.clone(), i.version)));
        Ok(wanted)
    }
}

fn has_period(indicator: &Indicator, period: Period) -> bool {
    period.months() == (1, 12) || !indicator.components().any(plan::yearly)
}

/// Answers a query: figures by indicator, period and place, the area itself first.
pub async fn answer(
    catalogue: &Catalogue,
    scanner: &Scanner,
    background: &Background,
    pins: &Pins,
    query: &Query,
) -> Result<Vec<Figure>> {
    let indicators = query.indicators(catalogue)?;
    let ask = query.ask();
    let mut items: Vec<Item> = Vec::new();
    for indicator in &indicators {
        for period in periods(query, indicator) {
            let years = std::iter::once(period).chain(query.compare.then(|| period.year_before()));
            for period in years {
                let item = |c: &Component| Item { component: c.clone(), period, since: None };
                items.extend(indicator.components().map(item));
            }
            let sampled = indicator.value.iter().filter(|c| query.compare && is_measure(c));
            let since = Some(period.year_before());
            items.extend(sampled.map(|c| Item { component: c.clone(), period, since }));
        }
    }
    let rows = scanner.measure(pins, &ask, &items).await?;
    let measured: Known<'_> = items.iter().map(|i| (&i.component, i.period, i.since)).zip(rows).collect();
    let places = background.places(pins).await?;
    let targets = background.targets(pins).await?;
    let published = background.published(pins).await?;
    let mut figures = Vec::new();
    for indicator in &indicators {
        for period in periods(query, indicator) {
            let now = combine(indicator, period, &measured);
            let before = query.compare.then(|| combine(indicator, period.year_before(), &measured));
            let since = indicator.value.as_ref().filter(|_| query.compare);
            let since = since.map(|c| cells(c, period, Some(period.year_before()), &measured));
            let mut cells: BTreeMap<Cell, Measured> = BTreeMap::new();
            cells.extend(query.dimensions.is_empty().then(|| (Cell::default(), Measured::default())));
            cells.extend(empty_places(query, &places).map(|cell| (cell, Measured::default())));
            cells.extend(now);
            for (cell, measured) in cells {
                let previous = before.as_ref().and_then(|b| b.get(&cell)?.value);
                let change = since.as_ref().and_then(|s| s.get(&cell)?.times(scale(indicator)).sure);
                let mut figure = Figure {
                    indicator: indicator.clone(),
                    area: cell.place.clone().unwrap_or_else(|| ask.area.clone()),
                    place: Place::default(),
                    period,
                    dimensions: named(&query.dimensions, &cell),
                    measured,
                    previous,
                    change,
                    target: None,
                    published: Vec::new(),
                };
                figure.place = places.get(&figure.area).cloned().unwrap_or_default();
                figure.target = target(&figure, &targets);
                figure.published = says(&figure, &published);
                figures.push(figure);
            }
        }
    }
    Ok(figures)
}

/// A place and a combination of dimensions. Orders the whole area before its places.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Cell {
    place: Option<String>,
    dimensions: Vec<Option<String>>,
}

fn periods(query: &Query, indicator: &Indicator) -> impl Iterator<Item = Period> {
    query.periods.iter().copied().filter(|p| has_period(indicator, *p)).collect::<Vec<_>>().into_iter()
}

type Known<'a> = HashMap<(&'a Component, Period, Option<Period>), Arc<Vec<Row>>>;

fn cells(
    component: &Component,
    period: Period,
    since: Option<Period>,
    measured: &Known<'_>,
) -> HashMap<Cell, Measured> {
    let rows = measured.get(&(component, period, since)).map(|rows| rows.as_slice()).unwrap_or_default();
    let cell = |r: &Row| Cell { place: r.place.clone(), dimensions: r.dimensions.clone() };
    rows.iter().map(|r| (cell(r), r.measured)).collect()
}

/// An indicator's values from those of its parts. A ratio is one of sums over the same place, so that
/// a larger place's is not an average of its parts'.
fn combine(indicator: &Indicator, period: Period, measured: &Known<'_>) -> HashMap<Cell, Measured> {
    let (Some(over), Some(under)) = (&indicator.numerator, &indicator.denominator) else {
        let found = indicator.value.as_ref().map(|v| cells(v, period, None, measured)).unwrap_or_default();
        return found.into_iter().map(|(cell, measured)| (cell, measured.times(scale(indicator)))).collect();
    };
    let over = cells(over, period, None, measured);
    let ratio = |(cell, under): (Cell, Measured)| {
        // Nothing of a part that has records is zero of it.
        let over = over.get(&cell).copied().unwrap_or_default();
        let part = over.value.unwrap_or(Value::Exact(Decimal::ZERO));
        let value = under.value.and_then(|under| part.ratio(under, scale(indicator)));
        let records = over.records + under.records;
        (cell, Measured { value, records, simulated: over.simulated || under.simulated, sure: None })
    };
    cells(under, period, None, measured).into_iter().map(ratio).collect()
}

/// The places of the level asked for: one without records is shown without a value.
fn empty_places<'a>(query: &'a Query, places: &'a Places) -> impl Iterator<Item = Cell> + 'a {
    let area = query.area.as_ref().map_or("", |a| a.as_str());
    // Where no level is asked for, the places of the area are not even looked through.
    let level = query.by.filter(|digits| query.dimensions.is_empty() && *digits > area.len());
    level.into_iter().flat_map(move |digits| {
        let inside = places.range(area.to_owned()..).map(|(code, _)| code);
        let inside = inside.take_while(move |code| code.starts_with(area));
        let of_level = inside.filter(move |code| code.len() == digits);
        of_level.map(|code| Cell { place: Some(code.clone()), dimensions: Vec::new() })
    })
}

fn named(dimensions: &[String], cell: &Cell) -> BTreeMap<String, String> {
    let code = |code: &Option<String>| code.clone().unwrap_or_default();
    dimensions.iter().cloned().zip(cell.dimensions.iter().map(code)).collect()
}

/// The target of the year that the area's own office set.
fn target(figure: &Figure, targets: &Targets) -> Option<f64> {
    let yearly = figure.period.months() == (1, 12) && figure.dimensions.is_empty();
    let key = (figure.indicator.target.clone(), figure.period.year(), figure.area.clone());
    targets.get(&key).copied().filter(|_| yearly && !figure.indicator.target.is_empty())
}

/// What statements on the same subject, area and period say.
fn says(figure: &Figure, statements: &[PublishedFigure]) -> Vec<Published> {
    let (subject, period) = (&figure.indicator.published, figure.period.to_string());
    if subject.is_empty() || !figure.dimensions.is_empty() {
        return Vec::new();
    }
    let about = |s: &&PublishedFigure| {
        let of_value =
            !matches!(s.statement.statistic(), Statistic::Change | Statistic::Growth | Statistic::Target);
        let part = s.statement.period.strip_prefix(&period);
        let within = part.is_some_and(|part| part.is_empty() || part.starts_with('-'));
        s.statement.subject == *subject && s.statement.area_code == figure.area && within && of_value
    };
    let judged = |s: &PublishedFigure| {
        let value = figure.measured.value.and_then(Value::as_decimal);
        let verdict = value.map_or(Verdict::Undetermined, |value| {
            Relation::Contains.judge(&s.interval, &Interval::exact(value))
        });
        Published { figure: s.clone(), verdict }
    };
    statements.iter().filter(about).map(judged).collect()
}
