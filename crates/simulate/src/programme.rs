//! Records of the programme: organisations, lines of work with targets, projects, money, deliveries,
//! inspections, events. The totals of 2011 are the article's.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};
use uplift_proto::v1::records::{
    Acceptance, Delivery, DeliveryKind, Event, EventKind, FlowKind, FundFlow, FundPurpose, FundSource,
    Inspection, InspectionKind, Membership, Organisation, OrganisationKind, Programme, Project,
    ProjectStatus,
};

use crate::area::SeedArea;
use crate::submission::{Plan, SimulatedSubmission};

/// The years that are simulated: the programme's and the one before.
pub(crate) const YEARS: [i32; 2] = [2010, 2011];

/// A line of work: id, English, Chinese, and what its target counts: measure, unit, number of 2011.
type LineOfWork = (&'static str, &'static str, &'static str, &'static str, &'static str, u64);
const LINES: [LineOfWork; 9] = [
    ("tourism", "Rural tourism", "乡村旅游", "tourism.beds", "bed", 100_000),
    ("industry", "Industrial development", "产业发展", "industry.backbone", "industry", 10),
    ("village", "Whole-village advancement", "整村推进", "village.lifted", "village", 450),
    ("relocation", "Relocation", "扶贫搬迁", "relocation.people", "person", 89_000),
    ("training", "Training and job transfer", "培训转移", "training.people", "person", 100_000),
    ("infrastructure", "Roads and water", "道路饮水", "road.length", "km", 5_100),
    ("mutual_fund", "Village mutual funds", "互助资金", "mutual.villages_new", "village", 455),
    ("cooperation", "Cooperation", "东西协作", "cooperation.projects", "project", 84),
    ("social", "Social assistance", "社会扶贫", "groups.count", "group", 19),
];

/// Money of 2011 in thousands of yuan: line, source, purpose within the line, amount.
const MONEY: [(&str, FundSource, FundPurpose, u64); 13] = [
    ("tourism", FundSource::FiscalLocal, FundPurpose::Unspecified, 300_000),
    ("industry", FundSource::FiscalNational, FundPurpose::Industry, 130_000),
    ("industry", FundSource::FiscalLocal, FundPurpose::InterestSubsidy, 19_100),
    ("village", FundSource::FiscalNational, FundPurpose::NewVillage, 225_000),
    ("village", FundSource::FiscalLocal, FundPurpose::Consolidation, 133_000),
    ("village", FundSource::Integrated, FundPurpose::NewVillage, 1_840_000),
    ("relocation", FundSource::FiscalNational, FundPurpose::Unspecified, 150_000),
    ("relocation", FundSource::WorkRelief, FundPurpose::Unspecified, 200_000),
    ("relocation", FundSource::Reforestation, FundPurpose::Unspecified, 136_000),
    ("training", FundSource::FiscalNational, FundPurpose::Unspecified, 100_000),
    ("infrastructure", FundSource::FiscalNational, FundPurpose::Unspecified, 198_900),
    ("mutual_fund", FundSource::FiscalNational, FundPurpose::Unspecified, 80_000),
    ("industry", FundSource::Credit, FundPurpose::Unspecified, 2_000_000),
];

/// What people received in 2011.
const DELIVERED: [(DeliveryKind, &str, &str, u64); 11] = [
    (DeliveryKind::EmploymentTraining, "training", "person", 100_000),
    (DeliveryKind::PracticalTraining, "training", "person", 63_000),
    (DeliveryKind::PolicyTraining, "training", "person", 5_200),
    (DeliveryKind::Job, "training", "person", 20_000),
    (DeliveryKind::BusinessStart, "training", "person", 5_000),
    (DeliveryKind::Relocation, "relocation", "person", 89_000),
    (DeliveryKind::SafeWater, "infrastructure", "person", 210_000),
    (DeliveryKind::Road, "infrastructure", "km", 5_100),
    (DeliveryKind::Bed, "tourism", "bed", 100_000),
    (DeliveryKind::Visit, "tourism", "person", 1_000_000),
    (DeliveryKind::SupervisorTraining, "village", "village", 350),
];

/// Villages of each batch, by the year it began, and mutual funds by the year they were founded.
const VILLAGES: [(i32, u64); 2] = [(2010, 450), (2011, 450)];
const FUNDS: [(i32, u64); 2] = [(2010, 695), (2011, 455)];

/// Months in which a fund lends, and in which the loan falls due: a smaller one is next year's.
const LOANS: [(u32, u32); 4] = [(2, 8), (5, 11), (9, 3), (10, 4)];

/// Criteria of the acceptance standard: seven possessions, four accesses, three solutions.
const CRITERIA: i32 = 14;

pub(crate) fn submissions(plan: Plan, areas: &[SeedArea]) -> Vec<SimulatedSubmission> {
    let key: Vec<_> = areas.iter().filter(|p| p.is_key()).collect();
    let organisations = organisations(plan, &key);
    let memberships = YEARS.map(|year| memberships(&organisations, year));
    let mut out = vec![
        plan.submission("organisation", "50", 2011, &organisations),
        plan.submission("programme", "50", 2011, &programmes()),
    ];
    let (mut projects, mut rest) = (Vec::new(), Vec::new());
    for (n, county) in key.iter().enumerate() {
        for year in YEARS {
            let mut random = plan.random(100 + n as u64 * 2 + (year - YEARS[0]) as u64);
            let area = county.area_code.as_str();
            let share = CountyYear { county, n, counties: key.len(), year };
            projects.push(plan.submission("project", area, year, &share.projects()));
            rest.push(plan.submission("fund_flow", area, year, &share.flows(&mut random)));
            rest.push(plan.submission("delivery", area, year, &share.deliveries()));
            rest.push(plan.submission("inspection", area, year, &share.inspections(&mut random)));
            rest.push(plan.submission("event", area, year, &share.events()));
        }
    }
    out.extend(
        YEARS.into_iter().zip(&memberships).map(|(year, m)| plan.submission("membership", "50", year, m)),
    );
    out.extend(projects);
    out.extend(rest);
    out.retain(|s| s.rows > 0);
    out
}

fn programmes() -> Vec<Programme> {
    let line = |year: i32, (id, en, zh, measure, unit, target): LineOfWork| Programme {
        programme_id: id.into(),
        year,
        measure: measure.into(),
        name_en: en.into(),
        name_zh: zh.into(),
        target: Some(in_year(target, year) as f64),
        unit: unit.into(),
    };
    YEARS.into_iter().flat_map(|year| LINES.map(|l| line(year, l))).collect()
}

fn organisation(id: String, kind: OrganisationKind, en: String, zh: String, area: &str) -> Organisation {
    Organisation {
        organisation_id: id,
        kind: kind.into(),
        name_en: en,
        name_zh: zh,
        area_code: area.into(),
        ..Organisation::default()
    }
}

fn organisations(plan: Plan, key: &[&SeedArea]) -> Vec<Organisation> {
    let mut all = municipal_organisations();
    all.extend(mutual_fund_organisations(plan, key));
    all
}

fn municipal_organisations() -> Vec<Organisation> {
    let numbered = |id: &str, n: i32, kind: OrganisationKind, en: &str, zh: String| {
        organisation(format!("{id}-{n}"), kind, format!("{en} {n}"), zh, "50")
    };
    let mut all = vec![organisation(
        "office".into(),
        OrganisationKind::Office,
        "Municipal office".into(),
        "市扶贫办".into(),
        "50",
    )];
    for n in 1..=19 {
        let (en, zh) = (format!("Assistance group {n}"), format!("第{n}扶贫集团"));
        all.push(organisation(format!("group-{n:02}"), OrganisationKind::AssistanceGroup, en, zh, "50"));
    }
    let social = OrganisationKind::SocialOrganisation;
    all.extend((1..=4).map(|n| numbered("social", n, social, "Social organisation", format!("社会组织{n}"))));
    let medium = OrganisationKind::Medium;
    all.extend((1..=3).map(|n| numbered("medium", n, medium, "Medium", format!("媒体{n}"))));
    all.push(organisation(
        "partner".into(),
        OrganisationKind::Government,
        "Partner province".into(),
        "协作省".into(),
        "50",
    ));
    all
}

fn mutual_fund_organisations(plan: Plan, key: &[&SeedArea]) -> Vec<Organisation> {
    let mut random = plan.random(1);
    let mut all = Vec::new();
    for (n, county) in key.iter().enumerate() {
        for (year, total) in FUNDS {
            for i in 0..part(total, n, key.len()) {
                let members = random.random_range(60..180);
                let (en, zh) = (format!("Mutual fund {i}"), format!("互助资金{i}"));
                let id = fund_id(county, year, i);
                all.push(Organisation {
                    founded: format!("{year}-{:02}-15", 1 + i % 12),
                    members: Some(members),
                    poor_members: Some(members * random.random_range(45..90) / 100),
                    ..organisation(id, OrganisationKind::MutualFund, en, zh, &county.area_code)
                });
            }
        }
    }
    all
}

/// What each mutual fund had at the end of a year: it grows by a tenth in the year after its foundation.
fn memberships(organisations: &[Organisation], year: i32) -> Vec<Membership> {
    let founded = |o: &&Organisation| o.founded.get(..4).and_then(|y| y.parse::<i32>().ok());
    let at_the_time = organisations.iter().filter(|o| founded(o).is_some_and(|founded| founded <= year));
    let grown = |count: Option<i64>, o: &&Organisation| {
        count.map(|count| if founded(o) == Some(year) { count * 10 / 11 } else { count })
    };
    let membership = |o: &Organisation| Membership {
        organisation_id: o.organisation_id.clone(),
        date: format!("{year}-12-31"),
        area_code: o.area_code.clone(),
        members: grown(o.members, &o),
        poor_members: grown(o.poor_members, &o),
        ..Membership::default()
    };
    at_the_time.map(membership).collect()
}

/// One key county's part of a year.
struct CountyYear<'a> {
    county: &'a SeedArea,
    n: usize,
    counties: usize,
    year: i32,
}

