//! What must hold of the measures whatever the data: identities as properties, and stated answers for
//! data at the edge.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use num_rational::Ratio;
use proptest::prelude::*;
use uplift_measures::conventions::{Conventions, FiniteSample, NonPositive, Poor, Quantile, Shares};
use uplift_measures::deprivation::{Fraction, Structure, fraction};
use uplift_measures::design::{Design, LonelyPsu};
use uplift_measures::distribution::Distribution;
use uplift_measures::estimate::Sample;
use uplift_measures::inequality::{generalized_entropy, gini};
use uplift_measures::measure::{Measure, NAMED};
use uplift_measures::poverty::fgt;
use uplift_measures::quantile::{group_shares, quantile};

const LINE: f64 = 100.0;

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * a.abs().max(b.abs()).max(1.0)
}

/// Every measure, with usual arguments.
fn measures() -> Vec<(&'static str, Measure)> {
    let usual = |name: &&str| match *name {
        "line" => LINE,
        "alpha" => 1.5,
        "epsilon" => 0.75,
        "p" | "from" => 0.25,
        "to" | "upper" => 0.8,
        "share" => 0.6,
        "lower" => 0.1,
        other => panic!("{other} has no usual value"),
    };
    NAMED
        .iter()
        .map(|(name, needs, make)| (*name, make(&needs.iter().map(usual).collect::<Vec<_>>())))
        .collect()
}

/// Those with a line, which a change of prices changes too.
fn in_other_prices(measure: Measure, by: f64) -> Measure {
    match measure {
        Measure::HeadcountRatio { line } => Measure::HeadcountRatio { line: line * by },
        Measure::PovertyGap { line } => Measure::PovertyGap { line: line * by },
        Measure::SquaredPovertyGap { line } => Measure::SquaredPovertyGap { line: line * by },
        Measure::Fgt { line, alpha } => Measure::Fgt { line: line * by, alpha },
        Measure::Watts { line } => Measure::Watts { line: line * by },
        Measure::Sen { line } => Measure::Sen { line: line * by },
        Measure::SenShorrocksThon { line } => Measure::SenShorrocksThon { line: line * by },
        Measure::NumberOfPoor { line } => Measure::NumberOfPoor { line: line * by },
        Measure::AverageShortfall { line } => Measure::AverageShortfall { line: line * by },
        other => other,
    }
}

fn people() -> impl Strategy<Value = Vec<(f64, f64)>> {
    prop::collection::vec((1.0..1000.0_f64, 1..50_u32), 1..60)
        .prop_map(|rows| rows.into_iter().map(|(value, weight)| (value, f64::from(weight))).collect())
}

fn distribution(rows: &[(f64, f64)]) -> Distribution {
    let (values, weights): (Vec<f64>, Vec<f64>) = rows.iter().copied().unzip();
    Distribution::new(&values, &weights).unwrap()
}

/// The Gini coefficient by its definition: every pair of people.
fn by_pairs(rows: &[(f64, f64)]) -> f64 {
    let pairs = rows.iter().flat_map(|a| rows.iter().map(move |b| a.1 * b.1 * (a.0 - b.0).abs()));
    let (people, income) = rows.iter().fold((0.0, 0.0), |(n, y), (v, w)| (n + w, y + v * w));
    pairs.sum::<f64>() / (2.0 * people * income)
}

