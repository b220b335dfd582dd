//! Random documents with planted misprints, against brute force over all sets of their figures, whose oracle decides linear
//! inequalities exactly by elimination (Fourier and Motzkin).

use std::collections::BTreeSet;

use num_rational::Ratio;
use num_traits::{Signed, Zero};
use proptest::prelude::*;
use rust_decimal::Decimal;
use uplift_core::expression::Expression;
use uplift_core::interval::{Bound, Interval};
use uplift_core::verdict::Relation;
use uplift_reconciliation::{Figure, Findings, System, Tie, find};

const EFFORT: usize = 20_000_000;

type Set = BTreeSet<String>;

/// A document: what its figures are, how they are printed, and how they are tied.
#[derive(Debug, Clone)]
struct Document {
    printed: Vec<Interval>,
    ties: Vec<(usize, Relation, String)>,
}

fn name(figure: usize) -> String {
    format!("f{figure}")
}

impl Document {
    fn find(&self) -> Findings {
        let figure = |(n, printed): (usize, &Interval)| Figure {
            id: name(n),
            printed: Some(*printed),
            possible: Interval::from(Bound::closed(Decimal::ZERO)),
        };
        let tie = |(n, (figure, relation, expression)): (usize, &(usize, Relation, String))| Tie {
            id: format!("t{n}"),
            figure: name(*figure),
            relation: *relation,
            expression: Expression::parse(expression).expect("an expression"),
        };
        let figures = self.printed.iter().enumerate().map(figure).collect();
        find(System::new(figures, self.ties.iter().enumerate().map(tie).collect()), EFFORT)
    }

    fn value(&self, figure: usize) -> Interval {
        self.printed[figure]
    }
}

fn conflicts(findings: &Findings) -> BTreeSet<Set> {
    let conflicts = findings.groups.iter().flat_map(|group| &group.conflicts);
    conflicts.map(|conflict| conflict.figures.iter().cloned().collect()).collect()
}

/// A figure as it is printed: exactly, or rounded to tens.
fn printed(value: i64, rounded: bool) -> Interval {
    match rounded {
        false => Interval::exact(value.into()),
        true => {
            let at = (value + 5).div_euclid(10) * 10;
            Interval::between(Bound::closed((at - 5).into()), Bound::open((at + 5).into()))
        }
    }
}

/// Four to seven figures, of which some are sums of others; `misprint` changes one of them by a number.
fn sums(misprint: bool) -> impl Strategy<Value = Document> {
    let figures = prop::collection::vec((10i64..400, any::<bool>()), 4..7);
    let ties = prop::collection::vec((any::<prop::sample::Index>(), 0usize..3, 1usize..64, 0u8..3), 1..4);
    (figures, ties, any::<prop::sample::Index>(), 15i64..300).prop_map(move |(figures, ties, at, by)| {
        let mut truth: Vec<i64> = figures.iter().map(|(value, _)| *value).collect();
        let mut rounded: Vec<bool> = figures.iter().map(|(_, rounded)| *rounded).collect();
        let mut declared = Vec::new();
        for (target, _, parts, kind) in ties {
            let parts: Vec<usize> = (0..truth.len()).filter(|n| parts & (1 << n) != 0).collect();
            if parts.is_empty() {
                continue;
            }
            let sum: i64 = parts.iter().map(|n| truth[*n]).sum();
            let expression = parts.iter().map(|n| name(*n)).collect::<Vec<_>>().join(" + ");
            // An equality needs a figure of its own; of an inequality, one that keeps it.
            let relation = [Relation::Equals, Relation::AtLeast, Relation::AtMost][usize::from(kind)];
            let keeps = |n: &usize| match relation {
                Relation::AtLeast => truth[*n] >= sum,
                Relation::AtMost => truth[*n] <= sum,
                _ => false,
            };
            let others = (0..truth.len()).filter(|n| !parts.contains(n)).filter(keeps).collect::<Vec<_>>();
            let figure = match others.is_empty() || relation == Relation::Equals {
                true if truth.len() < 7 => {
                    truth.push(sum);
                    rounded.push(sum % 2 == 0);
                    truth.len() - 1
                }
                true => continue,
                false => others[target.index(others.len())],
            };
            declared.push((figure, relation, expression));
        }
        let mut printed: Vec<_> =
            truth.iter().zip(&rounded).map(|(value, rounded)| printed(*value, *rounded)).collect();
        if misprint {
            let figure = at.index(truth.len());
            printed[figure] = self::printed(truth[figure] + by, rounded[figure]);
        }
        Document { printed, ties: declared }
    })
}

