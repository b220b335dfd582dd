//! Findings as records: what they concern is under query while they are open; and what must be made public.

use std::collections::BTreeSet;

use uplift_proto::service::Service;
use uplift_proto::v1::metrics::{
    IndicatorQuery, QueryIndicatorsRequest, StreamPublicRecordsRequest, TraceFigureRequest,
};
use uplift_testkit::Uplift;

use crate::figures::{check, hand_in, hand_in_as, hand_in_of, refused, replace_of, with_areas};

const FINDING: &str = "问题编号,发现日期,问题类型,严重程度,发现途径,地区代码,检查编号,项目编号,工作类别编码,资金来源,资金文号,机构编号,涉及金额（元）,问题描述,整改期限,整改完成日期,追回金额（元）,预算年度\n";

async fn findings(uplift: &Uplift, lines: &str) {
    replace_of("500102", uplift, "finding", "2011", &format!("{FINDING}{lines}")).await;
}

/// A county with a road project of two sources, training, a mutual fund and an inspection.
async fn with_programme() -> Uplift {
    let uplift = with_areas().await;
    hand_in(
        &uplift,
        "programme",
        "2011",
        "programme_id,year,measure,name_zh\nvillage,2011,x,整村推进\ntraining,2011,y,培训\nmutual_fund,2011,z,互助资金\n",
    )
    .await;
    hand_in(&uplift, "organisation", "2011", "organisation_id,kind,area_code,name_zh\ns1,mutual_fund,500102101001,甲社\ns2,mutual_fund,500101101001,乙社\n").await;
    let projects = "project_id,programme_id,area_code,year,status,name\np1,village,500102101001,2011,under_way,甲\np2,village,500101,2011,under_way,乙\n";
    hand_in(&uplift, "project", "2011", projects).await;
    let flows = "flow_id,kind,source,programme_id,project_id,area_code,date,document_number,amount（元）
a1,allocation,fiscal_national,village,,500102,2011-03-01,渝财1号,4000
d1,disbursement,fiscal_national,village,p1,500102,2011-05-01,渝财1号,1000
d2,disbursement,integrated,village,p1,500102,2011-05-01,渝财2号,1000
d3,disbursement,fiscal_national,training,,500102,2011-05-01,渝财3号,1000
d4,disbursement,fiscal_national,village,p2,500101,2011-05-01,渝财4号,1000
";
    hand_in(&uplift, "fund_flow", "2011", flows).await;
    let loans = "flow_id,kind,source,programme_id,payer_id,loan_id,due,area_code,date,amount（元）
l1,loan,members,mutual_fund,s1,l1,2011-06-01,500102,2011-01-05,100
l2,loan,members,mutual_fund,s2,l2,2011-06-01,500101,2011-01-05,100
";
    hand_in(&uplift, "fund_flow", "2011", loans).await;
    let inspection =
        "inspection_id,date,kind,area_code,programme_id,result,findings,rectified,questioned（元）
i1,2011-06-01,follow_up,500102,training,passed,2,0,500
";
    hand_in(&uplift, "inspection", "2011", inspection).await;
    uplift
}

const WATCHED: [&str; 8] = [
    "fund.fiscal",
    "fund.integrated",
    "fund.national_share",
    "fund.training",
    "village.begun",
    "fund.days_to_disburse",
    "mutual.par30",
    "training.people",
];

/// The watched figures of a county that are under query.
async fn under_query(uplift: &Uplift, area: &str) -> BTreeSet<String> {
    let query = IndicatorQuery {
        indicators: WATCHED.map(str::to_owned).to_vec(),
        area_code: area.into(),
        periods: vec!["2011".into()],
        mark_under_query: true,
        ..Default::default()
    };
    let request = QueryIndicatorsRequest { query: Some(query), ..Default::default() };
    let mut metrics = uplift.metrics().await;
    let figures = metrics.query_indicators(request).await.unwrap().into_inner().figures;
    let mut marked = BTreeSet::new();
    for figure in figures {
        let request =
            TraceFigureRequest { trace: figure.trace.clone(), tell_findings: true, ..Default::default() };
        // What it has no records of has no evidence.
        let told = match figure.records {
            0 => Vec::new(),
            _ => metrics.trace_figure(request).await.unwrap().into_inner().findings,
        };
        assert_eq!(figure.under_query, !told.is_empty(), "{figure:?} {told:?}");
        let ids: Vec<_> = told
            .iter()
            .map(|f| if f.finding_id.is_empty() { &f.inspection_id } else { &f.finding_id })
            .collect();
        if figure.under_query {
            marked.insert(format!(
                "{} {}",
                figure.indicator_id,
                ids.into_iter().cloned().collect::<Vec<_>>().join("+")
            ));
        }
    }
    marked
}

