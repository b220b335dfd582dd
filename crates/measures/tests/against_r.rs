//! The measures against what R's laeken and survey say of their own data, in the same run.
//!
//! Needs R with both packages (Debian: r-cran-laeken, r-cran-survey). With --nocapture the differences
//! are printed as the table of docs/measures-against-r.md.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use uplift_measures::conventions::{Conventions, FiniteSample, Poor, Quantile, Shares as WholeOrDivided};
use uplift_measures::deprivation::{Structure, fraction};
use uplift_measures::design::{Design, LonelyPsu};
use uplift_measures::distribution::Distribution;
use uplift_measures::estimate::{Estimate, Sample, change};
use uplift_measures::grouped::{Curve, GroupShares};
use uplift_measures::measure::{Measure, NAMED};
use uplift_measures::panel::{Transitions, transitions};

/// The greatest difference that is borne, by the reference.
const TOLERANCE: f64 = 1e-9;

struct Rows {
    values: Vec<f64>,
    /// A year later; none where the household was not found again.
    later: Vec<Option<f64>>,
    weights: Vec<f64>,
    strata: Vec<String>,
    clusters: Vec<String>,
    design: Design,
    alone: Design,
    deprived: Vec<Vec<bool>>,
}

fn rows(text: &str, line: f64) -> Rows {
    let cells: Vec<Vec<&str>> = text.lines().skip(1).map(|row| row.split(',').collect()).collect();
    let number = |n: usize| cells.iter().map(|row| row[n].parse().unwrap()).collect::<Vec<f64>>();
    let text = |n: usize| cells.iter().map(|row| row[n]).collect::<Vec<_>>();
    let values = number(0);
    let deprived = |(row, value): (&Vec<&str>, &f64)| {
        std::iter::once(*value < line).chain(row[6..9].iter().map(|cell| *cell == "1")).collect()
    };
    Rows {
        deprived: cells.iter().zip(&values).map(deprived).collect(),
        values,
        later: cells.iter().map(|row| row[1].parse().ok()).collect(),
        weights: number(2),
        design: Design::new(&text(3), &text(5)).unwrap(),
        alone: Design::new(&text(4), &text(5)).unwrap(),
        strata: text(3).into_iter().map(str::to_owned).collect(),
        clusters: text(5).into_iter().map(str::to_owned).collect(),
    }
}

/// A sample of schools, which are survey's own data.
struct Schools {
    score: Vec<f64>,
    enrolled: Vec<f64>,
    tested: Vec<f64>,
    weights: Vec<f64>,
    design: Design,
}

fn schools(text: &str, sample: &str) -> Schools {
    let cells: Vec<Vec<&str>> = text.lines().map(|row| row.split(',').collect()).collect();
    let rows: Vec<_> = cells.into_iter().filter(|row| row[0] == sample).collect();
    let number = |n: usize| rows.iter().map(|row| row[n].parse().unwrap()).collect::<Vec<f64>>();
    let text = |n: usize| rows.iter().map(|row| row[n]).collect::<Vec<_>>();
    Schools {
        score: number(1),
        enrolled: number(2),
        tested: number(3),
        weights: number(4),
        design: Design::new(&text(5), &text(6)).unwrap(),
    }
}

/// Changes of H, A and M0 of a panel in which incomes change and the other answers do not.
fn moved_deprivation(rows: &Rows, structure: &Structure, line: f64) -> [Estimate; 3] {
    let again: Vec<usize> = (0..rows.values.len()).filter(|row| rows.later[*row].is_some()).collect();
    let both = rows.design.select_rows((0..rows.values.len()).chain(again.iter().copied()));
    let later: Vec<Vec<bool>> = again
        .iter()
        .map(|row| {
            let poor = rows.later[*row].is_some_and(|income| income < line);
            std::iter::once(poor).chain(rows.deprived[*row][1..].iter().copied()).collect()
        })
        .collect();
    let later_weights: Vec<f64> = again.iter().map(|row| rows.weights[*row]).collect();
    let sample = |weights| Sample { weights, design: &both, lonely: LonelyPsu::Refuse, confidence: 0.95 };
    let before = structure.linearise(&rows.deprived, &sample(&rows.weights)).unwrap();
    let after = structure.linearise(&later, &sample(&later_weights)).unwrap();
    let all = [rows.weights.as_slice(), &later_weights].concat();
    [
        (before.headcount, after.headcount),
        (before.intensity, after.intensity),
        (before.adjusted, after.adjusted),
    ]
    .map(|(before, after)| change(&sample(&all), &before.unwrap(), &after.unwrap()).unwrap())
}

