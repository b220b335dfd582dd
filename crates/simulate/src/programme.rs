//! The programme's own records: each county's part of what was published for the municipality.

use rand_chacha::ChaCha8Rng;
use uplift_proto::v1::records::{FundFlow, Programme};

use crate::county::{County, YEARS};
use crate::organisations::{self, MutualFund};
use crate::second_loan::{SecondLoans, second_loans};
use crate::share::Share;
use crate::submission::{Plan, SimulatedSubmission};
use crate::totals::{BATCHES, LINES, LineOfWork};
use crate::{acceptance, events, infrastructure, ledger, money, mutual_fund, projects, supervision};

/// Villages of a county that the programme works in.
pub(crate) fn villages(counties: &[County], n: usize, weights: &[f64]) -> usize {
    mutual_fund::villages_of(&Share { county: &counties[n], n, weights, year: YEARS[1] })
}

/// Submissions of the municipality and of all key counties; those that others refer to first.
///
/// `samples` are the households of the sample in each county.
pub(crate) fn submissions(
    plan: Plan,
    key: &[County],
    weights: &[f64],
    samples: &[usize],
) -> Vec<SimulatedSubmission> {
    let funds = organisations::mutual_funds(plan, key, weights);
    let mut bodies = organisations::municipal();
    bodies.extend(funds.iter().map(|fund| fund.organisation.clone()));
    let mut out = vec![
        plan.submission("organisation", "50", 2011, &bodies),
        plan.submission("programme", "50", 2011, &programmes()),
        plan.submission("standard", "50", 2011, &acceptance::standards()),
        plan.submission("criterion", "50", 2011, &acceptance::criteria()),
    ];
    for year in YEARS {
        out.push(plan.submission("membership", "50", year, &organisations::memberships(&funds, year)));
        out.push(plan.submission("event", "50", year, &events::municipal(year)));
    }
    let (mut first, mut rest, mut of_inspections) = (Vec::new(), Vec::new(), Vec::new());
    for (n, county) in key.iter().enumerate() {
        let mut of_budget: Vec<FundFlow> = Vec::new();
        let mut loans_before: Vec<FundFlow> = Vec::new();
        // Projects of the batch before are recorded too: their villages are accepted now.
        for year in [BATCHES[0].0, YEARS[0], YEARS[1]] {
            let share = Share { county, n, weights, year };
            let area = share.area();
            let mut projects = projects::projects(&share);
            if !YEARS.contains(&year) {
                first.push(plan.submission("project", area, year, &projects));
                continue;
            }
            let mut works = infrastructure::works(plan, &share);
            projects.extend(works.projects.iter().cloned());
            first.push(plan.submission("project", area, year, &projects));
            let mut random: ChaCha8Rng = plan.random(100 + n as u64 * 2 + (year - YEARS[0]) as u64);
            let own: Vec<&MutualFund> = funds.iter().filter(|fund| fund.county == n).collect();
            let mut flows = money::flows(&share, &mut works, &mut random);
            let mut loans = mutual_fund::flows(plan, &share, &own);
            let keeps_ledgers = projects::SOFTWARE.contains(&county.id());
            let second = if keeps_ledgers && year == YEARS[1] {
                second_loans(plan, &share, &loans_before, &mut loans)
            } else {
                SecondLoans::default()
            };
            loans_before.clone_from(&loans);
            of_budget.extend(flows.iter().cloned());
            rest.push(plan.submission("fund_balance", area, year, &money::balances(&share, &of_budget)));
            let candidates = mutual_fund::candidates(&share, &own);
            rest.push(plan.submission("mutual_fund_candidate", area, year, &candidates));
            if keeps_ledgers {
                if year == YEARS[0] {
                    rest.push(plan.submission("mutual_fund", area, year, &ledger::articles(&own)));
                    rest.push(plan.submission(
                        "mutual_fund_member",
                        area,
                        year,
                        &ledger::members(&share, &own, samples[n]),
                    ));
                }
                let entries = ledger::entries(&own, &loans, &second, year);
                let mut submission = plan.submission_of_parts("mutual_fund_entry", area, year, &entries);
                submission.planted = second.planted;
                rest.push(submission);
                rest.push(plan.submission("mutual_fund_closing", area, year, &ledger::closings(&own, year)));
            }
            flows.extend(loans);
            rest.push(plan.submission("fund_flow", area, year, &flows));
            let inspections = events::inspections(&share, &mut random);
            let of_works: Vec<_> = inspections.iter().chain(&works.inspections).cloned().collect();
            let mut submission = plan.submission("inspection", area, year, &of_works);
            submission.planted = works.planted;
            rest.push(submission);
            let mut evidence = acceptance::evidence(&inspections, year);
            evidence.extend(acceptance::town_evidence(&projects));
            of_inspections.push(plan.submission("acceptance_evidence", area, year, &evidence));
            let findings = supervision::findings(&share, &inspections);
            of_inspections.push(plan.submission("finding", area, year, &findings));
            rest.push(plan.submission("disclosure", area, year, &supervision::disclosures(&share)));
            rest.push(plan.submission("event", area, year, &events::of_county(&share)));
            rest.push(plan.submission("nomination", area, year, &events::nominations(&share)));
        }
    }
    out.extend(first);
    out.extend(rest);
    out.extend(of_inspections);
    out.retain(|s| s.rows > 0);
    out
}

fn programmes() -> Vec<Programme> {
    let lines = YEARS.into_iter().flat_map(|year| LINES.iter().map(move |line| (year, line)));
    let programme = |(year, line): (i32, &LineOfWork)| Programme {
        programme_id: line.id.into(),
        year,
        measure: line.measure.into(),
        name_en: line.name_en.into(),
        name_zh: line.name_zh.into(),
        target: Some(line.target.of(year) as f64),
        unit: line.unit.into(),
    };
    lines.map(programme).collect()
}
