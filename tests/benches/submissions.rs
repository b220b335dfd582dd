//! How fast records are submitted, through the real services on loopback:
//!
//!     cargo bench --profile dev --workspace --bench submissions
//!
//! The machine is noisy: read the ratios within one run. Set UPLIFT_TEST_TOOLS to a folder of test
//! clients with Python's duckdb to see the same CSV read by DuckDB beside.
#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, Float64Array, StringArray};
use uplift_proto::rows::Rows;
use uplift_proto::v1::ingest::upload_file_request::Part as FilePart;
use uplift_proto::v1::ingest::write_records_request::Part;
use uplift_proto::v1::ingest::{
    Mode, Policy, RecordBatch, SubmissionHeader, UploadFileRequest, UploadHeader, WriteRecordsRequest,
};
use uplift_proto::v1::records::{Household, RegistrationStatus};
use uplift_testkit::{Uplift, rows_number, submission};

const ROWS: usize = 200_000;
const BATCH: usize = 5_000;
const SMALL: usize = 200;

fn header(id: &str) -> SubmissionHeader {
    SubmissionHeader {
        submission_id: id.into(),
        dataset: "household".into(),
        area_code: "500101".into(),
        period: "2011".into(),
        policy: Policy::AcceptGoodRows.into(),
        sender: "Bench".into(),
        ..Default::default()
    }
}

fn household(id: String, n: usize) -> Household {
    Household {
        household_id: id,
        year: 2011,
        area_code: "500101".into(),
        size: Some(1 + (n % 6) as i32),
        income_fen: Some(150_000 + (n as i64 * 7919) % 2_000_000),
        status: RegistrationStatus::Registered.into(),
        deprived_water: Some(n.is_multiple_of(3)),
        weight: Some(1.0),
        stratum: format!("s{}", n % 5),
        cluster: format!("c{}", n % 97),
        ..Default::default()
    }
}

fn rate(what: &str, rows: usize, took: Duration) {
    println!("{what:<44} {:>10.0} rows/s  ({:.2} s)", rows as f64 / took.as_secs_f64(), took.as_secs_f64());
}

/// One after the other, each waiting for its answer: does the table slow down as it fills?
async fn small_submissions() {
    let uplift = Uplift::with_wanzhou().await;
    let mut ingest = uplift.ingest().await;
    let mut times = Vec::new();
    for n in 0..SMALL {
        let rows: Vec<_> = (0..100).map(|i| household(format!("s{n}.{i}"), i)).collect();
        let request =
            submission(&format!("small/{n}"), "household", Rows::encode(rows_number("household"), &rows));
        let began = Instant::now();
        ingest.submit_records(request).await.unwrap();
        times.push(began.elapsed());
    }
    let median = |part: &[Duration]| {
        let mut part = part.to_vec();
        part.sort();
        part[part.len() / 2].as_secs_f64() * 1e3
    };
    // Files are compacted now and then; a fair measurement holds more than one compaction.
    let parts: Vec<_> = times.chunks(SMALL / 4).map(median).collect();
    let shown: Vec<_> = parts.iter().map(|ms| format!("{ms:.0}")).collect();
    println!("{SMALL} submissions of 100 rows, median ms of each quarter: {}", shown.join(", "));
    println!("the last quarter is {:.2} times the first", parts[3] / parts[0]);
    println!("slowest of all: {:.1} ms", times.iter().max().unwrap().as_secs_f64() * 1e3);
}

async fn stream(uplift: &Uplift) {
    let mut requests = vec![WriteRecordsRequest { part: Some(Part::Open(header("stream"))) }];
    for (n, start) in (0..ROWS).step_by(BATCH).enumerate() {
        let rows: Vec<_> = (start..start + BATCH).map(|i| household(format!("w{i}"), i)).collect();
        let rows = Some(Rows::encode(rows_number("household"), &rows));
        requests.push(WriteRecordsRequest {
            part: Some(Part::Batch(RecordBatch { sequence: n as i64 + 1, rows })),
        });
    }
    let began = Instant::now();
    let mut acks =
        uplift.ingest().await.write_records(tokio_stream::iter(requests)).await.unwrap().into_inner();
    let mut accepted = 0;
    while let Some(ack) = acks.message().await.unwrap() {
        accepted = ack.rows_accepted;
    }
    assert_eq!(accepted as usize, ROWS);
    rate("WriteRecords, committed", ROWS, began.elapsed());
}