/// Poverty of a panel: the change of the headcount ratio, and who moved.
fn moved(rows: &Rows, line: f64) -> (Estimate, Transitions) {
    let again: Vec<usize> = (0..rows.values.len()).filter(|row| rows.later[*row].is_some()).collect();
    let later: Vec<f64> = again.iter().filter_map(|row| rows.later[*row]).collect();
    let twice = |column: &[String]| -> Vec<String> {
        column.iter().chain(again.iter().map(|row| &column[*row])).cloned().collect()
    };
    let both = Design::new(&twice(&rows.strata), &twice(&rows.clusters)).unwrap();
    let later_weights: Vec<f64> = again.iter().map(|row| rows.weights[*row]).collect();
    let all_weights = [rows.weights.as_slice(), &later_weights].concat();
    let linear = |values: &[f64], weights: &[f64]| {
        let sample = Sample { weights, design: &both, lonely: LonelyPsu::Refuse, confidence: 0.95 };
        let distribution = Distribution::new(values, weights).unwrap();
        let headcount = Measure::HeadcountRatio { line };
        sample.linearise(&headcount, values, &distribution, &Conventions::default()).unwrap().unwrap()
    };
    let (before, after) = (linear(&rows.values, &rows.weights), linear(&later, &later_weights));
    let weights = &all_weights;
    let sample = Sample { weights, design: &both, lonely: LonelyPsu::Refuse, confidence: 0.95 };
    let poor = |value: &f64| usize::from(*value < line);
    let was: Vec<usize> = again.iter().map(|row| poor(&rows.values[*row])).collect();
    let is: Vec<usize> = later.iter().map(poor).collect();
    (change(&sample, &before, &after).unwrap(), transitions(2, &was, &is, &later_weights).unwrap())
}

/// A part of a curve fitted to tenths.
fn fitted(shares: &GroupShares, name: &str, part: &str, mean: f64, line: f64) -> f64 {
    let curve = if name == "beta" { shares.beta() } else { shares.general_quadratic() }.unwrap();
    // The beta curve gives the poorest of these data less than nothing, and so is not chosen.
    assert_eq!(curve.is_valid(), name == "quadratic", "{curve:?}");
    assert_eq!(shares.choose(Some(line / mean)), shares.general_quadratic());
    let coefficients = match curve {
        Curve::GeneralQuadratic { a, b, c } => [a, b, c],
        Curve::Beta { theta, gamma, delta } => [theta, gamma, delta],
    };
    let poverty = curve.poverty(mean, line).unwrap().unwrap();
    match part {
        "headcount" => poverty[0],
        "gap" => poverty[1],
        "squared" => poverty[2],
        "gini" => curve.gini(),
        n => coefficients[n.parse::<usize>().unwrap() - 1],
    }
}

fn conventions(named: &str) -> (Conventions, Option<LonelyPsu>) {
    let plain = Conventions::default();
    match named {
        "" => (plain, None),
        "at_or_below" => (Conventions { poor: Poor::AtOrBelow, ..plain }, None),
        "corrected" => (Conventions { finite_sample: FiniteSample::Corrected, ..plain }, None),
        "inverse" => (Conventions { quantile: Quantile::Inverse, ..plain }, None),
        "whole_rows" => (Conventions { shares: WholeOrDivided::WholeRows, ..plain }, None),
        "alone_adjust" => (plain, Some(LonelyPsu::Adjust)),
        "alone_average" => (plain, Some(LonelyPsu::Average)),
        "alone_certainty" => (plain, Some(LonelyPsu::Certainty)),
        other => panic!("{other} is not an option"),
    }
}

fn measure(name: &str, arguments: &[f64]) -> Measure {
    let (_, needs, make) = NAMED.iter().find(|(known, ..)| *known == name).unwrap();
    assert_eq!(needs.len(), arguments.len(), "{name}");
    make(arguments)
}

