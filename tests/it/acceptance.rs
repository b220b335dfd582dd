//! Villages accepted by evidence of each criterion, by the version of the standard that was in force.

use uplift_proto::v1::metrics::{DrawInspectionSampleRequest, DrawInspectionSampleResponse};
use uplift_testkit::Uplift;

use crate::editions::{asked, compared, published};
use crate::figures::{check, hand_in_of, refused, with_areas};
use crate::report::save_template;

const EVIDENCE: &str = "项目编号,标准编号,标准项编号,日期,结论,佐证材料,撤回原因,地区代码\n";

async fn hand_in_county(uplift: &Uplift, dataset: &str, csv: &str) -> String {
    hand_in_of("500101", uplift, dataset, "2011", csv).await
}

async fn with_standards() -> Uplift {
    let uplift = with_areas().await;
    let programme = "programme_id,year,measure,name_zh\nvillage,2011,x,整村推进\n";
    hand_in_county(&uplift, "programme", programme).await;
    let villages = "project_id,programme_id,area_code,year,status,name,kind
v1,village,500101101001,2010,under_way,甲村,整村推进
v2,village,500101101002,2010,under_way,乙村,整村推进
";
    hand_in_county(&uplift, "project", villages).await;
    let standards = "标准编号,实施日期,废止日期,标准项数,中文名称
S1,2009-01-01,2011-06-30,3,三项
S2,2011-07-01,,2,两项
";
    hand_in_county(&uplift, "standard", standards).await;
    let criteria = "标准编号,标准项编号,类型,中文名称
S1,road,通,通公路
S1,water,解决,解决安全饮水
S1,clinic,有,有卫生室
S2,road,通,通公路
S2,water,解决,解决安全饮水
";
    hand_in_county(&uplift, "criterion", criteria).await;
    uplift
}

