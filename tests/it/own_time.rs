//! Answers of their own time and of the same thing: names, targets and statements as they were, periods as they are
//! reported, quantities as they are written.

use std::time::Duration;

use tonic::Code;
use uplift_proto::rows::Rows;
use uplift_proto::v1::ingest::{Mode, Policy, SubmitRecordsRequest};
use uplift_proto::v1::metrics::{
    Figure, IndicatorQuery, QueryIndicatorsRequest, QueryIndicatorsResponse, SubscribeIndicatorsRequest,
    TraceFigureRequest, Verdict,
};
use uplift_proto::v1::records::{
    Area, AreaLevel, Delivery, DeliveryKind, FlowKind, FundFlow, FundSource, Programme, Qualifier, Statement,
    Statistic,
};
use uplift_testkit::{Uplift, rows_number, submission};

fn area(code: &str, from: &str, to: &str, name: &str) -> Area {
    Area {
        area_code: code.into(),
        valid_from: from.into(),
        valid_to: to.into(),
        level: AreaLevel::County.into(),
        name_en: name.into(),
        name_zh: name.into(),
        ..Area::default()
    }
}

fn rows<M: prost::Message>(id: &str, dataset: &str, records: &[M]) -> SubmitRecordsRequest {
    submission(id, dataset, Rows::encode(rows_number(dataset), records))
}

fn road(id: &str, km: f64) -> Delivery {
    Delivery {
        delivery_id: id.into(),
        date: "2011-06-01".into(),
        kind: DeliveryKind::Road.into(),
        area_code: "500101".into(),
        quantity: Some(km),
        unit: "km".into(),
        ..Delivery::default()
    }
}

fn disbursed(id: &str, source: FundSource, date: &str) -> FundFlow {
    FundFlow {
        flow_id: id.into(),
        date: date.into(),
        kind: FlowKind::Disbursement.into(),
        source: source.into(),
        amount_fen: Some(100),
        area_code: "500101".into(),
        ..FundFlow::default()
    }
}

fn statement(id: &str, subject: &str, printed: &str, unit: &str) -> Statement {
    Statement {
        statement_id: id.into(),
        document_id: "letter".into(),
        area_code: "50".into(),
        period: "2011".into(),
        section: "overview".into(),
        locator: "1".into(),
        subject: subject.into(),
        title_en: subject.into(),
        title_zh: subject.into(),
        printed: printed.into(),
        qualifier: Qualifier::Exact.into(),
        unit: unit.into(),
        ..Statement::default()
    }
}

async fn ask(
    uplift: &Uplift,
    indicator: &str,
    change: impl FnOnce(&mut IndicatorQuery),
) -> QueryIndicatorsResponse {
    let mut query = IndicatorQuery {
        indicators: vec![indicator.into()],
        area_code: "50".into(),
        periods: vec!["2011".into()],
        ..IndicatorQuery::default()
    };
    change(&mut query);
    let request = QueryIndicatorsRequest { query: Some(query), ..Default::default() };
    uplift.metrics().await.query_indicators(request).await.unwrap().into_inner()
}

async fn submit(uplift: &Uplift, request: SubmitRecordsRequest) {
    uplift.ingest().await.submit_records(request).await.unwrap();
}

#[tokio::test]
async fn statements_are_compared_with_the_same_thing_as_it_is_written() {
    let uplift = Uplift::with_wanzhou().await;
    submit(&uplift, rows("roads", "delivery", &[road("a", 12.2), road("b", 0.1)])).await;
    let length = ask(&uplift, "road.length", |_| {}).await.figures.remove(0);
    assert_eq!((length.exact_value.as_str(), length.value), ("12.3", Some(12.3)));
    let same = statement("same", "road.length", "12.3", "km");
    let changed = |id: &str, change: fn(&mut Statement)| {
        let mut other = Statement { statement_id: id.into(), ..same.clone() };
        change(&mut other);
        other
    };
    let statements = [
        same.clone(),
        changed("other", |s| s.printed = "12.4".into()),
        changed("quarter", |s| s.period = "2011-Q2".into()),
        changed("unit", |s| s.unit = "metre".into()),
        changed("average", |s| s.statistic = Statistic::Average.into()),
        changed("growth", |s| s.statistic = Statistic::Growth.into()),
        changed("year", |s| s.period = "2010".into()),
        changed("area", |s| s.area_code = "500101".into()),
    ];
    submit(&uplift, rows("letter", "statement", &statements)).await;
    let figure = ask(&uplift, "road.length", |_| {}).await.figures.remove(0);
    let published: Vec<_> = figure.published.iter().map(|p| (p.statement_id.as_str(), p.verdict())).collect();
    assert_eq!(published, [("same", Verdict::Consistent), ("other", Verdict::Inconsistent)]);
    let quarter = ask(&uplift, "road.length", |q| q.periods = vec!["2011-Q2".into()]).await.figures.remove(0);
    assert_eq!(quarter.published.len(), 1);
}

