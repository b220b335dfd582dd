//! `uplift measure`: poverty and inequality in anyone's file, without a service.

mod arguments;
mod estimates;
mod grouped;
mod people;
mod results;

use uplift_core::error::{Error, Result};
use uplift_core::language::Language;
use uplift_formats::Table;
use uplift_measures::conventions::Conventions;
use uplift_measures::curve;
use uplift_measures::distribution::Distribution;
use uplift_measures::estimate::Sample;
use uplift_measures::line::{Unit, check_line, named, relative, societal};
use uplift_measures::quantile::median;

pub(crate) use self::arguments::MeasureArgs;
use self::people::People;
use self::results::{Estimates, invalid, six_digits};
use crate::arguments::OutputFormat;
use crate::outcome::Outcome;
use crate::terminal::{remark, say};

/// Points of the printed Lorenz curve.
const TWENTIETHS: u32 = 20;
/// Characters of the longest bar.
const BAR: f64 = 40.0;

/// Reads the file, measures, prints.
pub(crate) fn run(args: &MeasureArgs, language: Language) -> Result<Outcome> {
    let table = Table::read(&args.file, args.reading.options(), &args.columns())?;
    if args.grouped {
        let outcome = grouped::run(args, &table, language)?;
        print_skipped(args, &table, language);
        return Ok(outcome);
    }
    let conventions = args.conventions()?;
    if !(args.confidence > 0.0 && args.confidence < 1.0) {
        return Err(Error::invalid_field("--confidence", "is a share above 0 and below 1, as 0.95"));
    }
    let people = People::read(args, &table)?;
    let all = Distribution::new(&people.values, &people.weights).map_err(invalid)?;
    let unit = table.unit(&args.income);
    if let (Some(unit), true) = (&unit, is_in_a_currency(&args.line)) {
        let message =
            format!("is not in {unit}, in which {:?} is; give the line as an amount in {unit}", args.income);
        return Err(Error::invalid_field("--line", message));
    }
    let line = line(args, &all, &conventions)?;
    let mut results = Estimates::new(language);
    for (group, weights) in people.groups() {
        let sample = Sample {
            weights: &weights,
            design: &people.design,
            lonely: args.lonely(),
            confidence: args.confidence,
        };
        let distribution = Distribution::new(&people.values, &weights).map_err(invalid)?;
        for (title, measure) in estimates::income_measures(line) {
            let estimate = sample.measure_distribution(&measure, &people.values, &distribution, &conventions);
            results.add(&group, title, people.with_known_uncertainty(estimate.map_err(invalid)?));
        }
        estimates::add_deprivation(args, &people, &sample, &group, &mut results)?;
        estimates::add_change(args, &people, &weights, line, &conventions, &group, &mut results)?;
    }
    let grouped = args.by.is_some();
    results.print(args.format, grouped)?;
    if args.format == OutputFormat::Table {
        print_notes(args, &people, line, &all, language);
        if let Some(unit) = &unit {
            let (en, zh) = (
                format!("Amounts are in {unit}, as the file has them."),
                format!("金额单位为{unit}，与文件一致。"),
            );
            say!("{}", language.choose(&en, &zh));
        }
        print_left_out_of_logarithms(args, &people, language);
        if args.curve {
            print_lorenz_curve(&all, language);
        }
    }
    print_skipped(args, &table, language);
    Ok(Outcome::Done)
}

/// Whether a line has a unit of its own: neither an amount nor a share.
fn is_in_a_currency(line: &str) -> bool {
    !line.ends_with('%') && line.parse::<f64>().is_err() && !line.starts_with("societal")
}

