//! The ledgers of mutual funds in the counties that try out software for them: articles, members, and a voucher for every flow
//! of a fund, so that what the ledgers say agrees with the flows.

use uplift_proto::v1::records::{
    FlowKind, FundFlow, MutualFund as Articles, MutualFundAccount as Account, MutualFundClosing,
    MutualFundEntry, MutualFundMember,
};

use crate::county::YEARS;
use crate::households::{household_id, in_village};
use crate::mutual_fund::{borrower, villages_of};
use crate::organisations::MutualFund;
use crate::second_loan::SecondLoans;
use crate::share::Share;

/// Fen that the programme grants a fund, as its membership tells; that a member pays in; and that a fund has of its own.
const GRANT: i64 = 17_500_000;
const CONTRIBUTION: i64 = 30_000;
const OWN: i64 = 2_000_000;

/// Percent of what a year earned for the reserve, for welfare and for members.
const SHARES: [i64; 3] = [30, 20, 50];
/// Members that guarantee for others.
const GUARANTORS: [&str; 2] = ["M001", "M002"];

/// Day on which those join who come in the year after the foundation.
const LATER: &str = "2011-03-01";

/// The articles of some funds.
pub(crate) fn articles(funds: &[&MutualFund]) -> Vec<Articles> {
    let articles = |fund: &&MutualFund| Articles {
        organisation_id: fund.organisation.organisation_id.clone(),
        valid_from: opened(fund),
        area_code: fund.organisation.area_code.clone(),
        loan_limit_fen: Some(1_000_000),
        monthly_fee: Some(0.6),
        reserve_share: Some(SHARES[0] as f64),
        welfare_share: Some(SHARES[1] as f64),
        member_share: Some(SHARES[2] as f64),
    };
    funds.iter().map(articles).collect()
}

/// First day of the books.
fn opened(fund: &MutualFund) -> String {
    let first = format!("{}-01-01", YEARS[0]);
    if fund.founded < YEARS[0] { first } else { fund.organisation.founded.clone() }
}

/// A member: its number, the day it joined, whether it is poor and whether a woman represents it.
struct Member {
    id: String,
    joined: String,
    poor: bool,
    woman: bool,
}

/// The members of a fund, the first ones first: as many, as many poor ones and women as its membership tells.
fn members_of(fund: &MutualFund) -> Vec<Member> {
    let count = |count: Option<i64>| count.unwrap_or_default() as usize;
    let (all, poor) = (count(fund.organisation.members), count(fund.organisation.poor_members));
    let grows = fund.founded == YEARS[0];
    let first = |count: usize| if grows { count * 10 / 11 } else { count };
    let day = fund.organisation.founded.clone();
    let others = first(all) - first(poor);
    let groups = [
        (first(poor), true, day.as_str()),
        (others, false, day.as_str()),
        (poor - first(poor), true, LATER),
        (all - first(all) - (poor - first(poor)), false, LATER),
    ];
    let each =
        groups.into_iter().flat_map(|(count, poor, joined)| std::iter::repeat_n((poor, joined), count));
    let member = |(n, (poor, joined)): (usize, (bool, &str))| Member {
        id: format!("M{:03}", n + 1),
        joined: joined.to_owned(),
        poor,
        // Two of five, at whatever number they are counted.
        woman: matches!(n % 5, 2 | 4),
    };
    each.enumerate().map(member).collect()
}

/// The register of members of some funds.
///
/// The first members are households of the sample, in villages that it has.
pub(crate) fn members(share: &Share<'_>, funds: &[&MutualFund], sample: usize) -> Vec<MutualFundMember> {
    let in_programme = villages_of(share);
    let register = |(village, fund): (usize, &&MutualFund)| {
        let o = fund.organisation.clone();
        let mut households = in_village(sample, in_programme, village);
        members_of(fund).into_iter().map(move |member| MutualFundMember {
            organisation_id: o.organisation_id.clone(),
            member_id: member.id,
            joined: member.joined,
            left_on: String::new(),
            area_code: o.area_code.clone(),
            poor: Some(member.poor),
            woman: Some(member.woman),
            household_id: households.next().map(|n| household_id(share.county, n)).unwrap_or_default(),
        })
    };
    funds.iter().enumerate().flat_map(register).collect()
}

/// The books of a year are closed but for December.
pub(crate) fn closings(funds: &[&MutualFund], year: i32) -> Vec<MutualFundClosing> {
    let closing = |fund: &&MutualFund| MutualFundClosing {
        organisation_id: fund.organisation.organisation_id.clone(),
        closed_until: format!("{year}-11-30"),
        area_code: fund.organisation.area_code.clone(),
    };
    funds.iter().filter(|fund| fund.founded <= year).map(closing).collect()
}

/// The vouchers of each fund in a year.
pub(crate) fn entries(
    funds: &[&MutualFund],
    flows: &[FundFlow],
    second: &SecondLoans,
    year: i32,
) -> Vec<Vec<MutualFundEntry>> {
    let mut entries = Vec::new();
    for fund in funds.iter().filter(|fund| fund.founded <= year) {
        let mut book = Book { fund, second, entries: Vec::new(), vouchers: 0, year };
        book.paid_in();
        let id = &fund.organisation.organisation_id;
        let loans = format!("loan-{}-", id.trim_start_matches("fund-"));
        // A write-off names its loan and no one who pays.
        let own = |flow: &&FundFlow| {
            [&flow.payer_id, &flow.payee_id].contains(&id) || flow.loan_id.starts_with(&loans)
        };
        flows.iter().filter(own).for_each(|flow| book.flow(flow));
        book.end_of_year();
        entries.push(book.entries);
    }
    entries
}

