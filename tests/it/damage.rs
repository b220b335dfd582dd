//! Random damages to a data folder: each is found, or has no effect; no answer ever differs without a word.
//!
//! UPLIFT_TEST_DAMAGES is how many are made.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use prost::Message;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio_stream::StreamExt;
use tonic::Status;
use uplift_proto::rows::Rows;
use uplift_proto::v1::ingest::{ListRejectionsRequest, ListSubmissionsRequest, Mode, Policy};
use uplift_proto::v1::metrics::{IndicatorQuery, QueryIndicatorsRequest, QueryStatementsRequest};
use uplift_proto::v1::records::{FlowKind, FundFlow, FundSource};
use uplift_proto::v1::reporting::{DownloadReportRequest, ListReportsRequest};
use uplift_server::backup::{backup, verify};
use uplift_testkit::{Uplift, article, rows_number, submission, wanzhou};

use crate::clients::setting;
use crate::reporting::generate;

fn flows(id: &str, n: i64, yuan: i64) -> uplift_proto::v1::ingest::SubmitRecordsRequest {
    let flow = |i: i64| FundFlow {
        flow_id: format!("f{n}.{i}"),
        date: format!("2011-{:02}-01", n % 12 + 1),
        kind: FlowKind::Disbursement.into(),
        source: FundSource::FiscalNational.into(),
        amount_fen: Some(if i == 3 { -1 } else { yuan * 100 }),
        area_code: "500101".into(),
        ..FundFlow::default()
    };
    let rows: Vec<_> = (0..4).map(flow).collect();
    let mut request = submission(id, "fund_flow", Rows::encode(rows_number("fund_flow"), &rows));
    let header = request.header.as_mut().unwrap();
    header.policy = Policy::AcceptGoodRows.into();
    header.period = format!("2011-{:02}", n % 12 + 1);
    request
}

/// A folder with every kind of commit: compacted, replaced, with a checkpoint and some entries after it.
async fn fill(uplift: &Uplift) {
    let mut ingest = uplift.ingest().await;
    ingest.submit_records(wanzhou()).await.unwrap();
    for request in article() {
        ingest.submit_records(request).await.unwrap();
    }
    for n in 0..40 {
        ingest.submit_records(flows(&format!("flows/{n}"), n, n + 1)).await.unwrap();
    }
    let mut replacing = flows("replacing", 5, 1_000);
    replacing.header.as_mut().unwrap().mode = Mode::Replace.into();
    ingest.submit_records(replacing).await.unwrap();
    generate(uplift).await;
}

/// Every answer, by question: its content, or the code and message of its refusal.
async fn answers(uplift: &Uplift) -> BTreeMap<String, Result<Vec<u8>, Status>> {
    let mut all = BTreeMap::new();
    let mut ingest = uplift.ingest().await;
    let listed =
        ingest.list_submissions(ListSubmissionsRequest { page_size: 1_000, ..Default::default() }).await;
    let ids: Vec<_> = (0..40).map(|n| format!("flows/{n}")).chain(["replacing".to_owned()]).collect();
    all.insert(
        "submissions".to_owned(),
        listed.map(|l| {
            let mut ids: Vec<_> =
                l.into_inner().submissions.into_iter().map(|s| s.header.unwrap().submission_id).collect();
            ids.sort();
            ids.join(" ").into_bytes()
        }),
    );
    for submission_id in ids.into_iter().step_by(7) {
        let question = format!("rejections of {submission_id}");
        let rejected =
            ingest.list_rejections(ListRejectionsRequest { submission_id, ..Default::default() }).await;
        all.insert(question, rejected.map(|r| r.into_inner().encode_to_vec()));
    }
    let mut metrics = uplift.metrics().await;
    for indicator in ["fund.disbursement", "fund.fiscal", "handin.submissions"] {
        let query = IndicatorQuery {
            indicators: vec![indicator.into()],
            area_code: "50".into(),
            periods: vec!["2011".into()],
            ..Default::default()
        };
        let figures = metrics
            .query_indicators(QueryIndicatorsRequest { query: Some(query), ..Default::default() })
            .await;
        if figures.as_ref().is_err_and(|e| e.code() == tonic::Code::NotFound) {
            continue;
        }
        all.insert(
            indicator.to_owned(),
            figures.map(|f| {
                let figure = |f: uplift_proto::v1::metrics::Figure| {
                    format!("{} {} {}", f.exact_value, f.records, f.area_name_en)
                };
                f.into_inner().figures.into_iter().map(figure).collect::<Vec<_>>().join("\n").into_bytes()
            }),
        );
    }
    let statements = metrics.query_statements(QueryStatementsRequest::default()).await;
    all.insert(
        "statements".to_owned(),
        statements.map(|s| s.into_inner().figures.into_iter().flat_map(|f| f.encode_to_vec()).collect()),
    );
    let mut reporting = uplift.reporting().await;
    let reports = reporting.list_reports(ListReportsRequest::default()).await.unwrap().into_inner().reports;
    for report in reports {
        let request = DownloadReportRequest { report_id: report.report_id, ..Default::default() };
        let content = async {
            let mut parts = reporting.download_report(request).await?.into_inner();
            let mut content = Vec::new();
            while let Some(part) = parts.next().await {
                content.extend(part?.encode_to_vec());
            }
            Ok(content)
        };
        all.insert("report".to_owned(), content.await);
    }
    all
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.retain(|f| fs::metadata(f).unwrap().len() > 0);
    files.sort();
    files
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &target) } else { fs::copy(&path, &target).map(drop).unwrap() }
    }
}

