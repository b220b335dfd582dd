//! Members of mutual funds who borrow a second time: most some weeks after they paid back, a few on the day, so that the second
//! loan pays back the first.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use rand::Rng;
use uplift_proto::v1::records::{FlowKind, FundFlow};

use crate::mutual_fund::borrower;
use crate::planted::{Planted, PlantedKind};
use crate::share::Share;
use crate::submission::Plan;

/// Of a hundred loans that were paid back, those whose borrower comes again, and those that the second loan paid back.
const AGAIN: u32 = 15;
const PAID_BACK_BY_IT: u32 = 4;
/// Days that pass at least before an honest borrower comes again.
const PAUSE: i64 = 40;

/// Who borrows, where it is not the member that a loan has of its own.
#[derive(Debug, Default)]
pub(crate) struct SecondLoans {
    pub(crate) borrowers: BTreeMap<String, String>,
    pub(crate) planted: Vec<Planted>,
}

/// Chooses second loans among those of a year, and moves those that pay back a first one to its day.
pub(crate) fn second_loans(
    plan: Plan,
    share: &Share<'_>,
    before: &[FundFlow],
    now: &mut Vec<FundFlow>,
) -> SecondLoans {
    let mut random = plan.random(6_000 + share.n as u64);
    let mut found = SecondLoans::default();
    let lent: BTreeMap<String, i64> = of_kind(before, FlowKind::Loan).map(|(id, fen, _)| (id, fen)).collect();
    let paid: Vec<_> =
        of_kind(now, FlowKind::Repayment).filter(|(id, fen, _)| lent.get(id) == Some(fen)).collect();
    for (first, fen, paid_on) in paid {
        let draw = random.random_range(0..100);
        let same_fund = |id: &str| fund(id) == fund(&first);
        let free = |id: &String| same_fund(id) && !found.borrowers.contains_key(id);
        let loans: Vec<_> = of_kind(now, FlowKind::Loan).filter(|(id, ..)| free(id)).collect();
        let second = if draw < PAID_BACK_BY_IT {
            loans.iter().find(|(_, again, day)| *again >= fen && *day <= paid_on)
        } else if draw < PAID_BACK_BY_IT + AGAIN {
            loans.iter().find(|(.., day)| (*day - paid_on).num_days() >= PAUSE)
        } else {
            None
        };
        let Some((second, _, day)) = second.cloned() else { continue };
        found.borrowers.insert(second.clone(), borrower(&first));
        if draw < PAID_BACK_BY_IT {
            let later = (paid_on - day).num_days().unsigned_abs() + random.random_range(0..3_u64);
            now.iter_mut().filter(|flow| flow.loan_id == second).for_each(|flow| postpone(flow, later));
            let kind = PlantedKind::LoanForLoan;
            found.planted.push(Planted { kind, dataset: "mutual_fund_entry", records: vec![first, second] });
        }
    }
    now.retain(|flow| flow.date.starts_with(&share.year.to_string()));
    found
}

fn of_kind(flows: &[FundFlow], kind: FlowKind) -> impl Iterator<Item = (String, i64, NaiveDate)> {
    let own = flows.iter().filter(move |flow| flow.kind() == kind);
    own.map(|flow| {
        (flow.loan_id.clone(), flow.amount_fen.unwrap_or_default(), flow.date.parse().unwrap_or_default())
    })
}

/// The fund that a loan is of, as its id tells.
fn fund(loan: &str) -> Option<&str> {
    loan.rsplitn(3, '-').last()
}

fn postpone(flow: &mut FundFlow, days: u64) {
    for day in [&mut flow.date, &mut flow.due] {
        if let Ok(earlier) = day.parse::<NaiveDate>() {
            *day = (earlier + Days::new(days)).to_string();
        }
    }
}
