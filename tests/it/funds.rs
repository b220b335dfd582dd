//! Where money is: each node of its way closes, and what several levels record counts once.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use uplift_proto::service::Service;
use uplift_proto::v1::metrics::{
    FundNode, FundNodeFlow, FundStatement, GetFundStatementRequest, IndicatorQuery, QueryIndicatorsRequest,
};
use uplift_proto::v1::records::AreaLevel;
use uplift_testkit::{Uplift, simulate};

use crate::figures::{check, figure, hand_in, hand_in_as, hand_in_of, with_areas};

async fn ask(uplift: &Uplift, request: GetFundStatementRequest) -> Vec<FundStatement> {
    let answer = uplift.metrics().await.get_fund_statement(request).await.unwrap().into_inner();
    answer.statements.iter().for_each(closes);
    answer.statements
}

fn request(period: &str, level: AreaLevel) -> GetFundStatementRequest {
    GetFundStatementRequest {
        area_code: "50".into(),
        period: period.into(),
        by_level: level.into(),
        ..Default::default()
    }
}

fn amount(text: &str) -> Decimal {
    text.parse().unwrap_or_else(|e| panic!("{text:?}: {e}"))
}

/// At every node what came in is what went out, what is left and what is unexplained, by its flows too.
fn closes(statement: &FundStatement) {
    let flows = |node: &FundNode, end: fn(&FundNodeFlow) -> &String| -> Decimal {
        let of_node = statement.flows.iter().filter(|flow| *end(flow) == node.node_id);
        of_node.map(|flow| amount(&flow.amount)).sum()
    };
    for node in &statement.nodes {
        let (inflow, outflow) = (amount(&node.inflow), amount(&node.outflow));
        assert_eq!(inflow, outflow + amount(&node.balance) + amount(&node.unexplained), "{node:?}");
        if !node.node_id.starts_with("source/") {
            assert_eq!(flows(node, |flow| &flow.to_node_id), inflow, "{node:?}");
        }
        if !node.node_id.starts_with("spent/") {
            assert_eq!(flows(node, |flow| &flow.from_node_id), outflow, "{node:?}");
        }
    }
}

/// Inflow, outflow, balance and what is unexplained, by node.
fn nodes(statement: &FundStatement) -> BTreeMap<&str, [&str; 4]> {
    statement.nodes.iter().map(|n| (n.node_id.as_str(), four(n))).collect()
}

fn four(node: &FundNode) -> [&str; 4] {
    [&node.inflow, &node.outflow, &node.balance, &node.unexplained].map(String::as_str)
}

