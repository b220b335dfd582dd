//! A process that is killed at random points of a mixed load, and object stores that fail: what was acknowledged is
//! there once, nothing is there in part.
//!
//! UPLIFT_TEST_KILLS is how often the process is killed, UPLIFT_TEST_FAULTS how many submissions meet faults.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::path::Path as Location;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};
use prost::bytes::Bytes;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Status};
use uplift_client::IngestClient;
use uplift_formats::columns::{integer, text, text_at};
use uplift_ingest::Ingest;
use uplift_proto::rows::Rows;
use uplift_proto::stop::Stop;
use uplift_proto::v1::ingest::write_records_request::Part;
use uplift_proto::v1::ingest::{
    GetSubmissionRequest, Mode, Policy, RecordBatch, State, SubmitRecordsRequest, WriteRecordsRequest,
};
use uplift_proto::v1::records::{FlowKind, FundFlow, FundSource};
use uplift_server::backup::verify;
use uplift_store::Store;
use uplift_testkit::{connected, free_port, rows_number, serve_ingest, submission, wanzhou};

use crate::clients::setting;

/// Rows of one submission of the load.
const ROWS: i64 = 7;

fn rows(id: &str, date: &str) -> Rows {
    let flow = |n: i64| FundFlow {
        flow_id: format!("{id}.{n}").replace('/', "-"),
        date: date.into(),
        kind: FlowKind::Disbursement.into(),
        source: FundSource::FiscalNational.into(),
        amount_fen: Some(100),
        area_code: "500101".into(),
        ..FundFlow::default()
    };
    Rows::encode(rows_number("fund_flow"), &(0..ROWS).map(flow).collect::<Vec<_>>())
}

/// A submission of the load: those for a month before July replace what is there for it.
fn request(id: &str, month: u32) -> SubmitRecordsRequest {
    let mut request = submission(id, "fund_flow", rows(id, &format!("2011-{month:02}-01")));
    let header = request.header.as_mut().unwrap();
    header.period = format!("2011-{month:02}");
    if month < 7 {
        header.mode = Mode::Replace.into();
    }
    request
}

/// What the sender knows.
#[derive(Debug, Clone, Default)]
struct Known {
    /// Acknowledged submissions that append.
    appended: BTreeSet<String>,
    /// By month: the last acknowledged submission that replaced it, and those sent after it without an answer.
    replaced: BTreeMap<u32, (String, BTreeSet<String>)>,
    /// Acknowledged batches of the stream.
    streamed: i64,
}

/// Rows in the table, by the submission or batch that they are of.
async fn stored(folder: &Path) -> BTreeMap<String, Vec<i64>> {
    let store = Store::open(&folder.join("tables")).unwrap();
    let table = store.get("fund_flow").await.unwrap().expect("the table was made");
    let batches = table.snapshot().await.unwrap().rows().await.unwrap().collect().await.unwrap();
    let mut stored: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let mut keys = BTreeSet::new();
    for batch in &batches {
        let (ids, flows) = (text(batch, "submission_id").unwrap(), text(batch, "flow_id").unwrap());
        let numbers = integer(batch, "row_number").unwrap();
        for row in 0..batch.num_rows() {
            assert!(keys.insert(text_at(&flows, row)), "{} is there twice", text_at(&flows, row));
            stored.entry(text_at(&ids, row)).or_default().push(numbers.value(row));
        }
    }
    stored
}

/// What is stored is what was acknowledged, and nothing in part.
async fn check(folder: &Path, known: &Known) {
    let stored = stored(folder).await;
    for (id, numbers) in &stored {
        let whole =
            if id == "stream" { numbers.len() as i64 % ROWS == 0 } else { numbers.len() as i64 == ROWS };
        assert!(whole, "{id} is there in part: {numbers:?}");
    }
    for id in &known.appended {
        assert!(stored.contains_key(id), "{id} was acknowledged and is gone");
    }
    let streamed = stored.get("stream").map_or(0, |rows| rows.len() as i64 / ROWS);
    assert!(streamed >= known.streamed, "{streamed} of {} acknowledged batches", known.streamed);
    for (month, (last, later)) in &known.replaced {
        let prefix = format!("replace/{month}/");
        let there: Vec<_> = stored.keys().filter(|id| id.starts_with(&prefix)).collect();
        assert!(
            there.len() == 1 && (there[0] == last || later.contains(there[0])),
            "{month}: {there:?}, not {last}"
        );
    }
    let verified = verify(folder, |_| {}).await.unwrap();
    assert_eq!(verified.findings, []);
}

