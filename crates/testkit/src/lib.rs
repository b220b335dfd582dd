//! Real services for tests: all three on free ports over a folder of their own.
//!
//! Owns start and clean-up for tests. Never stands in for a part: what runs is what ships.

pub mod planted;

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use tonic::transport::Channel;
use uplift_client::{IngestClient, MetricsClient, ReportingClient};
use uplift_core::error::Result;
use uplift_proto::rows::Rows;
use uplift_proto::service::Service;
use uplift_proto::v1::ingest::{SubmissionHeader, SubmitRecordsRequest};
use uplift_proto::v1::records::{Area, AreaLevel};
use uplift_server::config::Config;
use uplift_server::node::Node;
use uplift_simulate::{Article, Plan};

/// A node with all services; it ends with the value.
pub struct Uplift {
    node: Option<Node>,
    config: Config,
    /// Removes the folder, if it was made for this.
    _made: Option<TempDir>,
}

impl Uplift {
    /// Starts one on an empty folder.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// The same with another configuration.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let made = tempfile::tempdir().expect("a temporary folder");
        let mut config = Config::on_free_ports(made.path());
        change(&mut config);
        let node = Some(node(&config).await);
        Self { node, config, _made: Some(made) }
    }

    /// Starts one on a folder that stays.
    pub async fn on(folder: &Path) -> Result<Self> {
        let config = Config::on_free_ports(folder);
        let node = Node::start(&config).await?;
        Ok(Self { node: Some(node), config, _made: None })
    }

    /// Starts one and submits the article of 2011.
    pub async fn with_article() -> Self {
        let uplift = Self::start().await;
        let mut ingest = uplift.ingest().await;
        for request in article() {
            ingest.submit_records(request).await.expect("the article is accepted");
        }
        uplift
    }

    /// Starts one that knows Wanzhou District, 500101.
    pub async fn with_wanzhou() -> Self {
        let uplift = Self::start().await;
        uplift.ingest().await.submit_records(wanzhou()).await.expect("the area is accepted");
        uplift
    }

    /// Stops the node gracefully; the folder is there as long as the value.
    pub async fn stop(&mut self) {
        if let Some(node) = self.node.take() {
            node.stop().await.expect("the node stops");
        }
    }

    /// Stops the node gracefully and starts another on the same folder.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.node = Some(node(&self.config).await);
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.config.data_dir
    }

    /// Folder of a dataset's table.
    pub fn table(&self, dataset: &str) -> PathBuf {
        self.folder().join("tables").join(dataset)
    }

    /// Where a service listens, as host and port.
    pub fn address(&self, service: Service) -> String {
        let address = self.node.as_ref().and_then(|n| n.address(service));
        address.expect("all services run").to_string()
    }

    /// Where the portal listens, as host and port.
    pub fn portal(&self) -> String {
        self.node.as_ref().and_then(Node::portal).expect("the portal runs").to_string()
    }

    pub async fn ingest(&self) -> IngestClient {
        uplift_client::ingest(self.channel(Service::Ingest).await)
    }

    pub async fn metrics(&self) -> MetricsClient {
        uplift_client::metrics(self.channel(Service::Metrics).await)
    }

    pub async fn reporting(&self) -> ReportingClient {
        uplift_client::reporting(self.channel(Service::Reporting).await)
    }

    async fn channel(&self, service: Service) -> Channel {
        let url = format!("http://{}", self.address(service));
        uplift_client::connect(&url).await.expect("the service answers")
    }
}

async fn node(config: &Config) -> Node {
    Node::start(config).await.expect("the node starts")
}

/// The article of 2011 as two submissions.
pub fn article() -> [SubmitRecordsRequest; 2] {
    let article = Article::chongqing_2011().expect("the seed reads");
    [
        submission(
            "article/statement",
            "statement",
            Rows::encode(rows_number("statement"), &article.statements),
        ),
        submission(
            "article/statement_check",
            "statement_check",
            Rows::encode(rows_number("statement_check"), &article.checks),
        ),
    ]
}

/// Wanzhou District as a submission: what records of 500101 refer to.
pub fn wanzhou() -> SubmitRecordsRequest {
    let area = Area {
        area_code: "500101".to_owned(),
        valid_from: "2010-01-01".to_owned(),
        level: AreaLevel::County.into(),
        name_en: "Wanzhou District".to_owned(),
        name_zh: "万州区".to_owned(),
        ..Area::default()
    };
    submission("wanzhou", "area", Rows::encode(rows_number("area"), &[area]))
}

/// Field number of a dataset's list in `Rows`.
pub fn rows_number(dataset: &str) -> u32 {
    uplift_proto::dataset::find(dataset).expect("a dataset").rows_number
}

/// A submission for Chongqing in 2011.
pub fn submission(id: &str, dataset: &str, rows: Rows) -> SubmitRecordsRequest {
    let header = SubmissionHeader {
        submission_id: id.to_owned(),
        dataset: dataset.to_owned(),
        area_code: "50".to_owned(),
        period: "2011".to_owned(),
        sender: "Tests".to_owned(),
        ..SubmissionHeader::default()
    };
    SubmitRecordsRequest { header: Some(header), rows: Some(rows), dry_run: false }
}

/// The built command; `.ci/run` builds it before the tests.
pub fn uplift_command() -> PathBuf {
    let test = std::env::current_exe().expect("a path");
    let built = test.ancestors().nth(2).expect("a target folder").join("uplift");
    assert!(built.exists(), "{} is missing: cargo build --workspace makes it", built.display());
    built
}

/// Submits a simulated programme with the built command.
pub async fn simulate(ingest_url: &str, households: usize) {
    simulate_with(ingest_url, Plan { households, seed: 1 }).await;
}

/// The same with a seed of its own.
pub async fn simulate_with(ingest_url: &str, plan: Plan) {
    let mut command = Command::new(uplift_command());
    command.args([
        "simulate",
        "--households",
        &plan.households.to_string(),
        "--seed",
        &plan.seed.to_string(),
    ]);
    command.args(["--ingest-url", ingest_url]);
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("it ends");
    let output = output.expect("the command runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// A connection to a process that is starting, once it answers.
pub async fn connected(port: u16) -> Channel {
    for _ in 0..400 {
        match uplift_client::connect(&format!("http://127.0.0.1:{port}")).await {
            Ok(channel) => return channel,
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    }
    panic!("nobody answers on port {port}");
}

/// The built command as an ingest of its own: a process that a test kills.
pub fn serve_ingest(folder: &Path, port: u16) -> std::process::Child {
    use std::process::Stdio;
    let mut command = Command::new(uplift_command());
    command.args(["serve", "--service", "ingest", "--ingest-port", &port.to_string(), "--data-dir"]);
    let command = command.arg(folder).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("the command runs")
}
