//! Clients that are not ours: grpcurl through reflection, Python on the tables. Both must be
//! there; `.ci/run` installs them and says where with UPLIFT_TEST_TOOLS.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use uplift_proto::service::Service;
use uplift_testkit::{Uplift, simulate, uplift_command};

/// A number of this run, from the environment: how many seeds or damages are tried.
pub(crate) fn setting(name: &str, otherwise: usize) -> usize {
    let given = std::env::var(format!("UPLIFT_TEST_{name}")).ok();
    given.map_or(otherwise, |text| text.parse().expect("a number"))
}

pub(crate) fn tool(name: &str) -> PathBuf {
    let tools = std::env::var_os("UPLIFT_TEST_TOOLS")
        .expect("UPLIFT_TEST_TOOLS names the folder of the test clients; run the tests with .ci/run");
    Path::new(&tools).join("bin").join(name)
}

/// Runs a client; gives whether it succeeded and what it printed.
pub(crate) async fn run(program: PathBuf, args: Vec<String>) -> (bool, String) {
    let shown = program.display().to_string();
    let output =
        tokio::task::spawn_blocking(move || Command::new(program).args(args).output()).await.unwrap();
    let output = output.unwrap_or_else(|e| panic!("{shown} cannot run: {e}"));
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

async fn grpcurl(address: &str, args: &[&str]) -> (bool, String) {
    let mut all = vec!["-plaintext".to_owned()];
    // Options come before the address, what is called comes after it.
    let (options, call): (Vec<&str>, Vec<&str>) = match args {
        ["-d", data, call @ ..] => (vec!["-d", data], call.to_vec()),
        call => (Vec::new(), call.to_vec()),
    };
    all.extend(options.into_iter().map(str::to_owned));
    all.push(address.to_owned());
    all.extend(call.into_iter().map(str::to_owned));
    run(tool("grpcurl"), all).await
}

async fn grpcurl_json(address: &str, args: &[&str]) -> Value {
    let (ok, text) = grpcurl(address, args).await;
    assert!(ok, "{args:?}: {text}");
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{args:?}: {e}: {text}"))
}

#[tokio::test]
async fn grpcurl_lists_describes_and_calls_each_service() {
    let uplift = Uplift::with_article().await;
    for service in Service::ALL {
        let address = uplift.address(service);
        let (ok, listed) = grpcurl(&address, &["list"]).await;
        assert!(ok, "{listed}");
        assert!(listed.contains(service.grpc_name()) && listed.contains("grpc.health.v1.Health"), "{listed}");
        let others = Service::ALL.iter().filter(|s| **s != service);
        others.for_each(|other| assert!(!listed.contains(other.grpc_name()), "{listed}"));
        let (ok, described) = grpcurl(&address, &["describe", service.grpc_name()]).await;
        assert!(ok && described.contains("rpc "), "{described}");
        let health = grpcurl_json(&address, &["grpc.health.v1.Health/Check"]).await;
        assert_eq!(health["status"], "SERVING");
    }
    let (_, described) =
        grpcurl(&uplift.address(Service::Ingest), &["describe", "uplift.records.v1.Statement"]).await;
    assert!(described.contains("The figure as printed"), "comments are served: {described}");

    let metrics = uplift.address(Service::Metrics);
    let checks = grpcurl_json(&metrics, &["uplift.metrics.v1.MetricsService/CheckStatements"]).await;
    assert_eq!(checks["inconsistent"], 3);
    let request = r#"{"document_id":"chongqing-2011"}"#;
    let reporting = uplift.address(Service::Reporting);
    let (ok, events) =
        grpcurl(&reporting, &["-d", request, "uplift.reporting.v1.ReportingService/GenerateReport"]).await;
    assert!(ok && events.contains("\"stage\"") && events.contains("\"reportId\""), "{events}");
}

#[tokio::test]
async fn grpcurl_submits_records_and_reads_why_they_are_refused() {
    let uplift = Uplift::start().await;
    let ingest = uplift.address(Service::Ingest);
    let call = "uplift.ingest.v1.IngestService/SubmitRecords";
    let request = |id: &str, printed: &str| {
        serde_json::json!({
            "header": {"submission_id": id, "dataset": "statement", "area_code": "50", "period": "2011", "sender": "By hand"},
            "rows": {"statements": [{
                "statement_id": "a", "document_id": "letter", "area_code": "50", "period": "2011",
                "section": "overview", "locator": "sentence 1", "subject": "fund.fiscal", "title_en": "Fiscal funds",
                "title_zh": "财政资金", "printed": printed, "unit": "CNY", "qualifier": "QUALIFIER_MORE_THAN"
            }]}
        })
        .to_string()
    };
    let (ok, refused) = grpcurl(&ingest, &["-d", &request("hand/1", "a few"), call]).await;
    assert!(!ok);
    assert!(
        refused.contains("InvalidArgument") && refused.contains("rows.statements[0].printed"),
        "{refused}"
    );
    let accepted = grpcurl_json(&ingest, &["-d", &request("hand/2", "8.6 million"), call]).await;
    assert_eq!(accepted["submission"]["state"], "STATE_COMMITTED");
    assert_eq!(accepted["submission"]["rowsAccepted"], "1");
    let figures = grpcurl_json(
        &uplift.address(Service::Metrics),
        &["uplift.metrics.v1.MetricsService/QueryStatements"],
    )
    .await;
    assert_eq!(figures["figures"][0]["interval"]["low"], "8600000");
}

/// Runs lines of documentation as they are printed, on the ports of this node and in a folder of their own.
async fn run_lines<'a>(uplift: &Uplift, lines: impl Iterator<Item = &'a str>) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    std::os::unix::fs::symlink(root.join("seeds"), folder.path().join("seeds")).unwrap();
    std::os::unix::fs::symlink(uplift.folder(), folder.path().join("uplift-demo")).unwrap();
    let program = uplift_command().display().to_string();
    let path = format!("{}:{}", tool("").display(), std::env::var("PATH").unwrap_or_default());
    let mut environment = format!("cd '{}'; export PATH='{path}'", folder.path().display());
    for service in Service::ALL {
        let name = service.to_string().to_uppercase();
        environment += &format!(" UPLIFT_{name}_URL=http://{}", uplift.address(service));
    }
    let mut count = 0;
    for printed in lines {
        let (line, expected) = printed.split_once(" # ").unwrap_or((printed, ""));
        let refused = expected.strip_prefix("refused: ");
        let command = Service::ALL.iter().fold(line.to_owned(), |line, service| {
            line.replace(&format!("localhost:{}", service.default_port()), &uplift.address(*service))
        });
        let script = format!("{environment}; {}", command.replace("cargo run --", &program));
        let (ok, text) = run("/bin/sh".into(), vec!["-c".into(), script]).await;
        assert_eq!(ok, expected.is_empty(), "{printed}: {text}");
        assert!(refused.is_none_or(|code| text.contains(code)), "{printed}: {text}");
        count += 1;
    }
    count
}

