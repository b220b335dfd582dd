//! `uplift demo`: the whole of it once, from the article to the report, through the real services.

use std::time::{Duration, Instant};

use tonic::transport::Channel;
use uplift_core::error::{Error, Result};
use uplift_proto::status::from_status;
use uplift_proto::v1::metrics::metrics_service_client::MetricsServiceClient;
use uplift_proto::v1::metrics::{CheckStatementsRequest, Verdict};

use crate::cli::{Demo, Language};
use crate::commands::{Outcome, check, connect, load, report, scorecard, serve};
use crate::node::{MAX_MESSAGE, Node, Options, Service};
use crate::seed::Seed;
use crate::simulate::Plan;
use crate::terminal::say;

/// Loads the article, judges its checks, writes the report, and says what to try next.
pub async fn run(options: Demo, language: Language) -> Result<Outcome> {
    let began = Instant::now();
    let ports = if options.serve { Service::ALL.map(Service::default_port) } else { [0; 3] };
    let node = Node::start(Options {
        services: Service::ALL.to_vec(),
        data_dir: options.data_dir.clone(),
        listen: std::net::Ipv4Addr::LOCALHOST.into(),
        ports,
        metrics_url: None,
        grace: Duration::from_secs(10),
    })
    .await?;
    let seed = Seed::chongqing_2011()?;
    let document = &seed.document;
    say!("{}", language.of(&document.title_en, &document.title_zh));

    let plan = Plan { households: options.households, seed: options.seed };
    load::hand_in(connect_to(&node, Service::Ingest).await?, &seed, plan).await?;
    let metrics = connect_to(&node, Service::Metrics).await?;
    let mut metrics = MetricsServiceClient::new(metrics).max_decoding_message_size(MAX_MESSAGE);
    let (card, indicators) = scorecard::figures(&mut metrics, &document.area_code, &document.period).await?;
    say!("{} {}", language.of("Scorecard of", "年度概览"), document.period);
    scorecard::listing(&card, &indicators, language).print(crate::cli::Format::Table)?;
    if card.iter().any(|f| f.simulated) {
        say!("* {}", language.of("from simulated records", "含模拟数据"));
    }

    let asked = CheckStatementsRequest { document_id: document.document_id.clone(), ..Default::default() };
    let checks = metrics.check_statements(asked).await.map_err(|s| from_status(&s))?.into_inner();
    say!(
        "{} checks: {} consistent, {} undetermined, {} contradictions",
        checks.checks,
        checks.consistent,
        checks.undetermined,
        checks.inconsistent
    );
    let contradictions: Vec<_> =
        checks.results.into_iter().filter(|r| r.verdict() == Verdict::Inconsistent).collect();
    check::listing(&contradictions, language).print(crate::cli::Format::Table)?;

    let output = options.data_dir.join("report.html");
    let reporting = connect_to(&node, Service::Reporting).await?;
    let report = report::generate(reporting, &document.document_id, &output).await?;
    let place = output.canonicalize().unwrap_or(output);
    say!("Report with {} figures: file://{}", report.figures, place.display());
    say!("Tables: {} (any Delta reader)", options.data_dir.join("tables").display());
    say!("Done in {:.1} s.", began.elapsed().as_secs_f64());
    if !options.serve {
        say!("Next: uplift demo --serve, then grpcurl -plaintext localhost:7102 list");
        return node.stop().await.map(|()| Outcome::Done);
    }
    for (service, address) in node.addresses() {
        say!("{service} serves at {address}");
    }
    say!("Ctrl-C stops.");
    serve::until_signal(node).await
}

async fn connect_to(node: &Node, service: Service) -> Result<Channel> {
    let address = node.address(service);
    let address = address.ok_or_else(|| Error::internal("connecting", format!("{service} does not run")))?;
    connect(&format!("http://{address}")).await
}
