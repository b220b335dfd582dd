//! Money of the programme on its way: budgeted, allocated, disbursed, spent; given; signed and invested.

use std::collections::BTreeMap;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use uplift_proto::v1::records::{FlowKind, FundBalance, FundFlow, FundHolder, FundPurpose, FundSource};

use crate::county::{YEARS, equal_part};
use crate::flow::flow;
use crate::infrastructure::Works;
use crate::organisations::{PARTNERS, SOCIAL_ORGANISATIONS, groups};
use crate::projects::village_project;
use crate::share::Share;
use crate::totals::{AWARD, BATCHES, CONTRACTS, GIVEN, INVESTED, MONEY, SIGNED};

const FEN_PER_THOUSAND: u64 = 100_000;
/// The line of work whose contractors are told of one by one.
pub(crate) const INFRASTRUCTURE: &str = "infrastructure";

/// All flows of the county in a year but those of mutual funds.
pub(crate) fn flows(share: &Share<'_>, works: &mut Works, random: &mut ChaCha8Rng) -> Vec<FundFlow> {
    let mut flows = Vec::new();
    for line in 0..MONEY.len() {
        let of_line = programme_money(share, line, random);
        for flow in of_line {
            match (flow.kind(), flow.programme_id.as_str(), flow.purpose()) {
                (FlowKind::Expenditure, INFRASTRUCTURE, _) => flows.extend(works.vouchers(share, &flow)),
                (FlowKind::Expenditure, _, FundPurpose::NewVillage) => flows.extend(by_village(share, &flow)),
                _ => flows.push(flow),
            }
        }
    }
    flows.extend(pledges(share));
    flows.extend(donations(share));
    flows.extend(cooperation(share));
    flows
}

/// What was spent on the villages that begin, village by village.
fn by_village(share: &Share<'_>, spent: &FundFlow) -> Vec<FundFlow> {
    let (villages, fen) = (share.batch(share.year), spent.amount_fen.unwrap_or_default() as u64);
    let count = villages.len();
    if count == 0 {
        return vec![spent.clone()];
    }
    let of_village = |(i, village): (usize, usize)| FundFlow {
        flow_id: format!("{}-{village}", spent.flow_id),
        project_id: village_project(share, share.year, village),
        amount_fen: Some(equal_part(fen, i, count) as i64),
        ..spent.clone()
    };
    villages.enumerate().map(of_village).collect()
}

/// National money comes in November for the budget of the next year; the rest in spring. It is paid within weeks, and spent
/// but for a remainder that is carried over.
fn programme_money(share: &Share<'_>, line: usize, random: &mut ChaCha8Rng) -> Vec<FundFlow> {
    let (programme, source, purpose, totals) = MONEY[line];
    let early = source == FundSource::FiscalNational;
    let mut flows = Vec::new();
    let mut add = |kind: FlowKind, budget_year: i32, fen: u64, date: String| {
        if fen == 0 {
            return;
        }
        let id = share.id("flow", format!("{line}-{}-{budget_year}", kind.as_str_name().to_lowercase()));
        flows.push(FundFlow {
            programme_id: programme.into(),
            purpose: purpose.into(),
            budget_year: Some(budget_year),
            document_number: format!("渝财农〔{budget_year}〕{}号", 101 + line),
            ..flow(share, id, kind, source, (fen, date))
        });
    };
    let year = share.year;
    let awards = purpose == FundPurpose::Consolidation;
    let fen_of = |budget_year| match awards && totals.of(budget_year) > 0 {
        true => share.batch(BATCHES[0].0).len() as u64 * AWARD,
        false => share.part(totals.of(budget_year) * FEN_PER_THOUSAND),
    };
    let fen = fen_of(year);
    let day = |month: u32, day: u32| format!("{year}-{month:02}-{day:02}");
    if !early || year == YEARS[0] {
        add(FlowKind::Budget, year, fen, day(1, 20));
        add(FlowKind::Allocation, year, fen, day(3, 10));
    }
    if early && YEARS.contains(&(year + 1)) {
        add(FlowKind::Budget, year + 1, fen_of(year + 1), day(11, 12));
        add(FlowKind::Allocation, year + 1, fen_of(year + 1), day(11, 20));
    }
    // A county in six was paid a little too much, and paid it back.
    let back = if share.n % 6 == 3 && !awards { fen / 200 } else { 0 };
    let weeks = random.random_range(2..13);
    let paid = if early && year == YEARS[1] { day(1, 5 + weeks) } else { day(4, weeks) };
    add(FlowKind::Refund, year, back, day(10, 28));
    add(FlowKind::Expenditure, year, fen * random.random_range(84..99) / 100, day(11, 25));
    if awards {
        flows.extend(consolidation(share, line, fen, &paid));
    } else {
        add(FlowKind::Disbursement, year, fen + back, paid);
    }
    flows
}

