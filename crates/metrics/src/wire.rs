//! Queries and figures between the wire and the domain.

use std::collections::BTreeMap;

use arrow::datatypes::SchemaRef;
use prost::Message;
use uplift_core::area::AreaCode;
use uplift_core::error::{Error, FieldViolation, Result};
use uplift_core::period::Period;
use uplift_core::unit::is_rate;
use uplift_proto::figure::digits;
use uplift_proto::page::{self, MAX_BYTES, Page};
use uplift_proto::v1::metrics as wire;
use uplift_proto::v1::records::{AreaLevel, HouseholdRecord};

use crate::indicators::findings::OpenFinding;
use crate::indicators::indicator::{Component, Indicator};
use crate::indicators::query::{Figure, PublishedValue, Query};
use crate::indicators::ranking::Ranking;
use crate::indicators::scan::Uncertainty;
use crate::indicators::trace::{Contribution, Trace, TracePart};
use crate::indicators::value::Value;
use crate::service::Evidence;
use crate::snapshots::AsOf;
use crate::statements::reconcile::CheckResult;
use crate::tables::table;

/// Entries of a query.
const MAX_INDICATORS: usize = 1_000;
const MAX_SECTIONS: usize = 100;
const MAX_PERIODS: usize = 1_000;

/// A query from the wire; an error names everything that is wrong with it.
pub(crate) fn decode_query(query: Option<wire::IndicatorQuery>) -> Result<(Query, AsOf)> {
    let query = query.ok_or_else(|| {
        Error::invalid_field("query", "is missing; write at least {\"periods\": [\"2011\"]}")
    })?;
    let mut violations = Vec::new();
    for (field, count, most) in [
        ("query.indicators", query.indicators.len(), MAX_INDICATORS),
        ("query.sections", query.sections.len(), MAX_SECTIONS),
        ("query.periods", query.periods.len(), MAX_PERIODS),
    ] {
        if count > most {
            let message = format!("has {count} entries; ask for at most {most} at a time");
            violations.push(FieldViolation::new(field, message));
        }
    }
    for (n, name) in query.dimensions.iter().enumerate() {
        if query.dimensions[..n].contains(name) {
            violations
                .push(FieldViolation::new(format!("query.dimensions[{n}]"), "is there twice; name it once"));
            break;
        }
    }
    let area = Some(query.area_code.as_str()).filter(|code| !code.is_empty());
    let area = area.and_then(|code| match code.parse::<AreaCode>() {
        Ok(area) => Some(area),
        Err(e) => {
            violations.push(FieldViolation::new("query.area_code", e));
            None
        }
    });
    let mut periods = Vec::new();
    for (n, text) in query.periods.iter().enumerate() {
        match text.parse::<Period>() {
            Ok(period) if periods.contains(&period) => {}
            Ok(period) => periods.push(period),
            Err(e) => violations.push(FieldViolation::new(format!("query.periods[{n}]"), e)),
        }
    }
    let by_level = match AreaLevel::try_from(query.by_level) {
        Ok(level) => digits(level),
        Err(_) => {
            let message = format!("{} is not a level of areas", query.by_level);
            violations.push(FieldViolation::new("query.by_level", message));
            None
        }
    };
    if let (Some(digits), Some(area)) = (by_level, &area)
        && digits <= area.as_str().len()
    {
        let message = format!("is not below {area}; choose a lower level or a larger area");
        violations.push(FieldViolation::new("query.by_level", message));
    }
    let ranking = ranking(&query).unwrap_or_else(|violation| {
        violations.push(violation);
        None
    });
    let as_of = AsOf::parse(query.table_versions, query.as_of.map(|t| (t.seconds, t.nanos)));
    let as_of = as_of.unwrap_or_else(|message| {
        violations.push(FieldViolation::new("query.as_of", message));
        AsOf::default()
    });
    if !violations.is_empty() {
        return Err(Error::invalid(violations));
    }
    let query = Query {
        indicators: query.indicators,
        sections: query.sections,
        area,
        by_level,
        periods,
        dimensions: query.dimensions,
        compare_previous_year: query.compare_previous_year,
        mark_under_query: query.mark_under_query,
        ranking,
    };
    Ok((query, as_of))
}

/// Places of a breakdown that may be ranked at a time.
const MAX_RANKED: i32 = 10_000;

