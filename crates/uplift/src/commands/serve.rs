//! `uplift serve`: one service, several, or all of them until a signal.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use tokio::signal::unix::{SignalKind, signal};
use toml::{Table, Value};
use uplift_core::error::{Error, Result};
use uplift_server::component::Component;
use uplift_server::config::Config;
use uplift_server::node::Node;

use crate::outcome::Outcome;

/// Arguments of `uplift serve`. What is not given comes from the file, then from the defaults.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// TOML file with settings by the names that `uplift config` prints.
    #[arg(long, value_name = "FILE", env = "UPLIFT_CONFIG")]
    config: Option<PathBuf>,
    /// Services to run; may be given several times, or as a list with commas [default: all].
    #[arg(
        long = "service",
        value_parser = PossibleValuesParser::new(Component::ALL.map(Component::name)),
        value_delimiter = ',',
        value_name = "SERVICE",
        env = "UPLIFT_SERVICES"
    )]
    services: Option<Vec<String>>,
    /// Folder for tables and reports [default: uplift-data].
    #[arg(long, value_name = "DIR", env = "UPLIFT_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Address to listen on. Anything but loopback can be reached by others: there is no
    /// authentication yet [default: 127.0.0.1].
    #[arg(long, value_name = "IP", env = "UPLIFT_LISTEN")]
    listen: Option<IpAddr>,
    /// Port of the ingest service [default: 7101].
    #[arg(long, value_name = "PORT", env = "UPLIFT_INGEST_PORT")]
    ingest_port: Option<u16>,
    /// Port of the metrics service [default: 7102].
    #[arg(long, value_name = "PORT", env = "UPLIFT_METRICS_PORT")]
    metrics_port: Option<u16>,
    /// Port of the reporting service [default: 7103].
    #[arg(long, value_name = "PORT", env = "UPLIFT_REPORTING_PORT")]
    reporting_port: Option<u16>,
    /// Port of the portal, the pages for a browser [default: 7104].
    #[arg(long, value_name = "PORT", env = "UPLIFT_PORTAL_PORT")]
    portal_port: Option<u16>,
    /// Address of ingest, if it does not run in this process; for the portal.
    #[arg(long, value_name = "URL", env = "UPLIFT_INGEST_URL")]
    ingest_url: Option<String>,
    /// Address of metrics, if it does not run in this process; for reporting and the portal.
    #[arg(long, value_name = "URL", env = "UPLIFT_METRICS_URL")]
    metrics_url: Option<String>,
    /// Address of reporting, if it does not run in this process; for the portal.
    #[arg(long, value_name = "URL", env = "UPLIFT_REPORTING_URL")]
    reporting_url: Option<String>,
    /// Seconds that requests under way may take to finish when the services stop [default: 10].
    #[arg(long, value_name = "SECONDS", env = "UPLIFT_GRACE")]
    grace: Option<u32>,
}

impl ServeArgs {
    /// The configuration: these arguments over the file over the defaults.
    pub(crate) fn config(self) -> Result<Config> {
        let mut settings = Table::new();
        let text = |path: PathBuf| Value::String(path.display().to_string());
        let services = self.services.filter(|names| !names.is_empty());
        let services = services.map(|names| names.into_iter().map(Value::String).collect::<Vec<_>>());
        for (name, value) in [
            ("services", services.map(Value::Array)),
            ("data_dir", self.data_dir.map(text)),
            ("listen", self.listen.map(|ip| Value::String(ip.to_string()))),
            ("grace", self.grace.map(|seconds| Value::Integer(seconds.into()))),
        ] {
            settings.extend(value.map(|value| (name.to_owned(), value)));
        }
        let port = |port: Option<u16>| ("port", port.map(|port| Value::Integer(port.into())));
        let url = |name: &'static str, url: Option<String>| (name, url.map(Value::String));
        let metrics_url = || url("metrics_url", self.metrics_url.clone());
        let portal = vec![
            port(self.portal_port),
            url("ingest_url", self.ingest_url.clone()),
            metrics_url(),
            url("reporting_url", self.reporting_url.clone()),
        ];
        for (section, values) in [
            ("ingest", vec![port(self.ingest_port)]),
            ("metrics", vec![port(self.metrics_port)]),
            ("reporting", vec![port(self.reporting_port), metrics_url()]),
            ("portal", portal),
        ] {
            let given = values.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
            settings.insert(section.to_owned(), Value::Table(given.collect()));
        }
        Config::load(self.config.as_deref(), &settings)
    }
}

pub(crate) async fn run(args: ServeArgs) -> Result<Outcome> {
    let node = Node::start(&args.config()?).await?;
    until_signal(node).await
}

/// Waits for a signal, then stops the node; a second signal ends the process at once.
pub(crate) async fn until_signal(node: Node) -> Result<Outcome> {
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::cli::{Cli, Command};

    #[test]
    fn flags_reach_the_configuration() {
        let line =
            ["uplift", "config", "--ingest-port", "8101", "--service", "metrics,ingest", "--grace", "5"];
        let Command::Config(args) = Cli::parse_from(line).command else { panic!() };
        let config = args.config().unwrap();
        assert_eq!((config.ingest.port, config.metrics.port, config.grace), (8101, 7102, 5));
        assert_eq!(config.services.len(), 2);
    }
}