/// What came in at all nodes of a stage.
fn sum(statement: &FundStatement, stage: &str) -> Decimal {
    let of_stage = statement.nodes.iter().filter(|node| node.node_id.starts_with(stage));
    of_stage.map(|node| amount(&node.inflow)).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn money_at_city_and_county_counts_once() {
    let uplift = with_areas().await;
    let csv = "flow_id,date,kind,source,amount,area_code
al-top,2015-03-01,allocation,fiscal_national,100,50
al-a,2015-04-01,allocation,fiscal_national,60,500101
al-b,2015-04-01,allocation,fiscal_national,40,500102
";
    hand_in(&uplift, "fund_flow", "2015", csv).await;
    let whole = ask(&uplift, request("2015", AreaLevel::Unspecified)).await;
    assert_eq!(nodes(&whole[0])["area/50"], ["100.00", "0.00", "100.00", "0.00"]);
    let counties = ask(&uplift, request("2015", AreaLevel::County)).await;
    let counties = nodes(&counties[0]);
    // Nothing is recorded above the counties; without a budget on record the way begins with what is allocated.
    assert_eq!(counties.get("area/50"), None);
    assert_eq!(counties["area/500101"][0], "60.00");
    assert_eq!(counties["programme/"], ["100.00", "100.00", "0.00", "0.00"]);
    // A breakdown says what is recorded above its level: of the same money nothing, and what is more.
    let above = async || {
        let query = IndicatorQuery {
            indicators: vec!["fund.allocation".into(), "fund.flows".into(), "fund.absorption".into()],
            area_code: "50".into(),
            by_level: AreaLevel::County.into(),
            periods: vec!["2015".into()],
            ..Default::default()
        };
        let request = QueryIndicatorsRequest { query: Some(query), ..Default::default() };
        let figures = uplift.metrics().await.query_indicators(request).await.unwrap().into_inner().figures;
        let told = figures.into_iter().filter(|figure| !figure.recorded_above.is_empty());
        told.map(|f| (f.indicator_id, f.area_code, f.recorded_above)).collect::<Vec<_>>()
    };
    let of = |indicator: &str, value: &str| (indicator.to_owned(), "50".to_owned(), value.to_owned());
    assert_eq!(above().await, [of("fund.flows", "1")]);
    let more = "flow_id,date,kind,source,amount,area_code
more,2015-06-01,allocation,fiscal_national,50,50
own,2015-06-01,allocation,fiscal_county,7.25,50
";
    hand_in(&uplift, "fund_flow", "2015", more).await;
    assert_eq!(above().await, [of("fund.allocation", "57.25"), of("fund.flows", "3")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_of_money_is_followed_to_where_it_is() {
    let uplift = with_areas().await;
    let programmes = "programme_id,year,measure,name_en,name_zh\nvillage,2011,x,Villages,整村推进\nroad,2011,y,Roads,道路\n";
    hand_in(&uplift, "programme", "2011", programmes).await;
    let projects =
        "project_id,programme_id,area_code,year,status,name\np1,village,500101101001,2011,under_way,甲\n";
    hand_in(&uplift, "project", "2011", projects).await;
    // The municipality names no line of work in its budget; one county records its allocation, of the other a village does.
    let csv = "flow_id,date,kind,source,programme_id,project_id,amount,area_code,budget_year
b1,2010-11-12,budget,fiscal_national,,,1000,50,2011
b2,2011-01-20,budget,fiscal_municipal,village,,200,50,2011
a1,2010-11-20,allocation,fiscal_national,village,,600,500101,2011
a2,2011-03-01,allocation,fiscal_national,road,,150,500102101001,2011
a3,2011-03-01,allocation,fiscal_local,village,,200,500101,2011
a4,2011-03-01,allocation,fiscal_national,village,,40,500102101001,2011
d1,2011-04-01,disbursement,fiscal_national,village,p1,500,500101101001,2011
d2,2011-04-01,disbursement,fiscal_local,village,p1,150,500101,2011
d3,2011-04-01,disbursement,fiscal_national,road,,170,500102,2011
r1,2011-10-28,refund,fiscal_national,village,p1,20,500101,2011
e1,2011-11-25,expenditure,fiscal_national,village,p1,450,500101101001,2011
e2,2011-11-25,expenditure,fiscal_municipal,village,p1,160,500101101001,2011
e3,2011-11-25,expenditure,fiscal_national,road,,100,500102,2011
old,2011-05-01,expenditure,fiscal_national,road,,77,500102,2010
";
    let (head, lines) = csv.split_once('\n').unwrap();
    for period in ["2010", "2011"] {
        let of_year = lines.lines().filter(|line| line.split(',').nth(1).unwrap().starts_with(period));
        let file: String = of_year.map(|line| format!("{line}\n")).collect();
        hand_in(&uplift, "fund_flow", period, &format!("{head}\n{file}")).await;
    }
    // Of another county one budget is recorded by itself, and the next by its township alone.
    let levels = "flow_id,date,kind,source,programme_id,amount,area_code,budget_year
y1,2011-01-01,allocation,fiscal_county,road,8,500103,2009
y2,2011-01-01,disbursement,fiscal_county,road,1,500103,2009
y3,2011-01-01,allocation,fiscal_county,road,7,500103101,2010
y4,2011-01-01,disbursement,fiscal_county,road,2,500103101,2010
";
    let town =
        "area_code,valid_from,valid_to,level,name_zh,key_county\n500103101,2000-01-01,,township,丁乡,\n";
    hand_in_of("500103", &uplift, "area", "2011", town).await;
    hand_in_of("500103", &uplift, "fund_flow", "2011", levels).await;
    let counties = ask(&uplift, request("2011", AreaLevel::County)).await;
    let expected = BTreeMap::from([
        ("source/fiscal_national", ["1000.00", "1000.00", "0.00", "0.00"]),
        ("source/local", ["200.00", "200.00", "0.00", "0.00"]),
        ("programme/", ["1000.00", "790.00", "210.00", "0.00"]),
        ("programme/village", ["840.00", "840.00", "0.00", "0.00"]),
        ("programme/road", ["150.00", "150.00", "0.00", "0.00"]),
        ("area/500101", ["820.00", "650.00", "170.00", "0.00"]),
        ("area/500102", ["190.00", "170.00", "40.00", "-20.00"]),
        ("spending/500101", ["650.00", "630.00", "30.00", "-10.00"]),
        ("spending/500102", ["170.00", "100.00", "70.00", "0.00"]),
        ("spent/village", ["610.00", "610.00", "0.00", "0.00"]),
        ("spent/road", ["100.00", "100.00", "0.00", "0.00"]),
    ]);
    assert_eq!(nodes(&counties[0]), expected);
    let name = counties[0].nodes.iter().find(|node| node.node_id == "area/500101").unwrap();
    assert_eq!((name.name_zh.as_str(), name.code.as_str()), ("万州区", "500101"));
    // The year up to the end of March: nothing is disbursed yet.
    let march = ask(&uplift, request("2011-03", AreaLevel::Unspecified)).await;
    assert_eq!(nodes(&march[0])["area/50"], ["990.00", "0.00", "990.00", "0.00"]);
    // The indicators say the same, although of one county a village records what of the other the county does.
    check(
        &uplift,
        &[
            ("fund.allocation", "50", "2011", Some(990.0)),
            ("fund.allocation", "500102", "2011", Some(190.0)),
            ("fund.disbursement", "50", "2011", Some(800.0)),
            ("fund.expenditure", "50", "2011", Some(710.0)),
            ("fund.matching_ratio", "50", "2011", Some(100.0 * 150.0 / 650.0)),
            ("fund.joint_projects", "50", "2011", Some(1.0)),
            // What is not disbursed grows older; what the older budget spent beyond its receipts is taken off.
            ("fund.undisbursed", "50", "2011", Some(202.0)),
            ("fund.undisbursed", "50", "2012", Some(202.0)),
            ("fund.undisbursed_prior", "50", "2012", Some(190.0)),
            ("fund.undisbursed_old", "50", "2013", Some(202.0)),
            ("fund.undisbursed_prior", "50", "2013", None),
            // Money of two budgets is not the same money, at whatever level each is recorded.
            ("fund.undisbursed", "500103", "2011", Some(12.0)),
            ("fund.unspent_prior", "500103", "2012", Some(3.0)),
            ("fund.unspent_prior", "50", "2012", Some(800.0 - 710.0 - 77.0 + 3.0)),
        ],
    )
    .await;
    // What was counted at the end of the year: twenty are missing in one county, the other has five more than it should.
    let counted = "地区代码,日期,结余所在,资金来源,工作类别编码,预算年度,结余
500101,2011-12-31,财政专户,中央财政,village,2011,100
500102,2011-12-31,项目单位,中央财政,road,2011,75
500102,2011-06-30,项目单位,中央财政,road,2011,1
";
    hand_in(&uplift, "fund_balance", "2011", counted).await;
    let counties = ask(&uplift, request("2011", AreaLevel::County)).await;
    let changed = BTreeMap::from([
        ("area/500101", ["820.00", "650.00", "150.00", "20.00"]),
        ("spending/500102", ["170.00", "100.00", "75.00", "-5.00"]),
    ]);
    let all = expected.into_iter().chain(changed.clone()).collect::<BTreeMap<_, _>>();
    assert_eq!(nodes(&counties[0]), all);
    for node in &counties[0].nodes {
        assert_eq!(node.counted, changed.contains_key(node.node_id.as_str()), "{node:?}");
    }
    let county =
        GetFundStatementRequest { area_code: "500101".into(), ..request("2011", AreaLevel::Unspecified) };
    assert_eq!(nodes(&ask(&uplift, county).await[0])["area/500101"], changed["area/500101"]);
    let whole = ask(&uplift, request("2011", AreaLevel::Unspecified)).await;
    // As one the twenty that are missing stand against twenty that another county paid out without a receipt.
    assert_eq!(nodes(&whole[0])["area/50"], ["1010.00", "820.00", "190.00", "0.00"]);
    assert_eq!(nodes(&whole[0])["spending/50"][3], "-15.00");
    // One project, of several sources: what each gave, what came back, what is spent.
    let project =
        GetFundStatementRequest { project_id: "p1".into(), ..request("2011", AreaLevel::Unspecified) };
    let project = ask(&uplift, project).await;
    let expected = BTreeMap::from([
        ("source/fiscal_national", ["520.00", "500.00", "20.00", "0.00"]),
        ("source/local", ["150.00", "150.00", "0.00", "0.00"]),
        ("spending/50", ["650.00", "630.00", "30.00", "-10.00"]),
        ("spent/village", ["610.00", "610.00", "0.00", "0.00"]),
    ]);
    assert_eq!(nodes(&project[0]), expected);
    // Simulated money is told apart.
    let simulated = "flow_id,date,kind,source,amount,area_code\ns1,2011-03-01,budget,social,5,500101\n";
    hand_in_as(&uplift, "fund_flow", "2011", simulated, true).await;
    let both = ask(&uplift, request("2011", AreaLevel::County)).await;
    assert_eq!(both.iter().map(|s| s.simulated).collect::<Vec<_>>(), [false, true]);
    assert_eq!(nodes(&both[1]).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_node_of_the_simulated_programme_closes_and_agrees_with_the_indicators() {
    let uplift = Uplift::start().await;
    simulate(&format!("http://{}", uplift.address(Service::Ingest)), 40).await;
    for year in ["2010", "2011"] {
        let mut sums = Vec::new();
        for level in [AreaLevel::Unspecified, AreaLevel::County, AreaLevel::Village] {
            let statements = ask(&uplift, request(year, level)).await;
            let [statement] = statements.as_slice() else { panic!("{}", statements.len()) };
            assert!(statement.simulated && statement.nodes.len() > 20, "{statement:?}");
            assert!(statement.nodes.iter().all(|node| node.unexplained == "0.00"), "{statement:?}");
            sums.push(["source/", "spent/"].map(|stage| sum(statement, stage)));
        }
        assert!(sums.iter().all(|sum| *sum == sums[0]), "{sums:?}");
        for (indicator, sum) in [("fund.budget", sums[0][0]), ("fund.expenditure", sums[0][1])] {
            let figure = figure(&uplift, indicator, "50", year).await.unwrap();
            assert_eq!(Decimal::from_f64_retain(figure).unwrap().round_dp(2), sum, "{indicator} {year}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_about_money_that_cannot_be_answered_are_refused() {
    let uplift = with_areas().await;
    let mut metrics = uplift.metrics().await;
    let wrong = GetFundStatementRequest {
        area_code: "5".into(),
        period: "soon".into(),
        by_level: 99,
        project_id: "p".repeat(101),
        ..Default::default()
    };
    let status = metrics.get_fund_statement(wrong).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
    for field in ["area_code", "period", "by_level", "project_id"] {
        assert!(String::from_utf8_lossy(status.details()).contains(field), "{status:?}");
    }
    let above = GetFundStatementRequest { area_code: "500101".into(), ..request("2011", AreaLevel::County) };
    let status = metrics.get_fund_statement(above).await.unwrap_err();
    assert!(status.message().contains("not below 500101"), "{status:?}");
    // Without records there is nothing to state.
    let nothing = GetFundStatementRequest { project_id: "it's".into(), ..request("2011", AreaLevel::County) };
    assert_eq!(ask(&uplift, nothing).await, []);
}
