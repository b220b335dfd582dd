//! The configuration of a node: defaults, a TOML file over them, the environment and flags over both.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::Figment;
use figment::error::Kind;
use figment::providers::Serialized;
use serde::{Deserialize, Serialize};
use uplift_core::error::{Error, ErrorKind, FieldViolation, Result};
use uplift_core::nearest::nearest;
use uplift_proto::service::Service;

use crate::component::{Component, PORTAL_PORT};

/// Everything that a node needs to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Services to run, the portal among them.
    #[serde(with = "components")]
    pub services: Vec<Component>,
    /// Folder of tables and reports.
    pub data_dir: PathBuf,
    /// Address to listen on.
    pub listen: IpAddr,
    /// Seconds that requests under way may take to finish once the node stops.
    pub grace: u64,
    pub ingest: IngestConfig,
    pub metrics: MetricsConfig,
    pub reporting: ReportingConfig,
    #[serde(default)]
    pub portal: PortalConfig,
}

/// Settings of ingest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IngestConfig {
    /// Port; 0 takes any free one.
    pub port: u16,
    /// Seconds for which every version of a table is kept. Of older ones those stay that an answer named, and
    /// the last of each day.
    #[serde(default = "a_day")]
    pub retention: u64,
}

/// Settings of metrics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsConfig {
    /// Port; 0 takes any free one.
    pub port: u16,
    /// Megabytes of disk for what was computed of data files, so that it is not computed again after a start. 0 saves
    /// nothing.
    #[serde(default = "two_gigabytes")]
    pub cache_mb: u64,
}

fn two_gigabytes() -> u64 {
    2_048
}

/// Settings of reporting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportingConfig {
    /// Port; 0 takes any free one.
    pub port: u16,
    /// Address of metrics, if it does not run in the same process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics_url: Option<String>,
}

/// Settings of the portal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalConfig {
    /// Port; 0 takes any free one.
    pub port: u16,
    /// Address of ingest, if it does not run in the same process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingest_url: Option<String>,
    /// Address of metrics, if it does not run in the same process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics_url: Option<String>,
    /// Address of reporting, if it does not run in the same process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reporting_url: Option<String>,
}

impl Default for PortalConfig {
    fn default() -> Self {
        Self { port: PORTAL_PORT, ingest_url: None, metrics_url: None, reporting_url: None }
    }
}

fn a_day() -> u64 {
    24 * 60 * 60
}

impl Default for Config {
    fn default() -> Self {
        Self {
            services: Component::ALL.to_vec(),
            data_dir: "uplift-data".into(),
            listen: Ipv4Addr::LOCALHOST.into(),
            grace: 10,
            ingest: IngestConfig { port: Service::Ingest.default_port(), retention: a_day() },
            metrics: MetricsConfig { port: Service::Metrics.default_port(), cache_mb: two_gigabytes() },
            reporting: ReportingConfig { port: Service::Reporting.default_port(), metrics_url: None },
            portal: PortalConfig::default(),
        }
    }
}

impl Config {
    /// The defaults on free ports, over this folder.
    pub fn on_free_ports(data_dir: &Path) -> Self {
        let mut config = Self { data_dir: data_dir.to_owned(), ..Self::default() };
        (config.ingest.port, config.metrics.port, config.reporting.port) = (0, 0, 0);
        config.portal.port = 0;
        config
    }

