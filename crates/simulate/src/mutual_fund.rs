//! What the village mutual funds of a county lend and get back: loans of about five thousand yuan for half a year to a year, most
//! repaid on the day, some late, a few never; fees, rescheduling, write-offs.

use chrono::{Days, NaiveDate};
use sha2::{Digest, Sha256};
use uplift_proto::v1::records::{CandidateResult, FlowKind, FundFlow, FundSource, MutualFundCandidate};

use crate::area::village_code;
use crate::county::YEARS;
use crate::flow::flow;
use crate::organisations::MutualFund;
use crate::projects::{COMPETITION, SOFTWARE};
use crate::share::Share;
use crate::submission::Plan;
use crate::totals::FUNDS;

/// Loans in a year of a fund whose ledger is simulated: as many as its capital bears.
pub(crate) const LEDGER_LOANS: usize = 15;

/// Loans of a fund in a year: as many as such funds make, fewer in a small simulation.
fn loans(plan: Plan, share: &Share<'_>) -> usize {
    let most = if SOFTWARE.contains(&share.county.id()) { LEDGER_LOANS } else { 100 };
    (plan.households / 200).clamp(4, most)
}

/// The flows of a county's funds in a year.
pub(crate) fn flows(plan: Plan, share: &Share<'_>, funds: &[&MutualFund]) -> Vec<FundFlow> {
    let mut flows = Vec::new();
    for fund in funds.iter().filter(|fund| fund.founded <= share.year) {
        if fund.founded == share.year {
            flows.push(contributions(share, fund));
        }
        // Loans of both years: what was lent in the first is due in the second.
        for lent in YEARS.into_iter().filter(|lent| (fund.founded..=share.year).contains(lent)) {
            for n in 0..loans(plan, share) {
                flows.extend(loan_flows(share, fund, lent, (n, loans(plan, share))));
            }
        }
    }
    flows
}

/// Villages that compete for a fund and get none.
pub(crate) const LOSING: usize = 8;

/// Where villages compete, those that a fund was founded in and those that got none, by what a jury gave them.
pub(crate) fn candidates(share: &Share<'_>, funds: &[&MutualFund]) -> Vec<MutualFundCandidate> {
    if share.county.id() != COMPETITION || share.year != YEARS[1] {
        return Vec::new();
    }
    let founded = funds.iter().filter(|fund| fund.founded == share.year);
    let selected = founded.map(|fund| (fund.organisation.area_code.clone(), CandidateResult::Selected));
    let losing = (funds.len()..funds.len() + LOSING)
        .map(|n| (village_code(share.area(), n), CandidateResult::NotSelected));
    let candidate = |(n, (area_code, result)): (usize, (String, CandidateResult))| MutualFundCandidate {
        competition_id: share.id("competition", 1),
        area_code,
        date: format!("{}-01-08", share.year),
        score: Some((960 - 9 * n as i64) as f64 / 10.0),
        rank: Some(n as i32 + 1),
        result: result.into(),
    };
    selected.chain(losing).enumerate().map(candidate).collect()
}

fn contributions(share: &Share<'_>, fund: &MutualFund) -> FundFlow {
    let o = &fund.organisation;
    let fen = o.members.unwrap_or_default() as u64 * 30_000;
    FundFlow {
        programme_id: "mutual_fund".into(),
        payee_id: o.organisation_id.clone(),
        area_code: o.area_code.clone(),
        ..flow(
            share,
            format!("share-{}", o.organisation_id),
            FlowKind::Share,
            FundSource::Members,
            (fen, o.founded.clone()),
        )
    }
}

/// Villages of a county that the programme works in: those of batches, and those that have or wanted a mutual fund.
pub(crate) fn villages_of(share: &Share<'_>) -> usize {
    let batches = share.batch(YEARS[1]).end;
    let funds: u64 = FUNDS.iter().map(|(_, total)| share.part(*total)).sum();
    let losing = if share.county.id() == COMPETITION { LOSING } else { 0 };
    batches.max(funds as usize + losing)
}

/// The member that borrows: each loan of both years has its own.
pub(crate) fn borrower(loan: &str) -> String {
    let mut parts = loan.rsplit('-').map(|part| part.parse::<i32>().unwrap_or_default());
    let (n, year) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    format!("M{:03}", n + (year - YEARS[0]) * LEDGER_LOANS as i32 + 1)
}

/// What becomes of a loan.
enum Course {
    OnTime,
    Late { days: u64 },
    Rescheduled,
    Half,
    WrittenOff,
}

/// What a year has of one loan.
fn loan_flows(share: &Share<'_>, fund: &MutualFund, lent: i32, (n, of): (usize, usize)) -> Vec<FundFlow> {
    let o = &fund.organisation;
    let id = format!("{}-{lent}-{n}", o.organisation_id.trim_start_matches("fund-"));
    let draw = name_draw(&id);
    let fen = (2_000 + draw % 61 * 100) * 100;
    // Over the year, after the foundation in the year of it.
    let first = if fund.founded == lent { o.founded.clone() } else { format!("{lent}-01-10") };
    let day = |text: &str| text.parse::<NaiveDate>().unwrap_or_default();
    let (first, last) = (day(&first), day(&format!("{lent}-12-20")));
    let date = first + Days::new((last - first).num_days() as u64 * n as u64 / of as u64);
    let term = if draw >> 20 & 1 == 0 { 182 } else { 365 };
    let due = date + Days::new(term);
    let course = match (draw >> 32) % 100 {
        0..2 => Course::Half,
        2..3 => Course::WrittenOff,
        3..5 => Course::Rescheduled,
        5..11 => Course::Late { days: 5 + (draw >> 40) % 80 },
        _ => Course::OnTime,
    };
    let one = |name: &str, kind: FlowKind, fen: u64, date: NaiveDate, due: Option<NaiveDate>| FundFlow {
        programme_id: "mutual_fund".into(),
        area_code: o.area_code.clone(),
        loan_id: format!("loan-{id}"),
        due: due.map(|due| due.to_string()).unwrap_or_default(),
        ..flow(share, format!("{name}-{id}"), kind, FundSource::Members, (fen, date.to_string()))
    };
    let fund_id = || o.organisation_id.clone();
    let paid =
        |name: &str, kind, fen, date| FundFlow { payee_id: fund_id(), ..one(name, kind, fen, date, None) };
    // Six per mille a month.
    let fee = fen * 6 * (term / 30) / 1_000;
    let back =
        |fen, date| [paid("paid", FlowKind::Repayment, fen, date), paid("fee", FlowKind::Fee, fee, date)];
    let mut flows =
        vec![FundFlow { payer_id: fund_id(), ..one("lent", FlowKind::Loan, fen, date, Some(due)) }];
    match course {
        Course::OnTime => flows.extend(back(fen, due - Days::new(2))),
        Course::Late { days } => flows.extend(back(fen, due + Days::new(days))),
        Course::Half => flows.extend(back(fen / 2, due)),
        Course::Rescheduled => {
            flows.extend(back(fen / 2, due));
            flows.push(one("later", FlowKind::Rescheduling, fen - fen / 2, due, Some(due + Days::new(182))));
        }
        Course::WrittenOff => flows.push(one("off", FlowKind::WriteOff, fen, due + Days::new(170), None)),
    }
    flows.retain(|flow| flow.date.starts_with(&share.year.to_string()));
    flows
}

/// A draw that depends on a name alone: the same in every year.
fn name_draw(name: &str) -> u64 {
    let digest = Sha256::digest(name);
    digest.iter().take(8).fold(0, |draw, byte| draw << 8 | u64::from(*byte))
}
