//! Random operations against a real process and a small model beside it: what it answers, at the newest version and at
//! every earlier one, is what the model says, also after it was killed in the middle of any of them.
//!
//!     UPLIFT_TEST_OPERATIONS=10000 cargo test --workspace --test it -- model::
//!
//! UPLIFT_TEST_SEED chooses another sequence.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio_stream::StreamExt;
use tonic::{Code, Status};
use uplift_client::{IngestClient, MetricsClient};
use uplift_proto::rows::Rows;
use uplift_proto::v1::ingest::write_records_request::Part;
use uplift_proto::v1::ingest::{
    GetSubmissionRequest, Mode, Policy, RecordBatch, State, SubmissionHeader, SubmitRecordsRequest,
    WriteRecordsRequest,
};
use uplift_proto::v1::metrics::{IndicatorQuery, QueryIndicatorsRequest};
use uplift_proto::v1::records::{Area, AreaLevel, FlowKind, FundFlow, FundSource};
use uplift_testkit::{connected, free_port, rows_number, submission, uplift_command};

use crate::clients::setting;

const COUNTIES: [&str; 3] = ["500101", "500102", "500103"];
const PERIODS: [&str; 3] = ["2010", "2011", "2011-Q2"];
/// Keys are few, so that many are sent twice.
const KEYS: u32 = 400;

/// County and period of a submission.
type Scope = (usize, usize);
/// Key and yuan of a row.
type Row = (u32, i64);
/// Totals by county and year, in yuan; nothing where there are no records.
type Totals = BTreeMap<(usize, u16), i64>;

/// A submission, or one batch of a stream.
#[derive(Debug, Clone)]
struct Sent {
    id: String,
    scope: Scope,
    replace: bool,
    accept_good_rows: bool,
    rows: Vec<Row>,
}

/// What is in the table, and what it held at each version.
#[derive(Default)]
struct Model {
    rows: BTreeMap<u32, (Scope, i64)>,
    history: BTreeMap<i64, Totals>,
    committed: Vec<(Sent, i64)>,
    refused: Vec<Sent>,
    /// Versions that an answer named: they are there for ever.
    named: BTreeSet<i64>,
}

fn year(scope: Scope) -> u16 {
    PERIODS[scope.1][..4].parse().unwrap()
}

impl Model {
    /// The rows of a submission that are accepted; none if it is refused.
    fn judge(&self, sent: &Sent) -> Option<Vec<Row>> {
        let mut seen = BTreeSet::new();
        let taken =
            |key: &u32| self.rows.get(key).is_some_and(|(scope, _)| !(sent.replace && *scope == sent.scope));
        let good: Vec<_> =
            sent.rows.iter().copied().filter(|(key, _)| seen.insert(*key) && !taken(key)).collect();
        let refused = good.is_empty() || (good.len() < sent.rows.len() && !sent.accept_good_rows);
        (!refused).then_some(good)
    }

    fn commit(&mut self, sent: &Sent, accepted: Vec<Row>, version: i64) {
        if sent.replace {
            self.rows.retain(|_, (scope, _)| *scope != sent.scope);
        }
        self.rows.extend(accepted.into_iter().map(|(key, yuan)| (key, (sent.scope, yuan))));
        let mut totals = Totals::new();
        for (scope, yuan) in self.rows.values() {
            *totals.entry((scope.0, year(*scope))).or_default() += yuan;
        }
        assert!(self.history.keys().all(|known| *known < version), "versions go up");
        self.history.insert(version, totals);
    }

    fn totals_at(&self, version: i64) -> Totals {
        self.history.range(..=version).next_back().map(|(_, totals)| totals.clone()).unwrap_or_default()
    }
}