/// Which places of its breakdown a query asks for.
fn ranking(query: &wire::IndicatorQuery) -> std::result::Result<Option<Ranking>, FieldViolation> {
    let (field, count, ranking): (_, _, fn(usize) -> Ranking) = match (query.highest, query.lowest) {
        (0, 0) => return Ok(None),
        (count, 0) => ("query.highest", count, Ranking::Highest),
        (0, count) => ("query.lowest", count, Ranking::Lowest),
        _ => {
            let message = "cannot be asked for beside highest; ask for one, then for the other";
            return Err(FieldViolation::new("query.lowest", message));
        }
    };
    if !(1..=MAX_RANKED).contains(&count) {
        let message = format!("is {count}; ask for 1 to {MAX_RANKED} places");
        return Err(FieldViolation::new(field, message));
    }
    if digits(query.by_level()).is_none() && query.dimensions.is_empty() {
        let message = "ranks areas inside or values of a dimension; name by_level or dimensions";
        return Err(FieldViolation::new(field, message));
    }
    Ok(Some(ranking(count as usize)))
}

/// The code of a kind of household records.
fn household_record(stored: Option<&str>) -> HouseholdRecord {
    match stored {
        Some("register") => HouseholdRecord::Register,
        Some("survey") => HouseholdRecord::Survey,
        _ => HouseholdRecord::Unspecified,
    }
}

/// A figure computed at these versions.
pub(crate) fn encode_figure(figure: Figure, versions: &BTreeMap<String, i64>) -> wire::Figure {
    let trace = Trace::for_figure(&figure, versions).token();
    let (names_en, names_zh) = figure
        .dimension_names
        .into_iter()
        .map(|(column, name)| ((column.clone(), name.en), (column, name.zh)))
        .unzip();
    let value = figure.observation.value;
    let change = value.zip(figure.previous).and_then(|(now, before)| now.minus(before));
    let number = value.map(Value::as_f64);
    let previous = figure.previous.map(Value::as_f64);
    let per_hundred = |part: Option<f64>, whole: Option<f64>| {
        part.zip(whole).filter(|(_, whole)| *whole != 0.0).map(|(part, whole)| part / whole * 100.0)
    };
    wire::Figure {
        indicator_id: figure.indicator.id.clone(),
        definition_version: figure.indicator.version as i32,
        area_code: figure.area,
        area_name_en: figure.area_name.en,
        area_name_zh: figure.area_name.zh,
        period: figure.period.to_string(),
        dimensions: figure.dimensions.into_iter().collect(),
        dimension_names_en: names_en,
        dimension_names_zh: names_zh,
        value: number,
        exact_value: value.map(Value::text).unwrap_or_default(),
        unit: figure.indicator.unit.clone(),
        records: figure.observation.records,
        previous,
        change: change.map(Value::as_f64),
        // A rate changes by percentage points, which `change` has.
        growth_percent: per_hundred(change.map(Value::as_f64), previous.map(f64::abs))
            .filter(|_| !is_rate(&figure.indicator.unit)),
        target: figure.target,
        target_share_percent: per_hundred(number, figure.target),
        published: figure.published.into_iter().map(Into::into).collect(),
        simulated: figure.origin.simulated,
        household_record: household_record(figure.origin.kind.as_deref()).into(),
        trace,
        uncertainty: figure.observation.uncertainty.map(Into::into),
        under_query: figure.under_query,
        recorded_above: figure.recorded_above.map(Value::text).unwrap_or_default(),
        change_within_margin: figure
            .change_uncertainty
            .and_then(|u| u.interval)
            .is_some_and(|(low, high)| low <= 0.0 && 0.0 <= high),
        change_uncertainty: figure.change_uncertainty.map(Into::into),
    }
}

impl From<Uncertainty> for wire::Uncertainty {
    fn from(uncertainty: Uncertainty) -> Self {
        Self {
            standard_error: uncertainty.standard_error,
            low: uncertainty.interval.map(|(low, _)| low),
            high: uncertainty.interval.map(|(_, high)| high),
            sample_size: uncertainty.rows,
            strata: uncertainty.strata,
            clusters: uncertainty.clusters,
        }
    }
}

impl From<PublishedValue> for wire::PublishedValue {
    fn from(published: PublishedValue) -> Self {
        let statement = published.figure.statement;
        Self {
            document_id: statement.document_id,
            statement_id: statement.statement_id,
            printed: statement.printed,
            interval: Some((&published.figure.interval).into()),
            verdict: wire::Verdict::from(published.verdict).into(),
            qualifier: statement.qualifier,
            statistic: statement.statistic,
        }
    }
}

