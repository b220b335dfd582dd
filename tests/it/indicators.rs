//! Indicators: rolled up, compared, at a version, traced to their records.

use std::collections::HashMap;
use std::time::Duration;

use tonic::Code;
use uplift_proto::rows::Rows;
use uplift_proto::v1::ingest::SubmitRecordsRequest;
use uplift_proto::v1::metrics::{
    Figure, GetIndicatorRequest, IndicatorQuery, ListIndicatorsRequest, QueryIndicatorsRequest,
    QueryIndicatorsResponse, StreamIndicatorsRequest, SubscribeIndicatorsRequest, TraceFigureRequest,
    Verdict,
};
use uplift_proto::v1::records::{
    Area, AreaLevel, FlowKind, FundFlow, FundSource, Programme, Qualifier, Statement,
};
use uplift_testkit::{Uplift, rows_number, submission};

fn flow(id: &str, county: &str, date: &str, kind: FlowKind, yuan: i64) -> FundFlow {
    FundFlow {
        flow_id: id.into(),
        date: date.into(),
        kind: kind.into(),
        source: FundSource::FiscalNational.into(),
        amount_fen: Some(yuan * 100),
        area_code: county.into(),
        ..FundFlow::default()
    }
}

fn flows(id: &str, rows: &[FundFlow]) -> SubmitRecordsRequest {
    submission(id, "fund_flow", Rows::encode(rows_number("fund_flow"), rows))
}

async fn query(uplift: &Uplift, query: IndicatorQuery) -> QueryIndicatorsResponse {
    let request = QueryIndicatorsRequest { query: Some(query), ..Default::default() };
    uplift.metrics().await.query_indicators(request).await.unwrap().into_inner()
}

fn query_for(indicator: &str) -> IndicatorQuery {
    IndicatorQuery {
        indicators: vec![indicator.into()],
        area_code: "50".into(),
        periods: vec!["2011".into()],
        ..Default::default()
    }
}

/// Two counties of unequal size: 90 of 100 spent in Wanzhou, 100 of 900 in Fuling.
async fn two_counties() -> Uplift {
    let uplift = Uplift::with_wanzhou().await;
    let mut ingest = uplift.ingest().await;
    let fuling = Area {
        area_code: "500102".into(),
        valid_from: "2010-01-01".into(),
        level: AreaLevel::County.into(),
        name_en: "Fuling District".into(),
        name_zh: "涪陵区".into(),
        ..Area::default()
    };
    let areas = submission("fuling", "area", Rows::encode(rows_number("area"), &[fuling]));
    ingest.submit_records(areas).await.unwrap();
    let rows = [
        flow("a", "500101", "2011-06-01", FlowKind::Allocation, 100),
        flow("b", "500101", "2011-07-01", FlowKind::Expenditure, 90),
        flow("c", "500102", "2011-06-01", FlowKind::Allocation, 900),
        flow("d", "500102", "2011-12-31", FlowKind::Expenditure, 100),
        flow("e", "500102", "2010-12-31", FlowKind::Allocation, 500),
        flow("f", "500102", "2010-12-31", FlowKind::Expenditure, 500),
    ];
    let (of_2011, of_2010) = rows.split_at(4);
    let mut before = flows("flows/2010", of_2010);
    before.header.as_mut().unwrap().period = "2010".into();
    ingest.submit_records(before).await.unwrap();
    ingest.submit_records(flows("flows", of_2011)).await.unwrap();
    uplift
}

#[tokio::test]
async fn a_ratio_rolls_up_from_sums_and_is_compared_with_the_year_before() {
    let uplift = two_counties().await;
    let by_county = IndicatorQuery {
        by_level: AreaLevel::County.into(),
        compare_previous_year: true,
        ..query_for("fund.absorption")
    };
    let answer = query(&uplift, by_county).await;
    let figures: Vec<_> = answer
        .figures
        .iter()
        .map(|f| {
            (f.area_code.as_str(), f.area_name_zh.as_str(), f.exact_value.as_str(), f.previous, f.records)
        })
        .collect();
    // 190 of 1,000 is 19 %; the mean of 90 % and 11.1 % would be 50.6 %.
    assert_eq!(
        figures,
        [
            ("50", "", "19", Some(100.0), 4),
            ("500101", "万州区", "90", None, 2),
            ("500102", "涪陵区", "11.111111111111111111111111111", Some(100.0), 2),
        ]
    );
    assert_eq!((answer.figures[0].change, answer.figures[0].growth_percent), (Some(-81.0), None));
    assert_eq!((answer.total, answer.figures[0].definition_version), (3, 4));
    let quarter = IndicatorQuery { periods: vec!["2011-Q3".into()], ..query_for("fund.expenditure") };
    assert_eq!(query(&uplift, quarter).await.figures[0].exact_value, "90");
    let nowhere = IndicatorQuery { area_code: "110000".into(), ..query_for("fund.absorption") };
    assert_eq!(query(&uplift, nowhere).await.figures[0].value, None);
}

