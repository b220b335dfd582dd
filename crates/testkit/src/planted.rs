//! What rules for abuse find, held against what the simulation planted.

use std::collections::{BTreeMap, BTreeSet};

use uplift_client::MetricsClient;
use uplift_proto::v1::metrics::{ListRedFlagsRequest, RedFlag};
use uplift_simulate::{Plan, Planted, PlantedKind};

/// The rule that looks for each kind of what is planted.
const RULES: [(PlantedKind, &str); 13] = [
    (PlantedKind::InventedHousehold, "no_register"),
    (PlantedKind::CollectedMoney, "shared_account"),
    (PlantedKind::MoneyOfTheDead, "paid_after_death"),
    (PlantedKind::MoneyElsewhere, "paid_elsewhere"),
    (PlantedKind::PaidAgain, "paid_twice"),
    (PlantedKind::TrainedTwice, "trained_twice"),
    (PlantedKind::HelpedAgain, "helped_twice"),
    (PlantedKind::AcceptedUnbuilt, "accepted_early"),
    (PlantedKind::OrderInParts, "order_in_parts"),
    (PlantedKind::OverpricedWorks, "overpriced"),
    (PlantedKind::LoanForLoan, "loan_for_loan"),
    (PlantedKind::RoundedFigures, "round_figures"),
    (PlantedKind::CopiedFigures, "copied_figures"),
];

/// How well a rule finds what is planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    /// What was planted of its kind.
    pub planted: usize,
    /// Of that, what a flag names a record of.
    pub found: usize,
    /// Flags of the rule.
    pub flags: usize,
    /// Of these, those that name a record of what was planted.
    pub right: usize,
}

impl Score {
    /// Share of what is planted that is found.
    pub fn recall(&self) -> f64 {
        self.found as f64 / self.planted as f64
    }

    /// Share of flags that are right.
    pub fn precision(&self) -> f64 {
        self.right as f64 / self.flags as f64
    }
}

/// Every flag of a year.
pub async fn flags_of(metrics: &mut MetricsClient, period: &str) -> Vec<RedFlag> {
    let mut request = ListRedFlagsRequest {
        area_code: "50".into(),
        period: period.into(),
        page_size: 10_000,
        ..ListRedFlagsRequest::default()
    };
    let mut flags = Vec::new();
    loop {
        let answer = metrics.list_red_flags(request.clone()).await.expect("rules apply").into_inner();
        flags.extend(answer.flags);
        request.page_token = answer.next_page_token;
        if request.page_token.is_empty() {
            return flags;
        }
    }
}

/// The score of each rule over both years of a simulated programme.
pub async fn scores(metrics: &mut MetricsClient, plan: Plan) -> BTreeMap<&'static str, Score> {
    let planted: Vec<Planted> =
        plan.submissions().expect("a programme").flat_map(|submission| submission.planted).collect();
    let mut flags = flags_of(metrics, "2010").await;
    flags.extend(flags_of(metrics, "2011").await);
    let score = |(kind, rule): (PlantedKind, &'static str)| {
        let own: Vec<&Planted> = planted.iter().filter(|planted| planted.kind == kind).collect();
        let of_rule: Vec<&RedFlag> = flags.iter().filter(|flag| flag.rule == rule).collect();
        let flagged: BTreeSet<(&str, &str)> = of_rule
            .iter()
            .flat_map(|flag| flag.records.iter().map(|record| (flag.dataset.as_str(), record.as_str())))
            .collect();
        let known: BTreeSet<(&str, &str)> =
            own.iter().flat_map(|p| p.records.iter().map(|record| (p.dataset, record.as_str()))).collect();
        let is_found = |p: &&&Planted| p.records.iter().any(|record| flagged.contains(&(p.dataset, record)));
        let is_right = |flag: &&&RedFlag| {
            flag.records.iter().any(|record| known.contains(&(flag.dataset.as_str(), record)))
        };
        let score = Score {
            planted: own.len(),
            found: own.iter().filter(is_found).count(),
            flags: of_rule.len(),
            right: of_rule.iter().filter(is_right).count(),
        };
        (rule, score)
    };
    RULES.into_iter().map(score).collect()
}
