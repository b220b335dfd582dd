//! Records that look like abuse: each rule on records that it must find and on the nearest that it must not, and all of them on
//! what the simulation plants.

use uplift_proto::service::Service;
use uplift_proto::v1::metrics::{ListRedFlagsRequest, RedFlag};
use uplift_simulate::Plan;
use uplift_testkit::planted::{flags_of, scores};
use uplift_testkit::{Uplift, simulate_with};

use crate::figures::{hand_in, hand_in_as, hand_in_years, with_areas};

async fn flags(uplift: &Uplift, rule: &str) -> Vec<RedFlag> {
    let flags = flags_of(&mut uplift.metrics().await, "2011").await;
    flags.into_iter().filter(|flag| flag.rule == rule).collect()
}

/// The records of each flag of a rule.
async fn records(uplift: &Uplift, rule: &str) -> Vec<Vec<String>> {
    flags(uplift, rule).await.into_iter().map(|flag| flag.records).collect()
}

const PAYMENT: &str =
    "payment_id,date,area_code,household_id,person_id,programme_id,source,amount（元）,account\n";

/// Five households of a village, one of another, a line of work.
async fn with_households() -> Uplift {
    let uplift = with_areas().await;
    hand_in(&uplift, "programme", "2011", "programme_id,year,measure,name_zh\nrelief,2011,x,救助\n").await;
    let mut households = "household_id,year,area_code,size,status\n".to_owned();
    for n in 1..=5 {
        households += &format!("h{n},2011,500101101001,3,registered\n");
    }
    households += "h6,2011,500101101002,2,not_poor\n";
    hand_in(&uplift, "household", "2011", &households).await;
    uplift
}