fn header(sent: &Sent) -> SubmissionHeader {
    SubmissionHeader {
        submission_id: sent.id.clone(),
        dataset: "fund_flow".into(),
        area_code: COUNTIES[sent.scope.0].into(),
        period: PERIODS[sent.scope.1].into(),
        mode: if sent.replace { Mode::Replace } else { Mode::Append }.into(),
        policy: if sent.accept_good_rows { Policy::AcceptGoodRows } else { Policy::AllOrNothing }.into(),
        sender: "Model".into(),
        simulated: false,
    }
}

fn records(sent: &Sent) -> Rows {
    let rows = sent.rows.iter().map(|(key, yuan)| FundFlow {
        flow_id: format!("k{key}"),
        date: format!("{}-05-01", year(sent.scope)),
        kind: FlowKind::Disbursement.into(),
        source: FundSource::FiscalNational.into(),
        amount_fen: Some(yuan * 100),
        area_code: COUNTIES[sent.scope.0].into(),
        ..FundFlow::default()
    });
    Rows::encode(rows_number("fund_flow"), &rows.collect::<Vec<_>>())
}

fn request(sent: &Sent) -> SubmitRecordsRequest {
    SubmitRecordsRequest { header: Some(header(sent)), rows: Some(records(sent)), dry_run: false }
}

/// The process with ingest and metrics.
struct Process {
    child: Child,
    ingest: IngestClient,
    metrics: MetricsClient,
}

impl Process {
    async fn start(folder: &Path) -> Self {
        let config = folder.join("uplift.toml");
        let ports = [free_port(), free_port(), free_port()];
        // Versions expire after seconds, so that what is kept is seen in a short run.
        let text = format!(
            "data_dir = {:?}\n[ingest]\nport = {}\nretention = 3\n[metrics]\nport = {}\n[reporting]\nport = {}\n",
            folder.join("data"),
            ports[0],
            ports[1],
            ports[2]
        );
        std::fs::write(&config, text).unwrap();
        let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("log")).unwrap();
        let child = Command::new(uplift_command())
            .args(["serve", "--config"])
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let ingest = uplift_client::ingest(connected(ports[0]).await);
        let metrics = uplift_client::metrics(connected(ports[1]).await);
        Self { child, ingest, metrics }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // SIGKILL: nothing is finished, nothing is written back.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A run: the process, the model, and what is random.
struct Run {
    folder: tempfile::TempDir,
    process: Process,
    model: Model,
    random: ChaCha8Rng,
    sent: usize,
    kills: usize,
    expired: usize,
}

impl Run {
    fn new_submission(&mut self) -> Sent {
        self.sent += 1;
        let random = &mut self.random;
        let scope = (random.random_range(0..COUNTIES.len()), random.random_range(0..PERIODS.len()));
        let count = random.random_range(1..6);
        let rows =
            (0..count).map(|_| (random.random_range(0..KEYS), random.random_range(1..1_000))).collect();
        Sent {
            id: format!("s{}", self.sent),
            scope,
            replace: random.random_bool(0.3),
            accept_good_rows: random.random_bool(0.5),
            rows,
        }
    }

    /// Sends a submission until it is answered, killing the process meanwhile if so chosen.
    async fn answer(&mut self, sent: &Sent, kill: bool) -> Result<(State, i64, Option<i64>), Status> {
        let mut kill = kill;
        loop {
            let mut ingest = self.process.ingest.clone();
            let call = ingest.submit_records(request(sent));
            let answer = if kill {
                let patience = Duration::from_micros(self.random.random_range(0..40_000));
                let answer = tokio::time::timeout(patience, call).await;
                self.kill().await;
                kill = false;
                match answer {
                    Ok(answer) => answer,
                    Err(_) => continue,
                }
            } else {
                call.await
            };
            match answer {
                Ok(answer) => {
                    let submission = answer.into_inner().submission.unwrap();
                    return Ok((submission.state(), submission.rows_accepted, submission.table_version));
                }
                Err(status) if matches!(status.code(), Code::Aborted | Code::Unavailable) => {}
                // The connection went with the process.
                Err(status) if std::error::Error::source(&status).is_some() => {}
                Err(status) => return Err(status),
            }
        }
    }

