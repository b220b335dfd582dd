//! Villages accepted by evidence of each criterion, by the version of the standard that was in force.

use uplift_testkit::Uplift;

use crate::figures::{check, hand_in_of, refused, with_areas};

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
