//! Whether the thousandth small submission costs what the first did, in time, disk and memory:
//!
//!     UPLIFT_BENCH_COMMITS=10000 UPLIFT_BENCH_RETENTION=60 cargo bench --workspace --bench growth
//!
//! The second setting is the seconds for which every version is kept; as it is by default, none expires meanwhile.
//! Each is sent once the one before it was answered; the second run has one rejected row in each. Quarters of one run
//! are compared with each other, so that a noisy machine matters little.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::{Duration, Instant};

use uplift_proto::rows::Rows;
use uplift_proto::v1::ingest::{ListSubmissionsRequest, Policy};
use uplift_proto::v1::metrics::{IndicatorQuery, QueryIndicatorsRequest};
use uplift_proto::v1::records::{Household, RegistrationStatus};
use uplift_testkit::{Uplift, rows_number, submission, wanzhou};

const ROWS: usize = 20;

fn household(id: String, n: usize) -> Household {
    Household {
        household_id: id,
        year: 2011,
        area_code: "500101".into(),
        size: Some(1 + (n % 6) as i32),
        income_fen: Some(150_000 + (n as i64 * 7919) % 2_000_000),
        status: RegistrationStatus::Registered.into(),
        weight: Some(1.0),
        ..Default::default()
    }
}

/// A part of a sorted list of times, in milliseconds.
fn quantile(times: &[Duration], share: f64) -> f64 {
    let mut times = times.to_vec();
    times.sort();
    times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3
}

/// Memory of this process, which runs the services too, in MiB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() >> 10
}

/// Files and KiB of a folder, logs apart.
#[derive(Default)]
struct Disk {
    files: usize,
    data: u64,
    log: u64,
}

impl Disk {
    fn of(folder: &Path) -> Self {
        let mut disk = Self::default();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let in_log = folder.ends_with("_delta_log");
            for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
                let metadata = entry.metadata().unwrap();
                if metadata.is_dir() {
                    folders.push(entry.path());
                    continue;
                }
                disk.files += 1;
                *(if in_log { &mut disk.log } else { &mut disk.data }) += metadata.len().div_ceil(1024);
            }
        }
        disk
    }
}

async fn grow(commits: usize, rejected: bool) {
    let mut uplift =
        Uplift::start_with(|config| config.ingest.retention = setting("RETENTION", 86_400)).await;
    let mut ingest = uplift.ingest().await;
    ingest.submit_records(wanzhou()).await.unwrap();
    let mut times = Vec::new();
    println!(
        "\n{commits} submissions of {ROWS} rows{}",
        if rejected { ", one of them rejected" } else { "" }
    );
    println!(
        "{:>8} {:>10} {:>8} {:>8} {:>9} {:>9} {:>8}",
        "", "median ms", "p99 ms", "files", "data KiB", "log KiB", "RSS MiB"
    );
    for n in 0..commits {
        let mut rows: Vec<_> = (0..ROWS).map(|i| household(format!("s{n}.{i}"), i)).collect();
        if rejected {
            rows[0].size = Some(-1);
        }
        let mut request =
            submission(&format!("small/{n}"), "household", Rows::encode(rows_number("household"), &rows));
        request.header.as_mut().unwrap().policy = Policy::AcceptGoodRows.into();
        let began = Instant::now();
        ingest.submit_records(request).await.unwrap();
        times.push(began.elapsed());
        if (n + 1) % (commits / 4) == 0 {
            let quarter = &times[n + 1 - commits / 4..];
            let disk = Disk::of(&uplift.folder().join("tables"));
            println!(
                "{:>8} {:>10.1} {:>8.1} {:>8} {:>9} {:>9} {:>8}",
                n + 1,
                quantile(quarter, 0.5),
                quantile(quarter, 0.99),
                disk.files,
                disk.data,
                disk.log,
                memory()
            );
        }
    }
    let quarter = |k: usize| quantile(&times[k * commits / 4..(k + 1) * commits / 4], 0.5);
    println!("the last quarter's median is {:.2} times the first's", quarter(3) / quarter(0));
    if !rejected {
        asked_at_many_versions(&uplift, commits).await;
    }
    drop(ingest);
    let began = Instant::now();
    uplift.restart().await;
    uplift.ingest().await.list_submissions(ListSubmissionsRequest::default()).await.unwrap();
    println!("a stop and a start with all of them take {:.2} s", began.elapsed().as_secs_f64());
}

/// Memory once figures were asked for at many versions of a table.
async fn asked_at_many_versions(uplift: &Uplift, commits: usize) {
    let mut metrics = uplift.metrics().await;
    let before = memory();
    let versions = 500.min(commits / 2) as i64;
    let began = Instant::now();
    let mut answered = 0;
    for back in 0..versions {
        let version = commits as i64 - back;
        let query = IndicatorQuery {
            indicators: vec!["poverty.people".into()],
            area_code: "50".into(),
            periods: vec!["2011".into()],
            table_versions: [("household".to_owned(), version)].into(),
            ..Default::default()
        };
        let request = QueryIndicatorsRequest { query: Some(query), ..Default::default() };
        answered += usize::from(metrics.query_indicators(request).await.is_ok());
    }
    println!(
        "figures asked for at {versions} versions ({answered} kept) in {:.1} s: memory {before} to {} MiB",
        began.elapsed().as_secs_f64(),
        memory()
    );
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(format!("UPLIFT_BENCH_{name}")).ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

fn main() {
    let commits = setting("COMMITS", 1_000) as usize;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        grow(commits, false).await;
        grow(commits, true).await;
    });
}