/// The lines of a page that are for a shell.
fn shell_lines(page: &str) -> impl Iterator<Item = &str> {
    page.lines().filter_map(|l| l.strip_prefix("    "))
}

/// The services' protos, in the order of `Service::ALL`.
const PROTOS: [&str; 3] = [
    include_str!("../../proto/uplift/ingest/v1/ingest.proto"),
    include_str!("../../proto/uplift/metrics/v1/metrics.proto"),
    include_str!("../../proto/uplift/reporting/v1/reporting.proto"),
];

/// The lines that open each service's proto.
#[tokio::test]
async fn every_grpcurl_line_in_the_protos_works() {
    let uplift = Uplift::with_article().await;
    for proto in PROTOS {
        let lines = proto.lines().filter_map(|l| l.strip_prefix("//   ")).filter(|l| l.contains("grpcurl "));
        assert_eq!(run_lines(&uplift, lines).await, 3, "three lines for each service");
    }
}

#[tokio::test]
async fn every_call_has_a_grpcurl_line_that_works() {
    let api = include_str!("../../docs/api.md");
    let uplift = Uplift::with_article().await;
    simulate(&format!("http://{}", uplift.address(Service::Ingest)), 100).await;
    assert!(run_lines(&uplift, shell_lines(api)).await > 25);
    for (service, proto) in Service::ALL.into_iter().zip(PROTOS) {
        for call in proto.lines().filter_map(|l| l.trim().strip_prefix("rpc ")?.split_once('(')) {
            let name = format!("{}/{}", service.grpc_name(), call.0);
            assert!(api.contains(&name), "docs/api.md has no line that calls {name}");
        }
    }
}

#[tokio::test]
async fn every_line_of_the_guide_works_after_the_demo() {
    let uplift = Uplift::start().await;
    let ingest = format!("http://{}", uplift.address(Service::Ingest));
    let (ok, text) = run(uplift_command(), vec!["load".into(), "--ingest-url".into(), ingest]).await;
    assert!(ok, "{text}");
    assert!(run_lines(&uplift, shell_lines(include_str!("../../docs/guide.md"))).await > 25);
    let readme = include_str!("../../README.md");
    assert_eq!(run_lines(&uplift, shell_lines(readme).filter(|l| l.starts_with("grpcurl "))).await, 1);
}

#[tokio::test]
async fn python_deltalake_reads_the_table_that_was_written() {
    let uplift = Uplift::with_article().await;
    // Without pyarrow: with it the interpreter has aborted at exit, after it printed everything.
    let script = "
import json, sys
from deltalake import DeltaTable, QueryBuilder
table = DeltaTable(sys.argv[1])
rows = QueryBuilder().register('t', table).execute('select * from t order by row_number').read_all()
columns = {name: rows.column(name).to_pylist() for name in rows.column_names}
print(json.dumps({'version': table.version(), 'partitions': table.metadata().partition_columns, 'columns': columns}))
";
    let table = uplift.table("statement").display().to_string();
    let (ok, text) = run(tool("python"), vec!["-c".into(), script.into(), table]).await;
    assert!(ok, "{text}");
    let read: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!(read["partitions"], serde_json::json!(["reporting_year", "reporting_county"]));
    let columns = &read["columns"];
    let sent = uplift_simulate::Article::chongqing_2011().unwrap().statements;
    assert_eq!(columns["statement_id"].as_array().unwrap().len(), sent.len());
    for (row, statement) in sent.iter().enumerate() {
        assert_eq!(columns["statement_id"][row], statement.statement_id.as_str());
        assert_eq!(columns["printed"][row], statement.printed.as_str());
        assert_eq!(
            (&columns["reporting_year"][row], &columns["reporting_county"][row]),
            (&2011.into(), &"50".into())
        );
    }
    assert_eq!(columns["qualifier"][0], "exact");
    assert_eq!(columns["qualifier"][1], Value::Null);
}