/// Sends a mixed load until the service is gone, and remembers what it acknowledged.
async fn load(mut client: IngestClient, known: Arc<Mutex<Known>>, round: usize, seed: u64) {
    let stream = {
        let (mut client, known) = (client.clone(), known.clone());
        tokio::spawn(async move {
            let first = known.lock().unwrap().streamed + 1;
            let mut open = submission("stream", "fund_flow", Rows::default()).header.unwrap();
            open.policy = Policy::AcceptGoodRows.into();
            let batch = |n: i64| {
                let rows = Some(rows(&format!("stream.{n}"), "2011-05-01"));
                WriteRecordsRequest { part: Some(Part::Batch(RecordBatch { sequence: n, rows })) }
            };
            let open = WriteRecordsRequest { part: Some(Part::Open(open)) };
            // Where to continue is what the first acknowledgement says.
            let (sender, requests) = tokio::sync::mpsc::channel(4);
            sender.send(open).await.unwrap();
            let requests = tokio_stream::wrappers::ReceiverStream::new(requests);
            let Ok(answers) = client.write_records(requests).await else { return };
            let mut answers = answers.into_inner();
            let Ok(Some(ack)) = answers.message().await else { return };
            assert!(ack.sequence >= first - 1, "batch {} was acknowledged and is gone", first - 1);
            let feed = tokio::spawn(async move {
                for n in ack.sequence + 1.. {
                    if sender.send(batch(n)).await.is_err() {
                        return;
                    }
                }
            });
            while let Ok(Some(ack)) = answers.message().await {
                known.lock().unwrap().streamed = ack.sequence;
            }
            feed.abort();
        })
    };
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for n in 0.. {
        let month = random.random_range(1..=12);
        let (id, replaces) = if month < 7 {
            (format!("replace/{month}/{round}.{n}"), true)
        } else {
            (format!("append/{round}.{n}"), false)
        };
        if replaces && let Some((_, later)) = known.lock().unwrap().replaced.get_mut(&month) {
            later.insert(id.clone());
        }
        match client.submit_records(request(&id, month)).await {
            Ok(_) if replaces => drop(known.lock().unwrap().replaced.insert(month, (id, BTreeSet::new()))),
            Ok(_) => drop(known.lock().unwrap().appended.insert(id)),
            Err(status)
                if matches!(
                    status.code(),
                    Code::Unavailable | Code::Cancelled | Code::Unknown | Code::Internal
                ) =>
            {
                break;
            }
            Err(status) => panic!("{id}: {status:?}"),
        }
    }
    let _ = stream.await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_under_a_mixed_load_nothing_is_lost_doubled_or_half() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let known = Arc::new(Mutex::new(Known::default()));
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let kills = setting("KILLS", 8);
    for round in 0..kills {
        let mut process = serve_ingest(folder.path(), port);
        let mut client = uplift_client::ingest(connected(port).await);
        client.submit_records(wanzhou()).await.unwrap();
        let seed = random.random();
        let loading = tokio::spawn(load(client, known.clone(), round, seed));
        tokio::time::sleep(Duration::from_millis(random.random_range(50..2_500))).await;
        process.kill().unwrap(); // SIGKILL
        process.wait().unwrap();
        loading.await.unwrap();
        let acknowledged = known.lock().unwrap().clone();
        check(folder.path(), &acknowledged).await;
    }
    let known = known.lock().unwrap();
    println!(
        "{} appended, {} batches, {} months replaced",
        known.appended.len(),
        known.streamed,
        known.replaced.len()
    );
}

