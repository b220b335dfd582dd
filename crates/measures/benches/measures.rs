//! The measures over many values, beside R's laeken on the same; and how near they are to what is known
//! exactly.
//!
//!     cargo bench --profile dev --workspace --bench measures -- 10000000
//!
//! The number is of values. R is left out above 30 million, where its copies outgrow the memory of a
//! small machine.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints")]

use std::process::Command;
use std::time::Instant;

use statrs::function::gamma::ln_gamma;
use uplift_measures::conventions::Conventions;
use uplift_measures::distribution::Distribution;
use uplift_measures::measure::Measure;

const R: &str = "
suppressMessages(library(laeken))
n <- as.numeric(commandArgs(trailingOnly = TRUE)[1])
y <- (as.numeric(seq_len(n)) * 7919) %% n + 1
w <- rep(1, n)
time <- function(name, of) cat(sprintf('%s %.3f\\n', name, system.time(of)[['elapsed']]))
time('gini', gini(y, weights = w))
time('median', weightedMedian(y, w))
time('headcount', weighted.mean(y < n / 3, w))
time('deviation', log(weighted.mean(y, w)) - weighted.mean(log(y), w))
";

fn main() {
    let n = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(10_000_000_u64);
    // Every number from 1 to n once, in a mixed order: 7,919 is prime, and no factor of n.
    assert!(!n.is_multiple_of(7919), "choose another number");
    let values: Vec<f64> = (1..=n).map(|i| ((u128::from(i) * 7919 % u128::from(n)) + 1) as f64).collect();
    let weights = vec![1.0; values.len()];
    let began = Instant::now();
    let distribution = Distribution::new(&values, &weights).unwrap();
    let sorted = began.elapsed().as_secs_f64();
    println!("{n} values sorted with their weights in {sorted:.3} s");

    let count = n as f64;
    let line = count / 3.0;
    let below = (line.ceil() - 1.0).min(count);
    let gaps = below - below * (below + 1.0) / 2.0 / line;
    let known = [
        ("gini", Measure::Gini, (count - 1.0) / (3.0 * count)),
        ("median", Measure::Quantile { p: 0.5 }, (count + 1.0) / 2.0),
        ("headcount", Measure::HeadcountRatio { line }, below / count),
        ("gap", Measure::PovertyGap { line }, gaps / count),
        ("mean", Measure::Mean, (count + 1.0) / 2.0),
        ("deviation", Measure::MeanLogDeviation, ((count + 1.0) / 2.0).ln() - ln_gamma(count + 1.0) / count),
    ];
    let theirs = if n <= 30_000_000 { in_r(n) } else { String::new() };
    for (name, measure, exact) in known {
        let began = Instant::now();
        let value = measure.value(&distribution, &Conventions::default()).unwrap().unwrap();
        let took = began.elapsed().as_secs_f64();
        let apart = ((value - exact) / exact).abs();
        let their = theirs.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
        let their = their.map(|t| format!("; R {t:.3} s, {:.2} of ours with the sort", t / (took + sorted)));
        println!("{name:10} {took:.3} s, {apart:.0e} from the exact value{}", their.unwrap_or_default());
    }
}

fn in_r(n: u64) -> String {
    let ran = Command::new("Rscript").args(["-e", R, &n.to_string()]).output();
    match ran {
        Ok(ran) if ran.status.success() => String::from_utf8_lossy(&ran.stdout).into_owned(),
        _ => {
            println!("R with laeken does not run, and is left out");
            String::new()
        }
    }
}
