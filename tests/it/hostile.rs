//! Hostile input against a real process: each attempt gets its right answer, in bounded time and memory, while
//! health answers; the process goes on, and no panic is logged.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use prost::Message;
use prost::bytes::{Buf, BufMut, Bytes};
use tokio_stream::StreamExt;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use uplift_proto::rows::Rows;
use uplift_proto::service::Service;
use uplift_proto::v1::ingest::upload_file_request::Part;
use uplift_proto::v1::ingest::write_records_request::Part as WritePart;
use uplift_proto::v1::ingest::{
    GetDatasetRequest, ListRejectionsRequest, Policy, SubmissionHeader, SubmitRecordsRequest,
    UploadFileRequest, UploadHeader, WriteRecordsRequest,
};
use uplift_proto::v1::metrics::{
    GetIndicatorRequest, IndicatorQuery, ListIndicatorsRequest, QueryIndicatorsRequest, TraceFigureRequest,
};
use uplift_proto::v1::records::{
    CheckKind, FundFlow, Household, Qualifier, Relation, Statement, StatementCheck,
};
use uplift_testkit::{connected, free_port, rows_number, submission, uplift_command, wanzhou};

/// A process with all services, watched.
struct Watched {
    process: Child,
    ports: [u16; 3],
    log: Arc<Mutex<Vec<String>>>,
    /// Milliseconds of the slowest answer of health.
    slowest: Arc<AtomicU64>,
    watch: tokio::task::JoinHandle<()>,
}

