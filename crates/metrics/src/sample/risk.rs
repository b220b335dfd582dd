//! The risk of an accepted project: one, and points for each reason to look again.

use uplift_core::language::Bilingual;
use uplift_proto::v1::metrics::RiskKind;

/// A project that was accepted, with what is known of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) project: String,
    pub(crate) area: String,
    pub(crate) name: String,
    pub(crate) accepted_on: String,
    pub(super) known: Known,
}

/// What makes a project risky, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) withdrawn: i64,
    pub(super) failed: i64,
    pub(super) open_findings: i64,
    /// Criteria that were not met when it was accepted.
    pub(super) lacking: i64,
    pub(super) people: i64,
    pub(super) poor: i64,
    pub(super) not_disclosed: i64,
}

/// A reason to look again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) kind: RiskKind,
    pub(crate) points: i32,
    pub(crate) text: Bilingual,
}

impl Candidate {
    /// The reasons, those with most points first. Evidence that was taken back weighs most, a missing notice least.
    pub(crate) fn reasons(&self) -> Vec<Reason> {
        let Known { withdrawn, failed, open_findings, lacking, people, poor, not_disclosed } = self.known;
        // More than five in a hundred.
        let many_poor = i64::from(people > 0 && poor.saturating_mul(20) > people);
        let of = |n: i64, en: &str, zh: &str| {
            Bilingual::new(en.replace("{n}", &n.to_string()), zh.replace("{n}", &n.to_string()))
        };
        let share = format!("{poor} / {people}");
        [
            (
                RiskKind::EvidenceWithdrawn,
                4,
                withdrawn,
                of(withdrawn, "evidence withdrawn: {n}", "撤回佐证{n}项"),
            ),
            (RiskKind::FailedBefore, 3, failed, of(failed, "failed before: {n}", "此前验收不合格{n}次")),
            (
                RiskKind::OpenFinding,
                3,
                open_findings,
                of(open_findings, "open findings: {n}", "未整改问题{n}个"),
            ),
            (
                RiskKind::CriterionLacking,
                2,
                lacking,
                of(lacking, "accepted without criteria: {n}", "验收时尚有{n}项标准未达标"),
            ),
            (
                RiskKind::PoorLeft,
                2,
                many_poor,
                Bilingual::new(
                    format!("poor at acceptance: {share} people"),
                    format!("验收时贫困人口占比偏高：{share}人"),
                ),
            ),
            (
                RiskKind::NotDisclosed,
                1,
                not_disclosed,
                of(not_disclosed, "not made public: {n}", "应公示未公示{n}项"),
            ),
        ]
        .into_iter()
        .filter(|(_, _, count, _)| *count > 0)
        .map(|(kind, points, _, text)| Reason { kind, points, text })
        .collect()
    }

    /// One, and the points of all reasons.
    pub(crate) fn risk(&self) -> i32 {
        1 + self.reasons().iter().map(|reason| reason.points).sum::<i32>()
    }
}
