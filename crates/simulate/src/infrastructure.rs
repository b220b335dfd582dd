//! Roads and water: what was planned, built and accepted, what it cost, and the contractors' vouchers.

use chrono::{Days, NaiveDate};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use uplift_proto::v1::records::{
    Acceptance, DeliveryKind, FlowKind, FundFlow, FundSource, Inspection, InspectionKind, Project,
    ProjectKind, ProjectStatus,
};

use crate::area::village_code;
use crate::county::YEARS;
use crate::flow::flow;
use crate::organisations::SUPPLIERS;
use crate::planted::{Planted, PlantedKind};
use crate::share::Share;
use crate::submission::Plan;
use crate::totals::DELIVERED;

/// Km of a road, and people of a water supply, of usual size.
const KM: u64 = 20;
const PEOPLE: u64 = 800;
/// Fen that a km, and the water of a person, cost on average.
const FEN_PER_KM: f64 = 2_200_000.0;
const FEN_PER_PERSON: f64 = 33_000.0;
/// Fen from which an order must be put out to tender in these counties.
const TENDER: u64 = 50_000_000;
/// Of a hundred works, those that are accepted before they are built, and those that cost some times what they should; of a
/// hundred orders above the limit, those placed in parts.
const UNBUILT: u32 = 3;
const OVERPRICED: u32 = 3;
const IN_PARTS: u32 = 6;

/// The works of a county in a year, and who builds each.
pub(crate) struct Works {
    pub(crate) projects: Vec<Project>,
    pub(crate) inspections: Vec<Inspection>,
    pub(crate) planted: Vec<Planted>,
    random: ChaCha8Rng,
}

/// The works that a county begins in a year.
pub(crate) fn works(plan: Plan, share: &Share<'_>) -> Works {
    let random = plan.random(7_000 + share.n as u64 * 2 + (share.year - YEARS[0]) as u64);
    let mut works = Works { projects: Vec::new(), inspections: Vec::new(), planted: Vec::new(), random };
    let total = |kind| DELIVERED.iter().find(|(k, ..)| *k == kind).map_or(0, |(.., t, _)| t.of(share.year));
    let kinds = [
        (ProjectKind::Road, "road", "村级公路", "km", total(DeliveryKind::Road), KM, FEN_PER_KM),
        (
            ProjectKind::Water,
            "water",
            "饮水工程",
            "person",
            total(DeliveryKind::SafeWater),
            PEOPLE,
            FEN_PER_PERSON,
        ),
    ];
    for (kind, id, name, unit, total, usual, fen) in kinds {
        let own = share.part(total);
        let mut left = own;
        for n in 0.. {
            if left == 0 {
                break;
            }
            let size = works.random.random_range(usual / 2..usual * 3 / 2).min(left);
            left -= size;
            works.project(share, (kind, n), (id, name, unit), (size, fen));
        }
    }
    works
}

