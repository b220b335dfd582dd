//! Handing in: what lands, what comes back, what happens the second time.

use prost::Message;
use tonic::Code;
use tonic_types::StatusExt;
use uplift_proto::rows::Rows;
use uplift_proto::v1::ingest as wire;
use uplift_proto::v1::metrics::QueryStatementsRequest;
use uplift_proto::v1::records::{Qualifier, Statement};
use uplift_testkit::{Uplift, article, rows_number, submission};

fn statement(id: &str) -> Statement {
    Statement {
        statement_id: id.to_owned(),
        document_id: "letter".to_owned(),
        area_code: "500101".to_owned(),
        period: "2011".to_owned(),
        section: "overview".to_owned(),
        locator: "sentence 1".to_owned(),
        subject: "fund.fiscal".to_owned(),
        title_en: "Fiscal funds".to_owned(),
        title_zh: "财政资金".to_owned(),
        printed: "1.2 million".to_owned(),
        unit: "CNY".to_owned(),
        ..Statement::default()
    }
}

fn statements(id: &str, rows: &[Statement]) -> wire::SubmitRecordsRequest {
    submission(id, "statement", Rows::encode(rows_number("statement"), rows))
}

fn with_header(
    mut request: wire::SubmitRecordsRequest,
    change: impl FnOnce(&mut wire::SubmissionHeader),
) -> wire::SubmitRecordsRequest {
    change(request.header.as_mut().expect("a header"));
    request
}

async fn count(uplift: &Uplift, document: &str) -> usize {
    let asked = QueryStatementsRequest { document_id: document.to_owned(), ..Default::default() };
    uplift.metrics().await.query_statements(asked).await.expect("an answer").into_inner().figures.len()
}

#[tokio::test]
async fn a_bad_record_is_refused_with_the_path_of_each_field_at_fault() {
    let uplift = Uplift::start().await;
    let mut ingest = uplift.ingest().await;
    let bad = Statement {
        printed: "12,34".into(),
        section: String::new(),
        area_code: "110101".into(),
        ..statement("b")
    };
    let range = Statement { printed: "15-30".into(), ..statement("c") };
    let refused = ingest.submit_records(statements("bad", &[statement("a"), bad, range])).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let violations = refused.get_details_bad_request().expect("field violations").field_violations;
    let fields: Vec<_> = violations.iter().map(|v| v.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "rows.statements[1].area_code",
            "rows.statements[1].section",
            "rows.statements[1].printed",
            "rows.statements[2].printed",
        ]
    );
    assert!(violations[2].description.contains("12,34"), "{}", violations[2].description);
    assert_eq!(count(&uplift, "letter").await, 0, "nothing of a refused submission is in the table");

    let asked = wire::GetSubmissionRequest { submission_id: "bad".into() };
    let kept = ingest.get_submission(asked).await.unwrap().into_inner().submission.unwrap();
    assert_eq!((kept.state(), kept.rows_received, kept.rows_rejected), (wire::State::Refused, 3, 2));
}

#[tokio::test]
async fn good_rows_land_beside_bad_ones_where_the_sender_chose_so() {
    let uplift = Uplift::start().await;
    let mut ingest = uplift.ingest().await;
    let rows = [
        statement("a"),
        Statement { printed: String::new(), ..statement("b") },
        statement("a"),
        statement("d"),
    ];
    let request = with_header(statements("mixed", &rows), |h| h.policy = wire::Policy::AcceptGoodRows.into());
    let answer = ingest.submit_records(request).await.unwrap().into_inner();
    let submission = answer.submission.unwrap();
    assert_eq!((submission.rows_received, submission.rows_landed, submission.rows_rejected), (4, 2, 2));
    let rejected: Vec<_> = answer.rejections.iter().map(|r| (r.row, r.rule.as_str())).collect();
    assert_eq!(rejected, [(2, "required"), (3, "duplicate_key")]);
    assert_eq!(count(&uplift, "letter").await, 2);
}

#[tokio::test]
async fn the_same_submission_twice_changes_nothing_and_other_content_under_its_id_is_refused() {
    let mut uplift = Uplift::with_article().await;
    let asked = wire::GetSubmissionRequest { submission_id: "article/statement".into() };
    let first = uplift.ingest().await.get_submission(asked).await.unwrap().into_inner().submission;
    for round in 0..2 {
        let mut ingest = uplift.ingest().await;
        let [statements, _] = article();
        let again = ingest.submit_records(statements.clone()).await.unwrap().into_inner().submission;
        assert_eq!(again, first, "round {round}");
        assert_eq!(count(&uplift, "chongqing-2011").await, 71);
        let changed = with_header(statements, |h| h.sender = "Somebody else".into());
        let refused = ingest.submit_records(changed).await.unwrap_err();
        assert_eq!(refused.code(), Code::AlreadyExists);
        uplift.restart().await;
    }
}

