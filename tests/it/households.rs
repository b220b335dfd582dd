//! A household's history, targets on their way, and what changed in villages: by hand, through the services.

use uplift_proto::v1::metrics::{
    ClaimVerdict, CompareOutcomesRequest, ForecastMethod, GetHouseholdRequest, GetObjectivesRequest,
    HouseholdHistory, HouseholdRemarkKind, ObjectiveStatus,
};
use uplift_proto::v1::records::AreaLevel;
use uplift_proto::v1::reporting::{GenerateReportRequest, ReportFormat};
use uplift_testkit::Uplift;

use crate::figures::{check, hand_in, hand_in_as, hand_in_of, hand_in_years, with_areas};
use crate::report::{annual, file, write};

async fn history(uplift: &Uplift, household: &str) -> Vec<HouseholdHistory> {
    let request = GetHouseholdRequest { household_id: household.into(), ..GetHouseholdRequest::default() };
    uplift.metrics().await.get_household(request).await.unwrap().into_inner().households
}

const LINES: &str = "programme_id,year,measure,name_zh\nrelocation,2011,x,搬迁\ntraining,2011,y,培训\nmutual_fund,2011,z,互助\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_household_is_told_from_every_record_that_names_it() {
    let uplift = with_areas().await;
    hand_in(&uplift, "programme", "2011", LINES).await;
    let head = "household_id,year,area_code,size,status,income（元）,主要致贫原因,住房不安全";
    let households = "h1,2010,500101101001,3,registered,6000,因病,是\nh1,2011,500101101002,3,lifted,9000,,否\n\
        h2,2011,500101101001,2,registered,4000,,\n";
    hand_in_years(&uplift, "household", head, households).await;
    hand_in(&uplift, "person", "2011", "person_id,year,household_id,sex,age\np1,2011,h1,female,30\n").await;
    let moves = "household_id,date,area_code,to_area_code,people,settlement,人均补助标准（元）,迁出自然村,自然村留存户数
h1,2011-05-01,500101101001,500101101002,3,central,5400,1社,0
";
    hand_in(&uplift, "relocation", "2011", moves).await;
    let paid = "payment_id,date,area_code,household_id,programme_id,source,amount（元）
y1,2011-05-10,500101101002,h1,relocation,fiscal_national,10000
y2,2011-05-10,500101101002,h1,relocation,work_relief,6000
";
    hand_in(&uplift, "payment", "2011", paid).await;
    // One is told by its person alone.
    let deliveries = "delivery_id,date,kind,area_code,household_id,person_id,quantity,unit,回访月数
d1,2011-03-01,employment_training,500101,,p1,1,person,
d2,2011-06-01,training_follow_up,500101,,p1,1,person,3
";
    hand_in(&uplift, "delivery", "2011", deliveries).await;
    hand_in(
        &uplift,
        "organisation",
        "2011",
        "organisation_id,kind,area_code,name_zh\ns1,mutual_fund,500101101001,甲社\n",
    )
    .await;
    hand_in(
        &uplift,
        "mutual_fund",
        "2011",
        "organisation_id,valid_from,area_code,单户借款上限（元）\ns1,2011-01-01,500101101001,5000\n",
    )
    .await;
    hand_in(
        &uplift,
        "mutual_fund_member",
        "2011",
        "organisation_id,member_id,joined,area_code,poor,household_id\ns1,m1,2011-01-01,500101101001,是,h1\n",
    )
    .await;
    let entries = "organisation_id,voucher_id,line,date,account,debit（元）,credit（元）,area_code,member_id,loan_id,due