fn named(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_finding_marks_what_depends_on_it_until_it_is_resolved() {
    let uplift = with_programme().await;
    // The inspection tells of two findings of the training funds, and nothing else.
    let by_inspection =
        named(&["fund.fiscal i1", "fund.national_share i1", "fund.training i1", "fund.days_to_disburse i1"]);
    assert_eq!(under_query(&uplift, "500102").await, by_inspection);
    // One of them on record: the other is still known by number only.
    findings(
        &uplift,
        "f1,2011-06-01,挪用,较重,跟踪监督,500102,i1,,training,,,,200,办公经费,2011-08-01,2011-07-20,200\n",
    )
    .await;
    assert_eq!(under_query(&uplift, "500102").await, by_inspection);
    // Both, and resolved: closed, although nobody corrected the inspection.
    let resolved =
        "f1,2011-06-01,挪用,较重,跟踪监督,500102,i1,,training,,,,200,办公经费,2011-08-01,2011-07-20,200
f2,2011-06-01,账务不规范,一般,跟踪监督,500102,i1,,training,,,,300,凭证不齐,2011-08-01,2011-09-01,\n";
    findings(&uplift, resolved).await;
    assert_eq!(under_query(&uplift, "500102").await, named(&[]));
    for (line, marked) in [
        // Of a project: its money of every source, and the village that it is.
        (
            "f3,2011-09-01,质量问题,一般,义务监督员,500102,,p1,,,,,,路面开裂,2011-10-01,,",
            vec![
                "fund.fiscal f3",
                "fund.integrated f3",
                "fund.national_share f3",
                "village.begun f3",
                "fund.days_to_disburse f3",
            ],
        ),
        // Of a programme's funds of one source.
        (
            "f3,2011-09-01,滞留闲置,一般,审计,500102,,,village,行业部门整合资金,,,100,滞留,,,",
            vec!["fund.integrated f3", "fund.days_to_disburse f3"],
        ),
        // Of the same funds of another budget year: there are none.
        ("f3,2011-09-01,滞留闲置,一般,审计,500102,,,village,行业部门整合资金,,,100,滞留,,,,2010", vec![]),
        // Of the money of one document, in the numerator of a ratio and before it is added up.
        (
            "f3,2011-09-01,滞留闲置,一般,审计,500102,,,,,渝财1号,,100,滞留,,,",
            vec!["fund.fiscal f3", "fund.national_share f3", "fund.days_to_disburse f3"],
        ),
        // Of a mutual fund: its loans.
        ("f3,2011-09-01,其他,一般,群众举报,500102,,,,,,s1,,账目不清,,,", vec!["mutual.par30 f3"]),
        // Of a village.
        ("f3,2011-09-01,未公告公示,一般,义务监督员,500102101001,,,,,,,,未公示,,,", vec!["village.begun f3"]),
    ] {
        findings(&uplift, &format!("{resolved}{line}\n")).await;
        assert_eq!(under_query(&uplift, "500102").await, named(&marked), "{line}");
        assert_eq!(under_query(&uplift, "500101").await, named(&[]), "{line}");
        let whole: BTreeSet<_> = under_query(&uplift, "50").await;
        assert_eq!(whole, named(&marked), "{line}");
    }
    findings(&uplift, resolved).await;
    assert_eq!(under_query(&uplift, "50").await, named(&[]));
    // What is simulated says nothing of real records.
    let simulated = format!("{FINDING}f4,2011-09-01,质量问题,一般,义务监督员,500102,,p1,,,,,,模拟,,,\n");
    hand_in_as(&uplift, "finding", "2011", &simulated, true).await;
    assert_eq!(under_query(&uplift, "50").await, named(&[]));
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_count_by_day_and_those_that_cannot_be_are_refused() {
    let uplift = with_programme().await;
    let lines =
        "f1,2011-06-01,挪用,较重,跟踪监督,500102,i1,,training,,,,200,办公经费,2011-08-01,2011-07-21,150
f2,2011-06-01,账务不规范,一般,跟踪监督,500102,i1,,training,,,,300,凭证不齐,2011-08-01,2011-09-09,
f3,2011-09-01,工程质量,一般,义务监督员,500102,,p1,,,,,,路面开裂,2011-10-01,,
";
    findings(&uplift, lines).await;
    check(
        &uplift,
        &[
            ("finding.found", "50", "2011", Some(3.0)),
            ("finding.open", "50", "2011-07", Some(1.0)),
            ("finding.open", "50", "2011-08", Some(1.0)),
            ("finding.overdue", "50", "2011-08-01", None),
            ("finding.overdue", "50", "2011-08-02", Some(1.0)),
            ("finding.overdue", "50", "2011-09", None),
            ("finding.overdue", "50", "2011", Some(1.0)),
            ("finding.on_time", "50", "2011-08", Some(50.0)),
            ("finding.on_time", "50", "2011", Some(100.0 / 3.0)),
            // 50 and 100 days.
            ("finding.days", "50", "2011", Some(75.0)),
            ("finding.amount", "50", "2011", Some(500.0)),
            ("finding.recovery_rate", "50", "2011", Some(30.0)),
            ("finding.open_amount", "50", "2011-07-20", Some(500.0)),
            ("finding.open_amount", "50", "2011-08", Some(300.0)),
        ],
    )
    .await;
    for (line, reason) in [
        ("g,2011-06-01,挪用,较重,跟踪监督,500102,i1,,training,,,,,再一个,,,", "the inspection told of 2"),
        (
            "g,2011-05-31,挪用,较重,跟踪监督,500102,i1,,training,,,,,早,,,",
            "before the inspection, which was on 2011-06-01",
        ),
        (
            "g,2011-06-01,挪用,较重,跟踪监督,500102,,,training,,,,,x,,,",
            "required for a finding of an inspection",
        ),
        ("g,2011-06-01,挪用,较重,审计,500102,,,,,,,,x,,,", "must concern something"),
        (
            "g,2011-06-01,挪用,较重,审计,500102,,,,中央财政,渝财1号,,,x,,,",
            "the fund is that of a line of work",
        ),
        (
            "g,2011-06-01,挪用,较重,审计,500102,,p1,,,,,100,x,2011-05-01,,",
            "must not be before the date of the finding",
        ),
        (
            "g,2011-06-01,挪用,较重,审计,500102,,p1,,,,,100,x,,2011-05-01,",
            "must not be before the date of the finding",
        ),
        ("g,2011-06-01,挪用,较重,审计,500102,,p1,,,,,100,x,,,101", "must not exceed the amount"),
        ("g,2011-06-01,挪用,较重,审计,500102,,p1,,,,,,x,,,1", "required beside it"),
    ] {
        let reasons = refused(&uplift, "finding", &format!("{FINDING}{line}\n")).await;
        assert!(reasons.contains(reason), "{line}: {reasons}");
    }
    // More money than the inspection questioned.
    let less = lines.replace(
        "f1,2011-06-01,挪用,较重,跟踪监督,500102,i1,,training,,,,200",
        "f9,2011-06-01,挪用,较重,跟踪监督,500102,i1,,training,,,,201",
    );
    let more = less.lines().take(1).collect::<String>();
    findings(&uplift, &lines.lines().skip(1).map(|l| format!("{l}\n")).collect::<String>()).await;
    let reasons = refused(&uplift, "finding", &format!("{FINDING}{more}\n")).await;
    assert!(reasons.contains("more than the 500.00 yuan that it questioned"), "{reasons}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_had_to_be_made_public_and_was_not_is_named() {
    let uplift = with_programme().await;
    let csv = "公示编号,公示内容,地区代码,应公示日期,项目编号,公示日期,公示截止日期,公示地点,公示材料
c1,年度资金项目,500102,2011-03-31,,2011-03-20,,政府网站,http://example.org/1
c2,实施前公示,500102101001,2011-02-28,p1,2011-03-05,2011-03-12,村务公开栏,照片
c3,实施前公示,500101,2011-02-28,p2,,,,
";
    hand_in_of("50", &uplift, "disclosure", "2011", csv).await;
    check(
        &uplift,
        &[
            ("disclosure.due", "50", "2011", Some(3.0)),
            ("disclosure.missing", "50", "2011-02", Some(2.0)),
            ("disclosure.missing", "50", "2011", Some(1.0)),
            ("disclosure.missing", "500101", "2011", Some(1.0)),
            ("disclosure.on_time", "50", "2011", Some(100.0 / 3.0)),
            ("disclosure.projects", "50", "2011", Some(50.0)),
        ],
    )
    .await;
    for (line, reason) in [
        ("d,完工公示,500102,2011-03-31,,,,,", "required for the disclosure of a project"),
        ("d,互助资金账目,500102,2011-03-31,,,,,", "required for the accounts of a mutual fund"),
        ("d,年度资金项目,500102,2011-03-31,,2011-03-01,,,", "required beside the day of posting"),
        ("d,年度资金项目,500102,2011-03-31,,,2011-03-01,,", "must not be before the day of posting"),
    ] {
        let head = csv.lines().next().unwrap();
        let reasons = refused(&uplift, "disclosure", &format!("{head}\n{line}\n")).await;
        assert!(reasons.contains(reason), "{line}: {reasons}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_happened_is_not_in_the_future() {
    let uplift = with_programme().await;
    let line = "f1,2011-06-01,挪用,较重,审计,500102,,p1,,,,,,问题,,2199-06-01,,";
    let reasons = refused(&uplift, "finding", &format!("{FINDING}{line}\n")).await;
    assert!(reasons.contains("整改完成日期: 2199-06-01 has not come yet"), "{reasons}");
    let csv = "公示编号,公示内容,地区代码,应公示日期,公示日期,公示地点\nc,年度资金项目,500102,2011-03-31,2199-03-01,政府网站\n";
    let reasons = refused(&uplift, "disclosure", csv).await;
    assert!(reasons.contains("公示日期: 2199-03-01 has not come yet"), "{reasons}");
}

/// The public records of a dataset: columns, those left out, rows, and how many values were masked.
async fn public(
    uplift: &Uplift,
    request: StreamPublicRecordsRequest,
) -> Result<(Vec<String>, Vec<String>, Vec<Vec<String>>, i64), tonic::Status> {
    let mut pieces = uplift.metrics().await.stream_public_records(request).await?.into_inner();
    let head = pieces.message().await?.unwrap();
    let (mut rows, mut masked) = (Vec::new(), 0);
    while let Some(piece) = pieces.message().await? {
        masked += piece.masked;
        rows.extend(piece.records.into_iter().map(|record| record.values));
    }
    Ok((head.columns, head.withheld, rows, masked))
}

fn of(dataset: &str, area: &str, period: &str) -> StreamPublicRecordsRequest {
    StreamPublicRecordsRequest {
        dataset: dataset.into(),
        area_code: area.into(),
        period: period.into(),
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn public_records_tell_of_no_person() {
    let uplift = with_programme().await;
    let lines = "f1,2011-06-01,挪用,较重,审计,500102,,p1,,,,,,张三挪用,2011-08-01,,,
f2,2011-06-01,挪用,较重,审计,500101,,p2,,,,,,李四,2011-08-01,,,\n";
    hand_in_of("50", &uplift, "finding", "2011-Q2", &format!("{FINDING}{lines}")).await;
    let (columns, withheld, rows, _) = public(&uplift, of("finding", "500102", "2011")).await.unwrap();
    assert_eq!(withheld, ["description"]);
    assert!(!columns.contains(&"description".to_owned()), "{columns:?}");
    assert_eq!(rows.len(), 1, "of the other county nothing: {rows:?}");
    assert_eq!((rows[0][0].as_str(), rows[0].last().map(String::as_str)), ("f1", Some("false")));
    // Reported for a quarter, it is of the half that the quarter is in, and of no other quarter.
    for (period, count) in [("2011-S1", 1), ("2011-Q2", 1), ("2011-Q1", 0), ("2011-05", 0), ("2010", 0)] {
        assert_eq!(
            public(&uplift, of("finding", "500102", period)).await.unwrap().2.len(),
            count,
            "{period}"
        );
    }
    // What others refer to is there with them, whenever it was reported before.
    assert_eq!(public(&uplift, of("project", "500102", "2012-Q1")).await.unwrap().2.len(), 1);
    assert_eq!(public(&uplift, of("project", "500102", "2010")).await.unwrap().2.len(), 0);
    // Numbers of people in what offices wrote are masked.
    let projects = "project_id,programme_id,area_code,year,status,name
p3,village,500102,2012,under_way,王五11010519491231002X联系13800138000
";
    hand_in_of("500102", &uplift, "project", "2012", projects).await;
    let (columns, _, rows, masked) = public(&uplift, of("project", "500102", "2012")).await.unwrap();
    let name = columns.iter().position(|column| column == "name").unwrap();
    assert_eq!((rows[1][name].as_str(), masked), ("王五***联系***", 1));
    // Loans and shares of a fund's members are theirs.
    let (columns, _, flows, _) = public(&uplift, of("fund_flow", "50", "2011")).await.unwrap();
    let kind = columns.iter().position(|column| column == "kind").unwrap();
    let kinds: BTreeSet<_> = flows.iter().map(|row| row[kind].as_str()).collect();
    assert_eq!(kinds, ["allocation", "disbursement"].into());
    // A table at a version, as any answer.
    let old = StreamPublicRecordsRequest {
        table_versions: [("project".to_owned(), 1)].into(),
        ..of("project", "500102", "2012")
    };
    assert_eq!(public(&uplift, old).await.unwrap().2.len(), 1);
    // What is not public, is no dataset, or has no records yet.
    for (request, part) in [
        (of("household", "500102", "2011"), "records of people"),
        (of("mutual_fund_entry", "500102", "2011"), "records of people"),
        (of("x", "500102", "2011"), "there is no dataset"),
        (of("finding", "x", "2011"), "area_code"),
        (of("finding", "500102", "2011-06-01"), "nobody reports"),
    ] {
        let status = public(&uplift, request).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::InvalidArgument, "{status}");
        let details = String::from_utf8_lossy(status.details()).into_owned();
        assert!(details.contains(part), "{part}: {status:?}");
    }
    assert_eq!(public(&uplift, of("event", "500102", "2011")).await.unwrap().2, Vec::<Vec<String>>::new());

    // No column of a dataset that is public is personal, and no dataset of people is public.
    for dataset in uplift_proto::dataset::all() {
        let of_people = [
            "household",
            "person",
            "delivery",
            "payment",
            "relocation",
            "nomination",
            "mutual_fund_member",
            "mutual_fund_entry",
        ];
        assert_eq!(dataset.public, !of_people.contains(&dataset.name.as_str()), "{}", dataset.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extract_is_files_to_post() {
    let uplift = with_programme().await;
    let lines = "f1,2011-06-01,挪用,较重,审计,500102,,p1,,,,,1234.5,张三挪用,2011-08-01,,,\n";
    hand_in_of("50", &uplift, "finding", "2011", &format!("{FINDING}{lines}")).await;
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("公开");
    let run = |language: &str, output: &std::path::Path| {
        std::process::Command::new(uplift_testkit::uplift_command())
            .args(["extract", "--area", "500102", "--period", "2011", "--language", language, "--output"])
            .arg(output)
            .args(["--metrics-url", &format!("http://{}", uplift.address(Service::Metrics))])
            .output()
            .unwrap()
    };
    let made = run("zh", &output);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let text = std::fs::read_to_string(output.join("finding.csv")).unwrap();
    assert!(text.starts_with("\u{feff}问题编号,发现日期,问题类型,"), "{text}");
    assert!(
        text.contains("涉及金额（元）") && text.contains(",1234.50,") && text.contains(",挪用,较重,审计,"),
        "{text}"
    );
    assert!(!text.contains("张三"), "{text}");
    assert!(!output.join("event.csv").exists() && !output.join("household.csv").exists());
    let note = std::fs::read_to_string(output.join("README.md")).unwrap();
    assert!(note.contains("left out: description") && note.contains("不公开的栏：description"), "{note}");
    // Nothing is written over.
    let again = run("en", &output);
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("is not empty"), "{again:?}");
}