#[tokio::test]
async fn replacing_swaps_the_rows_of_that_area_and_period_alone() {
    let uplift = Uplift::start().await;
    let mut ingest = uplift.ingest().await;
    let county = |h: &mut wire::SubmissionHeader| h.area_code = "500101".into();
    let replace = |h: &mut wire::SubmissionHeader| h.mode = wire::Mode::Replace.into();
    ingest.submit_records(statements("city/1", &[statement("city")])).await.unwrap();
    ingest
        .submit_records(with_header(
            statements("county/1", &[statement("old.1"), statement("old.2")]),
            county,
        ))
        .await
        .unwrap();
    let newer = with_header(with_header(statements("county/2", &[statement("new")]), county), replace);
    ingest.submit_records(newer).await.unwrap();
    let asked = QueryStatementsRequest { document_id: "letter".into(), ..Default::default() };
    let figures = uplift.metrics().await.query_statements(asked).await.unwrap().into_inner().figures;
    let ids: Vec<_> = figures.iter().map(|f| f.statement.as_ref().unwrap().statement_id.as_str()).collect();
    assert_eq!(ids, ["city", "new"]);
}

#[tokio::test]
async fn a_dry_run_answers_and_keeps_nothing() {
    let uplift = Uplift::start().await;
    let mut ingest = uplift.ingest().await;
    let request = wire::SubmitRecordsRequest { dry_run: true, ..statements("dry", &[statement("a")]) };
    let answer = ingest.submit_records(request).await.unwrap().into_inner().submission.unwrap();
    assert_eq!((answer.rows_landed, answer.table_version), (1, None));
    assert_eq!(count(&uplift, "letter").await, 0);
    let asked = wire::GetSubmissionRequest { submission_id: "dry".into() };
    assert_eq!(ingest.get_submission(asked).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_field_that_the_dataset_does_not_have_is_refused_with_its_number() {
    let uplift = Uplift::start().await;
    let mut record = statement("a").encode_to_vec();
    record.extend([(99 << 3) as u8 | 0x80, 6, 7]); // field 99, a varint
    let mut wire_rows = vec![0x0a, record.len() as u8 | 0x80, (record.len() >> 7) as u8];
    wire_rows.extend(&record);
    let rows = Rows::decode(wire_rows.as_slice()).unwrap();
    let refused = uplift.ingest().await.submit_records(submission("x", "statement", rows)).await.unwrap_err();
    let violations = refused.get_details_bad_request().unwrap().field_violations;
    assert_eq!(violations[0].field, "rows.statements[0].99");
}

#[tokio::test]
async fn wrong_headers_and_lists_are_refused_before_any_row() {
    let uplift = Uplift::start().await;
    let mut ingest = uplift.ingest().await;
    let header = |h: &mut wire::SubmissionHeader| {
        h.submission_id = "with space".into();
        h.dataset = "statements".into();
        h.period = "2011-Q9".into();
    };
    let refused =
        ingest.submit_records(with_header(statements("x", &[statement("a")]), header)).await.unwrap_err();
    let violations = refused.get_details_bad_request().unwrap().field_violations;
    let fields: Vec<_> = violations.iter().map(|v| v.field.as_str()).collect();
    assert_eq!(fields, ["header.submission_id", "header.dataset", "header.period"]);

    let none = ingest.submit_records(statements("x", &[])).await.unwrap_err();
    assert_eq!(none.code(), Code::InvalidArgument);
    let other = submission("x", "statement_check", Rows::encode(rows_number("statement"), &[statement("a")]));
    let other = ingest.submit_records(other).await.unwrap_err();
    assert_eq!(other.get_details_bad_request().unwrap().field_violations[0].field, "rows.statements");
}

#[tokio::test]
async fn submissions_are_listed_the_newest_first_in_pages() {
    let uplift = Uplift::start().await;
    let mut ingest = uplift.ingest().await;
    for n in 0..5 {
        ingest.submit_records(statements(&format!("s/{n}"), &[statement(&format!("s{n}"))])).await.unwrap();
    }
    let mut asked = wire::ListSubmissionsRequest { page_size: 2, ..Default::default() };
    let mut ids = Vec::new();
    loop {
        let page = ingest.list_submissions(asked.clone()).await.unwrap().into_inner();
        assert!(page.submissions.len() <= 2);
        ids.extend(page.submissions.into_iter().map(|s| s.header.unwrap().submission_id));
        if page.next_page_token.is_empty() {
            break;
        }
        asked.page_token = page.next_page_token;
    }
    assert_eq!(ids, ["s/4", "s/3", "s/2", "s/1", "s/0"]);
    let wrong = wire::ListSubmissionsRequest { page_token: "?".into(), ..Default::default() };
    assert_eq!(ingest.list_submissions(wrong).await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn datasets_describe_themselves() {
    let uplift = Uplift::start().await;
    let mut ingest = uplift.ingest().await;
    let asked = wire::GetDatasetRequest { dataset: "statement".into() };
    let dataset = ingest.get_dataset(asked).await.unwrap().into_inner().dataset.unwrap();
    let qualifier = dataset.fields.iter().find(|f| f.name == "qualifier").unwrap();
    assert!(
        qualifier.codes.iter().any(|c| c.name == Qualifier::MoreThan.as_str_name() && c.title_zh == "超过")
    );
    let unknown = wire::GetDatasetRequest { dataset: "villages".into() };
    let refused = ingest.get_dataset(unknown).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert!(refused.message().contains("statement"), "names what exists: {}", refused.message());
}
