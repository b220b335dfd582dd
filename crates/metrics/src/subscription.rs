//! A subscription: figures now, then those that a commit changes.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use uplift_core::error::Result;
use uplift_proto::v1::metrics as wire;

use crate::indicators::query::Query;
use crate::indicators::trace::Trace;
use crate::service::{AtVersion, Metrics};
use crate::snapshots::AsOf;
use crate::wire::encode_figure;

/// How often a subscription looks for commits: that asks for one log entry of each table.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// The figures that a subscriber has seen.
pub(crate) struct Subscription {
    metrics: Metrics,
    query: Query,
    versions: Option<BTreeMap<String, i64>>,
    /// By trace without versions: what was sent last.
    sent: HashMap<String, wire::Figure>,
}

impl Subscription {
    /// A subscription that has seen nothing yet.
    pub(crate) fn new(metrics: Metrics, query: Query) -> Self {
        Self { metrics, query, versions: None, sent: HashMap::new() }
    }

    /// Waits for figures that are new or changed; the first time, returns all of them.
    pub(crate) async fn next(&mut self) -> Result<wire::SubscribeIndicatorsResponse> {
        loop {
            let current = self.metrics.current_versions(&self.query).await?;
            if self.versions.as_ref() == Some(&current) {
                tokio::time::sleep(POLL_INTERVAL).await;
                continue;
            }
            let first = self.versions.is_none();
            let as_of = AsOf { versions: current.clone(), instant: None };
            let AtVersion { items: figures, versions } = self.metrics.query(&self.query, as_of).await?;
            self.versions = Some(current);
            let mut changed = Vec::new();
            for figure in figures {
                let key = Trace::for_figure(&figure, &BTreeMap::new()).token();
                let figure = encode_figure(figure, &versions);
                // The trace names versions; a figure is the same if nothing else changed.
                let without_trace = wire::Figure { trace: String::new(), ..figure.clone() };
                if self.sent.get(&key) != Some(&without_trace) {
                    self.sent.insert(key, without_trace);
                    changed.push(figure);
                }
            }
            if first || !changed.is_empty() {
                let table_versions = versions.into_iter().collect();
                return Ok(wire::SubscribeIndicatorsResponse { figures: changed, table_versions });
            }
        }
    }
}