type Number = Ratio<i128>;

/// Times each figure, at most or below a number.
#[derive(Clone)]
struct Inequality {
    times: Vec<Number>,
    limit: Number,
    strict: bool,
}

/// Whether inequalities have a solution, by eliminating one figure after the other.
fn has_solution(mut rows: Vec<Inequality>, figures: usize) -> bool {
    for figure in 0..figures {
        let (with, mut rest): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|row| !row.times[figure].is_zero());
        let (above, below): (Vec<_>, Vec<_>) =
            with.into_iter().partition(|row| row.times[figure].is_positive());
        for upper in &above {
            for lower in &below {
                let (a, b) = (upper.times[figure], -lower.times[figure]);
                rest.push(Inequality {
                    times: upper.times.iter().zip(&lower.times).map(|(u, l)| u / a + l / b).collect(),
                    limit: upper.limit / a + lower.limit / b,
                    strict: upper.strict || lower.strict,
                });
            }
        }
        rest.retain(|row| {
            row.times.iter().any(|t| !t.is_zero())
                || row.limit.is_negative()
                || row.strict && row.limit.is_zero()
        });
        rows = rest;
        if rows.iter().any(|row| row.times.iter().all(Zero::is_zero)) {
            return false;
        }
    }
    true
}

fn number(value: Decimal) -> Number {
    Ratio::new(value.mantissa(), 10i128.pow(value.scale()))
}

/// Whether these figures can be true together: sums only.
fn is_possible(document: &Document, kept: &Set) -> bool {
    let figures = document.printed.len();
    let unit = |figure: usize, times: i128| {
        let mut row = vec![Number::zero(); figures];
        row[figure] = Ratio::from(times);
        row
    };
    let mut rows = Vec::new();
    for figure in 0..figures {
        let zero = Interval::from(Bound::closed(Decimal::ZERO));
        let domain = if kept.contains(&name(figure)) { document.value(figure) } else { zero };
        if let Some(high) = domain.high {
            rows.push(Inequality { times: unit(figure, 1), limit: number(high.value), strict: !high.closed });
        }
        if let Some(low) = domain.low {
            rows.push(Inequality { times: unit(figure, -1), limit: -number(low.value), strict: !low.closed });
        }
    }
    for (figure, relation, expression) in &document.ties {
        let mut times = unit(*figure, 1);
        for part in expression.split(" + ") {
            times[part[1..].parse::<usize>().expect("a number")] -= Ratio::from(1);
        }
        let turned = times.iter().map(|t| -t).collect();
        if *relation != Relation::AtLeast {
            rows.push(Inequality { times: times.clone(), limit: Number::zero(), strict: false });
        }
        if *relation != Relation::AtMost {
            rows.push(Inequality { times: turned, limit: Number::zero(), strict: false });
        }
    }
    has_solution(rows, figures)
}

/// The minimal conflicts by trying every set, the smallest first.
fn by_brute_force(document: &Document) -> BTreeSet<Set> {
    let figures = document.printed.len();
    let mut found: BTreeSet<Set> = BTreeSet::new();
    let mut sets: Vec<u32> = (1..1 << figures).collect();
    sets.sort_by_key(|set| set.count_ones());
    for set in sets {
        let kept: Set = (0..figures).filter(|n| set & (1 << n) != 0).map(name).collect();
        if !found.iter().any(|smaller| smaller.is_subset(&kept)) && !is_possible(document, &kept) {
            found.insert(kept);
        }
    }
    found
}

/// As many documents as UPLIFT_TEST_DOCUMENTS says.
fn config() -> ProptestConfig {
    let cases = std::env::var("UPLIFT_TEST_DOCUMENTS").ok().and_then(|n| n.parse().ok()).unwrap_or(25);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn conflicts_are_those_of_brute_force(document in sums(true)) {
        let findings = document.find();
        prop_assert!(findings.is_complete);
        prop_assert_eq!(conflicts(&findings), by_brute_force(&document));
    }

    #[test]
    fn a_document_without_misprints_has_no_conflict(document in sums(false)) {
        prop_assert_eq!(document.find(), Findings { groups: Vec::new(), is_complete: true });
    }
}