proptest! {
    #[test]
    fn the_gini_coefficient_is_that_of_all_pairs(rows in people()) {
        let computed = gini(&distribution(&rows), &Conventions::default()).unwrap().unwrap();
        prop_assert!((computed - by_pairs(&rows)).abs() < 1e-12, "{computed} {}", by_pairs(&rows));
    }

    #[test]
    fn people_who_are_there_twice_change_no_measure_but_their_number(rows in people()) {
        let twice: Vec<_> = rows.iter().chain(&rows).copied().collect();
        for (name, measure) in measures() {
            let value = |rows: &[(f64, f64)]| measure.value(&distribution(rows), &Conventions::default()).unwrap();
            let (one, two) = (value(&rows), value(&twice));
            let factor = if name == "number_of_poor" { 2.0 } else { 1.0 };
            match (one, two) {
                (Some(one), Some(two)) => prop_assert!(near(one * factor, two), "{name}: {one} {two}"),
                (one, two) => prop_assert_eq!(one, two),
            }
        }
    }

    #[test]
    fn other_prices_change_no_measure_but_amounts(rows in people(), power in -8..8_i32) {
        // A power of two, which rounds nothing.
        let by = 2.0_f64.powi(power);
        let scaled: Vec<_> = rows.iter().map(|(value, weight)| (value * by, *weight)).collect();
        for (name, measure) in measures() {
            let one = measure.value(&distribution(&rows), &Conventions::default()).unwrap();
            let two = in_other_prices(measure, by).value(&distribution(&scaled), &Conventions::default()).unwrap();
            let amount = matches!(name, "weighted_mean" | "weighted_quantile" | "average_shortfall");
            match (one, two) {
                (Some(one), Some(two)) => {
                    let expected = if amount { one * by } else { one };
                    prop_assert!(near(expected, two), "{name}: {expected} {two}");
                }
                (one, two) => prop_assert_eq!(one, two),
            }
        }
    }

    #[test]
    fn poverty_of_all_is_that_of_each_group_by_its_share(a in people(), b in people(), alpha in 0.0..3.0_f64) {
        let all: Vec<_> = a.iter().chain(&b).copied().collect();
        let poverty = |rows: &[(f64, f64)]| {
            let people = distribution(rows);
            (people.population(), fgt(&people, LINE, alpha, &Conventions::default()).unwrap().unwrap())
        };
        let ((n, whole), (na, pa), (nb, pb)) = (poverty(&all), poverty(&a), poverty(&b));
        prop_assert!(near(whole, (na * pa + nb * pb) / n));
    }

    #[test]
    fn entropy_is_within_groups_and_between_them(a in people(), b in people(), alpha in -2..4_i32) {
        let (alpha, conventions) = (f64::from(alpha), Conventions::default());
        let all = distribution(&a.iter().chain(&b).copied().collect::<Vec<_>>());
        let groups = [distribution(&a), distribution(&b)];
        let mean = all.mean().unwrap();
        let within: f64 = groups.iter().map(|g| {
            let relative = g.mean().unwrap() / mean;
            let own = generalized_entropy(g, alpha, &conventions).unwrap().unwrap();
            g.population() / all.population() * relative.powf(alpha) * own
        }).sum();
        let means: Vec<_> = groups.iter().map(|g| (g.mean().unwrap(), g.population())).collect();
        let between = generalized_entropy(&distribution(&means), alpha, &conventions).unwrap().unwrap();
        let whole = generalized_entropy(&all, alpha, &conventions).unwrap().unwrap();
        prop_assert!(near(whole, within + between), "{whole} {within} {between}");
    }

    #[test]
    fn a_transfer_to_someone_poorer_lessens_inequality(rows in people(), part in 0.01..0.5_f64) {
        let mut rows: Vec<_> = rows.into_iter().map(|(value, _)| (value, 1.0)).collect();
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        let last = rows.len() - 1;
        prop_assume!(last > 0 && rows[last].0 - rows[0].0 > 1.0);
        let before = distribution(&rows);
        let moved = (rows[last].0 - rows[0].0) * part;
        rows[0].0 += moved;
        rows[last].0 -= moved;
        let after = distribution(&rows);
        for (name, measure) in measures() {
            if ["gini", "mean_log_deviation", "theil", "generalized_entropy", "atkinson"].contains(&name) {
                let value = |distribution| measure.value(distribution, &Conventions::default()).unwrap().unwrap();
                prop_assert!(value(&after) < value(&before), "{name}");
            }
        }
    }

    #[test]
    fn shares_of_groups_add_up_and_rise(rows in people(), n in 2..12_u32) {
        let people = distribution(&rows);
        let shares = group_shares(&people, n, &Conventions::default()).unwrap().unwrap();
        prop_assert!(near(shares.iter().sum(), 1.0));
        prop_assert!(shares.windows(2).all(|pair| pair[0] <= pair[1] + 1e-12), "{shares:?}");
    }

    #[test]
    fn counting_deprivations_is_exact(
        rows in prop::collection::vec((prop::collection::vec(any::<bool>(), 6), 1..30_i64), 1..40),
        third in 1..=9_i64,
    ) {
        // Two dimensions of a half and of a third and a sixth; cutoffs in ninths, of which some are scores.
        let half: &[&str] = &["a", "b", "c"];
        let dimensions = [
            (fraction("1/2").unwrap(), half),
            (fraction("1/3").unwrap(), &["d", "e"]),
            (fraction("1/6").unwrap(), &["f"]),
        ];
        let weights = [(1, 6), (1, 6), (1, 6), (1, 6), (1, 6), (1, 6)].map(|(n, d)| Ratio::new(n, d));
        let cutoff = Fraction::new(third, 9);
        let structure = Structure::nested(&dimensions, cutoff).unwrap();
        let (mut all, mut poor, mut censored) = (0, 0, Ratio::from_integer(0));
        for (deprived, weight) in &rows {
            let held = weights.iter().zip(deprived).filter(|(_, d)| **d).map(|(w, _)| *w);
            let score = held.fold(Ratio::from_integer(0), |sum: Fraction, w| sum + w);
            all += weight;
            if score >= cutoff {
                poor += weight;
                censored += score * weight;
            }
        }
        let exact = |share: Fraction| *share.numer() as f64 / *share.denom() as f64;
        let (answers, people): (Vec<Vec<bool>>, Vec<f64>) =
            rows.iter().map(|(deprived, weight)| (deprived.clone(), *weight as f64)).unzip();
        let design = Design::simple(people.len());
        let sample =
            Sample { weights: &people, design: &design, lonely: LonelyPsu::Adjust, confidence: 0.95 };
        let estimated = structure.measure(&answers, &sample).unwrap();
        prop_assert!(near(estimated.headcount.value.unwrap(), exact(Fraction::new(poor, all))));
        prop_assert!(near(estimated.adjusted.value.unwrap(), exact(censored / all)));
        if poor > 0 {
            prop_assert!(near(estimated.intensity.value.unwrap(), exact(censored / poor)));
            let absolute: f64 = estimated.indicators.iter().map(|i| i.absolute.unwrap()).sum();
            prop_assert!(near(absolute, estimated.adjusted.value.unwrap()));
            let percentage: f64 = estimated.indicators.iter().map(|i| i.percentage.unwrap()).sum();
            prop_assert!(near(percentage, 100.0));
        } else {
            prop_assert_eq!(estimated.intensity.value, None);
        }
    }
}

