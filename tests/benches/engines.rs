//! Six questions by county asked of a service of its own, and of DuckDB, Polars and chDB over the same files.
//!
//!     benches/run 1000000
//!
//! which makes the data, installs the peers and runs this. The service is the command of the same build, started anew for
//! every question, from nothing and with what it saved; what it answers has standard errors, and comes over gRPC.

#![allow(clippy::unwrap_used)]

mod service;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uplift_client::{IngestClient, MetricsClient};
use uplift_proto::rows::Rows;
use uplift_proto::v1::metrics::{IndicatorQuery, StreamIndicatorsRequest};
use uplift_proto::v1::records::{AreaLevel, Household, RegistrationStatus};

use crate::service::Service;

struct Question {
    name: &'static str,
    indicators: &'static [&'static str],
    sections: &'static [&'static str],
    level: AreaLevel,
    year_before: bool,
    highest: i32,
}

const FGT: [&str; 3] = ["poverty.headcount_ratio", "poverty.gap", "poverty.squared_gap"];

fn questions() -> Vec<Question> {
    let by_county = |name, indicators, sections| Question {
        name,
        indicators,
        sections,
        level: AreaLevel::County,
        year_before: false,
        highest: 0,
    };
    vec![
        by_county("Q1", &FGT, &[]),
        by_county("Q2", &[FGT[0], FGT[1], FGT[2], "inequality.gini", "inequality.median"], &[]),
        by_county(
            "Q3",
            &[
                "deprivation.headcount_ratio",
                "deprivation.intensity",
                "deprivation.adjusted_headcount",
                "deprivation.schooling_censored",
                "deprivation.health_censored",
                "deprivation.housing_censored",
                "deprivation.water_censored",
                "deprivation.road_censored",
                "deprivation.power_censored",
            ],
            &[],
        ),
        Question {
            level: AreaLevel::Village,
            highest: 100,
            ..by_county("Q4", &["poverty.number_of_poor"], &[])
        },
        by_county("Q5", &["poverty.entry_rate", "poverty.exit_rate", "poverty.persistence"], &[]),
        Question { year_before: true, ..by_county("Q6", &[], &["poverty", "inequality", "deprivation"]) },
    ]
}

impl Question {
    fn query(&self, period: &str) -> IndicatorQuery {
        IndicatorQuery {
            indicators: self.indicators.iter().map(ToString::to_string).collect(),
            sections: self.sections.iter().map(ToString::to_string).collect(),
            area_code: "50".into(),
            by_level: self.level.into(),
            periods: vec![period.into()],
            compare_previous_year: self.year_before,
            highest: self.highest,
            ..Default::default()
        }
    }

    /// Figures of the answer, and how long it took to have them all.
    async fn ask(
        &self,
        metrics: &mut MetricsClient,
        period: &str,
    ) -> Result<(usize, Duration), tonic::Status> {
        let query = Some(self.query(period));
        let began = Instant::now();
        let mut parts = metrics.stream_indicators(StreamIndicatorsRequest { query }).await?.into_inner();
        let mut figures = 0;
        while let Some(part) = parts.message().await? {
            figures += part.figures.len();
        }
        Ok((figures, began.elapsed()))
    }
}

/// Times that each question is asked from nothing.
const TIMES: usize = 3;

/// What a service makes of a question; the status of one that it refuses.
async fn ours(
    command: &Path,
    folder: &Path,
    question: &Question,
    number: usize,
) -> Result<Value, tonic::Status> {
    let (mut first, mut again, mut after, mut figures, mut peak) = (vec![], vec![], vec![], 0, 0);
    let (mut restarted, mut after_restart, mut saved) = (vec![], vec![], 0);
    let cache = folder.join("cache");
    for time in 0..TIMES {
        let _ = std::fs::remove_dir_all(&cache);
        let service = Service::start(command, folder);
        let mut metrics = service.metrics().await;
        // The table is opened, as a view of another engine is made, before the time is taken.
        question.ask(&mut metrics, "1990").await?;
        let (count, took) = question.ask(&mut metrics, "2011").await?;
        (figures, peak) = (count, peak.max(service.peak_bytes()));
        first.push(took);
        again.push(question.ask(&mut metrics, "2011").await?.1);
        hand_in(&service, 2 * (number * TIMES + time)).await;
        after.push(question.ask(&mut metrics, "2011").await?.1);
        saved = saved.max(all_saved(&cache).await);
        drop(service);
        let service = Service::start(command, folder);
        let mut metrics = service.metrics().await;
        question.ask(&mut metrics, "1990").await?;
        restarted.push(question.ask(&mut metrics, "2011").await?.1);
        drop(service);
        let service = Service::start(command, folder);
        let mut metrics = service.metrics().await;
        question.ask(&mut metrics, "1990").await?;
        hand_in(&service, 2 * (number * TIMES + time) + 1).await;
        after_restart.push(question.ask(&mut metrics, "2011").await?.1);
    }
    let least = |times: &[Duration]| times.iter().min().unwrap().as_secs_f64();
    Ok(json!({
        "question": question.name, "figures": figures, "first": least(&first), "again": least(&again),
        "after_hand_in": least(&after), "restarted": least(&restarted), "after_restart": least(&after_restart),
        "peak_bytes": peak, "saved_bytes": saved,
    }))
}

