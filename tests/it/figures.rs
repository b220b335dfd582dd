//! Records handed in and figures asked, for tests of what figures mean.

use uplift_proto::v1::ingest as wire;
use uplift_proto::v1::metrics::{Figure, IndicatorQuery, QueryIndicatorsRequest, TraceFigureRequest};
use uplift_testkit::Uplift;

use crate::cases::send;

/// Hands in a file of one dataset for a period and Chongqing; every row is accepted.
pub(crate) async fn hand_in(uplift: &Uplift, dataset: &str, period: &str, csv: &str) {
    submit("50", uplift, dataset, period, csv, false).await;
}

/// The same, of one county's office; returns the id of the submission.
pub(crate) async fn hand_in_of(
    area: &str,
    uplift: &Uplift,
    dataset: &str,
    period: &str,
    csv: &str,
) -> String {
    upload(area, uplift, dataset, period, csv, (false, wire::Mode::Unspecified)).await
}

/// The same, perhaps simulated.
pub(crate) async fn hand_in_as(uplift: &Uplift, dataset: &str, period: &str, csv: &str, simulated: bool) {
    submit("50", uplift, dataset, period, csv, simulated).await;
}

/// The same, in place of what is there of the period.
pub(crate) async fn replace_of(
    area: &str,
    uplift: &Uplift,
    dataset: &str,
    period: &str,
    csv: &str,
) -> String {
    upload(area, uplift, dataset, period, csv, (false, wire::Mode::Replace)).await
}

async fn submit(area: &str, uplift: &Uplift, dataset: &str, period: &str, csv: &str, simulated: bool) {
    upload(area, uplift, dataset, period, csv, (simulated, wire::Mode::Unspecified)).await;
}

async fn upload(
    area: &str,
    uplift: &Uplift,
    dataset: &str,
    period: &str,
    csv: &str,
    (simulated, mode): (bool, wire::Mode),
) -> String {
    static NUMBER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let submission_id = format!("{dataset}/{number}");
    let submission = wire::SubmissionHeader {
        submission_id: submission_id.clone(),
        dataset: dataset.to_owned(),
        area_code: area.to_owned(),
        period: period.to_owned(),
        sender: "Tests".to_owned(),
        simulated,
        mode: mode.into(),
        ..Default::default()
    };
    let header = wire::UploadHeader { submission: Some(submission), ..Default::default() };
    let answer = send(uplift, header, csv.as_bytes().to_vec()).await.unwrap_or_else(|e| panic!("{csv}: {e}"));
    assert_eq!(answer.rejections, [], "{csv}");
    submission_id
}

/// Hands in rows of two years, each year for itself; every row is accepted.
pub(crate) async fn hand_in_years(uplift: &Uplift, dataset: &str, head: &str, rows: &str) {
    for year in ["2010", "2011"] {
        let of_year = |row: &&str| row.contains(&format!(",{year}"));
        let rows: Vec<_> = rows.lines().filter(of_year).collect();
        hand_in(uplift, dataset, year, &format!("{head}\n{}\n", rows.join("\n"))).await;
    }
}

/// The reasons of a file whose rows are all refused.
pub(crate) async fn refused(uplift: &Uplift, dataset: &str, csv: &str) -> String {
    let submission = wire::SubmissionHeader {
        submission_id: "refused".to_owned(),
        dataset: dataset.to_owned(),
        area_code: "50".to_owned(),
        period: "2011".to_owned(),
        sender: "Tests".to_owned(),
        ..Default::default()
    };
    let header = wire::UploadHeader { submission: Some(submission), ..Default::default() };
    let answer = send(uplift, header, csv.as_bytes().to_vec()).await.unwrap();
    assert_eq!(answer.submission.unwrap().rows_accepted, 0, "{csv}");
    answer.rejections.iter().map(|r| format!("{}: {}", r.field, r.message)).collect::<Vec<_>>().join("; ")
}

pub(crate) async fn figures(uplift: &Uplift, indicator: &str, area: &str, period: &str) -> Vec<Figure> {
    let query = IndicatorQuery {
        indicators: vec![indicator.to_owned()],
        area_code: area.to_owned(),
        periods: vec![period.to_owned()],
        compare_previous_year: true,
        ..Default::default()
    };
    let request = QueryIndicatorsRequest { query: Some(query), ..Default::default() };
    let mut metrics = uplift.metrics().await;
    let figures = metrics.query_indicators(request).await.unwrap().into_inner().figures;
    // Each is found again from its evidence.
    for figure in figures.iter().filter(|figure| figure.records > 0) {
        let request = TraceFigureRequest { trace: figure.trace.clone(), ..Default::default() };
        let evidence = metrics.trace_figure(request).await.unwrap().into_inner();
        assert!(
            evidence.agrees,
            "{indicator} in {area}, {period}: {:?} {:?}",
            figure.value, evidence.recomputed
        );
    }
    figures
}

/// The one figure of an indicator; none where it has no value.
pub(crate) async fn figure(uplift: &Uplift, indicator: &str, area: &str, period: &str) -> Option<f64> {
    let figures = figures(uplift, indicator, area, period).await;
    assert_eq!(figures.len(), 1, "{indicator}: {figures:?}");
    figures[0].value
}

/// Checks values: indicator, area, period, value.
pub(crate) async fn check(uplift: &Uplift, expected: &[(&str, &str, &str, Option<f64>)]) {
    for (indicator, area, period, value) in expected {
        let found = figure(uplift, indicator, area, period).await;
        let near = match (found, value) {
            (Some(found), Some(value)) => (found - value).abs() < 1e-9 * value.abs().max(1.0),
            (found, value) => found == *value,
        };
        assert!(near, "{indicator} in {area}, {period}: {found:?}, and not {value:?}");
    }
}

pub(crate) const AREAS: &str = "area_code,valid_from,valid_to,level,name_zh,key_county
50,2000-01-01,,province,重庆市,
500101,2000-01-01,,county,万州区,national
500102,2000-01-01,,county,涪陵区,municipal
500103,2000-01-01,,county,渝中区,
500222,2000-01-01,2011-10-26,county,綦江县,municipal
500101101,2000-01-01,,township,甲乡,
500101101001,2000-01-01,,village,甲村,
500101101002,2000-01-01,,village,乙村,
500102101001,2000-01-01,,village,丙村,
";

pub(crate) async fn with_areas() -> Uplift {
    let uplift = Uplift::start().await;
    hand_in(&uplift, "area", "2011", AREAS).await;
    uplift
}
