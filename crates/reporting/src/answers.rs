//! The figures that a template needs, as the metrics service answers them, all at the same versions of tables.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use uplift_client::MetricsClient;
use uplift_core::error::Result;
use uplift_proto::figure::{digits, is_yearly};
use uplift_proto::status::from_status;
use uplift_proto::v1::metrics::{Figure, IndicatorQuery, StreamIndicatorsRequest};
use uplift_proto::v1::records::{AreaLevel, HouseholdRecord};

use crate::request::Scope;
use crate::template::{Breakdown, Content, FigureReference, Indicators, Template};
use crate::upstream::instant;

/// Figures by what they are of.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    figures: HashMap<Key, Vec<Figure>>,
    /// Areas of a level by code.
    areas: BTreeMap<i32, BTreeMap<String, Area>>,
    /// Areas that have a name, by code.
    names: HashMap<String, Area>,
    /// Versions of the tables that were read, by dataset.
    pub(crate) table_versions: BTreeMap<String, i64>,
    /// When the newest of them was committed.
    pub(crate) records_time: Option<DateTime<Utc>>,
}

/// An area with its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) code: String,
    pub(crate) en: String,
    pub(crate) zh: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key {
    indicator: String,
    area: String,
    dimensions: BTreeMap<String, String>,
}

/// What is asked in one call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Question {
    level: i32,
    dimensions: BTreeSet<String>,
}

impl Answers {
    /// Asks for everything that a template shows.
    pub(crate) async fn ask(
        metrics: &MetricsClient,
        template: &Template,
        indicators: &Indicators,
        scope: &Scope,
    ) -> Result<Self> {
        let mut answers =
            Self { table_versions: scope.table_versions.clone().into_iter().collect(), ..Self::default() };
        for (question, names) in questions(template, indicators, scope) {
            answers.ask_one(metrics, indicators, scope, &question, names).await?;
        }
        Ok(answers)
    }

    async fn ask_one(
        &mut self,
        metrics: &MetricsClient,
        indicators: &Indicators,
        scope: &Scope,
        question: &Question,
        names: BTreeSet<String>,
    ) -> Result<()> {
        let query = IndicatorQuery {
            indicators: names.into_iter().collect(),
            area_code: scope.area_code.clone(),
            by_level: question.level,
            periods: vec![scope.period.to_string()],
            dimensions: question.dimensions.iter().cloned().collect(),
            compare_previous_year: true,
            mark_under_query: true,
            table_versions: self.table_versions.clone().into_iter().collect(),
            as_of: scope.as_of,
            ..IndicatorQuery::default()
        };
        let request = StreamIndicatorsRequest { query: Some(query) };
        let upstream = |status: tonic::Status| crate::upstream::upstream(from_status(&status));
        let mut messages = metrics.clone().stream_indicators(request).await.map_err(upstream)?.into_inner();
        while let Some(message) = messages.message().await.map_err(upstream)? {
            self.table_versions.extend(message.table_versions);
            self.records_time = self.records_time.max(message.records_time.and_then(instant));
            for figure in message.figures {
                self.keep(indicators, scope, question, figure);
            }
        }
        Ok(())
    }

    fn keep(&mut self, indicators: &Indicators, scope: &Scope, question: &Question, figure: Figure) {
        let area = Area {
            code: figure.area_code.clone(),
            en: figure.area_name_en.clone(),
            zh: figure.area_name_zh.clone(),
        };
        if question.level != 0 && figure.area_code != scope.area_code {
            let areas = self.areas.entry(question.level).or_default();
            areas.entry(area.code.clone()).or_insert_with(|| area.clone());
        }
        let is_named = !area.en.is_empty() || !area.zh.is_empty();
        if is_named {
            self.names.entry(area.code.clone()).or_insert(area);
        }
        let newest = indicators.get(&figure.indicator_id).map_or(0, |indicator| indicator.version);
        let key = |indicator: String| Key {
            indicator,
            area: figure.area_code.clone(),
            dimensions: figure.dimensions.clone().into_iter().collect(),
        };
        let versioned = format!("{}@{}", figure.indicator_id, figure.definition_version);
        let mut keys = vec![key(versioned)];
        if figure.definition_version == newest {
            keys.push(key(figure.indicator_id.clone()));
        }
        for key in keys {
            let figures = self.figures.entry(key).or_default();
            if !figures.iter().any(|known| known.trace == figure.trace) {
                figures.push(figure.clone());
            }
        }
    }

