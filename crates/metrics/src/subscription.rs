//! A subscription: figures now, then those that a commit changes.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tokio::sync::mpsc;
use uplift_core::error::Result;
use uplift_proto::page::{MAX_BYTES, fitting};
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

    /// Sends all figures, then those that are new or changed, until the subscriber leaves.
    pub(crate) async fn run(
        mut self,
        answers: mpsc::Sender<wire::SubscribeIndicatorsResponse>,
    ) -> Result<()> {
        loop {
            let current = self.metrics.current_versions(&self.query).await?;
            if self.versions.as_ref() != Some(&current) {
                let first = self.versions.is_none();
                let (changed, versions) = self.changed(current).await?;
                if (first || !changed.is_empty()) && !send(&answers, changed, versions).await {
                    return Ok(());
                }
            }
            tokio::select! {
                () = answers.closed() => return Ok(()),
                () = tokio::time::sleep(POLL_INTERVAL) => {}
            }
        }
    }

    /// The figures at these versions that differ from what was sent.
    async fn changed(
        &mut self,
        current: BTreeMap<String, i64>,
    ) -> Result<(Vec<wire::Figure>, BTreeMap<String, i64>)> {
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
        Ok((changed, versions))
    }
}

/// Sends figures in messages that any client can read; false if the subscriber has left.
async fn send(
    answers: &mpsc::Sender<wire::SubscribeIndicatorsResponse>,
    figures: Vec<wire::Figure>,
    versions: BTreeMap<String, i64>,
) -> bool {
    let mut figures = figures.into_iter().peekable();
    loop {
        let page = fitting(&mut figures, MAX_BYTES);
        let continued = figures.peek().is_some();
        let table_versions = versions.clone().into_iter().collect();
        let answer = wire::SubscribeIndicatorsResponse { figures: page, table_versions, continued };
        if answers.send(answer).await.is_err() {
            return false;
        }
        if !continued {
            return true;
        }
    }
}
