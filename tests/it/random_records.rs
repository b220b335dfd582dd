//! Random records of every dataset, biased to the edges: whatever is accepted, every call then answers.
//!
//! UPLIFT_TEST_SEEDS is how many seeds are tried; one is, if it is not given.

use prost::encoding::{bool, double, int32, int64, string};
use prost::{Message, bytes};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio_stream::StreamExt;
use uplift_proto::rows::Rows;
use uplift_proto::v1::ingest::{ListRejectionsRequest, ListSubmissionsRequest, Policy};
use uplift_proto::v1::metrics::{
    CheckStatementsRequest, IndicatorQuery, ListIndicatorsRequest, QueryIndicatorsRequest,
    QueryStatementsRequest, StreamIndicatorsRequest, TraceFigureRequest,
};
use uplift_proto::v1::records::AreaLevel;
use uplift_proto::v1::reporting::{DownloadReportRequest, GenerateReportRequest, ListReportsRequest};
use uplift_testkit::{Uplift, submission};

use crate::clients::setting;

/// What a text field is filled with: by the name of its format, what it accepts and what it must not.
fn texts(format: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match format {
        "date" => (
            &["1900-01-01", "2011-10-17", "2011-12-31", "2199-12-31", " 2011-02-28 "],
            &["0001-01-01", "+262142-01-01", "2011-02-30", "2200-01-01", "x"],
        ),
        "area" => (&["50", "500101", "500101000000", "500102", "500234"], &["00", "5", "50010", "５０"]),
        "period" => (&["2011", "2011-Q3", "2011-10", "2199-S2", "1900"], &["11", "2011-13", "2011-Q0"]),
        "printed" => (
            &[
                "1",
                "-5",
                " -5",
                "1.336 billion",
                "13.36亿",
                "0",
                "-0",
                "150,000-300,000",
                "15万–30万",
                "999999999999999999",
                "0.00000000000000001",
                "-999999999999999999 billion",
                "-5–-3",
                "0-0",
                "0.0",
            ],
            &[
                "9999999999999999999999999999",
                "99999999999999999999999999999",
                "1e9",
                "--5",
                "5-1",
                "",
                "NaN",
            ],
        ),
        "expression" => (
            &[
                "a",
                "a + b",
                "a / b",
                "a / (b - b)",
                "100 * a / (a - b)",
                "a * a * a * a * a * a",
                "0 / a",
                "a - a",
                "999999999999999999999999999 * a * a",
                "1 / 0",
            ],
            &["", "a +", "((((", "a b", "1.2.3"],
        ),
        "identifier" => (&["a", "b", "c", "own.1", "A-1_x"], &["", "-a", "a b", "é", "a\u{1b}"]),
        _ => (
            &["Wanzhou", "万州区", "=1+1", "a < b & \"c\" 'd'", "  spaces  ", "\u{202e}rtl"],
            &["a\nb", "\u{0}", "\u{1b}[31m"],
        ),
    }
}

