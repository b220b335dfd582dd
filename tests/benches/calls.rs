//! What a stream of records costs beside a service of tonic that takes the same and keeps nothing, and what a known figure costs
//! beside an empty call:
//!
//!     cargo build --release --workspace --bin uplift && cargo bench --workspace --bench calls -- COMMAND HOUSEHOLDS
//!
//! COMMAND is the `uplift` of the same build. It simulates the records and streams them to both, on the same cores.

#![allow(clippy::unwrap_used)]

mod service;

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::response::IntoResponse;
use futures::{Stream, StreamExt};
use tonic::server::{Grpc, StreamingService};
use tonic::service::Routes;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_prost::ProstCodec;
use uplift_proto::v1::ingest::write_records_request::Part;
use uplift_proto::v1::ingest::{WriteRecordsRequest, WriteRecordsResponse};
use uplift_proto::v1::metrics::{IndicatorQuery, QueryIndicatorsRequest};

use crate::service::Service;

/// Times that records are streamed to each.
const TIMES: usize = 3;
const CALLS: usize = 5_000;

/// Rows that came to the service that keeps nothing.
static ROWS: AtomicU64 = AtomicU64::new(0);

/// Answers a stream: each batch is counted, and acknowledged.
struct Counted;

type Answers = Pin<Box<dyn Stream<Item = Result<WriteRecordsResponse, tonic::Status>> + Send>>;

impl StreamingService<WriteRecordsRequest> for Counted {
    type Response = WriteRecordsResponse;
    type ResponseStream = Answers;
    type Future = std::future::Ready<Result<tonic::Response<Answers>, tonic::Status>>;

    fn call(&mut self, requests: tonic::Request<tonic::Streaming<WriteRecordsRequest>>) -> Self::Future {
        let mut accepted = 0;
        let answers = requests.into_inner().map(move |request| {
            if let Some(Part::Batch(batch)) = request?.part {
                let rows = batch.rows.map_or(0, |rows| rows.entries().count());
                accepted += rows as i64;
                ROWS.fetch_add(rows as u64, Ordering::Relaxed);
            }
            Ok(WriteRecordsResponse { rows_accepted: accepted, ..Default::default() })
        });
        std::future::ready(Ok(tonic::Response::new(Box::pin(answers))))
    }
}

async fn counted(request: Request) -> impl IntoResponse {
    let codec = ProstCodec::<WriteRecordsResponse, WriteRecordsRequest>::default();
    Grpc::new(codec).streaming(Counted, request).await
}

/// The service that keeps nothing, on a port.
async fn keep_nothing() -> u16 {
    let path = "/uplift.ingest.v1.IngestService/WriteRecords";
    let routes = Routes::from(axum::Router::new().route(path, axum::routing::post(counted)));
    let port = uplift_testkit::free_port();
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    tokio::spawn(async move { tonic::transport::Server::builder().add_routes(routes).serve(address).await });
    port
}

/// How long a programme takes to be simulated and streamed to a port.
async fn streamed(command: &Path, households: &str, port: u16) -> Duration {
    drop(uplift_testkit::connected(port).await);
    let mut simulate = tokio::process::Command::new(command);
    simulate.args(["simulate", "--households", households, "--ingest-url"]);
    simulate.arg(format!("http://127.0.0.1:{port}")).stdout(Stdio::null()).stderr(Stdio::null());
    let began = Instant::now();
    assert!(simulate.status().await.unwrap().success());
    began.elapsed()
}

/// Waits of an empty call and of a known figure, in turn, so that whatever else the machine does meets both.
async fn waits(service: &Service) -> [Vec<Duration>; 2] {
    let mut metrics = service.metrics().await;
    let mut health = HealthClient::new(uplift_testkit::connected(service.metrics_port()).await);
    let query = IndicatorQuery {
        indicators: vec!["poverty.headcount_ratio".into()],
        area_code: "50".into(),
        periods: vec!["2011".into()],
        ..Default::default()
    };
    let request = || QueryIndicatorsRequest { query: Some(query.clone()), ..Default::default() };
    let known = metrics.query_indicators(request()).await.unwrap().into_inner();
    assert!(known.figures[0].value.is_some());
    let (mut empty, mut figure) = (Vec::with_capacity(CALLS), Vec::with_capacity(CALLS));
    for _ in 0..CALLS {
        let began = Instant::now();
        health.check(HealthCheckRequest::default()).await.unwrap();
        empty.push(began.elapsed());
        let began = Instant::now();
        metrics.query_indicators(request()).await.unwrap();
        figure.push(began.elapsed());
    }
    [empty, figure].map(|mut waits| {
        waits.sort();
        waits
    })
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let command = PathBuf::from(arguments.next().expect("the command; run benches/run"));
    let households = arguments.next().unwrap_or_else(|| "100000".to_owned());
    let bare = keep_nothing().await;
    let (mut ours, mut theirs, mut rows) = (Vec::new(), Vec::new(), 0);
    let mut last = None;
    for _ in 0..TIMES {
        drop(last.take());
        let before = ROWS.load(Ordering::Relaxed);
        theirs.push(streamed(&command, &households, bare).await);
        rows = ROWS.load(Ordering::Relaxed) - before;
        let folder = tempfile::tempdir().unwrap();
        let service = Service::start(&command, folder.path());
        ours.push(streamed(&command, &households, service.ingest_port()).await);
        last = Some((service, folder));
    }
    let rate = |times: &[Duration]| rows as f64 / times.iter().min().unwrap().as_secs_f64();
    let (ours, theirs) = (rate(&ours), rate(&theirs));
    let (service, _folder) = last.expect("the last service");
    let memory = service.peak_bytes() >> 20;
    println!(
        "| streamed rows | Uplift, checked, keyed and durable | tonic, kept nowhere | ours ÷ tonic | memory |"
    );
    println!("|---|---|---|---|---|");
    println!("| {rows} | {ours:.0} rows/s | {theirs:.0} rows/s | {:.2} | {memory} MB |", ours / theirs);
    let [empty, figure] = waits(&service).await.map(|waits| {
        [0.5, 0.99].map(|part| waits[((waits.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3)
    });
    println!();
    println!("| {CALLS} calls in turn | p50 | p99 |");
    println!("|---|---|---|");
    println!("| health check | {:.2} ms | {:.2} ms |", empty[0], empty[1]);
    println!("| known figure | {:.2} ms | {:.2} ms |", figure[0], figure[1]);
    println!("| known ÷ empty | {:.1} | {:.1} |", figure[0] / empty[0], figure[1] / empty[1]);
}
