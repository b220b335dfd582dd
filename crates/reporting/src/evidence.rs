//! What is behind the figures of a report: their definitions, and what the metrics service answers when it traces each.

use std::collections::BTreeMap;

use futures::stream::BoxStream;
use futures::{StreamExt, stream};
use serde::Serialize;
use uplift_client::MetricsClient;
use uplift_core::error::Result;
use uplift_core::language::Bilingual;
use uplift_proto::status::from_status;
use uplift_proto::v1::metrics::{Indicator, TraceFigureRequest, TraceFigureResponse};

/// The definition of an indicator.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Definition {
    pub(crate) indicator: String,
    pub(crate) version: i32,
    pub(crate) title: Bilingual,
    pub(crate) definition: Bilingual,
    pub(crate) unit: String,
    pub(crate) source: String,
    pub(crate) digest: String,
}

/// The evidence of one figure.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Evidence {
    /// Opens it again: TraceFigure takes it.
    pub(crate) trace: String,
    /// The value that was computed again from the records.
    pub(crate) recomputed: Option<String>,
    /// Whether that is the figure, to the last digit.
    pub(crate) equal: bool,
    pub(crate) parts: Vec<EvidencePart>,
    /// Versions of the tables that were read.
    pub(crate) table_versions: BTreeMap<String, i64>,
}

/// The value, the numerator or the denominator.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EvidencePart {
    pub(crate) name: String,
    pub(crate) sql: String,
    pub(crate) value: String,
    pub(crate) records: i64,
    /// Submissions with most records.
    pub(crate) submissions: Vec<Contribution>,
    /// Number of submissions; as many as are told at most.
    pub(crate) submissions_in_all: usize,
}

/// A submission, and how many of its records count.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Contribution {
    pub(crate) submission: String,
    pub(crate) records: i64,
}

/// Submissions that are named; the trace has all.
const MAX_SUBMISSIONS: usize = 5;
/// Traces that are opened at a time.
const AT_A_TIME: usize = 4;

impl Definition {
    pub(crate) fn of_indicator(indicator: &Indicator) -> Self {
        Self {
            indicator: indicator.indicator_id.clone(),
            version: indicator.version,
            title: Bilingual::new(&indicator.title_en, &indicator.title_zh),
            definition: Bilingual::new(&indicator.definition_en, &indicator.definition_zh),
            unit: indicator.unit.clone(),
            source: indicator.source.clone(),
            digest: indicator.digest.clone(),
        }
    }
}

/// Opens the evidence of figures by their traces, in their order.
pub(crate) fn open(metrics: &MetricsClient, traces: Vec<String>) -> BoxStream<'static, Result<Evidence>> {
    let metrics = metrics.clone();
    stream::iter(traces).map(move |trace| open_one(metrics.clone(), trace)).buffered(AT_A_TIME).boxed()
}

async fn open_one(mut metrics: MetricsClient, trace: String) -> Result<Evidence> {
    let request = TraceFigureRequest { trace: trace.clone(), page_size: 1, ..Default::default() };
    let answer =
        metrics.trace_figure(request).await.map_err(|s| crate::upstream::upstream(from_status(&s)))?;
    Ok(evidence(trace, answer.into_inner()))
}

fn evidence(trace: String, answer: TraceFigureResponse) -> Evidence {
    let parts = answer.parts.into_iter().map(|part| {
        let submissions_in_all = part.submissions.len();
        let named = part.submissions.into_iter().take(MAX_SUBMISSIONS);
        let named = named.map(|s| Contribution { submission: s.submission_id, records: s.records });
        EvidencePart {
            name: part.name,
            sql: part.sql,
            value: part.exact_value,
            records: part.records,
            submissions: named.collect(),
            submissions_in_all,
        }
    });
    Evidence {
        trace,
        parts: parts.collect(),
        recomputed: Some(answer.recomputed_exact_value).filter(|value| !value.is_empty()),
        equal: answer.agrees,
        table_versions: answer.table_versions.into_iter().collect(),
    }
}
