//! The measures against what R's laeken and survey say of their own data, in the same run.
//!
//! Needs R with both packages (Debian: r-cran-laeken, r-cran-survey). With --nocapture the differences
//! are printed as the table of docs/measures.md.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::collections::BTreeMap;
use std::process::Command;

use uplift_measures::deprivation::{Structure, fraction};
use uplift_measures::design::{Design, LonelyCluster};
use uplift_measures::distribution::Distribution;
use uplift_measures::estimate::{Estimate, Sample};
use uplift_measures::measure::{Measure, NAMED};
use uplift_measures::options::{FiniteSample, Options, Poor, Quantile, Shares};

/// The greatest difference that is borne, by the reference.
const BORNE: f64 = 1e-9;

struct Rows {
    values: Vec<f64>,
    weights: Vec<f64>,
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
        std::iter::once(*value < line).chain(row[5..8].iter().map(|cell| *cell == "1")).collect()
    };
    Rows {
        deprived: cells.iter().zip(&values).map(deprived).collect(),
        values,
        weights: number(1),
        design: Design::new(&text(2), &text(4)).unwrap(),
        alone: Design::new(&text(3), &text(4)).unwrap(),
    }
}

fn options(named: &str) -> (Options, Option<LonelyCluster>) {
    let plain = Options::default();
    match named {
        "" => (plain, None),
        "at_or_below" => (Options { poor: Poor::AtOrBelow, ..plain }, None),
        "corrected" => (Options { finite_sample: FiniteSample::Corrected, ..plain }, None),
        "inverse" => (Options { quantile: Quantile::Inverse, ..plain }, None),
        "whole_rows" => (Options { shares: Shares::WholeRows, ..plain }, None),
        "alone_adjust" => (plain, Some(LonelyCluster::Adjust)),
        "alone_average" => (plain, Some(LonelyCluster::Average)),
        "alone_certainty" => (plain, Some(LonelyCluster::Certainty)),
        other => panic!("{other} is no option"),
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
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference.R");
    let ran = Command::new("Rscript").arg(script).arg(&folder).output();
    let ran = ran.expect("Rscript does not run: install r-base-core, r-cran-laeken and r-cran-survey");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let reference = std::fs::read_to_string(folder.join("reference.csv")).unwrap();
    let data = std::fs::read_to_string(folder.join("rows.csv")).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();

    let line = reference.lines().nth(1).unwrap().split(';').nth(2).unwrap().parse().unwrap();
    let rows = rows(&data, line);
    let sample = Sample {
        weights: &rows.weights,
        design: &rows.design,
        lonely: LonelyCluster::Refuse,
        confidence: 0.95,
    };
    let names = ["poor", "unemployed", "foreign", "crowded"];
    let counting = Structure::equal(&names, fraction("1/2").unwrap()).unwrap();
    let counted = counting.measure(&rows.deprived, &sample).unwrap();

    let mut compared = BTreeMap::new();
    let mut wrong = Vec::new();
    for row in reference.lines().skip(1) {
        let [source, name, arguments, named, value, error, low, high] =
            row.split(';').collect::<Vec<_>>().try_into().unwrap();
        let (options, lonely) = options(named);
        let arguments: Vec<f64> = arguments.split_whitespace().map(|a| a.parse().unwrap()).collect();
        let only = |value| Estimate { value, ..Estimate::default() };
        let indicator = |n: &str| &counted.indicators[n.parse::<usize>().unwrap() - 1];
        let found = match name.split_once('_') {
            _ if name == "H" => counted.headcount,
            _ if name == "A" => counted.intensity,
            _ if name == "M0" => counted.adjusted,
            Some(("uncensored", n)) => only(indicator(n).uncensored),
            Some(("censored", n)) => only(indicator(n).censored),
            _ => {
                let design = if lonely.is_some() { &rows.alone } else { &rows.design };
                let sample = Sample { design, lonely: lonely.unwrap_or(sample.lonely), ..sample };
                sample.measure(&measure(name, &arguments), &rows.values, &options).unwrap()
            }
        };
        for (part, ours, theirs) in [
            ("value", found.value, value),
            ("standard error", found.standard_error, error),
            ("interval", found.low, low),
            ("interval", found.high, high),
        ] {
            if theirs.is_empty() {
                continue;
            }
            let (ours, theirs): (f64, f64) = (ours.unwrap_or(f64::NAN), theirs.parse().unwrap());
            let apart = ((ours - theirs) / theirs).abs();
            let most = compared.entry((name, source, part)).or_insert(0.0_f64);
            *most = most.max(apart);
            if apart.is_nan() || apart > BORNE {
                wrong.push(format!("{name} {named} {part} by {source}: {theirs}, ours {ours}"));
            }
        }
    }
    for ((name, source, part), most) in &compared {
        println!("| {name} | {part} | {source} | {most:.0e} |");
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
    let turned = |of: &[f64]| of.iter().rev().copied().collect::<Vec<_>>();
    let one = Distribution::new(&values, &weights).unwrap();
    let other = Distribution::new(&turned(&values), &turned(&weights)).unwrap();
    assert_eq!(one, other);
}