#[tokio::test(flavor = "multi_thread")]
async fn money_for_people_is_held_against_the_register() {
    let uplift = with_households().await;
    let people =
        "person_id,year,household_id,sex,age,died\np1,2011,h1,male,80,2011-03-01\np2,2011,h2,female,70,\n";
    hand_in(&uplift, "person", "2011", people).await;
    let payments = [
        // To no household that is known.
        "a1,2011-05-01,500101101001,h9,,relief,social,100,account-9",
        // Two households share an account, three share another.
        "b1,2011-05-01,500101101001,h1,,relief,social,110,account-A",
        "b2,2011-05-02,500101101001,h2,,relief,social,120,account-A",
        "b3,2011-05-01,500101101001,h3,,relief,social,130,account-B",
        "b4,2011-05-02,500101101001,h4,,relief,social,140,account-B",
        "b5,2011-05-03,500101101001,h5,,relief,social,150,account-B",
        // On the sixtieth day after death, and on the next.
        "c1,2011-04-30,500101101001,h1,p1,relief,social,160,account-A",
        "c2,2011-05-01,500101101001,h1,p1,relief,social,170,account-A",
        // In the own village, another one, and by the county.
        "d1,2011-06-01,500101101002,h6,,relief,social,180,account-F",
        "d2,2011-06-02,500101101001,h6,,relief,social,190,account-F",
        "d3,2011-06-03,500101,h6,,relief,social,200,account-F",
        // What is written where no account is known is none.
        "g1,2011-06-04,500101101001,h1,,relief,social,201,0",
        "g2,2011-06-04,500101101001,h2,,relief,social,202,0",
        "g3,2011-06-04,500101101001,h3,,relief,social,203,0",
        // The same amount within 25 days, again within 25 days of that, later, and for another person.
        "e1,2011-07-01,500101101001,h4,,relief,social,210,account-B",
        "e6,2011-07-26,500101101001,h4,,relief,social,210,account-B",
        "e7,2011-08-21,500101101001,h4,,relief,social,210,account-B",
        "e2,2011-09-30,500101101001,h4,,relief,social,210,account-B",
        "e3,2011-12-01,500101101001,h4,,relief,social,210,account-B",
        "e4,2011-07-01,500101101001,h2,p2,relief,social,220,account-A",
        "e5,2011-07-02,500101101001,h2,,relief,social,220,account-A",
    ];
    hand_in(&uplift, "payment", "2011", &format!("{PAYMENT}{}\n", payments.join("\n"))).await;
    assert_eq!(records(&uplift, "no_register").await, [["a1"]]);
    let shared = flags(&uplift, "shared_account").await;
    assert_eq!(shared.len(), 1);
    assert_eq!(shared[0].records, ["b3", "b4", "b5", "e1", "e2", "e3", "e6", "e7"]);
    assert_eq!(shared[0].text_en, "3 households are paid into the account that ends in nt-B");
    assert_eq!(shared[0].amount, "1470");
    assert_eq!(records(&uplift, "paid_after_death").await, [["c2"]]);
    assert_eq!(records(&uplift, "paid_elsewhere").await, [["d2"]]);
    assert_eq!(records(&uplift, "paid_twice").await, [["e1", "e6"]]);

    // Limits are the caller's.
    let request = |limits: &[(&str, f64)], rules: &[&str]| ListRedFlagsRequest {
        area_code: "50".into(),
        period: "2011".into(),
        rules: rules.iter().map(|rule| (*rule).to_owned()).collect(),
        limits: limits.iter().map(|(name, limit)| ((*name).to_owned(), *limit)).collect(),
        ..ListRedFlagsRequest::default()
    };
    let mut metrics = uplift.metrics().await;
    let two = request(&[("shared_account.households", 2.0)], &["shared_account"]);
    let answer = metrics.list_red_flags(two).await.unwrap().into_inner();
    assert_eq!((answer.total, answer.counts.len()), (2, 1));
    assert_eq!(answer.counts[0].rule.as_ref().unwrap().limits["households"], 2.0);
    for wrong in [request(&[("shared_account.days", 2.0)], &[]), request(&[], &["theft"])] {
        assert_eq!(metrics.list_red_flags(wrong).await.unwrap_err().code(), tonic::Code::InvalidArgument);
    }
    let endless = request(&[("shared_account.households", f64::NAN)], &[]);
    assert_eq!(metrics.list_red_flags(endless).await.unwrap_err().code(), tonic::Code::InvalidArgument);

    // Of a county whose households are mostly unknown nothing is said.
    let strangers: String = (0..40)
        .map(|n| format!("f{n},2011-05-01,500102101001,x{n},,relief,social,10,account-own{n}\n"))
        .collect();
    hand_in(&uplift, "payment", "2011", &format!("{PAYMENT}{strangers}")).await;
    assert_eq!(records(&uplift, "no_register").await, [["a1"]]);

    // A simulated household is none that a real payment could be for, and real payments are not those of simulated rules.
    hand_in_as(
        &uplift,
        "household",
        "2011",
        "household_id,year,area_code,size,status\nh9,2011,500101101001,3,registered\n",
        true,
    )
    .await;
    assert_eq!(records(&uplift, "no_register").await, [["a1"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn help_is_held_against_help() {
    let uplift = with_households().await;
    let deliveries = "delivery_id,date,kind,area_code,household_id,person_id,quantity,unit
t1,2011-03-01,employment_training,500101101001,h1,q1,1,person
t2,2011-03-01,practical_training,500101101002,h1,q1,1,person
t3,2011-03-02,employment_training,500101101001,h2,q2,1,person
t4,2011-03-02,practical_training,500101101001,h2,q2,1,person
t5,2011-03-03,employment_training,500101,h3,q3,1,person
t6,2011-03-03,practical_training,500101101002,h3,q3,1,person
w1,2011-04-01,safe_water,500101101001,h1,,3,person
w2,2011-06-01,safe_water,500101101001,h1,,3,person
w3,2011-06-01,safe_water,500101101001,h2,,3,person
";
    hand_in(&uplift, "delivery", "2011", deliveries).await;
    let moves = "h4,2010-05-01,500101101001,500101101002,3,central
h4,2011-05-01,500101101002,500101101001,3,central
h5,2011-05-01,500101101001,500101101002,3,town
";
    let head = "household_id,date,area_code,to_area_code,people,settlement";
    hand_in_years(&uplift, "relocation", head, moves).await;
    assert_eq!(records(&uplift, "trained_twice").await, [["t1", "t2"]]);
    let twice = records(&uplift, "helped_twice").await;
    assert_eq!(twice, [vec!["h4/2010-05-01", "h4/2011-05-01"], vec!["w1", "w2"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn works_and_orders_are_held_against_their_projects() {
    let uplift = with_areas().await;
    hand_in(&uplift, "programme", "2011", "programme_id,year,measure,name_zh\nroads,2011,x,道路\n").await;
    hand_in(
        &uplift,
        "organisation",
        "2011",
        "organisation_id,kind,area_code,name_zh\nc1,enterprise,500101,甲公司\nc2,enterprise,500101,乙公司\n",
    )
    .await;
    let mut projects =
        "project_id,programme_id,area_code,year,status,name,kind,unit,actual,cost（元）,started,completed\n"
            .to_owned();
    // Nine roads of 100 yuan a km, one of 200 and one of 201.
    for (n, cost) in [100; 9].into_iter().chain([200, 201]).enumerate() {
        projects += &format!(
            "r{n},roads,500101101001,2011,accepted,路{n},road,km,10,{},2011-01-01,2011-09-30\n",
            cost * 10
        );
    }
    // Ten thousand metres are ten km, and one without a day is one of its year.
    projects += "r11,roads,500101101001,2011,accepted,路,road,米,10000,1000,,\nr12,roads,500101101001,2011,accepted,路,road,公里,10,2010,,\n";
    hand_in(&uplift, "project", "2011", &projects).await;
    assert_eq!(records(&uplift, "overpriced").await, [["r10"], ["r12"]]);

    let inspections = "inspection_id,date,kind,area_code,project_id,result
i0,2011-09-29,acceptance,500101101001,r0,passed
i1,2011-09-30,acceptance,500101101001,r1,passed
i2,2011-06-01,acceptance,500101101001,r2,failed
i3,2011-10-05,acceptance,500101101001,r2,passed
";
    hand_in(&uplift, "inspection", "2011", inspections).await;
    assert_eq!(records(&uplift, "accepted_early").await, [["i0"]]);

    let flows = "flow_id,kind,source,programme_id,project_id,payee_id,contract_id,area_code,date,amount（元）
a1,expenditure,fiscal_national,roads,r0,c1,k1,500101,2011-03-01,420000
a2,expenditure,fiscal_national,roads,r0,c1,k2,500101,2011-03-31,80000
b1,expenditure,fiscal_national,roads,r1,c1,k3,500101,2011-03-01,420000
b2,expenditure,fiscal_national,roads,r1,c1,k4,500101,2011-04-01,80000
d1,expenditure,fiscal_national,roads,r2,c1,k5,500101,2011-03-01,450000
d2,expenditure,fiscal_national,roads,r2,c1,k5,500101,2011-03-02,300000
e1,expenditure,fiscal_national,roads,r3,c1,k6,500101,2011-03-01,450000
e2,expenditure,fiscal_national,roads,r3,c2,k7,500101,2011-03-02,300000
f1,expenditure,fiscal_national,roads,r4,c1,k8,500101,2011-03-01,500000
f2,expenditure,fiscal_national,roads,r4,c1,k9,500101,2011-03-02,300000
g1,expenditure,fiscal_national,roads,r5,c1,,500101,2011-03-01,400000
g2,expenditure,fiscal_national,roads,r5,c1,,500101,2011-03-02,100000
i1,expenditure,fiscal_national,roads,r7,c1,k12,500101,2011-03-01,400000
i2,expenditure,fiscal_national,roads,r7,c1,k12,500101,2011-05-01,400000
i3,expenditure,fiscal_national,roads,r7,c1,k13,500101,2011-03-02,100000
j1,expenditure,fiscal_national,roads,r8,c1,k14,500101,2011-03-01,240000
j2,expenditure,fiscal_national,roads,r8,c1,k14,500101,2011-06-01,240000
j3,expenditure,fiscal_national,roads,r8,c1,k15,500101,2011-03-20,480000
h1,expenditure,fiscal_national,roads,r6,c1,k10,500101,2011-03-01,300000
h2,expenditure,fiscal_national,roads,r6,c1,k11,500101,2011-03-02,300000
";
    hand_in(&uplift, "fund_flow", "2011", flows).await;
    let split = flags(&uplift, "order_in_parts").await;
    let told: Vec<_> = split.iter().map(|flag| (flag.project_id.as_str(), flag.amount.as_str())).collect();
    let expected = [("r5", "500000"), ("r8", "960000"), ("r0", "500000")];
    assert_eq!(
        told, expected,
        "thirty days, one contractor, several orders, each as a whole below the limit"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_simulation_plants_is_found_and_little_else() {
    for seed in [1, 2] {
        let plan = Plan { households: 10_000, seed };
        let uplift = Uplift::start().await;
        simulate_with(&format!("http://{}", uplift.address(Service::Ingest)), plan).await;
        let scores = scores(&mut uplift.metrics().await, plan).await;
        for (rule, score) in &scores {
            assert!(score.planted > 0 || score.flags == score.right, "seed {seed}: {rule} {score:?}");
            if score.planted > 0 {
                assert!(score.recall() >= 0.7, "seed {seed}: {rule} {score:?}");
                assert!(score.precision() >= 0.5, "seed {seed}: {rule} {score:?}");
            }
        }
        assert!(scores.values().filter(|score| score.planted > 0).count() >= 11, "{scores:?}");
        let flags = flags_of(&mut uplift.metrics().await, "2011").await;
        assert!(flags.iter().all(|flag| flag.simulated && !flag.text_en.contains('{')));
    }
}
