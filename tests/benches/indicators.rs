//! All indicators of all counties in one answer; those in plain SQL against DuckDB running the same
//! queries one by one on the same files; and the cost of a cached answer, against an empty call.
//!
//!     cargo bench --profile dev --workspace --bench indicators -- 1000000
//!
//! The number is of simulated households. DuckDB needs UPLIFT_TEST_TOOLS, as `.ci/run` sets it.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use uplift_proto::service::Service;
use uplift_proto::v1::metrics::{
    Indicator, IndicatorQuery, ListIndicatorsRequest, QueryIndicatorsRequest, StreamIndicatorsRequest,
    TraceFigureRequest,
};
use uplift_proto::v1::records::AreaLevel;
use uplift_testkit::Uplift;

const CALLS: usize = 1_000;

fn query_for(indicators: Vec<String>, by_level: AreaLevel) -> IndicatorQuery {
    IndicatorQuery {
        indicators,
        area_code: "50".into(),
        by_level: by_level.into(),
        periods: vec!["2011".into()],
        ..Default::default()
    }
}

/// Sections whose indicators are measures of ours, which no other engine has.
const MEASURES: [&str; 3] = ["poverty", "inequality", "deprivation"];

/// Indicators of other sections.
async fn in_plain_sql(uplift: &Uplift) -> Vec<Indicator> {
    let mut metrics = uplift.metrics().await;
    let mut listed = metrics.list_indicators(ListIndicatorsRequest::default()).await.unwrap().into_inner();
    listed.indicators.retain(|i| !MEASURES.contains(&i.section.as_str()));
    listed.indicators
}

async fn all_by_county(uplift: &Uplift, indicators: Vec<String>) -> (usize, Duration) {
    let query = Some(query_for(indicators, AreaLevel::County));
    let began = Instant::now();
    let mut metrics = uplift.metrics().await;
    let mut parts = metrics.stream_indicators(StreamIndicatorsRequest { query }).await.unwrap().into_inner();
    let mut figures = 0;
    while let Some(part) = parts.message().await.unwrap() {
        figures += part.figures.len();
    }
    (figures, began.elapsed())
}

/// The SQL of every part of every indicator, by county.
async fn same_queries(uplift: &Uplift) -> Vec<String> {
    let mut metrics = uplift.metrics().await;
    let mut queries = Vec::new();
    for indicator in in_plain_sql(uplift).await {
        let query = Some(query_for(vec![indicator.indicator_id.clone()], AreaLevel::Unspecified));
        let request = QueryIndicatorsRequest { query, ..Default::default() };
        let figure = metrics.query_indicators(request).await.unwrap().into_inner().figures.remove(0);
        let request = TraceFigureRequest { trace: figure.trace, page_size: 1, ..Default::default() };
        let traced = metrics.trace_figure(request).await.unwrap().into_inner();
        let components = [&indicator.value, &indicator.numerator, &indicator.denominator];
        for (part, component) in traced.parts.iter().zip(components.into_iter().flatten()) {
            let area = format!("SELECT left({}, 6) AS county, ", component.area);
            queries.push(part.sql.replacen("SELECT ", &area, 1) + " GROUP BY 1");
        }
    }
    queries
}

const SCRIPT: &str = "
import json, os, sys, time
import duckdb
from deltalake import DeltaTable
root, queries = sys.argv[1], json.load(open(sys.argv[2]))
duck = duckdb.connect()
for name in os.listdir(root):
    files = DeltaTable(f'{root}/{name}').file_uris()
    if files:
        duck.execute(f'CREATE VIEW {name} AS SELECT * FROM read_parquet({files!r}, hive_partitioning = true)')
began = time.perf_counter()
for sql in queries:
    duck.execute(sql).fetchall()
print(time.perf_counter() - began)
";

fn duckdb(root: &Path, queries: &[String]) -> Option<Duration> {
    let tools = std::env::var_os("UPLIFT_TEST_TOOLS")?;
    let list = tempfile::NamedTempFile::new().unwrap();
    serde_json::to_writer(&list, queries).unwrap();
    let mut python = Command::new(Path::new(&tools).join("bin/python"));
    let output = python.args(["-c", SCRIPT]).arg(root).arg(list.path()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    match text.trim().parse() {
        Ok(seconds) => Some(Duration::from_secs_f64(seconds)),
        Err(_) => panic!("DuckDB did not run: {}", String::from_utf8_lossy(&output.stderr)),
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

async fn cached_answers(uplift: &Uplift) {
    let channel =
        uplift_client::connect(&format!("http://{}", uplift.address(Service::Metrics))).await.unwrap();
    let mut health = HealthClient::new(channel);
    let mut metrics = uplift.metrics().await;
    let (mut empty, mut cached) = (Vec::new(), Vec::new());
    // One of each in turn, so that whatever else the machine does meets both.
    for _ in 0..CALLS {
        let began = Instant::now();
        health.check(HealthCheckRequest::default()).await.unwrap();
        empty.push(began.elapsed());
        let query = Some(query_for(vec!["relocation.people".into()], AreaLevel::Unspecified));
        let began = Instant::now();
        metrics.query_indicators(QueryIndicatorsRequest { query, ..Default::default() }).await.unwrap();
        cached.push(began.elapsed());
    }
    let (empty, cached) = (median(empty), median(cached));
    println!(
        "a figure that is cached {cached:.1?}, an empty call {empty:.1?}: {:.1} times",
        cached.as_secs_f64() / empty.as_secs_f64()
    );
}

fn main() {
    let households = std::env::args().filter_map(|a| a.parse().ok()).next().unwrap_or(20_000);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let uplift = Uplift::start().await;
        let ingest = format!("http://{}", uplift.address(Service::Ingest));
        uplift_testkit::simulate(&ingest, households).await;
        let plain = in_plain_sql(&uplift).await.into_iter().map(|i| i.indicator_id).collect();
        let (figures, first) = all_by_county(&uplift, plain).await;
        println!("{figures} figures of the indicators in plain SQL, all counties: {first:.2?}");
        let (all, more) = all_by_county(&uplift, Vec::new()).await;
        println!("{} more, measures with standard errors: {more:.2?}", all - figures);
        let (_, repeat) = all_by_county(&uplift, Vec::new()).await;
        println!("{all} figures again: {repeat:.2?}");
        let queries = same_queries(&uplift).await;
        if let Some(theirs) = duckdb(&uplift.table(""), &queries) {
            let times = first.as_secs_f64() / theirs.as_secs_f64();
            println!(
                "DuckDB, the same {} queries one by one: {theirs:.2?}; ours is {times:.2} of it",
                queries.len()
            );
        }
        cached_answers(&uplift).await;
    });
}
