//! Submissions: what is accepted, what is rejected, what happens the second time.

use arrow::array::RecordBatch;
use prost::Message;
use tonic::Code;
use tonic_types::StatusExt;
use uplift_proto::rows::Rows;
use uplift_proto::v1::ingest as wire;
use uplift_proto::v1::ingest::upload_file_request::Part;
use uplift_proto::v1::metrics::QueryStatementsRequest;
use uplift_proto::v1::records::{
    Area, AreaLevel, FlowKind, FundFlow, FundSource, Household, Organisation, OrganisationKind, Qualifier,
    RegistrationStatus, Statement,
};
use uplift_store::Store;
use uplift_testkit::{Uplift, article, rows_number, submission, wanzhou};

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
    let request = QueryStatementsRequest { document_id: document.to_owned(), ..Default::default() };
    uplift.metrics().await.query_statements(request).await.expect("an answer").into_inner().figures.len()
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

    let request = wire::GetSubmissionRequest { submission_id: "bad".into() };
    let kept = ingest.get_submission(request).await.unwrap().into_inner().submission.unwrap();
    assert_eq!((kept.state(), kept.rows_received, kept.rows_rejected), (wire::State::Refused, 3, 2));
}

#[tokio::test]
async fn good_rows_are_accepted_beside_bad_ones_where_the_sender_chose_so() {
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
    assert_eq!((submission.rows_received, submission.rows_accepted, submission.rows_rejected), (4, 2, 2));
    let rejected: Vec<_> = answer.rejections.iter().map(|r| (r.row, r.rule.as_str())).collect();
    assert_eq!(rejected, [(2, "required"), (3, "duplicate_key")]);
    assert_eq!(count(&uplift, "letter").await, 2);
}