#[test]
fn every_measure_agrees_with_r() {
    let folder = std::env::temp_dir().join(format!("uplift-against-r-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    // Asked when run: what was built may serve another checkout.
    let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let ran = Command::new("Rscript").arg(here.join("tests/reference.R")).arg(&folder).output();
    let ran = ran.expect("Rscript does not run: install r-base-core, r-cran-laeken and r-cran-survey");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let reference = std::fs::read_to_string(folder.join("reference.csv")).unwrap();
    let data = std::fs::read_to_string(folder.join("rows.csv")).unwrap();
    let drawn = std::fs::read_to_string(folder.join("schools.csv")).unwrap();
    let tenths = std::fs::read_to_string(folder.join("shares.csv")).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let tenths: Vec<f64> = tenths.lines().map(|line| line.parse().unwrap()).collect();
    let shares = GroupShares::new(&[0.1; 10], &tenths).unwrap();

    let line = reference.lines().nth(1).unwrap().split(';').nth(2).unwrap().parse().unwrap();
    let rows = rows(&data, line);
    let sample =
        Sample { weights: &rows.weights, design: &rows.design, lonely: LonelyPsu::Refuse, confidence: 0.95 };
    let names = ["poor", "unemployed", "foreign", "crowded"];
    let counting = Structure::equal(&names, fraction("1/2").unwrap()).unwrap();
    let counted = counting.measure(&rows.deprived, &sample).unwrap();

    let (changed, moves) = moved(&rows, line);
    let changes = moved_deprivation(&rows, &counting, line);
    let mean = Distribution::new(&rows.values, &rows.weights).unwrap().mean().unwrap();

    let mut compared = BTreeMap::new();
    let mut wrong = Vec::new();
    for row in reference.lines().skip(1) {
        let [source, name, arguments, named, value, error, low, high] =
            row.split(';').collect::<Vec<_>>().try_into().unwrap();
        let samples = ["apistrat", "apiclus1"];
        let school = samples.contains(&named).then(|| schools(&drawn, named));
        let (conventions, lonely) = conventions(if school.is_some() { "" } else { named });
        let arguments: Vec<f64> = arguments.split_whitespace().map(|a| a.parse().unwrap()).collect();
        let only = |value| Estimate { value, ..Estimate::default() };
        let indicator = |n: &str| &counted.indicators[n.parse::<usize>().unwrap() - 1];
        let ours = match name.split_once('_') {
            _ if name == "change of headcount_ratio" => changed,
            _ if name == "change of H" => changes[0],
            _ if name == "change of A" => changes[1],
            _ if name == "change of M0" => changes[2],
            _ if name == "entry" => only(moves.entry()),
            _ if name == "exit" => only(moves.exit()),
            _ if name == "persistence" => only(moves.persistence()),
            Some((curve @ ("quadratic" | "beta"), part)) => {
                only(Some(fitted(&shares, curve, part, mean, line)))
            }
            _ if name == "H" => counted.headcount,
            _ if name == "A" => counted.intensity,
            _ if name == "M0" => counted.adjusted,
            Some(("uncensored", n)) => only(indicator(n).uncensored),
            Some(("censored", n)) => only(indicator(n).censored),
            _ if let Some(s) = &school => {
                let sample = Sample { weights: &s.weights, design: &s.design, ..sample };
                match name {
                    "ratio" => sample.ratio(&s.tested, &s.enrolled).unwrap(),
                    _ => sample.measure(&measure(name, &arguments), &s.score, &conventions).unwrap(),
                }
            }
            _ => {
                let design = if lonely.is_some() { &rows.alone } else { &rows.design };
                let sample = Sample { design, lonely: lonely.unwrap_or(sample.lonely), ..sample };
                sample.measure(&measure(name, &arguments), &rows.values, &conventions).unwrap()
            }
        };
        for (part, ours, theirs) in [
            ("value", ours.value, value),
            ("standard error", ours.standard_error, error),
            ("interval", ours.low, low),
            ("interval", ours.high, high),
        ] {
            if theirs.is_empty() {
                continue;
            }
            let (ours, theirs): (f64, f64) = (ours.unwrap_or(f64::NAN), theirs.parse().unwrap());
            let difference = ((ours - theirs) / theirs).abs();
            let most = compared.entry((name, source, part)).or_insert((difference, ours, theirs));
            if difference >= most.0 {
                *most = (difference, ours, theirs);
            }
            if difference.is_nan() || difference > TOLERANCE {
                wrong.push(format!("{name} {named} {part} by {source}: {theirs}, ours {ours}"));
            }
        }
    }
    let page = std::fs::read_to_string(here.join("../../docs/measures-against-r.md")).unwrap();
    for ((name, source, part), (most, ours, theirs)) in &compared {
        let head = format!("| {name} | {part} | {source} |");
        println!("{head} {ours:.12e} | {theirs:.12e} | {most:.0e} |");
        if !page.contains(&head) {
            wrong.push(format!(
                "docs/measures-against-r.md lacks {head}; it has what this test prints with --nocapture"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared.len() > 60, "only {} were compared", compared.len());
    for (name, ..) in NAMED {
        assert!(compared.keys().any(|(known, ..)| *known == name), "nothing was compared with {name}");
    }
}

#[test]
fn rows_in_another_order_change_no_digit() {
    let values: Vec<f64> = (0..500).map(|n| f64::from(n * 7919 % 1000) / 3.0).collect();
    let weights: Vec<f64> = (0..500).map(|n| 1.0 + f64::from(n % 7) / 10.0).collect();
    let reversed = |values: &[f64]| values.iter().rev().copied().collect::<Vec<_>>();
    let one = Distribution::new(&values, &weights).unwrap();
    let other = Distribution::new(&reversed(&values), &reversed(&weights)).unwrap();
    assert_eq!(one, other);
}