fn csv() -> String {
    let mut csv =
        "household_id,year,area_code,size,income（元）,status,deprived_water,weight,stratum,cluster\n"
            .to_owned();
    for i in 0..ROWS {
        let h = household(format!("f{i}"), i);
        let fen = h.income_fen.unwrap();
        let _ = writeln!(
            csv,
            "{},2011,500101,{},{}.{:02},registered,{},1.0,{},{}",
            h.household_id,
            h.size.unwrap(),
            fen / 100,
            fen % 100,
            h.deprived_water.unwrap(),
            h.stratum,
            h.cluster
        );
    }
    csv
}

/// The same table in other kinds of files, as other programs write them.
fn workbook(csv: &str) -> Vec<u8> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, line) in csv.lines().enumerate() {
        for (column, cell) in line.split(',').enumerate() {
            let (row, column) = (row as u32, column as u16);
            match cell.parse::<f64>() {
                Ok(number) => sheet.write_number(row, column, number).unwrap(),
                Err(_) => sheet.write_string(row, column, cell).unwrap(),
            };
        }
    }
    workbook.save_to_buffer().unwrap()
}

fn parquet(csv: &str) -> Vec<u8> {
    let mut lines = csv.lines();
    let headings: Vec<&str> = lines.next().unwrap().split(',').collect();
    let mut columns = vec![Vec::new(); headings.len()];
    lines.for_each(|line| line.split(',').zip(&mut columns).for_each(|(cell, column)| column.push(cell)));
    let column = |values: &Vec<&str>| -> ArrayRef {
        match values.iter().map(|v| v.parse::<f64>().ok()).collect::<Option<Vec<_>>>() {
            Some(numbers) => Arc::new(Float64Array::from(numbers)),
            None => Arc::new(StringArray::from(values.clone())),
        }
    };
    // Codes of areas are text wherever a program writes them.
    let columns = headings.into_iter().zip(&columns).map(|(name, values)| match name {
        "area_code" => (name, Arc::new(StringArray::from(values.clone())) as ArrayRef),
        _ => (name, column(values)),
    });
    let batch = arrow::array::RecordBatch::try_from_iter(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

/// Each file replaces the one before it, so that keys are free.
async fn file(uplift: &Uplift, kind: &str, bytes: &[u8], round: usize) {
    let submission = SubmissionHeader { mode: Mode::Replace.into(), ..header(&format!("{kind}/{round}")) };
    let head = UploadHeader { submission: Some(submission), ..Default::default() };
    let chunks = bytes.chunks(256 * 1024).map(|c| FilePart::Chunk(c.to_vec().into()));
    let parts: Vec<_> = std::iter::once(FilePart::Header(head)).chain(chunks).collect();
    let parts: Vec<_> = parts.into_iter().map(|part| UploadFileRequest { part: Some(part) }).collect();
    let began = Instant::now();
    let answer = uplift.ingest().await.upload_file(tokio_stream::iter(parts)).await.unwrap().into_inner();
    assert_eq!(answer.submission.unwrap().rows_accepted as usize, ROWS);
    rate(&format!("UploadFile of {kind}, committed"), ROWS, began.elapsed());
}

fn duckdb(csv: &str) {
    let Some(tools) = std::env::var_os("UPLIFT_TEST_TOOLS") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("households.csv");
    std::fs::write(&path, csv).unwrap();
    let script = "
import duckdb, sys, time
began = time.perf_counter()
duckdb.sql(f\"copy (select * from read_csv('{sys.argv[1]}')) to '{sys.argv[1]}.parquet' (format parquet)\")
print(time.perf_counter() - began)
";
    let output =
        Command::new(Path::new(&tools).join("bin/python")).args(["-c", script]).arg(&path).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    match text.trim().parse() {
        Ok(seconds) => {
            rate("DuckDB, the same CSV to Parquet, unchecked", ROWS, Duration::from_secs_f64(seconds))
        }
        Err(_) => println!("DuckDB did not run: {}", String::from_utf8_lossy(&output.stderr)),
    }
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        small_submissions().await;
        let uplift = Uplift::with_wanzhou().await;
        stream(&uplift).await;
        let csv = csv();
        for round in 0..2 {
            file(&uplift, "CSV", csv.as_bytes(), round).await;
            file(&uplift, "XLSX", &workbook(&csv), round).await;
            file(&uplift, "Parquet", &parquet(&csv), round).await;
            duckdb(&csv);
        }
    });
}