/// What consolidates the first batch goes to each of its villages.
fn consolidation(share: &Share<'_>, line: usize, fen: u64, date: &str) -> Vec<FundFlow> {
    let (began, _) = BATCHES[0];
    let villages = share.batch(began);
    let count = villages.len();
    let (programme, source, purpose, _) = MONEY[line];
    let to_village = |(i, village): (usize, usize)| {
        let id = share.id("consolidation", village);
        FundFlow {
            programme_id: programme.into(),
            project_id: village_project(share, began, village),
            purpose: purpose.into(),
            budget_year: Some(share.year),
            document_number: format!("渝财农〔{}〕{}号", share.year, 101 + line),
            ..flow(share, id, FlowKind::Disbursement, source, (equal_part(fen, i, count), date.to_owned()))
        }
    };
    villages.enumerate().map(to_village).filter(|flow| flow.amount_fen > Some(0)).collect()
}

/// What was counted as left of the budget of a year at its end, where it is held: what came in less what went out.
pub(crate) fn balances(share: &Share<'_>, flows: &[FundFlow]) -> Vec<FundBalance> {
    let mut left: BTreeMap<(FundHolder, String, i32), i64> = BTreeMap::new();
    let year = share.year;
    for flow in flows.iter().filter(|flow| flow.budget_year == Some(year)) {
        let fen = flow.amount_fen.unwrap_or_default();
        let signs = match flow.kind() {
            FlowKind::Allocation => [1, 0],
            FlowKind::Disbursement => [-1, 1],
            FlowKind::Refund => [1, -1],
            FlowKind::Expenditure => [0, -1],
            _ => continue,
        };
        for (holder, sign) in [FundHolder::Treasury, FundHolder::SpendingUnit].into_iter().zip(signs) {
            *left.entry((holder, flow.programme_id.clone(), flow.source)).or_default() += sign * fen;
        }
    }
    let balance = |((holder, programme_id, source), fen)| FundBalance {
        area_code: share.area().to_owned(),
        date: format!("{year}-12-31"),
        holder: holder as i32,
        source,
        programme_id,
        budget_year: Some(year),
        balance_fen: Some(fen),
    };
    left.into_iter().map(balance).collect()
}

/// What assistance groups promise in January: as a rule somewhat more than they give.
fn pledges(share: &Share<'_>) -> Vec<FundFlow> {
    let (_, totals) = GIVEN[0];
    let givers = groups(share);
    let given = share.part(totals.of(share.year) * 100);
    let pledge = |(i, payer): (usize, &String)| {
        let date = format!("{}-01-{:02}", share.year, 5 + share.n);
        let fen = equal_part(given, i, givers.len()) * (95 + share.n as u64 * 7 % 20) / 100;
        FundFlow {
            programme_id: "social".into(),
            payer_id: payer.clone(),
            due: format!("{}-12-31", share.year),
            ..flow(share, share.id("pledge", i), FlowKind::Commitment, FundSource::Social, (fen, date))
        }
    };
    givers.iter().enumerate().map(pledge).collect()
}

