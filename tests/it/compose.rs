//! The composition: on a container engine where `.ci/run` found one, and everywhere as processes started
//! as compose.yaml wires the containers, read from the file itself, on free ports.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use uplift_proto::service::Service;
use uplift_server::component::{Component, PORTAL_PORT};
use uplift_testkit::Uplift;

use crate::clients::{run, tool};
use uplift_testkit::uplift_command;

const QUERY: &str = r#"{"query":{"sections":["overview","finance"],"area_code":"50","periods":["2011"],"compare_previous_year":true}}"#;

/// One service of the file, with what it runs and what it waits for.
struct Part {
    name: String,
    command: Vec<String>,
    environment: BTreeMap<String, String>,
    health: Option<String>,
    after: Vec<String>,
}

/// The composition's services, and the free port that stands for each port in it.
struct Composition {
    parts: Vec<Part>,
    ports: HashMap<String, u16>,
}

async fn compose_file() -> Value {
    let script = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../compose.yaml");
    let (ok, text) = run(tool("python"), vec!["-c".into(), script.into(), file.into()]).await;
    assert!(ok, "{text}");
    serde_json::from_str(&text).unwrap()
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().map(|l| l.iter().map(|v| v.as_str().unwrap().to_owned()).collect()).unwrap_or_default()
}

impl Composition {
    fn from_file(file: &Value, data: &Path) -> Self {
        let services = file["services"].as_object().unwrap();
        let mut ports = HashMap::new();
        for (name, service) in services {
            for published in texts(&service["ports"]) {
                let [host, _, inside] = published.split(':').collect::<Vec<_>>()[..] else {
                    panic!("{published}")
                };
                assert_eq!(host, "127.0.0.1", "{name} is published on loopback");
                let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
                ports.insert(inside.to_owned(), free);
            }
        }
        let localized = |text: &str| {
            if text == "/data" {
                return data.display().to_string();
            }
            let mut text = text.replace("0.0.0.0", "127.0.0.1");
            for (name, port) in
                ports.iter().flat_map(|(p, free)| services.keys().map(move |n| (n, (p, free))))
            {
                for host in [name.as_str(), "localhost"] {
                    text = text.replace(
                        &format!("http://{host}:{}", port.0),
                        &format!("http://127.0.0.1:{}", port.1),
                    );
                }
            }
            text
        };
        let part = |(name, service): (&String, &Value)| {
            let test = texts(&service["healthcheck"]["test"]);
            assert_eq!(service["read_only"], true, "{name}");
            assert!(service["user"].as_str().is_some_and(|u| !u.starts_with('0')), "{name} is not root");
            let environment = service["environment"].as_object().unwrap();
            let mut environment: BTreeMap<_, _> =
                environment.iter().map(|(k, v)| (k.clone(), localized(v.as_str().unwrap()))).collect();
            let usual = Service::ALL.map(|service| (Component::from(service), service.default_port()));
            for (component, usual) in usual.into_iter().chain([(Component::Portal, PORTAL_PORT)]) {
                if let Some(port) = ports.get(&usual.to_string()) {
                    let name = format!("UPLIFT_{}_PORT", component.to_string().to_uppercase());
                    environment.insert(name, port.to_string());
                }
            }
            let after = service["depends_on"].as_object();
            Part {
                name: name.clone(),
                command: texts(&service["command"]).iter().map(|text| localized(text)).collect(),
                environment,
                health: test.last().map(|url| localized(url)),
                after: after.map(|a| a.keys().cloned().collect()).unwrap_or_default(),
            }
        };
        Self { parts: services.iter().map(part).collect(), ports: ports.clone() }
    }

    fn part(&self, name: &str) -> &Part {
        self.parts.iter().find(|p| p.name == name).unwrap()
    }

    /// Services in an order in which each comes after what it waits for.
    fn in_order(&self) -> Vec<&Part> {
        let mut ordered: Vec<&Part> = Vec::new();
        while ordered.len() < self.parts.len() {
            let ready = |p: &&Part| p.after.iter().all(|a| ordered.iter().any(|o| o.name == *a));
            let waits = |p: &&Part| ordered.iter().all(|o| o.name != p.name);
            ordered
                .push(self.parts.iter().find(|p| waits(p) && ready(p)).expect("no service waits for itself"));
        }
        ordered
    }

    async fn figures(&self) -> Vec<Value> {
        figures(&format!("127.0.0.1:{}", self.ports["7102"])).await
    }
}