    /// The figure that a reference means in an area, with more dimensions than the reference names. Real records come
    /// before simulated ones, and a survey before a register where the reference does not choose.
    pub(crate) fn figure(
        &self,
        reference: &FigureReference,
        area: &str,
        dimensions: &BTreeMap<String, String>,
    ) -> Option<&Figure> {
        let mut all = reference.dimensions.clone();
        all.extend(dimensions.clone());
        let key = Key { indicator: reference.indicator.clone(), area: area.to_owned(), dimensions: all };
        let figures = self.figures.get(&key)?.iter();
        let fits =
            |figure: &&Figure| reference.record.is_none_or(|record| figure.household_record() == record);
        figures.filter(fits).min_by_key(|figure| {
            let rank = match figure.household_record() {
                HouseholdRecord::Survey => 0,
                HouseholdRecord::Register | HouseholdRecord::Unspecified => 1,
            };
            (figure.value.is_none(), figure.simulated, rank)
        })
    }

    /// The areas of a level.
    pub(crate) fn areas(&self, level: AreaLevel) -> impl Iterator<Item = &Area> {
        self.areas.get(&(level as i32)).into_iter().flat_map(BTreeMap::values)
    }

    /// The name of an area.
    pub(crate) fn name(&self, area: &str) -> Option<&Area> {
        self.names.get(area)
    }

    /// The codes of dimensions that a figure has values for, in their order.
    pub(crate) fn codes(
        &self,
        reference: &FigureReference,
        area: &str,
        names: &[String],
    ) -> Vec<Vec<String>> {
        let of_figure = |key: &&Key| {
            key.indicator == reference.indicator
                && key.area == area
                && key.dimensions.len() == names.len() + reference.dimensions.len()
                && reference.dimensions.iter().all(|(name, code)| key.dimensions.get(name) == Some(code))
        };
        let codes = self.figures.keys().filter(of_figure).filter_map(|key| {
            names.iter().map(|name| key.dimensions.get(name).cloned()).collect::<Option<Vec<_>>>()
        });
        codes.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// The questions of a template, each with the indicators that are asked for.
fn questions(
    template: &Template,
    indicators: &Indicators,
    scope: &Scope,
) -> BTreeMap<Question, BTreeSet<String>> {
    let mut questions: BTreeMap<Question, BTreeSet<String>> = BTreeMap::new();
    let mut add = |reference: &FigureReference, by: Option<&Breakdown>| {
        let level = match by {
            // An area has no parts at its own level or above.
            Some(Breakdown::Level(level)) if digits(*level) <= Some(scope.area_code.len()) => return,
            Some(Breakdown::Level(level)) => *level as i32,
            _ => 0,
        };
        // What is known for whole years has no value for a part of one.
        let indicator = indicators.get(reference.indicator_id());
        if !scope.period.is_year() && indicator.is_some_and(is_yearly) {
            return;
        }
        let more = by.map(Breakdown::dimensions).unwrap_or_default();
        let dimensions = reference.dimensions.keys().chain(more).cloned().collect();
        questions.entry(Question { level, dimensions }).or_default().insert(reference.indicator.clone());
    };
    for reference in template.figures.values() {
        add(reference, None);
    }
    for content in template.sections.iter().flat_map(|section| &section.content) {
        let (figures, by) = match content {
            Content::Table(table) => (&table.figures, table.by.as_ref()),
            Content::Chart(chart) => (&chart.figures, chart.by.as_ref()),
            Content::Text(_)
            | Content::Note(_)
            | Content::Contradictions
            | Content::Statements
            | Content::Annex(_) => continue,
        };
        for reference in figures.iter().filter_map(|name| template.figures.get(name)) {
            add(reference, by);
        }
    }
    questions
}