impl Works {
    fn project(
        &mut self,
        share: &Share<'_>,
        (kind, n): (ProjectKind, usize),
        (id, name, unit): (&str, &str, &str),
        (size, fen): (u64, f64),
    ) {
        let random = &mut self.random;
        let day = |from: &str, days: u64| {
            (from.parse::<NaiveDate>().unwrap_or_default() + Days::new(days)).to_string()
        };
        let started = day(&format!("{}-02-20", share.year), random.random_range(0..60));
        let built_on = day(&started, random.random_range(80..190));
        let accepted_on = day(&built_on, random.random_range(10..45));
        // Prices differ by ground and distance, by a fifth or so.
        let price = (random.random_range(-1.0..1.0f64) + random.random_range(-1.0..1.0)) * 0.3;
        let plan = size as f64 * random.random_range(98..112) as f64 / 100.0;
        let cost = size as f64 * fen * price.exp();
        let status = match random.random_range(0..20) {
            0..16 => ProjectStatus::Accepted,
            16..18 => ProjectStatus::Completed,
            _ => ProjectStatus::UnderWay,
        };
        let overpriced = random.random_range(0..100) < OVERPRICED;
        let unbuilt = random.random_range(0..100) < UNBUILT && status == ProjectStatus::Accepted;
        let cost = if overpriced { cost * random.random_range(2.5..5.0) } else { cost };
        let early = random.random_range(20..70);
        let project_id = share.id(id, n);
        let village = n * 3 % share.batch(YEARS[1]).end.max(1);
        self.projects.push(Project {
            project_id: project_id.clone(),
            programme_id: "infrastructure".into(),
            area_code: village_code(share.area(), village),
            year: share.year,
            status: status.into(),
            name: format!("{name} {}", n + 1),
            budget_fen: Some((plan * fen).round() as i64),
            planned: Some(plan.round().max(1.0)),
            actual: Some(size as f64),
            unit: unit.into(),
            started,
            completed: if status == ProjectStatus::UnderWay { String::new() } else { built_on.clone() },
            kind: kind.into(),
            cost_fen: (status != ProjectStatus::UnderWay).then_some(cost.round() as i64),
            ..Project::default()
        });
        if overpriced && status != ProjectStatus::UnderWay {
            self.plant(PlantedKind::OverpricedWorks, "project", vec![project_id.clone()]);
        }
        if status == ProjectStatus::Accepted {
            let inspection_id = share.id("works", format!("{id}-{n}"));
            let early = built_on.parse::<NaiveDate>().unwrap_or_default() - Days::new(early);
            if unbuilt {
                self.plant(PlantedKind::AcceptedUnbuilt, "inspection", vec![inspection_id.clone()]);
            }
            self.inspections.push(Inspection {
                inspection_id,
                date: if unbuilt { early.to_string() } else { accepted_on },
                kind: InspectionKind::Acceptance.into(),
                area_code: village_code(share.area(), village),
                project_id,
                programme_id: "infrastructure".into(),
                result: Acceptance::Passed.into(),
                ..Inspection::default()
            });
        }
    }

    fn plant(&mut self, kind: PlantedKind, dataset: &'static str, records: Vec<String>) {
        self.planted.push(Planted { kind, dataset, records });
    }

    /// What was spent, as vouchers: a contractor for each work, paid at the start, at the end and after a while. Together they are
    /// the money that the county spent.
    pub(crate) fn vouchers(&mut self, share: &Share<'_>, like: &FundFlow) -> Vec<FundFlow> {
        let total = like.amount_fen.unwrap_or_default() as u64;
        let costs: Vec<f64> =
            self.projects.iter().map(|p| p.cost_fen.or(p.budget_fen).unwrap_or(1) as f64).collect();
        let mut vouchers: Vec<FundFlow> = Vec::new();
        for n in 0..costs.len() {
            let contract = crate::county::part(total, n, &costs);
            let (supplier, first) =
                (self.random.random_range(1..=SUPPLIERS), self.random.random_range(5..28_u64));
            let in_parts = contract >= TENDER && self.random.random_range(0..100) < IN_PARTS;
            // Now and then the design is an order of its own, placed in the month of the main one.
            let designed = self.random.random_range(0..20) == 0;
            let months = if designed { [8, 8, 11] } else { [5, 8, 11] };
            let parts: Vec<u64> = if in_parts {
                // Orders that each stay a little below the limit.
                let each = TENDER * self.random.random_range(82..99) / 100;
                let full = contract / each;
                std::iter::repeat_n(each, full as usize).chain([contract % each]).collect()
            } else {
                vec![contract * 3 / 10, contract * 6 / 10, contract - contract * 3 / 10 - contract * 6 / 10]
            };
            let project = self.projects[n].project_id.clone();
            let mut ids = Vec::new();
            for (i, fen) in parts.into_iter().enumerate().filter(|(_, fen)| *fen > 0) {
                let date = if in_parts {
                    format!("{}-09-{:02}", share.year, first.min(20) + i as u64 % 9)
                } else {
                    format!("{}-{:02}-{first:02}", share.year, months[i])
                };
                let id = share.id("voucher", format!("{n}-{i}"));
                let own = in_parts || designed && i == 0;
                let contract = if own { format!("{project}/{i}") } else { project.clone() };
                ids.push(id.clone());
                vouchers.push(FundFlow {
                    programme_id: like.programme_id.clone(),
                    purpose: like.purpose,
                    budget_year: like.budget_year,
                    document_number: like.document_number.clone(),
                    project_id: project.clone(),
                    payee_id: format!("supplier-{supplier:02}"),
                    contract_id: contract,
                    ..flow(share, id, FlowKind::Expenditure, FundSource::FiscalNational, (fen, date))
                });
            }
            if in_parts {
                self.plant(PlantedKind::OrderInParts, "fund_flow", ids);
            }
        }
        vouchers
    }
}
