//! Questions and figures between the wire and the words of the domain.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uplift_core::area::AreaCode;
use uplift_core::error::{Error, FieldViolation, Result};
use uplift_core::period::Period;
use uplift_proto::v1::metrics as wire;
use uplift_proto::v1::records::AreaLevel;

use crate::catalogue::{Component, Indicator};
use crate::pins::AsOf;
use crate::places::digits;
use crate::plan;
use crate::query::{Figure, Published, Query};
use crate::scan::Sure;
use crate::service::Traced;
use crate::trace::{Part, Trace};
use crate::value::Value;

/// A question as it came, with everything wrong in it named.
pub fn query(asked: Option<wire::IndicatorQuery>) -> Result<(Query, AsOf)> {
    let asked = asked.ok_or_else(|| {
        Error::invalid_field("query", "is missing; write at least {\"periods\": [\"2011\"]}")
    })?;
    let mut wrong = Vec::new();
    let area = Some(asked.area_code.as_str()).filter(|code| !code.is_empty());
    let area = area.and_then(|code| match code.parse::<AreaCode>() {
        Ok(area) => Some(area),
        Err(e) => {
            wrong.push(FieldViolation::new("query.area_code", e));
            None
        }
    });
    let mut periods = Vec::new();
    for (n, text) in asked.periods.iter().enumerate() {
        match text.parse::<Period>() {
            Ok(period) if periods.contains(&period) => {}
            Ok(period) => periods.push(period),
            Err(e) => wrong.push(FieldViolation::new(format!("query.periods[{n}]"), e)),
        }
    }
    let by = match AreaLevel::try_from(asked.by) {
        Ok(level) => digits(level),
        Err(_) => {
            wrong.push(FieldViolation::new("query.by", format!("{} is no level of areas", asked.by)));
            None
        }
    };
    if let (Some(by), Some(area)) = (by, &area)
        && by <= area.as_str().len()
    {
        let said = format!("is not below {area}; choose a lower level or a larger area");
        wrong.push(FieldViolation::new("query.by", said));
    }
    let instant =
        asked.as_of.and_then(|t| match DateTime::<Utc>::from_timestamp(t.seconds, t.nanos as u32) {
            Some(instant) => Some(instant),
            None => {
                wrong.push(FieldViolation::new("query.as_of", "is no instant; write 2011-12-31T00:00:00Z"));
                None
            }
        });
    if !wrong.is_empty() {
        return Err(Error::invalid(wrong));
    }
    let as_of = AsOf { versions: asked.table_versions.into_iter().collect(), instant };
    let query = Query {
        indicators: asked.indicators,
        sections: asked.sections,
        area,
        by,
        periods,
        dimensions: asked.dimensions,
        compare: asked.compare,
    };
    Ok((query, as_of))
}

/// A figure computed at these versions.
pub fn figure(figure: Figure, versions: &BTreeMap<String, i64>) -> wire::Figure {
    let trace = Trace::of(&figure, versions).token();
    let value = figure.measured.value;
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
        area_name_en: figure.place.en,
        area_name_zh: figure.place.zh,
        period: figure.period.to_string(),
        dimensions: figure.dimensions.into_iter().collect(),
        value: number,
        exact: value.map(Value::text).unwrap_or_default(),
        unit: figure.indicator.unit.clone(),
        records: figure.measured.records,
        previous,
        change: change.map(Value::as_f64),
        growth_percent: per_hundred(change.map(Value::as_f64), previous.map(f64::abs)),
        target: figure.target,
        target_share_percent: per_hundred(number, figure.target),
        published: figure.published.into_iter().map(Into::into).collect(),
        simulated: figure.measured.simulated,
        trace,
        uncertainty: figure.measured.sure.map(Into::into),
        change_uncertainty: figure.change.map(Into::into),
    }
}

impl From<Sure> for wire::Uncertainty {
    fn from(sure: Sure) -> Self {
        Self {
            standard_error: sure.error,
            low: sure.interval.map(|(low, _)| low),
            high: sure.interval.map(|(_, high)| high),
            sample_size: sure.rows,
            strata: sure.strata,
            clusters: sure.clusters,
        }
    }
}

impl From<Published> for wire::PublishedValue {
    fn from(published: Published) -> Self {
        let statement = published.figure.statement;
        Self {
            document_id: statement.document_id,
            statement_id: statement.statement_id,
            printed: statement.printed,
            interval: Some((&published.figure.interval).into()),
            verdict: wire::Verdict::from(published.verdict).into(),
            qualifier: statement.qualifier,
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
        }
    }
}

impl From<&Component> for wire::Component {
    fn from(component: &Component) -> Self {
        let table = plan::table(&component.dataset).ok();
        let column = |get: fn(&Component, &arrow::datatypes::SchemaRef) -> String| {
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
            per_key: per.as_ref().map(|p| p.key.clone()).unwrap_or_default(),
            per_columns: per.map(|p| p.columns.into_iter().collect()).unwrap_or_default(),
        }
    }
}

/// The evidence, and where its records go on.
pub fn traced(traced: Traced, next_page_token: String) -> wire::TraceFigureResponse {
    let value = traced.figure.measured.value;
    wire::TraceFigureResponse {
        indicator: Some(traced.figure.indicator.as_ref().into()),
        figure: Some(figure(traced.figure, &traced.versions)),
        parts: traced.parts.into_iter().map(Into::into).collect(),
        recomputed: traced.recomputed.map(Value::as_f64),
        recomputed_exact: traced.recomputed.map(Value::text).unwrap_or_default(),
        agrees: traced.recomputed == value,
        table_versions: traced.versions.into_iter().collect(),
        next_page_token,
    }
}

impl From<Part> for wire::TracePart {
    fn from(part: Part) -> Self {
        let submission = |(submission_id, records)| wire::ContributingSubmission { submission_id, records };
        let record =
            |(submission_id, row_number, values)| wire::TraceRecord { submission_id, row_number, values };
        Self {
            name: part.name.to_owned(),
            sql: part.sql,
            value: part.value.map(Value::as_f64),
            exact: part.value.map(Value::text).unwrap_or_default(),
            records: part.records,
            submissions: part.submissions.into_iter().map(submission).collect(),
            columns: part.columns,
            rows: part.rows.into_iter().map(record).collect(),
        }
    }
}
