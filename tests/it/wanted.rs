//! The indicators that offices want most and those of the article that were added for it: records handed in, figures asked,
//! values worked out by hand.

use crate::figures::{check, figures, hand_in, hand_in_of, refused, with_areas};

#[tokio::test(flavor = "multi_thread")]
async fn the_register_tells_why_people_are_poor_and_incomes_where_they_come_from() {
    let uplift = with_areas().await;
    let before = "household_id,year,area_code,size,income（元）,status
a,2010,500101,4,8000,建档立卡贫困户
b,2010,500101,2,9000,建档立卡贫困户
c,2010,500103,3,30000,非贫困户
";
    hand_in(&uplift, "household", "2010", before).await;
    let now = "户编号,年度,地区代码,家庭人口数,家庭年纯收入（元）,建档立卡状态,贫困户属性,主要致贫原因,工资性收入（元）,家庭经营纯收入（元）,财产性收入（元）,转移性收入（元）,不通公路,饮水不安全
a,2011,500101,4,11000,建档立卡贫困户,低保户,因病,6000,4000,0,1000,是,否
b,2011,500101,2,10800,脱贫户,,,5400,4400,100,900,否,否
c,2011,500103,3,33000,非贫困户,,,,,,,否,是
d,2011,500101,1,2000,新致贫,一般贫困户,缺劳动力,,,,,,
";
    hand_in(&uplift, "household", "2011", now).await;
    // In lines of the standard of 2010: 2,300 and 2,536 yuan a head.
    let key = ((11_000.0 + 10_800.0 + 2_000.0) / 7.0 / 2_536.0) / ((8_000.0 + 9_000.0) / 6.0 / 2_300.0);
    let all = ((23_800.0 + 33_000.0) / 10.0 / 2_536.0) / (47_000.0 / 9.0 / 2_300.0);
    check(
        &uplift,
        &[
            ("poverty.illness_share", "50", "2011", Some(80.0)),
            ("income.wages_share", "50", "2011", Some(100.0 * 11_400.0 / 21_800.0)),
            ("income.business_share", "50", "2011", Some(100.0 * 8_400.0 / 21_800.0)),
            ("income.property_share", "50", "2011", Some(100.0 * 100.0 / 21_800.0)),
            ("income.transfers_share", "50", "2011", Some(100.0 * 1_900.0 / 21_800.0)),
            ("income.growth_per_household", "50", "2011", Some((3_000.0 + 1_800.0 + 3_000.0) / 3.0)),
            ("income.real_growth", "50", "2011", Some(100.0 * (all - 1.0))),
            ("income.real_growth", "500101", "2011", Some(100.0 * (key - 1.0))),
            ("income.key_county_lead", "50", "2011", Some(100.0 * (key - all))),
            ("road.coverage", "50", "2011", Some(100.0 * 5.0 / 9.0)),
            ("water.coverage", "50", "2011", Some(100.0 * 6.0 / 9.0)),
            ("register.opening", "50", "2011", Some(6.0)),
            ("poverty.graduation_rate", "50", "2011", Some(100.0 * 2.0 / 6.0)),
        ],
    )
    .await;
    let wrong = "household_id,year,area_code,size,income（元）,status,工资性收入（元）,家庭经营纯收入（元）,财产性收入（元）,转移性收入（元）
x,2011,500101,4,11000,registered,6000,4000,0,2000
y,2011,500101,4,11000,registered,6000,,,
";
    let reasons = refused(&uplift, "household", wrong).await;
    assert!(reasons.contains("must be the sum of wages"), "{reasons}");
}

