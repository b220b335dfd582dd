//! What supervision found one by one, and what was made public of funds and projects.

use uplift_proto::v1::records::{
    Disclosure, DisclosureKind, DisclosurePlace, Finding, FindingKind, FindingOrigin, FindingSeverity,
    FundSource, Inspection, InspectionKind,
};

use crate::area::village_code;
use crate::county::{YEARS, equal_part};
use crate::projects::village_project;
use crate::share::Share;
use crate::totals::BATCHES;

/// What inspections find, in turn.
const FOUND: [(FindingKind, FindingSeverity, &str); 6] = [
    (FindingKind::IdleMoney, FindingSeverity::Minor, "资金滞留超过期限"),
    (FindingKind::Books, FindingSeverity::Minor, "报账凭证不齐"),
    (FindingKind::Procedure, FindingSeverity::Minor, "未按规定招标"),
    (FindingKind::Diversion, FindingSeverity::Major, "挤占培训资金用于办公经费"),
    (FindingKind::Targeting, FindingSeverity::Major, "扶持对象不符合条件"),
    (FindingKind::FalseClaim, FindingSeverity::Severe, "虚报培训人数套取资金"),
];

/// The findings of a county's inspections, as many as those tell and with the money that they question; and what volunteer
/// supervisors saw in a village.
pub(crate) fn findings(share: &Share<'_>, inspections: &[Inspection]) -> Vec<Finding> {
    let mut all: Vec<_> = inspections.iter().flat_map(of_inspection).collect();
    if let Some(village) = share.batch(share.year).next() {
        all.push(Finding {
            finding_id: share.id("finding", "volunteer"),
            date: format!("{}-09-02", share.year),
            kind: FindingKind::Quality.into(),
            severity: FindingSeverity::Minor.into(),
            found_by: FindingOrigin::Volunteer.into(),
            area_code: village_code(share.area(), village),
            project_id: village_project(share, share.year, village),
            description: "村道路面开裂".into(),
            deadline: format!("{}-10-31", share.year),
            // One in four is still to be mended.
            rectified_on: if share.n % 4 == 1 {
                String::new()
            } else {
                format!("{}-10-{:02}", share.year, 9 + share.n)
            },
            ..Finding::default()
        });
    }
    all
}

fn of_inspection(inspection: &Inspection) -> Vec<Finding> {
    let found_by = match inspection.kind() {
        InspectionKind::FollowUp => FindingOrigin::FollowUp,
        InspectionKind::Special => FindingOrigin::Special,
        _ => return Vec::new(),
    };
    let count = inspection.findings.unwrap_or_default() as usize;
    let rectified = inspection.rectified.unwrap_or_default() as usize;
    let questioned = inspection.questioned_fen.unwrap_or_default() as u64;
    let (year, month) = (&inspection.date[..4], inspection.date[5..7].parse::<u32>().unwrap_or(1));
    let one = |n: usize| {
        let (kind, severity, description) = FOUND[(n + month as usize) % FOUND.len()];
        let amount = equal_part(questioned, n, count) as i64;
        Finding {
            finding_id: format!("{}-{}", inspection.inspection_id, n + 1),
            date: inspection.date.clone(),
            kind: kind.into(),
            severity: severity.into(),
            found_by: found_by.into(),
            area_code: inspection.area_code.clone(),
            inspection_id: inspection.inspection_id.clone(),
            programme_id: inspection.programme_id.clone(),
            source: FundSource::FiscalNational.into(),
            amount_fen: Some(amount),
            description: description.into(),
            deadline: format!("{year}-{:02}-10", month + 2),
            rectified_on: if n < rectified { format!("{year}-{:02}-20", month + 1) } else { String::new() },
            recovered_fen: (n < rectified).then_some(amount),
            ..Finding::default()
        }
    };
    (0..count).map(one).collect()
}

/// What the county had to make public in a year: its funds, the villages that begin, and those that are done. One village in
/// seventeen has not posted its plan.
pub(crate) fn disclosures(share: &Share<'_>) -> Vec<Disclosure> {
    let year = share.year;
    let one = |n: String, kind: DisclosureKind, area: String, place: DisclosurePlace| Disclosure {
        disclosure_id: share.id("disclosure", n),
        kind: kind.into(),
        area_code: area,
        place: place.into(),
        ..Disclosure::default()
    };
    let funds = one("funds".into(), DisclosureKind::Funds, share.area().to_owned(), DisclosurePlace::Website);
    let mut all = vec![Disclosure {
        due: format!("{year}-04-30"),
        posted_on: format!("{year}-04-{:02}", 1 + share.n),
        ..funds
    }];
    for (began, kind, due) in [
        (year, DisclosureKind::ProjectPlan, format!("{year}-02-28")),
        (year - 1, DisclosureKind::ProjectCompletion, format!("{year}-10-31")),
    ] {
        if !BATCHES.iter().any(|(batch, _)| *batch == began) || !YEARS.contains(&year) {
            continue;
        }
        for village in share.batch(began) {
            let base = one(
                format!("{}-{village}", kind.as_str_name().to_lowercase()),
                kind,
                village_code(share.area(), village),
                DisclosurePlace::VillageBoard,
            );
            let missing = kind == DisclosureKind::ProjectPlan && village % 17 == 5;
            let posted_on =
                if missing { String::new() } else { format!("{}-{:02}", &due[..7], 1 + village % 27) };
            all.push(Disclosure {
                project_id: village_project(share, began, village),
                programme_id: "village".into(),
                posted_until: if missing { String::new() } else { format!("{year}-12-31") },
                place: if missing { DisclosurePlace::Unspecified } else { DisclosurePlace::VillageBoard }
                    .into(),
                due: due.clone(),
                posted_on,
                ..base
            });
        }
    }
    all
}