    async fn kill(&mut self) {
        self.kills += 1;
        self.process = {
            let _ = self.process.child.kill();
            let _ = self.process.child.wait();
            Process::start(self.folder.path()).await
        };
        self.compare_newest().await;
    }

    async fn submit(&mut self, sent: Sent, kill: bool) {
        let expected = self.model.judge(&sent);
        match (self.answer(&sent, kill).await, expected) {
            (Ok((State::Committed, accepted, Some(version))), Some(rows)) => {
                assert_eq!(accepted as usize, rows.len(), "{sent:?}");
                self.model.commit(&sent, rows, version);
                self.model.committed.push((sent, version));
            }
            (Err(status), None) if status.code() == Code::InvalidArgument => self.model.refused.push(sent),
            (answer, expected) => panic!("{sent:?}: {answer:?}, expected {expected:?}"),
        }
    }

    /// A stream of a few batches, each of which the model judges by itself.
    async fn stream(&mut self) {
        let first = Sent { replace: false, accept_good_rows: true, ..self.new_submission() };
        let mut batches = Vec::new();
        for _ in 0..self.random.random_range(1..4) {
            let rows = self.new_submission().rows;
            batches.push(Sent { rows, ..first.clone() });
        }
        let open = WriteRecordsRequest { part: Some(Part::Open(header(&first))) };
        let parts = batches.iter().enumerate().map(|(n, batch)| WriteRecordsRequest {
            part: Some(Part::Batch(RecordBatch { sequence: n as i64 + 1, rows: Some(records(batch)) })),
        });
        let parts: Vec<_> = std::iter::once(open).chain(parts).collect();
        let answers =
            self.process.ingest.write_records(tokio_stream::iter(parts)).await.unwrap().into_inner();
        let acks: Vec<_> = answers.map(Result::unwrap).collect().await;
        assert_eq!(acks.last().unwrap().sequence as usize, batches.len());
        let mut accepted = 0;
        // Batches that share a commit share its version.
        let mut staged: Vec<(Sent, Vec<Row>, i64)> = Vec::new();
        for (batch, ack) in batches.iter().zip(&acks[1..]) {
            let mut with_staged = Model { rows: self.model.rows.clone(), ..Model::default() };
            for (_, rows, _) in &staged {
                with_staged.rows.extend(rows.iter().map(|(key, yuan)| (*key, (first.scope, *yuan))));
            }
            let rows = with_staged.judge(batch).unwrap_or_default();
            accepted += rows.len() as i64;
            assert_eq!(ack.rows_accepted, accepted, "{batch:?}");
            if let Some(version) = ack.table_version {
                staged.push((batch.clone(), rows, version));
            }
        }
        let mut by_version: BTreeMap<i64, Vec<Row>> = BTreeMap::new();
        staged.into_iter().for_each(|(_, rows, version)| by_version.entry(version).or_default().extend(rows));
        for (version, rows) in by_version {
            self.model.commit(&first, rows, version);
        }
    }

    /// An id that was used before gets the first answer, and is no other content's.
    async fn repeat(&mut self) {
        if self.model.committed.is_empty() {
            return;
        }
        let (sent, version) =
            self.model.committed[self.random.random_range(0..self.model.committed.len())].clone();
        if self.random.random_bool(0.5) {
            let (state, _, found) = self.answer(&sent, false).await.unwrap();
            assert_eq!((state, found), (State::Committed, Some(version)), "{sent:?}");
        } else {
            let other = Sent { rows: vec![(KEYS + 1, 5)], ..sent.clone() };
            assert_eq!(self.answer(&other, false).await.unwrap_err().code(), Code::AlreadyExists, "{sent:?}");
        }
        let asked = GetSubmissionRequest { submission_id: sent.id.clone() };
        let found = self.process.ingest.get_submission(asked).await.unwrap().into_inner().submission.unwrap();
        assert_eq!((found.state(), found.table_version), (State::Committed, Some(version)), "{sent:?}");
    }