/// The book of one fund in one year.
struct Book<'a> {
    fund: &'a MutualFund,
    second: &'a SecondLoans,
    entries: Vec<MutualFundEntry>,
    vouchers: usize,
    year: i32,
}

impl Book<'_> {
    /// A voucher: lines with their fen, to the debit if positive.
    fn voucher(&mut self, date: &str, lines: impl IntoIterator<Item = (Account, i64, String)>) {
        self.vouchers += 1;
        let o = &self.fund.organisation;
        let voucher = format!("{}-{}", self.year, self.vouchers);
        let entry = |(n, (account, fen, member)): (usize, (Account, i64, String))| MutualFundEntry {
            organisation_id: o.organisation_id.clone(),
            voucher_id: voucher.clone(),
            line: Some(n as i32 + 1),
            date: date.to_owned(),
            account: account.into(),
            debit_fen: (fen > 0).then_some(fen),
            credit_fen: (fen < 0).then_some(-fen),
            area_code: o.area_code.clone(),
            member_id: member,
            ..MutualFundEntry::default()
        };
        self.entries.extend(lines.into_iter().enumerate().map(entry));
    }

    fn two(&mut self, date: &str, debit: Account, credit: Account, fen: i64) {
        self.voucher(date, [(debit, fen, String::new()), (credit, -fen, String::new())]);
    }

    /// What the programme granted, members paid in, and the fund has of its own.
    fn paid_in(&mut self) {
        let members = members_of(self.fund);
        let opens = self.fund.founded.max(YEARS[0]) == self.year;
        let joining = |member: &&Member| {
            (member.joined == LATER) == (self.year == YEARS[1] && self.fund.founded < self.year)
        };
        let joining: Vec<_> = members
            .iter()
            .filter(joining)
            .map(|m| (Account::Contributions, -CONTRIBUTION, m.id.clone()))
            .collect();
        let date = if opens { opened(self.fund) } else { LATER.to_owned() };
        if opens {
            let own = if self.fund.founded < self.year { Account::Reserve } else { Account::Donation };
            self.two(&date, Account::Bank, Account::Grant, GRANT);
            self.two(&date, Account::Bank, own, OWN);
        }
        if !joining.is_empty() {
            let all = joining.len() as i64 * CONTRIBUTION;
            self.voucher(&date, std::iter::once((Account::Bank, all, String::new())).chain(joining));
        }
    }

    /// The voucher of a flow; rescheduling moves no money.
    fn flow(&mut self, flow: &FundFlow) {
        let fen = flow.amount_fen.unwrap_or_default();
        let (debit, credit) = match flow.kind() {
            FlowKind::Loan => (Account::Loans, Account::Bank),
            FlowKind::Repayment => (Account::Bank, Account::Loans),
            FlowKind::Fee => (Account::Bank, Account::Fee),
            FlowKind::WriteOff => (Account::Loss, Account::Loans),
            _ => return,
        };
        let before = self.entries.len();
        self.two(&flow.date, debit, credit, fen);
        let member = self.second.borrowers.get(&flow.loan_id).cloned();
        let member = member.unwrap_or_else(|| borrower(&flow.loan_id));
        for entry in &mut self.entries[before..] {
            let of_loan = [Account::Loans, Account::Loss].contains(&entry.account());
            if of_loan || entry.account() == Account::Fee {
                entry.loan_id.clone_from(&flow.loan_id);
                entry.member_id.clone_from(&member);
            }
            if of_loan && flow.kind() == FlowKind::Loan {
                entry.due.clone_from(&flow.due);
                // Every second loan has a guarantor among the first members.
                if flow.amount_fen.unwrap_or_default() / 10_000 % 2 == 0 {
                    let guarantor = if member == GUARANTORS[0] { GUARANTORS[1] } else { GUARANTORS[0] };
                    entry.guarantor_id = guarantor.to_owned();
                }
            }
        }
    }

    /// Interest of the bank, and what running the fund costs.
    fn end_of_year(&mut self) {
        self.two(&format!("{}-12-21", self.year), Account::Bank, Account::Interest, 40_000);
        self.two(&format!("{}-12-22", self.year), Account::Expense, Account::Bank, 30_000);
        self.share_out(&format!("{}-12-31", self.year));
    }

    /// What the year earned goes to the reserve, to welfare and to members, by the articles.
    fn share_out(&mut self, date: &str) {
        let earned = |entry: &MutualFundEntry| match entry.account() {
            Account::Fee | Account::Interest | Account::OtherIncome | Account::Expense | Account::Loss => {
                entry.credit_fen.unwrap_or_default() - entry.debit_fen.unwrap_or_default()
            }
            _ => 0,
        };
        let surplus: i64 = self.entries.iter().map(earned).sum();
        if surplus <= 0 {
            return;
        }
        let [reserve, welfare, members] = SHARES.map(|percent| surplus * percent / 100);
        let lines = [
            (Account::ShareOut, reserve + welfare + members),
            (Account::Reserve, -reserve),
            (Account::Welfare, -welfare),
            (Account::Bank, -members),
        ];
        self.voucher(date, lines.map(|(account, fen)| (account, fen, String::new())));
    }
}