impl Watched {
    async fn start(folder: &Path) -> Self {
        let ports = [free_port(), free_port(), free_port()];
        let mut command = Command::new(uplift_command());
        command.arg("serve").arg("--data-dir").arg(folder);
        for (service, port) in Service::ALL.iter().zip(ports) {
            command.arg(format!("--{service}-port")).arg(port.to_string());
        }
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let kept = log.clone();
        std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| kept.lock().unwrap().push(line));
        });
        let mut channels = Vec::new();
        for port in ports {
            channels.push(connected(port).await);
        }
        let slowest = Arc::new(AtomicU64::new(0));
        let measured = slowest.clone();
        let watch = tokio::spawn(async move {
            loop {
                for channel in &channels {
                    let began = Instant::now();
                    let answer =
                        HealthClient::new(channel.clone()).check(HealthCheckRequest::default()).await;
                    assert!(answer.is_ok(), "{answer:?}");
                    measured.fetch_max(began.elapsed().as_millis() as u64, Ordering::Relaxed);
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        Self { process, ports, log, slowest, watch }
    }

    async fn channel(&self, service: Service) -> Channel {
        connected(self.ports[service as usize]).await
    }

    /// The most memory that the process has had, in MiB.
    fn peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find(|l| l.starts_with("VmHWM")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() >> 10
    }

    fn logged(&self, text: &str) -> bool {
        self.log.lock().unwrap().iter().any(|line| line.contains(text))
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Bytes as they are, in both directions.
#[derive(Debug, Clone, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining()).to_vec()))
    }
}

/// The code of the answer to these bytes, whatever the method is.
async fn raw(channel: &Channel, path: &'static str, bytes: Vec<u8>) -> Code {
    let mut client = tonic::client::Grpc::new(channel.clone()).max_encoding_message_size(64 << 20);
    client.ready().await.unwrap();
    let path = path.parse().unwrap();
    match client.server_streaming(Request::new(bytes), path, Raw).await {
        Err(status) => status.code(),
        Ok(answer) => match answer.into_inner().next().await {
            Some(Err(status)) => status.code(),
            Some(Ok(_)) | None => Code::Ok,
        },
    }
}

fn statement(printed: &str) -> Statement {
    Statement {
        statement_id: "s".into(),
        document_id: "d".into(),
        area_code: "50".into(),
        period: "2011".into(),
        section: "a".into(),
        locator: "1".into(),
        subject: "x".into(),
        title_en: "x".into(),
        title_zh: "x".into(),
        printed: printed.into(),
        unit: "CNY".into(),
        ..Statement::default()
    }
}

fn one<M: Message>(dataset: &str, record: &M) -> SubmitRecordsRequest {
    submission(&format!("hostile/{dataset}"), dataset, Rows::encode(rows_number(dataset), [record]))
}

fn household(weight: f64) -> Household {
    Household {
        household_id: "h".into(),
        year: 2011,
        area_code: "500101".into(),
        size: Some(1),
        status: 1,
        weight: Some(weight),
        ..Household::default()
    }
}

async fn refused(channel: &Channel, what: &str, request: SubmitRecordsRequest) {
    let answer = uplift_client::ingest(channel.clone()).submit_records(request).await;
    let status = answer.err().unwrap_or_else(|| panic!("{what} was accepted"));
    assert_eq!(status.code(), Code::InvalidArgument, "{what}: {status:?}");
    let size = status.details().len() * 4 / 3 + status.message().len();
    assert!(size < 8_000, "{what}: an error of {size} bytes");
}

async fn values(ingest: &Channel) {
    for printed in ["9".repeat(28), "9".repeat(29), "1".repeat(5_000), "-".into(), "1e308".into()] {
        refused(ingest, &printed, one("statement", &statement(&printed))).await;
    }
    let range = Statement { qualifier: Qualifier::Range.into(), ..statement(" -5") };
    refused(ingest, "a range of one number", one("statement", &range)).await;
    let title = Statement { title_en: "x".repeat(20 << 20), ..statement("5") };
    refused(ingest, "a title of 20 MiB", one("statement", &title)).await;
    for expression in [vec!["a"; 10_000].join("+"), "(".repeat(100_000)] {
        let check = StatementCheck {
            check_id: "c".into(),
            document_id: "d".into(),
            statement_id: "s".into(),
            relation: Relation::Equals.into(),
            expression,
            kind: CheckKind::Parts.into(),
            title_en: "x".into(),
            title_zh: "x".into(),
        };
        refused(ingest, "a long expression", one("statement_check", &check)).await;
    }
    for weight in [1e308, f64::INFINITY, f64::NAN, 5e-324] {
        refused(ingest, "a weight", one("household", &household(weight))).await;
    }
    for date in ["0001-01-01", "+262142-12-31", "-262143-01-01", "2011-13-01"] {
        let flow = FundFlow {
            flow_id: "f".into(),
            date: date.into(),
            kind: 4,
            source: 1,
            amount_fen: Some(1),
            area_code: "500101".into(),
            ..FundFlow::default()
        };
        refused(ingest, date, one("fund_flow", &flow)).await;
    }
    let flows: Vec<_> = (0..50).map(|_| FundFlow::default()).collect();
    let many = submission("hostile/many", "fund_flow", Rows::encode(rows_number("fund_flow"), &flows));
    refused(ingest, "fifty faulty rows", many).await;
}

async fn bytes(ingest: &Channel, metrics: &Channel, reporting: &Channel) {
    let submit = "/uplift.ingest.v1.IngestService/SubmitRecords";
    let query = "/uplift.metrics.v1.MetricsService/QueryIndicators";
    let check = "/uplift.metrics.v1.MetricsService/CheckStatements";
    let report = "/uplift.reporting.v1.ReportingService/GenerateReport";
    let deep = (0..5_000).fold(Vec::new(), |inner: Vec<u8>, _| {
        let mut outer = vec![0x0a];
        prost::encoding::encode_varint(inner.len() as u64, &mut outer);
        outer.extend(inner);
        outer
    });
    for (channel, path) in [(ingest, submit), (metrics, query), (metrics, check), (reporting, report)] {
        for wrong in [
            vec![0xff; 64],
            vec![0x0a, 0xff],
            vec![0x0a, 2, 0xc3, 0x28],
            deep.clone(),
            vec![0xfa, 0x06, 1, b'x'],
        ] {
            let code = raw(channel, path, wrong.clone()).await;
            assert_eq!(code, Code::InvalidArgument, "{path}: {:?}", &wrong[..wrong.len().min(20)]);
        }
    }
    for (channel, path) in
        [(ingest, submit), (ingest, "/uplift.ingest.v1.IngestService/WriteRecords"), (metrics, query)]
    {
        let code = raw(channel, path, vec![0; 33 << 20]).await;
        assert_eq!(code, Code::InvalidArgument, "{path}: more than a message may have");
    }
}

async fn questions(metrics: &Channel, ingest: &Channel) {
    let mut client = uplift_client::metrics(metrics.clone());
    let word = "x".repeat(100_000);
    let began = Instant::now();
    let unknown = client.get_indicator(GetIndicatorRequest { indicator: word.clone() }).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    let dataset =
        uplift_client::ingest(ingest.clone()).get_dataset(GetDatasetRequest { dataset: word }).await;
    assert_eq!(dataset.unwrap_err().code(), Code::NotFound);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    let ask = |query: IndicatorQuery| QueryIndicatorsRequest { query: Some(query), ..Default::default() };
    let months = |years: std::ops::Range<u16>| -> Vec<String> {
        years.flat_map(|y| (1..=12).map(move |m| format!("{y}-{m:02}"))).collect()
    };
    let one = |periods| IndicatorQuery {
        indicators: vec!["fund.fiscal".into()],
        periods,
        ..IndicatorQuery::default()
    };
    let began = Instant::now();
    client.query_indicators(ask(one(months(1990..2015)))).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(10), "300 periods took {:?}", began.elapsed());
    let all = IndicatorQuery { periods: months(1990..2050), ..IndicatorQuery::default() };
    let twice = IndicatorQuery { dimensions: vec!["source".into(); 2], ..one(vec!["2011".into()]) };
    for query in [one(months(1900..2100)), all, twice] {
        assert_eq!(client.query_indicators(ask(query)).await.unwrap_err().code(), Code::InvalidArgument);
    }
    for token in ["AAAA", &"A".repeat(1 << 20), "CgEx", "%00"] {
        let request = QueryIndicatorsRequest { page_token: token.into(), ..ask(one(vec!["2011".into()])) };
        assert_eq!(client.query_indicators(request).await.unwrap_err().code(), Code::InvalidArgument);
        let trace =
            client.trace_figure(TraceFigureRequest { trace: token.into(), ..Default::default() }).await;
        assert!(matches!(trace.unwrap_err().code(), Code::InvalidArgument | Code::NotFound));
    }
}

fn header(id: &str, dataset: &str) -> SubmissionHeader {
    SubmissionHeader {
        submission_id: id.into(),
        dataset: dataset.into(),
        area_code: "500101".into(),
        period: "2011".into(),
        sender: "Tests".into(),
        policy: Policy::AcceptGoodRows.into(),
        ..SubmissionHeader::default()
    }
}

/// Little that becomes much: rows that are nothing but faults.
async fn faults(ingest: &Channel) {
    let mut client = uplift_client::ingest(ingest.clone());
    // One megabyte of empty records: two bytes each.
    let empty: Vec<u8> =
        std::iter::repeat_n([rows_number("household") as u8 * 8 + 2, 0], 1 << 19).flatten().collect();
    let mut request = submission("hostile/empty", "household", Rows::decode(Bytes::from(empty)).unwrap());
    request.header.as_mut().unwrap().policy = Policy::AcceptGoodRows.into();
    assert_eq!(client.submit_records(request).await.unwrap_err().code(), Code::InvalidArgument);
    // A megabyte of lines that are one sign and one comma.
    let mut file = "户编号,年度,地区代码,人口,年纯收入,建档状态\n".as_bytes().to_vec();
    file.extend(b".,\n".repeat(1 << 19));
    let upload =
        UploadHeader { submission: Some(header("hostile/commas", "household")), ..Default::default() };
    let parts: Vec<_> = [Part::Header(upload), Part::Chunk(file.into())]
        .into_iter()
        .map(|part| UploadFileRequest { part: Some(part) })
        .collect();
    let outcome = client.upload_file(tokio_stream::iter(parts)).await.unwrap().into_inner();
    assert_eq!(outcome.submission.unwrap().rows_rejected, 1 << 19);
    let request = ListRejectionsRequest {
        submission_id: "hostile/commas".into(),
        page_size: 10_000,
        ..Default::default()
    };
    let page = client.list_rejections(request).await.unwrap().into_inner();
    assert!(page.encoded_len() < 4 << 20 && !page.rejections.is_empty());
}

/// A stream whose sender vanishes gives its id back.
async fn vanish(port: u16, ingest: &Channel) {
    let open = || WriteRecordsRequest { part: Some(WritePart::Open(header("hostile/stream", "household"))) };
    {
        let channel = connected(port).await;
        let (sender, requests) = tokio::sync::mpsc::channel(1);
        sender.send(open()).await.unwrap();
        let stream = tokio_stream::wrappers::ReceiverStream::new(requests);
        let mut acks = uplift_client::ingest(channel).write_records(stream).await.unwrap().into_inner();
        acks.message().await.unwrap();
    }
    let began = Instant::now();
    loop {
        let mut again = uplift_client::ingest(ingest.clone())
            .write_records(tokio_stream::iter([open()]))
            .await
            .unwrap()
            .into_inner();
        match again.message().await {
            Ok(_) => break,
            Err(status) => assert_eq!(status.code(), Code::Aborted, "{status:?}"),
        }
        assert!(began.elapsed() < Duration::from_secs(10), "the id is still taken");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn declarations(folder: &Path, metrics: &Channel) {
    let own = folder.join("indicators");
    std::fs::create_dir_all(&own).unwrap();
    let declared = |id: &str, measure: &str, condition: &str| {
        format!(
            "[[indicator]]\nid = \"{id}\"\ntitle_en = \"T\"\ntitle_zh = \"题\"\ndefinition_en = \"D\"\n\
             definition_zh = \"定义\"\nunit = \"record\"\n\
             value = {{ dataset = \"fund_flow\", measure = \"{measure}\", where = \"{condition}\" }}\n"
        )
    };
    std::fs::write(own.join("good.toml"), declared("own.good", "count(*)", "")).unwrap();
    let chain = vec!["1"; 20_000].join("+");
    for (n, (measure, condition)) in [
        ("count(*)", "1=1) OR (1=1"),
        ("count(*)", "flow_id IN (SELECT household_id FROM household)"),
        ("sum(length(repeat('x', 1000000000)))", ""),
        ("count(*)", "EXISTS (SELECT * FROM generate_series(1, 1000000000000))"),
        (chain.as_str(), ""),
        ("sum(cardinality(range(0, 1000000000000)))", ""),
    ]
    .into_iter()
    .enumerate()
    {
        std::fs::write(
            own.join(format!("bad{n}.toml")),
            declared(&format!("own.bad{n}"), measure, condition),
        )
        .unwrap();
    }
    std::fs::write(own.join("reserved.toml"), declared("fund.fiscal", "count(*)", "")).unwrap();
    std::fs::write(own.join("deep.toml"), format!("a = {}", "[".repeat(200_000))).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", own.join("passwd.toml")).unwrap();
    Command::new("mkfifo").arg(own.join("pipe.toml")).status().unwrap();
    let listed =
        uplift_client::metrics(metrics.clone()).list_indicators(ListIndicatorsRequest::default()).await;
    let listed = listed.unwrap().into_inner();
    assert!(listed.indicators.iter().any(|i| i.indicator_id == "own.good"));
    assert!(!listed.indicators.iter().any(|i| i.indicator_id.starts_with("own.bad")));
    assert_eq!(listed.problems.len(), 10, "{:#?}", listed.problems);
    assert!(listed.problems.iter().all(|p| !p.contains("root:")), "{:#?}", listed.problems);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_input_gets_its_answer_and_takes_nothing_down() {
    let folder = tempfile::tempdir().unwrap();
    // A folder may be called anything.
    let data = folder.path().join("数据 [a]*#?%20");
    let mut uplift = Watched::start(&data).await;
    let [ingest, metrics, reporting] = [
        uplift.channel(Service::Ingest).await,
        uplift.channel(Service::Metrics).await,
        uplift.channel(Service::Reporting).await,
    ];
    uplift_client::ingest(ingest.clone()).submit_records(wanzhou()).await.unwrap();
    let before = uplift.peak();
    values(&ingest).await;
    bytes(&ingest, &metrics, &reporting).await;
    questions(&metrics, &ingest).await;
    vanish(uplift.ports[0], &ingest).await;
    declarations(&data, &metrics).await;
    let ordinary = uplift.peak();
    faults(&ingest).await;
    let worst = uplift.peak();

    // Mute connections, and one that never ends its headers.
    let mute: Vec<_> =
        (0..100).map(|_| TcpStream::connect(("127.0.0.1", uplift.ports[1])).unwrap()).collect();
    let mut request = Request::new(GetIndicatorRequest { indicator: "fund.fiscal".into() });
    request.metadata_mut().insert(
        "x-request-id",
        "\t\"forged\" id=1 \u{7f}".trim_start_matches('\u{7f}').replace('\u{7f}', "").parse().unwrap(),
    );
    uplift_client::metrics(metrics.clone()).get_indicator(request).await.unwrap();
    assert!(!uplift.logged("forged"), "a caller's request id is in the log");
    let mut large = Request::new(GetIndicatorRequest { indicator: "fund.fiscal".into() });
    large.metadata_mut().insert("x-large", "x".repeat(64 << 10).parse().unwrap());
    assert!(uplift_client::metrics(connected(uplift.ports[1]).await).get_indicator(large).await.is_err());
    drop(mute);

    // A second process on the same folder says who holds it.
    let second = Command::new(uplift_command())
        .args(["serve", "--service", "ingest", "--ingest-port", "0", "--data-dir"])
        .arg(&data)
        .output()
        .unwrap();
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains(&format!("process {}", uplift.process.id())), "{said}");

    // Personal values are masked, and in no log line.
    let person = Household { household_id: "张三 510226".into(), ..household(1.0) };
    let mut request = one("household", &person);
    request.header.as_mut().unwrap().policy = Policy::AcceptGoodRows.into();
    let said = uplift_client::ingest(ingest.clone()).submit_records(request).await.unwrap_err();
    assert!(!format!("{said:?}").contains("张三") && !uplift.logged("张三"), "{said:?}");

    assert!(uplift.process.try_wait().unwrap().is_none(), "the process ended");
    assert!(!uplift.watch.is_finished(), "health failed");
    uplift.watch.abort();
    let slowest = uplift.slowest.load(Ordering::Relaxed);
    println!(
        "peak MiB: {before} at rest, {ordinary} before, {worst} with a megabyte of faults; slowest health check {slowest} ms"
    );
    assert!(!uplift.logged("a panic"), "{:#?}", uplift.log.lock().unwrap());
    assert!(!uplift.logged("ERROR"), "{:#?}", uplift.log.lock().unwrap());
    assert!(slowest < 2_000, "health took {slowest} ms");
    assert!(worst < ordinary + 400, "{worst} MiB after {ordinary}");
    std::io::stdout().flush().unwrap();
}