#[tokio::test]
async fn an_answer_can_be_repeated_from_its_versions_and_its_definition() {
    let uplift = two_counties().await;
    let before = query(&uplift, query_for("fund.expenditure")).await;
    let instant = std::time::SystemTime::now();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let late = [flow("late", "500101", "2011-08-01", FlowKind::Expenditure, 5)];
    uplift.ingest().await.submit_records(flows("late", &late)).await.unwrap();
    let now = query(&uplift, query_for("fund.expenditure")).await;
    assert_eq!((before.figures[0].exact_value.as_str(), now.figures[0].exact_value.as_str()), ("190", "195"));
    let at =
        IndicatorQuery { table_versions: before.table_versions.clone(), ..query_for("fund.expenditure") };
    assert_eq!(query(&uplift, at).await.figures, before.figures);
    let as_of = IndicatorQuery { as_of: Some(instant.into()), ..query_for("fund.expenditure") };
    assert_eq!(query(&uplift, as_of).await.figures[0].exact_value, "190");
    let first = query(&uplift, query_for("fund.absorption@2")).await;
    assert_eq!(
        (first.figures[0].definition_version, first.figures[0].value),
        (2, None),
        "nothing was disbursed"
    );
    let request = GetIndicatorRequest { indicator: "fund.absorption".into() };
    let definition = uplift.metrics().await.get_indicator(request).await.unwrap().into_inner();
    assert_eq!(definition.history.iter().map(|i| i.version).collect::<Vec<_>>(), [4, 3, 2, 1]);
    assert!(definition.history[1].changed.contains("allocation"), "{}", definition.history[0].changed);
}

