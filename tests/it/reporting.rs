//! Reports, from the first step to the last byte.

use tonic::Code;
use uplift_proto::v1::reporting::{
    DownloadReportRequest, GenerateReportRequest, GetReportRequest, ListReportsRequest, Report,
    download_report_response::Part, generate_report_response::Event,
};
use uplift_testkit::Uplift;

pub(crate) async fn generate(uplift: &Uplift) -> (Vec<String>, Report) {
    let request = GenerateReportRequest { document_id: "chongqing-2011".into(), ..Default::default() };
    let mut events = uplift.reporting().await.generate_report(request).await.unwrap().into_inner();
    let mut stages = Vec::new();
    let mut report = None;
    while let Some(message) = events.message().await.unwrap() {
        assert!(report.is_none(), "the report comes last");
        match message.event.unwrap() {
            Event::Progress(step) => {
                assert_eq!(step.done as usize, stages.len());
                stages.push(step.stage);
            }
            Event::Report(written) => report = Some(written),
        }
    }
    (stages, report.expect("a report"))
}

/// The page of a report, and its digest as it was sent.
pub(crate) async fn download(uplift: &Uplift, report: &Report) -> (String, String) {
    let request = DownloadReportRequest { report_id: report.report_id.clone(), ..Default::default() };
    let mut parts = uplift.reporting().await.download_report(request).await.unwrap().into_inner();
    let (mut page, mut digest) = (Vec::new(), None);
    while let Some(message) = parts.message().await.unwrap() {
        match message.part.unwrap() {
            Part::Chunk(chunk) => page.extend_from_slice(&chunk),
            Part::Sha256(sent) => digest = Some(sent),
        }
    }
    (String::from_utf8(page).unwrap(), digest.expect("a digest"))
}

#[tokio::test]
async fn a_report_streams_its_progress_and_is_stored_unchanged() {
    let mut uplift = Uplift::with_article().await;
    let (stages, report) = generate(&uplift).await;
    assert_eq!(stages.len(), 4);
    assert_eq!((report.figures, report.contradictions, report.simulated), (71, 3, false));

    uplift.restart().await;
    let mut reporting = uplift.reporting().await;
    let request = GetReportRequest { report_id: report.report_id.clone() };
    assert_eq!(reporting.get_report(request).await.unwrap().into_inner().report.as_ref(), Some(&report));

    let (page, digest) = download(&uplift, &report).await;
    assert_eq!((page.len() as i64, &digest), (report.size, &report.sha256));
    for expected in ["1.336 billion", "财政扶贫资金", "6000 × 15,000", "<svg", "≠"] {
        assert!(page.contains(expected), "the page lacks {expected}");
    }
    assert!(!page.contains("Simulated data"), "the article is not simulated");
    assert!(!page.contains("<script"));
}

#[tokio::test]
async fn reports_are_listed_the_newest_first() {
    let uplift = Uplift::with_article().await;
    let (_, first) = generate(&uplift).await;
    let (_, second) = generate(&uplift).await;
    let mut reporting = uplift.reporting().await;
    let page =
        reporting.list_reports(ListReportsRequest { page_size: 1, ..Default::default() }).await.unwrap();
    let page = page.into_inner();
    assert_eq!(page.reports[0].report_id, second.report_id);
    let rest = ListReportsRequest { page_token: page.next_page_token, ..Default::default() };
    let rest = reporting.list_reports(rest).await.unwrap().into_inner();
    assert_eq!((rest.reports.len(), &rest.reports[0].report_id), (1, &first.report_id));
}

#[tokio::test]
async fn missing_reports_and_documents_are_not_found() {
    let uplift = Uplift::start().await;
    let mut reporting = uplift.reporting().await;
    for id in ["", "../tables", "0000", "..%2f"] {
        let missing = reporting.get_report(GetReportRequest { report_id: id.into() }).await.unwrap_err();
        assert_eq!(missing.code(), Code::NotFound, "{id:?}");
    }
    let request = GenerateReportRequest { document_id: "unheard-of".into(), ..Default::default() };
    let mut events = reporting.generate_report(request).await.unwrap().into_inner();
    let failed = loop {
        match events.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the stream ended without an error"),
            Err(status) => break status,
        }
    };
    assert_eq!(failed.code(), Code::NotFound);
    assert!(failed.message().contains("unheard-of"));
}
