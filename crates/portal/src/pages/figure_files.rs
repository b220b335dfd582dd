//! Exactly the figures that a page shows, as CSV and as JSON.

use axum::response::Response;
use serde::Serialize;
use uplift_core::error::{Error, Result};

use crate::cache::CachePolicy;
use crate::download::attachment;
use crate::figures::FigureView;

/// A figure in a file: numbers as they are, in the unit that is named.
#[derive(Debug, Serialize)]
struct FigureRow<'f> {
    indicator: &'f str,
    area_code: &'f str,
    area: &'f str,
    period: &'f str,
    /// Column and code, with semicolons between.
    dimensions: String,
    value: &'f str,
    unit: &'f str,
    interval_low: Option<f64>,
    interval_high: Option<f64>,
    previous: Option<f64>,
    change: Option<f64>,
    /// Whether chance alone may have made the change.
    change_within_margin: bool,
    target: Option<f64>,
    records: i64,
    simulated: bool,
    marks: String,
    trace: &'f str,
}

impl<'f> FigureRow<'f> {
    fn new(view: &'f FigureView) -> Self {
        let figure = &view.raw;
        let mut dimensions: Vec<_> = figure.dimensions.iter().map(|(k, v)| format!("{k}={v}")).collect();
        dimensions.sort();
        Self {
            indicator: &figure.indicator_id,
            area_code: &figure.area_code,
            area: &view.area,
            period: &figure.period,
            dimensions: dimensions.join(";"),
            value: &view.exact,
            unit: &figure.unit,
            interval_low: figure.uncertainty.and_then(|u| u.low),
            interval_high: figure.uncertainty.and_then(|u| u.high),
            previous: figure.previous,
            change: figure.change,
            change_within_margin: figure.change_within_margin,
            target: figure.target,
            records: figure.records,
            simulated: figure.simulated,
            marks: view.marks.iter().map(|mark| mark.sign).collect(),
            trace: &figure.trace,
        }
    }
}

/// Figures in the format that an address names; none for the page.
pub(super) fn figure_file(format: &str, id: &str, figures: &[FigureView]) -> Result<Option<Response>> {
    let rows = figures.iter().map(FigureRow::new);
    let (bytes, kind) = match format {
        "" => return Ok(None),
        "csv" => {
            let failed = |e: csv::Error| Error::internal("writing figures", e);
            let mut writer = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
            for row in rows {
                writer.serialize(row).map_err(failed)?;
            }
            let bytes = writer.into_inner();
            (
                bytes.map_err(|e| Error::internal("writing figures", e.into_error()))?,
                "text/csv; charset=utf-8",
            )
        }
        "json" => {
            let rows: Vec<_> = rows.collect();
            let bytes = serde_json::to_vec_pretty(&rows);
            (bytes.map_err(|e| Error::internal("writing figures", e))?, "application/json")
        }
        other => {
            let message = format!("{other:?} is not a format; write csv or json");
            return Err(Error::invalid_field("format", message));
        }
    };
    Ok(Some(attachment(bytes, kind, &format!("{id}.{format}"), CachePolicy::Revalidate)))
}