/// The poverty line in the unit of the data.
fn line(args: &MeasureArgs, distribution: &Distribution, conventions: &Conventions) -> Result<f64> {
    let text = args.line.as_str();
    let wrong = |message: String| Error::invalid_field("--line", message);
    let no_median =
        || wrong("cannot be a share of the median, which is not positive here; give an amount".into());
    if let Some(percent) = text.strip_suffix('%') {
        let percent: f64 =
            percent.parse().map_err(|_| wrong(format!("{text:?} is not a share such as 60%")))?;
        let line = relative(distribution, percent / 100.0, conventions).map_err(invalid)?;
        return line.ok_or_else(no_median);
    }
    let parity = || {
        let needed = || {
            Error::invalid_field(
                "--parity",
                "is required for a line in dollars; give the local currency per international dollar",
            )
        };
        args.parity.filter(|p| *p > 0.0).ok_or_else(needed)
    };
    if let Some(year) = text.strip_prefix("societal") {
        let year = year.parse().map_err(|_| wrong("write societal2011 or societal2017".into()))?;
        let median = median(distribution, conventions).map_err(invalid)?.ok_or_else(no_median)?;
        let day = 365.0 * parity()? * args.deflator;
        return Ok(societal(median / day, year).map_err(invalid)? * day);
    }
    if let Ok(amount) = text.parse::<f64>() {
        let amount = amount * args.deflator;
        check_line(amount).map_err(|e| wrong(e.message))?;
        return Ok(amount);
    }
    let known = named(text)
        .map_err(|e| wrong(format!("{}; an amount or a share such as 60% is also accepted", e.message)))?;
    let parity = if known.unit == Unit::DollarsPerDay { parity()? } else { 1.0 };
    known.per_year(args.deflator, parity).map_err(|e| wrong(e.message))
}

/// What was measured: the file is named, since its name may say that it is simulated.
fn print_notes(
    args: &MeasureArgs,
    people: &People,
    line: f64,
    distribution: &Distribution,
    language: Language,
) {
    let file = args.file.display();
    let (n, left_out) = (people.values.len(), people.left_out);
    let (line, population) = (six_digits(line), six_digits(distribution.population()));
    say!(
        "{}",
        match language {
            Language::En => {
                format!("{file}: {n} rows represent {population}; {left_out} left out. Poverty line {line}.")
            }
            Language::Zh => {
                format!("{file}：样本 {n} 行，代表总体 {population}；剔除 {left_out} 行。贫困线 {line}。")
            }
        }
    );
    if !people.has_design {
        let en = "No standard errors: name the sample's --stratum and --cluster to have them.";
        say!("{}", language.choose(en, "无标准误：用 --stratum 和 --cluster 指明抽样设计即可得出。"));
    }
}

/// Rows without a logarithm, which the measures that take one leave out: their n is smaller.
fn print_left_out_of_logarithms(args: &MeasureArgs, people: &People, language: Language) {
    let rows = people.values.iter().zip(&people.weights).filter(|(y, w)| **y <= 0.0 && **w > 0.0).count();
    if rows > 0 && args.non_positive == "leave-out" {
        let en = format!(
            "{rows} at 0 or below have no logarithm and are left out of Watts, GE(0), GE(1) and Atkinson."
        );
        let zh = format!("{rows} 行收入不大于0，取不了对数，瓦茨、GE(0)、GE(1) 和阿特金森指数未计入。");
        say!("{}", language.choose(&en, &zh));
    }
}

/// Rows of the file that are no records, on stderr so that output for programs stays as it is.
fn print_skipped(args: &MeasureArgs, table: &Table, language: Language) {
    for row in &table.reading().skipped {
        let (file, line, label, text) = (args.file.display(), row.line, row.label, &row.text);
        let en = format!("{file} line {line} is a {label} and no record; it was left out: {text}");
        let zh = format!("{file} 第 {line} 行是合计、注释或表头，不是记录，未计入：{text}");
        remark(language.choose(&en, &zh));
    }
}

/// The Lorenz curve as bars: the share of income of the poorest.
fn print_lorenz_curve(distribution: &Distribution, language: Language) {
    let Some(points) = curve::lorenz_curve(distribution, TWENTIETHS) else { return };
    say!("\n{}", language.choose("Lorenz curve: income of the poorest", "洛伦兹曲线：最贫困人口的收入份额"));
    for point in points.iter().skip(1) {
        let bar = "▇".repeat((point.value * BAR).max(0.0).round() as usize);
        say!("{:>4.0}% {:>6.1}% {bar}", point.people * 100.0, point.value * 100.0);
    }
}