/// What donors give for, in the order in which they are asked, with what is spent of it in the year at most, in percent.
const PURPOSES: [(FundPurpose, u64); 4] = [
    (FundPurpose::Schooling, 96),
    (FundPurpose::Infrastructure, 78),
    (FundPurpose::Industry, 85),
    (FundPurpose::Relief, 100),
];

fn donations(share: &Share<'_>) -> Vec<FundFlow> {
    let mut flows = Vec::new();
    for (month, (giver, totals)) in (8..).zip(GIVEN) {
        let fen = share.part(totals.of(share.year) * 100);
        let givers: Vec<String> = match giver {
            "group" => groups(share),
            "social" => vec![format!("social-{:02}", 1 + share.n % SOCIAL_ORGANISATIONS)],
            _ => vec![String::new()],
        };
        for (i, payer_id) in givers.iter().enumerate() {
            for (p, (purpose, _)) in PURPOSES.into_iter().enumerate() {
                let id = share.id("donation", format!("{month}-{i}-{p}"));
                let date = format!("{}-{month:02}-{:02}", share.year, 3 + share.n);
                let fen = equal_part(equal_part(fen, i, givers.len()), p, PURPOSES.len());
                flows.push(FundFlow {
                    programme_id: "social".into(),
                    payer_id: payer_id.clone(),
                    purpose: purpose.into(),
                    ..flow(share, id, FlowKind::Donation, FundSource::Social, (fen, date))
                });
            }
        }
    }
    let spent = spent_of_donations(share, &flows);
    flows.extend(spent);
    flows
}

/// What a county spends of its gifts by December: the work that takes longest has most left.
fn spent_of_donations(share: &Share<'_>, donations: &[FundFlow]) -> Vec<FundFlow> {
    let of_purpose = |(p, (purpose, percent)): (usize, (FundPurpose, u64))| {
        let given = donations.iter().filter(|flow| flow.purpose() == purpose);
        let given: i64 = given.map(|flow| flow.amount_fen.unwrap_or_default()).sum();
        let fen = given as u64 * (percent - share.n as u64 % 5) / 100;
        let date = format!("{}-12-{:02}", share.year, 10 + p);
        FundFlow {
            programme_id: "social".into(),
            purpose: purpose.into(),
            ..flow(share, share.id("gift", p), FlowKind::DonationExpenditure, FundSource::Social, (fen, date))
        }
    };
    let spent = PURPOSES.into_iter().enumerate().map(of_purpose);
    spent.filter(|flow| flow.amount_fen > Some(0)).collect()
}

/// Contracts with partners. Of six contracts, one has received nothing by the end of the year; it is due in the next.
fn cooperation(share: &Share<'_>) -> Vec<FundFlow> {
    let contracts = share.part(CONTRACTS.of(share.year)).max(1) as usize;
    let signed = share.part(SIGNED.of(share.year) * 100);
    let invested = share.part(INVESTED.of(share.year) * 100);
    let waits = |n: usize| contracts > 1 && (n + share.n) % 6 == 5;
    let receiving: Vec<usize> = (0..contracts).filter(|n| !waits(*n)).collect();
    let one = |n: usize, kind: FlowKind, fen: u64| {
        let what = if kind == FlowKind::Contract { "contract" } else { "investment" };
        let date = format!("{}-05-{:02}", share.year, 10 + n % 10);
        FundFlow {
            programme_id: "cooperation".into(),
            payer_id: format!("partner-{:02}", 1 + (n * 5 + share.n * 7) % PARTNERS),
            contract_id: share.id("contract", n),
            ..flow(share, share.id(what, n), kind, FundSource::Cooperation, (fen, date))
        }
    };
    let contract = |n: usize| FundFlow {
        due: format!("{}-{:02}-30", share.year + 1 + n as i32 % 3, 6 + n % 6),
        ..one(n, FlowKind::Contract, equal_part(signed, n, contracts))
    };
    let investment =
        |(i, n): (usize, &usize)| one(*n, FlowKind::Investment, equal_part(invested, i, receiving.len()));
    (0..contracts).map(contract).chain(receiving.iter().enumerate().map(investment)).collect()
}