/// On a small file system, which UPLIFT_TEST_SMALL_DISK names: a tmpfs of some 20 MiB, mounted by hand.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a small file system"]
async fn a_full_disk_is_told_and_seen_and_nothing_acknowledged_is_lost() {
    let disk =
        std::env::var("UPLIFT_TEST_SMALL_DISK").expect("UPLIFT_TEST_SMALL_DISK names a small file system");
    let (folder, ballast) = (Path::new(&disk).join("data"), Path::new(&disk).join("ballast"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::write(&ballast, vec![0; 8 << 20]).unwrap();
    let port = free_port();
    let mut process = serve_ingest(&folder, port);
    let channel = connected(port).await;
    let mut client = uplift_client::ingest(channel.clone());
    client.submit_records(wanzhou()).await.unwrap();
    let mut known = Known::default();
    let mut refused = None;
    for n in 0..100_000 {
        let (id, month) = (format!("append/{n}"), 7 + n % 6);
        match client.submit_records(request(&id, month)).await {
            Ok(_) => drop(known.appended.insert(id)),
            Err(status) => {
                refused = Some((id, month, status));
                break;
            }
        }
    }
    let (id, month, status) = refused.expect("the disk is full at some time");
    println!("{} submissions, then: {}", known.appended.len(), status.message());
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel);
    let mut status = async |wanted: i32| {
        for _ in 0..200 {
            let answer = health.check(tonic_health::pb::HealthCheckRequest::default()).await.unwrap();
            if answer.into_inner().status == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("health did not become {wanted}");
    };
    status(2).await;
    std::fs::remove_file(&ballast).unwrap();
    status(1).await;
    assert!(submitted(&mut client, &request(&id, month)).await.is_ok());
    known.appended.insert(id);
    process.kill().unwrap();
    process.wait().unwrap();
    check(&folder, &known).await;
}

/// A store whose operations fail: before they take effect, after it, late, or half done.
#[derive(Debug)]
struct Faulty {
    inner: Arc<dyn ObjectStore>,
    plan: Arc<Mutex<Plan>>,
}

/// Which operations fail.
#[derive(Debug)]
enum Plan {
    Never,
    /// Now and then; reading ten times less often than writing, because a commit reads many files and writes few.
    Random(Box<ChaCha8Rng>),
    /// The one after so many others.
    Once(usize, Fault),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    Before,
    After,
    Torn,
    Full,
}

impl Faulty {
    /// An open store and its plan.
    fn open(tables: &Path) -> (Store, Arc<Mutex<Plan>>) {
        let plan = Arc::new(Mutex::new(Plan::Never));
        let faults = plan.clone();
        let store = Store::open_through(tables, |inner| Arc::new(Self { inner, plan: faults }));
        (store.unwrap(), plan)
    }

    async fn fault(&self, reads: bool) -> Fault {
        let (fault, slow) = match &mut *self.plan.lock().unwrap() {
            Plan::Never => (Fault::None, false),
            Plan::Random(random) => {
                let fault = match random.random_range(0..if reads { 1_000 } else { 100 }) {
                    0..3 => Fault::Before,
                    3..6 if !reads => Fault::After,
                    6..8 if !reads => Fault::Torn,
                    8..10 if !reads => Fault::Full,
                    _ => Fault::None,
                };
                (fault, random.random_bool(0.05))
            }
            Plan::Once(0, _) => (Fault::None, false),
            Plan::Once(left, fault) => {
                *left -= 1;
                (if *left == 0 { *fault } else { Fault::None }, false)
            }
        };
        if slow {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        fault
    }
}

fn failed(fault: Fault) -> object_store::Error {
    let kind = if fault == Fault::Full {
        std::io::ErrorKind::StorageFull
    } else {
        std::io::ErrorKind::ConnectionReset
    };
    object_store::Error::Generic { store: "faulty", source: Box::new(std::io::Error::from(kind)) }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("faulty")
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(
        &self,
        location: &Location,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        match self.fault(false).await {
            Fault::None => self.inner.put_opts(location, payload, options).await,
            Fault::After => {
                self.inner.put_opts(location, payload, options).await?;
                Err(failed(Fault::After))
            }
            // An entry of the log is there whole or not at all, on every store; a data file may be cut short.
            Fault::Torn if !location.as_ref().contains("_delta_log") => {
                let whole = Bytes::from(payload);
                self.inner.put(location, whole.slice(..whole.len() / 2).into()).await?;
                Err(failed(Fault::Torn))
            }
            fault => Err(failed(fault)),
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Location,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        match self.fault(false).await {
            Fault::None => self.inner.put_multipart_opts(location, options).await,
            fault => Err(failed(fault)),
        }
    }

    async fn get_opts(&self, location: &Location, options: GetOptions) -> Result<GetResult> {
        match self.fault(true).await {
            Fault::None => self.inner.get_opts(location, options).await,
            fault => Err(failed(fault)),
        }
    }

    async fn get_ranges(&self, location: &Location, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Location>>,
    ) -> BoxStream<'static, Result<Location>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Location>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Location>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Location, to: &Location, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Location, to: &Location, options: RenameOptions) -> Result<()> {
        match self.fault(false).await {
            Fault::None => self.inner.rename_opts(from, to, options).await,
            Fault::After => {
                self.inner.rename_opts(from, to, options).await?;
                Err(failed(Fault::After))
            }
            fault => Err(failed(fault)),
        }
    }
}

/// Serves an ingest, and connects to it.
async fn served(ingest: Ingest) -> (IngestClient, tokio::task::JoinHandle<()>) {
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", incoming.local_addr().unwrap());
    let service = uplift_ingest::Server::new(uplift_ingest::Grpc(ingest));
    let serving = tonic::transport::Server::builder().add_service(service).serve_with_incoming(incoming);
    let serving = tokio::spawn(async move { serving.await.unwrap() });
    (uplift_client::ingest(uplift_client::connect(&url).await.unwrap()), serving)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_writers_whose_lock_was_taken_away_still_accept_each_key_and_id_once() {
    let folder = tempfile::tempdir().unwrap();
    let tables = folder.path().join("tables");
    let open = || async {
        Ingest::open(&Arc::new(Store::open(&tables).unwrap()), Duration::from_secs(86_400), Stop::default())
            .await
    };
    let (mut one, _serving) = served(open().await.unwrap()).await;
    one.submit_records(wanzhou()).await.unwrap();
    let locked = open().await.unwrap_err();
    assert!(locked.message.contains(&format!("process {}", std::process::id())), "{locked}");
    std::fs::remove_file(folder.path().join("writer.lock")).unwrap();
    let (mut other, _serving) = served(open().await.unwrap()).await;
    let mut known = Known::default();
    for n in 0..20 {
        let id = format!("append/{n}");
        let request = request(&id, 8);
        let (first, second) =
            tokio::join!(one.submit_records(request.clone()), other.submit_records(request.clone()));
        let version = |answer: Result<tonic::Response<_>, Status>| {
            let answer: uplift_proto::v1::ingest::SubmitRecordsResponse = answer.unwrap().into_inner();
            answer.submission.unwrap().table_version
        };
        assert_eq!(
            version(first),
            version(second),
            "a retry that meets the other instance gets the first answer"
        );
        // The same records under another id, at the other instance.
        let mut again = request;
        again.header.as_mut().unwrap().submission_id = format!("again/{n}");
        let refused =
            if n % 2 == 0 { other.submit_records(again).await } else { one.submit_records(again).await };
        assert_eq!(refused.unwrap_err().code(), Code::InvalidArgument);
        known.appended.insert(id);
    }
    check(folder.path(), &known).await;
}

/// Submits until it is answered well; says whether an answer was an error on the way.
async fn submitted(client: &mut IngestClient, request: &SubmitRecordsRequest) -> Result<bool, Status> {
    let mut failures = 0;
    loop {
        match client.submit_records(request.clone()).await {
            Ok(answer) => {
                let outcome = answer.into_inner().submission.unwrap();
                assert_eq!((outcome.state(), outcome.rows_accepted), (State::Committed, ROWS));
                return Ok(failures > 0);
            }
            Err(status)
                if matches!(status.code(), Code::Internal | Code::ResourceExhausted | Code::Aborted) =>
            {
                failures += 1;
                if failures > 100 {
                    return Err(status);
                }
            }
            Err(status) => return Err(status),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_store_that_fails_loses_doubles_and_halves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (store, plan) = Faulty::open(&folder.path().join("tables"));
    let ingest = Ingest::open(&Arc::new(store), Duration::ZERO, Stop::default()).await.unwrap();
    let (mut client, serving) = served(ingest).await;
    client.submit_records(wanzhou()).await.unwrap();
    *plan.lock().unwrap() = Plan::Random(Box::new(ChaCha8Rng::seed_from_u64(3)));
    let (mut known, mut met) = (Known::default(), 0);
    let mut random = ChaCha8Rng::seed_from_u64(5);
    for n in 0..setting("FAULTS", 150) {
        let month = random.random_range(1..=12);
        let id = if month < 7 { format!("replace/{month}/{n}") } else { format!("append/{n}") };
        let answer = submitted(&mut client, &request(&id, month)).await;
        met += usize::from(answer.unwrap_or_else(|e| panic!("{id}: {e:?}")));
        match month {
            0..7 => drop(known.replaced.insert(month, (id, BTreeSet::new()))),
            _ => drop(known.appended.insert(id)),
        }
    }
    *plan.lock().unwrap() = Plan::Never;
    check(folder.path(), &known).await;
    // The ledger tells the same, now and after another start.
    let ids: Vec<_> =
        known.appended.iter().chain(known.replaced.values().map(|(id, _)| id)).cloned().collect();
    for id in &ids {
        let submission = client.get_submission(GetSubmissionRequest { submission_id: id.clone() }).await;
        assert_eq!(submission.unwrap().into_inner().submission.unwrap().state(), State::Committed, "{id}");
    }
    drop(client);
    serving.abort();
    let _ = serving.await;
    println!("{met} submissions met a fault and were answered well in the end");
    assert!(met > 5, "the store did not fail often enough: {met}");
}

/// As many as a commit has until its answer, and some after it.
const OPERATIONS: usize = 24;

#[tokio::test(flavor = "multi_thread")]
async fn each_operation_of_a_commit_may_fail_before_and_after_it_took_effect() {
    let folder = tempfile::tempdir().unwrap();
    let (store, plan) = Faulty::open(&folder.path().join("tables"));
    let ingest = Ingest::open(&Arc::new(store), Duration::from_secs(60), Stop::default()).await.unwrap();
    let (mut client, serving) = served(ingest).await;
    client.submit_records(wanzhou()).await.unwrap();
    let (mut known, mut failed) = (Known::default(), 0);
    for (fault, month) in [(Fault::Before, 8), (Fault::After, 9), (Fault::Before, 1), (Fault::After, 2)] {
        for n in 1..=OPERATIONS {
            *plan.lock().unwrap() = Plan::Once(n, fault);
            let kind = if month < 7 { "replace" } else { "append" };
            let id = format!("{kind}/{month}/{fault:?}/{n}");
            submitted(&mut client, &request(&id, month)).await.unwrap_or_else(|e| panic!("{id}: {e:?}"));
            match month {
                0..7 => drop(known.replaced.insert(month, (id.clone(), BTreeSet::new()))),
                _ => drop(known.appended.insert(id.clone())),
            }
            failed += usize::from(matches!(*plan.lock().unwrap(), Plan::Once(0, _)));
            let request = GetSubmissionRequest { submission_id: id.clone() };
            let kept = client.get_submission(request).await.unwrap().into_inner().submission.unwrap();
            assert_eq!(kept.state(), State::Committed, "{id}");
        }
    }
    *plan.lock().unwrap() = Plan::Never;
    check(folder.path(), &known).await;
    drop(client);
    serving.abort();
    let _ = serving.await;
    println!("{failed} operations failed once");
    assert!(failed > OPERATIONS, "{failed}");
}