    /// Totals by county and year, at a version or at the newest.
    async fn totals(&mut self, version: Option<i64>) -> Result<(Totals, i64), Status> {
        let query = IndicatorQuery {
            indicators: vec!["fund.disbursement".into()],
            area_code: "50".into(),
            by_level: AreaLevel::County.into(),
            periods: vec!["2010".into(), "2011".into()],
            table_versions: version.map(|v| ("fund_flow".to_owned(), v)).into_iter().collect(),
            ..IndicatorQuery::default()
        };
        let request = QueryIndicatorsRequest { query: Some(query), ..Default::default() };
        let answer = self.process.metrics.query_indicators(request).await?.into_inner();
        let counties = answer.figures.iter().filter(|f| f.area_code != "50" && f.value.is_some());
        let totals = counties.map(|f| {
            let county = COUNTIES.iter().position(|code| *code == f.area_code).unwrap();
            ((county, f.period.parse().unwrap()), f.exact_value.parse().unwrap())
        });
        Ok((totals.collect(), answer.table_versions["fund_flow"]))
    }

    async fn compare_newest(&mut self) {
        let (totals, version) = self.totals(None).await.unwrap();
        // After a kill the newest version may be of a submission that is not answered yet.
        if version <= self.model.history.last_key_value().map_or(0, |(v, _)| *v) {
            assert_eq!(totals, self.model.totals_at(version), "version {version}");
        }
        self.model.named.insert(version);
    }

    async fn compare_earlier(&mut self) {
        let Some(newest) = self.model.history.last_key_value().map(|(version, _)| *version) else { return };
        let version = self.random.random_range(0..=newest);
        match self.totals(Some(version)).await {
            Ok((totals, _)) => {
                assert_eq!(totals, self.model.totals_at(version), "version {version}");
                self.model.named.insert(version);
            }
            Err(status) => {
                self.expired += 1;
                assert_eq!(status.code(), Code::NotFound, "{status:?}");
                assert!(status.message().contains("expired on"), "{status:?}");
                assert!(
                    !self.model.named.contains(&version),
                    "version {version} was named by an answer: {status:?}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_random_life_is_what_a_small_model_says() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path()).await;
    let random = ChaCha8Rng::seed_from_u64(setting("SEED", 1) as u64);
    let mut run = Run { folder, process, model: Model::default(), random, sent: 0, kills: 0, expired: 0 };
    let areas = COUNTIES.map(|code| Area {
        area_code: code.into(),
        valid_from: "2000-01-01".into(),
        level: AreaLevel::County.into(),
        name_en: code.into(),
        name_zh: code.into(),
        ..Area::default()
    });
    let areas = submission("areas", "area", Rows::encode(rows_number("area"), &areas));
    run.process.ingest.submit_records(areas).await.unwrap();
    let operations = setting("OPERATIONS", 250);
    for n in 0..operations {
        match run.random.random_range(0..100) {
            0..60 => {
                let (sent, kill) = (run.new_submission(), run.random.random_bool(0.04));
                run.submit(sent, kill).await;
            }
            60..68 => run.stream().await,
            68..78 => run.repeat().await,
            78..88 => run.compare_newest().await,
            88..99 => run.compare_earlier().await,
            _ => run.kill().await,
        }
        if n % 1_000 == 999 {
            println!("{} operations, {} kills, {} versions had expired", n + 1, run.kills, run.expired);
        }
    }
    for version in run.model.named.clone() {
        let (totals, _) = run.totals(Some(version)).await.unwrap();
        assert_eq!(totals, run.model.totals_at(version), "version {version}");
    }
    println!(
        "{operations} operations: {} committed, {} refused, {} kills, {} earlier versions had expired, {} are kept",
        run.model.committed.len(),
        run.model.refused.len(),
        run.kills,
        run.expired,
        run.model.named.len()
    );
}
