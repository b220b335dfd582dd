//! A subscription: figures now, then those that a commit changes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use uplift_core::error::Result;
use uplift_proto::page::{MAX_BYTES, fitting};
use uplift_proto::stop::Stop;
use uplift_proto::v1::metrics as wire;

use crate::indicators::catalogue::Catalogue;
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
    /// The declarations by which they were computed.
    catalogue: Option<Arc<Catalogue>>,
    /// By trace without versions: what was sent last.
    sent: HashMap<String, wire::Figure>,
}

impl Subscription {
    /// A subscription that has seen nothing yet.
    pub(crate) fn new(metrics: Metrics, query: Query) -> Self {
        Self { metrics, query, versions: None, catalogue: None, sent: HashMap::new() }
    }

    /// Sends all figures, then those that are new or changed, until the subscriber leaves.
    pub(crate) async fn run(
        mut self,
        answers: mpsc::Sender<wire::SubscribeIndicatorsResponse>,
    ) -> Result<()> {
        loop {
            let current = self.metrics.current_versions(&self.query).await?;
            let (catalogue, _) = self.metrics.catalogue();
            let declared = self.catalogue.as_ref().is_some_and(|known| Arc::ptr_eq(known, &catalogue));
            if self.versions.as_ref() != Some(&current) || !declared {
                let first = self.versions.is_none();
                self.catalogue = Some(catalogue);
                let change = self.change(current).await?;
                if (first || !change.is_empty()) && !send(&answers, change).await {
                    return Ok(());
                }
            }
            tokio::select! {
                () = answers.closed() => return Ok(()),
                () = self.metrics.stopping() => return Err(Stop::error()),
                () = tokio::time::sleep(POLL_INTERVAL) => {}
            }
        }
    }

    /// How the figures at these versions differ from what was sent.
    async fn change(&mut self, current: BTreeMap<String, i64>) -> Result<Change> {
        let as_of = AsOf { versions: current.clone(), instant: None };
        let AtVersion { items: figures, versions, .. } = self.metrics.query(&self.query, as_of).await?;
        self.versions = Some(current);
        let mut before = std::mem::take(&mut self.sent);
        let mut changed = Vec::new();
        for figure in figures {
            let key = Trace::for_figure(&figure, &BTreeMap::new()).token();
            let figure = encode_figure(figure, &versions);
            // The trace names versions; a figure is the same if nothing else changed.
            let without_trace = wire::Figure { trace: String::new(), ..figure.clone() };
            if before.remove(&key).as_ref() != Some(&without_trace) {
                changed.push(figure);
            }
            self.sent.insert(key, without_trace);
        }
        // What is left was a figure of a place, a dimension or a definition that is no more.
        let mut gone: Vec<_> = before.into_values().map(identity).collect();
        gone.sort_by(|a, b| {
            (&a.indicator_id, &a.period, &a.area_code).cmp(&(&b.indicator_id, &b.period, &b.area_code))
        });
        Ok(Change { changed, gone, versions })
    }
}

/// What a commit or a declaration changed.
struct Change {
    changed: Vec<wire::Figure>,
    /// Figures that are no more, without their values.
    gone: Vec<wire::Figure>,
    versions: BTreeMap<String, i64>,
}

impl Change {
    fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.gone.is_empty()
    }
}

/// What names a figure.
fn identity(figure: wire::Figure) -> wire::Figure {
    wire::Figure {
        indicator_id: figure.indicator_id,
        definition_version: figure.definition_version,
        area_code: figure.area_code,
        period: figure.period,
        dimensions: figure.dimensions,
        simulated: figure.simulated,
        household_record: figure.household_record,
        ..wire::Figure::default()
    }
}

/// Sends figures in messages that any client can read; false if the subscriber has left.
async fn send(answers: &mpsc::Sender<wire::SubscribeIndicatorsResponse>, change: Change) -> bool {
    let (mut changed, mut gone) = (change.changed.into_iter().peekable(), change.gone.into_iter().peekable());
    loop {
        let figures = fitting(&mut changed, MAX_BYTES);
        let gone_now = if changed.peek().is_none() { fitting(&mut gone, MAX_BYTES / 2) } else { Vec::new() };
        let continued = changed.peek().is_some() || gone.peek().is_some();
        let table_versions = change.versions.clone().into_iter().collect();
        let answer = wire::SubscribeIndicatorsResponse { figures, table_versions, continued, gone: gone_now };
        if answers.send(answer).await.is_err() {
            return false;
        }
        if !continued {
            return true;
        }
    }
}
