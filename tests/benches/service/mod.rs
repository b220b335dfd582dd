//! A service of its own that a benchmark asks, from the command of the same build.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use uplift_client::MetricsClient;

/// A service on ports of its own, ended with this.
pub(crate) struct Service {
    process: Child,
    ports: [u16; 3],
}

impl Service {
    pub(crate) fn start(command: &Path, folder: &Path) -> Self {
        let ports = [0; 3].map(|_| uplift_testkit::free_port());
        let [ingest, metrics, reporting] = ports.map(|port| port.to_string());
        let mut serve = Command::new(command);
        serve.args([
            "serve",
            "--ingest-port",
            &ingest,
            "--metrics-port",
            &metrics,
            "--reporting-port",
            &reporting,
        ]);
        let serve = serve.arg("--data-dir").arg(folder).stdout(Stdio::null()).stderr(Stdio::null());
        Self { process: serve.spawn().unwrap(), ports }
    }

    pub(crate) fn ingest_port(&self) -> u16 {
        self.ports[0]
    }

    pub(crate) fn metrics_port(&self) -> u16 {
        self.ports[1]
    }

    pub(crate) async fn metrics(&self) -> MetricsClient {
        MetricsClient::new(uplift_testkit::connected(self.metrics_port()).await)
            .max_decoding_message_size(256 << 20)
    }

    /// The most memory that it ever had.
    pub(crate) fn peak_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