impl Part {
    fn start(&self) -> Child {
        let mut command = Command::new(uplift_command());
        command.args(&self.command).envs(&self.environment).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    /// Waits as the engine would, by the health check of the file.
    async fn healthy(&self) {
        let Some(url) = &self.health else { return };
        let began = Instant::now();
        while !run(uplift_command(), vec!["health".into(), url.clone()]).await.0 {
            assert!(began.elapsed() < Duration::from_secs(60), "{} is not healthy at {url}", self.name);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Figures by grpcurl, without what differs between two loads of the same records.
async fn figures(address: &str) -> Vec<Value> {
    let call = "uplift.metrics.v1.MetricsService/QueryIndicators";
    let args = ["-plaintext", "-d", QUERY, address, call].map(str::to_owned).to_vec();
    let (ok, text) = run(tool("grpcurl"), args).await;
    assert!(ok, "{text}");
    let answer: Value = serde_json::from_str(&text).unwrap();
    let mut figures = answer["figures"].as_array().unwrap().clone();
    for figure in &mut figures {
        figure.as_object_mut().unwrap().remove("trace");
    }
    figures
}

/// Asks a process to stop and waits until it has.
fn stop(mut process: Child) {
    let request = Command::new("kill").args(["-TERM", &process.id().to_string()]).status().unwrap();
    assert!(request.success());
    assert!(process.wait().unwrap().success(), "a service that is asked to stop ends well");
}

#[tokio::test]
async fn three_processes_wired_as_composed_answer_as_one_does_and_survive_a_stop() {
    let data = tempfile::tempdir().unwrap();
    let composition = Composition::from_file(&compose_file().await, data.path());
    let mut running: HashMap<String, Child> = HashMap::new();
    for part in composition.in_order() {
        let mut process = part.start();
        if part.health.is_none() {
            let ended = tokio::task::spawn_blocking(move || process.wait()).await.unwrap().unwrap();
            assert!(ended.success(), "the job {} failed", part.name);
            continue;
        }
        running.insert(part.name.clone(), process);
        part.healthy().await;
    }
    assert_eq!(running.len(), 4, "three services and the portal serve");
    let composed = composition.figures().await;
    assert!(
        composed.iter().any(|f| f["indicatorId"] == "fund.fiscal" && f["exactValue"] == "1336000000"),
        "{composed:?}"
    );

    let embedded = Uplift::start().await;
    let ingest = format!("http://{}", embedded.address(Service::Ingest));
    let (ok, text) = run(uplift_command(), vec!["load".into(), "--ingest-url".into(), ingest]).await;
    assert!(ok && text.contains("3 rejected"), "{text}");
    assert_eq!(composed, figures(&embedded.address(Service::Metrics)).await);

    for name in ["ingest", "metrics", "reporting", "portal"] {
        stop(running.remove(name).unwrap());
        let part = composition.part(name);
        running.insert(name.to_owned(), part.start());
        part.healthy().await;
    }
    assert_eq!(composition.figures().await, composed);
    let load = composition.part("load");
    let mut reload = load.start();
    assert!(reload.wait().unwrap().success(), "loading again finds every submission known");
    assert_eq!(composition.figures().await, composed);
    running.into_values().for_each(stop);
}

/// Compose as the machine has it: the plugin, or the program of its own (1.29).
fn compose(args: &[&str]) -> String {
    let plugin = Command::new("docker").args(["compose", "version"]).output();
    let plugin = plugin.is_ok_and(|o| o.status.success());
    let mut command = if plugin { Command::new("docker") } else { Command::new("docker-compose") };
    command.args(plugin.then_some("compose")).args(["-p", "uplift-test"]).args(args);
    let output = command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).output().unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {text}");
    text
}

async fn serving() {
    let began = Instant::now();
    while !run(uplift_command(), vec!["health".into()]).await.0 {
        assert!(began.elapsed() < Duration::from_secs(90), "not healthy: {}", compose(&["ps"]));
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

#[tokio::test]
async fn on_an_engine_the_containers_answer_as_one_process_does() {
    if std::env::var_os("UPLIFT_TEST_ENGINE").is_none() {
        println!("no engine: the other test runs the same as processes");
        return;
    }
    let build = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/build-image");
    let (ok, text) = run(build.into(), vec![uplift_command().display().to_string()]).await;
    assert!(ok, "{text}");
    // An engine of the machine's own may still hold what a run that failed left behind.
    compose(&["down", "-v"]);
    compose(&["up", "-d", "--no-build"]);
    serving().await;
    let began = Instant::now();
    while !compose(&["logs", "load"]).contains("3 rejected") {
        assert!(began.elapsed() < Duration::from_secs(90), "{}", compose(&["logs", "load"]));
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let composed = figures("127.0.0.1:7102").await;
    assert!(
        composed.iter().any(|f| f["indicatorId"] == "fund.fiscal" && f["exactValue"] == "1336000000"),
        "{composed:?}"
    );
    for service in ["ingest", "metrics", "reporting"] {
        compose(&["stop", service]);
        compose(&["start", service]);
    }
    serving().await;
    assert_eq!(figures("127.0.0.1:7102").await, composed);
    compose(&["down", "-v"]);
}
