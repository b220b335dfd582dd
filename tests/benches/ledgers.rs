//! What rules over several records cost: vouchers of mutual funds, which have thirteen, beside as many fund flows, which have
//! none; and findings, which have three, beside disclosures, which have none; through the real services on loopback:
//!
//!     cargo bench --workspace --bench ledgers
//!
//! `ENTRIES=1000000` is the number of lines that the ledgers are filled with. The machine is noisy: read the ratios.
#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::time::{Duration, Instant};

use uplift_proto::v1::ingest::upload_file_request::Part;
use uplift_proto::v1::ingest::{SubmissionHeader, UploadFileRequest, UploadHeader};
use uplift_testkit::Uplift;

/// Lines of one society, and societies of one file.
const LINES: usize = 1_000;
const SOCIETIES: usize = 100;
/// Vouchers that are handed in one by one, and clients at once.
const VOUCHERS: usize = 100;
const CLIENTS: usize = 8;

async fn hand_in(uplift: &Uplift, dataset: &str, id: String, csv: String) -> Duration {
    let submission = SubmissionHeader {
        submission_id: id,
        dataset: dataset.into(),
        area_code: "500101".into(),
        period: "2011".into(),
        sender: "Bench".into(),
        simulated: true,
        ..Default::default()
    };
    let header = UploadHeader { submission: Some(submission), ..Default::default() };
    let chunks = csv.as_bytes().chunks(256 * 1024).map(|chunk| Part::Chunk(chunk.to_vec().into()));
    let parts: Vec<_> = std::iter::once(Part::Header(header)).chain(chunks).collect();
    let parts = parts.into_iter().map(|part| UploadFileRequest { part: Some(part) });
    let mut ingest = uplift.ingest().await;
    let began = Instant::now();
    let answer =
        ingest.upload_file(tokio_stream::iter(parts.collect::<Vec<_>>())).await.unwrap().into_inner();
    assert_eq!(answer.rejections, [], "{dataset}");
    began.elapsed()
}

/// A society's vouchers: a grant, a member's contribution, then loans of a hundred yuan and their repayment with a fee, in turn.
fn vouchers(csv: &mut String, society: usize, from: usize, lines: usize) {
    let mut line = |n: usize,
                    voucher: usize,
                    place: usize,
                    account: &str,
                    (debit, credit): (&str, &str),
                    rest: &str| {
        let day = 1 + n / 2 % 28;
        let month = 1 + n / 2 / 28 % 12;
        let _ = writeln!(
            csv,
            "S{society},V{voucher},{place},2011-{month:02}-{day:02},{account},{debit},{credit},500101,{rest}"
        );
    };
    if from == 0 {
        line(0, 0, 1, "cash", ("100000", ""), ",,");
        line(0, 0, 2, "grant", ("", "100000"), ",,");
        line(0, 0, 3, "cash", ("100", ""), ",,");
        line(0, 0, 4, "contributions", ("", "100"), "M,,");
    }
    // Five lines a loan.
    for n in from..from + lines / 5 {
        let loan = format!("M,S{society}-L{n},");
        line(2 * n, 2 * n + 1, 1, "loans", ("100", ""), &format!("{loan}2012-06-30"));
        line(2 * n, 2 * n + 1, 2, "cash", ("", "100"), ",,");
        line(2 * n + 1, 2 * n + 2, 1, "cash", ("101", ""), ",,");
        line(2 * n + 1, 2 * n + 2, 2, "loans", ("", "100"), &loan);
        line(2 * n + 1, 2 * n + 2, 3, "fee", ("", "1"), ",,");
    }
}

const ENTRY_HEAD: &str =
    "organisation_id,voucher_id,line,date,account,debit（元）,credit（元）,area_code,member_id,loan_id,due\n";
const FLOW_HEAD: &str =
    "payer_id,document_number,flow_id,date,kind,source,amount（元）,area_code,loan_id,due\n";

/// As many fund flows, of as many columns.
fn flows(csv: &mut String, society: usize, from: usize, lines: usize) {
    for n in from..from + lines {
        let (day, month) = (1 + n / 2 % 28, 1 + n / 2 / 28 % 12);
        let _ = writeln!(
            csv,
            "S{society},V{n},F{society}-{n},2011-{month:02}-{day:02},loan,members,100,500101,S{society}-L{n},2012-06-30"
        );
    }
}

const FINDING_HEAD: &str = "inspection_id,finding_id,date,kind,severity,found_by,area_code,programme_id,amount（元）,description,deadline\n";
const DISCLOSURE_HEAD: &str =
    "programme_id,disclosure_id,due,kind,area_code,posted_on,posted_until,place,document\n";

/// Findings of an inspection.
fn findings(csv: &mut String, inspection: usize, from: usize, lines: usize) {
    for n in from..from + lines {
        let (day, month) = (1 + n / 2 % 28, 1 + n / 2 / 28 % 12);
        let _ = writeln!(
            csv,
            "S{inspection},F{inspection}-{n},2011-{month:02}-{day:02},books,minor,follow_up,500101,village,1,凭证不齐,2012-06-30"
        );
    }
}

