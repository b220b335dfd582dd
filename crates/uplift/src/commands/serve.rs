//! `uplift serve`.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use uplift_core::error::{Error, Result};

use crate::cli::Serve;
use crate::commands::Outcome;
use crate::config::Config;
use crate::node::{Node, Options};

/// Runs services until a signal.
pub async fn run(options: Serve) -> Result<Outcome> {
    let config = Config::of(options)?;
    let node = Node::start(Options {
        services: config.services,
        data_dir: config.data_dir,
        listen: config.listen,
        ports: [config.ingest_port, config.metrics_port, config.reporting_port],
        metrics_url: config.metrics_url,
        grace: Duration::from_secs(config.grace),
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
