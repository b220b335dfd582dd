//! What figures mean: records handed in, figures asked, values worked out by hand.

use uplift_proto::v1::ingest as wire;
use uplift_proto::v1::metrics::Verdict;
use uplift_proto::v1::records::HouseholdRecord;

use crate::cases::send;
use crate::figures::{check, figures, hand_in, hand_in_as, refused, with_areas};

#[tokio::test(flavor = "multi_thread")]
async fn a_register_counts_every_household_once_and_is_never_added_to_a_survey() {
    let uplift = with_areas().await;
    let register = "household_id,year,area_code,size,income（元）,status
a,2011,500101,4,10000,registered
b,2011,500101,3,6000,returned
c,2011,500101,5,50000,not_poor
";
    hand_in(&uplift, "household", "2011", register).await;
    check(
        &uplift,
        &[
            ("poverty.people", "50", "2011", Some(7.0)),
            ("poverty.share", "50", "2011", Some(700.0 / 12.0)),
            // 2,500 and 2,000 yuan a head are below the line of 2011, 2,536; the first was above 2,300.
            ("poverty.number_of_poor", "50", "2011", Some(7.0)),
            ("poverty.headcount_ratio", "50", "2011", Some(700.0 / 12.0)),
            ("poverty.average_shortfall", "50", "2011", Some((4.0 * 36.0 + 3.0 * 536.0) / 7.0)),
            ("poverty.exclusion_error", "50", "2011", Some(0.0)),
            ("poverty.inclusion_error", "50", "2011", Some(0.0)),
        ],
    )
    .await;
    let survey = "household_id,year,area_code,size,income（元）,status,weight
s,2011,500102,2,2000,registered,100
t,2011,500102,4,80000,not_poor,50
";
    hand_in(&uplift, "household", "2011", survey).await;
    let both = figures(&uplift, "poverty.people", "50", "2011").await;
    let told: Vec<_> = both.iter().map(|f| (f.household_record(), f.value)).collect();
    assert_eq!(told, [(HouseholdRecord::Register, Some(7.0)), (HouseholdRecord::Survey, Some(200.0))]);
    check(&uplift, &[("poverty.people", "500102", "2011", Some(200.0))]).await;
    let wrong = "household_id,year,area_code,size,income（元）,status,weight,stratum,record
x1,2011,500101,4,10000,registered,,s1,
x2,2011,500101,4,10000,registered,,,survey
x3,2011,500101,4,10000,registered,7,,register
x4,2011,500101,1,800000000,registered,,,
x5,2011,500101,1,-5000000,registered,,,
500101197001011230,2011,500101,1,5,registered,,,
";
    let reasons = refused(&uplift, "household", wrong).await;
    assert_eq!(reasons.split("; ").filter(|r| r.contains("weight")).count(), 3, "{reasons}");
    assert_eq!(reasons.matches("not plausible").count(), 2, "{reasons}");
    assert!(reasons.contains("identity card") && !reasons.contains("1970"), "{reasons}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_is_that_of_the_year_and_a_recorded_one_comes_first() {
    let uplift = with_areas().await;
    for year in ["2010", "2011", "2014", "2017"] {
        let households = format!(
            "household_id,year,area_code,size,income（元）,status,weight
a,{year},500101,1,2290,registered,1
b,{year},500101,1,2400,not_poor,1
c,{year},500102,1,2700,not_poor,1
d,{year},500102,1,9000,not_poor,1
"
        );
        hand_in(&uplift, "household", year, &households).await;
    }
    check(
        &uplift,
        &[
            ("poverty.headcount_ratio", "50", "2010", Some(25.0)),
            ("poverty.headcount_ratio", "50", "2011", Some(50.0)),
            ("poverty.headcount_ratio", "50", "2014", Some(75.0)),
            // No line is known for 2017.
            ("poverty.headcount_ratio", "50", "2017", None),
            ("poverty.headcount_ratio_1274", "50", "2010", Some(0.0)),
            (
                "poverty.gap",
                "50",
                "2011",
                Some(25.0 * ((2536.0 - 2290.0) / 2536.0 + (2536.0 - 2400.0) / 2536.0)),
            ),
        ],
    )
    .await;
    let lines = "standard,year,area_code,line（元）,base_year,deflator,source
2010,2017,50,2952,2010,rural CPI of the poor,an office
2010,2011,500102,2800,2010,,a municipality
";
    hand_in(&uplift, "poverty_line", "2017", lines).await;
    check(
        &uplift,
        &[
            ("poverty.headcount_ratio", "50", "2017", Some(75.0)),
            ("poverty.headcount_ratio", "50", "2011", Some(75.0)),
            ("poverty.headcount_ratio", "500101", "2011", Some(100.0)),
        ],
    )
    .await;
    // A rate changes by percentage points, and not by percent of itself.
    let rate = figures(&uplift, "poverty.headcount_ratio", "50", "2011").await;
    assert_eq!((rate[0].change, rate[0].growth_percent), (Some(50.0), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_household_graduates_once_and_is_followed_where_it_moves() {
    let uplift = with_areas().await;
    let years = [
        (
            "2013",
            "a,2013,500101,4,8000,registered\nb,2013,500101,3,6000,registered\nc,2013,500101,2,9000,lifted\n",
        ),
        (
            "2014",
            "a,2014,500101,4,20000,lifted\nb,2014,500102,3,6600,registered\nc,2014,500101,2,4000,returned\nn,2014,500101,5,9000,newly_poor\n",
        ),
        (
            "2015",
            "a,2015,500101,4,20000,lifted\nb,2015,500102,3,9900,lifted\nc,2015,500101,2,4000,returned\nn,2015,500101,6,9000,registered\n",
        ),
        (
            "2016",
            "a,2016,500101,4,20000,lifted\nb,2016,500102,3,3000,returned\nc,2016,500101,2,4000,removed\n",
        ),
    ];
    for (year, rows) in years {
        let csv = format!("household_id,year,area_code,size,income（元）,status\n{rows}");
        hand_in(&uplift, "household", year, &csv).await;
    }
    check(
        &uplift,
        &[
            ("poverty.lifted_people", "50", "2014", Some(4.0)),
            ("poverty.lifted_people", "50", "2015", Some(3.0)),
            ("poverty.lifted_people", "50", "2016", Some(0.0)),
            ("poverty.lifted_people", "500102", "2015", Some(3.0)),
            ("poverty.out_of_poverty_people", "50", "2015", Some(7.0)),
            ("poverty.returned_people", "50", "2014", Some(2.0)),
            ("poverty.returned_people", "50", "2015", Some(0.0)),
            ("poverty.returned_people", "50", "2016", Some(3.0)),
            ("poverty.graduation_rate", "50", "2014", Some(400.0 / 7.0)),
            ("poverty.return_rate", "50", "2016", Some(300.0 / 7.0)),
            ("poverty.still_out", "50", "2016", Some(100.0)),
            // 10 at the beginning of 2015: less 3 who graduated, one born, 0 removed, makes 8.
            ("register.opening", "50", "2015", Some(10.0)),
            ("register.natural_change", "50", "2015", Some(1.0)),
            ("register.newly_poor", "50", "2014", Some(5.0)),
            ("register.removed", "50", "2016", Some(2.0)),
            ("poverty.people", "50", "2015", Some(8.0)),
            // By income: b moves from one county to the other and stays poor in 2014, a leaves poverty.
            ("poverty.exit_rate", "50", "2014", Some(400.0 / 7.0)),
            ("poverty.persistence", "500102", "2014", Some(100.0)),
            ("poverty.exit_rate", "500102", "2015", Some(100.0)),
            ("poverty.entry_rate", "500102", "2016", Some(100.0)),
            ("poverty.entry_rate", "500101", "2014", Some(100.0)),
        ],
    )
    .await;
}

const FLOWS: &str =
    "flow_id,date,kind,source,amount（元）,area_code,programme_id,purpose,loan_id,due,budget_year\n";

const PROGRAMMES: &str = "programme_id,year,measure,name_zh
relocation,2011,relocation.people,扶贫搬迁
village,2011,village.lifted,整村推进
training,2011,training.people,培训转移
mutual_fund,2011,mutual.villages_new,互助资金
industry,2011,industry.backbone,产业
";

#[tokio::test(flavor = "multi_thread")]
async fn each_yuan_counts_once_in_its_budget_year_and_refunds_are_taken_off() {
    let uplift = with_areas().await;
    hand_in(&uplift, "programme", "2011", PROGRAMMES).await;
    let rows = "b1,2011-01-10,budget,fiscal_national,10000000,50,relocation,,,,
a1,2011-01-20,allocation,fiscal_national,10000000,50,relocation,,,,
a2,2011-02-20,allocation,fiscal_national,10000000,500101,relocation,,,,
d1,2011-03-01,disbursement,fiscal_national,9000000,500101,relocation,,,,
r1,2011-09-01,refund,fiscal_national,4000000,500101,relocation,,,,
e1,2011-03-15,expenditure,fiscal_national,1000000,500101,relocation,,,,
e2,2011-08-15,expenditure,fiscal_national,3000000,500101,relocation,,,,
d2,2011-05-01,disbursement,市级财政,500000,500102,village,consolidation,,,
d3,2011-05-01,disbursement,fiscal_national,700000,500102,village,new_village,,,
d4,2011-05-01,disbursement,fiscal_local,40000,500102,industry,interest_subsidy,,,
d5,2011-05-01,disbursement,credit,800000,500102,industry,,,,
";
    hand_in(&uplift, "fund_flow", "2011", &format!("{FLOWS}{rows}")).await;
    let early = "a3,2010-11-20,allocation,fiscal_national,2000000,500101,village,,,,2011\n";
    hand_in(&uplift, "fund_flow", "2010", &format!("{FLOWS}{early}")).await;
    check(
        &uplift,
        &[
            ("fund.budget", "50", "2011", Some(1e7)),
            ("fund.allocation", "50", "2011", Some(1.2e7)),
            ("fund.allocation", "500101", "2011", Some(1.2e7)),
            ("fund.allocation", "50", "2010", None),
            ("fund.disbursement", "500101", "2011", Some(5e6)),
            ("fund.fiscal", "50", "2011", Some(5e6 + 1_240_000.0)),
            ("fund.refunds", "50", "2011", Some(4e6)),
            // To date: 1 of 12 million in the first quarter, 4 of 12 by the third.
            ("fund.absorption", "50", "2011-Q1", Some(100.0 / 12.0)),
            ("fund.absorption", "50", "2011-Q3", Some(400.0 / 12.0)),
            ("fund.absorption", "50", "2011-Q4", Some(400.0 / 12.0)),
            ("fund.carry_over_rate", "50", "2011", Some(800.0 / 12.0)),
            ("fund.village_consolidation", "50", "2011", Some(5e5)),
            ("fund.village_fiscal", "50", "2011", Some(7e5)),
            ("fund.microfinance_discount", "50", "2011", Some(4e4)),
            ("fund.credit_per_fiscal", "50", "2011", Some(20.0)),
        ],
    )
    .await;
    // What a document says of a change is compared with the change.
    let statements = "document_id,statement_id,area_code,period,section,locator,subject,title_en,title_zh,printed,unit,statistic
doc,more,50,2011,a,1,fund.expenditure,More,增加,300万元,CNY,change
doc,growth,50,2011,a,1,fund.expenditure,Growth,增长,30%,percent,growth
doc,all,50,2011,a,1,fund.expenditure,All,总额,400万,CNY,
";
    hand_in(&uplift, "statement", "2011", statements).await;
    let spent = "e0,2010-08-15,expenditure,fiscal_national,1000000,500101,relocation,,,,\n";
    hand_in(&uplift, "fund_flow", "2010", &format!("{FLOWS}{spent}")).await;
    let published = figures(&uplift, "fund.expenditure", "50", "2011").await.remove(0).published;
    let told: Vec<_> = published.iter().map(|p| (p.statement_id.as_str(), p.verdict())).collect();
    let (yes, no) = (Verdict::Consistent, Verdict::Inconsistent);
    assert_eq!(told, [("more", yes), ("growth", no), ("all", yes)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loan_is_at_risk_by_its_own_due_date_wherever_it_is_repaid() {
    let uplift = with_areas().await;
    hand_in(&uplift, "programme", "2011", PROGRAMMES).await;
    let rows = "l1,2011-01-05,loan,members,5000,500101,mutual_fund,,L1,2011-06-05,
p1,2011-07-01,repayment,members,1000,500102,mutual_fund,,L1,2012-06-05,
l2,2011-02-05,loan,members,3000,500101,mutual_fund,,L2,2012-02-05,
p2,2011-08-01,repayment,members,3200,500101,mutual_fund,,L2,,
l3,2011-03-05,loan,members,2000,500101,mutual_fund,,L3,2011-12-10,
l4,2011-03-05,loan,members,4000,500102,mutual_fund,,L4,2011-09-05,
x4,2011-09-01,rescheduling,members,4000,500102,mutual_fund,,L4,2012-09-05,
l5,2011-03-05,loan,members,1000,500102,mutual_fund,,L5,2011-09-05,
w5,2011-11-05,write_off,members,1000,500102,mutual_fund,,L5,,
f1,2011-11-06,fee,members,60,500101,mutual_fund,,,,
";
    hand_in(&uplift, "fund_flow", "2011", &format!("{FLOWS}{rows}")).await;
    check(
        &uplift,
        &[
            ("mutual.outstanding", "50", "2011", Some(10_000.0)),
            ("mutual.outstanding", "500101", "2011", Some(6_000.0)),
            // L1 is late, L4 was rescheduled; L3 is 21 days late.
            ("mutual.par30", "50", "2011", Some(80.0)),
            ("mutual.par30", "500101", "2011", Some(4_000.0 / 60.0)),
            ("mutual.par90", "500102", "2011", Some(100.0)),
            ("mutual.par30", "500101", "2011-Q2", Some(0.0)),
            ("mutual.repayment_rate", "50", "2011", Some(100.0 / 12.0)),
            ("mutual.written_off", "50", "2011", Some(1_000.0)),
            ("mutual.fees", "50", "2011", Some(60.0)),
        ],
    )
    .await;
    let wrong = "l9,2011-03-05,loan,members,4000,500102,mutual_fund,,L9,,\n";
    assert!(refused(&uplift, "fund_flow", &format!("{FLOWS}{wrong}")).await.contains("overdue"));
}

const DELIVERIES: &str = "delivery_id,date,kind,area_code,person_id,quantity,unit\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_has_one_unit_is_added_up_and_people_are_told_from_attendances() {
    let uplift = with_areas().await;
    hand_in(&uplift, "programme", "2011", PROGRAMMES).await;
    let rows = "r1,2011-03-01,relocation,500101,,50,person
r2,2011-03-01,村级公路,500101,,1200,m
r3,2011-03-01,公路,500101,,3,km
t1,2011-03-01,employment_training,500101,,30,人次
t2,2011-04-01,employment_training,500101,,30,person
t3,2011-04-01,practical_training,500101,,20,person
t4,2011-04-01,employment_training,500101,p1,1,person
t5,2011-05-01,employment_training,500101,p1,1,person
t6,2011-05-01,employment_training,500101,p2,1,person
j1,2011-06-01,job,500101,p2,1,person
j2,2011-06-01,job,500101,p3,1,person
";
    hand_in(&uplift, "delivery", "2011", &format!("{DELIVERIES}{rows}")).await;
    let flows = "d1,2011-05-01,disbursement,fiscal_national,63000,500101,training,,,,\n";
    hand_in(&uplift, "fund_flow", "2011", &format!("{FLOWS}{flows}")).await;
    check(
        &uplift,
        &[
            ("relocation.people", "50", "2011", Some(50.0)),
            ("road.length", "50", "2011", Some(4.2)),
            ("training.people", "50", "2011", Some(63.0)),
            ("training.persons", "50", "2011", Some(2.0)),
            ("transfer.rate", "50", "2011", Some(50.0)),
            ("training.cost", "50", "2011", Some(1000.0)),
        ],
    )
    .await;
    let wrong = "w1,2011-03-01,relocation,500101,,100,household\nw2,2011-03-01,road,500101,,5,village\n";
    let reasons = refused(&uplift, "delivery", &format!("{DELIVERIES}{wrong}")).await;
    assert!(reasons.contains("must be person") && reasons.contains("must be km or m"), "{reasons}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_village_is_one_and_counties_are_those_of_the_list_in_the_period() {
    let uplift = with_areas().await;
    hand_in(&uplift, "programme", "2011", PROGRAMMES).await;
    let projects = "project_id,programme_id,area_code,year,status,name,planned,actual,unit
v1,village,500101101001,2011,已验收,甲,2,2,km
v2,village,500101101001,2011,accepted,甲二,100,50,person
v3,village,500101101002,2011,planned,乙,1,0,village
v4,village,500102101001,2011,cancelled,丙,1,0,village
road1,relocation,500101101001,2011,accepted,路,1,1,km
road2,relocation,500101101002,2011,accepted,路,1,1,km
";
    hand_in(&uplift, "project", "2011", projects).await;
    let inspections = "inspection_id,date,kind,area_code,project_id,result,inspected（元）,questioned（元）
i1,2011-10-01,acceptance,500101101001,v1,passed,,
i2,2011-10-02,acceptance,500101101001,v2,passed,,
i3,2011-10-02,acceptance,500101101001,road1,passed,,
i4,2011-10-02,acceptance,500101101002,road2,passed,,
i5,2011-10-03,follow_up,500101,,passed,200000,5000
i6,2011-10-03,follow_up,500101,,passed,,90000
";
    hand_in(&uplift, "inspection", "2011", inspections).await;
    let events = "event_id,date,kind,area_code,title,raised（元）
e1,2011-10-17,义卖,500101,义卖,300
e2,2011-10-17,bazaar,500101101001,义卖,200
e3,2011-10-17,bazaar,50,义卖,100
e4,2011-10-18,signing,50,签约,90000
e5,2011-10-18,disclosure,500101,公示,
e6,2011-10-18,disclosure,500101101001,公示,
e7,2011-10-18,disclosure,500103,公示,
";
    hand_in(&uplift, "event", "2011", events).await;
    check(
        &uplift,
        &[
            ("village.lifted", "50", "2011", Some(1.0)),
            ("village.begun", "50", "2011", Some(1.0)),
            ("village.output_rate", "50", "2011", Some(75.0)),
            ("supervision.questioned_share", "50", "2011", Some(2.5)),
            ("bazaar.counties", "50", "2011", Some(1.0)),
            ("event.raised", "50", "2011", Some(600.0)),
            ("event.signed", "50", "2011", Some(90_000.0)),
            // Of three key counties one was abolished in October; Yuzhong is none.
            ("openness.counties", "50", "2011", Some(50.0)),
            ("openness.counties", "50", "2011-Q4", Some(50.0)),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_true_on_a_day_stays_true_of_it() {
    let uplift = with_areas().await;
    let funds = "organisation_id,kind,name_zh,area_code,founded,closed,members
f1,mutual_fund,甲社,500101101001,2009-05-01,,10
f2,互助社,甲二社,500101101001,2010-05-01,,10
f3,mutual_fund,乙社,500101101002,2010-06-01,2011-06-30,10
";
    hand_in(&uplift, "organisation", "2011", funds).await;
    for (year, rows) in [
        (
            "2010",
            "f1,2010-12-31,500101101001,50,20\nf2,2010-12-31,500101101001,30,\nf3,2010-12-31,500101101002,20,10\n",
        ),
        ("2011", "f1,2011-12-31,500101101001,90,45\n"),
    ] {
        hand_in(
            &uplift,
            "membership",
            year,
            &format!("organisation_id,date,area_code,members,poor_members\n{rows}"),
        )
        .await;
    }
    check(
        &uplift,
        &[
            ("mutual.villages", "50", "2010", Some(2.0)),
            ("mutual.villages", "50", "2011", Some(1.0)),
            ("mutual.members", "50", "2010", Some(100.0)),
            ("mutual.members", "50", "2011", Some(120.0)),
            ("mutual.poor_share", "50", "2010", Some(3000.0 / 70.0)),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_weigh_as_their_households_and_incomplete_answers_are_left_out() {
    let uplift = with_areas().await;
    let households = "household_id,year,area_code,size,status,weight,deprived_schooling,deprived_health,deprived_housing,deprived_water,deprived_road,deprived_power
a,2011,500101,2,registered,1,是,是,否,否,否,否
b,2011,500101,2,registered,99,否,否,否,否,否,否
c,2011,500101,2,registered,100,,是,否,否,否,否
";
    hand_in(&uplift, "household", "2011", households).await;
    let people = "person_id,year,household_id,sex,age,schooling,work
p,2011,a,女,30,4,外出务工
q,2011,b,男,30,8,务农
r,2011,b,男,60,8,外出务工
";
    hand_in(&uplift, "person", "2011", people).await;
    check(
        &uplift,
        &[
            ("work.migrant_share", "50", "2011", Some(1.0)),
            ("schooling.years", "50", "2011", Some((4.0 + 2.0 * 99.0 * 8.0) / 199.0)),
            ("deprivation.headcount_ratio", "50", "2011", Some(1.0)),
            ("deprivation.health_censored", "50", "2011", Some(1.0)),
            ("deprivation.health_uncensored", "50", "2011", Some(50.5)),
            ("deprivation.incomplete", "50", "2011", Some(50.0)),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn simulated_and_real_records_make_two_figures() {
    let uplift = with_areas().await;
    let rows = |id: &str, yuan: u32| format!("{FLOWS}{id},2011-03-01,donation,social,{yuan},500101,,,,,\n");
    hand_in(&uplift, "fund_flow", "2011", &rows("real", 700)).await;
    hand_in_as(&uplift, "fund_flow", "2011", &rows("made", 5000), true).await;
    let both = figures(&uplift, "fund.social", "50", "2011").await;
    let told: Vec<_> = both.iter().map(|f| (f.simulated, f.value)).collect();
    assert_eq!(told, [(false, Some(700.0)), (true, Some(5000.0))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_submission_counts_by_the_deadline_of_its_own_period() {
    let uplift = with_areas().await;
    // The period ends long before today, and one that has not ended yet is in time.
    let flow = |id: &str, day: &str| format!("{FLOWS}{id},{day},donation,social,5,500101,,,,,\n");
    hand_in(&uplift, "fund_flow", "2011-Q1", &flow("q1", "2011-03-01")).await;
    check(
        &uplift,
        &[
            ("handin.timely", "50", "2011", Some(0.0)),
            ("handin.clean", "50", "2011", Some(100.0)),
            ("handin.completeness", "50", "2011", Some(0.0)),
        ],
    )
    .await;
    let header = |id: &str, county: &str, simulated| wire::UploadHeader {
        submission: Some(wire::SubmissionHeader {
            submission_id: id.to_owned(),
            dataset: "fund_flow".to_owned(),
            area_code: county.to_owned(),
            period: "2011".to_owned(),
            policy: wire::Policy::AcceptGoodRows.into(),
            mode: wire::Mode::Replace.into(),
            sender: "Tests".to_owned(),
            simulated,
        }),
        ..Default::default()
    };
    for county in ["500101", "500103"] {
        let good = format!("{county}g,2011-03-01,donation,social,5,{county},,,,,\n");
        let rows = format!("{FLOWS}{good}{county}b,2011-03-01,donation,social,x,{county},,,,,\n");
        send(&uplift, header(&format!("{county}/1"), county, false), rows.into_bytes()).await.unwrap();
        let again = format!("{FLOWS}{good}");
        send(&uplift, header(&format!("{county}/2"), county, false), again.into_bytes()).await.unwrap();
    }
    // In each county half of the first attempt was good; sending again changes nothing. One key county of two sent.
    check(
        &uplift,
        &[("handin.clean", "500101", "2011", Some(50.0)), ("handin.completeness", "50", "2011", Some(50.0))],
    )
    .await;
}