fn value(measure: Measure, rows: &[(f64, f64)]) -> Option<f64> {
    measure.value(&distribution(rows), &Conventions::default()).unwrap()
}

#[test]
fn over_nobody_only_the_number_of_poor_has_a_value() {
    for rows in [vec![], vec![(5.0, 0.0), (7.0, 0.0)]] {
        for (name, measure) in measures() {
            let expected = (name == "number_of_poor").then_some(0.0);
            assert_eq!(value(measure, &rows), expected, "{name}");
        }
    }
}

#[test]
fn one_household_and_equal_ones_are_not_unequal() {
    for rows in [vec![(50.0, 3.0)], vec![(50.0, 1.0), (50.0, 2.0), (50.0, 0.5)]] {
        for (name, measure) in measures() {
            let expected = match name {
                "weighted_mean" | "weighted_quantile" | "average_shortfall" => 50.0,
                "headcount_ratio" | "percentile_ratio" | "quintile_ratio" => 1.0,
                "poverty_gap" | "sen" | "sen_shorrocks_thon" => 0.5,
                "squared_poverty_gap" => 0.25,
                "fgt" => 0.5_f64.powf(1.5),
                "watts" => 2.0_f64.ln(),
                "number_of_poor" => rows.iter().map(|(_, w)| w).sum(),
                "income_share" => 0.55,
                "palma" => 0.25,
                _ => 0.0,
            };
            assert!(near(value(measure, &rows).unwrap(), expected), "{name}: {:?}", value(measure, &rows));
        }
        let corrected = Conventions { finite_sample: FiniteSample::Corrected, ..Conventions::default() };
        let expected = (rows.len() > 1).then_some(0.0);
        assert_eq!(gini(&distribution(&rows), &corrected).unwrap(), expected);
    }
}