#[tokio::test]
async fn the_same_submission_twice_changes_nothing_and_other_content_under_its_id_is_refused() {
    let mut uplift = Uplift::with_article().await;
    let request = wire::GetSubmissionRequest { submission_id: "article/statement".into() };
    let first = uplift.ingest().await.get_submission(request).await.unwrap().into_inner().submission;
    for round in 0..2 {
        let mut ingest = uplift.ingest().await;
        let [statements, _] = article();
        let repeated = ingest.submit_records(statements.clone()).await.unwrap().into_inner().submission;
        assert_eq!(repeated, first, "round {round}");
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
    let request = QueryStatementsRequest { document_id: "letter".into(), ..Default::default() };
    let figures = uplift.metrics().await.query_statements(request).await.unwrap().into_inner().figures;
    let ids: Vec<_> = figures.iter().map(|f| f.statement.as_ref().unwrap().statement_id.as_str()).collect();
    assert_eq!(ids, ["city", "new"]);
}

#[tokio::test]
async fn a_dry_run_answers_and_keeps_nothing() {
    let uplift = Uplift::start().await;
    let mut ingest = uplift.ingest().await;
    let request = wire::SubmitRecordsRequest { dry_run: true, ..statements("dry", &[statement("a")]) };
    let answer = ingest.submit_records(request).await.unwrap().into_inner().submission.unwrap();
    assert_eq!((answer.rows_accepted, answer.table_version), (1, None));
    assert_eq!(answer.state(), wire::State::Checked);
    assert_eq!(count(&uplift, "letter").await, 0);
    let request = wire::GetSubmissionRequest { submission_id: "dry".into() };
    assert_eq!(ingest.get_submission(request).await.unwrap_err().code(), Code::NotFound);
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
    let mut request = wire::ListSubmissionsRequest { page_size: 2, ..Default::default() };
    let mut ids = Vec::new();
    // One that was refused, and is sent again while the pages are read.
    let faulty = Statement { printed: "?".into(), ..statement("again") };
    ingest.submit_records(statements("again", &[faulty])).await.unwrap_err();
    for n in 5..8 {
        ingest.submit_records(statements(&format!("s/{n}"), &[statement(&format!("s{n}"))])).await.unwrap();
    }
    loop {
        let page = ingest.list_submissions(request.clone()).await.unwrap().into_inner();
        assert!(page.submissions.len() <= 2);
        let late = statements("again", &[statement("again")]);
        ingest.submit_records(late).await.unwrap();
        ids.extend(page.submissions.into_iter().map(|s| s.header.unwrap().submission_id));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(ids, ["s/7", "s/6", "s/5", "again", "s/4", "s/3", "s/2", "s/1", "s/0"]);
    let wrong = wire::ListSubmissionsRequest { page_token: "?".into(), ..Default::default() };
    assert_eq!(ingest.list_submissions(wrong).await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn datasets_describe_themselves() {
    let uplift = Uplift::start().await;
    let mut ingest = uplift.ingest().await;
    let request = wire::GetDatasetRequest { dataset: "statement".into() };
    let dataset = ingest.get_dataset(request).await.unwrap().into_inner().dataset.unwrap();
    let qualifier = dataset.fields.iter().find(|f| f.name == "qualifier").unwrap();
    assert!(
        qualifier.codes.iter().any(|c| c.name == Qualifier::MoreThan.as_str_name() && c.title_zh == "超过")
    );
    let unknown = wire::GetDatasetRequest { dataset: "villages".into() };
    let refused = ingest.get_dataset(unknown).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert!(refused.message().contains("statement"), "names what exists: {}", refused.message());
}

#[tokio::test]
async fn a_key_is_accepted_once_even_when_submissions_race_for_it() {
    let mut uplift = Uplift::start().await;
    let mut racers = tokio::task::JoinSet::new();
    for n in 0..8 {
        let mut ingest = uplift.ingest().await;
        let own = statement(&format!("own.{n}"));
        let request = with_header(statements(&format!("race/{n}"), &[statement("wanted"), own]), |h| {
            h.policy = wire::Policy::AcceptGoodRows.into();
        });
        racers.spawn(async move { ingest.submit_records(request).await.unwrap().into_inner() });
    }
    let answers = racers.join_all().await;
    let accepted: Vec<_> = answers.iter().map(|a| a.submission.as_ref().unwrap().rows_accepted).collect();
    assert_eq!(
        (accepted.iter().sum::<i64>(), accepted.iter().filter(|n| **n == 2).count()),
        (9, 1),
        "{accepted:?}"
    );
    let rules: Vec<_> = answers.iter().flat_map(|a| &a.rejections).map(|r| r.rule.as_str()).collect();
    assert_eq!(rules, ["duplicate_key"; 7]);

    // The keys are read from the table again after a start; the reasons are kept with them.
    uplift.restart().await;
    let mut ingest = uplift.ingest().await;
    let refused = ingest.submit_records(statements("late", &[statement("wanted")])).await.unwrap_err();
    let violations = refused.get_details_bad_request().unwrap().field_violations;
    assert!(violations[0].description.contains("submitted before for 50, 2011"), "{violations:?}");
    let request = wire::ListRejectionsRequest { submission_id: "late".into(), ..Default::default() };
    let kept = ingest.list_rejections(request).await.unwrap().into_inner().rejections;
    assert_eq!((kept.len(), kept[0].row, kept[0].rule.as_str()), (1, 1, "duplicate_key"));
}

#[tokio::test]
async fn money_arrives_exact_and_references_must_exist() {
    let uplift = Uplift::start().await;
    let mut ingest = uplift.ingest().await;
    let flow = |id: &str| FundFlow {
        flow_id: id.into(),
        date: "2011-10-17".into(),
        kind: FlowKind::Disbursement.into(),
        source: FundSource::FiscalLocal.into(),
        amount_fen: Some(9_007_199_254_740_993), // more than a float can hold
        area_code: "500101".into(),
        ..FundFlow::default()
    };
    let flows = |id: &str, rows: &[FundFlow]| {
        submission(id, "fund_flow", Rows::encode(rows_number("fund_flow"), rows))
    };
    let refused = ingest.submit_records(flows("early", &[flow("f1")])).await.unwrap_err();
    let violations = refused.get_details_bad_request().unwrap().field_violations;
    assert_eq!(violations[0].field, "rows.fund_flows[0].area_code");
    assert!(violations[0].description.contains("submit the area first"), "{violations:?}");

    ingest.submit_records(wanzhou()).await.unwrap();
    ingest.submit_records(flows("good", &[flow("f1")])).await.unwrap();
    let bad = [
        FundFlow { project_id: "unheard.of".into(), ..flow("f2") },
        FundFlow { amount_fen: Some(0), ..flow("f3") },
        FundFlow { amount_fen: None, ..flow("f4") },
        FundFlow { kind: FlowKind::Loan.into(), ..flow("f5") },
        FundFlow { date: "2011-02-30".into(), ..flow("f6") },
    ];
    let request = with_header(flows("bad", &bad), |h| h.policy = wire::Policy::AcceptGoodRows.into());
    let refused = ingest.submit_records(request).await.unwrap_err();
    let violations = refused.get_details_bad_request().unwrap().field_violations;
    let fields: Vec<_> = violations.iter().map(|v| v.field.trim_start_matches("rows.fund_flows")).collect();
    assert_eq!(
        fields,
        ["[0].project_id", "[1].amount_fen", "[2].amount_fen", "[3].loan_id", "[3].due", "[4].date"]
    );

    let rows = fund_flow_rows(&uplift).await;
    let amount = rows[0].column_by_name("amount").unwrap();
    assert_eq!(arrow::util::display::array_value_to_string(amount, 0).unwrap(), "90071992547409.93");
}

#[tokio::test]
async fn small_submissions_share_commits() {
    let uplift = Uplift::start().await;
    let mut senders = tokio::task::JoinSet::new();
    for n in 0..40 {
        let mut ingest = uplift.ingest().await;
        let request = statements(&format!("s/{n}"), &[statement(&format!("s{n}"))]);
        senders.spawn(async move { ingest.submit_records(request).await.unwrap().into_inner() });
    }
    let versions: std::collections::BTreeSet<_> =
        senders.join_all().await.into_iter().map(|a| a.submission.unwrap().table_version.unwrap()).collect();
    assert_eq!(count(&uplift, "letter").await, 40);
    assert!(versions.len() < 40, "{} commits for 40 submissions", versions.len());
}

/// What the table of fund flows holds.
async fn fund_flow_rows(uplift: &Uplift) -> Vec<RecordBatch> {
    let store = Store::open(&uplift.table("")).unwrap();
    let table = store.get("fund_flow").await.unwrap().unwrap();
    table.snapshot().await.unwrap().rows().await.unwrap().collect().await.unwrap()
}

/// A file as a county office makes it: GB18030, Chinese headings, money in 万元.
fn county_file() -> Vec<u8> {
    let csv = "流水编号,日期,类型,资金来源,金额（万元）,地区代码\r\n\
        W-1,2011年3月5日,下达,中央财政,13300.5,500101\r\n\
        W-2,2011/3/9,拨付,地方财政,十万,500101\r\n\
        W-3,2011-04-01,支出,社会,0.0000001,500101\r\n\
        W-4,2011-04-02,拨款,社会,12,500101\r\n\
        W-5,20110501,支出,社会,\"1,234.56\",500101000000\r\n";
    encoding_rs::GB18030.encode(csv).0.into_owned()
}

async fn upload(
    uplift: &Uplift,
    id: &str,
    bytes: Vec<u8>,
) -> Result<wire::UploadFileResponse, tonic::Status> {
    upload_with_units(uplift, id, bytes, &[]).await
}

async fn upload_with_units(
    uplift: &Uplift,
    id: &str,
    bytes: Vec<u8>,
    units: &[(&str, &str)],
) -> Result<wire::UploadFileResponse, tonic::Status> {
    let submission = wire::SubmissionHeader {
        submission_id: id.into(),
        dataset: "fund_flow".into(),
        area_code: "500101".into(),
        period: "2011".into(),
        policy: wire::Policy::AcceptGoodRows.into(),
        sender: "万州区扶贫办".into(),
        ..Default::default()
    };
    let units = units.iter().map(|(name, unit)| ((*name).to_owned(), (*unit).to_owned())).collect();
    let header = wire::UploadHeader { submission: Some(submission), units, ..Default::default() };
    let chunks = bytes.chunks(7).map(|c| Part::Chunk(c.to_vec().into())).collect::<Vec<_>>();
    let parts = std::iter::once(Part::Header(header)).chain(chunks);
    let parts: Vec<_> = parts.map(|part| wire::UploadFileRequest { part: Some(part) }).collect();
    let answer = uplift.ingest().await.upload_file(tokio_stream::iter(parts)).await;
    answer.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn a_county_file_is_accepted_exactly_and_its_bad_rows_are_rejected_in_its_own_words() {
    let uplift = Uplift::with_wanzhou().await;
    let answer = upload(&uplift, "file/1", county_file()).await.unwrap();
    let submission = answer.submission.unwrap();
    assert_eq!((submission.rows_received, submission.rows_accepted, submission.rows_rejected), (5, 2, 3));
    let rejected: Vec<_> =
        answer.rejections.iter().map(|r| (r.row, r.field.as_str(), r.value.as_str())).collect();
    assert_eq!(
        rejected,
        [(3, "金额（万元）", "十万"), (4, "金额（万元）", "0.0000001"), (5, "类型", "拨款")]
    );
    assert!(
        answer.rejections[2].message.contains("拨付"),
        "the list is given: {}",
        answer.rejections[2].message
    );

    let rows = fund_flow_rows(&uplift).await;
    let show = |column: &str, row| {
        arrow::util::display::array_value_to_string(rows[0].column_by_name(column).unwrap(), row).unwrap()
    };
    let accepted: Vec<_> = (0..2)
        .map(|row| [show("flow_id", row), show("amount", row), show("date", row), show("kind", row)])
        .collect();
    assert_eq!(
        accepted,
        [
            ["W-1", "133005000.00", "2011-03-05", "allocation"],
            ["W-5", "12345600.00", "2011-05-01", "expenditure"]
        ]
    );

    let repeated = upload(&uplift, "file/1", county_file()).await.unwrap();
    assert_eq!(repeated.submission.unwrap(), submission, "the same file again is the same submission");
    assert_eq!(repeated.rejections, answer.rejections);
}

#[tokio::test]
async fn other_encodings_are_accepted_and_unknown_columns_refused() {
    let uplift = Uplift::with_wanzhou().await;
    let csv = "flow_id,Date,kind,source,amount,area_code\nU-1,2011-01-02,donation,social,5.25,500101\n";
    let utf16: Vec<u8> = csv.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let accepted = upload(&uplift, "utf16", utf16).await.unwrap().submission.unwrap();
    assert_eq!(accepted.rows_accepted, 1);
    let marked = format!("\u{feff}{}", csv.replace("U-1", "U-2"));
    assert_eq!(
        upload(&uplift, "utf8", marked.into_bytes()).await.unwrap().submission.unwrap().rows_accepted,
        1
    );

    let unknown = upload(&uplift, "unknown", csv.replace("source", "sauce").into_bytes()).await.unwrap_err();
    let violations = unknown.get_details_bad_request().unwrap().field_violations;
    let fields: Vec<_> = violations.iter().map(|v| v.field.as_str()).collect();
    assert_eq!(fields, ["file, column \"sauce\"", "file, column source"]);
    let garbled = upload(&uplift, "garbled", vec![b'a', 0xff, 0xff, b'\n', 0x80]).await.unwrap_err();
    assert_eq!(garbled.code(), Code::InvalidArgument);
    assert_eq!(upload(&uplift, "empty", Vec::new()).await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn two_units_for_one_column_are_refused() {
    let uplift = Uplift::with_wanzhou().await;
    for units in [[("amount", "元"), ("金额", "万元")], [("amount_fen", "元"), ("amount", "元")]] {
        let refused = upload_with_units(&uplift, "units", county_file(), &units).await.unwrap_err();
        let told = String::from_utf8_lossy(refused.details());
        assert!(told.contains("one column"), "{refused:?}");
    }
}

#[tokio::test]
async fn every_template_is_a_file_that_its_dataset_takes() {
    let uplift = Uplift::start().await;
    let mut ingest = uplift.ingest().await;
    for dataset in uplift_proto::dataset::all() {
        for language in ["en", "zh"] {
            let request =
                wire::GetTemplateRequest { dataset: dataset.name.clone(), language: language.into() };
            let template = ingest.get_template(request).await.unwrap().into_inner();
            let submission = wire::SubmissionHeader {
                submission_id: "template".into(),
                dataset: dataset.name.clone(),
                area_code: "50".into(),
                period: "2011".into(),
                sender: "Tests".into(),
                ..Default::default()
            };
            let header =
                wire::UploadHeader { submission: Some(submission), dry_run: true, ..Default::default() };
            let parts = [Part::Header(header), Part::Chunk(template.content)];
            let parts = parts.map(|part| wire::UploadFileRequest { part: Some(part) });
            let refused = ingest.upload_file(tokio_stream::iter(parts)).await.unwrap_err();
            let message = refused.message();
            // Every heading is known: only the rows are missing.
            assert_eq!(message, "file: has no rows below its headings", "{} {language}", dataset.name);
        }
    }
}

#[tokio::test]
async fn a_caller_that_gave_up_and_tries_again_gets_the_first_answer() {
    let uplift = Uplift::start().await;
    let request = statements("impatient", &[statement("a")]);
    for wait in 0..20 {
        // Given up at any point of the way: before, while or after the rows are committed.
        let mut ingest = uplift.ingest().await;
        let patience = std::time::Duration::from_millis(wait * 2);
        let _ = tokio::time::timeout(patience, ingest.submit_records(request.clone())).await;
        match ingest.submit_records(request.clone()).await {
            Ok(answer) => assert_eq!(answer.into_inner().submission.unwrap().rows_accepted, 1),
            Err(status) => assert_eq!(status.code(), Code::Aborted, "{status:?}"),
        }
    }
    assert_eq!(count(&uplift, "letter").await, 1);
}

#[tokio::test]
async fn compacting_small_files_changes_neither_rows_nor_earlier_versions() {
    let uplift = Uplift::start().await;
    let mut ingest = uplift.ingest().await;
    let mut tenth = None;
    for n in 1..=40 {
        let answer = ingest
            .submit_records(statements(&format!("s/{n}"), &[statement(&format!("s{n}"))]))
            .await
            .unwrap();
        let version = answer.into_inner().submission.unwrap().table_version;
        tenth = if n == 10 { version } else { tenth };
    }
    let store = Store::open(&uplift.table("")).unwrap();
    let table = store.get("statement").await.unwrap().unwrap();
    let files = table.snapshot().await.unwrap().file_count();
    assert!(files < 30, "{files} files after 40 submissions");
    assert_eq!(count(&uplift, "letter").await, 40);
    let earlier = table.at(tenth.unwrap()).await.unwrap().rows().await.unwrap().count().await.unwrap();
    assert_eq!(earlier, 10);
}

#[tokio::test]
async fn a_replacement_that_removes_what_other_records_name_is_refused_or_tells_which() {
    let uplift = Uplift::with_wanzhou().await;
    let mut ingest = uplift.ingest().await;
    let organisation = |id: &str| Organisation {
        organisation_id: id.into(),
        kind: OrganisationKind::Enterprise.into(),
        name_en: id.into(),
        name_zh: id.into(),
        area_code: "500101".into(),
        ..Organisation::default()
    };
    let organisations = |id: &str, names: &[&str], change: fn(&mut wire::SubmissionHeader)| {
        let rows: Vec<_> = names.iter().map(|name| organisation(name)).collect();
        let rows = Rows::encode(rows_number("organisation"), &rows);
        with_header(submission(id, "organisation", rows), change)
    };
    ingest.submit_records(organisations("o/1", &["donor", "idle"], |_| {})).await.unwrap();
    let flow = |n: i32| FundFlow {
        flow_id: format!("f{n}"),
        kind: FlowKind::Donation.into(),
        source: FundSource::Social.into(),
        date: "2011-05-01".into(),
        amount_fen: Some(100),
        area_code: "500101".into(),
        payer_id: "donor".into(),
        ..FundFlow::default()
    };
    let flows = Rows::encode(rows_number("fund_flow"), &[flow(1), flow(2)]);
    ingest.submit_records(submission("f/1", "fund_flow", flows)).await.unwrap();
    let replace: fn(&mut wire::SubmissionHeader) = |h| h.mode = wire::Mode::Replace.into();
    let kept = ingest.submit_records(organisations("o/2", &["donor"], replace)).await.unwrap().into_inner();
    assert!(kept.warnings.is_empty(), "nothing names the idle one");
    let refused = ingest.submit_records(organisations("o/3", &["other"], replace)).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let told = "organisation donor, which 2 records of fund_flow name in payer_id";
    assert!(refused.message().contains(told), "{}", refused.message());
    let anyway: fn(&mut wire::SubmissionHeader) = |h| {
        h.mode = wire::Mode::Replace.into();
        h.policy = wire::Policy::AcceptGoodRows.into();
    };
    let accepted =
        ingest.submit_records(organisations("o/4", &["other"], anyway)).await.unwrap().into_inner();
    assert_eq!(accepted.warnings, [told]);
    // An area that is named by other fields than its own submission's.
    let mut areas = wanzhou();
    areas.rows = Some(Rows::encode(
        rows_number("area"),
        &[Area {
            area_code: "500102".into(),
            valid_from: "2010-01-01".into(),
            level: AreaLevel::County.into(),
            name_en: "Fuling District".into(),
            name_zh: "涪陵区".into(),
            ..Area::default()
        }],
    ));
    let areas = with_header(areas, |h| {
        h.submission_id = "areas".into();
        h.mode = wire::Mode::Replace.into();
    });
    let refused = ingest.submit_records(areas).await.unwrap_err();
    assert!(
        refused.message().contains("area 500101, which 2 records of fund_flow name"),
        "{}",
        refused.message()
    );
}

#[tokio::test]
async fn rejections_are_those_of_the_try_that_was_accepted() {
    let uplift = Uplift::start().await;
    let mut ingest = uplift.ingest().await;
    let household = |n: i32, size: i32| Household {
        household_id: format!("h{n}"),
        year: 2011,
        area_code: "500101".into(),
        size: Some(size),
        status: RegistrationStatus::Registered.into(),
        ..Household::default()
    };
    let rows = Rows::encode(rows_number("household"), &[household(1, 3), household(2, -1)]);
    let request = with_header(submission("twice", "household", rows), |h| {
        h.policy = wire::Policy::AcceptGoodRows.into();
    });
    // No area is known yet, so that both rows are wrong.
    assert!(ingest.submit_records(request.clone()).await.is_err());
    ingest.submit_records(wanzhou()).await.unwrap();
    let accepted = ingest.submit_records(request.clone()).await.unwrap().into_inner();
    assert_eq!(accepted.submission.as_ref().unwrap().rows_accepted, 1);
    let listed = wire::ListRejectionsRequest { submission_id: "twice".into(), ..Default::default() };
    let listed = ingest.list_rejections(listed).await.unwrap().into_inner().rejections;
    assert_eq!(listed, accepted.rejections);
    let again = ingest.submit_records(request).await.unwrap().into_inner();
    assert_eq!(again, accepted);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_one_content_although_its_first_sender_left_while_it_waited() {
    let uplift = Uplift::start().await;
    for round in 0..20 {
        let id = format!("left/{round}");
        let first = statements(&id, &[statement(&format!("a{round}"))]);
        let other = statements(&id, &[statement(&format!("b{round}"))]);
        let mut one = uplift.ingest().await;
        let patience = std::time::Duration::from_millis(round);
        let _ = tokio::time::timeout(patience, one.submit_records(first)).await;
        let mut landed = Vec::new();
        loop {
            match one.submit_records(other.clone()).await {
                Err(status) if status.code() == Code::Aborted => {}
                answer => break landed.push(answer.map_err(|s| s.code())),
            }
        }
        let other_landed = landed[0].is_ok();
        assert!(other_landed || matches!(landed[0], Err(Code::AlreadyExists)), "{landed:?}");
        let request =
            QueryStatementsRequest { document_id: "letter".into(), page_size: 1000, ..Default::default() };
        let figures = uplift.metrics().await.query_statements(request).await.unwrap().into_inner().figures;
        let ids: Vec<_> =
            figures.iter().map(|f| f.statement.as_ref().unwrap().statement_id.clone()).collect();
        let both = [format!("a{round}"), format!("b{round}")].map(|id| ids.contains(&id));
        assert_eq!(both, [!other_landed, other_landed], "round {round}: exactly one content");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_not_removed_while_another_submission_names_it() {
    let uplift = Uplift::with_wanzhou().await;
    let organisation = |id: String| Organisation {
        organisation_id: id.clone(),
        kind: OrganisationKind::Enterprise.into(),
        name_en: id.clone(),
        name_zh: id,
        area_code: "500101".into(),
        ..Organisation::default()
    };
    let mut both = [0, 0];
    for round in 0..24 {
        let period = format!("{}", 2001 + round);
        let submit = |id: &str, name: String, mode: wire::Mode| {
            let rows = Rows::encode(rows_number("organisation"), &[organisation(name)]);
            with_header(submission(&format!("{id}/{round}"), "organisation", rows), |h| {
                h.period = period.clone();
                h.mode = mode.into();
            })
        };
        let (mut one, mut other) = (uplift.ingest().await, uplift.ingest().await);
        one.submit_records(submit("made", format!("x{round}"), wire::Mode::Append)).await.unwrap();
        let flow = FundFlow {
            flow_id: format!("f{round}"),
            kind: FlowKind::Donation.into(),
            source: FundSource::Social.into(),
            date: "2011-05-01".into(),
            amount_fen: Some(100),
            area_code: "500101".into(),
            payer_id: format!("x{round}"),
            ..FundFlow::default()
        };
        let flow = submission(
            &format!("flow/{round}"),
            "fund_flow",
            Rows::encode(rows_number("fund_flow"), &[flow]),
        );
        let replacement = submit("replaced", format!("y{round}"), wire::Mode::Replace);
        let late = std::time::Duration::from_millis(round % 6 * 5);
        let (named, removed) = tokio::join!(one.submit_records(flow), async {
            tokio::time::sleep(late).await;
            other.submit_records(replacement).await
        });
        assert!(named.is_ok() != removed.is_ok(), "round {round}: {named:?} {removed:?}");
        both[usize::from(named.is_ok())] += 1;
    }
    println!("the replacement came first {} times, the flow {} times", both[0], both[1]);
}