/// As many disclosures.
fn disclosures(csv: &mut String, of: usize, from: usize, lines: usize) {
    for n in from..from + lines {
        let (day, month) = (1 + n / 2 % 28, 1 + n / 2 / 28 % 12);
        let _ = writeln!(
            csv,
            "village,D{of}-{n},2011-{month:02}-{day:02},funds,500101,2011-{month:02}-{day:02},2012-06-30,website,凭证不齐"
        );
    }
}

/// A line of work, and inspections that tell of many findings.
async fn with_inspections(inspections: usize) -> Uplift {
    let uplift = Uplift::with_wanzhou().await;
    let programme = "programme_id,year,measure,name_zh\nvillage,2011,x,整村推进\n".to_owned();
    hand_in(&uplift, "programme", "programme".into(), programme).await;
    let mut csv =
        "inspection_id,date,kind,area_code,result,programme_id,findings,questioned（元）\n".to_owned();
    for n in 0..inspections {
        let _ = writeln!(csv, "S{n},2011-01-01,follow_up,500101,passed,village,100000,100000");
    }
    hand_in(&uplift, "inspection", "inspections".into(), csv).await;
    uplift
}

async fn with_societies(societies: usize) -> Uplift {
    let uplift = Uplift::with_wanzhou().await;
    let mut organisations = "organisation_id,kind,name_zh,area_code\n".to_owned();
    let mut articles = "organisation_id,valid_from,area_code,loan_limit（元）\n".to_owned();
    let mut members = "organisation_id,member_id,joined,area_code,poor\n".to_owned();
    for n in 0..societies {
        let _ = writeln!(organisations, "S{n},mutual_fund,互助社,500101");
        let _ = writeln!(articles, "S{n},2011-01-01,500101,1000000");
        let _ = writeln!(members, "S{n},M,2011-01-01,500101,true");
    }
    hand_in(&uplift, "organisation", "organisations".into(), organisations).await;
    hand_in(&uplift, "mutual_fund", "articles".into(), articles).await;
    hand_in(&uplift, "mutual_fund_member", "members".into(), members).await;
    uplift
}

/// Fills a table with files of a hundred societies each, then hands in vouchers one by one, and by clients at once.
async fn measure(
    prepared: impl AsyncFn(usize) -> Uplift,
    dataset: &str,
    head: &str,
    entries: usize,
    rows: impl Fn(&mut String, usize, usize, usize),
) -> [f64; 3] {
    let files = entries / (LINES * SOCIETIES);
    let uplift = prepared(files * SOCIETIES).await;
    let mut filling = Duration::ZERO;
    for file in 0..files {
        let mut csv = head.to_owned();
        (file * SOCIETIES..(file + 1) * SOCIETIES).for_each(|society| rows(&mut csv, society, 0, LINES));
        filling += hand_in(&uplift, dataset, format!("fill/{file}"), csv).await;
    }
    let one = |n: usize, way: &str| {
        let mut csv = head.to_owned();
        rows(&mut csv, n % (files * SOCIETIES), LINES + 5 * n, 5);
        hand_in(&uplift, dataset, format!("{way}/{n}"), csv)
    };
    let mut alone = Vec::new();
    for n in 0..VOUCHERS {
        alone.push(one(n, "one").await);
    }
    alone.sort();
    let began = Instant::now();
    let client = async |client: usize| {
        for n in (VOUCHERS..2 * VOUCHERS).filter(|n| n % CLIENTS == client) {
            one(n, "many").await;
        }
    };
    futures::future::join_all((0..CLIENTS).map(client)).await;
    let together = 5.0 * VOUCHERS as f64 / began.elapsed().as_secs_f64();
    [entries as f64 / filling.as_secs_f64(), alone[VOUCHERS / 2].as_secs_f64() * 1e3, together]
}

fn print([one, other]: [&str; 2], without: [f64; 3], with: [f64; 3]) {
    println!("{:<44} {one:>12} {other:>12} {:>8}", "", "ratio");
    let what = ["filling, rows/s", "5 lines alone, median ms", "5 lines of 8 clients at once, rows/s"];
    for ((what, without), with) in what.iter().zip(without).zip(with) {
        println!("{what:<44} {without:>12.1} {with:>12.1} {:>8.2}", with / without);
    }
}

fn main() {
    let entries = std::env::var("ENTRIES").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        println!("{entries} lines in files of {}", LINES * SOCIETIES);
        let without = measure(with_societies, "fund_flow", FLOW_HEAD, entries, flows).await;
        let with = measure(with_societies, "mutual_fund_entry", ENTRY_HEAD, entries, vouchers).await;
        print(["fund flows", "entries"], without, with);
        let without = measure(with_inspections, "disclosure", DISCLOSURE_HEAD, entries, disclosures).await;
        let with = measure(with_inspections, "finding", FINDING_HEAD, entries, findings).await;
        print(["disclosures", "findings"], without, with);
    });
}