#[tokio::test(flavor = "multi_thread")]
async fn money_is_followed_from_its_document_to_the_village() {
    let uplift = with_areas().await;
    let villages = "project_id,programme_id,area_code,year,status,name,kind
v1,village,500101101001,2009,accepted,甲村,whole_village
v2,village,500101101002,2009,accepted,乙村,整村推进
";
    hand_in(&uplift, "programme", "2011", "programme_id,year,measure,name_zh\nvillage,2011,x,整村推进\n")
        .await;
    hand_in(&uplift, "project", "2009", villages).await;
    let flows =
        "flow_id,date,kind,source,amount（元）,area_code,programme_id,project_id,purpose,文号,budget_year
1,2010-11-20,allocation,fiscal_national,1000,500101,village,,,渝财农〔2011〕1号,2011
";
    hand_in(&uplift, "fund_flow", "2010", flows).await;
    let flows = "flow_id,date,kind,source,amount（元）,area_code,programme_id,project_id,purpose,文号
2,2010-12-10,disbursement,fiscal_national,400,500101,village,v1,consolidation,渝财农〔2011〕1号
";
    let flows = flows.replace("2010-12-10", "2011-01-09");
    hand_in(&uplift, "fund_flow", "2011", &flows).await;
    let more = "flow_id,date,kind,source,amount（元）,area_code,programme_id,project_id,purpose,文号
3,2011-02-28,disbursement,fiscal_national,600,500101,village,v2,consolidation,渝财农〔2011〕1号
4,2011-03-01,allocation,fiscal_national,500,500102,village,,,渝财农〔2011〕2号
5,2011-03-21,disbursement,fiscal_national,500,500102,village,,,渝财农〔2011〕2号
6,2011-06-01,disbursement,fiscal_national,70,500102,village,,,
7,2011-07-01,refund,fiscal_national,70,500102,village,,,
";
    hand_in(&uplift, "fund_flow", "2011", more).await;
    check(
        &uplift,
        &[
            // 50 and 100 days after the allocation in November, 20 in the other county.
            (
                "fund.days_to_disburse",
                "50",
                "2011",
                Some((400.0 * 50.0 + 600.0 * 100.0 + 500.0 * 20.0) / 1_500.0),
            ),
            ("fund.disbursed_on_time", "50", "2011", Some(100.0 * 500.0 / 1_500.0)),
            ("village.award", "50", "2011", Some(500.0)),
            ("village.begun", "50", "2009", Some(2.0)),
            // What came back is taken off again.
            ("fund.disbursement", "50", "2011", Some(1_500.0)),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_helped_are_told_apart_and_visited_again() {
    let uplift = with_areas().await;
    hand_in(&uplift, "programme", "2011", "programme_id,year,measure,name_zh\ntraining,2011,x,培训\n").await;
    let deliveries = "delivery_id,date,kind,area_code,quantity,unit,person_id,其中女性,其中贫困人口,行业
1,2011-03-10,employment_training,500101,1,人,p1,,,
2,2011-03-10,employment_training,500101,1,人,p2,,,
3,2011-08-10,employment_training,500101,1,人,p3,,,
4,2011-09-10,培训后就业回访,500101,1,人,p1,,,
5,2011-10-10,培训后就业回访,500101,0,人,p2,,,
6,2011-11-10,培训后就业回访,500101,1,人,p3,,,
7,2011-05-01,relocation,500101,200,人,,90,150,
8,2011-05-01,relocation,500102,100,人,,,,
9,2011-05-01,创业培训,500102,50,人次,,20,10,
10,2011-05-01,job,500102,30,人,,,,电子产业
11,2011-05-01,job,500102,20,人,,,,服务业
12,2011-05-01,带动新增床位,500102,300,张,,,,
";
    hand_in(&uplift, "delivery", "2011", deliveries).await;
    check(
        &uplift,
        &[
            // The third was trained only three months before.
            ("training.in_work_after_six_months", "50", "2011", Some(50.0)),
            ("relocation.poor_share", "50", "2011", Some(75.0)),
            ("beneficiary.women_share", "50", "2011", Some(100.0 * 110.0 / 250.0)),
            ("beneficiary.poor_share", "50", "2011", Some(100.0 * 160.0 / 250.0)),
            ("training.entrepreneurship", "50", "2011", Some(50.0)),
            ("transfer.electronics", "50", "2011", Some(30.0)),
            ("transfer.people", "50", "2011", Some(50.0)),
            ("tourism.beds_supported", "50", "2011", Some(300.0)),
            ("training.persons", "50", "2011", Some(3.0)),
        ],
    )
    .await;
    let wrong = "delivery_id,date,kind,area_code,quantity,unit,person_id,其中女性,其中贫困人口
x1,2011-05-01,relocation,500101,10,人,,11,
x2,2011-05-01,培训后就业回访,500101,1,人,,,
x3,2011-05-01,培训后就业回访,500101,3,人,p1,,
";
    let reasons = refused(&uplift, "delivery", wrong).await;
    assert_eq!(reasons.matches("must not be less than the women").count(), 1, "{reasons}");
    assert_eq!(reasons.matches("of a follow-up").count(), 2, "{reasons}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pilots_batches_and_actions_of_the_article_are_counted() {
    let uplift = with_areas().await;
    let lines = "programme_id,year,measure,name_zh
tourism,2011,x,乡村旅游
village,2011,x,整村推进
mutual_fund,2011,x,互助资金
industry,2011,x,产业
town,2011,x,整镇推进
training,2011,x,培训
";
    hand_in(&uplift, "programme", "2011", lines).await;
    let projects = "project_id,programme_id,area_code,year,status,name,项目类型,带动农户数,其中贫困户数,带动增收（元）,产业
1,tourism,500101101001,2011,under_way,一,乡村旅游试点,60,60,900000,
2,tourism,500101101002,2011,under_way,二,乡村旅游试点,,40,,
3,tourism,500102101001,2011,cancelled,三,乡村旅游试点,,90,,
4,tourism,500102,2011,under_way,四,其他,100,40,1500000,
5,industry,500101,2011,under_way,五,骨干产业,,,,柑橘
6,industry,500102,2011,under_way,六,骨干产业,,,,柑橘
7,industry,500102,2011,under_way,七,骨干产业,,,,榨菜
8,mutual_fund,500101,2011,under_way,八,互助资金软件管理试点,,,,
9,mutual_fund,500102,2011,under_way,九,互助资金软件管理试点,,,,
10,mutual_fund,500102,2011,under_way,十,互助资金竞争入围试点,,,,
11,town,500101101,2011,under_way,十一,整镇推进,,,,
12,village,500101101001,2011,under_way,十二,整村推进,,,,
";
    hand_in(&uplift, "project", "2011", projects).await;
    let inspections = "inspection_id,date,kind,area_code,result,工作类别编码,project_id,criteria,criteria_met,村总人口,村贫困人口
1,2011-05-01,follow_up,500101,passed,village,,,,,
2,2011-06-01,follow_up,500102,passed,training,,,,,
3,2011-07-01,follow_up,500101,passed,village,,,,,
4,2011-10-01,acceptance,500101101001,passed,,12,14,14,1000,15
";
    hand_in(&uplift, "inspection", "2011", inspections).await;
    let events = "event_id,date,kind,area_code,title,participants
1,2011-05-01,资金监管行动,50,行动一,
2,2011-05-01,资金监管行动,500101,行动一,
3,2011-05-01,资金监管行动,50,行动二,
4,2011-12-01,award,50,十大人物,10
";
    hand_in(&uplift, "event", "2011", events).await;
    check(
        &uplift,
        &[
            ("tourism.villages", "50", "2011", Some(2.0)),
            ("tourism.counties", "50", "2011", Some(1.0)),
            ("tourism.households", "50", "2011", Some(100.0)),
            ("tourism.income", "50", "2011", Some(2_400_000.0)),
            ("tourism.income_per_household", "50", "2011", Some(15_000.0)),
            ("industry.backbone", "50", "2011", Some(2.0)),
            ("mutual.software_counties", "50", "2011", Some(2.0)),
            ("mutual.competition_counties", "50", "2011", Some(1.0)),
            ("town.pilots", "50", "2011", Some(1.0)),
            ("village.begun", "50", "2011", Some(1.0)),
            ("village.criteria", "50", "2011", Some(14.0)),
            ("village.incidence_at_exit", "50", "2011", Some(1.5)),
            ("supervision.actions", "50", "2011", Some(2.0)),
            ("supervision.funds", "50", "2011", Some(2.0)),
            ("publicity.characters", "50", "2011", Some(10.0)),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_county_has_its_own_targets_and_units_are_those_of_the_figure() {
    let uplift = with_areas().await;
    let lines = "programme_id,year,measure,name_zh,target,unit
relocation,2011,relocation.people,搬迁,500,人
road,2011,road.length,村道,5100000,米
";
    hand_in(&uplift, "programme", "2011", lines).await;
    let county =
        "programme_id,year,measure,name_zh,target,unit\nrelocation,2011,relocation.people,搬迁,80,人\n";
    hand_in_of("500101", &uplift, "programme", "2011", county).await;
    let deliveries = "delivery_id,date,kind,area_code,quantity,unit
1,2011-05-01,relocation,500101,40,人
2,2011-05-01,road,500101,3,公里
";
    hand_in(&uplift, "delivery", "2011", deliveries).await;
    for (indicator, area, target) in [
        ("relocation.people", "50", Some(500.0)),
        ("relocation.people", "500101", Some(80.0)),
        // In metres: not the unit of the figure, and not added to nothing.
        ("road.length", "50", None),
    ] {
        let found = figures(&uplift, indicator, area, "2011").await;
        assert_eq!(found[0].target, target, "{indicator} in {area}");
    }
    let wrong = "programme_id,year,measure,name_zh,target,unit\nrelocation,2011,x,搬迁,0.5,万人\n";
    assert!(refused(&uplift, "programme", wrong).await.contains("whole unit"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_says_the_same_as_the_words_of_its_figure() {
    let uplift = with_areas().await;
    let head = "statement_id,document_id,area_code,period,section,locator,subject,title_en,title_zh,printed,qualifier,unit";
    let row = |id: &str, printed: &str, qualifier: &str, unit: &str| {
        format!("{id},d,50,2011,s,第1句,x,X,甲,{printed},{qualifier},{unit}\n")
    };
    let wrong = [
        row("a", "6000余", "nearly", "person"),
        row("b", "3亿多", "exact", "CNY"),
        row("c", "约8万", "more_than", "person"),
        row("d", "30%", "", "person"),
    ];
    let reasons = refused(&uplift, "statement", &format!("{head}\n{}", wrong.concat())).await;
    assert_eq!(reasons.matches("says other than").count(), 3, "{reasons}");
    assert_eq!(reasons.matches("must be percent").count(), 1, "{reasons}");
    let right = [
        row("a", "6000余", "more_than", "person"),
        row("b", "约8.9万", "", "人"),
        row("c", "30%", "", "percent"),
    ];
    hand_in(&uplift, "statement", "2011", &format!("{head}\n{}", right.concat())).await;
}