s1,v1,1,2011-01-05,bank,9000,,500101101001,,,
s1,v1,2,2011-01-05,donation,,9000,500101101001,,,
s1,v2,1,2011-02-05,loans,3000,,500101101001,m1,L1,2011-12-01
s1,v2,2,2011-02-05,bank,,3000,500101101001,,,
";
    hand_in(&uplift, "mutual_fund_entry", "2011", entries).await;

    let told = history(&uplift, "h1").await;
    assert_eq!(told.len(), 1);
    let told = &told[0];
    let years: Vec<_> =
        told.years.iter().map(|y| (y.year, y.status_en.as_str(), y.poor, y.cause_zh.as_str())).collect();
    assert_eq!(years, [(2010, "registered poor", Some(true), "因病"), (2011, "graduated", Some(false), "")]);
    assert_eq!(told.years[0].deprivations, ["deprived_housing"]);
    assert_eq!((told.years[1].members[0].person_id.as_str(), told.years[1].members[0].age), ("p1", 30));
    let received: Vec<_> =
        told.receipts.iter().map(|r| (r.date.as_str(), r.kind.as_str(), r.record.as_str())).collect();
    assert_eq!(
        received,
        [
            ("2011-02-05", "loan", "L1"),
            ("2011-03-01", "employment_training", "d1"),
            ("2011-05-01", "relocation", "h1/2011-05-01"),
            ("2011-05-10", "payment", "y1"),
            ("2011-05-10", "payment", "y2"),
            ("2011-06-01", "training_follow_up", "d2"),
        ]
    );
    let money: Vec<_> = told.money.iter().map(|m| (m.source.as_str(), m.amount.as_str())).collect();
    assert_eq!(money, [("fiscal_national", "10000"), ("work_relief", "6000")]);
    let outcome = told.outcome.as_ref().unwrap();
    assert_eq!((outcome.income_growth.as_str(), outcome.income_growth_percent), ("3000", Some(50.0)));
    assert_eq!(outcome.text_en, "rose above the poverty line");
    let remarks: Vec<_> = told.remarks.iter().map(|r| r.text_en.as_str()).collect();
    assert_eq!(remarks, ["was paid 16000 yuan for moving; the standard gives 16200"]);

    let never = history(&uplift, "h2").await;
    assert_eq!(never[0].remarks[0].kind(), HouseholdRemarkKind::NeverHelped);
    assert_eq!(history(&uplift, "nobody").await, []);
    assert_eq!(history(&uplift, "h1' OR '1' = '1").await, []);
    let empty = uplift.metrics().await.get_household(GetHouseholdRequest::default()).await.unwrap_err();
    assert_eq!(empty.code(), tonic::Code::InvalidArgument);

    // A simulated household of the same number is another one.
    hand_in_as(&uplift, "payment", "2011", "payment_id,date,area_code,household_id,programme_id,source,amount（元）\nsim1,2011-07-01,500101101001,h2,relocation,social,5\n", true).await;
    let both = history(&uplift, "h2").await;
    assert_eq!(
        both.iter().map(|h| (h.simulated, h.receipts.len())).collect::<Vec<_>>(),
        [(false, 0), (true, 1)]
    );

    check(
        &uplift,
        &[
            ("relocation.households", "50", "2011", Some(1.0)),
            ("relocation.hamlets_emptied", "50", "2011", Some(1.0)),
            ("relocation.standard", "50", "2011", Some(5_400.0)),
            ("relocation.central_share", "50", "2011", Some(100.0)),
            ("payment.sources", "500101", "2011-Q2", Some(2.0)),
            ("training.in_work_after_three_months", "50", "2011", Some(100.0)),
            ("training.in_work_after_a_year", "50", "2011", None),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_are_followed_by_the_way_of_the_year_before() {
    let uplift = with_areas().await;
    let targets = "programme_id,year,measure,name_zh,target,unit
relocation,2011,relocation.people,搬迁,130,人
village,2011,village.lifted,整村,5,村
";
    hand_in(&uplift, "programme", "2011", targets).await;
    hand_in_of(
        "500101",
        &uplift,
        "programme",
        "2011",
        "programme_id,year,measure,name_zh,target,unit\nrelocation,2011,relocation.people,搬迁,60,人\n",
    )
    .await;
    let moved = |id: &str, date: &str, area: &str, people: i32| {
        format!("{id},{date},relocation,{area},{people},person\n")
    };
    let rows = moved("a", "2010-03-01", "500101", 10)
        + &moved("b", "2010-10-01", "500101", 30)
        + &moved("c", "2010-06-01", "500102", 5)
        + &moved("d", "2010-11-01", "500102", 15)
        + &moved("e", "2011-02-01", "500101", 20)
        + &moved("f", "2011-06-30", "500102", 10)
        + &moved("g", "2011-07-01", "500102", 7);
    hand_in_years(&uplift, "delivery", "delivery_id,date,kind,area_code,quantity,unit", &rows).await;
    let ask = |period: &str| GetObjectivesRequest {
        area_code: "50".into(),
        period: period.into(),
        by_level: AreaLevel::County.into(),
        ..GetObjectivesRequest::default()
    };
    let mut metrics = uplift.metrics().await;
    let june = metrics.get_objectives(ask("2011-06")).await.unwrap().into_inner().objectives;
    let of = |area: &str, measure: &str| {
        june.iter().find(|o| o.area_code == area && o.measure == measure).unwrap()
    };
    let moved = of("50", "relocation.people");
    // A quarter of the year before was reached by June: 30 leads to 120 of 130, for which 32.5 are due.
    assert_eq!((moved.achieved, moved.forecast, moved.forecast_error), (30.0, Some(120.0), Some(0.0)));
    assert_eq!((moved.due, moved.behind), (Some(32.5), Some(2.5)));
    assert_eq!((moved.method(), moved.status()), (ForecastMethod::YearBefore, ObjectiveStatus::Behind));
    let by_month: Vec<_> = moved.months.iter().map(|m| m.achieved).collect();
    assert_eq!(by_month, [0.0, 20.0, 20.0, 20.0, 20.0, 30.0]);
    let county = of("500101", "relocation.people");
    assert_eq!((county.forecast, county.forecast_error), (Some(80.0), None));
    assert_eq!(county.status(), ObjectiveStatus::OnCourse);
    assert_eq!(of("50", "village.lifted").status(), ObjectiveStatus::NoRecords);
    let year = metrics.get_objectives(ask("2011")).await.unwrap().into_inner().objectives;
    let moved = year.iter().find(|o| o.area_code == "50" && o.measure == "relocation.people").unwrap();
    assert_eq!((moved.achieved, moved.status()), (37.0, ObjectiveStatus::Missed));
    assert!(!moved.trace.is_empty());
    let day = metrics.get_objectives(ask("2011-06-30")).await.unwrap_err();
    assert_eq!(day.code(), tonic::Code::InvalidArgument);

    // A report of the half-year tells the same; once the year is over nothing is due or forecast any more.
    let row = [
        "People relocated",
        "130 people",
        "30 people",
        "32 people",
        "120 people",
        "0 people",
        "2 people",
        "behind",
    ];
    assert_eq!(annex(&uplift, "2011-S1", "objectives").await[0], row);
    let row = ["People relocated", "130 people", "37 people", "93 people", "missed"];
    assert_eq!(annex(&uplift, "2011", "objectives").await[0], row);
    let reached = annex_rows(&uplift, "2011", "objectives").await[0]["cells"][1]["figure"].clone();
    assert!(reached.is_number(), "what is reached opens its evidence");
}

/// The rows of a table of the annual report that a call answers, in English.
async fn annex(uplift: &Uplift, period: &str, id: &str) -> Vec<Vec<String>> {
    let text = |cell: &serde_json::Value| cell["text"]["en"].as_str().unwrap().to_owned();
    let of_row = |row: &serde_json::Value| {
        let label = row["label"]["en"].as_str().unwrap().to_owned();
        std::iter::once(label).chain(row["cells"].as_array().unwrap().iter().map(text)).collect()
    };
    annex_rows(uplift, period, id).await.iter().map(of_row).collect()
}

/// The same as they are in its JSON.
async fn annex_rows(uplift: &Uplift, period: &str, id: &str) -> Vec<serde_json::Value> {
    let request =
        GenerateReportRequest { period: period.into(), formats: vec![ReportFormat::Json.into()], ..annual() };
    let report = write(uplift, request).await.unwrap();
    let json: serde_json::Value =
        serde_json::from_slice(&file(uplift, &report, &report.files[0].name).await).unwrap();
    let sections = json["sections"].as_array().unwrap();
    let mut blocks = sections.iter().flat_map(|section| section["blocks"].as_array().unwrap());
    let table = blocks.find(|block| block["table"]["id"] == id).unwrap_or_else(|| panic!("{id} in {period}"));
    table["table"]["rows"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_are_those_of_the_same_households_and_claims_are_held_against_them() {
    let uplift = with_areas().await;
    hand_in(
        &uplift,
        "programme",
        "2011",
        "programme_id,year,measure,name_zh\nvillage,2011,x,整村\ntourism,2011,y,旅游\n",
    )
    .await;
    let projects = "project_id,programme_id,area_code,year,status,name,kind,batch
v1,village,500101101001,2010,accepted,甲村,whole_village,2
t1,tourism,500101101002,2011,under_way,乙村,tourism_pilot,
";
    hand_in(&uplift, "project", "2011", projects).await;
    hand_in(&uplift, "fund_flow", "2011", "flow_id,kind,source,programme_id,project_id,area_code,date,amount（元）\nf1,expenditure,fiscal_national,village,v1,500101,2011-05-01,8000\n").await;
    hand_in(&uplift, "inspection", "2011", "inspection_id,date,kind,area_code,project_id,result\ni1,2011-09-01,acceptance,500101101001,v1,passed\n").await;
    // Two clusters in each village; a head lives below 2,300 and 2,536 yuan or above.
    let head = "household_id,year,area_code,size,status,income（元）,weight,stratum,cluster";
    let mut households = String::new();
    let village = |n: usize| if n < 4 { "500101101001" } else { "500101101002" };
    let incomes = [
        [1_000, 5_000],
        [1_200, 5_200],
        [1_400, 5_400],
        [1_600, 1_700],
        // Growth of 3,000, 5,000, 4,000 and 8,000 above the line.
        [9_000, 12_000],
        [9_000, 14_000],
        [9_000, 13_000],
        [9_000, 17_000],
        // These are said to be out of poverty and are not.
        [1_000, 1_100],
        [1_000, 1_100],
    ];
    for (n, [before, after]) in incomes.into_iter().enumerate() {
        let statuses = if n < 8 { ["not_poor"; 2] } else { ["registered", "lifted"] };
        for (y, income) in [before, after].into_iter().enumerate() {
            let (area, status) = (village(n), statuses[y]);
            households += &format!("h{n},{},{area},1,{status},{income},10,s,c{n}\n", 2010 + y);
        }
    }
    hand_in_years(&uplift, "household", head, &households).await;
    let beds: String = (4..8).map(|n| format!("b{n},2011-05-01,bed,500101101002,h{n},t1,4,bed\n")).collect();
    hand_in(
        &uplift,
        "delivery",
        "2011",
        &format!("delivery_id,date,kind,area_code,household_id,project_id,quantity,unit\n{beds}"),
    )
    .await;

    let mut metrics = uplift.metrics().await;
    let request =
        CompareOutcomesRequest { area_code: "50".into(), period: "2011".into(), ..Default::default() };
    let compared = metrics.compare_outcomes(request).await.unwrap().into_inner().comparisons;
    assert_eq!(compared.len(), 1);
    let [batch, none] = compared[0].groups.as_slice() else { panic!("{compared:?}") };
    assert_eq!((batch.batch.as_str(), batch.villages, batch.accepted, batch.households), ("2", 1, 1, 4));
    assert_eq!((batch.before, batch.after, batch.change), (Some(100.0), Some(25.0), Some(-75.0)));
    assert_eq!(batch.spent, "8000");
    assert!(
        (none.before.unwrap() - 100.0 / 3.0).abs() < 1e-9 && none.change.unwrap().abs() < 1e-9,
        "{none:?}"
    );
    assert!((batch.difference.unwrap() + 75.0).abs() < 1e-9 && batch.verdict() == ClaimVerdict::Supported);
    // Of four clusters three fall and one does not: 10 ÷ 9 × (3 × 6.25² + 18.75²), which vary over ten clusters.
    let error = (10.0 / 9.0 * (3.0 * 6.25_f64.powi(2) + 18.75_f64.powi(2))).sqrt();
    assert!((batch.standard_error.unwrap() - error).abs() < 1e-9, "{batch:?} {error}");
    let claim = &compared[0].claims[0];
    assert_eq!((claim.claimed, claim.measured), (20.0, 30.0));

    let request =
        GetObjectivesRequest { area_code: "50".into(), period: "2011".into(), ..Default::default() };
    let income = metrics.get_objectives(request).await.unwrap().into_inner().income;
    assert_eq!(income.len(), 1);
    assert_eq!((income[0].households, income[0].growth, income[0].objective), (4, 5_000.0, 10_000.0));
    // Linearised over all ten clusters: s² of the contributions −500, 0, −250, 750 and six zeros.
    let error = (10.0 / 9.0 * (500.0_f64.powi(2) + 250.0_f64.powi(2) + 750.0_f64.powi(2))).sqrt();
    assert!((income[0].standard_error.unwrap() - error).abs() < 1e-9, "{income:?}");
    assert_eq!(income[0].verdict(), ClaimVerdict::NotSupported);
    assert_eq!((income[0].others, income[0].growth_of_others), (2, Some(100.0)));

    let told = annex(&uplift, "2011", "outcomes").await;
    assert_eq!(
        told[0][..8],
        ["2", "1", "1", "8,000 yuan", "4", "100 %", "25 %", "−75 percentage points"],
        "{told:?}"
    );
    assert_eq!(annex(&uplift, "2011", "claims").await[0][1..3], ["20 people", "30 people"]);
    let pilots = annex(&uplift, "2011", "income-objective").await;
    assert_eq!(pilots[0][..3], ["Pilot households", "4 households", "5,000 yuan"]);
    assert_eq!(pilots[1][..3], ["Other registered poor households", "2 households", "100 yuan"]);
}
