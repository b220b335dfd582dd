//! Settings of `uplift serve`: defaults, a file over them, the environment and flags over both.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use uplift_core::error::{Error, ErrorKind, FieldViolation, Result};

use crate::cli::Serve;
use crate::node::Service;

/// Everything that a node is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Services to run.
    pub services: Vec<Service>,
    /// Folder of tables and reports.
    pub data_dir: PathBuf,
    /// Address to listen on.
    pub listen: IpAddr,
    /// Port of ingest.
    pub ingest_port: u16,
    /// Port of metrics.
    pub metrics_port: u16,
    /// Port of reporting.
    pub reporting_port: u16,
    /// Where reporting finds metrics, if not in this process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics_url: Option<String>,
    /// Seconds that requests under way may take once the node stops.
    pub grace: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            services: Service::ALL.to_vec(),
            data_dir: "uplift-data".into(),
            listen: Ipv4Addr::LOCALHOST.into(),
            ingest_port: Service::Ingest.default_port(),
            metrics_port: Service::Metrics.default_port(),
            reporting_port: Service::Reporting.default_port(),
            metrics_url: None,
            grace: 10,
        }
    }
}

/// Names that a file may set.
const KEYS: [&str; 8] = [
    "services",
    "data_dir",
    "listen",
    "ingest_port",
    "metrics_port",
    "reporting_port",
    "metrics_url",
    "grace",
];

impl Config {
    /// What these options come to. The environment is in them: the command line reads it.
    pub fn of(options: Serve) -> Result<Self> {
        let file = options.config.as_deref().map(Self::read).transpose()?.unwrap_or_default();
        Ok(Self {
            services: options.services.filter(|s| !s.is_empty()).unwrap_or(file.services),
            data_dir: options.data_dir.unwrap_or(file.data_dir),
            listen: options.listen.unwrap_or(file.listen),
            ingest_port: options.ingest_port.unwrap_or(file.ingest_port),
            metrics_port: options.metrics_port.unwrap_or(file.metrics_port),
            reporting_port: options.reporting_port.unwrap_or(file.reporting_port),
            metrics_url: options.metrics_url.or(file.metrics_url),
            grace: options.grace.unwrap_or(file.grace),
        })
    }

    fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| {
            Error::new(ErrorKind::FailedPrecondition, format!("cannot read {}: {e}", path.display()))
        })?;
        Self::parse(&path.display().to_string(), &text)
    }

    fn parse(file: &str, text: &str) -> Result<Self> {
        let table: toml::Table = toml::from_str(text).map_err(|e| Error::invalid_field(file, e))?;
        let unknown = table.keys().filter(|key| !KEYS.contains(&key.as_str()));
        let wrong = unknown.map(|key| {
            let near = KEYS
                .iter()
                .max_by(|a, b| strsim::jaro_winkler(a, key).total_cmp(&strsim::jaro_winkler(b, key)));
            let near = near.copied().unwrap_or_default();
            FieldViolation::new(format!("{file}: {key}"), format!("is no setting; the nearest is {near}"))
        });
        let wrong: Vec<_> = wrong.collect();
        if !wrong.is_empty() {
            return Err(Error::invalid(wrong));
        }
        table.try_into().map_err(|e: toml::de::Error| Error::invalid_field(file, e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    #[test]
    fn a_file_counts_over_defaults_and_flags_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("uplift.toml");
        std::fs::write(&path, "ingest_port = 8101\ngrace = 3\nservices = [\"metrics\"]\n").unwrap();
        let line = ["uplift", "config", "--config", path.to_str().unwrap(), "--grace", "5"];
        let Command::Config(options) = Cli::parse_from(line).command else { panic!() };
        let config = Config::of(options).unwrap();
        assert_eq!((config.ingest_port, config.metrics_port, config.grace), (8101, 7102, 5));
        assert_eq!(config.services, [Service::Metrics]);
        assert_eq!(Config::parse("again", &toml::to_string(&config).unwrap()).unwrap(), config);
    }

    #[test]
    fn unknown_names_and_wrong_values_are_refused_by_name() {
        let said = |text| Config::parse("uplift.toml", text).unwrap_err().message;
        assert_eq!(
            said("ingest_prot = 1"),
            "uplift.toml: ingest_prot: is no setting; the nearest is ingest_port"
        );
        assert!(said("ingest_port = \"many\"").contains("ingest_port"), "{}", said("ingest_port = \"many\""));
        assert!(said("listen = \"everywhere\"").contains("listen"), "{}", said("listen = \"everywhere\""));
    }
}
