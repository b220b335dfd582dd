//! The standard that villages are accepted against, and the evidence of each criterion: what inspections found at first, and what
//! was put right afterwards.

use uplift_proto::v1::records::{
    AcceptanceEvidence, Criterion, CriterionKind, EvidenceKind, Inspection, InspectionKind, Project,
    ProjectKind, Standard,
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

/// What a whole town is to reach; the article does not tell, so that this is invented.
const TOWN_STANDARD: &str = "town-2011";
const TOWN_CRITERIA: [(CriterionKind, &str, &str); 8] = [
    (CriterionKind::Possession, "A main industry", "有主导产业"),
    (CriterionKind::Possession, "A school that keeps its standard", "有达标学校"),
    (CriterionKind::Possession, "A clinic that keeps its standard", "有达标卫生院"),
    (CriterionKind::Access, "Paved road to every village", "村村通公路"),
    (CriterionKind::Access, "Power in every village", "村村通电"),
    (CriterionKind::Solution, "Safe water", "解决安全饮水"),
    (CriterionKind::Solution, "Dilapidated houses", "解决危房"),
    (CriterionKind::Solution, "Training of those who leave", "解决劳动力培训"),
];
/// Criteria that a town meets by the end of its first year.
const MET_BY_TOWN: usize = 5;

/// Evidence of towns whose pilot began in the year.
pub(crate) fn town_evidence(projects: &[Project]) -> Vec<AcceptanceEvidence> {
    let towns = projects.iter().filter(|project| project.kind() == ProjectKind::WholeTown);
    let of_town = |town: &Project| {
        let (project, area, year) = (town.project_id.clone(), town.area_code.clone(), town.year);
        (0..MET_BY_TOWN).map(move |n| AcceptanceEvidence {
            project_id: project.clone(),
            standard_id: TOWN_STANDARD.into(),
            criterion_id: number(n),
            date: format!("{year}-11-{:02}", 10 + n),
            kind: EvidenceKind::Met.into(),
            area_code: area.clone(),
            document: format!("{project}/{}", number(n)),
            ..AcceptanceEvidence::default()
        })
    };
    towns.flat_map(of_town).collect()
}

pub(crate) fn standards() -> Vec<Standard> {
    let town = Standard {
        standard_id: TOWN_STANDARD.into(),
        valid_from: "2011-01-01".into(),
        valid_until: String::new(),
        criteria: Some(TOWN_CRITERIA.len() as i32),
        name_en: "Whole-town advancement".into(),
        name_zh: "整镇推进".into(),
    };
    vec![standard(), town]
}

fn standard() -> Standard {
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
    let of = |standard: &'static str, criteria: &'static [(CriterionKind, &str, &str)]| {
        criteria.iter().enumerate().map(move |(n, (kind, en, zh))| Criterion {
            standard_id: standard.into(),
            criterion_id: number(n),
            kind: (*kind).into(),
            name_en: (*en).into(),
            name_zh: (*zh).into(),
        })
    };
    of(STANDARD, &CRITERIA).chain(of(TOWN_STANDARD, &TOWN_CRITERIA)).collect()
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
