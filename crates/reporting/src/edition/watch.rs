//! Tells when what has been committed changes a figure that is published.

use std::time::Duration;

use futures::{StreamExt, stream};
use tokio::sync::mpsc;
use uplift_client::MetricsClient;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_proto::status::from_status;
use uplift_proto::v1::metrics::SubscribeIndicatorsRequest;
use uplift_proto::v1::reporting::SubscribeChangesResponse;

use crate::edition::comparison::compare;
use crate::edition::name::EditionName;
use crate::edition::recomputed::{Definitions, queries};
use crate::edition::store::EditionStore;
use crate::upstream::upstream;

/// One commit is told by several subscriptions, one after the other: after this time without another, all have told.
const SETTLED: Duration = Duration::from_millis(400);

/// Sends the figures that differ now, then again whenever they are others, until nobody listens.
pub(crate) async fn watch(
    metrics: &MetricsClient,
    editions: &EditionStore,
    name: &EditionName,
    answers: mpsc::Sender<SubscribeChangesResponse>,
) -> Result<()> {
    let edition = editions.get(name).await?;
    let failed = |status: tonic::Status| upstream(from_status(&status));
    let mut subscriptions = Vec::new();
    for query in queries(&edition, &Definitions::OfNow) {
        let request = SubscribeIndicatorsRequest { query: Some(query) };
        let told = metrics.clone().subscribe_indicators(request).await.map_err(failed)?;
        subscriptions.push(told.into_inner().boxed());
    }
    let mut told = stream::select_all(subscriptions);
    let mut sent = None;
    loop {
        let comparison = compare(metrics, editions, name, None).await?;
        if sent.as_ref() != Some(&comparison.changes) {
            let (changes, figures) = (comparison.changes.clone(), comparison.figures);
            if answers.send(SubscribeChangesResponse { changes, figures }).await.is_err() {
                return Ok(());
            }
            sent = Some(comparison.changes);
        }
        tokio::select! {
            () = answers.closed() => return Ok(()),
            message = told.next() => message.ok_or_else(ended)?.map_err(failed)?,
        };
        while let Ok(message) = tokio::time::timeout(SETTLED, told.next()).await {
            message.ok_or_else(ended)?.map_err(failed)?;
        }
    }
}

fn ended() -> Error {
    Error::new(ErrorKind::Unavailable, "the metrics service has ended the subscription; subscribe again")
}