/// Waits until nothing more is saved, and tells how much is.
async fn all_saved(cache: &Path) -> u64 {
    let bytes = |folder: PathBuf| -> u64 {
        let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
        files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
    };
    let saved =
        || std::fs::read_dir(cache).into_iter().flatten().flatten().map(|build| bytes(build.path())).sum();
    let mut before: u64 = saved();
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = saved();
        if now == before {
            return now;
        }
        before = now;
    }
}

/// 1,000 more households of one county.
async fn hand_in(service: &Service, number: usize) {
    let household = |n: usize| Household {
        household_id: format!("B{number}-{n}"),
        year: 2011,
        area_code: "500101".into(),
        size: Some(3),
        income_fen: Some(300_000 + 1_000 * n as i64),
        status: RegistrationStatus::NotPoor.into(),
        weight: Some(1.0),
        stratum: "500101".into(),
        cluster: format!("b{}", n % 30),
        ..Default::default()
    };
    let households: Vec<_> = (0..1_000).map(household).collect();
    let rows = Rows::encode(uplift_testkit::rows_number("household"), &households);
    let mut request = uplift_testkit::submission(&format!("bench-{number}"), "household", rows);
    if let Some(header) = &mut request.header {
        header.area_code = "500101".into();
        header.simulated = true;
    }
    let channel = uplift_testkit::connected(service.ingest_port()).await;
    IngestClient::new(channel).submit_records(request).await.unwrap();
}

/// The live files of the households, in a folder of links.
fn live_files(python: &Path, table: &Path, folder: &Path) {
    let script = "
import os, sys
from deltalake import DeltaTable
for n, file in enumerate(DeltaTable(sys.argv[1]).file_uris()):
    os.link(file.removeprefix('file://'), f'{sys.argv[2]}/{n}.parquet')
";
    let done = Command::new(python).args(["-c", script]).arg(table).arg(folder).status().unwrap();
    assert!(done.success());
}

fn peer(python: &Path, script: &Path, folder: &Path, engine: &str) -> Vec<Value> {
    let mut peer = Command::new(python);
    peer.arg(script).arg(folder).arg(engine).env("POLARS_MAX_THREADS", "2");
    let output = peer.stderr(Stdio::null()).output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|a| a != "--bench");
    let mut next = |what: &str| arguments.next().unwrap_or_else(|| panic!("{what}; run benches/run"));
    let command = PathBuf::from(next("the command"));
    let folder = PathBuf::from(next("the data folder"));
    let python = PathBuf::from(next("the Python that has the peers"));
    let script = PathBuf::from(next("the script of the peers"));
    let links = tempfile::tempdir_in(folder.parent().unwrap()).unwrap();
    live_files(&python, &folder.join("tables/household"), links.path());
    let mut peers: BTreeMap<String, Vec<(String, Value)>> = BTreeMap::new();
    for engine in ["duckdb", "polars", "chdb"] {
        for told in peer(&python, &script, links.path(), engine) {
            let question = told["question"].as_str().unwrap_or("memory").to_owned();
            peers.entry(question).or_default().push((engine.to_owned(), told));
        }
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    println!(
        "| question | figures | Uplift first | restarted | again | after 1,000 rows | restarted, 1,000 rows | best peer | its rows | peer ÷ first | ÷ restarted | ÷ after | ÷ both | memory | cache |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    for (number, question) in questions().iter().enumerate() {
        let told = match runtime.block_on(ours(&command, &folder, question, number)) {
            Ok(told) => told,
            Err(status) => {
                println!("| {} | refused: {} |", question.name, status.message());
                continue;
            }
        };
        let of_peers = peers.get(question.name).map(Vec::as_slice).unwrap_or_default();
        let best = of_peers.iter().filter_map(|(engine, told)| Some((told["least"].as_f64()?, engine, told)));
        let (best, engine, rows) = best.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
        let seconds = |name: &str| told[name].as_f64().unwrap();
        println!(
            "| {} | {} | {:.3} s | {:.3} s | {:.4} s | {:.3} s | {:.3} s | {engine} {best:.3} s | {} | {:.2} | {:.1} | {:.1} | {:.1} | {} MB | {} MB |",
            question.name,
            told["figures"],
            seconds("first"),
            seconds("restarted"),
            seconds("again"),
            seconds("after_hand_in"),
            seconds("after_restart"),
            rows["rows"],
            best / seconds("first"),
            best / seconds("restarted"),
            best / seconds("after_hand_in"),
            best / seconds("after_restart"),
            told["peak_bytes"].as_u64().unwrap() >> 20,
            told["saved_bytes"].as_u64().unwrap() >> 20,
        );
    }
    for (engine, told) in &peers["memory"] {
        println!("{engine}: peak memory {} MB", told["peak_bytes"].as_u64().unwrap() >> 20);
    }
}