fn damage(folder: &Path, random: &mut ChaCha8Rng) -> String {
    let files = files(folder);
    let file = files.choose(random).unwrap();
    let mut content = fs::read(file).unwrap();
    let name = file.strip_prefix(folder).unwrap().display().to_string();
    match random.random_range(0..10) {
        0..6 => {
            let at = random.random_range(0..content.len());
            content[at] ^= 1 << random.random_range(0..8);
            fs::write(file, content).unwrap();
            format!("bit at {at} of {name}")
        }
        6 | 7 => {
            let end = random.random_range(0..content.len());
            content.truncate(end);
            fs::write(file, content).unwrap();
            format!("{name} cut to {end}")
        }
        8 => {
            fs::remove_file(file).unwrap();
            format!("{name} deleted")
        }
        _ => {
            let of_kind: Vec<_> = files.iter().filter(|f| f.extension() == file.extension()).collect();
            let other = *of_kind.choose(random).unwrap();
            fs::write(file, fs::read(other).unwrap()).unwrap();
            fs::write(other, content).unwrap();
            format!("{name} swapped with {}", other.strip_prefix(folder).unwrap().display())
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_damage_is_found_or_without_effect() {
    let uplift = Uplift::start().await;
    fill(&uplift).await;
    let sound = answers(&uplift).await;
    assert!(sound.values().all(Result::is_ok), "{sound:#?}");
    let copies = tempfile::tempdir().unwrap();
    let origin = copies.path().join("origin");
    let copied = backup(uplift.folder(), &origin, |_| {}).await.unwrap();
    assert_eq!(copied.findings, []);
    drop(uplift);
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut random = ChaCha8Rng::seed_from_u64(7);
    for n in 0..setting("DAMAGES", 40) {
        let folder = copies.path().join("damaged");
        copy(&origin, &folder);
        let what = damage(&folder, &mut random);
        let kind = ["bit", "cut", "deleted", "swapped"].into_iter().find(|kind| what.contains(kind)).unwrap();
        let verified = verify(&folder, |_| {}).await;
        let verified = verified.is_ok_and(|v| v.findings.is_empty());
        let found = match Uplift::on(&folder).await {
            Err(_) => "start refused",
            Ok(uplift) => {
                let now = answers(&uplift).await;
                for (question, answer) in &now {
                    if let (Ok(answer), Ok(before)) = (answer, &sound[question]) {
                        assert_eq!(answer, before, "damage {n}: {what} changed {question} without a sign");
                    }
                }
                let refused = now.values().filter_map(|a| a.as_ref().err()).collect::<Vec<_>>();
                let told = refused
                    .iter()
                    .all(|e| e.code() == tonic::Code::DataLoss || e.message().contains("backup"));
                assert!(told, "damage {n}: {what}: {refused:?}");
                match (refused.is_empty() && now.len() == sound.len(), verified) {
                    (false, _) => "answered by DATA_LOSS",
                    (true, false) => "found by verify",
                    (true, true) => "without effect",
                }
            }
        };
        *counts.entry((kind, found)).or_default() += 1;
        fs::remove_dir_all(&folder).unwrap();
    }
    println!("{counts:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_entry_of_a_log_names_the_submissions_that_it_committed() {
    let uplift = Uplift::start().await;
    fill(&uplift).await;
    let copies = tempfile::tempdir().unwrap();
    let folder = copies.path().join("copy");
    backup(uplift.folder(), &folder, |_| {}).await.unwrap();
    let log = folder.join("tables/fund_flow/_delta_log");
    let entry = files(&log).into_iter().find(|f| f.ends_with(format!("{:020}.json", 2))).unwrap();
    let mut bytes = fs::read(&entry).unwrap();
    bytes[10] ^= 1;
    fs::write(&entry, bytes).unwrap();
    let verified = verify(&folder, |_| {}).await.unwrap();
    let found = verified.findings.iter().find(|f| f.file.ends_with("2.json")).unwrap();
    assert!(!found.submissions.is_empty(), "{:?}", verified.findings);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_gone_is_not_one_without_rows() {
    let uplift = Uplift::start().await;
    fill(&uplift).await;
    let copies = tempfile::tempdir().unwrap();
    for (n, table) in ["fund_flow", "rejection", "submission"].into_iter().enumerate() {
        let folder = copies.path().join(n.to_string());
        backup(uplift.folder(), &folder, |_| {}).await.unwrap();
        fs::remove_dir_all(folder.join("tables").join(table)).unwrap();
        let verified = verify(&folder, |_| {}).await.unwrap();
        assert!(verified.findings.iter().any(|f| f.table == table), "{table}: {:?}", verified.findings);
        let Ok(damaged) = Uplift::on(&folder).await else {
            assert_ne!(table, "fund_flow", "other tables go on");
            continue;
        };
        let query = IndicatorQuery {
            indicators: vec!["fund.disbursement".into()],
            area_code: "50".into(),
            periods: vec!["2011".into()],
            ..IndicatorQuery::default()
        };
        let request = QueryIndicatorsRequest { query: Some(query), ..Default::default() };
        let answer = damaged.metrics().await.query_indicators(request).await;
        assert_eq!(answer.unwrap_err().code(), tonic::Code::DataLoss);
    }
}