impl CountyYear<'_> {
    fn part(&self, total_2011: u64) -> u64 {
        part(in_year(total_2011, self.year), self.n, self.counties)
    }

    fn villages(&self, began: i32) -> u64 {
        VILLAGES
            .iter()
            .filter(|(year, _)| *year == began)
            .map(|(_, total)| part(*total, self.n, self.counties))
            .sum()
    }

    fn id(&self, what: &str, n: impl std::fmt::Display) -> String {
        format!("{what}-{}-{}-{n}", self.county.area_code, self.year)
    }

    fn projects(&self) -> Vec<Project> {
        let project = |n| {
            let accepted = self.year == YEARS[0];
            let status = if accepted { ProjectStatus::Accepted } else { ProjectStatus::UnderWay };
            Project {
                project_id: self.id("village", n),
                programme_id: "village".into(),
                area_code: self.county.area_code.clone(),
                year: self.year,
                status: status.into(),
                name: format!("整村推进 {} {n}", self.county.name_zh),
                budget_fen: Some(50_000_000),
                planned: Some(1.0),
                actual: Some(if accepted { 1.0 } else { 0.0 }),
                unit: "village".into(),
                started: format!("{}-03-01", self.year),
                completed: if accepted { format!("{}-09-30", self.year + 1) } else { String::new() },
            }
        };
        (0..self.villages(self.year)).map(project).collect()
    }

    fn flows(&self, random: &mut ChaCha8Rng) -> Vec<FundFlow> {
        let mut flows = Vec::new();
        let mut n = 0;
        let mut flow = |kind: FlowKind, source: FundSource, fen: u64, date: String, line: &str| {
            n += 1;
            FundFlow {
                flow_id: self.id("flow", n),
                date,
                kind: kind.into(),
                source: source.into(),
                amount_fen: Some(fen as i64),
                area_code: self.county.area_code.clone(),
                programme_id: line.into(),
                ..FundFlow::default()
            }
        };
        let day = |month: u32, day: u32| format!("{}-{month:02}-{day:02}", self.year);
        for (line, source, purpose, thousands) in MONEY {
            let fen = self.part(thousands * 100_000);
            let spent = fen * random.random_range(86..100) / 100;
            for (kind, fen, date) in [
                (FlowKind::Budget, fen, day(1, 20)),
                (FlowKind::Allocation, fen, day(3, 10)),
                (FlowKind::Disbursement, fen, day(6, 5)),
                (FlowKind::Expenditure, spent, day(11, 25)),
            ] {
                let purpose = purpose.into();
                flows.push(FundFlow { purpose, ..flow(kind, source, fen, date, line) });
            }
        }
        // Social funds: 1.8 billion yuan in 2011 after 1.36 billion in 2010.
        let social: u64 = if self.year == YEARS[1] { 180_000_000_000 } else { 136_000_000_000 };
        let social = part(social, self.n, self.counties);
        let by = [
            (17, format!("group-{:02}", 1 + self.n)),
            (3, format!("social-{}", 1 + self.n % 4)),
            (80, String::new()),
        ];
        for (percent, payer) in by {
            let date = day(9, 1 + percent as u32 % 28);
            let donation =
                flow(FlowKind::Donation, FundSource::Social, social * percent / 100, date, "social");
            flows.push(FundFlow { payer_id: payer, ..donation });
        }
        flows.extend(self.cooperation());
        flows.extend(self.mutual_funds());
        flows
    }

    fn cooperation(&self) -> Vec<FundFlow> {
        let contracts = self.part(84).max(1);
        let (signed, invested) = (self.part(4_290_000_000_000), self.part(350_000_000_000));
        let flow = |n: u64, kind: FlowKind, fen: u64| FundFlow {
            flow_id: self.id(if kind == FlowKind::Contract { "contract" } else { "investment" }, n),
            date: format!("{}-05-{:02}", self.year, 10 + n % 10),
            kind: kind.into(),
            source: FundSource::Cooperation.into(),
            amount_fen: Some(fen as i64),
            area_code: self.county.area_code.clone(),
            programme_id: "cooperation".into(),
            payer_id: "partner".into(),
            ..FundFlow::default()
        };
        let total = contracts as usize;
        let contract_flows = |n: u64| {
            let index = n as usize;
            [
                flow(n, FlowKind::Contract, part(signed, index, total)),
                flow(n, FlowKind::Investment, part(invested, index, total)),
            ]
        };
        (0..contracts).flat_map(contract_flows).collect()
    }

    /// Loans of every fund founded by then, and the repayments of the year.
    fn mutual_funds(&self) -> Vec<FundFlow> {
        let mut flows = Vec::new();
        for (founded, total) in FUNDS.into_iter().filter(|(founded, _)| *founded <= self.year) {
            for n in 0..part(total, self.n, self.counties) {
                let fund = fund_id(self.county, founded, n);
                for lent in YEARS.into_iter().filter(|lent| (founded..=self.year).contains(lent)) {
                    for loan in 0..LOANS.len() {
                        flows.extend(self.loan_flows(&fund, lent, loan));
                    }
                }
            }
        }
        flows
    }

    /// What this year has of one loan: it is lent, falls due within the year or in the next, or both.
    /// Most loans are repaid.
    fn loan_flows(&self, fund: &str, lent: i32, loan: usize) -> Vec<FundFlow> {
        let (month, due) = LOANS[loan];
        let due_year = lent + i32::from(due < month);
        let id = format!("loan-{}-{lent}-{fund}-{loan}", self.county.area_code);
        let draw = name_draw(&id);
        let fen = (2_000 + draw % 8_000) * 100;
        let repaid = match (draw >> 32) % 100 {
            0..4 => 0,
            4..9 => fen / 2,
            _ => fen,
        };
        let flow = |name: &str, kind: FlowKind, fen: u64, date: String| FundFlow {
            flow_id: format!("{name}-{id}"),
            date,
            kind: kind.into(),
            source: FundSource::Members.into(),
            amount_fen: Some(fen as i64),
            area_code: self.county.area_code.clone(),
            programme_id: "mutual_fund".into(),
            loan_id: id.clone(),
            due: format!("{due_year}-{due:02}-20"),
            ..FundFlow::default()
        };
        let mut flows = Vec::new();
        if lent == self.year {
            let loan = flow("lent", FlowKind::Loan, fen, format!("{lent}-{month:02}-20"));
            flows.push(FundFlow { payer_id: fund.to_owned(), ..loan });
        }
        if repaid > 0 && due_year == self.year {
            let repayment = flow("paid", FlowKind::Repayment, repaid, format!("{due_year}-{due:02}-18"));
            flows.push(FundFlow { payee_id: fund.to_owned(), ..repayment });
        }
        flows
    }

    fn deliveries(&self) -> Vec<Delivery> {
        let quarter = |kind: DeliveryKind, line: &str, unit: &str, total: u64, q: usize| Delivery {
            delivery_id: self.id(&kind.as_str_name().to_lowercase(), q + 1),
            date: format!("{}-{:02}-28", self.year, 3 * (q + 1)),
            kind: kind.into(),
            area_code: self.county.area_code.clone(),
            programme_id: line.into(),
            quantity: Some(part(self.part(total), q, 4) as f64),
            unit: unit.into(),
            ..Delivery::default()
        };
        DELIVERED
            .iter()
            .flat_map(|(k, line, unit, total)| (0..4).map(|q| quarter(*k, line, unit, *total, q)))
            .collect()
    }

    fn inspections(&self, random: &mut ChaCha8Rng) -> Vec<Inspection> {
        let mut all = Vec::new();
        let base = |id: String, kind: InspectionKind, month: u32| Inspection {
            inspection_id: id,
            date: format!("{}-{month:02}-10", self.year),
            kind: kind.into(),
            area_code: self.county.area_code.clone(),
            result: Acceptance::Passed.into(),
            ..Inspection::default()
        };
        // The villages that began the year before are accepted now.
        for n in 0..self.villages(self.year - 1) {
            all.push(Inspection {
                project_id: format!("village-{}-{}-{n}", self.county.area_code, self.year - 1),
                criteria: Some(CRITERIA),
                criteria_met: Some(CRITERIA),
                ..base(self.id("acceptance", n), InspectionKind::Acceptance, 10)
            });
        }
        for (n, kind) in [
            (0, InspectionKind::FollowUp),
            (1, InspectionKind::FollowUp),
            (2, InspectionKind::FollowUp),
            (3, InspectionKind::Special),
        ] {
            let findings = random.random_range(0..6);
            let rectified = random.random_range(0..=findings);
            let open = rectified < findings;
            all.push(Inspection {
                findings: Some(findings),
                rectified: Some(rectified),
                questioned_fen: Some(i64::from(findings) * random.random_range(0..4_000_000)),
                result: if open { Acceptance::Open } else { Acceptance::Passed }.into(),
                ..base(self.id("supervision", n), kind, 4 + 2 * n)
            });
        }
        all
    }

    fn events(&self) -> Vec<Event> {
        let event = |what: &str, kind: EventKind, title: &str| Event {
            event_id: self.id(what, 1),
            date: format!("{}-10-17", self.year),
            kind: kind.into(),
            area_code: self.county.area_code.clone(),
            title: format!("{title} {}", self.county.name_zh),
            ..Event::default()
        };
        let mut all = vec![event("disclosure", EventKind::Disclosure, "资金使用公示")];
        if self.year == YEARS[1] {
            let raised = part(870_000_000, self.n, self.counties) as i64;
            all.push(Event {
                raised_fen: Some(raised), ..event("bazaar", EventKind::Bazaar, "书画义卖")
            });
        }
        if self.n < 3 {
            let medium = format!("medium-{}", self.n + 1);
            all.push(Event {
                organisation_id: medium, ..event("coverage", EventKind::Coverage, "媒体报道")
            });
        }
        all
    }
}

/// A total of 2011, or four fifths of it for 2010.
fn in_year(total_2011: u64, year: i32) -> u64 {
    if year == YEARS[1] { total_2011 } else { total_2011 * 4 / 5 }
}

/// The `n`th of near-equal whole parts that add up to the total.
fn part(total: u64, n: usize, parts: usize) -> u64 {
    let until = |n: usize| u128::from(total) * n as u128 / parts as u128;
    (until(n + 1) - until(n)) as u64
}

fn fund_id(county: &SeedArea, year: i32, n: u64) -> String {
    format!("fund-{}-{year}-{n:03}", county.area_code)
}

/// A draw that depends on a name alone: the same in every year.
fn name_draw(name: &str) -> u64 {
    let digest = Sha256::digest(name);
    digest.iter().take(8).fold(0, |draw, byte| draw << 8 | u64::from(*byte))
}