#[tokio::test]
async fn a_trace_leads_to_the_submissions_and_records_and_gives_the_value_again() {
    let uplift = two_counties().await;
    let figure = query(&uplift, query_for("fund.absorption")).await.figures.remove(0);
    let more = [flow("late", "500101", "2011-08-01", FlowKind::Expenditure, 5)];
    uplift.ingest().await.submit_records(flows("late", &more)).await.unwrap();
    let mut metrics = uplift.metrics().await;
    let request = TraceFigureRequest { trace: figure.trace.clone(), page_size: 1, ..Default::default() };
    let traced = metrics.trace_figure(request.clone()).await.unwrap().into_inner();
    assert!(traced.agrees);
    assert_eq!(
        (traced.recomputed_exact_value.as_str(), traced.figure.unwrap().exact_value.as_str()),
        ("19", "19")
    );
    let names: Vec<_> =
        traced.parts.iter().map(|p| (p.name.as_str(), p.exact_value.as_str(), p.records)).collect();
    assert_eq!(names, [("numerator", "190", 2), ("denominator", "1000", 2)]);
    let numerator = &traced.parts[0];
    assert!(
        numerator.sql.contains("sum(amount)") && numerator.sql.contains("'expenditure'"),
        "{}",
        numerator.sql
    );
    assert_eq!(numerator.submissions[0].submission_id, "flows");
    let at = |name: &str| numerator.columns.iter().position(|c| c == name).unwrap();
    let row = &numerator.rows[0];
    assert_eq!(
        (row.submission_id.as_str(), row.row_number, row.values[at("flow_id")].as_str()),
        ("flows", 2, "b")
    );
    let next = TraceFigureRequest { page_token: traced.next_page_token, ..request };
    let next = metrics.trace_figure(next).await.unwrap().into_inner();
    assert_eq!((next.parts[0].rows[0].row_number, next.next_page_token.as_str()), (4, ""));
    let wrong = TraceFigureRequest { trace: "x".into(), ..Default::default() };
    assert_eq!(metrics.trace_figure(wrong).await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn targets_and_published_figures_are_beside_the_value_of_the_records() {
    let uplift = two_counties().await;
    let mut ingest = uplift.ingest().await;
    let target = Programme {
        programme_id: "relocation".into(),
        year: 2011,
        measure: "relocation.people".into(),
        name_en: "Relocation".into(),
        name_zh: "搬迁".into(),
        target: Some(400.0),
        unit: "person".into(),
    };
    let targets = submission("targets", "programme", Rows::encode(rows_number("programme"), &[target]));
    ingest.submit_records(targets).await.unwrap();
    let printed = |id: &str, printed: &str| Statement {
        statement_id: id.into(),
        document_id: "letter".into(),
        area_code: "50".into(),
        period: "2011".into(),
        section: "overview".into(),
        locator: "1".into(),
        subject: "fund.fiscal".into(),
        title_en: "Fiscal funds".into(),
        title_zh: "财政资金".into(),
        printed: printed.into(),
        qualifier: Qualifier::MoreThan.into(),
        unit: "CNY".into(),
        ..Statement::default()
    };
    let statements = [printed("low", "900"), printed("high", "2000")];
    let letter = submission("letter", "statement", Rows::encode(rows_number("statement"), &statements));
    ingest.submit_records(letter).await.unwrap();
    let paid = [flow("paid", "500101", "2011-06-02", FlowKind::Disbursement, 1000)];
    ingest.submit_records(flows("paid", &paid)).await.unwrap();
    let fiscal = query(&uplift, query_for("fund.fiscal")).await.figures.remove(0);
    let verdicts: Vec<_> = fiscal.published.iter().map(|p| (p.statement_id.as_str(), p.verdict())).collect();
    assert_eq!(verdicts, [("low", Verdict::Consistent), ("high", Verdict::Inconsistent)]);
    let relocated = query(&uplift, query_for("relocation.people")).await.figures.remove(0);
    assert_eq!(
        (relocated.target, relocated.target_share_percent),
        (Some(400.0), None),
        "nothing was delivered"
    );
}

#[tokio::test]
async fn pages_and_streams_hold_the_same_figures_at_one_version() {
    let uplift = two_counties().await;
    let everything = IndicatorQuery {
        area_code: "50".into(),
        by_level: AreaLevel::County.into(),
        periods: vec!["2011".into(), "2010".into()],
        ..Default::default()
    };
    let mut metrics = uplift.metrics().await;
    let mut paged: Vec<Figure> = Vec::new();
    let mut token = String::new();
    loop {
        let request =
            QueryIndicatorsRequest { query: Some(everything.clone()), page_size: 100, page_token: token };
        let page = metrics.query_indicators(request).await.unwrap().into_inner();
        paged.extend(page.figures);
        token = page.next_page_token;
        if token.is_empty() {
            assert_eq!(page.total as usize, paged.len());
            break;
        }
        // What comes meanwhile is not on the next pages.
        let id = format!("between/{}", paged.len());
        let late = [flow(&format!("late{}", paged.len()), "500101", "2011-08-01", FlowKind::Expenditure, 5)];
        uplift.ingest().await.submit_records(flows(&id, &late)).await.unwrap();
    }
    let first: HashMap<_, _> = HashMap::from([("fund_flow".to_owned(), 2i64)]);
    let query = Some(IndicatorQuery { table_versions: first, ..everything });
    let mut parts = metrics.stream_indicators(StreamIndicatorsRequest { query }).await.unwrap().into_inner();
    let mut streamed = Vec::new();
    while let Some(part) = parts.message().await.unwrap() {
        streamed.extend(part.figures);
    }
    let plain =
        |f: &Figure| (f.indicator_id.clone(), f.area_code.clone(), f.period.clone(), f.exact_value.clone());
    let flows = |figures: &[Figure]| -> Vec<_> {
        figures.iter().filter(|f| f.indicator_id.starts_with("fund.")).map(plain).collect()
    };
    assert!(streamed.len() > 600, "{}", streamed.len());
    assert_eq!(flows(&paged), flows(&streamed));
}

#[tokio::test]
async fn a_subscriber_receives_a_figure_when_a_commit_changes_it() {
    let uplift = two_counties().await;
    let indicators = vec!["fund.expenditure".to_owned(), "fund.allocation".to_owned()];
    let query = Some(IndicatorQuery { indicators, ..query_for("") });
    let mut metrics = uplift.metrics().await;
    let mut updates =
        metrics.subscribe_indicators(SubscribeIndicatorsRequest { query }).await.unwrap().into_inner();
    let first = updates.message().await.unwrap().unwrap();
    assert_eq!(first.figures.iter().map(|f| f.exact_value.as_str()).collect::<Vec<_>>(), ["190", "1000"]);
    let late = [flow("late", "500101", "2011-07-01", FlowKind::Expenditure, 5)];
    uplift.ingest().await.submit_records(flows("late", &late)).await.unwrap();
    let changed =
        tokio::time::timeout(Duration::from_secs(20), updates.message()).await.unwrap().unwrap().unwrap();
    assert_eq!(changed.figures.iter().map(|f| f.exact_value.as_str()).collect::<Vec<_>>(), ["195"]);
}

#[tokio::test]
async fn the_highest_and_the_lowest_are_told_without_the_others() {
    let uplift = two_counties().await;
    let areas = async |ranked: IndicatorQuery| -> Vec<String> {
        query(&uplift, ranked).await.figures.into_iter().map(|figure| figure.area_code).collect()
    };
    let all =
        IndicatorQuery { by_level: AreaLevel::County.into(), highest: 5, ..query_for("fund.absorption") };
    assert_eq!(areas(all.clone()).await, ["50", "500101", "500102"], "90 % before 11 %");
    let highest = IndicatorQuery { highest: 1, compare_previous_year: true, ..all.clone() };
    assert_eq!(areas(highest).await, ["50", "500101"]);
    let lowest = IndicatorQuery { highest: 0, lowest: 1, compare_previous_year: true, ..all };
    let answer = query(&uplift, lowest).await;
    let fuling = &answer.figures[1];
    assert_eq!((fuling.area_code.as_str(), fuling.previous, answer.total), ("500102", Some(100.0), 2));
    // Of a place without records there is no value, and so no rank.
    let none = IndicatorQuery {
        periods: vec!["2009".into()],
        lowest: 3,
        by_level: AreaLevel::County.into(),
        ..query_for("fund.absorption")
    };
    assert_eq!(areas(none).await, ["50"]);
}

#[tokio::test]
async fn wrong_queries_are_refused_with_the_field_and_the_remedy() {
    let uplift = two_counties().await;
    let mut metrics = uplift.metrics().await;
    for (query, code, part) in [
        (query_for("fund.absorbtion"), Code::NotFound, "fund.absorption"),
        (
            IndicatorQuery { periods: vec![], ..query_for("fund.fiscal") },
            Code::InvalidArgument,
            "query.periods",
        ),
        (
            IndicatorQuery { periods: vec!["2011-13".into()], ..query_for("fund.fiscal") },
            Code::InvalidArgument,
            "query.periods[0]",
        ),
        (
            IndicatorQuery { area_code: "5o".into(), ..query_for("fund.fiscal") },
            Code::InvalidArgument,
            "query.area_code",
        ),
        (
            IndicatorQuery { dimensions: vec!["colour".into()], ..query_for("fund.fiscal") },
            Code::InvalidArgument,
            "it has source",
        ),
        (
            IndicatorQuery { sections: vec!["weather".into()], ..query_for("fund.fiscal") },
            Code::InvalidArgument,
            "query.sections[0]",
        ),
        (
            IndicatorQuery { highest: 5, ..query_for("fund.fiscal") },
            Code::InvalidArgument,
            "query.highest: ranks areas inside",
        ),
        (
            IndicatorQuery { lowest: -1, by_level: AreaLevel::County.into(), ..query_for("fund.fiscal") },
            Code::InvalidArgument,
            "query.lowest: is -1",
        ),
        (
            IndicatorQuery {
                highest: 2,
                lowest: 1,
                dimensions: vec!["source".into()],
                ..query_for("fund.fiscal")
            },
            Code::InvalidArgument,
            "query.lowest: cannot",
        ),
        (
            IndicatorQuery { by_level: AreaLevel::Province.into(), ..query_for("fund.fiscal") },
            Code::InvalidArgument,
            "query.by_level",
        ),
        (
            IndicatorQuery { periods: vec!["2011-Q1".into()], ..query_for("income.per_household") },
            Code::InvalidArgument,
            "yearly",
        ),
        (
            IndicatorQuery {
                table_versions: HashMap::from([("fund_flow".into(), 99)]),
                ..query_for("fund.fiscal")
            },
            Code::NotFound,
            "no version 99",
        ),
        (
            IndicatorQuery {
                table_versions: HashMap::from([("flows".into(), 1)]),
                ..query_for("fund.fiscal")
            },
            Code::InvalidArgument,
            "query.table_versions",
        ),
    ] {
        let request = QueryIndicatorsRequest { query: Some(query), ..Default::default() };
        let refused = metrics.query_indicators(request).await.unwrap_err();
        assert_eq!(refused.code(), code, "{refused}");
        assert!(refused.message().contains(part), "{part}: {}", refused.message());
    }
}

#[tokio::test]
async fn an_office_declares_indicators_of_its_own_while_the_service_runs() {
    let uplift = two_counties().await;
    let folder = uplift.table("").parent().unwrap().join("indicators");
    std::fs::create_dir_all(&folder).unwrap();
    let own = r#"
[[indicator]]
id = "own.largest"
title_en = "Largest flow"
title_zh = "最大一笔"
definition_en = "The largest movement of money."
definition_zh = "最大一笔资金流水。"
unit = "CNY"
value = { dataset = "fund_flow", measure = "max(amount)" }
"#;
    std::fs::write(folder.join("own.toml"), own).unwrap();
    assert_eq!(query(&uplift, query_for("own.largest")).await.figures[0].exact_value, "900");
    std::fs::write(folder.join("own.toml"), own.replace("max(amount)", "max(amuont)")).unwrap();
    let mut metrics = uplift.metrics().await;
    let listed = metrics.list_indicators(ListIndicatorsRequest::default()).await.unwrap().into_inner();
    assert!(
        listed.problems[0].contains("own.largest") && listed.problems[0].contains("amuont"),
        "{:?}",
        listed.problems
    );
    // One that cannot be computed has no value, and costs no other.
    std::fs::write(folder.join("own.toml"), own.replace("max(amount)", "sum(1 / (amount - amount))"))
        .unwrap();
    let both = IndicatorQuery {
        indicators: vec!["own.largest".into(), "fund.allocation".into()],
        ..query_for("own.largest")
    };
    let figures = query(&uplift, both).await.figures;
    assert!(figures[0].value.is_none() && figures[1].value.is_some(), "{figures:#?}");
    std::fs::write(folder.join("own.toml"), own.replace("max(amount)", "max(amuont)")).unwrap();
    let left_out = QueryIndicatorsRequest { query: Some(query_for("own.largest")), ..Default::default() };
    let left_out = metrics.query_indicators(left_out).await.unwrap_err();
    assert_eq!(left_out.code(), Code::NotFound, "a bad file costs itself: {left_out:?}");
    assert!(listed.indicators.len() >= 61);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_part_of_every_figure_names_the_submissions_of_its_records() {
    let uplift = crate::report::with_programme(60).await;
    let query = IndicatorQuery { area_code: "50".into(), periods: vec!["2011".into()], ..Default::default() };
    let request = QueryIndicatorsRequest { query: Some(query), page_size: 10_000, ..Default::default() };
    let mut metrics = uplift.metrics().await;
    let figures = metrics.query_indicators(request).await.unwrap().into_inner().figures;
    let mut ratios = 0;
    for figure in figures.into_iter().filter(|figure| figure.records > 0) {
        let request = TraceFigureRequest { trace: figure.trace, page_size: 1, ..Default::default() };
        let traced = metrics.trace_figure(request).await.unwrap().into_inner();
        ratios += usize::from(traced.parts.len() == 2);
        for part in traced.parts.iter().filter(|part| part.records > 0) {
            assert!(!part.submissions.is_empty(), "{} {}", figure.indicator_id, part.name);
            assert_eq!(part.rows.len(), 1, "{} {}", figure.indicator_id, part.name);
        }
    }
    assert!(ratios > 50, "{ratios}");
}