#[tokio::test]
async fn a_trace_shows_the_names_targets_and_statements_of_its_own_time() {
    let uplift = Uplift::start().await;
    let before = ask(&uplift, "fund.fiscal", |_| {}).await;
    assert_eq!(before.table_versions["fund_flow"], 0, "ingest makes every table");
    let old = area("500101", "2005-01-01", "2010-12-31", "Wan County");
    let new = area("500101", "2011-01-01", "", "Wanzhou District");
    submit(&uplift, rows("areas", "area", &[new, old])).await;
    submit(&uplift, rows("flow", "fund_flow", &[disbursed("a", FundSource::FiscalNational, "2011-05-01")]))
        .await;
    submit(&uplift, rows("letter", "statement", &[statement("first", "fund.fiscal", "1", "CNY")])).await;
    let figure = ask(&uplift, "fund.fiscal", |_| {}).await.figures.remove(0);
    submit(&uplift, rows("letter/2", "statement", &[statement("second", "fund.fiscal", "2", "CNY")])).await;
    let target = Programme {
        programme_id: "fiscal".into(),
        year: 2011,
        measure: "fund.fiscal".into(),
        name_en: "Fiscal".into(),
        name_zh: "财政".into(),
        target: Some(400.0),
        unit: "CNY".into(),
    };
    submit(&uplift, rows("targets", "programme", &[target])).await;
    let request = TraceFigureRequest { trace: figure.trace.clone(), ..Default::default() };
    let traced = uplift.metrics().await.trace_figure(request).await.unwrap().into_inner();
    assert!(traced.agrees);
    assert_eq!(traced.figure.unwrap().published, figure.published);
    assert_eq!(figure.published.len(), 1);
    // The empty figure of the beginning stays empty.
    let request = TraceFigureRequest { trace: before.figures[0].trace.clone(), ..Default::default() };
    let traced = uplift.metrics().await.trace_figure(request).await.unwrap().into_inner();
    assert_eq!(traced.figure.unwrap().value, None);
    // A name is that of the period.
    let named = ask(&uplift, "fund.fiscal", |q| {
        q.by_level = AreaLevel::County.into();
        q.periods = vec!["2011".into(), "2010".into(), "2001".into()];
    });
    let names: Vec<_> =
        named.await.figures.into_iter().map(|f| (f.period, f.area_code, f.area_name_en)).collect();
    let name = |period: &str| {
        names.iter().find(|(p, code, _)| p == period && code == "500101").map(|n| n.2.as_str())
    };
    assert_eq!(
        (name("2011"), name("2010"), name("2001")),
        (Some("Wanzhou District"), Some("Wan County"), None)
    );
}

/// A figure's value by its dimension.
fn by_source(figures: &[Figure]) -> Vec<(String, Option<f64>, Option<f64>)> {
    figures.iter().map(|f| (f.dimensions["source"].clone(), f.value, f.previous)).collect()
}

#[tokio::test]
async fn parts_of_the_year_before_add_up_and_a_subscriber_hears_what_is_no_more() {
    let mut uplift = Uplift::with_wanzhou().await;
    let national = disbursed("a", FundSource::FiscalNational, "2011-05-01");
    let local = disbursed("b", FundSource::FiscalLocal, "2010-05-01");
    submit(&uplift, rows("flows", "fund_flow", std::slice::from_ref(&national))).await;
    let mut before = rows("flows/2010", "fund_flow", &[local]);
    before.header.as_mut().unwrap().period = "2010".into();
    submit(&uplift, before).await;
    let parts = ask(&uplift, "fund.disbursement", |q| {
        q.dimensions = vec!["source".into()];
        q.compare_previous_year = true;
    });
    let parts = by_source(&parts.await.figures);
    let expected = [("fiscal_local", None, Some(1.0)), ("fiscal_national", Some(1.0), None)]
        .map(|(s, v, p)| (s.to_owned(), v, p));
    assert_eq!(parts, expected);

    let query = IndicatorQuery {
        indicators: vec!["fund.disbursement".into()],
        area_code: "50".into(),
        periods: vec!["2011".into()],
        dimensions: vec!["source".into()],
        ..IndicatorQuery::default()
    };
    let mut metrics = uplift.metrics().await;
    let subscribed = SubscribeIndicatorsRequest { query: Some(query) };
    let mut updates = metrics.subscribe_indicators(subscribed).await.unwrap().into_inner();
    assert_eq!(updates.message().await.unwrap().unwrap().figures.len(), 1);
    let mut replaced = rows("flows/2", "fund_flow", &[disbursed("c", FundSource::Social, "2011-05-01")]);
    let header = replaced.header.as_mut().unwrap();
    (header.mode, header.policy) = (Mode::Replace.into(), Policy::AcceptGoodRows.into());
    submit(&uplift, replaced).await;
    let update =
        tokio::time::timeout(Duration::from_secs(20), updates.message()).await.unwrap().unwrap().unwrap();
    assert_eq!(update.figures[0].dimensions["source"], "social");
    assert_eq!(
        (update.gone[0].dimensions["source"].as_str(), update.gone[0].value),
        ("fiscal_national", None)
    );
    // A declaration that changes is told as well.
    let folder = uplift.folder().join("indicators");
    std::fs::create_dir_all(&folder).unwrap();
    let declared = |measure: &str| {
        let text = "[[indicator]]\nid = \"own.flows\"\ntitle_en = \"Flows\"\ntitle_zh = \"流水\"\ndefinition_en = \"Flows.\"\n\
                    definition_zh = \"流水。\"\nunit = \"CNY\"\nvalue = { dataset = \"fund_flow\", measure = \"MEASURE\" }\n";
        std::fs::write(folder.join("own.toml"), text.replace("MEASURE", measure)).unwrap();
    };
    declared("count(*)");
    let query = IndicatorQuery {
        indicators: vec!["own.flows".into()],
        area_code: "50".into(),
        periods: vec!["2011".into()],
        ..IndicatorQuery::default()
    };
    let subscribed = SubscribeIndicatorsRequest { query: Some(query) };
    let mut own = metrics.subscribe_indicators(subscribed).await.unwrap().into_inner();
    assert_eq!(own.message().await.unwrap().unwrap().figures[0].value, Some(1.0));
    declared("7 * count(*)");
    let update =
        tokio::time::timeout(Duration::from_secs(20), own.message()).await.unwrap().unwrap().unwrap();
    assert_eq!(update.figures[0].value, Some(7.0));
    // And so is the end of the service, at once.
    let began = std::time::Instant::now();
    uplift.restart().await;
    assert!(began.elapsed() < Duration::from_secs(8), "an idle subscription is not waited for");
    let ended = updates.message().await.unwrap_err();
    assert_eq!(ended.code(), Code::Unavailable, "{ended:?}");
    assert!(ended.message().contains("the service is stopping"), "{}", ended.message());
}