#[tokio::test(flavor = "multi_thread")]
async fn a_village_is_accepted_when_every_criterion_has_evidence_and_no_longer_when_one_is_withdrawn() {
    let uplift = with_standards().await;
    // v1 by the first version, v2 by the second, which has no clinic; of the first it has one of three.
    let evidence = "v1,S1,road,2011-05-01,达标,照片1,,500101101001
v1,S1,water,2011-05-01,达标,检测报告2,,500101101001
v1,S1,clinic,2011-06-30,达标,照片3,,500101101001
v2,S2,road,2011-08-01,达标,照片4,,500101101002
v2,S2,water,2011-09-01,达标,检测报告5,,500101101002
";
    hand_in_county(&uplift, "acceptance_evidence", &format!("{EVIDENCE}{evidence}")).await;
    check(
        &uplift,
        &[
            ("village.accepted", "50", "2011-05", Some(0.0)),
            ("village.accepted", "50", "2011-06-29", Some(0.0)),
            ("village.accepted", "50", "2011-06-30", Some(1.0)),
            ("village.accepted", "50", "2011-08", Some(1.0)),
            ("village.accepted", "500101", "2011", Some(2.0)),
            ("village.evidence_share", "50", "2011-05", Some(100.0 * 2.0 / 3.0)),
            ("village.evidence_share", "50", "2011-08", Some(100.0 * 4.0 / 5.0)),
            ("village.evidence_share", "500101101002", "2011", Some(100.0)),
        ],
    )
    .await;
    let withdrawn = "v1,S1,water,2011-10-01,撤回,,复检不合格,500101101001\n";
    hand_in_county(&uplift, "acceptance_evidence", &format!("{EVIDENCE}{withdrawn}")).await;
    check(
        &uplift,
        &[
            ("village.accepted", "50", "2011-09", Some(2.0)),
            ("village.accepted", "50", "2011", Some(1.0)),
            ("village.accepted", "500101101001", "2011", Some(0.0)),
            ("village.evidence_share", "50", "2011", Some(100.0 * 4.0 / 5.0)),
            ("village.evidence_withdrawn", "50", "2011", Some(1.0)),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_that_does_not_follow_is_refused_with_its_reason() {
    let uplift = with_standards().await;
    let first = format!("{EVIDENCE}v1,S1,road,2011-05-01,达标,照片1,,500101101001\n");
    hand_in_county(&uplift, "acceptance_evidence", &first).await;
    for (line, reason) in [
        ("v1,S1,water,2011-07-01,达标,照片,,500101101001", "not in force on that day, but from 2009-01-01"),
        ("v1,S2,water,2011-06-30,达标,照片,,500101101001", "not in force on that day, but from 2011-07-01"),
        ("v1,S2,clinic,2011-08-01,达标,照片,,500101101001", "not a criterion of the standard"),
        ("v1,S1,road,2011-06-01,达标,照片,,500101101001", "a criterion is met once"),
        ("v1,S1,water,2011-06-01,撤回,,理由,500101101001", "withdrawn when it was met"),
        ("v1,S1,road,2011-04-01,达标,照片,,500101101001", "a criterion is met once"),
        ("v1,S1,water,2011-06-01,达标,,,500101101001", "what shows that the criterion is met"),
        ("v1,S1,road,2011-06-01,撤回,,,500101101001", "required for a withdrawal"),
    ] {
        let reasons = refused(&uplift, "acceptance_evidence", &format!("{EVIDENCE}{line}\n")).await;
        assert!(reasons.contains(reason), "{line}: {reasons}");
    }
    let reasons =
        refused(&uplift, "criterion", "标准编号,标准项编号,类型,中文名称\nS2,clinic,有,有卫生室\n").await;
    assert!(reasons.contains("one criterion too many: the standard would have 3"), "{reasons}");
}

async fn draw(uplift: &Uplift, size: i32, seed: i64) -> DrawInspectionSampleResponse {
    let request = DrawInspectionSampleRequest {
        area_code: "50".into(),
        period: "2011".into(),
        size,
        seed,
        ..Default::default()
    };
    uplift.metrics().await.draw_inspection_sample(request).await.unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn villages_are_inspected_again_by_risk_and_the_draw_can_be_repeated() {
    let uplift = with_standards().await;
    assert_eq!(draw(&uplift, 5, 1).await.population, 0);
    let more: String =
        (3..40).map(|n| format!("v{n},village,500102101001,2010,under_way,村{n},整村推进\n")).collect();
    let head = "project_id,programme_id,area_code,year,status,name,kind\n";
    hand_in_of("50", &uplift, "project", "2011", &format!("{head}{more}")).await;
    // v1 fails first and then lacks a criterion, with many poor; v2 passes plainly, as all others do. v39 is of the year before.
    let plain: String = (3..39)
        .map(|n| format!("i{n},2011-05-01,acceptance,500102101001,v{n},passed,3,3,1000,10\n"))
        .collect();
    let inspections = format!(
        "inspection_id,date,kind,area_code,project_id,result,criteria,criteria_met,people,poor_people
i1a,2011-03-01,acceptance,500101101001,v1,failed,3,1,1000,60
i1b,2011-05-01,acceptance,500101101001,v1,passed,3,2,1000,51
i2,2011-05-01,acceptance,500101101002,v2,passed,3,3,1000,50
{plain}"
    );
    hand_in_of("50", &uplift, "inspection", "2011", &inspections).await;
    let evidence =
        "v1,S1,road,2011-05-01,达标,照片1,,500101101001\nv1,S1,road,2011-06-01,撤回,,塌方,500101101001\n";
    hand_in_county(&uplift, "acceptance_evidence", &format!("{EVIDENCE}{evidence}")).await;
    let finding = "问题编号,发现日期,问题类型,严重程度,发现途径,地区代码,问题描述
f1,2011-09-01,工程质量,一般,义务监督员,500101101001,路面开裂
";
    hand_in_county(&uplift, "finding", finding).await;
    let disclosures =
        "公示编号,公示内容,地区代码,应公示日期,项目编号\nd1,完工公示,500101101001,2011-10-31,v1\n";
    hand_in_county(&uplift, "disclosure", disclosures).await;

    let all = draw(&uplift, 1_000, 1).await;
    assert_eq!((all.population, all.projects.len()), (38, 38));
    let risk = |id: &str| all.projects.iter().find(|project| project.project_id == id).unwrap();
    assert_eq!((risk("v2").risk, risk("v2").reasons.len()), (1, 0));
    let v1 = risk("v1");
    let reasons: Vec<_> = v1.reasons.iter().map(|r| (r.text_en.as_str(), r.points)).collect();
    let expected = [
        ("evidence withdrawn: 1", 4),
        ("failed before: 1", 3),
        ("open findings: 1", 3),
        ("accepted without criteria: 1", 2),
        ("poor at acceptance: 51 / 1000 people", 2),
        ("not made public: 1", 1),
    ];
    assert_eq!(
        (reasons.as_slice(), v1.risk, v1.accepted_on.as_str()),
        (expected.as_slice(), 16, "2011-05-01")
    );
    assert_eq!((v1.area_name_zh.as_str(), v1.name.as_str()), ("甲村", "甲村"));

    // The same seed, the same projects; over many seeds the risky one is drawn most.
    assert_eq!(draw(&uplift, 5, 7).await, draw(&uplift, 5, 7).await);
    assert_ne!(draw(&uplift, 5, 7).await.projects, draw(&uplift, 5, 8).await.projects);
    let mut drawn = [0; 2];
    for seed in 0..60 {
        let sample = draw(&uplift, 5, seed).await.projects;
        assert_eq!(sample.len(), 5);
        for (count, id) in drawn.iter_mut().zip(["v1", "v2"]) {
            *count += i32::from(sample.iter().any(|project| project.project_id == id));
        }
    }
    assert!(drawn[0] > 40 && drawn[1] < 25, "{drawn:?}");

    let nothing = DrawInspectionSampleRequest { period: "2011".into(), ..Default::default() };
    let status = uplift.metrics().await.draw_inspection_sample(nothing).await.unwrap_err();
    let details = String::from_utf8_lossy(status.details()).into_owned();
    assert!(details.contains("area_code") && details.contains("ask for 1 to 1000 projects"), "{status:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn awards_are_held_against_what_was_paid_and_towns_have_evidence_of_their_own() {
    let uplift = with_standards().await;
    let projects = "项目编号,工作类别编码,地区代码,年度,状态,项目名称,项目类型,批次,奖补标准（万元）
b1,village,500101101001,2009,已验收,甲村,整村推进,1,50
b2,village,500101101002,2009,已验收,乙村,整村推进,1,50
b3,village,500101101002,2011,在建,丙村,整村推进,3,
b4,village,500101101002,2011,取消,丙村,整村推进,3,
t1,village,500101101,2011,在建,甲乡,整乡推进,,
";
    hand_in_of("500101", &uplift, "project", "2011", projects).await;
    let inspections = "inspection_id,date,kind,area_code,project_id,result
i1,2011-03-01,acceptance,500101101001,b1,failed
i2,2011-04-01,acceptance,500101101001,b1,passed
i3,2011-10-01,acceptance,500101101002,b2,passed
";
    hand_in_county(&uplift, "inspection", inspections).await;
    let paid = "flow_id,date,kind,source,programme_id,project_id,purpose,amount（万元）,area_code
f1,2011-05-01,disbursement,fiscal_municipal,village,b1,consolidation,50,500101
f6,2011-11-02,disbursement,fiscal_municipal,village,b4,consolidation,3,500101101002
f2,2011-11-01,disbursement,fiscal_municipal,village,b2,consolidation,55,500101101002
f3,2011-12-01,refund,fiscal_municipal,village,b2,consolidation,10,500101101002
f5,2011-05-01,disbursement,fiscal_municipal,village,b1,consolidation,50,500101101001
f4,2011-12-01,disbursement,fiscal_municipal,village,b3,new_village,7,500101
";
    hand_in_county(&uplift, "fund_flow", paid).await;
    let evidence = "t1,S2,road,2011-08-01,达标,照片,,500101101\n";
    hand_in_county(&uplift, "acceptance_evidence", &format!("{EVIDENCE}{evidence}")).await;
    check(
        &uplift,
        &[
            ("village.award_due", "50", "2011-03", None),
            ("village.award_due", "50", "2011-06", Some(500_000.0)),
            ("village.award_due", "50", "2011", Some(1_000_000.0)),
            ("village.award_paid", "50", "2011-06", Some(500_000.0)),
            ("village.award_paid", "50", "2011", Some(950_000.0)),
            ("village.award_rate", "50", "2011", Some(95.0)),
            ("town.accepted", "50", "2011", Some(0.0)),
            ("town.evidence_share", "50", "2011", Some(50.0)),
        ],
    )
    .await;
    let mut of_b4 = String::new();
    for criterion in ["road", "water"] {
        of_b4 += &format!("b4,S2,{criterion},2011-08-01,达标,照片,,500101101002\n");
    }
    hand_in_county(&uplift, "acceptance_evidence", &format!("{EVIDENCE}{of_b4}")).await;
    let astray = "b3,S2,road,2011-08-01,达标,照片,,500101101001\n";
    let reasons = refused(&uplift, "acceptance_evidence", &format!("{EVIDENCE}{astray}")).await;
    assert!(reasons.contains("is not the area of the project, 500101101002"), "{reasons}");
    let evidence = "t1,S2,water,2011-09-01,达标,照片,,500101101\n";
    hand_in_county(&uplift, "acceptance_evidence", &format!("{EVIDENCE}{evidence}")).await;
    // A town's project is none of a village's, whatever line of work its office books it under; nor is a cancelled one.
    check(&uplift, &[("town.accepted", "50", "2011", Some(1.0)), ("village.accepted", "50", "2011", None)])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_that_is_withdrawn_names_the_figures_of_an_edition_that_it_changes() {
    let uplift = with_standards().await;
    let structure = r#"[figures]
accepted = "village.accepted"
share = "village.evidence_share"
begun = "village.begun"

[[section]]
id = "villages"
content = ["text"]
"#;
    let en = "title = Villages\nvillages = Villages\ntext = { $accepted } by evidence, { $share } of criteria, { $begun } begun.\n";
    let zh = "title = 村\nvillages = 村\ntext = 佐证验收{ $accepted }，标准项{ $share }，启动{ $begun }。\n";
    save_template(&uplift.folder().join("templates/ours"), structure, en, zh);
    let begun = "project_id,programme_id,area_code,year,status,name,kind\nv3,village,500101101001,2011,under_way,丙,整村推进\n";
    hand_in_county(&uplift, "project", begun).await;
    let evidence = "v2,S2,road,2011-08-01,达标,照片4,,500101101002
v2,S2,water,2011-09-01,达标,检测报告5,,500101101002
";
    hand_in_county(&uplift, "acceptance_evidence", &format!("{EVIDENCE}{evidence}")).await;
    let edition = published(&uplift, asked()).await.edition_id;
    assert_eq!(compared(&uplift, &edition, "").await.changes, []);

    let withdrawn = "v2,S2,water,2011-10-01,撤回,,复检不合格,500101101002\n";
    let submission = hand_in_county(&uplift, "acceptance_evidence", &format!("{EVIDENCE}{withdrawn}")).await;
    let changes = compared(&uplift, &edition, "").await.changes;
    let told: Vec<_> = changes
        .iter()
        .map(|c| (c.indicator_id.as_str(), c.exact_value_before.as_str(), c.exact_value_after.as_str()))
        .collect();
    assert_eq!(told, [("village.accepted", "1", "0"), ("village.evidence_share", "100", "50")]);
    for change in &changes {
        let named = change.causes.iter().any(|cause| cause.name == submission);
        assert!(named, "{submission}: {:?}", change.causes);
    }
}