fn pick<'a>(random: &mut ChaCha8Rng, (good, bad): (&'a [&'a str], &'a [&'a str])) -> &'a str {
    let from = if random.random_bool(0.97) { good } else { bad };
    from.choose(random).copied().unwrap_or_default()
}

/// A number at or around the edges of what is allowed.
fn number(random: &mut ChaCha8Rng, low: f64, high: f64) -> f64 {
    match random.random_range(0..12) {
        0 => low,
        1 => high,
        2 => 0.0_f64.clamp(low, high),
        3 => -0.0,
        4 => low - 1.0,
        5 => high + 1.0,
        6 => f64::MAX,
        7 => 1e-300,
        _ => random.random_range(low.max(-1e6)..=high.min(1e6)).round(),
    }
}

/// One encoded record of a dataset; numbered, so that most keys differ.
fn record(random: &mut ChaCha8Rng, dataset: &uplift_core::dataset::Dataset, number_of: usize) -> Vec<u8> {
    use uplift_core::dataset::{Format, Kind};
    let mut encoded = Vec::new();
    for field in &dataset.fields {
        if !field.required && random.random_bool(0.4) {
            continue;
        }
        let tag = field.number;
        let key_of_many = dataset.key.len() == 1 || field.name.ends_with("_id");
        match &field.kind {
            Kind::Text(Format::Identifier)
                if field.reference.is_none() && dataset.key.contains(&field.name) && key_of_many =>
            {
                let own = if random.random_bool(0.5) && dataset.name.starts_with("statement") {
                    ["a", "b", "c"].choose(random).map(|s| (*s).to_owned()).unwrap_or_default()
                } else {
                    format!("k{number_of}")
                };
                string::encode(tag, &own, &mut encoded);
            }
            Kind::Text(format) => {
                let kind = match format {
                    Format::Free => "free",
                    Format::Identifier => "identifier",
                    Format::Area => "area",
                    Format::Period => "period",
                    Format::Date => "date",
                    Format::Printed => "printed",
                    Format::Expression => "expression",
                };
                string::encode(tag, &pick(random, texts(kind)).to_owned(), &mut encoded);
            }
            Kind::Code(codes) => {
                let code = codes.choose(random).map_or(0, |c| c.number);
                int32::encode(tag, &if random.random_bool(0.98) { code } else { 99 }, &mut encoded);
            }
            Kind::Boolean => bool::encode(tag, &random.random_bool(0.5), &mut encoded),
            Kind::Integer | Kind::Money | Kind::Number => {
                let limits = field.limits.map(|(low, high)| (low.to_string(), high.to_string()));
                let (low, high) = limits.unwrap_or_default();
                let n = number(random, low.parse().unwrap(), high.parse().unwrap());
                match field.kind {
                    Kind::Number => double::encode(tag, &n, &mut encoded),
                    _ => int64::encode(tag, &(n as i64), &mut encoded),
                }
            }
        }
    }
    encoded
}

async fn submit_random(uplift: &Uplift, random: &mut ChaCha8Rng, round: usize) -> (i64, i64) {
    let mut client = uplift.ingest().await;
    let (mut accepted, mut rejected) = (0, 0);
    for dataset in uplift_proto::dataset::all() {
        let mut rows = Vec::new();
        for n in 0..120 {
            let record = record(random, dataset, round * 1_000 + n);
            prost::encoding::encode_key(
                dataset.rows_number,
                prost::encoding::WireType::LengthDelimited,
                &mut rows,
            );
            prost::encoding::encode_varint(record.len() as u64, &mut rows);
            rows.extend(record);
        }
        let rows = Rows::decode(bytes::Bytes::from(rows)).unwrap();
        let mut request = submission(&format!("random/{}/{round}", dataset.name), &dataset.name, rows);
        request.header.as_mut().unwrap().policy = Policy::AcceptGoodRows.into();
        match client.submit_records(request).await {
            Ok(answer) => {
                let outcome = answer.into_inner().submission.unwrap();
                accepted += outcome.rows_accepted;
                rejected += outcome.rows_rejected;
            }
            Err(status) => {
                assert_eq!(status.code(), tonic::Code::InvalidArgument, "{}: {status:?}", dataset.name)
            }
        }
    }
    (accepted, rejected)
}

/// Every call, with questions that reach every record.
async fn ask_everything(uplift: &Uplift) {
    let mut ingest = uplift.ingest().await;
    let listed = ingest
        .list_submissions(ListSubmissionsRequest { page_size: 1_000, ..Default::default() })
        .await
        .unwrap();
    for listed in listed.into_inner().submissions {
        let submission_id = listed.header.unwrap().submission_id;
        ingest.list_rejections(ListRejectionsRequest { submission_id, ..Default::default() }).await.unwrap();
    }
    let mut metrics = uplift.metrics().await;
    metrics.list_indicators(ListIndicatorsRequest::default()).await.unwrap();
    for (area, level) in
        [("50", AreaLevel::County), ("500101", AreaLevel::Unspecified), ("", AreaLevel::Unspecified)]
    {
        for period in ["2011", "1900", "2011-10"] {
            let query = IndicatorQuery {
                area_code: area.to_owned(),
                by_level: level.into(),
                periods: vec![period.to_owned()],
                compare_previous_year: period != "1900",
                ..IndicatorQuery::default()
            };
            let request = QueryIndicatorsRequest {
                query: Some(query.clone()),
                page_size: 10_000,
                ..Default::default()
            };
            let answer = metrics.query_indicators(request).await;
            let figures = answer.unwrap_or_else(|e| panic!("{area} {period}: {e:?}")).into_inner().figures;
            for figure in figures.iter().filter(|f| f.records > 0).step_by(29) {
                let request = TraceFigureRequest { trace: figure.trace.clone(), ..Default::default() };
                let traced = metrics.trace_figure(request).await;
                let traced = traced.unwrap_or_else(|e| panic!("{}: {e:?}", figure.indicator_id)).into_inner();
                let (name, again) = (&figure.indicator_id, traced.recomputed_exact_value);
                let said = format!("{name} {area} {period}: {} and {again}", figure.exact_value);
                assert!(traced.agrees, "{said}");
            }
            let mut stream = metrics
                .stream_indicators(StreamIndicatorsRequest { query: Some(query) })
                .await
                .unwrap()
                .into_inner();
            while let Some(message) = stream.next().await {
                message.unwrap();
            }
        }
    }
    metrics.check_statements(CheckStatementsRequest::default()).await.unwrap();
    let statements = metrics.query_statements(QueryStatementsRequest::default()).await.unwrap().into_inner();
    let mut documents: Vec<_> =
        statements.figures.into_iter().filter_map(|f| Some(f.statement?.document_id)).collect();
    documents.sort();
    documents.dedup();
    let mut reporting = uplift.reporting().await;
    for document_id in documents {
        let mut steps = reporting
            .generate_report(GenerateReportRequest { document_id, ..Default::default() })
            .await
            .unwrap()
            .into_inner();
        while let Some(step) = steps.next().await {
            step.unwrap();
        }
    }
    let reports = reporting.list_reports(ListReportsRequest::default()).await.unwrap().into_inner().reports;
    for report in reports {
        let request = DownloadReportRequest { report_id: report.report_id, ..Default::default() };
        let mut parts = reporting.download_report(request).await.unwrap().into_inner();
        while let Some(part) = parts.next().await {
            part.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_accepted_every_call_then_answers() {
    for seed in 0..setting("SEEDS", 1) as u64 {
        println!("seed {seed}");
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut uplift = Uplift::with_wanzhou().await;
        let (mut accepted, mut rejected) = (0, 0);
        for round in 0..3 {
            let (a, r) = submit_random(&uplift, &mut random, round).await;
            (accepted, rejected) = (accepted + a, rejected + r);
        }
        println!("{accepted} accepted, {rejected} rejected");
        assert!(accepted > 300 && rejected > 300, "{accepted} accepted, {rejected} rejected");
        ask_everything(&uplift).await;
        uplift.restart().await;
        ask_everything(&uplift).await;
    }
}
