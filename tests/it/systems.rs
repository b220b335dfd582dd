//! Cooperation, fundraising, groups, works, publicity: their indicators by hand.

use crate::figures::{check, hand_in, refused, with_areas};

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_is_overdue_by_what_has_not_arrived_of_it() {
    let uplift = with_areas().await;
    let partners =
        "organisation_id,kind,area_code,name_zh\np1,enterprise,50,甲企业\np2,enterprise,50,乙企业\n";
    hand_in(&uplift, "organisation", "2011", partners).await;
    // One is received in part, one too much, one is not due yet, one has no number.
    let flows = "flow_id,kind,source,payer_id,contract_id,due,area_code,date,amount（元）
c1,contract,cooperation,p1,k1,2011-06-30,500101,2011-01-10,1000
i1,investment,cooperation,p1,k1,,500101,2011-03-01,300
c2,contract,cooperation,p1,k2,2011-06-30,500101,2011-01-10,500
i2,investment,cooperation,p1,k2,,500101,2011-03-01,600
c3,contract,cooperation,p2,k3,2011-12-01,500101,2011-01-10,800
c4,contract,cooperation,p2,,,500101,2011-01-10,900
i3,investment,cooperation,p1,k1,,500101,2011-10-01,200
";
    hand_in(&uplift, "fund_flow", "2011", flows).await;
    check(
        &uplift,
        &[
            // Nothing is due yet.
            ("cooperation.overdue", "50", "2011-Q1", None),
            ("cooperation.overdue", "50", "2011-06-30", Some(700.0)),
            ("cooperation.overdue", "50", "2011", Some(1_300.0)),
            ("cooperation.overdue_contracts", "50", "2011", Some(2.0)),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_groups_pledge_give_and_do_is_told_apart() {
    let uplift = with_areas().await;
    hand_in(&uplift, "programme", "2011", "programme_id,year,measure,name_zh\nsocial,2011,x,社会\n").await;
    let bodies = "organisation_id,kind,area_code,name_zh\ng1,assistance_group,50,一集团\ng2,assistance_group,50,二集团\nf1,social_organisation,50,基金会\n";
    hand_in(&uplift, "organisation", "2011", bodies).await;
    let flows = "flow_id,kind,source,payer_id,资金用途,area_code,date,amount（元）
m1,commitment,social,g1,,500101,2011-01-10,1000
m2,commitment,social,g2,,500101,2011-01-10,500
m3,commitment,social,f1,,500101,2011-01-10,9000
d1,donation,social,g1,助学,500101,2011-08-01,900
d2,donation,social,g1,救急济困,500101,2011-09-01,300
d3,donation,social,f1,助学,500101,2011-09-01,70
s1,捐赠支出,social,,助学,500101,2011-10-01,485
s2,捐赠资金支出,social,,救急济困,500101,2011-11-01,300
";
    hand_in(&uplift, "fund_flow", "2011", flows).await;
    let projects = "project_id,programme_id,area_code,year,status,name,kind,sponsor_id
a1,social,500101,2011,completed,学校,assistance,g1
a2,social,500101,2011,under_way,道路,assistance,g1
a3,social,500101,2011,cancelled,水池,assistance,g2
a4,social,500101,2011,completed,公园,assistance,f1
";
    hand_in(&uplift, "project", "2011", projects).await;
    let paid = "payment_id,date,area_code,household_id,programme_id,source,amount（元）
y1,2011-10-01,500101101001,h1,social,social,40
y2,2011-10-01,500101101001,h1,social,fiscal_county,50
";
    hand_in(&uplift, "payment", "2011", paid).await;
    check(
        &uplift,
        &[
            ("group.pledged", "50", "2011", Some(1_500.0)),
            ("group.fulfilment", "50", "2011", Some(80.0)),
            ("group.projects", "50", "2011", Some(2.0)),
            ("group.projects_done", "50", "2011", Some(50.0)),
            ("donation.amount", "50", "2011", Some(1_270.0)),
            ("donation.spent", "50", "2011", Some(785.0)),
            ("donation.spent_share", "50", "2011", Some(785.0 / 12.7)),
            // What donors gave goes no way through treasuries.
            ("fund.expenditure", "50", "2011", None),
            ("donation.paid_to_households", "50", "2011", Some(40.0)),
            ("payment.per_household", "50", "2011", Some(90.0)),
        ],
    )
    .await;
    let wrong = "project_id,programme_id,area_code,year,status,name,sponsor_id\na5,social,500101,2011,completed,桥,g9\n";
    let reasons = refused(&uplift, "project", wrong).await;
    assert!(reasons.contains("sponsor_id"), "{reasons}");
}

#[tokio::test(flavor = "multi_thread")]
async fn works_are_counted_in_one_unit_and_nominations_to_their_result() {
    let uplift = with_areas().await;
    hand_in(&uplift, "programme", "2011", "programme_id,year,measure,name_zh\nroads,2011,x,道路\n").await;
    let projects =
        "project_id,programme_id,area_code,year,status,name,kind,unit,planned,actual,决算金额（元）
r1,roads,500101,2011,accepted,甲路,road,公里,10,12,240000
r2,roads,500101,2011,under_way,乙路,road,米,5000,1500,
r3,roads,500101,2011,cancelled,丙路,road,公里,7,,
w1,roads,500101,2011,accepted,甲水,water,人,300,320,96000
w2,roads,500101,2011,completed,乙水,water,人,200,180,54000
";
    hand_in(&uplift, "project", "2011", projects).await;
    let nominations = "推荐编号,推荐日期,地区代码,评选活动,被推荐人,评选结果,评定日期
n1,2011-08-01,500101,A1,张,当选,2011-08-11
n2,2011-08-01,500101,A1,李,未当选,2011-08-21
n3,2011-08-01,500101,A1,王,已推荐,
";
    hand_in(&uplift, "nomination", "2011", nominations).await;
    check(
        &uplift,
        &[
            ("road.planned", "50", "2011", Some(15.0)),
            ("road.built", "50", "2011", Some(13.5)),
            ("road.accepted", "50", "2011", Some(12.0)),
            ("road.unit_cost", "50", "2011", Some(20_000.0)),
            ("water.planned", "50", "2011", Some(500.0)),
            ("water.accepted", "50", "2011", Some(320.0)),
            ("water.unit_cost", "50", "2011", Some(300.0)),
            ("award.nominations", "50", "2011", Some(3.0)),
            ("award.selected", "50", "2011", Some(1.0)),
            ("award.days", "50", "2011", Some(15.0)),
        ],
    )
    .await;
    let wrong = "推荐编号,推荐日期,地区代码,评选活动,被推荐人,评选结果,评定日期\nn4,2011-08-01,500101,A1,赵,当选,\nn5,2011-08-02,500101,A1,钱,当选,2011-08-01\n";
    let reasons = refused(&uplift, "nomination", wrong).await;
    assert!(
        reasons.contains("is required beside the result") && reasons.contains("before the nomination"),
        "{reasons}"
    );
}
