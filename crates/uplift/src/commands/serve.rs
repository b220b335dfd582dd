//! `uplift serve`.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use uplift_core::error::{Error, Result};

use crate::cli::Serve;
use crate::commands::Outcome;
use crate::node::{Node, Options, Service};

/// Runs services until a signal.
pub async fn run(options: Serve) -> Result<Outcome> {
    let services = if options.services.is_empty() { Service::ALL.to_vec() } else { options.services };
    let node = Node::start(Options {
        services,
        data_dir: options.data_dir,
        listen: options.listen,
        ports: [options.ingest_port, options.metrics_port, options.reporting_port],
        metrics_url: options.metrics_url,
        grace: Duration::from_secs(options.grace),
    })
    .await?;
    until_signal(node).await
}

/// Waits for a signal, then stops the node; a second signal ends the process at once.
pub async fn until_signal(node: Node) -> Result<Outcome> {
    let listen = |kind| signal(kind).map_err(|e| Error::internal("listening for signals", e));
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping; a second signal exits at once");
    tokio::select! {
        stopped = node.stop() => stopped.map(|()| Outcome::Done),
        _ = interrupt.recv() => std::process::exit(130),
        _ = terminate.recv() => std::process::exit(143),
    }
}