impl From<&Indicator> for wire::Indicator {
    fn from(indicator: &Indicator) -> Self {
        let part = |c: &Option<Component>| c.as_ref().map(Into::into);
        Self {
            indicator_id: indicator.id.clone(),
            version: indicator.version as i32,
            changed: indicator.changed.clone(),
            section: indicator.section.clone(),
            title_en: indicator.title_en.clone(),
            title_zh: indicator.title_zh.clone(),
            definition_en: indicator.definition_en.clone(),
            definition_zh: indicator.definition_zh.clone(),
            unit: indicator.unit.clone(),
            dimensions: indicator.dimensions.clone(),
            value: part(&indicator.value),
            numerator: part(&indicator.numerator),
            denominator: part(&indicator.denominator),
            scale: indicator.scale.unwrap_or(1) as i32,
            target: indicator.target.clone(),
            published: indicator.published.clone(),
            less_is_better: indicator.less_is_better,
            scorecard: indicator.scorecard.unwrap_or_default() as i32,
            digest: indicator.digest.clone(),
            source: indicator.source.clone(),
        }
    }
}

impl From<&Component> for wire::Component {
    fn from(component: &Component) -> Self {
        let table = table(&component.dataset).ok();
        let column = |get: fn(&Component, &SchemaRef) -> String| {
            table.as_ref().map(|t| get(component, t)).unwrap_or_default()
        };
        let per = component.per.clone();
        Self {
            dataset: component.dataset.clone(),
            measure: component.measure.clone(),
            r#where: component.condition.clone(),
            period: column(Component::period_column),
            area: column(Component::area_column),
            stock: component.stock,
            join: component.join.clone(),
            per_key: per.as_ref().map(|p| p.key.join(", ")).unwrap_or_default(),
            per_area: per.as_ref().map(|p| p.area.clone()).unwrap_or_default(),
            county: component.county,
            budget_year: component.budget_year,
            to_date: component.to_date,
            per_columns: per.map(|p| p.columns.into_iter().collect()).unwrap_or_default(),
        }
    }
}

/// The evidence of a figure, with a page of the records of each part: as many as a client can read.
pub(crate) fn encode_evidence(evidence: Evidence, page: Page, trace: &str) -> wire::TraceFigureResponse {
    let value = evidence.figure.observation.value;
    let records = evidence.parts.iter().map(|p| p.records).max().unwrap_or_default();
    let mut parts: Vec<wire::TracePart> = evidence.parts.into_iter().map(Into::into).collect();
    let size = |row: usize| -> usize {
        parts.iter().filter_map(|p| p.rows.get(row)).map(Message::encoded_len).sum()
    };
    let sizes = (0..page.size).scan(0, |sum, row| {
        *sum += size(row);
        Some(*sum)
    });
    let fitting = sizes.take_while(|sum| *sum <= MAX_BYTES).count().max(1);
    parts.iter_mut().for_each(|part| part.rows.truncate(fitting));
    let page = Page { size: fitting, ..page };
    wire::TraceFigureResponse {
        indicator: Some(evidence.figure.indicator.as_ref().into()),
        figure: Some(encode_figure(evidence.figure, &evidence.versions)),
        parts,
        recomputed: evidence.recomputed.map(Value::as_f64),
        recomputed_exact_value: evidence.recomputed.map(Value::text).unwrap_or_default(),
        agrees: evidence.recomputed == value,
        table_versions: evidence.versions.into_iter().collect(),
        next_page_token: page::token(page.next(records.unsigned_abs() as usize), trace),
        findings: Vec::new(),
    }
}

impl From<OpenFinding> for wire::OpenFinding {
    fn from(open: OpenFinding) -> Self {
        Self {
            finding_id: open.finding,
            inspection_id: open.inspection,
            date: open.date,
            deadline: open.deadline,
        }
    }
}

impl From<TracePart> for wire::TracePart {
    fn from(part: TracePart) -> Self {
        let submission = |contribution: Contribution| wire::ContributingSubmission {
            submission_id: contribution.submission,
            records: contribution.records,
            exact_value: contribution.value.map(Value::text).unwrap_or_default(),
        };
        let record =
            |(submission_id, row_number, values)| wire::TraceRecord { submission_id, row_number, values };
        Self {
            name: part.name.to_owned(),
            sql: part.sql,
            value: part.value.map(Value::as_f64),
            exact_value: part.value.map(Value::text).unwrap_or_default(),
            records: part.records,
            submissions: part.submissions.into_iter().map(submission).collect(),
            columns: part.columns,
            rows: part.rows.into_iter().map(record).collect(),
        }
    }
}

impl From<CheckResult> for wire::CheckResult {
    fn from(result: CheckResult) -> Self {
        Self {
            check: Some(result.check),
            verdict: wire::Verdict::from(result.verdict).into(),
            statement: result.statement.map(Into::into),
            computed: result.computed.as_ref().map(Into::into),
            arithmetic: result.arithmetic,
            explanation_en: result.explanation.en,
            explanation_zh: result.explanation.zh,
            operands: result.operands.into_iter().map(Into::into).collect(),
        }
    }
}