#[tokio::test]
async fn what_is_reported_for_a_part_of_a_year_counts_in_it_and_has_its_own_deadline() {
    let uplift = Uplift::with_wanzhou().await;
    let report = |id: &str, period: &str, flow: &str| {
        let day = period.parse::<uplift_core::period::Period>().unwrap().first_day().to_string();
        let mut request = rows(id, "fund_flow", &[disbursed(flow, FundSource::Social, &day)]);
        request.header.as_mut().unwrap().period = period.into();
        request
    };
    for (id, period, flow) in
        [("may", "2011-05", "a"), ("q2", "2011-Q2", "b"), ("y", "2011", "c"), ("o", "2011-10", "d")]
    {
        submit(&uplift, report(id, period, flow)).await;
    }
    let mut counts = Vec::new();
    for period in ["2011-05", "2011-Q2", "2011-S1", "2011-Q4", "2011", "2010"] {
        let figures = ask(&uplift, "handin.rows", |q| {
            q.periods = vec![period.into()];
            q.dimensions = vec!["dataset".into()];
        });
        let figures = figures.await.figures;
        counts.push(figures.iter().find(|f| f.dimensions["dataset"] == "fund_flow").and_then(|f| f.value));
    }
    assert_eq!(counts, [Some(1.0), Some(2.0), Some(2.0), Some(1.0), Some(4.0), None]);
    // What a quarter of this year reports is in time, although the year is not over.
    let year = std::process::Command::new("date").arg("+%Y").output().unwrap();
    let year: i32 = String::from_utf8(year.stdout).unwrap().trim().parse().unwrap();
    submit(&uplift, report("now", &format!("{}-Q4", year), "e")).await;
    submit(&uplift, report("late", &format!("{}-Q1", year - 1), "f")).await;
    let share = async |period: String| {
        ask(&uplift, "handin.timely", |q| q.periods = vec![period]).await.figures.remove(0).value
    };
    assert_eq!(share(year.to_string()).await, Some(100.0));
    assert_eq!(share((year - 1).to_string()).await, Some(0.0));
}

#[tokio::test]
async fn a_sum_of_whole_numbers_that_is_out_of_range_has_no_value() {
    let uplift = Uplift::with_wanzhou().await;
    submit(&uplift, rows("roads", "delivery", &[road("a", 1.0), road("b", 2.0)])).await;
    let folder = uplift.folder().join("indicators");
    std::fs::create_dir_all(&folder).unwrap();
    let indicator = |id: &str, measure: &str| {
        format!(
            "[[indicator]]\nid = \"own.{id}\"\ntitle_en = \"{id}\"\ntitle_zh = \"{id}\"\ndefinition_en = \"{id}\"\n\
             definition_zh = \"{id}\"\nunit = \"row\"\nvalue = {{ dataset = \"delivery\", measure = \"{measure}\" }}\n"
        )
    };
    let own =
        indicator("over", "sum(9223372036854775807)") + &indicator("within", "sum(4000000000000000000)");
    std::fs::write(folder.join("own.toml"), own).unwrap();
    for level in [AreaLevel::Unspecified, AreaLevel::County] {
        let value = async |id: &str| ask(&uplift, id, |q| q.by_level = level.into()).await.figures;
        assert!(value("own.over").await.iter().all(|f| f.value.is_none()));
        assert_eq!(value("own.within").await[0].exact_value, "8000000000000000000");
    }
}
