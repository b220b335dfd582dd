//! Money of the programme on its way: budgeted, allocated, disbursed, spent; given; signed and invested.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use uplift_proto::v1::records::{FlowKind, FundFlow, FundPurpose, FundSource};

use crate::county::{YEARS, equal_part};
use crate::organisations::{GROUPS, SOCIAL_ORGANISATIONS};
use crate::projects::village_project;
use crate::share::Share;
use crate::totals::{BATCHES, CONTRACTS, GIVEN, INVESTED, MONEY, SIGNED};

const FEN_PER_THOUSAND: u64 = 100_000;

/// All flows of the county in a year but those of mutual funds.
pub(crate) fn flows(share: &Share<'_>, random: &mut ChaCha8Rng) -> Vec<FundFlow> {
    let mut flows = Vec::new();
    for line in 0..MONEY.len() {
        flows.extend(programme_money(share, line, random));
    }
    flows.extend(donations(share));
    flows.extend(cooperation(share));
    flows
}

/// One flow of the county.
pub(crate) fn flow(
    share: &Share<'_>,
    id: String,
    kind: FlowKind,
    source: FundSource,
    (fen, date): (u64, String),
) -> FundFlow {
    FundFlow {
        flow_id: id,
        date,
        kind: kind.into(),
        source: source.into(),
        amount_fen: Some(fen as i64),
        area_code: share.area().to_owned(),
        ..FundFlow::default()
    }
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
    let fen_of = |budget_year| share.part(totals.of(budget_year) * FEN_PER_THOUSAND);
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
    let back = if share.n % 6 == 3 { fen / 200 } else { 0 };
    let weeks = random.random_range(2..13);
    let paid = if early && year == YEARS[1] { day(1, 5 + weeks) } else { day(4, weeks) };
    add(FlowKind::Refund, year, back, day(10, 28));
    add(FlowKind::Expenditure, year, fen * random.random_range(84..99) / 100, day(11, 25));
    if purpose == FundPurpose::Consolidation {
        flows.extend(consolidation(share, line, fen + back, &paid));
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

fn donations(share: &Share<'_>) -> Vec<FundFlow> {
    let mut flows = Vec::new();
    for (month, (giver, totals)) in (8..).zip(GIVEN) {
        let fen = share.part(totals.of(share.year) * 100);
        // Every group has its county, and one county has two groups.
        let givers: Vec<String> = match giver {
            "group" if share.n == 0 => vec!["group-01".into(), format!("group-{GROUPS:02}")],
            "group" => vec![format!("group-{:02}", 1 + share.n)],
            "social" => vec![format!("social-{:02}", 1 + share.n % SOCIAL_ORGANISATIONS)],
            _ => vec![String::new()],
        };
        for (i, payer_id) in givers.iter().enumerate() {
            let id = share.id("donation", format!("{month}-{i}"));
            let date = format!("{}-{month:02}-{:02}", share.year, 3 + share.n);
            let fen = equal_part(fen, i, givers.len());
            flows.push(FundFlow {
                programme_id: "social".into(),
                payer_id: payer_id.clone(),
                ..flow(share, id, FlowKind::Donation, FundSource::Social, (fen, date))
            });
        }
    }
    flows
}

fn cooperation(share: &Share<'_>) -> Vec<FundFlow> {
    let contracts = share.part(CONTRACTS.of(share.year)).max(1) as usize;
    let signed = share.part(SIGNED.of(share.year) * 100);
    let invested = share.part(INVESTED.of(share.year) * 100);
    let one = |n: usize, kind: FlowKind, total: u64| {
        let what = if kind == FlowKind::Contract { "contract" } else { "investment" };
        let date = format!("{}-05-{:02}", share.year, 10 + n % 10);
        FundFlow {
            programme_id: "cooperation".into(),
            payer_id: "partner".into(),
            ..flow(
                share,
                share.id(what, n),
                kind,
                FundSource::Cooperation,
                (equal_part(total, n, contracts), date),
            )
        }
    };
    let both = |n: usize| [one(n, FlowKind::Contract, signed), one(n, FlowKind::Investment, invested)];
    (0..contracts).flat_map(both).collect()
}