#[test]
fn where_nobody_or_everybody_is_poor() {
    let (rich, poor) = ([(150.0, 1.0), (300.0, 1.0)], [(0.0, 1.0), (0.0, 1.0)]);
    for (measure, none, all) in [
        (Measure::HeadcountRatio { line: LINE }, Some(0.0), Some(1.0)),
        (Measure::PovertyGap { line: LINE }, Some(0.0), Some(1.0)),
        (Measure::NumberOfPoor { line: LINE }, Some(0.0), Some(2.0)),
        (Measure::AverageShortfall { line: LINE }, None, Some(100.0)),
        (Measure::Sen { line: LINE }, Some(0.0), Some(1.0)),
        (Measure::SenShorrocksThon { line: LINE }, Some(0.0), Some(1.0)),
        // Who has nothing has no logarithm, and is left out: nobody remains.
        (Measure::Watts { line: LINE }, Some(0.0), None),
        (Measure::Gini, Some(1.0 / 6.0), None),
    ] {
        assert_eq!((value(measure, &rich), value(measure, &poor)), (none, all), "{measure:?}");
    }
}

#[test]
fn a_line_that_is_no_amount_is_refused() {
    for line in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        for (_, measure) in measures() {
            let with = match in_other_prices(measure, line / LINE) {
                same if same == measure => continue,
                other => other,
            };
            assert!(with.value(&distribution(&[(50.0, 1.0)]), &Conventions::default()).is_err(), "{with:?}");
        }
    }
    for refused in [
        Measure::Fgt { line: 1.0, alpha: -1.0 },
        Measure::Atkinson { epsilon: 0.0 },
        Measure::GeneralizedEntropy { alpha: f64::NAN },
        Measure::Quantile { p: 1.5 },
        Measure::Share { from: 0.5, to: 0.5 },
    ] {
        assert!(
            refused.value(&distribution(&[(50.0, 1.0)]), &Conventions::default()).is_err(),
            "{refused:?}"
        );
    }
}

#[test]
fn conventions_change_the_digits_that_they_are_for() {
    let plain = Conventions::default();
    let people = distribution(&[(0.0, 1.0), (100.0, 1.0), (200.0, 1.0), (300.0, 1.0)]);
    let headcount = |poor| fgt(&people, LINE, 0.0, &Conventions { poor, ..plain }).unwrap();
    assert_eq!((headcount(Poor::Below), headcount(Poor::AtOrBelow)), (Some(0.25), Some(0.5)));
    let median = |rule| quantile(&people, 0.5, &Conventions { quantile: rule, ..plain }).unwrap();
    assert_eq!(median(Quantile::Averaged), Some(150.0));
    assert_eq!(median(Quantile::Inverse), Some(100.0));
    assert_eq!(median(Quantile::Interpolated), Some(150.0));
    let deviation = |non_positive| generalized_entropy(&people, 0.0, &Conventions { non_positive, ..plain });
    let positive = distribution(&[(100.0, 1.0), (200.0, 1.0), (300.0, 1.0)]);
    assert_eq!(deviation(NonPositive::LeaveOut), generalized_entropy(&positive, 0.0, &plain));
    assert!(deviation(NonPositive::Floor(1.0)).unwrap() > deviation(NonPositive::LeaveOut).unwrap());
    assert!(deviation(NonPositive::Refuse).is_err());
    let share = |shares| {
        let conventions = Conventions { shares, ..plain };
        Measure::Share { from: 0.0, to: 0.6 }.value(&people, &conventions).unwrap().unwrap()
    };
    assert!(near(share(Shares::Divided), 180.0 / 600.0) && near(share(Shares::WholeRows), 300.0 / 600.0));
}

#[test]
fn weights_that_do_not_add_up_are_refused() {
    let part = |text: &str| fraction(text).unwrap();
    assert!(Structure::new(&[("a", part("0.3")), ("b", part("0.6"))], part("1/3")).is_err());
    assert!(Structure::new(&[("a", part("-1")), ("b", part("2"))], part("1/3")).is_err());
    assert!(Structure::equal(&["a", "b"], part("0")).is_err());
    assert!(Structure::equal(&["a", "b", "c"], part("4/3")).is_err());
    for wrong in ["", "x", "1/0", "0.", "1.x", "1e3"] {
        assert!(fraction(wrong).is_err(), "{wrong}");
    }
    // Three thirds are one: with doubles they need not be.
    let all = Structure::equal(&["a", "b", "c"], part("1")).unwrap();
    assert!(all.is_poor(all.score(&[true; 3])) && !all.is_poor(all.score(&[true, true, false])));
}
