//! The standard that villages are accepted against, and the evidence of each criterion: what inspections found at first, and what
//! was put right afterwards.

use uplift_proto::v1::records::{
    AcceptanceEvidence, Criterion, CriterionKind, EvidenceKind, Inspection, InspectionKind, Standard,
};

/// Seven possessions, four accesses, three solutions.
const STANDARD: &str = "village-2009";
const CRITERIA: [(CriterionKind, &str, &str); 14] = [
    (CriterionKind::Possession, "A main industry", "有主导产业"),
    (CriterionKind::Possession, "A village office", "有村级办公场所"),
    (CriterionKind::Possession, "A clinic", "有卫生室"),
    (CriterionKind::Possession, "A room for culture", "有文化室"),
    (CriterionKind::Possession, "A shop", "有便民商店"),
    (CriterionKind::Possession, "A mutual fund or cooperative", "有互助资金或合作社"),
    (CriterionKind::Possession, "A team that leads", "有好班子"),
    (CriterionKind::Access, "Road", "通公路"),
    (CriterionKind::Access, "Power", "通电"),
    (CriterionKind::Access, "Telephone", "通电话"),
    (CriterionKind::Access, "Broadcasting", "通广播电视"),
    (CriterionKind::Solution, "Safe water", "解决安全饮水"),
    (CriterionKind::Solution, "Dilapidated houses", "解决危房"),
    (CriterionKind::Solution, "Children out of school", "解决失学"),
];

pub(crate) fn standard() -> Standard {
    Standard {
        standard_id: STANDARD.into(),
        valid_from: "2009-01-01".into(),
        valid_until: String::new(),
        criteria: Some(CRITERIA.len() as i32),
        name_en: "Seven possessions, four accesses, three solutions".into(),
        name_zh: "七有四通三解决".into(),
    }
}

pub(crate) fn criteria() -> Vec<Criterion> {
    let criterion = |(n, (kind, en, zh)): (usize, (CriterionKind, &str, &str))| Criterion {
        standard_id: STANDARD.into(),
        criterion_id: number(n),
        kind: kind.into(),
        name_en: en.into(),
        name_zh: zh.into(),
    };
    CRITERIA.into_iter().enumerate().map(criterion).collect()
}

fn number(n: usize) -> String {
    format!("C{:02}", n + 1)
}

/// The evidence of the villages that were inspected in a year; what was lacking at first is met in December.
pub(crate) fn evidence(inspections: &[Inspection], year: i32) -> Vec<AcceptanceEvidence> {
    let mut all = Vec::new();
    let acceptances = inspections.iter().filter(|i| i.kind() == InspectionKind::Acceptance);
    // The first inspection of a village has the number 1.
    for first in acceptances.filter(|i| i.inspection_id.ends_with("-1")) {
        let met = first.criteria_met.unwrap_or_default() as usize;
        let one = |n: usize| AcceptanceEvidence {
            project_id: first.project_id.clone(),
            standard_id: STANDARD.into(),
            criterion_id: number(n),
            date: if n < met { first.date.clone() } else { format!("{year}-12-05") },
            kind: EvidenceKind::Met.into(),
            area_code: first.area_code.clone(),
            document: format!("{}/{}", first.inspection_id, number(n)),
            inspection_id: if n < met { first.inspection_id.clone() } else { String::new() },
            reason: String::new(),
        };
        all.extend((0..CRITERIA.len()).map(one));
    }
    all
}