    /// The configuration from a file and from overrides, as flags and the environment give them.
    pub fn load(file: Option<&Path>, overrides: &toml::Table) -> Result<Self> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(path) = file {
            let text = std::fs::read_to_string(path).map_err(|e| {
                Error::new(ErrorKind::FailedPrecondition, format!("cannot read {}: {e}", path.display()))
            })?;
            let settings: toml::Table =
                toml::from_str(&text).map_err(|e| Error::invalid_field(path.display().to_string(), e))?;
            figment = figment.merge(Serialized::defaults(settings));
        }
        let figment = figment.merge(Serialized::defaults(overrides));
        let source = file.map_or_else(|| "configuration".to_owned(), |path| path.display().to_string());
        let config: Self = figment
            .extract()
            .map_err(|e| Error::invalid(e.into_iter().map(|e| violation(&source, &e)).collect()))?;
        config.check(&source)?;
        Ok(config)
    }

    /// Refuses settings that no node can run with.
    fn check(&self, source: &str) -> Result<()> {
        let mut violations = Vec::new();
        let mut wrong = |setting: &str, remedy: String| {
            violations.push(FieldViolation::new(format!("{source}: {setting}"), remedy));
        };
        if self.services.is_empty() {
            wrong("services", "names no service; write at least one, or leave it out for all".to_owned());
        }
        for (n, service) in self.services.iter().enumerate() {
            let port = self.port(*service);
            if let Some(other) = self.services[..n].iter().find(|s| port != 0 && self.port(**s) == port) {
                let setting = format!("{service}.port");
                wrong(&setting, format!("is {port}, as that of {other} is; give each service its own"));
            }
        }
        let portal = &self.portal;
        for (setting, url) in [
            ("reporting.metrics_url", &self.reporting.metrics_url),
            ("portal.ingest_url", &portal.ingest_url),
            ("portal.metrics_url", &portal.metrics_url),
            ("portal.reporting_url", &portal.reporting_url),
        ] {
            if let Some(url) = url.as_ref().filter(|url| !is_address(url)) {
                wrong(setting, format!("{url:?} is not an address; write it as http://localhost:7102"));
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(Error::invalid(violations)) }
    }

    /// Whether others than this machine can reach the services.
    pub fn is_open(&self) -> bool {
        !self.listen.is_loopback()
    }

    pub fn port(&self, component: Component) -> u16 {
        match component {
            Component::Service(Service::Ingest) => self.ingest.port,
            Component::Service(Service::Metrics) => self.metrics.port,
            Component::Service(Service::Reporting) => self.reporting.port,
            Component::Portal => self.portal.port,
        }
    }

    /// Time that requests under way have to finish once the node stops.
    pub fn grace(&self) -> Duration {
        Duration::from_secs(self.grace)
    }
}

fn is_address(url: &str) -> bool {
    let uri = url.parse::<http::Uri>();
    uri.is_ok_and(|uri| uri.host().is_some() && matches!(uri.scheme_str(), Some("http" | "https")))
}

fn violation(source: &str, error: &figment::Error) -> FieldViolation {
    let path = error.path.join(".");
    match &error.kind {
        Kind::UnknownField(name, known) => {
            let near = nearest(name, known.iter().copied()).unwrap_or_default();
            let path = if path.is_empty() || path.ends_with(name.as_str()) {
                path
            } else {
                format!("{path}.{name}")
            };
            let path = if path.is_empty() { name.clone() } else { path };
            FieldViolation::new(
                format!("{source}: {path}"),
                format!("is not a setting; did you mean {near}?"),
            )
        }
        kind if path.is_empty() => FieldViolation::new(source, kind),
        kind => FieldViolation::new(format!("{source}: {path}"), kind),
    }
}

/// What is served, by name.
mod components {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::component::Component;

    pub(super) fn serialize<S: Serializer>(services: &[Component], serializer: S) -> Result<S::Ok, S::Error> {
        services.iter().map(|s| s.name()).collect::<Vec<_>>().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Component>, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        names
            .iter()
            .map(|name| name.parse())
            .collect::<Result<_, uplift_core::error::Error>>()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str, overrides: &str) -> Result<Config> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("uplift.toml");
        std::fs::write(&path, text).unwrap();
        Config::load(Some(&path), &toml::from_str(overrides).unwrap())
    }

    #[test]
    fn a_file_overrides_defaults_and_flags_override_the_file() {
        let config =
            load("services = [\"metrics\"]\ngrace = 3\n[ingest]\nport = 8101\n", "grace = 5").unwrap();
        assert_eq!((config.ingest.port, config.metrics.port, config.grace), (8101, 7102, 5));
        assert_eq!(config.services, [Component::Service(Service::Metrics)]);
        assert_eq!(load(&toml::to_string(&config).unwrap(), "").unwrap(), config);
    }

    #[test]
    fn unknown_names_and_wrong_values_are_refused_by_name() {
        let message = |text| load(text, "").unwrap_err().message;
        let unknown = message("[ingest]\nprot = 1");
        assert!(
            unknown.ends_with("uplift.toml: ingest.prot: is not a setting; did you mean port?"),
            "{unknown}"
        );
        assert!(message("lisen = \"::1\"").contains("lisen: is not a setting; did you mean listen?"));
        for (text, name) in [
            ("grace = 3\ngrace", "line 2"),
            ("[ingest]\nport = \"many\"", "ingest.port"),
            ("listen = \"everywhere\"", "listen"),
            ("services = [\"weather\"]", "weather"),
            ("services = []", "services"),
            ("[ingest]\nport = 9\n[metrics]\nport = 9", "metrics.port"),
            ("[reporting]\nmetrics_url = \"nowhere\"", "reporting.metrics_url"),
            ("[portal]\nport = 1\ningest_url = \"nowhere\"", "portal.ingest_url"),
        ] {
            assert!(message(text).contains(name), "{}", message(text));
        }
    }
}
